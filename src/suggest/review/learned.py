"""Cases learnt from replies that were approved or edited: candidates first, entries once a supervisor agrees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, delete, insert, select, update

from suggest.errors import AlreadyDecided, NotAllowed, UnknownItem
from suggest.records import Draft, Entry, Inquiry, PersonalData, ResolvedCase, Suggestion
from suggest.review.chain import append, lock, read_json
from suggest.review.database import Database
from suggest.review.items import is_id
from suggest.review.records import CandidateCase
from suggest.review.tables import candidates, contents, moment, stamp
from suggest.understand import find_personal_data, understand
from suggest.understand.masking import replaced

PREFIX = "learned-"
_LISTED = ("1.", "1．", "1)", "・", "-", "①")


def candidate_id_of(item_id: str) -> str:
    """Return the id of the case that is learnt from an item: one for each item."""
    return PREFIX + item_id[1:]


def case_of(
    inquiry: Inquiry,
    suggestion: Suggestion,
    best: Sequence[tuple[str, str] | None],
    final: str,
    *,
    tenant: str,
    item_id: str,
    at: datetime,
) -> ResolvedCase | None:
    """Return the case to learn, unreviewed and with personal data masked; None when no text is left.

    Greeting and signature of the inquiry go, and so do the draft's template sentences. It names the article that it
    was answered with only where a sentence of that article is still in the final text.
    """
    asked = _masked(understand(inquiry).body or inquiry.text, "")
    public = (
        "\n".join(claim.text for claim in suggestion.draft.claims if claim.source.kind == "entry")
        if suggestion.draft
        else ""
    )
    reply = _masked(_without_templates(final, suggestion.draft), public)
    if not asked.strip() or not reply.strip():
        return None
    return ResolvedCase(
        id=candidate_id_of(item_id),
        inquiry=asked,
        reply=reply,
        resolves_with=_article(suggestion, best, final),
        lang=suggestion.language,
        tenant=tenant,
        updated_at=at,
        trust="unreviewed",
        extra={"learned_from": item_id},
    )


def kept_entries(draft: Draft | None, final: str) -> tuple[str, ...]:
    """Return the entries of which a sentence is still in the final text, in the draft's order."""
    if draft is None:
        return ()
    cited = [
        claim.source.entry_id
        for claim in draft.claims
        if claim.source.kind == "entry" and claim.source.entry_id is not None and claim.text in final
    ]
    return tuple(dict.fromkeys(cited))


def put(
    connection: Connection, case: ResolvedCase, *, item_id: str, seq: int, reviewer: str, at: datetime
) -> None:
    """Make the case of a decision the waiting candidate of its item; its text stands in the decision's entry."""
    connection.execute(delete(candidates).where(candidates.c.candidate_id == case.id))
    values = {
        "candidate_id": case.id,
        "tenant": case.tenant,
        "item_id": item_id,
        "seq": seq,
        "state": "waiting",
        "reviewer": reviewer,
        "learned_at": stamp(at),
    }
    connection.execute(insert(candidates).values(values))


def withdraw(connection: Connection, tenant: str, item_id: str) -> str | None:
    """Take back an item's candidate, also an approved one; return its id, None when there is none."""
    mine = and_(candidates.c.tenant == tenant, candidates.c.item_id == item_id)
    found = connection.execute(select(candidates.c.candidate_id).where(mine)).scalar_one_or_none()
    connection.execute(update(candidates).where(mine).values(state="withdrawn"))
    return found


def listing(db: Database, tenant: str, state: str) -> list[CandidateCase]:
    """Return a tenant's candidates in a state, or ``all``, oldest first."""
    query = _joined().where(candidates.c.tenant == tenant)
    if state != "all":
        query = query.where(candidates.c.state == state)
    with db.reading() as connection:
        rows = (
            connection.execute(query.order_by(candidates.c.learned_at, candidates.c.candidate_id))
            .mappings()
            .all()
        )
    return [_candidate(row) for row in rows]


def of_item(connection: Connection, tenant: str, item_id: str) -> str | None:
    """Return the id of the case learnt from an item, in whatever state."""
    mine = and_(candidates.c.tenant == tenant, candidates.c.item_id == item_id)
    return connection.execute(select(candidates.c.candidate_id).where(mine)).scalar_one_or_none()


def approved_entries(db: Database) -> list[Entry]:
    """Return the approved cases of all tenants as entries with the trust ``approved``, by id."""
    query = _joined().where(candidates.c.state == "approved").order_by(candidates.c.candidate_id)
    with db.reading() as connection:
        rows = connection.execute(query).mappings().all()
    cases = (_candidate(row).case for row in rows)
    return [case.model_copy(update={"trust": "approved"}) for case in cases if case is not None]


def judge(
    db: Database,
    candidate_id: str,
    *,
    tenant: str,
    supervisor: str,
    approve: bool,
    reason: str,
    now: datetime,
) -> CandidateCase:
    """Record a supervisor's judgement; raises as ``ReviewQueue.judge_candidate``."""
    here = and_(candidates.c.tenant == tenant, candidates.c.candidate_id == candidate_id)
    with db.writing() as connection:
        lock(connection, tenant)
        row = (
            connection.execute(_joined().where(here)).mappings().one_or_none()
            if is_id(candidate_id)
            else None
        )
        if row is None:
            raise UnknownItem(f"tenant {tenant!r} has no learnt case {candidate_id[:60]!r}")
        if row["state"] != "waiting":
            raise AlreadyDecided(f"learnt case {candidate_id} is not waiting: it was {row['state']}")
        if _same_person(row["reviewer"], supervisor):
            raise NotAllowed(
                f"learnt case {candidate_id}: {supervisor} approved or wrote this reply; somebody else has to judge it"
            )
        state = "approved" if approve else "rejected"
        head = append(
            connection,
            tenant,
            "learn_approve" if approve else "learn_reject",
            item_id=row["item_id"],
            reviewer=supervisor,
            at=now,
            body={"candidate_id": candidate_id, "decision": row["seq"]},
            content={"reason": reason},
        )
        judged = {"state": state, "supervisor": supervisor, "judged_at": stamp(now), "judged_seq": head.seq}
        connection.execute(update(candidates).where(here).values(judged))
        row = connection.execute(_joined().where(here)).mappings().one()
    return _candidate(row)


def _joined() -> Any:
    of_judgement = contents.alias()
    decided = and_(contents.c.tenant == candidates.c.tenant, contents.c.seq == candidates.c.seq)
    judged = and_(of_judgement.c.tenant == candidates.c.tenant, of_judgement.c.seq == candidates.c.judged_seq)
    source = candidates.outerjoin(contents, decided).outerjoin(of_judgement, judged)
    return select(candidates, contents.c.content, of_judgement.c.content.label("judgement")).select_from(
        source
    )


def _candidate(row: RowMapping) -> CandidateCase:
    where = f"learnt case {row['candidate_id']}"
    content = read_json(row["content"], where) if row["content"] is not None else {}
    judgement = read_json(row["judgement"], where) if row["judgement"] is not None else {}
    return CandidateCase(
        candidate_id=row["candidate_id"],
        tenant=row["tenant"],
        item_id=row["item_id"],
        state=row["state"],
        case=ResolvedCase(**content["candidate"]) if content.get("candidate") else None,
        reviewer=row["reviewer"],
        learned_at=moment(row["learned_at"]),
        supervisor=row["supervisor"],
        judged_at=None if row["judged_at"] is None else moment(row["judged_at"]),
        reason=judgement.get("reason", ""),
    )


def _masked(text: str, public: str) -> str:
    """Return ``text`` with personal data masked, but for what the team's own entries say in ``public``."""
    found: list[PersonalData] = [
        span for span in find_personal_data(text, strict=True) if text[span.start : span.end] not in public
    ]
    return replaced(text, found)


def _without_templates(text: str, draft: Draft | None) -> str:
    """Drop lines that are nothing but template sentences, unless they lead to a list."""
    phrases = (
        {claim.text.strip() for claim in draft.claims if claim.source.kind == "template"} if draft else set()
    )
    lines = text.strip().split("\n")
    kept = [
        line
        for line, after in zip(lines, [*lines[1:], ""], strict=True)
        if line.strip() not in phrases or not line.strip() or after.strip().startswith(_LISTED)
    ]
    tidy = "\n".join(kept).strip()
    while "\n\n\n" in tidy:
        tidy = tidy.replace("\n\n\n", "\n\n")
    return tidy or text.strip()


def _article(suggestion: Suggestion, best: Sequence[tuple[str, str] | None], final: str) -> str | None:
    """Return the one article that answered every concern and is still quoted, else None."""
    kinds = {match.entry_id: match.kind for match in suggestion.matches}
    answers = {
        answer
        for entry_id, answer in filter(None, best)
        if answer != entry_id or kinds.get(entry_id) == "faq"
    }
    if len(answers) != 1 or None in best:
        return None
    [answer] = answers
    return answer if answer in kept_entries(suggestion.draft, final) else None


def _same_person(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
