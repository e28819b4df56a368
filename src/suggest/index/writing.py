"""Builds a generation aside and makes it live."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from suggest.errors import KnowledgeBaseError
from suggest.index import build, spool
from suggest.index import generation as generations
from suggest.index import manifest as manifests
from suggest.index.adaptation import MAX_PAIRS, adapt
from suggest.index.build import Progress
from suggest.index.canaries import canary_vectors
from suggest.index.embedding import Embedder, Vectors
from suggest.index.generation import Generation
from suggest.index.health import check_vectors, check_words
from suggest.index.known_pairs import embedded, known_pairs
from suggest.index.late import late_interaction
from suggest.index.masking import version_of
from suggest.index.pieces import PieceStore, keep_used
from suggest.index.roster import Roster, inherit, rows_of
from suggest.index.rows import write as write_rows
from suggest.index.stores import Backends, Store

KEEP_GENERATIONS = 3

Adapting = Literal["learn", "keep", "drop"]
"""What becomes of the adaptation: learned anew, kept as the live generation has it, or left out."""


class Legs(NamedTuple):
    """How the legs of a generation are prepared."""

    adapting: Adapting
    check_vectors: bool
    """Test the vector leg, unless an adaptation is kept: that model was tested when it came."""


class Writer(NamedTuple):
    """What writing to a knowledge base takes; whoever has one holds the writer lock."""

    folder: Path
    store: Store
    backends: Backends
    embedder: Embedder
    pieces: PieceStore | None
    """Where the word pieces of the model lie, if it gives some."""
    on_progress: Progress

    def next_number(self, live: Generation | None) -> int:
        """Return the number of the next generation."""
        return max([live.number if live else 0, *generations.kept_numbers(self.folder)]) + 1

    def tidy(self) -> None:
        """Delete old generations and what only they used; what cannot be deleted now, the next sync will."""
        with suppress(KnowledgeBaseError, OSError):
            generations.discard_old(self.folder, KEEP_GENERATIONS)
            keep_used(self.folder, self.store)


class Built(NamedTuple):
    """A generation that is not live yet."""

    folder: Path
    manifest: dict[str, Any]
    embedded: int
    """How many entries went through the embedding model."""


def publish(
    writer: Writer,
    roster: Roster,
    live: Generation | None,
    legs: Legs,
    *,
    anew: bool = False,
    masking: int | None = None,
) -> tuple[int, int]:
    """Build the next generation and make it live; return its number and how many entries were embedded.

    ``anew`` rewrites every file, so that nothing of what was removed stays in one. ``masking`` is the version of
    the rules by which the cases of ``roster`` were masked; None: as those of ``live``.
    """
    folder, number = writer.folder, writer.next_number(live)
    try:
        built = _assemble(writer, roster, live, number, legs, anew=anew, masking=masking)
        generations.publish(folder, built.folder, built.manifest, build.shared_files(live))
    except OSError as error:
        done = generations.current_number(folder) == number
        outcome = "it is live, but may not outlast a power failure" if done else "the old one stays live"
        raise KnowledgeBaseError(
            f"{folder}: the new generation could not be written ({error}); {outcome}. "
            "Free space or mend the permissions, then sync again"
        ) from error
    with suppress(OSError):
        spool.discard(folder, writer.embedder.fingerprint)
    return number, built.embedded


class Aside(NamedTuple):
    """A generation that never becomes live."""

    generation: Generation
    embedded: int


@contextmanager
def aside(writer: Writer, roster: Roster, live: Generation, legs: Legs) -> Iterator[Aside]:
    """Build a generation that never becomes live, open it, and remove it again."""
    folder = writer.folder
    try:
        built = _assemble(writer, roster, live, writer.next_number(live), legs)
        manifests.seal(built.folder, built.manifest, build.shared_files(live))
        yield Aside(Generation(built.folder, writer.backends), built.embedded)
    except OSError as error:
        raise KnowledgeBaseError(f"{folder}: the generation aside could not be written ({error})") from error
    finally:
        generations.clear_leftovers(folder)


def _assemble(
    writer: Writer,
    roster: Roster,
    live: Generation | None,
    number: int,
    legs: Legs,
    *,
    anew: bool = False,
    masking: int | None = None,
) -> Built:
    """Build generation ``number`` aside."""
    store, embedder, progress = writer.store, writer.embedder, writer.on_progress
    late = late_interaction(embedder)
    building = generations.begin(writer.folder, number)
    inherited = inherit(roster.keys, live)
    rows, manifest = rows_of(store, roster, inherited)
    same_model = live is not None and live.manifest["model"]["fingerprint"] == embedder.fingerprint
    nothing = inherit(roster.keys, None)
    vectors = inherited if same_model else nothing
    made = build.vectors_of(
        writer.folder, building, store, embedder, writer.pieces, rows, vectors, progress, anew=anew
    )
    build.mend_pieces(store, embedder, writer.pieces, roster.keys, rows["checksum"], progress)
    trained_on = build.search_structure(
        writer.backends.vector, building, made, embedder, len(roster.keys), live
    )
    build.passages_of(building, store, embedder, roster.keys, vectors, progress)
    words = nothing if anew else inherited
    build.lexical_of(writer.backends.lexical, building, store, rows, manifest, words, progress)
    learned, adaptation = _adaptation(store, embedder, roster, live, legs.adapting, progress)
    if learned is not None:
        np.save(building / generations.ADAPTATION, learned, allow_pickle=False)
    check_words(
        writer.backends.lexical.opened(building / generations.LEXICAL, roster.keys), store, rows, manifest
    )
    if legs.check_vectors and legs.adapting != "keep":
        leg = writer.backends.vector.opened(
            building / generations.VECTORS, made.segments, rows["slot"], embedder.dimension
        )
        check_vectors(leg, learned, embedder, store, roster)
    write_rows(building / generations.ROWS, rows, roster.ids)
    canaries = live.manifest["model"]["canaries"] if live and same_model else canary_vectors(embedder)
    manifest |= {
        "format_version": manifests.FORMAT_VERSION,
        "generation": number,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "segments": [list(segment) for segment in made.segments],
        "near_trained_on": trained_on,
        "masking": version_of(live) if masking is None else masking,
        "model": {
            "name": embedder.name,
            "fingerprint": embedder.fingerprint,
            "dimension": embedder.dimension,
            "piece_width": 0 if late is None else late.piece_width,
            "canaries": canaries,
        },
        "adaptation": {"generation": number, **adaptation} if legs.adapting == "learn" else adaptation,
    }
    return Built(building, manifest, made.embedded)


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
