"""Brings a knowledge base in line with its sources: plan, store, build aside, swap in.

Only entries whose (id, content hash, model fingerprint) changed are embedded. Until the new
generation is complete on disk, readers keep the old one; a failure at any point leaves it live.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Literal

from suggest.errors import ModelMismatch
from suggest.index import generation as generations
from suggest.index.analysis_pool import AnalysisPool
from suggest.index.build import mend_pieces
from suggest.index.canaries import drift
from suggest.index.embedding import Embedder
from suggest.index.generation import Generation
from suggest.index.masking import drop_outdated, is_outdated
from suggest.index.plan import make_plan
from suggest.index.roster import roster_of
from suggest.index.writing import Legs, Writer, publish
from suggest.records import Entry, SyncReport
from suggest.understand.masking import MASKING_VERSION


def synchronise(
    writer: Writer,
    entries: Iterable[Entry],
    live: Generation | None,
    *,
    keep_missing: Callable[[str], bool],
    dry_run: bool,
    adopt_model: bool,
    adapting: bool,
    check_vector_leg: bool,
    workers: int | None,
) -> SyncReport:
    """Do one sync. Arguments as in ``KnowledgeBase.sync``."""
    started = time.perf_counter()
    if live is not None and not adopt_model:
        check_model(live, writer.embedder)
    adopted = live is not None and live.manifest["model"]["fingerprint"] != writer.embedder.fingerprint
    masked_anew = is_outdated(live)
    dropped: tuple[int, ...] = ()
    if not dry_run:
        generations.clear_leftovers(writer.folder)
    with AnalysisPool(workers) as analyse:
        plan = make_plan(
            writer.store, analyse, entries, live, keep_missing=keep_missing, dry_run=dry_run,
            on_progress=writer.on_progress,
        )  # fmt: skip
    number, embedded_now = (live.number if live else 0), 0
    if not dry_run and (plan.differs or adopted or live is None):
        keep = live is not None and not adopted and not masked_anew
        legs = Legs("keep" if keep else "learn" if adapting else "drop", check_vector_leg)
        number, embedded_now = publish(
            writer, plan.roster, live, legs, anew=masked_anew, masking=MASKING_VERSION
        )
    elif not dry_run and live is not None:
        mend_pieces(
            writer.store,
            writer.embedder,
            writer.pieces,
            live.rows.key,
            live.rows.checksum,
            writer.on_progress,
        )
    if not dry_run:
        dropped = drop_outdated(writer.folder, writer.store)
        if number != (live.number if live else 0):
            writer.tidy()
    return SyncReport(
        added=plan.added,
        changed=plan.changed,
        removed=plan.removed,
        unchanged=plan.unchanged,
        embedded=embedded_now,
        generation=number,
        seconds=round(time.perf_counter() - started, 3),
        dry_run=dry_run,
        masked=plan.masked,
        dropped_generations=dropped,
    )


def readapt(
    writer: Writer, live: Generation, how: Literal["learn", "drop"], *, check_vector_leg: bool
) -> None:
    """Build a generation with the entries of ``live`` and another adaptation."""
    check_model(live, writer.embedder)
    generations.clear_leftovers(writer.folder)
    publish(writer, roster_of(live), live, Legs(how, check_vector_leg))
    writer.tidy()


def check_model(live: Generation, embedder: Embedder) -> None:
    """Refuse to mix vectors of two models."""
    stored = live.manifest["model"]
    remedy = "Set the former model again, or embed everything anew with `suggest sync … --adopt`"
    if stored["fingerprint"] != embedder.fingerprint:
        raise ModelMismatch(
            f"{live.folder.parent.parent}: built with model {stored['name']!r} "
            f"(fingerprint {stored['fingerprint'][:12]}), but the settings name {embedder.name!r} "
            f"(fingerprint {embedder.fingerprint[:12]}). {remedy}"
        )
    lowest = drift(embedder, stored["canaries"])
    if lowest is not None:
        raise ModelMismatch(
            f"{live.folder.parent.parent}: model {embedder.name!r} has the fingerprint it was built with "
            f"({stored['fingerprint'][:12]}), but gives other vectors than then (cosine {lowest:.3f} for a text "
            f"that never changes); was its runtime changed? {remedy}"
        )
