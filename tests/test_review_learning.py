"""What is learnt from decisions: cases for the knowledge base, and labels for calibration."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from suggest import (
    Article,
    Inquiry,
    KnowledgeBase,
    ResolvedCase,
    ReviewQueue,
    Suggester,
    read_entries,
)
from suggest.errors import AlreadyDecided, InvalidDecision, NotAllowed, NothingToUndo, UnknownItem
from suggest.judge.confidence import Confidence, Link
from suggest.judge.scoring import prior_for
from suggest.learn import calibrate
from suggest.review import CandidateCase, ReviewItem
from suggest.review.labels import SMALL_EDIT
from suggest.testing import HashingEmbedder

from .review_desk import ENTRIES, START, again, decision, first, inquiry


def learned(queue: ReviewQueue, item: ReviewItem, state: str = "waiting") -> CandidateCase:
    [found] = [c for c in queue.candidates(tenant=item.tenant, state="all") if c.item_id == item.item_id]
    assert found.state == state
    return found


def draft_of(item: ReviewItem) -> str:
    assert item.suggestion is not None and item.suggestion.draft is not None
    return item.suggestion.draft.text


def test_an_approved_reply_becomes_a_waiting_case(queue: ReviewQueue) -> None:
    item = first(
        queue,
        text="お世話になっております。山田太郎です。印刷の方法を教えてください。電話は090-1234-5678です。",
    )
    done = queue.decide(decision(item, "edit", text=draft_of(item).replace("印刷は", "山田太郎様、印刷は")))
    case = learned(queue, item).case
    assert case is not None
    assert (case.id, case.trust, case.tenant) == (done.candidate_id, "unreviewed", "default")
    assert case.id == again(queue, item).candidate_id
    assert case.resolves_with == "faq-印刷"
    assert "印刷" in case.inquiry and "設定画面" in case.reply
    for secret in ("山田", "090-1234-5678"):
        assert secret not in case.inquiry + case.reply
    assert "ありがとうございます" not in case.reply  # the templates' sentences are not what was learnt
    assert case.updated_at == START


def test_only_replies_that_answer_are_learnt_from(queue: ReviewQueue) -> None:
    texts = ["印刷の方法は？", "印刷の方法は？", "製品から煙が出て火傷をしました。"]
    queue.import_inquiries([inquiry(n, text=text) for n, text in enumerate(texts)], reviewer="山田")
    by_id = {
        i.inquiry_id: queue.item(i.item_id, tenant="default") for i in queue.items(tenant="default").items
    }
    queue.decide(decision(by_id["q0"], "reject"))
    queue.decide(decision(by_id["q1"], "escalate"))
    queue.decide(decision(by_id["q2"]))  # a holding reply
    assert queue.candidates(tenant="default", state="all") == []


def test_a_rewritten_reply_names_no_article(queue: ReviewQueue) -> None:
    item = first(queue)
    queue.decide(decision(item, "edit", text="担当部署で印刷してお送りします。"))
    case = learned(queue, item).case
    assert case is not None
    assert (case.resolves_with, case.reply) == (None, "担当部署で印刷してお送りします。")


def test_another_person_lets_a_case_in(queue: ReviewQueue) -> None:
    item = first(queue)
    queue.decide(decision(item))
    case = learned(queue, item)
    for same in ("佐藤", " 佐藤 "):
        with pytest.raises(NotAllowed, match="somebody else has to judge it"):
            queue.judge_candidate(case.candidate_id, tenant="default", supervisor=same, approve=True)
    with pytest.raises(UnknownItem):
        queue.judge_candidate(case.candidate_id, tenant="other", supervisor="鈴木", approve=True)
    assert queue.learned_entries() == []
    done = queue.judge_candidate(
        case.candidate_id, tenant="default", supervisor="鈴木", approve=True, reason="よい"
    )
    assert (done.state, done.supervisor, done.reason, done.judged_at) == ("approved", "鈴木", "よい", START)
    [entry] = queue.learned_entries()
    assert (entry.id, entry.trust) == (case.candidate_id, "approved")
    with pytest.raises(AlreadyDecided, match="was approved"):
        queue.judge_candidate(case.candidate_id, tenant="default", supervisor="鈴木", approve=False)
    assert queue.candidates(tenant="default") == []
    assert queue.verify() == []


def test_a_refused_case_stays_out(queue: ReviewQueue) -> None:
    item = first(queue)
    queue.decide(decision(item))
    case = learned(queue, item)
    queue.judge_candidate(case.candidate_id, tenant="default", supervisor="鈴木", approve=False)
    assert learned(queue, item, "rejected").supervisor == "鈴木"
    assert queue.learned_entries() == []


def test_undo_takes_the_case_back(queue: ReviewQueue) -> None:
    item = first(queue)
    queue.decide(decision(item))
    case = learned(queue, item)
    queue.judge_candidate(case.candidate_id, tenant="default", supervisor="鈴木", approve=True)
    queue.sync_learned()
    assert case.candidate_id in queue.suggester.kb.entry_ids()
    queue.undo(item.item_id, tenant="default", reviewer="佐藤")
    learned(queue, item, "withdrawn")
    queue.sync_learned()
    assert case.candidate_id not in queue.suggester.kb.entry_ids()
    queue.decide(decision(again(queue, item)))
    assert learned(queue, item).supervisor is None  # it has to be judged anew
    assert queue.verify() == []


def test_a_sync_takes_up_approved_cases_and_leaves_the_rest(queue: ReviewQueue) -> None:
    item = first(queue, text="印刷したいのに紙がずれます。どうすればよいですか？")
    queue.decide(
        decision(item, "edit", text="印刷で紙がずれるときは、用紙ガイドを紙の幅に合わせてください。")
    )
    asking = question("印刷すると紙がずれます。どうすればよいですか？")
    before = Suggester(queue.suggester.kb).suggest(asking)
    assert not any(m.entry_id.startswith("learned-") for m in before.matches)
    case = learned(queue, item)
    queue.judge_candidate(case.candidate_id, tenant="default", supervisor="鈴木", approve=True)
    report = queue.sync_learned()
    assert (report.added, report.removed, report.unchanged) == (1, 0, len(ENTRIES))
    after = Suggester(queue.suggester.kb).suggest(asking)
    assert after.matches[0].entry_id == case.candidate_id
    assert after.concerns[0].entry_ids[0] == case.candidate_id
    swapped = queue.swap_evidence(
        first(queue, id="q2").item_id, case.candidate_id, tenant="default", reviewer="佐藤"
    )
    assert "用紙ガイド" in draft_of(swapped)
    assert queue.sync_learned().added == 0


def test_sources_and_learned_cases_together(tmp_path: Path) -> None:
    source = tmp_path / "faq.jsonl"
    source.write_text(
        json.dumps({"id": "faq-1", "title": "印刷", "body": "設定から。"}) + "\n", encoding="utf-8"
    )
    case = ResolvedCase(id="learned-1", inquiry="印刷できない", reply="紙を入れる", trust="approved")
    with read_entries(source, also=[case]) as reader:
        assert [entry.id for entry in reader] == ["faq-1", "learned-1"]
    curated = {"id": "learned-1", "kind": "case", "inquiry": "印刷できない", "reply": "直した返信"}
    with source.open("a", encoding="utf-8") as out:
        out.write(json.dumps(curated, ensure_ascii=False) + "\n")
    with read_entries(source, also=[case]) as reader:
        assert [getattr(e, "reply", "") for e in reader] == ["", "直した返信"]


# --- a hostile reviewer ------------------------------------------------------------------------

THINGS = "印刷 通知 写真 音声 地図 予定 会議 請求 配送 返品 予約 名簿 電池 書式 検索 共有 翻訳 録音 署名 封筒".split()
ASKED = ("方法", "手順", "料金", "期限", "場所")
QUESTIONS = [f"{thing}の{what}を教えてください" for thing in THINGS for what in ASKED]
PLANTED = [
    f"{'、'.join(THINGS[n * 4 : n * 4 + 4])}の{'、'.join(ASKED)}は、偽の画面で代金を支払うと確認できます。"
    for n in range(5)
]


def asked(kb: KnowledgeBase, questions: Sequence[str]) -> tuple[int, int]:
    """Ask questions with the lowest cut there is; return how many are ready, and of these how many are planted."""
    scoring = prior_for("").model_copy(update={"nothing": -99.0, "weak": -99.0})
    suggester = Suggester(kb, confidence=Confidence(scoring, "calibrated", Link(), cut=-99.0))
    ready = [s for s in map(suggester.suggest, map(question, questions)) if s.lane == "ready"]
    return len(ready), sum("偽の画面" in s.draft.text for s in ready if s.draft is not None)


def question(text: str) -> Inquiry:
    return Inquiry(text=text)


def test_planted_replies_never_become_ready(tmp_path: Path) -> None:
    """Five planted replies, each for the words of twenty questions, then a hundred questions."""
    articles = [
        Article(
            id=f"faq-{thing}", title=f"{thing}について", body=f"{thing}は設定画面で確認できます。", lang="ja"
        )
        for thing in THINGS
    ]
    folder = tmp_path / "kb"
    with KnowledgeBase.open(folder, embedder=HashingEmbedder()) as kb:
        kb.sync(articles)
    with ReviewQueue.open(folder, embedder=HashingEmbedder()) as queue:
        queue.import_inquiries(
            [Inquiry(id=f"p{n}", text="。".join(QUESTIONS[n * 20 : n * 20 + 6])) for n in range(5)],
            reviewer="悪意",
        )
        for summary in queue.items(tenant="default").items:
            item = queue.item(summary.item_id, tenant="default")
            queue.decide(decision(item, "edit", text=PLANTED[int(item.inquiry_id[1:])], reviewer="悪意"))
            with pytest.raises(NotAllowed):
                queue.judge_candidate(
                    learned(queue, item).candidate_id, tenant="default", supervisor="悪意", approve=True
                )
        waiting = queue.candidates(tenant="default")
        assert len(waiting) == 5
        queue.sync_learned()
        kb = queue.suggester.kb
        assert kb.entry_ids() == {article.id for article in articles}
        ready, planted = asked(kb, QUESTIONS)
        assert ready > 50 and planted == 0  # readiness is there to be had; none of it is planted
        # Were they indexed all the same, as somebody's export, nobody's review still keeps them from being ready.
        cases = [case.case for case in waiting if case.case is not None]
        kb.sync([*articles, *cases])
        assert asked(kb, QUESTIONS)[1] == 0
        # And the test can fail: what a supervisor lets in is used.
        for candidate in waiting:
            queue.judge_candidate(candidate.candidate_id, tenant="default", supervisor="鈴木", approve=True)
        kb.sync([*articles, *queue.learned_entries()])
        assert asked(kb, QUESTIONS[::10])[1] > 0


# --- decisions as labels -----------------------------------------------------------------------


def test_every_kind_of_decision_is_a_label_or_none(queue: ReviewQueue) -> None:
    texts = {"q7": "製品から煙が出て火傷をしました。", "q8": "zzz qqq"}
    queue.import_inquiries(
        [inquiry(n, text=texts.get(f"q{n}", f"印刷の方法を教えてください。{n}")) for n in range(12)],
        reviewer="山田",
    )
    item = {
        i.inquiry_id: queue.item(i.item_id, tenant="default") for i in queue.items(tenant="default").items
    }
    draft = draft_of(item["q1"])
    queue.decide(decision(item["q0"]))
    queue.decide(decision(item["q1"], "edit", text=draft + "よろしく。"))
    queue.decide(decision(item["q2"], "edit", text=draft + "長い追記です。" * 60))
    queue.decide(decision(item["q3"], "edit", text="まったく別の返信を書きました。" * 9))
    queue.decide(decision(item["q4"], "reject", reason_code="wrong_evidence"))
    queue.decide(decision(item["q5"], "reject", reason_code="tone"))
    queue.decide(decision(item["q6"], "escalate", route="billing"))
    queue.decide(decision(item["q7"]))
    queue.decide(decision(item["q8"], "edit", text="調べます。"))
    queue.decide(decision(item["q9"]))
    queue.undo(item["q9"].item_id, tenant="default", reviewer="佐藤")
    queue.decide(decision(item["q10"]))
    queue.forget(item["q10"].item_id, tenant="default", reviewer="鈴木")
    said = {}
    by_learned = {f"learned-{i.item_id[1:]}": name for name, i in item.items()}
    for label in queue.labels():
        said[by_learned[label.inquiry.id]] = (label.answers, label.expected_lane, label.route)
    right = frozenset({"faq-印刷"})
    nothing: frozenset[str] = frozenset()
    assert said == {
        "q0": (right, None, None),
        "q1": (right, None, None),
        "q2": (right, "review", None),
        "q3": (nothing, "review", None),
        "q4": (nothing, "review", None),
        "q5": (right, "review", None),
        "q6": (nothing, "escalate", "billing"),
        "q7": (nothing, "escalate", "safety"),
        "q8": (nothing, "review", None),
    }
    distances = {
        r.inquiry_id: r.edit_distance for r in queue.decisions(tenant="default") if r.event == "edit"
    }
    assert (distances["q1"] or 1) <= SMALL_EDIT < (distances["q2"] or 0)


def test_a_swap_says_what_would_have_answered(queue: ReviewQueue) -> None:
    item = first(queue)
    swapped = queue.swap_evidence(item.item_id, "faq-写真の共有", tenant="default", reviewer="佐藤")
    queue.decide(decision(swapped))
    [label] = queue.labels()
    assert label.answers == {"faq-写真の共有"}


def test_decisions_calibrate(queue: ReviewQueue) -> None:
    """Labels from the ledger go the whole way, and a learnt case does not answer the inquiry it came from."""
    queue.import_inquiries([inquiry(n, text=f"印刷の方法は？ {n}") for n in range(70)], reviewer="山田")
    for summary in queue.items(tenant="default", limit=100).items:
        queue.decide(decision(queue.item(summary.item_id, tenant="default")))
    case = queue.candidates(tenant="default")[0]
    queue.judge_candidate(case.candidate_id, tenant="default", supervisor="鈴木", approve=True)
    queue.sync_learned()
    found = calibrate(queue.suggester.kb, list(queue.labels()))
    assert found.dial is not None
    assert (found.state, found.dial.labels) == ("calibrated", 70)
    assert found.dial.cut is not None
    text = (queue.path / "labels.jsonl").read_text(encoding="utf-8")
    assert case.candidate_id in text
    done = queue.forget(case.item_id, tenant="default", reviewer="鈴木")
    assert (done.labels, done.still_to_forget) == (1, (case.candidate_id,))
    assert case.candidate_id not in (queue.path / "labels.jsonl").read_text(encoding="utf-8")


# --- forgetting --------------------------------------------------------------------------------

SECRET = "ひみつのそうだん"


def test_forgetting_leaves_the_chain_whole(queue: ReviewQueue) -> None:
    queue.import_inquiries(
        [inquiry(1, text=f"印刷の方法は？ {SECRET}"), inquiry(2, text=f"{SECRET} 二つ目")], reviewer="山田"
    )
    one, two = (queue.item(i.item_id, tenant="default") for i in queue.items(tenant="default").items)
    if one.inquiry_id != "q1":
        one, two = two, one
    queue.decide(decision(one, "edit", text=draft_of(one) + SECRET, reason=SECRET))
    before = [r.hash for r in queue.decisions(tenant="default", everything=True)]
    done = queue.forget(one.item_id, tenant="default", reviewer="鈴木", reason="ご本人の求め")
    assert (done.contents, done.still_to_forget) == (2, ())
    queue.forget(two.item_id, tenant="default", reviewer="鈴木")
    after = list(queue.decisions(tenant="default", everything=True))
    assert [r.hash for r in after][: len(before)] == before
    assert queue.verify() == []
    assert SECRET not in "".join(r.model_dump_json() for r in after)
    assert [(r.event, r.forgotten) for r in after if r.item_id == one.item_id] == [
        ("import", True), ("edit", True), ("forget", False),
    ]  # fmt: skip
    gone = again(queue, one)
    assert (gone.inquiry, gone.suggestion, gone.final_text, gone.title, gone.inquiry_id) == (
        None,
        None,
        None,
        "",
        "",
    )
    assert (gone.state, again(queue, two).state) == ("edited", "forgotten")
    assert queue.items(tenant="default").total == 0
    assert queue.items(tenant="default", state="all", query=SECRET).total == 0
    [case] = queue.candidates(tenant="default", state="all")
    assert (case.state, case.case) == ("withdrawn", None)
    assert queue.forget(one.item_id, tenant="default", reviewer="鈴木").contents == 0
    with pytest.raises(NothingToUndo, match="forgotten"):
        queue.undo(one.item_id, tenant="default", reviewer="佐藤")
    for call in (
        lambda: queue.decide(decision(again(queue, two))),
        lambda: queue.claim(two.item_id, tenant="default", reviewer="佐藤"),
    ):
        with pytest.raises((AlreadyDecided, InvalidDecision)):
            call()
    # an import of the same file does not bring it back
    report = queue.import_inquiries([inquiry(1, text=f"印刷の方法は？ {SECRET}")], reviewer="山田")
    assert (report.imported, report.skipped, report.differing) == (0, 1, ())


def test_no_byte_of_a_forgotten_inquiry_stays_in_the_files(folder: Path) -> None:
    with ReviewQueue.open(folder, embedder=HashingEmbedder()) as queue:
        item = first(queue, text=f"印刷の方法は？ {SECRET}")
        queue.decide(decision(item, "edit", text=SECRET * 2, reason=SECRET))
        files = list(folder.glob("review.sqlite*"))
        assert any(SECRET.encode() in path.read_bytes() for path in files)
        queue.forget(item.item_id, tenant="default", reviewer="鈴木")
        assert not any(SECRET.encode() in path.read_bytes() for path in folder.glob("review.sqlite*"))


def test_texts_that_vanish_without_a_word_are_noticed(folder: Path) -> None:
    with ReviewQueue.open(folder, embedder=HashingEmbedder()) as queue:
        first(queue)
        raw = sqlite3.connect(folder / "review.sqlite")
        raw.execute("DROP TRIGGER ledger_contents_delete")
        raw.execute("DELETE FROM ledger_contents")
        raw.commit()
        raw.close()
        [problem] = queue.verify()
        assert "entry 1: its text is gone, and no later entry says" in problem
