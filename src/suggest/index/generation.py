"""Generations: immutable, complete, checksummed snapshots of the index.

::

    kb/generations/000042/
        manifest.json    format version, counts, model, SHA-256 and size of every other file
        rows.npz         one row an entry: store key, tenant, kind, first and last valid day, day superseded,
                         row of the article a case was answered with
        vectors.faiss    vector leg, row for row
        lexical/         lexical leg, rows by number
        adaptation.npy   map of query vectors learned from this knowledge base; absent when none was adopted
    kb/CURRENT           names the live generation; replaced atomically, last

A generation is built in a folder of another name, synced to disk, renamed, and only then named by
CURRENT. Checksums are verified before any native reader opens a file.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suggest.errors import FormatVersionError, KnowledgeBaseCorrupt
from suggest.index.adaptation import project
from suggest.index.embedding import Vectors
from suggest.index.lexical import LexicalLeg
from suggest.index.vectors import VectorLeg

FORMAT_VERSION = 2
CURRENT = "CURRENT"
FOLDER = "generations"
MANIFEST = "manifest.json"
ROWS = "rows.npz"
VECTORS = "vectors.faiss"
LEXICAL = "lexical"
ADAPTATION = "adaptation.npy"
_BUILDING = ".building-"
_NEEDED = {"generation", "tenants", "model", "adaptation", "files"}

NO_START = -(10**7)
NO_END = 10**7
"""Days (proleptic ordinals) that stand for "since ever" and "never" in :class:`Rows`."""

NO_ROW = -1


class Rows(NamedTuple):
    """One value an entry, in row order (sorted by entry id)."""

    key: NDArray[np.int64]
    tenant: NDArray[np.int32]
    """Index into the manifest's ``tenants``."""
    valid_from: NDArray[np.int32]
    valid_until: NDArray[np.int32]
    kind: NDArray[np.int8]
    """0 FAQ article, 1 resolved inquiry."""
    superseded_from: NDArray[np.int32]
    """Day from which another entry replaces this one."""
    answered_by: NDArray[np.int32]
    """Row of the article that a resolved inquiry was answered with, or :data:`NO_ROW`."""


class Generation:
    """An open generation. Immutable, so safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        """Verify and open ``folder``; raises KnowledgeBaseError subclasses that name what is wrong."""
        self.folder = folder
        self.manifest = read_manifest(folder)
        problems = verify_files(folder, self.manifest)
        if problems:
            raise KnowledgeBaseCorrupt(
                f"{'; '.join(problems)}. Sync the sources again to build a new generation"
            )
        self.number: int = self.manifest["generation"]
        self.tenants: list[str] = self.manifest["tenants"]
        try:
            with np.load(folder / ROWS, allow_pickle=False) as columns:
                self.rows = Rows(*(columns[name] for name in Rows._fields))
        except (OSError, ValueError, KeyError) as error:
            raise KnowledgeBaseCorrupt(f"{folder / ROWS}: cannot be read: {error}") from error
        dimension = self.manifest["model"]["dimension"]
        self.vectors = VectorLeg(folder / VECTORS, rows=len(self), dimension=dimension)
        self.lexical = LexicalLeg(folder / LEXICAL)
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
        """Return which rows may be used for ``tenant`` on ``day``, shape (n,)."""
        code = self.tenants.index(tenant)
        rows = self.rows
        ordinal = day.toordinal()
        usable: NDArray[np.bool_] = (
            (rows.tenant == code)
            & (rows.valid_from <= ordinal)
            & (ordinal <= rows.valid_until)
            & (ordinal < rows.superseded_from)
        )
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


def folder_of(kb: Path, number: int) -> Path:
    """Return the folder of a generation."""
    return kb / FOLDER / f"{number:06d}"


def kept_numbers(kb: Path) -> list[int]:
    """Return the numbers of all complete generations on disk, ascending."""
    folder = kb / FOLDER
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit())


def begin(kb: Path, number: int) -> Path:
    """Make an empty folder to build generation ``number`` in, and clear what a crash left behind."""
    generations = kb / FOLDER
    generations.mkdir(exist_ok=True)
    for stale in generations.glob(f"{_BUILDING}*"):
        shutil.rmtree(stale)
    unnamed = folder_of(kb, number)  # renamed, but never named by CURRENT
    if unnamed.exists():
        shutil.rmtree(unnamed)
    folder = generations / f"{_BUILDING}{number:06d}"
    folder.mkdir()
    return folder


def publish(kb: Path, building: Path, manifest: dict[str, Any]) -> None:
    """Checksum ``building``, force it to disk, rename it and make it the live generation."""
    number = manifest["generation"]
    for lock in building.rglob(".tantivy-*.lock"):
        lock.unlink()
    files = {}
    for path in sorted(p for p in building.rglob("*") if p.is_file()):
        _sync(path)
        name = path.relative_to(building).as_posix()
        files[name] = {"sha256": _sha256(path), "bytes": path.stat().st_size}
    text = json.dumps({**manifest, "files": files}, ensure_ascii=False, indent=1, sort_keys=True)
    (building / MANIFEST).write_text(text, encoding="utf-8")
    _sync(building / MANIFEST)
    for folder in [*(p for p in building.rglob("*") if p.is_dir()), building]:
        _sync(folder)
    final = folder_of(kb, number)
    building.rename(final)
    _sync(final.parent)
    _replace(kb / CURRENT, f"{number:06d}\n")


def discard_old(kb: Path, keep: int) -> None:
    """Delete all but the newest ``keep`` generations; the live one always stays."""
    live = current_number(kb)
    older = [number for number in kept_numbers(kb) if number != live]
    for number in older[: max(0, len(older) - (keep - 1))]:
        shutil.rmtree(folder_of(kb, number), ignore_errors=True)


def keys_in_use(kb: Path) -> set[int]:
    """Return the store keys that any generation on disk lists; one that cannot be read has no use for any."""
    keys: set[int] = set()
    for number in kept_numbers(kb):
        try:
            with np.load(folder_of(kb, number) / ROWS, allow_pickle=False) as columns:
                keys.update(int(key) for key in columns["key"])
        except (OSError, ValueError, KeyError):
            if number == current_number(kb):
                raise
    return keys


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a generation; refuses other format versions by name."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["format_version"]
    except FileNotFoundError as error:
        raise KnowledgeBaseCorrupt(f"{path}: is missing; sync the sources again") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KnowledgeBaseCorrupt(f"{path}: is not a manifest: {error}") from error
    if version != FORMAT_VERSION:
        raise FormatVersionError(
            f"{folder}: written in format version {version}, this program reads {FORMAT_VERSION}; "
            "use the matching version of reply-suggest, or sync the sources into a new folder"
        )
    if not isinstance(manifest, dict) or not manifest.keys() >= _NEEDED:
        raise KnowledgeBaseCorrupt(f"{path}: is incomplete; sync the sources again")
    return manifest


def verify_files(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """Hold every file against its checksum; return one line for each that is wrong."""
    problems = []
    for name, expected in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{path}: is missing")
        elif path.stat().st_size != expected["bytes"] or _sha256(path) != expected["sha256"]:
            problems.append(f"{path}: differs from its checksum")
    return problems


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_text(text, encoding="ascii")
    _sync(temporary)
    temporary.replace(path)
    _sync(path.parent)
