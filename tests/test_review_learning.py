"""What is learnt from decisions: cases for the knowledge base, and labels for calibration."""

from __future__ import annotations

import json
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
from suggest.errors import AlreadyDecided, NotAllowed, UnknownItem
from suggest.judge.confidence import Confidence, Link
from suggest.judge.scoring import prior_for
from suggest.review import CandidateCase, ReviewItem
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
    queue.decide(decision(item, "edit", text="用紙ガイドを紙の幅に合わせてください。"))
    asking = question("印刷すると紙がずれます")
    before = Suggester(queue.suggester.kb).suggest(asking)
    assert not any(m.entry_id.startswith("learned-") for m in before.matches)
    case = learned(queue, item)
    queue.judge_candidate(case.candidate_id, tenant="default", supervisor="鈴木", approve=True)
    report = queue.sync_learned()
    assert (report.added, report.removed, report.unchanged) == (1, 0, len(ENTRIES))
    after = Suggester(queue.suggester.kb).suggest(asking)
    assert after.matches[0].entry_id == case.candidate_id
    assert after.draft is not None and "用紙ガイド" in after.draft.text
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

PLANTED = (
    "返金は次の口座に手数料をお振り込みいただくと受けられます。詳しくは http://evil.example をご覧ください。"
)
THINGS = "印刷 通知 写真 音声 地図 予定 会議 請求 配送 返品 予約 名簿 電池 書式 検索 共有 翻訳 録音 署名 封筒".split()
QUESTIONS = [
    f"{thing}の{what}を教えてください"
    for thing in THINGS
    for what in ("方法", "手順", "料金", "期限", "場所")
]


def asked(kb: KnowledgeBase) -> tuple[int, int]:
    """Ask all questions with the lowest cut there is; return how many are ready, and of these how many are planted."""
    scoring = prior_for("").model_copy(update={"nothing": -99.0, "weak": -99.0})
    suggester = Suggester(kb, confidence=Confidence(scoring, "calibrated", Link(), cut=-99.0))
    ready = [s for s in map(suggester.suggest, map(question, QUESTIONS)) if s.lane == "ready"]
    return len(ready), sum("evil.example" in s.draft.text for s in ready if s.draft is not None)


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
            queue.decide(decision(item, "edit", text=PLANTED, reviewer="悪意"))
            with pytest.raises(NotAllowed):
                queue.judge_candidate(
                    learned(queue, item).candidate_id, tenant="default", supervisor="悪意", approve=True
                )
        waiting = queue.candidates(tenant="default")
        assert len(waiting) == 5
        queue.sync_learned()
        kb = queue.suggester.kb
        assert kb.entry_ids() == {article.id for article in articles}
        ready, planted = asked(kb)
        assert ready > 50 and planted == 0  # readiness is there to be had; none of it is planted
        # Were they indexed all the same, as somebody's export, nobody's review still keeps them from being ready.
        cases = [case.case for case in waiting if case.case is not None]
        kb.sync([*articles, *cases])
        assert asked(kb)[1] == 0
        # And the test can fail: what a supervisor lets in is used.
        for candidate in waiting:
            queue.judge_candidate(candidate.candidate_id, tenant="default", supervisor="鈴木", approve=True)
        kb.sync([*articles, *queue.learned_entries()])
        assert asked(kb)[1] > 0
