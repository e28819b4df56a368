"""The knowledge base: one folder, opened, synchronised with its sources, and searched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from suggest.errors import KnowledgeBaseError, UnknownTenant
from suggest.index import generation as generations
from suggest.index.embedding import Embedder
from suggest.index.fusion import fuse, lend, saturate
from suggest.index.generation import NO_ROW, Generation
from suggest.index.lock import writer_lock
from suggest.index.models import load_embedder
from suggest.index.snippet import snippet
from suggest.index.store import EntryStore
from suggest.index.sync import Progress, check_model, readapt, synchronise
from suggest.records import Entry, Evidence, Match, SyncReport
from suggest.settings import FILE_NAME as SETTINGS_FILE
from suggest.settings import Settings, load_settings
from suggest.text import clean, tokens_with_surfaces

_POOL = 100  # candidates taken from each leg before fusion
_READ_AT_ONCE = 500


class KnowledgeBase:
    """What a team knows, ready to be searched.

    Opened with :meth:`open`. Reading is safe from many threads and processes, also while another
    process syncs: a reader stays on its generation until :meth:`refresh`.
    """

    def __init__(self, path: Path, settings: Settings, embedder: Embedder | None) -> None:
        """Use :meth:`open` instead."""
        self.path = path
        self.settings = settings
        self._embedder = embedder
        self._store: EntryStore | None = None
        self._generation: Generation | None = None
        self._model_checked = False

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        create: bool = True,
        settings: Settings | None = None,
        embedder: Embedder | None = None,
    ) -> Self:
        """Open the knowledge base in folder ``path``.

        Parameters
        ----------
        create
            Make the folder when it is absent; otherwise an absent one is an error.
        settings
            Defaults to ``suggest.toml`` in the folder.
        embedder
            Any :class:`~suggest.index.embedding.Embedder`; defaults to the model in the settings.

        Raises
        ------
        KnowledgeBaseError
            The folder is absent, no folder, of another format version, or damaged.
        SettingsError
            The settings cannot be used.
        """
        folder = Path(path)
        try:
            if folder.exists() and not folder.is_dir():
                raise KnowledgeBaseError(f"{folder}: is a file, expected the folder of a knowledge base")
            if not folder.exists():
                if not create:
                    raise KnowledgeBaseError(
                        f"{folder}: there is no knowledge base; make one with `suggest sync SOURCE --kb {folder}`"
                    )
                folder.mkdir(parents=True)
            kb = cls(folder, settings or load_settings(folder / SETTINGS_FILE), embedder)
            kb.refresh()
        except OSError as error:
            raise KnowledgeBaseError(f"{folder}: cannot be opened: {error.strerror or error}") from error
        if kb._generation is None and not create:
            raise KnowledgeBaseError(
                f"{folder}: holds no knowledge base yet; fill it with `suggest sync SOURCE --kb {folder}`"
            )
        return kb

    def refresh(self) -> bool:
        """Move to the live generation; return whether it is another one than before."""
        number = generations.current_number(self.path)
        if number == self.generation:
            return False
        fresh = Generation(generations.folder_of(self.path, number))
        if self._store is None:
            self._store = EntryStore(self.path, read_only=True)
        self._generation, self._model_checked = fresh, False
        return True

    def close(self) -> None:
        """Release the folder's files."""
        if self._store is not None:
            self._store.close()
        self._store = self._generation = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def generation(self) -> int:
        """Number of the generation in use; 0 before the first sync."""
        return self._generation.number if self._generation else 0

    @property
    def embedder(self) -> Embedder:
        """The embedding model, loaded when first used; raises ModelMismatch when it is not this folder's."""
        if self._embedder is None:
            self._embedder = load_embedder(self.settings.retrieval)
        if self._generation is not None and not self._model_checked:
            check_model(self._generation, self._embedder)
            self._model_checked = True
        return self._embedder

    @property
    def model(self) -> str:
        """Name and short fingerprint of the model of the generation in use, and of its adaptation if it has one.

        Empty before the first sync.
        """
        if self._generation is None:
            return ""
        model, files = self._generation.manifest["model"], self._generation.manifest["files"]
        adapted = files.get(generations.ADAPTATION)
        return f"{model['name']}@{model['fingerprint'][:12]}" + (
            f"+{adapted['sha256'][:8]}" if adapted else ""
        )

    def __len__(self) -> int:
        return len(self._generation) if self._generation else 0

    def status(self) -> dict[str, Any]:
        """Describe the live generation."""
        if self._generation is None:
            return {"generation": 0, "entries": 0, "by_kind": {}, "model": None, "created_at": None}
        manifest = self._generation.manifest
        return {
            "generation": manifest["generation"],
            "entries": manifest["entries"],
            "by_kind": manifest["by_kind"],
            "tenants": len(manifest["tenants"]),
            "model": self.model,
            "adaptation": manifest["adaptation"],
            "created_at": manifest["created_at"],
            "format_version": manifest["format_version"],
            "generations_kept": generations.kept_numbers(self.path),
            "bytes": sum(p.stat().st_size for p in self.path.rglob("*") if p.is_file()),
        }

    def entry_ids(self) -> set[str]:
        """Return the ids of all entries of the generation in use, of every tenant."""
        if self._generation is None or self._store is None:
            return set()
        return {entry_id for _, entry_id, _ in self._store.identities(self._generation.rows.key)}

    def entries(self) -> Iterator[Entry]:
        """Yield all entries of the generation in use, of every tenant, by id."""
        if self._generation is None or self._store is None:
            return
        keys = [int(key) for key in self._generation.rows.key]
        for start in range(0, len(keys), _READ_AT_ONCE):
            yield from (
                version.entry for version in self._store.versions(keys[start : start + _READ_AT_ONCE])
            )

    def sync(
        self,
        entries: Iterable[Entry],
        *,
        keep_missing: bool | Callable[[str], bool] = False,
        dry_run: bool = False,
        adopt_model: bool = False,
        adapt: bool | None = None,
        on_progress: Progress | None = None,
    ) -> SyncReport:
        """Bring the knowledge base in line with ``entries``, which is everything that the sources hold.

        Only new and changed entries are analysed and embedded. Entries that ``entries`` lacks are
        removed unless ``keep_missing``. Nothing changes when anything fails.

        Parameters
        ----------
        keep_missing
            Keep all entries that ``entries`` lacks, or those for whose id a function says so; it is
            asked after all entries were read.
        dry_run
            Only count what would be done.
        adopt_model
            Embed everything anew when the settings name another model than the folder's.
        adapt
            At the first sync, and when a model is adopted, learn from the knowledge base's own questions how
            to search it (see :meth:`adapt`); None takes the settings' word. Other syncs leave that as it is.

        Raises
        ------
        KnowledgeBaseLocked
            Another writer is at work.
        ModelMismatch
            The model is not the one the folder was built with.
        """
        embedder = self._embedder or load_embedder(self.settings.retrieval)
        with writer_lock(self.path):
            self.refresh()
            store = EntryStore(self.path, read_only=False)
            try:
                report = synchronise(
                    self.path,
                    store,
                    embedder,
                    entries,
                    self._generation,
                    keep_missing=keep_missing if callable(keep_missing) else lambda _: bool(keep_missing),
                    dry_run=dry_run,
                    adopt_model=adopt_model,
                    adapting=self.settings.retrieval.adapt if adapt is None else adapt,
                    check_vector_leg=self.settings.retrieval.weight > 0,
                    on_progress=on_progress or (lambda *_: None),
                )
            finally:
                store.close()
            self._embedder = embedder
            self._model_checked = False
            self.refresh()
        return report

    def adapt(self, *, drop: bool = False, on_progress: Progress | None = None) -> dict[str, Any]:
        """Learn anew how to search this knowledge base from its own questions, or ``drop`` what was learned.

        The result is a new generation with the same entries. What was learned is used only when held-back
        questions are found clearly better with it. Returns what the replay said: ``adopted``, ``pairs``,
        ``mrr_before``, ``mrr_after`` (mean reciprocal rank by vectors alone) and ``gain_low``, a lower bound of
        the gain. Raises KnowledgeBaseLocked, ModelMismatch, and KnowledgeBaseError when there
        is nothing to learn from.
        """
        with writer_lock(self.path):
            self.refresh()
            if self._generation is None:
                raise KnowledgeBaseError(f"{self.path}: holds no entries yet; sync some first")
            store = EntryStore(self.path, read_only=False)
            try:
                readapt(
                    self.path,
                    store,
                    self.embedder,
                    self._generation,
                    "drop" if drop else "learn",
                    check_vector_leg=self.settings.retrieval.weight > 0,
                    on_progress=on_progress or (lambda *_: None),
                )
            finally:
                store.close()
            self.refresh()
            found: dict[str, Any] = self._generation.manifest["adaptation"]
        return found

    def search(
        self,
        text: str,
        *,
        tenant: str = "default",
        top: int = 10,
        vector_weight: float | None = None,
        today: date | None = None,
    ) -> list[Match]:
        """Return the ``top`` entries nearest to ``text``, best first.

        Entries that are expired, not yet valid or superseded on ``today`` are not found.
        ``vector_weight`` (0 words only, 1 vectors only) overrides the settings.
        Raises :class:`~suggest.errors.UnknownTenant` for a tenant without entries.
        """
        found = self.retrieve(text, tenant=tenant, top=top, vector_weight=vector_weight, today=today)
        return [evidence.match for evidence in found]

    def retrieve(
        self,
        text: str,
        *,
        tenant: str = "default",
        top: int = 10,
        per_kind: int = 0,
        vector_weight: float | None = None,
        today: date | None = None,
    ) -> list[Evidence]:
        """Like :meth:`search`, with the entries themselves.

        ``per_kind`` asks for at least so many of each kind, where the candidates hold them; they
        follow in the same ranking, so more than ``top`` may come back.
        """
        generation = self._generation
        if not tenant:
            raise UnknownTenant("the search names no tenant; expected one that has entries")
        if generation is None or len(generation) == 0:
            if tenant != "default":
                raise UnknownTenant(f"tenant {tenant!r} has no entries; sync some, or check its name")
            return []
        if tenant not in generation.tenants:
            raise UnknownTenant(f"tenant {tenant!r} has no entries; sync some, or check its name")
        surfaces = tokens_with_surfaces(text)
        terms = [term for term, _ in surfaces]
        usable = generation.usable(tenant, today or datetime.now(UTC).date())
        pool = max(_POOL, top)
        held = self._by_words(generation, terms, usable, tenant, pool)
        query = generation.adapted(self.embedder.embed_queries([clean(text)]))[0]
        near = {row for row, _ in generation.vectors.search(query, limit=pool, among=usable)}
        candidates = near.union(held)
        answering = generation.rows.answered_by[sorted(candidates)]
        rows = sorted(candidates.union(int(row) for row in answering if row != NO_ROW and usable[row]))
        if not rows:
            return []
        held |= generation.lexical.scores(terms, sorted(set(rows).difference(held)))
        semantic = generation.vectors.scores(query, rows)
        lexical = saturate(np.array([held.get(row, 0.0) for row in rows]), generation.lexical.rarest)
        weight = self.settings.retrieval.weight if vector_weight is None else vector_weight
        fused = fuse(lexical, semantic, vector_weight=weight)
        fused = lend(fused, generation.rows.answered_by[rows], np.asarray(rows))
        order = sorted(range(len(rows)), key=lambda i: (-fused[i], rows[i]))
        chosen = self._choose(generation, [rows[i] for i in order], top, per_kind)
        order = [order[i] for i in chosen]
        return self._describe(
            generation,
            surfaces,
            [(rows[i], float(fused[i]), float(lexical[i]), float(semantic[i])) for i in order],
        )

    @staticmethod
    def _by_words(
        generation: Generation,
        terms: Sequence[str],
        usable: np.ndarray[Any, np.dtype[np.bool_]],
        tenant: str,
        pool: int,
    ) -> dict[int, float]:
        """Return BM25 of the best ``pool`` usable rows of the lexical leg; filters must not thin them."""
        limit = pool
        while True:
            hits = generation.lexical.search(terms, tenant=tenant, limit=limit)
            kept = [(row, score) for row, score in hits if usable[row]]
            if len(kept) >= pool or len(hits) < limit:
                return dict(kept[:pool])
            limit *= 4

    @staticmethod
    def _choose(generation: Generation, rows: Sequence[int], top: int, per_kind: int) -> list[int]:
        """Return positions in ``rows``: the first ``top``, then more of a kind that is short."""
        chosen = list(range(min(top, len(rows))))
        if per_kind:
            kinds = generation.rows.kind[np.asarray(rows, dtype=np.int64)]
            for kind in (0, 1):
                positions = np.flatnonzero(kinds == kind)[:per_kind]
                chosen.extend(int(p) for p in positions if p >= top)
        return sorted(chosen)

    def _describe(
        self,
        generation: Generation,
        surfaces: Sequence[tuple[str, str]],
        scored: Sequence[tuple[int, float, float, float]],
    ) -> list[Evidence]:
        assert self._store is not None  # set together with the generation
        keys = [int(generation.rows.key[row]) for row, *_ in scored]
        rarity = generation.lexical.rarity(term for term, _ in surfaces)
        whole = sum(rarity.values()) or 1.0
        words = {surface: rarity[term] for term, surface in surfaces if len(surface) > 1}
        found = []
        for (_, score, lexical, semantic), (entry, own) in zip(
            scored, self._store.versions(keys), strict=True
        ):
            held = set(own.title.split()).union(own.body.split())
            match = Match(
                entry_id=entry.id,
                kind=entry.kind,
                title=entry.title,
                score=round(score, 6),
                lexical=round(lexical, 6),
                semantic=round(semantic, 6),
                coverage=round(sum(r for t, r in rarity.items() if t in held) / whole, 6),
                snippet=snippet(entry, words),
            )
            found.append(Evidence(match=match, entry=entry))
        return found
