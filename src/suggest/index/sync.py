"""Brings a knowledge base in line with its sources: plan, store, build aside, swap in.

Only entries whose (id, content hash, model fingerprint) changed are embedded. Until the new
generation is complete on disk, readers keep the old one; a failure at any point leaves it live.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from suggest.errors import KnowledgeBaseError, ModelMismatch
from suggest.index import build, spool
from suggest.index import generation as generations
from suggest.index.adaptation import MAX_PAIRS, adapt
from suggest.index.analysis_pool import AnalysisPool
from suggest.index.build import Progress
from suggest.index.canaries import canary_vectors, drift
from suggest.index.embedding import Embedder, Vectors
from suggest.index.generation import Generation
from suggest.index.health import check_vectors, check_words
from suggest.index.known_pairs import embedded, known_pairs
from suggest.index.plan import make_plan
from suggest.index.roster import Roster, inherit, roster_of, rows_of
from suggest.index.rows import write as write_rows
from suggest.index.stores import Store
from suggest.index.vectors import VectorLeg
from suggest.records import Entry, SyncReport

KEEP_GENERATIONS = 3

Adapting = Literal["learn", "keep", "drop"]
"""What becomes of the adaptation: learned anew, kept as the live generation has it, or left out."""


class Legs(NamedTuple):
    """How the legs of a generation are prepared."""

    adapting: Adapting
    check_vectors: bool
    """Test the vector leg, unless an adaptation is kept: that model was tested when it came."""


def synchronise(
    folder: Path,
    store: Store,
    embedder: Embedder,
    entries: Iterable[Entry],
    live: Generation | None,
    *,
    keep_missing: Callable[[str], bool],
    dry_run: bool,
    adopt_model: bool,
    adapting: bool,
    check_vector_leg: bool,
    workers: int | None,
    on_progress: Progress,
) -> SyncReport:
    """Do one sync; the caller holds the writer lock. Arguments as in ``KnowledgeBase.sync``."""
    started = time.perf_counter()
    if live is not None and not adopt_model:
        check_model(live, embedder)
    adopted = live is not None and live.manifest["model"]["fingerprint"] != embedder.fingerprint
    if not dry_run:
        generations.clear_leftovers(folder)
    with AnalysisPool(workers) as analyse:
        plan = make_plan(
            store, analyse, entries, live, keep_missing=keep_missing, dry_run=dry_run, on_progress=on_progress
        )
    number, embedded_now = (live.number if live else 0), 0
    if not dry_run and (plan.differs or adopted or live is None):
        keep = live is not None and not adopted
        legs = Legs("keep" if keep else "learn" if adapting else "drop", check_vector_leg)
        number = next_number(folder, live)
        embedded_now = publish(folder, store, embedder, plan.roster, live, number, legs, on_progress)
        tidy(folder, store)
    return SyncReport(
        added=plan.added,
        changed=plan.changed,
        removed=plan.removed,
        unchanged=plan.unchanged,
        embedded=embedded_now,
        generation=number,
        seconds=round(time.perf_counter() - started, 3),
        dry_run=dry_run,
    )


def readapt(
    folder: Path,
    store: Store,
    embedder: Embedder,
    live: Generation,
    how: Literal["learn", "drop"],
    *,
    check_vector_leg: bool,
    on_progress: Progress,
) -> None:
    """Build a generation with the entries of ``live`` and another adaptation."""
    check_model(live, embedder)
    generations.clear_leftovers(folder)
    legs = Legs(how, check_vector_leg)
    publish(folder, store, embedder, roster_of(live), live, next_number(folder, live), legs, on_progress)
    tidy(folder, store)


def next_number(folder: Path, live: Generation | None) -> int:
    """Return the number of the next generation."""
    return max([live.number if live else 0, *generations.kept_numbers(folder)]) + 1


def tidy(folder: Path, store: Store) -> None:
    """Delete old generations and what only they used; what cannot be deleted now, the next sync will."""
    with suppress(KnowledgeBaseError, OSError):
        generations.discard_old(folder, KEEP_GENERATIONS)
        store.keep_only(generations.keys_in_use(folder))


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


class Aside(NamedTuple):
    """A generation that is not live."""

    generation: Generation
    embedded: int


@contextmanager
def aside(
    folder: Path,
    store: Store,
    embedder: Embedder,
    entries: Iterable[Entry],
    live: Generation,
    keep_missing: Callable[[str], bool],
    legs: Legs,
    workers: int | None,
    on_progress: Progress,
) -> Iterator[Aside]:
    """Build a generation of ``entries`` that never becomes live, open it, and remove it again."""
    generations.clear_leftovers(folder)
    with AnalysisPool(workers) as analyse:
        plan = make_plan(
            store, analyse, entries, live, keep_missing=keep_missing, dry_run=False, on_progress=on_progress
        )
    try:
        building, manifest, count = assemble(
            folder,
            store,
            embedder,
            plan.roster,
            live,
            next_number(folder, live),
            legs,
            on_progress,
        )
        generations.seal(building, manifest, build.shared_files(live))
        yield Aside(Generation(building), count)
    except OSError as error:
        raise KnowledgeBaseError(f"{folder}: the generation aside could not be written ({error})") from error
    finally:
        generations.clear_leftovers(folder)


def publish(
    folder: Path,
    store: Store,
    embedder: Embedder,
    roster: Roster,
    live: Generation | None,
    number: int,
    legs: Legs,
    on_progress: Progress,
    *,
    anew: bool = False,
) -> int:
    """Build generation ``number`` and make it live; return how many were embedded.

    ``anew`` rewrites every file, so that nothing of what was removed stays in one.
    """
    try:
        building, manifest, count = assemble(
            folder, store, embedder, roster, live, number, legs, on_progress, anew=anew
        )
        generations.publish(folder, building, manifest, build.shared_files(live))
    except OSError as error:
        done = generations.current_number(folder) == number
        outcome = "it is live, but may not outlast a power failure" if done else "the old one stays live"
        raise KnowledgeBaseError(
            f"{folder}: the new generation could not be written ({error}); {outcome}. "
            "Free space or mend the permissions, then sync again"
        ) from error
    with suppress(OSError):
        spool.discard(folder, embedder.fingerprint)
    return count


def assemble(
    folder: Path,
    store: Store,
    embedder: Embedder,
    roster: Roster,
    live: Generation | None,
    number: int,
    legs: Legs,
    on_progress: Progress,
    *,
    anew: bool = False,
) -> tuple[Path, dict[str, Any], int]:
    """Build generation ``number`` aside; return its folder, its manifest and how many entries were embedded."""
    building = generations.begin(folder, number)
    inherited = inherit(roster.keys, live)
    rows, manifest = rows_of(store, roster, inherited)
    same_model = live is not None and live.manifest["model"]["fingerprint"] == embedder.fingerprint
    vectors = inherited if same_model else inherit(roster.keys, None)
    made = build.vectors_of(folder, building, store, embedder, rows, vectors, on_progress, anew=anew)
    build.passages_of(building, store, embedder, roster.keys, vectors, on_progress)
    words = inherit(roster.keys, None) if anew else inherited
    build.lexical_of(building, store, rows, manifest, words, on_progress)
    learned, adaptation = _adaptation(store, embedder, roster, live, legs.adapting, on_progress)
    if learned is not None:
        np.save(building / generations.ADAPTATION, learned, allow_pickle=False)
    check_words(building / generations.LEXICAL, store, rows, manifest)
    if legs.check_vectors and legs.adapting != "keep":
        leg = VectorLeg(building / generations.VECTORS, made.segments, rows["slot"], embedder.dimension)
        check_vectors(leg, learned, embedder, store, roster)
    write_rows(building / generations.ROWS, rows, roster.ids)
    canaries = live.manifest["model"]["canaries"] if live and same_model else canary_vectors(embedder)
    manifest |= {
        "format_version": generations.FORMAT_VERSION,
        "generation": number,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "segments": [list(segment) for segment in made.segments],
        "near_trained_on": made.near_trained_on,
        "model": {
            "name": embedder.name,
            "fingerprint": embedder.fingerprint,
            "dimension": embedder.dimension,
            "canaries": canaries,
        },
        "adaptation": {"generation": number, **adaptation} if legs.adapting == "learn" else adaptation,
    }
    return building, manifest, made.embedded


def _adaptation(
    store: Store,
    embedder: Embedder,
    roster: Roster,
    live: Generation | None,
    how: Adapting,
    on_progress: Progress,
) -> tuple[Vectors | None, dict[str, Any]]:
    """Return the map of query vectors for the next generation, if any, and what the manifest says of it."""
    if how == "keep" and live is not None:
        return live.adaptation, live.manifest["adaptation"]
    if how == "drop":
        return None, {"adopted": False}
    questions, answers, groups = embedded(known_pairs(store, roster, MAX_PAIRS), embedder, on_progress)
    learned, outcome = adapt(
        questions, answers, groups, on_progress=lambda done, of: on_progress("adapting: replay", done, of)
    )
    return learned, outcome.record()
