"""The seam for servers: what an entry store, a lexical leg and a vector leg must offer.

:mod:`suggest.testing` holds a contract suite for each. The bundled ones are SQLite (``store.py``),
tantivy (``lexical.py``) and FAISS (``vectors.py``); :class:`Backends` gives others to a knowledge base.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from suggest.index.analysis import Parts, Terms
from suggest.index.embedding import Vectors
from suggest.records import Entry

Analyse = Callable[[Sequence[Parts]], Sequence[Terms]]
"""Returns the terms of each of the parts, in order."""

Link = Literal["supersedes", "resolves_with"]
"""A field of an entry that names another."""


class Version(NamedTuple):
    """An entry and its index terms, as stored; never changes."""

    entry: Entry
    terms: Terms


class About(NamedTuple):
    """What a generation needs to know of a version, without its text."""

    key: int
    entry_id: str
    content_hash: str
    text_hash: str
    kind: str
    tenant: str
    valid_from: int | None
    """Day, proleptic Gregorian ordinal; None: since ever."""
    valid_until: int | None
    supersedes: str | None
    checksum: int
    """64 bits over everything that the version says; a generation holds them against the store."""


class Store(Protocol):
    """Keeps immutable versions of entries by key. A key is never used twice, for anything else.

    Reading is safe from many threads, also while one of them adds.
    """

    def add(
        self, entries: Sequence[Entry], analyse: Analyse, hashes: Sequence[str] | None = None
    ) -> list[int]:
        """Store all or none; a version that is already there keeps its key. Durable on return.

        ``hashes`` stand for the content hashes of ``entries``.
        """

    def with_texts(self, text_hashes: Sequence[str]) -> list[tuple[int, str]]:
        """Return ``(key, text hash)`` of all versions with one of these texts."""

    def links(self, kind: Link) -> list[tuple[int, str]]:
        """Return ``(key, entry id)`` of all versions that name another entry in the field ``kind``."""

    def terms(self, keys: Sequence[int]) -> list[Terms]:
        """Return the index terms of versions that exist, in the order given."""

    def identities(self, keys: Iterable[int] | NDArray[np.int64]) -> Iterator[tuple[int, str, str]]:
        """Yield ``(key, entry id, content hash)`` of the keys that exist, in any order."""

    def about(self, keys: Iterable[int] | NDArray[np.int64]) -> Iterator[About]:
        """Yield what there is to say of the keys that exist, ascending by key."""

    def versions(self, keys: Sequence[int], checksums: Sequence[int] | None = None) -> list[Version]:
        """Return the versions in the order given.

        Raises KnowledgeBaseCorrupt for one that is missing, altered, or not the one of ``checksums``.
        """

    def keep_only(self, keys: NDArray[np.int64]) -> int:
        """Delete all other versions; return how many went."""

    def erase(self, entry_ids: Sequence[str]) -> int:
        """Delete every version of these entries beyond recovery; return how many went."""

    def compact(self) -> None:
        """Leave no byte of what was deleted; raises KnowledgeBaseError where that cannot be done now."""

    def problems(self) -> list[str]:
        """Hold all that is stored against its checksums; return a line for each fault."""

    def remember_nothing(self) -> None:
        """Forget what is kept in memory."""

    def close(self) -> None:
        """Release what is held open."""


class LexicalSearch(Protocol):
    """BM25 over space-joined terms of one generation; entries are named by row. Safe between threads."""

    def __len__(self) -> int:
        """Return the number of entries."""

    @property
    def rarest(self) -> float:
        """The inverse document frequency of a term that no entry holds: the highest there is."""

    def search(self, terms: Sequence[str], *, tenant: str, limit: int) -> list[tuple[int, float]]:
        """Return ``(row, score)`` of the best ``limit`` entries of ``tenant``, best first, ties by row."""

    def candidates(self, terms: Sequence[str], *, tenant: str, limit: int) -> dict[int, float | None]:
        """Return about the best ``limit`` rows of ``tenant``: ``limit`` where so many hold one of the terms.

        Like ``search``, but it may miss some, and leave out scores (None), where that is much faster.
        """

    def scores(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        """Return the scores of given rows as ``search`` gives them; rows without any term are left out."""

    def rarity(self, terms: Iterable[str]) -> dict[str, float]:
        """Return the inverse document frequency of each term, highest where no entry holds it."""


class VectorSearch(Protocol):
    """Cosine over the vectors of one generation; entries are named by row. Safe between threads."""

    def search(
        self, query: NDArray[np.float32], *, limit: int, among: NDArray[np.bool_] | None = None
    ) -> list[tuple[int, float]]:
        """Return ``(row, cosine)``, best first: exactly ``limit`` where so many rows of ``among`` exist.

        The cosines are exact, also where the search is approximate.
        """

    def scores(self, query: NDArray[np.float32], rows: Sequence[int]) -> NDArray[np.float32]:
        """Return the cosines of given rows, shape (len(rows),)."""

    def gather(self, rows: Sequence[int] | NDArray[np.int64]) -> Vectors:
        """Return the vectors of given rows, shape (len(rows), d)."""


Document = tuple[int, str, str, str]
"""Store key, tenant, title terms and body terms (space-joined)."""


class Lexical(Protocol):
    """Builds and opens lexical legs. What a leg needs lies in its folder, or is found by what lies there."""

    def build(
        self, folder: Path, documents: Iterable[Document], *, base: Path | None, removed: Iterable[int]
    ) -> None:
        """Write the leg of a generation into the empty folder ``folder``.

        With ``base``, the folder of another one, which stays as it is: that one without the ``removed`` keys and
        with ``documents``. Raises OSError.
        """

    def opened(self, folder: Path, keys: NDArray[np.int64]) -> LexicalSearch:
        """Open a leg; ``keys`` names the entry of each row. Raises KnowledgeBaseCorrupt when it holds others."""

    def struck_share(self, folder: Path) -> float:
        """Return the share of what the leg holds that belongs to entries that are gone."""


class Segment(NamedTuple):
    """A file of vectors: float32, row after row. They never change; the slots count through all segments."""

    name: str
    rows: int


class Vector(Protocol):
    """Builds and opens vector legs over segments of vectors, which :mod:`suggest.index.build` writes."""

    def build(
        self,
        folder: Path,
        segments: Sequence[Segment],
        dimension: int,
        *,
        entries: int,
        base: Path | None,
        learnt: int,
    ) -> int:
        """Write what searching the segments in ``folder`` takes beyond them; return of how many vectors it was learnt.

        ``base`` is the folder of a leg over the first of these segments, learnt from ``learnt`` vectors; None:
        there is none. ``entries`` slots are in use. Raises OSError.
        """

    def opened(
        self, folder: Path, segments: Sequence[Segment], slots: NDArray[np.int64], dimension: int
    ) -> VectorSearch:
        """Open a leg; ``slots`` of shape (n,) says where each row's vector lies. Raises KnowledgeBaseCorrupt."""


class OpenStore(Protocol):
    """Opens the entry store of a knowledge base."""

    def __call__(self, folder: Path, *, read_only: bool) -> Store:
        """Open the store of the knowledge base in ``folder``, and for writing make it when it is absent."""


class Backends(NamedTuple):
    """The parts that a knowledge base stands on."""

    store: OpenStore
    lexical: Lexical
    vector: Vector
