"""Decisions as labels: what reviewers did says which evidence answered.

====================================  ============================  ==============================
decision that stands                  entries that answered         lane that would have been right
====================================  ============================  ==============================
approve; edit with distance ≤ 0.2     best of each question, cited  any
edit with a greater distance          those still quoted            ``review``
reject: incomplete, tone              best of each question, cited  ``review``
reject: any other reason              none                          ``review``
escalate; any draft of ``escalate``   none                          ``escalate`` with its route
====================================  ============================  ==============================

A draft that cites no entry (questions back, a reply written from nothing) counts as unanswered. Undone decisions
and inquiries that were forgotten or withdrawn are no labels.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from suggest.learn import LabelledInquiry
from suggest.records import Draft, Lane
from suggest.review import history, items, learned
from suggest.review.database import Database
from suggest.review.records import DecisionRecord
from suggest.review.tables import items as table

SMALL_EDIT = 0.2
"""Up to this share of changed characters an edit is a correction of wording, and the evidence was right."""
_EVIDENCE_WAS_RIGHT = frozenset({"incomplete", "tone"})
_AT_ONCE = 200


def labels(db: Database) -> Iterator[LabelledInquiry]:
    """Yield the decisions that stand, of all tenants, as labelled inquiries for ``calibrate``.

    Each has the id of the case that may be learnt from it, so that this case never answers its own label.
    """
    c = table.c
    stands = (c.decided_seq.is_not(None), c.inquiry_id != "", c.state != "withdrawn")
    query = select(c.tenant, c.item_id, c.decided_seq).where(*stands)
    with db.reading() as connection:
        decided = connection.execute(query.order_by(c.tenant, c.decided_seq)).all()
    for start in range(0, len(decided), _AT_ONCE):
        with db.reading() as connection:
            for tenant, item_id, seq in decided[start : start + _AT_ONCE]:
                held = items.standing(connection, tenant, item_id)
                record = history.one(connection, tenant, seq)
                if held.inquiry is None or held.suggestion is None or record.forgotten:
                    continue  # forgotten since the list was made
                entries, lane, route = _said(record, held.suggestion.draft, held.best)
                yield LabelledInquiry(
                    inquiry=held.inquiry.model_copy(update={"id": learned.candidate_id_of(item_id)}),
                    expected_entries=dict.fromkeys(entries, 2),
                    expected_lane=lane,
                    route=route,
                )


def _said(
    record: DecisionRecord, draft: Draft | None, best: tuple[tuple[str, str] | None, ...]
) -> tuple[set[str], Lane | None, str | None]:
    """Return the entries that answered, the lane that would have been right, and the route."""
    if record.event == "escalate" or record.lane == "escalate":
        return set(), "escalate", record.route
    cited = learned.kept_entries(draft, record.before or "")
    offered = {*cited, *(entry for pair in best if pair is not None for entry in pair)} if cited else set()
    small = (record.edit_distance or 0.0) <= SMALL_EDIT
    if offered and (record.event == "approve" or (record.event == "edit" and small)):
        return offered, None, None
    if record.event == "edit":
        return set(learned.kept_entries(draft, record.after or "")), "review", None
    if record.event == "reject" and record.reason_code in _EVIDENCE_WAS_RIGHT:
        return offered, "review", None
    return set(), "review", None
