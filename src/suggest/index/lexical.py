"""The lexical leg: BM25 by tantivy over terms that :mod:`suggest.text` made.

The only file that imports tantivy. Terms are stored space-joined and split on white space again, so
that no tokenizer but ours decides what a word is. Documents carry the store key of their entry, so that the
immutable segments of one generation serve the next; a generation says which row has which key.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suggest.errors import KnowledgeBaseCorrupt
from suggest.index.links import link_or_copy
from suggest.index.stores import Document

FIELDS = ("title", "body")
TITLE_BOOST = 1.0
LARGE = 50_000
"""Entries up to which every term chooses candidates."""
_MOST_LOOKED_AT = 200_000  # occurrences that candidates are chosen from in a large index
_FEWEST_TERMS = 3
_WRITER_BYTES = 64_000_000
_MUTABLE = frozenset({"meta.json", ".managed.json"})


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("key", stored=False, indexed=True, fast=True)
    builder.add_text_field("tenant", stored=False, tokenizer_name="raw", index_option="basic")
    for field in FIELDS:
        builder.add_text_field(field, stored=False, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def build(
    folder: Path,
    documents: Iterable[Document],
    *,
    base: Path | None = None,
    removed: Iterable[int] = (),
) -> None:
    """Write an index of ``(key, tenant, title terms, body terms)`` into an empty folder.

    Terms are space-joined. With ``base``, the folder of another index, its segments are linked, the documents of
    the ``removed`` keys struck out and ``documents`` added; ``base`` itself stays as it is. Raises OSError.
    """
    import tantivy

    folder.mkdir(parents=True, exist_ok=True)
    try:
        if base is None:
            index = tantivy.Index(_schema(), path=str(folder))
        else:
            for file in base.iterdir():
                if file.name in _MUTABLE:
                    shutil.copyfile(file, folder / file.name)
                elif not file.name.endswith(".lock"):
                    link_or_copy(file, folder / file.name)
            index = tantivy.Index.open(str(folder))
        writer = index.writer(heap_size=_WRITER_BYTES, num_threads=1)
        for key in removed:
            writer.delete_documents_by_term("key", key)
        for key, tenant, title, body in documents:
            writer.add_document(tantivy.Document(key=key, tenant=tenant, title=title, body=body))
        writer.commit()
        writer.wait_merging_threads()
    except ValueError as error:  # what tantivy makes of a failed write
        raise OSError(f"{folder}: the lexical index cannot be written: {error}") from error


def struck_share(folder: Path) -> float:
    """Return the share of struck-out documents in an index; they still count in its term statistics."""
    held, struck = _held_and_struck(folder)
    return struck / held if held else 0.0


def _held_and_struck(folder: Path) -> tuple[int, int]:
    segments = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["segments"]
    held = sum(segment["max_doc"] for segment in segments)
    return held, sum((segment["deletes"] or {}).get("num_deleted_docs", 0) for segment in segments)


def opened(folder: Path, keys: NDArray[np.int64]) -> LexicalLeg:
    """Open the leg of a generation."""
    return LexicalLeg(folder, keys)


class LexicalLeg:
    """Searches one immutable index folder. Safe to share between threads."""

    def __init__(self, folder: Path, keys: NDArray[np.int64]) -> None:
        """Open the index of the entries with ``keys``, row for row.

        Raises :class:`~suggest.errors.KnowledgeBaseCorrupt` when it cannot be read or holds other entries.
        """
        import tantivy

        self._tantivy: Any = tantivy
        self._last: tuple[tuple[str, ...], Any] = ((), None)
        self._keys = keys
        self._by_key: NDArray[np.int64] = np.argsort(keys, kind="stable")
        self._sorted_keys = keys[self._by_key]
        try:
            self._index: Any = tantivy.Index.open(str(self._lockable(folder)))
            self._index.config_reader(reload_policy="manual")
            self._index.reload()
            self._searcher = self._index.searcher()
            self._held, _ = _held_and_struck(folder)
        except (ValueError, OSError, KeyError, TypeError) as error:
            raise KnowledgeBaseCorrupt(f"{folder}: the lexical index cannot be opened: {error}") from error
        self._schema = self._index.schema
        if len(self) != len(keys):
            raise KnowledgeBaseCorrupt(f"{folder}: holds {len(self)} entries, expected {len(keys)}")

    def _lockable(self, folder: Path) -> Path:
        """Return ``folder``, or links to its files where tantivy cannot put its lock file into it."""
        if os.access(folder, os.W_OK):
            return folder
        links = Path(tempfile.mkdtemp(prefix="suggest-lexical-"))
        weakref.finalize(self, shutil.rmtree, links, ignore_errors=True)
        for file in folder.glob("[!.]*"):
            (links / file.name).symlink_to(file.resolve())
        return links

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    @property
    def rarest(self) -> float:
        """The inverse document frequency of a term that no entry holds: the highest there is."""
        return _idf(len(self), 0)

    def rarity(self, terms: Iterable[str]) -> dict[str, float]:
        """Return the inverse document frequency of each term over both fields (0 entries: highest)."""
        total = len(self)
        found: dict[str, float] = {}
        for term in terms:
            if term not in found:
                holding = max(self._searcher.doc_freq(field, term) for field in FIELDS)
                found[term] = _idf(total, holding)
        return found

    def search(self, terms: Sequence[str], *, tenant: str, limit: int) -> list[tuple[int, float]]:
        """Return ``(row, BM25)`` of the best ``limit`` entries of ``tenant``, best first."""
        if not terms or limit < 1 or not len(self):
            return []
        if self._searcher.doc_freq("tenant", tenant) == self._held:
            return self._run(self._any_term(terms), limit)  # all are this tenant's; a plain union is faster
        occur = self._tantivy.Occur
        query = self._tantivy.Query.boolean_query(
            [(occur.Must, self._any_term(terms)), (occur.Must, self._tenant(tenant))]
        )
        return self._run(query, limit)

    def candidates(self, terms: Sequence[str], *, tenant: str, limit: int) -> dict[int, float | None]:
        """Return the best rows of ``tenant``, with their BM25 where it is known already.

        In a large index the rarest terms choose the rows, as many terms as few enough entries hold: what most
        entries hold costs most and tells least. The scores, of all terms, come from :meth:`scores` then.
        """
        rare = self._rare(terms)
        found = self.search(rare, tenant=tenant, limit=limit)
        return dict(found) if len(rare) == len(terms) else dict.fromkeys(row for row, _ in found)

    def _rare(self, terms: Sequence[str]) -> Sequence[str]:
        """Return the terms that choose the candidates, the rarest first where not all do."""
        if len(self) <= LARGE:
            return terms
        holding = {
            t: sum(self._searcher.doc_freq(field, t) for field in FIELDS) for t in dict.fromkeys(terms)
        }
        chosen: list[str] = []
        left = _MOST_LOOKED_AT
        for term in sorted(holding, key=lambda term: holding[term]):
            if len(chosen) >= _FEWEST_TERMS and holding[term] > left:
                return chosen
            chosen.append(term)
            left -= holding[term]
        return terms

    def scores(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        """Return the BM25 scores of given rows; rows that hold no term are left out."""
        if not terms or not rows:
            return {}
        occur = self._tantivy.Occur
        only = self._tantivy.Query.term_set_query(
            self._schema, "key", [int(key) for key in self._keys[list(rows)]]
        )
        query = self._tantivy.Query.boolean_query(
            [
                (occur.Must, self._any_term(terms)),
                (occur.Must, self._tantivy.Query.const_score_query(only, 0.0)),
            ]
        )
        return dict(self._run(query, len(rows)))

    def _any_term(self, terms: Sequence[str]) -> Any:
        """Return the query for any of ``terms``; a search asks for the same one twice."""
        wanted = tuple(terms)
        said, made = self._last
        if said == wanted:
            return made
        query = self._union(wanted)
        self._last = wanted, query
        return query

    def _union(self, terms: Sequence[str]) -> Any:
        q = self._tantivy.Query
        clauses = []
        for term in dict.fromkeys(terms):
            for field, boost in zip(FIELDS, (TITLE_BOOST, 1.0), strict=True):
                query = q.term_query(self._schema, field, term, index_option="freq")
                clauses.append(
                    (self._tantivy.Occur.Should, query if boost == 1.0 else q.boost_query(query, boost))
                )
        return q.boolean_query(clauses)

    def _tenant(self, tenant: str) -> Any:
        q = self._tantivy.Query
        return q.const_score_query(q.term_query(self._schema, "tenant", tenant, index_option="basic"), 0.0)

    def _run(self, query: Any, limit: int) -> list[tuple[int, float]]:
        hits = self._searcher.search(query, limit=limit, count=False).hits
        keys = self._searcher.fast_field_values("key", [address for _, address in hits])
        rows = self._by_key[np.searchsorted(self._sorted_keys, np.asarray(keys, np.int64))]
        scores = np.fromiter((score for score, _ in hits), np.float64, len(hits))
        order = np.lexsort((rows, -scores))
        return list(zip(rows[order].tolist(), scores[order].tolist(), strict=True))


def _idf(total: int, holding: int) -> float:
    return math.log(1 + (total - min(holding, total) + 0.5) / (holding + 0.5))
