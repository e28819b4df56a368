"""Calibration of a whole knowledge base: null, provisional, calibrated, stale, and calibrated again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suggest import Inquiry, KnowledgeBase, Settings, Suggester
from suggest.errors import CalibrationError
from suggest.learn import LabelledInquiry, calibrate, read_labels, recheck
from suggest.learn.outcomes import cases_of
from suggest.learn.own_questions import foreign_questions, own_questions
from suggest.records import Article, Entry, ResolvedCase, Suggestion
from suggest.settings import Judging
from suggest.testing import HashingEmbedder

THINGS = "印刷 通知 写真 音声 地図 予定 会議 請求 配送 返品 予約 名簿 電池 書式".split()
ACTIONS = "変更 削除 追加 停止 再開 共有 検索".split()


def article(thing: str, action: str) -> Article:
    body = f"{thing}の{action}は、設定画面で次のように行えます。\n1. {thing}の画面を開きます。\n2. {action}を押します。"
    return Article(
        id=f"{thing}-{action}",
        title=f"{thing}を{action}する方法",
        body=body,
        point=body.split("\n", maxsplit=1)[0],
        lang="ja",
    )


ENTRIES: list[Entry] = [article(thing, action) for thing in THINGS for action in ACTIONS]
CASES: list[Entry] = [
    ResolvedCase(
        id=f"case-{thing}",
        inquiry=f"{thing}を変更したいのですが、やり方がわかりません",
        reply=f"{thing}の画面で変更を押してください。",
        resolves_with=f"{thing}-変更",
        lang="ja",
    )
    for thing in THINGS
] + [
    ResolvedCase(
        id=f"case2-{thing}",
        inquiry=f"うちの{thing}が変更できず困っています",
        reply=f"{thing}の画面で変更を押してください。",
        resolves_with=f"{thing}-変更",
        lang="ja",
    )
    for thing in THINGS
]
LABELS = [
    LabelledInquiry(
        inquiry=Inquiry(id=f"q-{thing}-{action}", text=f"{thing}を{action}する手順を教えてください"),
        expected_entries={f"{thing}-{action}": 2},
    )
    for thing in THINGS
    for action in ACTIONS
] + [
    LabelledInquiry(inquiry=Inquiry(id=f"out-{n}", text=text))
    for n, text in enumerate(foreign_questions()[:30])
]


def build(folder: Path, entries: list[Entry] = ENTRIES + CASES) -> KnowledgeBase:
    kb = KnowledgeBase.open(folder, embedder=HashingEmbedder(), settings=Settings())
    kb.sync(entries)
    return kb


def written(path: Path, labels: list[LabelledInquiry]) -> Path:
    rows = [
        {"id": x.inquiry.id, "text": x.inquiry.text, "expected_entries": x.expected_entries} for x in labels
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


QUESTION = Inquiry(text="電池を変更する手順を教えてください")


def test_null_then_provisional_then_calibrated_then_stale_then_again(tmp_path: Path) -> None:
    kb = build(tmp_path / "kb")
    suggester = Suggester(kb)
    first = suggester.suggest(QUESTION)
    assert (first.lane, first.confidence) == ("review", None)
    assert all(match.confidence is None for match in first.matches)

    without = calibrate(kb)
    assert (without.state, without.dial, without.own_questions > 100) == ("provisional", None, True)
    provisional = Suggester(kb).suggest(QUESTION)
    assert provisional.lane == "review"
    assert provisional.confidence is not None and 0 < provisional.confidence < 1
    assert "not_calibrated" in {r.code for r in provisional.reasons}

    done = calibrate(kb, LABELS, risk=0.1, certainty=0.9)
    assert done.dial is not None and done.dial.cut is not None
    assert done.dial.labels == len(LABELS)
    assert done.reliability is not None and done.reliability.outcomes == len(LABELS)
    ready = Suggester(kb).suggest(QUESTION)
    assert ready.lane == "ready"
    assert ready.confidence is not None and ready.confidence >= round(done.link(done.dial.cut), 4)
    assert ready.matches[0].confidence == ready.concerns[0].confidence
    out = Suggester(kb).suggest(Inquiry(text=foreign_questions()[40]))
    assert out.lane == "review"
    assert out.confidence is not None and out.confidence < ready.confidence

    kb.sync([*ENTRIES, *CASES, Article(id="new", title="新しい話", body="新しい説明です。")])
    stale = Suggester(kb).suggest(QUESTION)
    assert (stale.lane, stale.confidence) == ("review", None)
    assert "calibration_stale" in {r.code for r in stale.reasons}

    again = recheck(kb)
    assert again is not None and again.generation == 2
    assert again.dial is not None and (again.dial.risk, again.dial.certainty) == (0.1, 0.9)
    assert Suggester(kb).suggest(QUESTION).lane == "ready"
    assert recheck(kb) is None


def test_a_suggester_notices_a_new_generation_by_itself(tmp_path: Path) -> None:
    kb = build(tmp_path / "kb")
    calibrate(kb, LABELS, risk=0.1, certainty=0.9)
    suggester = Suggester(kb)
    assert suggester.suggest(QUESTION).lane == "ready"
    kb.sync([*ENTRIES, *CASES[:-1]])
    assert "calibration_stale" in {r.code for r in suggester.suggest(QUESTION).reasons}


def test_entries_that_went_away_are_caught_by_the_check(tmp_path: Path) -> None:
    """Labels whose answers are gone become errors: the recheck no longer promises what it did."""
    kb = build(tmp_path / "kb")
    assert calibrate(kb, LABELS, risk=0.1, certainty=0.9).cut is not None
    kb.sync([e for e in ENTRIES if "変更" in e.id])
    again = recheck(kb)
    assert again is not None and again.cut is None
    suggestion = Suggester(kb).suggest(QUESTION)
    assert (suggestion.lane, "no_safe_cut" in {r.code for r in suggestion.reasons}) == ("review", True)


def test_the_same_past_case_does_not_answer_its_own_label(tmp_path: Path) -> None:
    case = CASES[0]
    label = LabelledInquiry(inquiry=Inquiry(id="x", text=f" {case.inquiry}\n"), expected_lane="ready")
    assert cases_of([label], CASES)["x"] == {case.id, "x"}


def test_own_questions_come_with_and_without_their_answer(tmp_path: Path) -> None:
    kb = build(tmp_path / "kb")
    asked = list(own_questions(kb))
    with_case = [q for q in asked if q.concern.text.startswith("印刷を変更したい")]
    assert {(q.answers, q.without) for q in with_case} == {
        (frozenset({"印刷-変更", "case2-印刷"}), frozenset({"case-印刷"})),
        (frozenset(), frozenset({"印刷-変更", "case-印刷", "case2-印刷"})),
    }
    assert not list(own_questions(build(tmp_path / "few", ENTRIES)))  # titles alone are no basis


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> Suggester:
    kb = build(tmp_path_factory.mktemp("calibrated") / "kb")
    calibrate(kb, LABELS, risk=0.1, certainty=0.9)
    return Suggester(kb)


@pytest.fixture(scope="module")
def alone(calibrated: Suggester) -> dict[str, Suggestion]:
    return {label.inquiry.id: calibrated.suggest(label.inquiry) for label in LABELS[:80:10]}


@given(
    others=st.lists(st.one_of(st.text(max_size=60), st.sampled_from(foreign_questions())), max_size=6),
    order=st.randoms(use_true_random=False),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_unrelated_inquiries_change_no_confidence(
    calibrated: Suggester, alone: dict[str, Suggestion], others: list[str], order: Random
) -> None:
    batch = [label.inquiry for label in LABELS[:80:10]]
    batch += [Inquiry(id=f"other-{n}", text=text) for n, text in enumerate(others)]
    order.shuffle(batch)
    together = {s.inquiry_id: s for s in calibrated.suggest_many(batch) if s.inquiry_id in alone}
    assert together == alone
    assert any(s.lane == "ready" for s in together.values())


def test_asking_for_more_matches_changes_no_confidence(calibrated: Suggester) -> None:
    for label in LABELS[::25]:
        one, ten, many = (calibrated.suggest(label.inquiry, top=top) for top in (1, 10, 60))
        assert one.concerns == ten.concerns == many.concerns
        assert (one.lane, one.confidence) == (ten.lane, ten.confidence) == (many.lane, many.confidence)
        assert many.matches[:10] == ten.matches


def test_the_command(tmp_path: Path) -> None:
    folder = tmp_path / "kb"
    source = tmp_path / "entries.jsonl"
    rows = [e.model_dump(mode="json", exclude_defaults=True) | {"kind": e.kind} for e in ENTRIES + CASES]
    source.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "suggest", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("sync", str(source), "--kb", str(folder))
    labels = written(tmp_path / "labels.jsonl", LABELS)
    found = json.loads(
        run("calibrate", "--kb", str(folder), "--labels", str(labels), "--risk", "0.2", "--json")
    )
    assert found["state"] == "calibrated"
    assert found["dial"]["cut"] is not None
    assert 0 < found["dial"]["cut_confidence"] < 1
    assert 0 < found["dial"]["ready_share"] < 1
    source.write_text(
        source.read_text(encoding="utf-8").replace("書式の画面", "書式設定の画面"), encoding="utf-8"
    )
    assert json.loads(run("status", "--kb", str(folder), "--json"))["confidence"] == "calibrated"
    assert "calibration redone" in run("sync", str(source), "--kb", str(folder))
    source.write_text(
        source.read_text(encoding="utf-8").replace("書式設定の画面", "書式の画面"), encoding="utf-8"
    )
    kept = (folder / "labels.jsonl").read_text(encoding="utf-8")
    (folder / "labels.jsonl").unlink()
    assert "calibration redone" not in run(
        "sync", str(source), "--kb", str(folder)
    )  # done, and said on stderr
    assert json.loads(run("status", "--kb", str(folder), "--json"))["confidence"] == "stale"
    labels.write_text(kept, encoding="utf-8")
    run("calibrate", "--kb", str(folder), "--labels", str(labels), "--risk", "0.2")
    suggestion = json.loads(run("reply", QUESTION.text, "--kb", str(folder), "--json"))
    assert 0 < suggestion["confidence"] < 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", ":1: expected a JSON object"),
        ('{"text": "x"}', "holds neither expected_entries"),
        ('{"text": "x", "expected_lane": "fast"}', "expected_lane"),
        ('{"text": "x", "expected_entries": ["a"]}', "expected {entry id: grade}"),
        ("", "holds no labelled inquiry"),
    ],
)
def test_bad_labels_name_file_and_line(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(CalibrationError, match=r"labels\.jsonl") as error:
        read_labels(path)
    assert words in str(error.value)


def test_an_empty_knowledge_base_cannot_be_calibrated(tmp_path: Path) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=HashingEmbedder())
    with pytest.raises(CalibrationError, match="is empty"):
        calibrate(kb)


def test_provisional_mode_gives_way_to_a_calibration(tmp_path: Path) -> None:
    provisional = Settings(judging=Judging(provisional=True))
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=HashingEmbedder(), settings=provisional)
    kb.sync(ENTRIES)
    calibrate(kb, LABELS[-30:])  # nothing of these can be answered
    suggestion = Suggester(kb).suggest(QUESTION)
    assert suggestion.lane == "review"
    assert "provisional" not in {r.code for r in suggestion.reasons}
