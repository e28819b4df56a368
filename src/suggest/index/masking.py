"""Past cases are masked on their way into the store: nothing behind it ever sees another customer's data.

The content hash of a case stands for its source as written, under the rules of this masking: an unchanged source is
unchanged, and new rules (a new ``MASKING_VERSION``) change every case once.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from suggest.errors import KnowledgeBaseError
from suggest.index import generation as generations
from suggest.index.analysis import Parts, Terms, parts_of
from suggest.index.analysis_pool import AnalysisPool
from suggest.index.generation import Generation
from suggest.index.manifest import read_manifest
from suggest.index.pieces import keep_used
from suggest.index.stores import Store
from suggest.records import Entry
from suggest.understand.masking import MASKING_VERSION

_BATCH = 4_096


def source_hash(entry: Entry) -> str:
    """Return the content hash under which ``entry`` is stored."""
    if entry.kind == "faq":
        return entry.content_hash
    return hashlib.sha256(f"masked by {MASKING_VERSION}: {entry.content_hash}".encode()).hexdigest()


class Prepared(NamedTuple):
    """Entries as they are stored, cases masked, the terms of those, and how many values were masked, by type."""

    entries: list[Entry]
    terms: dict[Parts, Terms]
    counts: Counter[str]

    def add_to(self, store: Store, analyse: AnalysisPool, hashes: Sequence[str]) -> list[int]:
        """Store the entries under content ``hashes``; return their keys in order."""

        def said(parts: Sequence[Parts]) -> list[Terms]:
            rest = [part for part in parts if part not in self.terms]
            terms = self.terms | dict(zip(rest, analyse(rest), strict=True)) if rest else self.terms
            return [terms[part] for part in parts]

        return store.add(self.entries, said, hashes)


def prepared(analyse: AnalysisPool, entries: Sequence[Entry]) -> Prepared:
    """Return ``entries`` as they are stored."""
    made = iter(analyse.prepare([entry for entry in entries if entry.kind == "case"]))
    found = Prepared([], {}, Counter())
    for entry in entries:
        if entry.kind == "faq":
            found.entries.append(entry)
            continue
        masked, terms = next(made)
        found.entries.append(masked.case)
        found.terms[parts_of(masked.case)] = terms
        found.counts.update(masked.counts)
    return found


def mask_kept(
    store: Store, analyse: AnalysisPool, keys: Sequence[int], counts: Counter[str], *, dry_run: bool
) -> dict[str, int]:
    """Mask those of the stored entries ``keys`` that are cases; return the new key of each case by its id."""
    found: dict[str, int] = {}
    for start in range(0, len(keys), _BATCH):
        cases = [v.entry for v in store.versions(keys[start : start + _BATCH]) if v.entry.kind == "case"]
        keys_now = [-1] * len(cases)
        if not dry_run:
            made = prepared(analyse, cases)
            counts.update(made.counts)
            keys_now = made.add_to(store, analyse, list(map(source_hash, cases)))
        found.update(zip((case.id for case in cases), keys_now, strict=True))
    return found


def version_of(live: Generation | None) -> int:
    """Return the version of the rules by which the cases of a generation were masked; 0: not at all."""
    return MASKING_VERSION if live is None else int(live.manifest.get("masking", 0))


def is_outdated(live: Generation | None) -> bool:
    """Tell whether a generation holds cases that were masked by other rules, or not at all."""
    return live is not None and version_of(live) != MASKING_VERSION and bool(live.rows.kind.any())


def drop_outdated(kb: Path, store: Store) -> tuple[int, ...]:
    """Delete the older generations whose cases were masked by other rules, and what only they used.

    Returns the numbers of those that went. What cannot be deleted now, the next sync will.
    """
    live = generations.current_number(kb)
    gone = []
    with suppress(KnowledgeBaseError, OSError):
        for number in generations.kept_numbers(kb):
            if number != live and _is_outdated(kb, number):
                generations.discard(kb, number)
                gone.append(number)
        if gone:
            keep_used(kb, store, compact=True)
            store.compact()
    return tuple(gone)


def _is_outdated(kb: Path, number: int) -> bool:
    try:
        manifest = read_manifest(generations.folder_of(kb, number))
    except KnowledgeBaseError:
        return True  # it cannot be gone back to either
    return manifest.get("masking", 0) != MASKING_VERSION and "case" in manifest["by_kind"]
