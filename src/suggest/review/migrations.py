"""How the review database came to its present form: named steps, only ever appended, never edited.

A database says which steps it has taken; opening it takes those that are missing, in one transaction. One that
has taken a step which this program does not know was written by a newer one and is refused.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text

from suggest.errors import FormatVersionError


class Migration(NamedTuple):
    """One step: SQL that both databases understand, then what only one of them does."""

    name: str
    both: tuple[str, ...]
    sqlite: tuple[str, ...] = ()
    postgresql: tuple[str, ...] = ()


_TABLES = (
    """CREATE TABLE ledger_chain (
        tenant VARCHAR(200) NOT NULL, seq BIGINT NOT NULL, event VARCHAR(20) NOT NULL, item_id VARCHAR(40),
        reviewer VARCHAR(200) NOT NULL, at VARCHAR(27) NOT NULL, body TEXT NOT NULL, content_hash VARCHAR(64),
        previous VARCHAR(64) NOT NULL, hash VARCHAR(64) NOT NULL, PRIMARY KEY (tenant, seq))""",
    "CREATE INDEX ledger_chain_item ON ledger_chain (tenant, item_id, seq)",
    """CREATE TABLE ledger_contents (
        tenant VARCHAR(200) NOT NULL, seq BIGINT NOT NULL, item_id VARCHAR(40), salt VARCHAR(32) NOT NULL,
        content TEXT NOT NULL, PRIMARY KEY (tenant, seq))""",
    "CREATE TABLE ledger_heads (tenant VARCHAR(200) NOT NULL PRIMARY KEY, seq BIGINT NOT NULL, hash VARCHAR(64) NOT NULL)",
    """CREATE TABLE review_items (
        item_id VARCHAR(40) NOT NULL PRIMARY KEY, tenant VARCHAR(200) NOT NULL, inquiry_id TEXT NOT NULL,
        version INTEGER NOT NULL, state VARCHAR(10) NOT NULL, lane VARCHAR(10) NOT NULL, route VARCHAR(200),
        urgency INTEGER NOT NULL, confidence DOUBLE PRECISION, language VARCHAR(2) NOT NULL,
        channel VARCHAR(10) NOT NULL, title TEXT NOT NULL, search_text TEXT NOT NULL, suggestion_seq BIGINT NOT NULL,
        received_at VARCHAR(27) NOT NULL, imported_at VARCHAR(27) NOT NULL, decided_at VARCHAR(27),
        decided_seq BIGINT, reviewer VARCHAR(200), claim_reviewer VARCHAR(200), claim_since VARCHAR(27),
        claim_until VARCHAR(27))""",
    """CREATE INDEX review_items_queue ON review_items (tenant, state, urgency DESC, received_at, item_id)""",
    "CREATE INDEX review_items_received ON review_items (tenant, received_at)",
    """CREATE TABLE review_candidates (
        candidate_id VARCHAR(50) NOT NULL PRIMARY KEY, tenant VARCHAR(200) NOT NULL, item_id VARCHAR(40) NOT NULL,
        seq BIGINT NOT NULL, state VARCHAR(10) NOT NULL, reviewer VARCHAR(200) NOT NULL,
        learned_at VARCHAR(27) NOT NULL, supervisor VARCHAR(200), judged_at VARCHAR(27), judged_seq BIGINT)""",
    "CREATE INDEX review_candidates_state ON review_candidates (tenant, state, learned_at)",
    """CREATE TABLE review_surveys (
        tenant VARCHAR(200) NOT NULL, item_id VARCHAR(40) NOT NULL, seq BIGINT NOT NULL, satisfied INTEGER NOT NULL,
        answered_at VARCHAR(27) NOT NULL, PRIMARY KEY (tenant, item_id))""",
)
_FORGOTTEN = """SELECT 1 FROM ledger_chain c WHERE c.tenant = OLD.tenant AND c.item_id = OLD.item_id
    AND c.event = 'forget' AND c.seq > OLD.seq"""
_SQLITE_GUARDS = (
    """CREATE TRIGGER ledger_chain_update BEFORE UPDATE ON ledger_chain
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_chain_delete BEFORE DELETE ON ledger_chain
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_chain_insert BEFORE INSERT ON ledger_chain
        WHEN NEW.seq <> 1 + (SELECT COALESCE(MAX(seq), 0) FROM ledger_chain WHERE tenant = NEW.tenant)
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_contents_update BEFORE UPDATE ON ledger_contents
        BEGIN SELECT RAISE(ABORT, 'texts of the ledger are never changed'); END""",
    """CREATE TRIGGER ledger_contents_insert BEFORE INSERT ON ledger_contents
        WHEN EXISTS (SELECT 1 FROM ledger_contents WHERE tenant = NEW.tenant AND seq = NEW.seq)
        BEGIN SELECT RAISE(ABORT, 'texts of the ledger are never changed'); END""",
    f"""CREATE TRIGGER ledger_contents_delete BEFORE DELETE ON ledger_contents WHEN NOT EXISTS ({_FORGOTTEN})
        BEGIN SELECT RAISE(ABORT, 'texts of the ledger are erased only for an item that is to be forgotten'); END""",
)
_POSTGRESQL_GUARDS = (
    """CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$""",
    f"""CREATE FUNCTION ledger_erase_forgotten() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS ({_FORGOTTEN}) THEN RETURN OLD; END IF;
            RAISE EXCEPTION 'texts of the ledger are erased only for an item that is to be forgotten';
        END $$""",
    """CREATE TRIGGER ledger_chain_change BEFORE UPDATE OR DELETE ON ledger_chain
        FOR EACH ROW EXECUTE FUNCTION ledger_append_only()""",
    """CREATE TRIGGER ledger_chain_truncate BEFORE TRUNCATE ON ledger_chain
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()""",
    """CREATE TRIGGER ledger_contents_change BEFORE UPDATE ON ledger_contents
        FOR EACH ROW EXECUTE FUNCTION ledger_append_only()""",
    """CREATE TRIGGER ledger_contents_truncate BEFORE TRUNCATE ON ledger_contents
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()""",
    """CREATE TRIGGER ledger_contents_delete BEFORE DELETE ON ledger_contents
        FOR EACH ROW EXECUTE FUNCTION ledger_erase_forgotten()""",
)

MIGRATIONS = (Migration("0001-ledger-and-queue", _TABLES, _SQLITE_GUARDS, _POSTGRESQL_GUARDS),)
"""Append only: a database in use has taken these very steps."""


def migrate(connection: Connection, where: str) -> list[str]:
    """Take the steps that the database has not taken; return their names. The transaction is the caller's.

    Raises FormatVersionError when the database has taken a step that is not known here.
    """
    dialect = connection.dialect.name
    if dialect == "postgresql":  # one at a time; released with the transaction
        connection.execute(text("SELECT pg_advisory_xact_lock(7307219)"))
    connection.execute(
        text(
            "CREATE TABLE IF NOT EXISTS review_migrations ("
            "name VARCHAR(100) PRIMARY KEY, taken_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
        )
    )
    taken = set(connection.execute(text("SELECT name FROM review_migrations")).scalars())
    unknown = sorted(taken - {step.name for step in MIGRATIONS})
    if unknown:
        raise FormatVersionError(
            f"{where}: was written by a newer version of this program (step {unknown[0]!r} is not known here); "
            "update the program"
        )
    missing = [step for step in MIGRATIONS if step.name not in taken]
    for step in missing:
        for statement in (*step.both, *(step.sqlite if dialect == "sqlite" else step.postgresql)):
            connection.exec_driver_sql(statement)
        connection.execute(text("INSERT INTO review_migrations (name) VALUES (:name)"), {"name": step.name})
    return [step.name for step in missing]
