"""Figures by their formulas, surveys, and the export."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest import Article, KnowledgeBase, ReviewQueue
from suggest.errors import InvalidRecord, SourceError
from suggest.review.distance import edit_distance, levenshtein
from suggest.review.export import COLUMNS, cell, write_csv, write_jsonl
from suggest.review.figures import rate, times
from suggest.review.records import DecisionRecord
from suggest.review.surveys import read_surveys
from suggest.testing import HashingEmbedder

from .review_desk import START, Clock, decision, first, inquiry


def test_figures_by_hand(queue: ReviewQueue, clock: Clock) -> None:
    hour = timedelta(hours=1)
    queue.import_inquiries(
        [
            *(inquiry(n, received_at=START - hour) for n in range(6)),
            inquiry(6, text="弁護士に相談して訴えます。", received_at=START - 2 * hour),
            inquiry(7, received_at=START - timedelta(days=30)),
        ],
        reviewer="山田",
    )
    item = {
        i.inquiry_id: queue.item(i.item_id, tenant="default") for i in queue.items(tenant="default").items
    }
    draft = item["q1"].suggestion.draft.text if item["q1"].suggestion and item["q1"].suggestion.draft else ""
    queue.claim(item["q0"].item_id, tenant="default", reviewer="佐藤")
    clock.on(seconds=60)
    queue.decide(decision(item["q0"]))  # 1 h 1 min after receipt
    clock.on(seconds=60)
    queue.decide(decision(item["q1"], "edit", text=draft + "追記"))  # 1 h 2 min
    queue.decide(decision(item["q2"], "reject", reason_code="tone"))
    queue.decide(decision(item["q3"], "escalate"))
    queue.decide(decision(item["q6"]))  # a holding reply, 2 h 2 min
    queue.decide(decision(item["q4"]))
    queue.undo(item["q4"].item_id, tenant="default", reviewer="佐藤")
    clock.on(hours=1)
    found = queue.figures(tenant="default", since=START - timedelta(days=2))
    assert (found.inquiries, found.open, found.undone) == (7, 2, 1)
    assert found.oldest_open_at == START - hour
    assert {lane: (r.hits, r.of) for lane, r in found.lanes.items()} == {
        "ready": (0, 7), "review": (6, 7), "escalate": (1, 7),
    }  # fmt: skip
    assert {action: (r.hits, r.of) for action, r in found.actions.items()} == {
        "approve": (2, 5), "edit": (1, 5), "reject": (1, 5), "escalate": (1, 5),
    }  # fmt: skip
    assert found.actions["approve"].percent == 40.0
    assert (found.approval_by_lane["review"].hits, found.approval_by_lane["review"].of) == (1, 4)
    assert found.reject_codes == {"tone": 1}
    assert (found.edit_distance.count, found.edit_distance.mean) == (1, edit_distance(draft, draft + "追記"))
    assert (found.time_to_decision.count, found.time_to_decision.total) == (5, 60 + 4 * 120)
    assert (found.time_at_work.count, found.time_at_work.total) == (1, 60)
    response = found.average_response_time
    assert (response.count, response.total) == (3, 3660 + 3720 + 7320)
    assert response.mean == (3660 + 3720 + 7320) / 3
    assert (found.resolution_rate.hits, found.resolution_rate.of) == (2, 7)
    assert found.resolution_rate.percent == round(200 / 7, 2)
    assert found.csat.percent is None
    assert [(d.day.isoformat(), d.received, d.decided, d.approved) for d in found.days] == [
        ("2026-04-01", 7, 5, 2)
    ]
    assert (found.ledger_entries, found.candidates) == (15, {"waiting": 2, "withdrawn": 1})
    assert found.ledger_head == list(queue.decisions(tenant="default", everything=True))[-1].hash
    assert queue.figures(tenant="default").inquiries == 8
    assert queue.figures(tenant="default", until=START - timedelta(days=2)).inquiries == 1
    nobody = queue.figures(tenant="other")
    assert (nobody.inquiries, nobody.actions["approve"].percent, nobody.average_response_time.mean) == (
        0,
        None,
        None,
    )


def test_intervals_are_the_known_ones() -> None:
    share = rate(45, 50)  # Wilson, as published tables have it
    assert (share.percent, share.low, share.high) == (90.0, 78.64, 95.65)
    seconds = times([float(n) for n in range(1, 101)])
    assert (seconds.median, seconds.median_low, seconds.median_high) == (50.5, 40, 61)
    assert seconds.mean == 50.5 and seconds.p90 == 90.1
    assert seconds.mean_low is not None and seconds.mean_high is not None
    assert 44 < seconds.mean_low < 46 and 55 < seconds.mean_high < 57  # ± 1.96 · 29 / 10


def test_surveys(queue: ReviewQueue, tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("inquiry_id,score\nq1,5\nq2,4\nq3,3\nq1,1\n", encoding="utf-8-sig")
    assert queue.import_surveys(read_surveys(path), tenant="default", reviewer="田中") == 3
    assert queue.import_surveys(read_surveys(path), tenant="default", reviewer="田中") == 0
    more = tmp_path / "answers.jsonl"
    more.write_text(
        '{"inquiry_id": "q4", "satisfied": false, "answered_at": "2025-01-01"}\n{"inquiry_id": "q5", "satisfied": "はい"}\n',
        encoding="utf-8",
    )
    assert queue.import_surveys(read_surveys(more), tenant="default", reviewer="田中") == 2
    csat = queue.figures(tenant="default").csat
    assert (csat.hits, csat.of, csat.percent) == (3, 5, 60.0)
    csat = queue.figures(tenant="default", since=START).csat
    assert (csat.hits, csat.of) == (3, 4)
    assert queue.figures(tenant="other").csat.of == 0
    assert [r.event for r in queue.decisions(tenant="default", everything=True)] == ["survey", "survey"]
    assert queue.verify() == []


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"score": 5}, "row 2: inquiry_id is missing"),
        ({"inquiry_id": "q", "score": 6}, "row 2: .*score 6"),
        ({"inquiry_id": "q", "score": "very"}, "score 'very'"),
        ({"inquiry_id": "q", "satisfied": "perhaps"}, "satisfied 'perhaps'"),
        ({"inquiry_id": "q"}, "expected satisfied true or false"),
        ({"inquiry_id": "q", "score": 5, "answered_at": "tomorrow"}, "answered_at: given 'tomorrow'"),
    ],
)
def test_bad_survey_rows_store_nothing(queue: ReviewQueue, row: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidRecord, match=words):
        queue.import_surveys([{"inquiry_id": "a", "score": 5}, row], tenant="default", reviewer="田中")
    assert queue.figures(tenant="default").csat.of == 0


def test_bad_survey_files_name_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"inquiry_id": "q"}\n[]\n', encoding="utf-8")
    with pytest.raises(SourceError, match=r"answers\.jsonl:2: expected a JSON object"):
        list(read_surveys(path))
    with pytest.raises(SourceError, match="cannot be read"):
        list(read_surveys(tmp_path / "absent.csv"))


# --- export ------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["-5", "-5.25", "+3", "1e-3", "0", -7, -0.5, 12])
def test_numbers_stay_numbers(value: object) -> None:
    assert cell(value) == str(value)


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u3000=1", "\ufeff=1", "＝1", "－1＋1", "＠x", "-", "--5",
        "-5+cmd|' /C calc'!A0", "=HYPERLINK(\"http://evil.example\")", "+81-3-1234-5678", "'=1", "\x00=1", "\n=1", "−1",
    ],
)  # fmt: skip
def test_formulas_become_text(text: str) -> None:
    assert cell(text).startswith("'")


@given(st.text())
def test_no_cell_begins_a_formula(text: str) -> None:
    written = cell(text)
    begins = written.lstrip(" \u00a0\u3000\ufeff\u200b\u200c\u200d\u2060")[:1]
    assert (
        begins not in tuple("=+-@＝＋－＠\t\r\n") or written.lstrip("+-")[:1].isdigit() or written[1:2] == "."
    )


def test_the_export_gives_back_what_was_decided(queue: ReviewQueue) -> None:
    hostile = "=cmd|' /C calc'!A0\n-5,\"quoted\"\u202e"
    queue.decide(decision(first(queue), "edit", text=hostile, reason="-5", session="@x"))
    records = list(queue.decisions(tenant="default", everything=True))
    out = io.StringIO()
    assert write_csv(records, out) == 2
    heading, *rows = csv.reader(io.StringIO(out.getvalue()))
    assert tuple(heading) == COLUMNS and set(COLUMNS) | {"concern"} == set(DecisionRecord.model_fields)
    last = dict(zip(heading, rows[-1], strict=True))
    assert (last["after"], last["reason"], last["session"]) == ("'" + hostile, "-5", "'@x")
    lines = io.StringIO()
    assert write_jsonl(records, lines) == 2
    assert [DecisionRecord(**json.loads(line)) for line in lines.getvalue().splitlines()] == records


# --- edit distance -----------------------------------------------------------------------------


def by_table(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        fresh = [i]
        for j, y in enumerate(b, 1):
            fresh.append(min(row[j] + 1, fresh[-1] + 1, row[j - 1] + (x != y)))
        row = fresh
    return row[-1]


@given(st.text("あいab", max_size=40), st.text("あいab", max_size=40))
def test_the_distance_is_levenshteins(a: str, b: str) -> None:
    assert levenshtein(a, b) == by_table(a, b)


def test_the_distance_is_a_share_of_the_longer_text() -> None:
    assert edit_distance("", "") == 0.0
    assert edit_distance("同じ", "同じ") == 0.0
    assert edit_distance("", "四文字だ") == 1.0
    assert edit_distance("四文字だ", "四文字よ") == 0.25


# --- command line ------------------------------------------------------------------------------


def test_the_commands(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from typer.testing import CliRunner

    from suggest.cli import app

    with ReviewQueue.open(folder, embedder=HashingEmbedder()) as queue:
        queue.decide(decision(first(queue), reason="=1"))
    run = CliRunner().invoke
    kb = ["--kb", str(folder)]
    answers = tmp_path / "answers.csv"
    answers.write_text("inquiry_id,score\nq1,5\n", encoding="utf-8")
    found = json.loads(run(app, ["report", *kb, "--surveys", str(answers), "--json"]).stdout)
    assert (found["inquiries"], found["actions"]["approve"]["hits"], found["csat"]["percent"]) == (
        1,
        1,
        100.0,
    )
    assert found["surveys_imported"] == 1
    assert "resolution rate: 1/1 = 100.0 % [20.6, 100.0]" in run(app, ["report", *kb]).stdout
    target = tmp_path / "out.csv"
    assert "1 entries written" in run(app, ["export", *kb, "--output", str(target)]).stdout
    assert target.read_bytes().startswith(b"\xef\xbb\xbf") and b"'=1" in target.read_bytes()
    lines = run(app, ["export", *kb, "--everything", "--since", "2020-01-01"]).stdout.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["import", "approve", "survey"]
    assert json.loads(run(app, ["verify", *kb, "--json"]).stdout)["ok"]
    done = json.loads(run(app, ["forget", "q1", "--inquiries", *kb, "--json"]).stdout)
    assert done["forgotten"][0]["contents"] == 2
    assert json.loads(run(app, ["verify", *kb, "--json"]).stdout)["ok"]


def test_the_commands_take_up_what_was_learnt(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from suggest.cli import app

    source, folder = tmp_path / "faq.jsonl", tmp_path / "kb"
    rows = [Article(id=f"faq-{n}", title=f"質問{n}の手順", body=f"回答{n}の画面です。") for n in range(3)]
    source.write_text("".join(r.model_dump_json() + "\n" for r in rows), encoding="utf-8")
    with KnowledgeBase.open(folder) as kb:
        kb.sync(rows)
    run = CliRunner().invoke
    assert not (folder / "review.sqlite").exists()
    failed = run(app, ["calibrate", "--kb", str(folder), "--from-ledger"])
    assert "holds no decision" in str(failed.exception)
    with ReviewQueue.open(folder) as queue:
        queue.decide(decision(first(queue, text="質問1の手順は？"), "edit", text="質問1は画面で答えます。"))
        [case] = queue.candidates(tenant="default")
        queue.judge_candidate(case.candidate_id, tenant="default", supervisor="鈴木", approve=True)
    synced = json.loads(run(app, ["sync", str(source), "--kb", str(folder), "--json"]).stdout)
    assert (synced["added"], synced["removed"]) == (1, 0)
    with KnowledgeBase.open(folder) as kb:
        [learned] = [entry for entry in kb.entries() if entry.id == case.candidate_id]
        assert learned.trust == "approved"
    found = json.loads(run(app, ["calibrate", "--kb", str(folder), "--from-ledger", "--json"]).stdout)
    assert found["dial"]["labels"] == 1 if found["dial"] else found["state"] == "provisional"
