"""Another entry store and other legs, all in memory: the smallest that keep the contracts."""

from __future__ import annotations

import hashlib
import math
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from suggest.errors import KnowledgeBaseCorrupt
from suggest.index.analysis import Terms, parts_of, text_hash
from suggest.index.stores import About, Analyse, Backends, Document, Link, Segment, Version
from suggest.records import Entry


class MemoryStore:
    """Versions in a dictionary; those of one folder are shared by all that open it."""

    _folders: ClassVar[dict[Path, dict[str, object]]] = {}

    def __init__(self, folder: Path, *, read_only: bool) -> None:
        state = self._folders.setdefault(folder.resolve(), {"rows": {}, "last": 0})
        self._state = state
        self._rows: dict[int, tuple[Version, About]] = state["rows"]  # type: ignore[assignment]

    def add(
        self, entries: Sequence[Entry], analyse: Analyse, hashes: Sequence[str] | None = None
    ) -> list[int]:
        known = {(about.entry_id, about.content_hash): key for key, (_, about) in self._rows.items()}
        terms: dict[str, Terms] = {about.text_hash: version.terms for version, about in self._rows.values()}
        parts = {text_hash(parts_of(entry)): parts_of(entry) for entry in entries}
        fresh = {digest: part for digest, part in parts.items() if digest not in terms}
        terms |= dict(zip(fresh, analyse(list(fresh.values())), strict=True))
        keys = []
        for entry, digest in zip(entries, hashes or [e.content_hash for e in entries], strict=True):
            key = known.get((entry.id, digest))
            if key is None:
                self._state["last"] = key = int(self._state["last"]) + 1  # type: ignore[call-overload]
                self._rows[key] = self._row(key, entry, digest, terms[text_hash(parts_of(entry))])
            keys.append(key)
        return keys

    @staticmethod
    def _row(key: int, entry: Entry, digest: str, terms: Terms) -> tuple[Version, About]:
        first, last = entry.valid_from, entry.valid_until
        about = About(
            key, entry.id, digest, text_hash(parts_of(entry)), entry.kind, entry.tenant,
            first.toordinal() if first else None, last.toordinal() if last else None, entry.supersedes or None,
            int.from_bytes(hashlib.sha256(f"{entry.id}{digest}".encode()).digest()[:7], "little"),
        )  # fmt: skip
        return Version(entry, terms), about

    def with_texts(self, text_hashes: Sequence[str]) -> list[tuple[int, str]]:
        wanted = set(text_hashes)
        return [(key, a.text_hash) for key, (_, a) in self._rows.items() if a.text_hash in wanted]

    def links(self, kind: Link) -> list[tuple[int, str]]:
        found = ((key, getattr(version.entry, kind, None)) for key, (version, _) in self._rows.items())
        return [(key, named) for key, named in found if named]

    def terms(self, keys: Sequence[int]) -> list[Terms]:
        return [self._rows[key][0].terms for key in keys]

    def identities(self, keys: Iterable[int]) -> Iterator[tuple[int, str, str]]:
        for about in self.about(keys):
            yield about.key, about.entry_id, about.content_hash

    def about(self, keys: Iterable[int]) -> Iterator[About]:
        for key in sorted({int(key) for key in keys} & self._rows.keys()):
            yield self._rows[key][1]

    def versions(self, keys: Sequence[int], checksums: Sequence[int] | None = None) -> list[Version]:
        for key, checksum in zip(keys, checksums or [None] * len(keys), strict=True):
            if key not in self._rows or checksum not in (None, self._rows[key][1].checksum):
                raise KnowledgeBaseCorrupt(f"version {key} is missing or another one")
        return [self._rows[key][0] for key in keys]

    def keep_only(self, keys: np.ndarray) -> int:
        return self._drop(self._rows.keys() - set(keys.tolist()))

    def erase(self, entry_ids: Sequence[str]) -> int:
        return self._drop({key for key, (_, about) in self._rows.items() if about.entry_id in entry_ids})

    def _drop(self, keys: set[int]) -> int:
        for key in keys:
            del self._rows[key]
        return len(keys)

    def compact(self) -> None:
        pass

    def problems(self) -> list[str]:
        return []

    def remember_nothing(self) -> None:
        pass

    def close(self) -> None:
        pass


class PlainLexical:
    """BM25 by counting."""

    def __init__(self, documents: Sequence[Document], *, tenants: bool = True) -> None:
        self.documents = [
            (tenant, Counter(f"{title} {body}".split())) for _, tenant, title, body in documents
        ]
        self.tenants = tenants
        self.mean = sum(bag.total() for _, bag in self.documents) / max(1, len(documents))

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def rarest(self) -> float:
        return math.log(1 + (len(self) + 0.5) / 0.5)

    def rarity(self, terms: Iterable[str]) -> dict[str, float]:
        holding = {term: sum(term in bag for _, bag in self.documents) for term in terms}
        return {term: math.log(1 + (len(self) - n + 0.5) / (n + 0.5)) for term, n in holding.items()}

    def scores(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        rarity = self.rarity(terms)
        found = {}
        for row in rows:
            bag = self.documents[row][1]
            norm = 1.2 * (0.25 + 0.75 * bag.total() / self.mean)
            score = sum(rarity[t] * 2.2 * bag[t] / (bag[t] + norm) for t in rarity if bag[t])
            if score:
                found[row] = score
        return found

    def search(self, terms: Sequence[str], *, tenant: str, limit: int) -> list[tuple[int, float]]:
        rows = [row for row, (owner, _) in enumerate(self.documents) if owner == tenant or not self.tenants]
        return sorted(self.scores(terms, rows).items(), key=lambda item: (-item[1], item[0]))[:limit]

    def candidates(self, terms: Sequence[str], *, tenant: str, limit: int) -> dict[int, float | None]:
        return dict(self.search(terms, tenant=tenant, limit=limit))


class MemoryLexical:
    """The folder holds the name of a list of documents, as it would hold the name of a server's table."""

    _tables: ClassVar[dict[str, dict[int, Document]]] = {}

    def build(
        self, folder: Path, documents: Iterable[Document], *, base: Path | None, removed: Iterable[int]
    ) -> None:
        table = {} if base is None else dict(self._table(base))
        for key in removed:
            del table[key]
        table |= {document[0]: document for document in documents}
        name = uuid.uuid4().hex
        self._tables[name] = table
        folder.mkdir()
        (folder / "table").write_text(name)

    def _table(self, folder: Path) -> dict[int, Document]:
        return self._tables[(folder / "table").read_text()]

    def opened(self, folder: Path, keys: np.ndarray) -> PlainLexical:
        table = self._table(folder)
        if table.keys() != set(keys.tolist()):
            raise KnowledgeBaseCorrupt(f"{folder}: holds other entries")
        return PlainLexical([table[key] for key in keys.tolist()])

    def struck_share(self, folder: Path) -> float:
        return 0.0


class PlainVectors:
    """Cosine with every vector."""

    def __init__(self, vectors: np.ndarray) -> None:
        self.vectors = vectors

    def gather(self, rows: Sequence[int]) -> np.ndarray:
        return self.vectors[np.asarray(rows, np.int64)]

    def scores(self, query: np.ndarray, rows: Sequence[int]) -> np.ndarray:
        return self.gather(rows) @ query

    def search(
        self, query: np.ndarray, *, limit: int, among: np.ndarray | None = None
    ) -> list[tuple[int, float]]:
        if not query.any():
            return []
        allowed = np.arange(len(self.vectors)) if among is None else np.flatnonzero(among)
        cosines = self.vectors[allowed] @ query
        return [(int(allowed[i]), float(cosines[i])) for i in np.argsort(-cosines, kind="stable")[:limit]]


class MemoryVectors:
    """Reads all segments into memory."""

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
        return 0

    def opened(
        self, folder: Path, segments: Sequence[Segment], slots: np.ndarray, dimension: int
    ) -> PlainVectors:
        read = [np.fromfile(folder / name, "<f4").reshape(-1, dimension) for name, _ in segments]
        return PlainVectors(np.concatenate([np.zeros((0, dimension), np.float32), *read])[slots])


MEMORY = Backends(MemoryStore, MemoryLexical(), MemoryVectors())
