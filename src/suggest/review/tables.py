"""The tables of the review database, for queries. :mod:`suggest.review.migrations` makes them."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, String, Table, Text

metadata = MetaData()

chain = Table(
    "ledger_chain",
    metadata,
    Column("tenant", String(200), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("event", String(20), nullable=False),
    Column("item_id", String(40)),
    Column("reviewer", String(200), nullable=False),
    Column("at", String(27), nullable=False),
    Column("body", Text, nullable=False),
    Column("content_hash", String(64)),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
contents = Table(
    "ledger_contents",
    metadata,
    Column("tenant", String(200), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("item_id", String(40)),
    Column("salt", String(32), nullable=False),
    Column("content", Text, nullable=False),
)
heads = Table(
    "ledger_heads",
    metadata,
    Column("tenant", String(200), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
items = Table(
    "review_items",
    metadata,
    Column("item_id", String(40), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("inquiry_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("lane", String(10), nullable=False),
    Column("route", String(200)),
    Column("urgency", Integer, nullable=False),
    Column("confidence", Float),
    Column("language", String(2), nullable=False),
    Column("channel", String(10), nullable=False),
    Column("title", Text, nullable=False),
    Column("search_text", Text, nullable=False),
    Column("suggestion_seq", BigInteger, nullable=False),
    Column("received_at", String(27), nullable=False),
    Column("imported_at", String(27), nullable=False),
    Column("decided_at", String(27)),
    Column("decided_seq", BigInteger),
    Column("reviewer", String(200)),
    Column("claim_reviewer", String(200)),
    Column("claim_since", String(27)),
    Column("claim_until", String(27)),
)
candidates = Table(
    "review_candidates",
    metadata,
    Column("candidate_id", String(50), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("item_id", String(40), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),
    Column("reviewer", String(200), nullable=False),
    Column("learned_at", String(27), nullable=False),
    Column("supervisor", String(200)),
    Column("judged_at", String(27)),
    Column("judged_seq", BigInteger),
)
surveys = Table(
    "review_surveys",
    metadata,
    Column("tenant", String(200), primary_key=True),
    Column("item_id", String(40), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("satisfied", Integer, nullable=False),
    Column("answered_at", String(27), nullable=False),
)


def stamp(at: datetime) -> str:
    """Return a time as the tables hold it: UTC, microseconds, text that sorts as the times do."""
    try:
        utc = at.astimezone(UTC)
    except OverflowError:  # the first or last day of the calendar, in another zone
        utc = at
    return f"{utc.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def moment(stamped: str) -> datetime:
    """Return the time that :func:`stamp` wrote."""
    return datetime.fromisoformat(stamped[:-1]).replace(tzinfo=UTC)
