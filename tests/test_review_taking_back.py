"""Swapped evidence, also on escalations, and withdrawn inquiries: what was done, and taking it back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from suggest import ReviewQueue
from suggest.errors import (
    AlreadyDecided,
    ClaimedByOther,
    InvalidDecision,
    NotAllowed,
    NothingToUndo,
    UnknownItem,
)
from suggest.review import ReviewItem
from suggest.testing import HashingEmbedder

from .review_desk import again, decision, first, inquiry


def _angry(queue: ReviewQueue) -> ReviewItem:
    item = first(
        queue, text="印刷の方法を教えてください。対応がひどすぎます。弁護士に相談し、訴訟を起こします。"
    )
    assert item.lane == "escalate" and item.route == "legal"
    return item


def test_an_agent_turns_an_escalation_into_a_reply(queue: ReviewQueue) -> None:
    item = _angry(queue)
    swapped = queue.swap_evidence(item.item_id, "faq-印刷", tenant="default", reviewer="佐藤")
    assert (swapped.lane, swapped.route) == ("review", None)
    assert swapped.urgency == item.urgency  # whoever lets go of it again finds it where it was
    suggestion = swapped.suggestion
    assert suggestion is not None and suggestion.draft is not None and suggestion.handoff is None
    assert "faq-印刷" in {claim.source.entry_id for claim in suggestion.draft.claims}
    assert {"chosen_by_agent", "strong_complaint"} <= {reason.code for reason in suggestion.reasons}
    done = queue.decide(decision(swapped))
    assert (done.event, done.lane) == ("approve", "review")
    assert [label.expected_lane for label in queue.labels()] == [None]
    assert queue.verify() == []


def test_a_swap_can_be_taken_back_one_by_one(queue: ReviewQueue) -> None:
    item = first(queue)
    assert item.suggestion is not None and item.suggestion.draft is not None
    one = queue.swap_evidence(item.item_id, "faq-写真の共有", tenant="default", reviewer="佐藤")
    queue.swap_evidence(item.item_id, "faq-通知の停止", tenant="default", reviewer="佐藤")
    queue.claim(item.item_id, tenant="default", reviewer="佐藤")
    with pytest.raises(ClaimedByOther):
        queue.undo(item.item_id, tenant="default", reviewer="鈴木")
    back = queue.undo(item.item_id, tenant="default", reviewer="佐藤")
    assert (back.event, back.undoes, back.version) == ("unswap", one.decisions[-1].seq + 1, 4)
    now = again(queue, item)
    assert now.suggestion is not None and now.suggestion == one.suggestion
    queue.undo(item.item_id, tenant="default", reviewer="佐藤")
    now = again(queue, item)
    assert now.suggestion == item.suggestion and now.lane == item.lane
    with pytest.raises(NothingToUndo):
        queue.undo(item.item_id, tenant="default", reviewer="佐藤")
    third = queue.swap_evidence(item.item_id, "faq-写真の共有", tenant="default", reviewer="佐藤")
    queue.decide(decision(third))
    assert queue.figures(tenant="default").undone == 0
    assert queue.verify() == []


def test_an_escalation_comes_back_with_its_route(queue: ReviewQueue) -> None:
    item = _angry(queue)
    queue.swap_evidence(item.item_id, "faq-印刷", tenant="default", reviewer="佐藤")
    queue.undo(item.item_id, tenant="default", reviewer="佐藤")
    now = again(queue, item)
    assert (now.lane, now.route, now.urgency) == (item.lane, item.route, item.urgency)
    assert now.suggestion == item.suggestion


def test_withdrawn_items_count_nowhere_and_come_back(queue: ReviewQueue) -> None:
    queue.import_inquiries([inquiry(n) for n in range(4)], reviewer="山田")
    listed = queue.items(tenant="default").items
    approved = queue.decide(decision(queue.item(listed[0].item_id, tenant="default")))
    assert approved.candidate_id is not None
    ids = [listed[0].item_id, listed[1].item_id]
    with pytest.raises(InvalidDecision, match="say why"):
        queue.withdraw(ids, tenant="default", reviewer="須藤", reason=" ")
    with pytest.raises(UnknownItem):
        queue.withdraw([*ids, "i0"], tenant="default", reviewer="須藤", reason="試行")
    assert queue.items(tenant="default").total == 3  # all or none
    gone = queue.withdraw(ids, tenant="default", reviewer="須藤", reason="試行")
    assert [(record.event, record.reason) for record in gone] == [("withdraw", "試行")] * 2
    figures = queue.figures(tenant="default")
    assert (figures.inquiries, figures.open, figures.actions["approve"].hits) == (2, 2, 0)
    assert queue.items(tenant="default").total == queue.items(tenant="default", state="all").total == 2
    assert queue.items(tenant="default", state="withdrawn").total == 2
    assert list(queue.labels()) == []
    assert [case.state for case in queue.candidates(tenant="default", state="all")] == ["withdrawn"]
    with pytest.raises(AlreadyDecided, match="was withdrawn"):
        queue.decide(decision(queue.item(ids[1], tenant="default")))
    with pytest.raises(AlreadyDecided, match="withdrawn before"):
        queue.withdraw(ids[:1], tenant="default", reviewer="須藤", reason="試行")
    report = queue.import_inquiries([inquiry(n) for n in range(4)], reviewer="山田")
    assert (report.imported, len(report.withdrawn)) == (0, 2)
    with pytest.raises(NotAllowed, match="withdrawn by 須藤"):
        queue.undo(ids[0], tenant="default", reviewer="佐藤")
    assert queue.undo(ids[0], tenant="default", reviewer="佐藤", supervisor=True).event == "restore"
    queue.undo(ids[1], tenant="default", reviewer="須藤")
    states = {each: queue.item(each, tenant="default").state for each in ids}
    assert states == {ids[0]: "approved", ids[1]: "open"}
    assert queue.figures(tenant="default").actions["approve"].hits == 1
    assert queue.verify() == []


def test_what_is_withdrawn_can_be_forgotten(queue: ReviewQueue) -> None:
    item = first(queue)
    queue.withdraw([item.item_id], tenant="default", reviewer="須藤", reason="試行")
    queue.forget(item.item_id, tenant="default", reviewer="須藤")
    assert queue.verify() == []
    queue.undo(item.item_id, tenant="default", reviewer="須藤")
    assert again(queue, item).state == "forgotten"
    assert queue.verify() == []


def test_the_newest_entries_of_the_ledger_come_page_by_page(queue: ReviewQueue) -> None:
    queue.import_inquiries([inquiry(n) for n in range(5)], reviewer="山田")
    first_page = queue.newest(tenant="default", limit=2)
    assert [record.seq for record in first_page] == [5, 4]
    assert [record.seq for record in queue.newest(tenant="default", before=4, limit=9)] == [3, 2, 1]
    assert queue.newest(tenant="other") == ()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("お世話になっております。\n株式会社サンプルの田中です。\n印刷ができません。", "印刷ができません。"),
        ("件名：Re: 印刷の不具合\n\nお世話になっております。\n紙が出ません。困っています。", "印刷の不具合"),
        ("件名：お問い合わせ\n\n紙が出てきません。どうすればいいですか。", "紙が出てきません。どうすればいいですか。"),
        ("初めまして。2点質問があります。\n印刷はできますか。", "印刷はできますか。"),
        ("お世話になっております。", "お世話になっております。"),
        ("\u3000\n", ""),
    ],
)  # fmt: skip
def test_a_row_says_what_it_is_about(queue: ReviewQueue, text: str, title: str) -> None:
    assert first(queue, text=text).title == title


def test_the_command_withdraws_a_whole_file(folder: Path) -> None:
    from typer.testing import CliRunner

    from suggest.cli import app

    file = folder.parent / "trial.jsonl"
    file.write_text("\n".join(inquiry(n).model_dump_json() for n in (1, 2)), encoding="utf-8")
    with ReviewQueue.open(folder, embedder=HashingEmbedder()) as queue:
        queue.import_inquiries([inquiry(n) for n in (1, 2, 3)], reviewer="山田")
    base = ["withdraw", "--kb", str(folder), "--reason", "試行"]
    missing = CliRunner().invoke(app, [*base, "q9"])
    assert isinstance(missing.exception, UnknownItem) and "'q9'" in str(missing.exception)
    assert CliRunner().invoke(app, base).exit_code == 2
    done = CliRunner().invoke(app, [*base, "--file", str(file), "--json"])
    assert done.exit_code == 0, done.output
    assert [record["event"] for record in json.loads(done.stdout)["withdrawn"]] == ["withdraw"] * 2
    with ReviewQueue.open(folder, embedder=HashingEmbedder()) as queue:
        assert [item.inquiry_id for item in queue.items(tenant="default").items] == ["q3"]
