"""Generations: immutable, complete, checksummed snapshots of the index.

::

    kb/generations/000042/
        manifest.json    format version, counts, model, SHA-256 and size of every other file, and of itself
        rows.npz         one row an entry: store key and checksum, slot of its vector, tenant, kind, days,
                         row of the article a case was answered with
        vectors/         segments of vectors, and the approximate index of a large knowledge base
        lexical/         lexical leg, documents by store key
        passages.npz     vectors of the passages of long entries; absent when there are none
        adaptation.npy   map of query vectors learned from this knowledge base; absent when none was adopted
    kb/CURRENT           names the live generation; replaced atomically, last

A generation is built in a folder of another name, synced to disk, renamed, and only then named by
CURRENT. Files that did not change are shared with the generation before by hard links. Checksums are verified
before any native reader opens a file.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suggest.errors import KnowledgeBaseCorrupt
from suggest.index import rows
from suggest.index.adaptation import project
from suggest.index.backends import BUNDLED
from suggest.index.embedding import Vectors
from suggest.index.manifest import (
    BUILDING,
    Verified,
    force_to_disk,
    read_manifest,
    replace_file,
    seal,
    verify_files,
)
from suggest.index.passages import PassageLeg
from suggest.index.stores import Backends, Segment

CURRENT = "CURRENT"
FOLDER = "generations"
ROWS = "rows.npz"
VECTORS = "vectors"
LEXICAL = "lexical"
ADAPTATION = "adaptation.npy"
PASSAGES = "passages.npz"
_GOING = ".going-"
_KEPT = ".kept"


class Generation:
    """An open generation. Immutable, so safe to share between threads."""

    def __init__(self, folder: Path, backends: Backends = BUNDLED, verified: Verified | None = None) -> None:
        """Verify and open ``folder``; raises KnowledgeBaseError subclasses that name what is wrong.

        Files in ``verified``, as a generation opened before has them, that did not change since are not read again.
        """
        self.folder = folder
        self.manifest = read_manifest(folder)
        self.verified: Verified = {}
        problems = verify_files(folder, self.manifest, verified or {}, self.verified)
        if problems:
            raise KnowledgeBaseCorrupt(
                f"{'; '.join(problems)}. Go back to an older generation with `suggest rollback`, or sync the sources "
                "into a new folder"
            )
        self.number: int = self.manifest["generation"]
        self.tenants: list[str] = self.manifest["tenants"]
        self.rows, self.ids = rows.read(folder / ROWS)
        self.by_key: NDArray[np.int64] = np.argsort(self.rows.key, kind="stable")
        """Rows in the order of their store keys."""
        self.sorted_keys = self.rows.key[self.by_key]
        segments = [Segment(*segment) for segment in self.manifest["segments"]]
        dimension = self.manifest["model"]["dimension"]
        self.vectors = backends.vector.opened(folder / VECTORS, segments, self.rows.slot, dimension)
        passages = folder / PASSAGES if PASSAGES in self.manifest["files"] else None
        self.passages = PassageLeg(passages, self.rows.key, dimension)
        self.lexical = backends.lexical.opened(folder / LEXICAL, self.rows.key)
        self._usable: dict[tuple[str, date], NDArray[np.bool_]] = {}
        self.adaptation = self._read_adaptation(dimension)

    def _read_adaptation(self, dimension: int) -> Vectors | None:
        if ADAPTATION not in self.manifest["files"]:
            return None
        path = self.folder / ADAPTATION
        try:
            learned: Vectors = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise KnowledgeBaseCorrupt(f"{path}: cannot be read: {error}") from error
        if learned.shape != (dimension, dimension):
            raise KnowledgeBaseCorrupt(
                f"{path}: has shape {learned.shape}, expected {(dimension, dimension)}"
            )
        return learned

    def adapted(self, queries: Vectors) -> Vectors:
        """Return query vectors, shape (n, d), as this generation searches with them."""
        return queries if self.adaptation is None else project(queries, self.adaptation)

    def __len__(self) -> int:
        return len(self.rows.key)

    def usable(self, tenant: str, day: date) -> NDArray[np.bool_]:
        """Return which rows may be used for ``tenant`` on ``day``, shape (n,). Do not change it."""
        known = self._usable.get((tenant, day))
        if known is not None:
            return known
        code = self.tenants.index(tenant)
        said = self.rows
        ordinal = day.toordinal()
        usable: NDArray[np.bool_] = (
            (said.tenant == code)
            & (said.valid_from <= ordinal)
            & (ordinal <= said.valid_until)
            & (ordinal < said.superseded_from)
        )
        usable.flags.writeable = False
        if len(self._usable) >= 16:
            self._usable = {}
        self._usable[tenant, day] = usable
        return usable


def current_number(kb: Path) -> int:
    """Return the number of the live generation, 0 when there is none yet."""
    path = kb / CURRENT
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return 0
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeBaseCorrupt(f"{path}: cannot be read: {error}") from error
    if not text.isdigit():
        raise KnowledgeBaseCorrupt(
            f"{path}: names no generation (given {text[:40]!r}, expected e.g. '000042')"
        )
    return int(text)


def bytes_on_disk(kb: Path) -> int:
    """Return the size of all files of a knowledge base; one that generations share counts once."""
    files = (path.stat() for path in kb.rglob("*") if path.is_file())
    return sum({(about.st_dev, about.st_ino): about.st_size for about in files}.values())


def live_folder(kb: Path, number: int) -> Path:
    """Return the folder of the generation that CURRENT names; raises KnowledgeBaseCorrupt when it is not there."""
    folder = folder_of(kb, number)
    if not folder.is_dir():
        raise KnowledgeBaseCorrupt(
            f"{kb / CURRENT}: names generation {number}, which is not there; go back to one that is with "
            "`suggest rollback`, or sync the sources into a new folder"
        )
    return folder


def folder_of(kb: Path, number: int) -> Path:
    """Return the folder of a generation."""
    return kb / FOLDER / f"{number:06d}"


def kept_numbers(kb: Path) -> list[int]:
    """Return the numbers of all complete generations on disk, ascending."""
    folder = kb / FOLDER
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit())


def clear_leftovers(kb: Path) -> None:
    """Remove what a crash left behind: half-built folders, and generations that CURRENT never named."""
    folder, live = kb / FOLDER, current_number(kb)
    if not folder.is_dir():
        return
    for stale in [*folder.glob(f"{BUILDING}*"), *folder.glob(f"{_GOING}*")]:
        shutil.rmtree(stale)
    for number in kept_numbers(kb) if live else ():  # without CURRENT nobody knows which one was live
        if number > live and not _kept_mark(kb, number).exists():
            discard(kb, number)


def discard(kb: Path, number: int) -> None:
    """Delete a generation; a crash in the middle never leaves half of it under its name."""
    going = kb / FOLDER / f"{_GOING}{number:06d}"
    folder_of(kb, number).rename(going)
    shutil.rmtree(going, ignore_errors=True)


def begin(kb: Path, number: int) -> Path:
    """Make an empty folder to build generation ``number`` in."""
    folder = kb / FOLDER / f"{BUILDING}{number:06d}"
    folder.mkdir(parents=True)
    return folder


def publish(kb: Path, building: Path, manifest: dict[str, Any], known: Mapping[tuple[int, int], str]) -> None:
    """Seal ``building``, rename it and make it the live generation."""
    number = manifest["generation"]
    seal(building, manifest, known)
    final = folder_of(kb, number)
    building.rename(final)
    force_to_disk(final.parent)
    replace_file(kb / CURRENT, f"{number:06d}\n")


def make_live(kb: Path, number: int) -> None:
    """Name an older generation in CURRENT; newer ones stay for the way back."""
    for newer in kept_numbers(kb):
        if newer > number:
            _kept_mark(kb, newer).touch()
    force_to_disk(kb / FOLDER)
    replace_file(kb / CURRENT, f"{number:06d}\n")


def _kept_mark(kb: Path, number: int) -> Path:
    """Return the file that says that a generation above the live one was live once."""
    return kb / FOLDER / f"{number:06d}{_KEPT}"


def discard_old(kb: Path, keep: int) -> None:
    """Delete all but the newest ``keep`` generations; the live one always stays."""
    live = current_number(kb)
    older = [number for number in kept_numbers(kb) if number != live]
    for number in older[: max(0, len(older) - (keep - 1))]:
        discard(kb, number)
    for mark in (kb / FOLDER).glob(f"*{_KEPT}"):
        if not mark.with_suffix("").is_dir():
            mark.unlink(missing_ok=True)


def keys_in_use(kb: Path) -> NDArray[np.int64]:
    """Return the store keys that any generation on disk lists; one that cannot be read has no use for any."""
    keys = [np.zeros(0, np.int64)]
    for number in kept_numbers(kb):
        try:
            keys.append(rows.read_keys(folder_of(kb, number) / ROWS))
        except (OSError, ValueError, KeyError):
            if number == current_number(kb):
                raise
    whole = np.sort(np.concatenate(keys))
    return whole[np.flatnonzero(np.diff(whole, prepend=whole[:1] - 1))]
