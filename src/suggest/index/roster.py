"""Which entries the next generation holds, and what the live one already has of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suggest.index.generation import Generation
from suggest.index.rows import NO_END, NO_ROW, NO_START
from suggest.index.stores import Link, Store


class Roster(NamedTuple):
    """The entries of a generation, ascending by id."""

    ids: list[str]
    keys: NDArray[np.int64]
    """Key of each in the entry store, shape (n,)."""
    source: NDArray[np.int64]
    """Digest of the source row of each, shape (n, 2); zero where there is none."""

    def beside(self, other: Roster) -> Roster:
        """Return the entries of both, one after the other."""
        return Roster(
            self.ids + other.ids,
            np.concatenate([self.keys, other.keys]),
            np.concatenate([self.source, other.source]),
        )

    def only(self, rows: NDArray[np.int64]) -> Roster:
        """Return a roster of the given rows, ascending."""
        return Roster([self.ids[row] for row in rows.tolist()], self.keys[rows], self.source[rows])


def roster_of(live: Generation | None) -> Roster:
    """Return the entries of a generation."""
    if live is None:
        return Roster([], np.zeros(0, np.int64), np.zeros((0, 2), np.int64))
    return Roster(live.ids.all(), live.rows.key, live.rows.source)


class Inherited(NamedTuple):
    """What the next generation can take from the live one."""

    live: Generation | None
    row: NDArray[np.int64]
    """Row in ``live`` of each entry, -1 for one that it does not have, shape (n,)."""

    @property
    def fresh(self) -> NDArray[np.int64]:
        """The rows of the next generation that ``live`` does not have."""
        return np.flatnonzero(self.row < 0)

    @property
    def kept(self) -> NDArray[np.int64]:
        """The rows of the next generation that ``live`` has."""
        return np.flatnonzero(self.row >= 0)

    def gone(self) -> NDArray[np.int64]:
        """Return the keys that ``live`` has and the next generation has not."""
        if self.live is None:
            return np.zeros(0, np.int64)
        stays = np.zeros(len(self.live), np.bool_)
        stays[self.row[self.kept]] = True
        return self.live.rows.key[~stays]


def inherit(keys: NDArray[np.int64], live: Generation | None) -> Inherited:
    """Look up ``keys`` in ``live``."""
    if live is None or not len(live):
        return Inherited(live, np.full(len(keys), -1, np.int64))
    place = np.minimum(np.searchsorted(live.sorted_keys, keys), len(live) - 1)
    row = np.where(live.sorted_keys[place] == keys, live.by_key[place], -1)
    return Inherited(live, row.astype(np.int64))


def rows_of(store: Store, roster: Roster, inherited: Inherited) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the row columns (``slot`` still to be filled in) and the counts of the manifest."""
    keys, count = roster.keys, len(roster.keys)
    rows: dict[str, Any] = {
        "key": keys,
        "tenant": np.zeros(count, np.int32),
        "valid_from": np.full(count, NO_START, np.int32),
        "valid_until": np.full(count, NO_END, np.int32),
        "kind": np.zeros(count, np.int8),
        "superseded_from": np.full(count, NO_END, np.int32),
        "answered_by": np.full(count, NO_ROW, np.int32),
        "slot": np.zeros(count, np.int64),
        "checksum": np.zeros(count, np.int64),
        "source": roster.source,
    }
    tenants: dict[str, int] = {}
    live, fresh = inherited.live, inherited.fresh
    if live is not None:
        for name in ("tenant", "valid_from", "valid_until", "kind", "checksum"):
            rows[name][inherited.kept] = getattr(live.rows, name)[inherited.row[inherited.kept]]
        tenants = {name: number for number, name in enumerate(live.tenants)}
    row_of = dict(zip(keys[fresh].tolist(), fresh.tolist(), strict=True))
    for said in store.about(keys[fresh]):
        row = row_of[said.key]
        rows["tenant"][row] = tenants.setdefault(said.tenant, len(tenants))
        if said.valid_from is not None:
            rows["valid_from"][row] = said.valid_from
        if said.valid_until is not None:
            rows["valid_until"][row] = said.valid_until
        rows["kind"][row] = 0 if said.kind == "faq" else 1
        rows["checksum"][row] = said.checksum
    used, rows["tenant"] = np.unique(rows["tenant"], return_inverse=True)
    rows["tenant"] = rows["tenant"].astype(np.int32)
    names = list(tenants)
    _link(store, roster.ids, rows)
    cases = int(rows["kind"].sum())
    kinds = {"faq": count - cases, "case": cases}
    return rows, {
        "entries": count,
        "by_kind": {kind: number for kind, number in kinds.items() if number},
        "tenants": [names[int(number)] for number in used] if count else [],
    }


def _link(store: Store, ids: Sequence[str], rows: dict[str, Any]) -> None:
    """Fill in ``superseded_from`` and ``answered_by``; an entry can only name one of its own tenant."""
    for row, old in _links(store, "supersedes", ids, rows):
        rows["superseded_from"][old] = min(rows["superseded_from"][old], rows["valid_from"][row])
    for case, article in _links(store, "resolves_with", ids, rows):
        if rows["kind"][article] == 0:
            rows["answered_by"][case] = article


def _links(store: Store, kind: Link, ids: Sequence[str], rows: dict[str, Any]) -> Iterator[tuple[int, int]]:
    links = store.links(kind)
    row_of = {key: row for row, key in enumerate(rows["key"].tolist())} if links else {}
    for key, entry_id in links:
        row, named = row_of.get(key), bisect_left(ids, entry_id)
        if row is None or named == len(ids) or ids[named] != entry_id:
            continue
        if rows["tenant"][row] == rows["tenant"][named]:
            yield row, named
