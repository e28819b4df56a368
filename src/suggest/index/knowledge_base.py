"""The knowledge base: one folder, opened, synchronised with its sources, and searched."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from suggest.errors import KnowledgeBaseError, SuggestError, UnknownTenant
from suggest.index import generation as generations
from suggest.index import maintenance, shadow
from suggest.index.build import Progress
from suggest.index.embedding import Embedder
from suggest.index.generation import Generation
from suggest.index.lock import writer_lock
from suggest.index.models import load_embedder
from suggest.index.ranking import describe, rank
from suggest.index.store import EntryStore
from suggest.index.sync import Legs, check_model, readapt, synchronise
from suggest.records import Entry, Evidence, Match, ModelTrial, SyncReport
from suggest.settings import FILE_NAME as SETTINGS_FILE
from suggest.settings import Retrieval, Settings, load_settings
from suggest.text import clean, tokens_with_surfaces

_PATIENCE = 0.2  # seconds that a request waits for a new generation before it goes on with the old one
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
        self._switching = threading.Lock()
        self._stuck = 0

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
        with self._switching:
            for _ in range(3):  # a slow reader may find that a generation was replaced while it opened it
                number = generations.current_number(self.path)
                if number == self.generation:
                    return False
                verified = self._generation.verified if self._generation else None
                try:
                    fresh = Generation(generations.live_folder(self.path, number), verified)
                    break
                except KnowledgeBaseError:
                    if generations.current_number(self.path) == number:
                        raise
            else:
                raise KnowledgeBaseError(
                    f"{self.path}: the generation changes too fast to be opened; try again"
                )
            if self._store is None:
                self._store = EntryStore(self.path, read_only=True)
            self._store.remember_nothing()
            self._generation, self._model_checked = fresh, False
        return True

    def pinned(self) -> Self:
        """Return a view for one request: it stays on one generation, whatever others do to this object.

        A new generation is noticed here, without a lock. It is opened beside the work; a request that would have to
        wait for it goes on with the old one.
        """
        try:
            number = generations.current_number(self.path)
        except KnowledgeBaseError:
            number = self.generation
        if number not in (self.generation, self._stuck) and not self._switching.locked():
            opening = threading.Thread(target=self._follow, args=(number,), daemon=True)
            opening.start()
            opening.join(_PATIENCE)
        view = copy.copy(self)
        if view._generation is not None and not self._model_checked:
            self._embedder = view.embedder  # loaded and checked once, not for each request
            self._model_checked = view._generation is self._generation
            view._model_checked = True
        return view

    def _follow(self, number: int) -> None:
        try:
            self.refresh()
        except (SuggestError, OSError):
            self._stuck = number  # the generation in use still serves; verify says what is wrong

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
            **self._out_of_use(),
            "bytes": generations.bytes_on_disk(self.path),
        }

    def _out_of_use(self) -> dict[str, list[str]]:
        """List the entries that are in the knowledge base but not found today."""
        assert self._generation is not None
        rows, today = self._generation.rows, datetime.now(UTC).date().toordinal()
        masks = {
            "expired": rows.valid_until < today,
            "superseded": rows.superseded_from <= today,
            "not_yet_valid": rows.valid_from > today,
        }
        return {name: self._generation.ids.some(np.flatnonzero(mask)) for name, mask in masks.items()}

    def entry_ids(self) -> set[str]:
        """Return the ids of all entries of the generation in use, of every tenant."""
        return set(self._generation.ids.all()) if self._generation else set()

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
        workers: int | None = None,
        on_progress: Progress | None = None,
    ) -> SyncReport:
        """Bring the knowledge base in line with ``entries``, which is everything that the sources hold.

        Only new and changed entries are analysed and embedded. Entries that ``entries`` lacks are
        removed unless ``keep_missing``. Nothing changes when anything fails; what was analysed and embedded by then
        is kept for the next attempt.

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
        workers
            Processes that analyse texts when there are many; None: one for each processor, 0: none.

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
                    workers=workers,
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

    def try_model(
        self,
        entries: Iterable[Entry],
        retrieval: Retrieval,
        *,
        embedder: Embedder | None = None,
        keep_missing: bool | Callable[[str], bool] = False,
        replays: int = 200,
        workers: int | None = None,
        on_progress: Progress | None = None,
    ) -> ModelTrial:
        """Build a generation aside with the model of ``retrieval`` and ask at most ``replays`` past inquiries of it.

        Nothing becomes live. The vectors are kept, so that a sync with ``adopt_model`` that follows need not make
        them again. ``embedder`` stands in for the model that ``retrieval`` names.
        """
        model = embedder or load_embedder(retrieval)
        keep = keep_missing if callable(keep_missing) else lambda _: bool(keep_missing)
        with writer_lock(self.path):
            self.refresh()
            if self._generation is None:
                raise KnowledgeBaseError(
                    f"{self.path}: holds nothing yet that another model could be compared with"
                )
            store = EntryStore(self.path, read_only=False)
            try:
                return shadow.replay(
                    store,
                    self._generation,
                    model,
                    entries,
                    keep_missing=keep,
                    legs=Legs("learn" if retrieval.adapt else "drop", retrieval.weight > 0),
                    replays=replays,
                    workers=workers,
                    on_progress=on_progress or (lambda *_: None),
                    before=self.pinned(),
                    opened=lambda generation: self._seen_through(generation, model, retrieval),
                )
            finally:
                store.close()

    def _seen_through(self, generation: Generation, embedder: Embedder, retrieval: Retrieval) -> Self:
        """Return a view of another generation with the model and the settings that belong to it."""
        view = copy.copy(self)
        view._generation, view._embedder, view._model_checked = generation, embedder, True
        view.settings = self.settings.model_copy(update={"retrieval": retrieval})
        return view

    def verify(self) -> dict[str, Any]:
        """Check every file and every stored entry: ``{"ok", "generation", "problems"}``.

        For a folder that cannot be opened, call :func:`suggest.index.maintenance.verify` with its path.
        """
        return maintenance.verify(self.path)

    def rollback(self, to: int | None = None) -> int:
        """Make an older generation live (None: the one before) and return its number.

        Raises KnowledgeBaseLocked, or KnowledgeBaseError when there is no such generation or it is damaged.
        """
        with writer_lock(self.path):
            number = maintenance.rollback(self.path, to)
            self.refresh()
        return number

    def forget(self, *entry_ids: str) -> int:
        """Erase entries, with all their versions, vectors and older generations; return how many versions went.

        Remove them from the sources too, or the next sync brings them back. Ids that are not there are no error.
        """
        embedder = self.embedder
        with writer_lock(self.path):
            self.refresh()
            store = EntryStore(self.path, read_only=False)
            if self._store is not None:
                self._store.close()
            try:
                gone = maintenance.forget(self.path, store, embedder, self._generation, entry_ids)
            finally:
                store.close()
            self.refresh()
        return gone

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
        ranked = rank(
            generation,
            [term for term, _ in surfaces],
            generation.adapted(self.embedder.embed_queries([clean(text)]))[0],
            tenant=tenant,
            day=today or datetime.now(UTC).date(),
            vector_weight=self.settings.retrieval.weight if vector_weight is None else vector_weight,
            top=top,
            per_kind=per_kind,
        )
        assert self._store is not None  # set together with the generation
        return describe(generation, self._store, surfaces, ranked)
