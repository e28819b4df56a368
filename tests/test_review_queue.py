"""The queue and its ledger, the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from suggest import KnowledgeBase, ResolvedCase, ReviewDecision, ReviewQueue, Settings
from suggest.errors import (
    AlreadyDecided,
    ClaimedByOther,
    FormatVersionError,
    InvalidDecision,
    InvalidRecord,
    KnowledgeBaseError,
    LedgerError,
    NotAllowed,
    NothingToUndo,
    SettingsError,
    StaleVersion,
    UnknownItem,
    UnknownTenant,
)
from suggest.review import DecisionRecord
from suggest.settings import Review
from suggest.testing import HashingEmbedder

from .review_desk import ENTRIES, START, Clock, again, decision, first, inquiry


def test_import_gives_items_once(queue: ReviewQueue) -> None:
    report = queue.import_inquiries([inquiry(1), inquiry(2), inquiry(1)], reviewer="山田")
    assert (report.imported, report.skipped, report.lanes) == (2, 1, {"review": 2})
    report = queue.import_inquiries(
        [inquiry(2), inquiry(1, text="別の質問です"), inquiry(3)], reviewer="山田"
    )
    assert (report.imported, report.skipped, report.differing) == (1, 2, ("q1",))
    page = queue.items(tenant="default")
    assert page.total == 3 and {item.inquiry_id for item in page.items} == {"q1", "q2", "q3"}
    item = queue.item(page.items[0].item_id, tenant="default")
    assert item.inquiry is not None and item.inquiry.text == "印刷の方法を教えてください。"
    assert item.suggestion is not None and item.suggestion.draft is not None
    assert "設定画面" in item.suggestion.draft.text
    assert [entry.event for entry in item.decisions] == ["import"]
    assert queue.verify() == []


def test_the_same_id_is_another_item_in_another_tenant(queue: ReviewQueue) -> None:
    queue.import_inquiries([inquiry(1), inquiry(1, tenant="other", text="印鑑の方法は？")], reviewer="山田")
    [mine] = queue.items(tenant="default").items
    [theirs] = queue.items(tenant="other").items
    assert mine.item_id != theirs.item_id
    for call in (
        lambda: queue.item(theirs.item_id, tenant="default"),
        lambda: queue.claim(theirs.item_id, tenant="default", reviewer="佐藤"),
        lambda: queue.release(theirs.item_id, tenant="default", reviewer="佐藤"),
        lambda: queue.undo(theirs.item_id, tenant="default", reviewer="佐藤"),
        lambda: queue.swap_evidence(theirs.item_id, "faq-印刷", tenant="default", reviewer="佐藤"),
        lambda: queue.forget(theirs.item_id, tenant="default", reviewer="佐藤"),
        lambda: queue.decide(
            ReviewDecision(
                item_id=theirs.item_id, tenant="default", action="reject", reviewer="佐藤", version=1
            )
        ),
    ):
        with pytest.raises(UnknownItem):
            call()
    queue.decide(decision(queue.item(theirs.item_id, tenant="other"), reason="秘密"))
    assert not list(queue.decisions(tenant="default"))
    assert queue.candidates(tenant="default") == []
    assert queue.figures(tenant="default").inquiries == 1
    assert queue.items(tenant="default", query="印鑑", state="all").total == 0
    assert all(match.entry_id != "faq-印鑑" for match in queue.search("印鑑", tenant="default"))


@pytest.mark.parametrize("tenant", ["", "  ", "a\nb", "x" * 201])
def test_a_call_without_a_tenant_is_refused(queue: ReviewQueue, tenant: str) -> None:
    item = first(queue)
    calls: list[Callable[[], object]] = [
        lambda: queue.items(tenant=tenant),
        lambda: queue.item(item.item_id, tenant=tenant),
        lambda: queue.claim(item.item_id, tenant=tenant, reviewer="佐藤"),
        lambda: queue.release(item.item_id, tenant=tenant, reviewer="佐藤"),
        lambda: queue.undo(item.item_id, tenant=tenant, reviewer="佐藤"),
        lambda: queue.swap_evidence(item.item_id, "faq-印刷", tenant=tenant, reviewer="佐藤"),
        lambda: queue.search("印刷", tenant=tenant),
        lambda: queue.candidates(tenant=tenant),
        lambda: queue.judge_candidate("learned-1", tenant=tenant, supervisor="佐藤", approve=True),
        lambda: list(queue.decisions(tenant=tenant)),
        lambda: queue.figures(tenant=tenant),
        lambda: queue.import_surveys([], tenant=tenant, reviewer="佐藤"),
        lambda: queue.forget(item.item_id, tenant=tenant, reviewer="佐藤"),
    ]
    for call in calls:
        with pytest.raises(UnknownTenant, match="names no tenant"):
            call()


def test_an_inquiry_of_an_unknown_tenant_stops_the_import_after_those_before_it(queue: ReviewQueue) -> None:
    with pytest.raises(UnknownTenant, match="'nobody'"):
        queue.import_inquiries([inquiry(1), inquiry(2, tenant="nobody"), inquiry(3)], reviewer="山田")
    assert queue.items(tenant="default").total == 1


def test_the_queue_is_ordered_by_urgency_then_age_and_can_be_searched(
    queue: ReviewQueue, clock: Clock
) -> None:
    day = timedelta(days=1)
    queue.import_inquiries(
        [
            inquiry(1, received_at=START - day),
            inquiry(2, received_at=START - 3 * day),
            inquiry(3, text="製品から煙が出て火傷をしました。", received_at=START),
            inquiry(4, text="弁護士に相談して訴えます。", received_at=START - 9 * day),
            inquiry(5, text="写真の共有の方法は？ 100%_お願いします", received_at=START - 2 * day),
        ],
        reviewer="山田",
    )
    page = queue.items(tenant="default")
    assert [item.inquiry_id for item in page.items] == ["q3", "q4", "q2", "q5", "q1"]
    assert [item.urgency for item in page.items] == [3, 2, 1, 1, 1]
    assert [i.inquiry_id for i in queue.items(tenant="default", offset=1, limit=2).items] == ["q4", "q2"]
    assert queue.items(tenant="default", lane="escalate").total == 2
    assert [i.inquiry_id for i in queue.items(tenant="default", query="100%_").items] == ["q5"]
    assert [i.inquiry_id for i in queue.items(tenant="default", query="１００％").items] == ["q5"]
    assert [i.inquiry_id for i in queue.items(tenant="default", query="Q4").items] == ["q4"]
    assert queue.items(tenant="default", query="%").total == 1
    assert queue.items(tenant="default", query="'; DROP TABLE review_items; --").total == 0
    queue.decide(decision(queue.item(page.items[0].item_id, tenant="default"), "escalate"))
    assert queue.items(tenant="default").total == 4
    assert queue.items(tenant="default", state="decided").total == 1
    assert queue.items(tenant="default", state="escalated").total == 1
    assert queue.items(tenant="default", state="all").total == 5


def test_approving_keeps_before_and_after(queue: ReviewQueue, clock: Clock) -> None:
    item = first(queue, received_at=START - timedelta(hours=1))
    queue.claim(item.item_id, tenant="default", reviewer="佐藤")
    clock.on(seconds=90)
    done = queue.decide(decision(item, reason="そのとおり", session="s-1"))
    draft = item.suggestion.draft if item.suggestion else None
    assert draft is not None
    assert (done.event, done.reviewer, done.at) == ("approve", "佐藤", START + timedelta(seconds=90))
    assert (done.before, done.after, done.edit_distance) == (draft.text, draft.text, None)
    assert (done.reason, done.session, done.claimed_at) == ("そのとおり", "s-1", START)
    assert (done.version, done.lane, done.entry_ids[0]) == (2, "review", "faq-印刷")
    now = again(queue, item)
    assert (now.state, now.version, now.reviewer, now.final_text) == ("approved", 2, "佐藤", draft.text)
    assert now.claim is None and now.decided_at == START + timedelta(seconds=90)
    assert now.decisions[-1] == done
    assert list(queue.decisions(tenant="default")) == [done]
    with pytest.raises(AlreadyDecided, match="approved by 佐藤 at 2026-04-01 09:01"):
        queue.decide(decision(item))
    assert queue.verify() == []


def test_an_edit_keeps_both_texts_and_how_far_they_are_apart(queue: ReviewQueue) -> None:
    item = first(queue)
    assert item.suggestion is not None and item.suggestion.draft is not None
    before = item.suggestion.draft.text
    done = queue.decide(decision(item, "edit", text=before + "追記"))
    assert (done.event, done.before, done.after) == ("edit", before, before + "追記")
    assert done.edit_distance == round(2 / (len(before) + 2), 4)
    assert again(queue, item).final_text == before + "追記"


def test_an_edit_that_changes_nothing_is_an_approval(queue: ReviewQueue) -> None:
    item = first(queue)
    assert item.suggestion is not None and item.suggestion.draft is not None
    done = queue.decide(decision(item, "edit", text=item.suggestion.draft.text))
    assert (done.event, done.edit_distance) == ("approve", None)


def test_rejecting_and_escalating(queue: ReviewQueue) -> None:
    queue.import_inquiries([inquiry(1), inquiry(2), inquiry(3)], reviewer="山田")
    one, two, three = (queue.item(i.item_id, tenant="default") for i in queue.items(tenant="default").items)
    done = queue.decide(decision(one, "reject", reason_code="wrong_evidence", reason="違う"))
    assert (done.reason_code, done.after, again(queue, one).state) == ("wrong_evidence", None, "rejected")
    assert queue.decide(decision(two, "reject")).reason_code == "other"
    assert queue.decide(decision(three, "escalate", route="billing")).route == "billing"


@pytest.mark.parametrize(
    ("action", "fields", "words"),
    [
        ("edit", {}, "needs the final text"),
        ("edit", {"text": " \n"}, "needs the final text"),
        ("approve", {"text": "x"}, "give a changed text with 'edit'"),
        ("reject", {"text": "x"}, "takes no text"),
        ("escalate", {"text": " "}, "needs the final text"),
    ],
)
def test_decisions_that_make_no_sense(
    queue: ReviewQueue, action: str, fields: dict[str, str], words: str
) -> None:
    item = first(queue)
    with pytest.raises(InvalidDecision, match=words):
        queue.decide(decision(item, action, **fields))
    assert again(queue, item).state == "open"


def test_without_a_draft_there_is_nothing_to_approve(queue: ReviewQueue) -> None:
    item = first(queue, text="zzz qqq?")  # a clear question is not asked back
    assert item.suggestion is not None and item.suggestion.draft is None
    with pytest.raises(InvalidDecision, match="no draft to approve"):
        queue.decide(decision(item))
    done = queue.decide(decision(item, "edit", text="調べてご連絡いたします。"))
    assert (done.before, done.after, done.edit_distance) == (None, "調べてご連絡いたします。", 1.0)


def test_a_blank_must_be_filled_in(queue: ReviewQueue) -> None:
    item = first(queue, text="印刷の方法を教えてください。また、zzz qqq はどうすればよいですか？")
    assert item.suggestion is not None and item.suggestion.draft is not None
    blanks = [c.text for c in item.suggestion.draft.claims if c.source.kind == "agent"]
    assert blanks
    with pytest.raises(InvalidDecision, match="blank is not filled in"):
        queue.decide(decision(item))
    text = item.suggestion.draft.text
    with pytest.raises(InvalidDecision, match="blank is not filled in"):
        queue.decide(decision(item, "edit", text=text + "追記"))
    queue.decide(decision(item, "edit", text=text.replace(blanks[0], "zzzは不要です。")))


@pytest.mark.parametrize("name", ["", " ", "a\x00b", "x\ny", "x" * 201])
def test_people_have_names(queue: ReviewQueue, name: str) -> None:
    item = first(queue)
    with pytest.raises(InvalidRecord):
        decision(item, reviewer=name)
    with pytest.raises(InvalidRecord, match="name of a person"):
        queue.claim(item.item_id, tenant="default", reviewer=name)


def test_claims_keep_others_away_until_they_run_out(queue: ReviewQueue, clock: Clock) -> None:
    item = first(queue)
    held = queue.claim(item.item_id, tenant="default", reviewer="佐藤", seconds=60)
    assert (held.since, held.until) == (START, START + timedelta(seconds=60))
    assert queue.items(tenant="default").items[0].claim == held
    for call in (
        lambda: queue.claim(item.item_id, tenant="default", reviewer="鈴木"),
        lambda: queue.release(item.item_id, tenant="default", reviewer="鈴木"),
        lambda: queue.decide(decision(item, reviewer="鈴木")),
        lambda: queue.swap_evidence(item.item_id, "faq-印刷", tenant="default", reviewer="鈴木"),
    ):
        with pytest.raises(ClaimedByOther, match="claimed by 佐藤 until 2026-04-01 09:01:00"):
            call()
    clock.on(seconds=30)
    longer = queue.claim(item.item_id, tenant="default", reviewer="佐藤", seconds=60)
    assert (longer.since, longer.until) == (START, START + timedelta(seconds=90))
    clock.on(seconds=60)
    assert again(queue, item).claim is None
    taken = queue.claim(item.item_id, tenant="default", reviewer="鈴木")
    assert taken.since == START + timedelta(seconds=90)
    with pytest.raises(ClaimedByOther):
        queue.decide(decision(item))
    queue.release(item.item_id, tenant="default", reviewer="鈴木")
    queue.release(item.item_id, tenant="default", reviewer="鈴木")
    queue.decide(decision(item))
    with pytest.raises(AlreadyDecided):
        queue.claim(item.item_id, tenant="default", reviewer="鈴木")
    with pytest.raises(InvalidDecision, match="seconds"):
        queue.claim(item.item_id, tenant="default", reviewer="鈴木", seconds=0)


def test_undo_opens_again_and_deletes_nothing(queue: ReviewQueue) -> None:
    item = first(queue)
    with pytest.raises(NothingToUndo):
        queue.undo(item.item_id, tenant="default", reviewer="佐藤")
    done = queue.decide(decision(item))
    with pytest.raises(NotAllowed, match="approved by 佐藤"):
        queue.undo(item.item_id, tenant="default", reviewer="鈴木")
    undone = queue.undo(item.item_id, tenant="default", reviewer="佐藤")
    assert (undone.event, undone.undoes, undone.version) == ("undo", done.seq, 3)
    now = again(queue, item)
    assert (now.state, now.version, now.reviewer, now.final_text) == ("open", 3, None, None)
    with pytest.raises(StaleVersion, match="you saw version 1, it is at 3"):
        queue.decide(decision(item))
    queue.decide(decision(now, "reject"))
    queue.undo(item.item_id, tenant="default", reviewer="鈴木", supervisor=True)
    assert [r.event for r in again(queue, item).decisions] == ["import", "approve", "undo", "reject", "undo"]
    assert queue.verify() == []


def test_swapped_evidence_makes_another_draft(queue: ReviewQueue) -> None:
    item = first(queue)
    swapped = queue.swap_evidence(item.item_id, "faq-写真の共有", tenant="default", reviewer="佐藤")
    assert swapped.suggestion is not None and swapped.suggestion.draft is not None
    cited = {c.source.entry_id for c in swapped.suggestion.draft.claims if c.source.kind == "entry"}
    assert cited == {"faq-写真の共有"}
    assert (swapped.version, swapped.lane) == (2, "review")
    assert "chosen_by_agent" in {reason.code for reason in swapped.suggestion.reasons}
    assert (swapped.decisions[-1].event, swapped.decisions[-1].entry_ids) == ("swap", ("faq-写真の共有",))
    with pytest.raises(StaleVersion):
        queue.decide(decision(item))
    done = queue.decide(decision(swapped))
    assert done.before == swapped.suggestion.draft.text
    with pytest.raises(AlreadyDecided):
        queue.swap_evidence(item.item_id, "faq-印刷", tenant="default", reviewer="佐藤")
    assert queue.verify() == []


@pytest.mark.parametrize(
    ("entry", "concern"), [("nothing", 0), ("faq-印鑑", 0), ("faq-印刷", 3), ("faq-印刷", -1)]
)
def test_evidence_that_may_not_be_used(queue: ReviewQueue, entry: str, concern: int) -> None:
    item = first(queue)
    with pytest.raises(InvalidDecision, match=r"no such entry|the inquiry has 1"):
        queue.swap_evidence(item.item_id, entry, tenant="default", reviewer="佐藤", concern=concern)
    assert again(queue, item).version == 1


def test_what_customers_write_stays_as_it_is(queue: ReviewQueue) -> None:
    hostile = "印刷\x00の方法' OR 1=1; -- <script>alert(1)</script> {{7*7}} ../../etc/passwd =cmd|'/C calc'!A0 \u202e"
    item = first(queue, text=hostile, id="'); DROP TABLE review_items; --\x00")
    assert item.inquiry is not None and item.inquiry.text == hostile
    done = queue.decide(decision(item, "edit", text=hostile, reason=hostile, session="\x00"))
    assert (done.after, done.reason, done.session) == (hostile, hostile, "\x00")
    assert queue.verify() == []


def test_odd_values_are_refused_or_kept(queue: ReviewQueue) -> None:
    first(queue, received_at="0001-01-01T00:00:00+14:00")
    queue.import_inquiries([inquiry(2, received_at="9999-12-31T23:59:59-12:00")], reviewer="山田")
    ages = [item.received_at.year for item in queue.items(tenant="default").items]
    assert ages == [1, 9999]
    assert queue.items(tenant="default", offset=10**30, limit=10**30).items == ()
    assert queue.items(tenant="default", offset=-5, limit=-1).items == ()
    for item_id in ("", "\x00", "\ud800", "あ", "x" * 10_000, "' OR 1=1 --"):
        with pytest.raises(UnknownItem):
            queue.item(item_id, tenant="default")
        with pytest.raises(UnknownItem):
            queue.judge_candidate(item_id, tenant="default", supervisor="鈴木", approve=True)


def test_decisions_since(queue: ReviewQueue, clock: Clock) -> None:
    queue.import_inquiries([inquiry(n) for n in range(3)], reviewer="山田")
    for item in queue.items(tenant="default").items:
        queue.decide(decision(queue.item(item.item_id, tenant="default"), "reject"))
        clock.on(hours=1)
    assert [r.at for r in queue.decisions(tenant="default", since=START + timedelta(hours=1))] == [
        START + timedelta(hours=1),
        START + timedelta(hours=2),
    ]
    everything = list(queue.decisions(tenant="default", everything=True))
    assert [r.seq for r in everything] == [1, 2, 3, 4, 5, 6]
    assert [r.previous for r in everything[1:]] == [r.hash for r in everything[:-1]]


def tamper(queue: ReviewQueue, settings: Settings, *statements: str) -> None:
    """Change the database behind the queue's back, without its guards."""
    url = settings.review.database or f"sqlite:///{queue.path / 'review.sqlite'}"
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()


def unguarded(settings: Settings, table: str) -> list[str]:
    if settings.review.database:
        return [f"ALTER TABLE {table} DISABLE TRIGGER USER"]
    names = {
        "ledger_chain": ("ledger_chain_update", "ledger_chain_delete", "ledger_chain_insert"),
        "ledger_contents": ("ledger_contents_update", "ledger_contents_delete"),
    }
    return [f"DROP TRIGGER {name}" for name in names[table]]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_chain SET reviewer = 'x' WHERE seq = 2",
        "DELETE FROM ledger_chain WHERE seq = 2",
        "UPDATE ledger_contents SET content = '{}' WHERE seq = 2",
        "DELETE FROM ledger_contents WHERE seq = 2",
    ],
)
def test_the_database_refuses_to_change_the_ledger(
    queue: ReviewQueue, review_settings: Settings, statement: str
) -> None:
    queue.decide(decision(first(queue)))
    with pytest.raises(DBAPIError, match=r"append-only|never changed|erased only"):
        tamper(queue, review_settings, statement)
    assert queue.verify() == []


def test_sqlite_refuses_to_replace_rows(folder: Path) -> None:
    with ReviewQueue.open(folder, embedder=HashingEmbedder()) as queue:
        queue.decide(decision(first(queue)))
        for table in ("ledger_chain", "ledger_contents"):
            with pytest.raises(DBAPIError, match=r"append-only|never changed"):
                tamper(
                    queue, Settings(), f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE seq = 2"
                )
        assert queue.verify() == []


@pytest.mark.parametrize(
    ("table", "statement", "words"),
    [
        ("ledger_chain", "UPDATE ledger_chain SET reviewer = 'x' WHERE seq = 2", r"entry 2 .* was altered"),
        ("ledger_chain", "UPDATE ledger_chain SET body = '{}' WHERE seq = 3", r"entry 3 .* was altered"),
        ("ledger_chain", "DELETE FROM ledger_chain WHERE seq = 2", "entry 2 is missing"),
        ("ledger_chain", "DELETE FROM ledger_chain WHERE seq = 4", "head says 4"),
        (
            "ledger_chain",
            f"UPDATE ledger_chain SET previous = '{'0' * 64}' WHERE seq = 3",
            "entry 3 does not follow",
        ),
        (
            "ledger_contents",
            "UPDATE ledger_contents SET content = '{}' WHERE seq = 2",
            "entry 2 .* text was altered",
        ),
        ("ledger_contents", "DELETE FROM ledger_contents WHERE seq = 2", "entry 2: its text is gone"),
        (None, "UPDATE review_items SET state = 'open' WHERE state = 'approved'", "the queue says open"),
        (None, "DELETE FROM review_items WHERE state = 'approved'", "is missing from the queue"),
        (
            None,
            "UPDATE review_candidates SET state = 'approved'",
            "is approved, which the ledger does not tell",
        ),
    ],
)
def test_verify_names_the_first_broken_link(
    queue: ReviewQueue, review_settings: Settings, table: str | None, statement: str, words: str
) -> None:
    queue.import_inquiries([inquiry(1), inquiry(2)], reviewer="山田")
    for item in queue.items(tenant="default").items:
        queue.decide(decision(queue.item(item.item_id, tenant="default")))
    assert queue.verify() == []
    tamper(queue, review_settings, *(unguarded(review_settings, table) if table else ()), statement)
    problems = queue.verify()
    assert problems
    import re

    assert re.search(words, problems[0]), problems


def test_a_database_of_a_newer_program_is_refused(
    queue: ReviewQueue, review_settings: Settings, folder: Path
) -> None:
    tamper(queue, review_settings, "INSERT INTO review_migrations (name) VALUES ('9999-later')")
    with pytest.raises(FormatVersionError, match="'9999-later' is not known here"):
        ReviewQueue.open(folder, settings=review_settings)


def test_databases_that_cannot_be_used(folder: Path) -> None:
    for url, words in (("mysql://x/y", "expected postgresql"), ("nonsense", "not a database URL")):
        with pytest.raises(SettingsError, match=words):
            ReviewQueue.open(folder, settings=Settings(review=Review(database=url)))
    with pytest.raises(KnowledgeBaseError, match="there is no knowledge base"):
        ReviewQueue.open(folder / "absent")
    (folder / "review.sqlite").write_bytes(b"no database at all, but long enough to be taken for one" * 100)
    with pytest.raises(LedgerError, match=r"review\.sqlite"):
        ReviewQueue.open(folder)


def test_records_are_whole(queue: ReviewQueue) -> None:
    """A record survives being written as JSON and read again."""
    done = queue.decide(decision(first(queue)))
    assert DecisionRecord(**done.model_dump(mode="json")) == done


def test_cases_are_evidence_too(queue: ReviewQueue, folder: Path) -> None:
    with KnowledgeBase.open(folder, embedder=HashingEmbedder()) as kb:
        past = ResolvedCase(
            id="case-1",
            inquiry="印刷ができません",
            reply="紙を入れ直すと直ります。",
            resolves_with="faq-印刷",
            lang="ja",
        )
        kb.sync([*ENTRIES, past])
    swapped = queue.swap_evidence(first(queue).item_id, "case-1", tenant="default", reviewer="佐藤")
    assert swapped.suggestion is not None
    assert swapped.suggestion.concerns[0].entry_ids[0] == "case-1"
