"""The knowledge base: one folder, opened, synchronised with its sources, and searched."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from suggest.errors import KnowledgeBaseError
from suggest.index import generation as generations
from suggest.index import maintenance
from suggest.index.analysis_pool import AnalysisPool
from suggest.index.build import Progress
from suggest.index.embedding import Embedder
from suggest.index.lock import writer_lock
from suggest.index.models import load_embedder
from suggest.index.pieces import piece_store
from suggest.index.plan import make_plan
from suggest.index.reading import Reader
from suggest.index.replay import replay
from suggest.index.roster import roster_of
from suggest.index.sync import readapt, synchronise
from suggest.index.writing import Legs, Writer, aside
from suggest.records import Entry, ModelTrial, ResolvedCase, SyncReport
from suggest.settings import Retrieval


class KnowledgeBase(Reader):
    """What a team knows, ready to be searched.

    Opened with :meth:`open`. Reading is safe from many threads and processes, also while another
    process syncs: a reader stays on its generation until :meth:`refresh`.
    """

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
        is kept for the next attempt. Personal data in cases is masked before anything of them is stored; articles
        keep their contact points.

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
        with self._writer(embedder, on_progress) as writer:
            report = synchronise(
                writer,
                entries,
                self._generation,
                keep_missing=_asked(keep_missing),
                dry_run=dry_run,
                adopt_model=adopt_model,
                adapting=self.settings.retrieval.adapt if adapt is None else adapt,
                check_vector_leg=self.settings.retrieval.weight > 0,
                workers=workers,
            )
            self._embedder = embedder
            self._model_checked = False
        return report

    @contextmanager
    def _writer(self, embedder: Embedder, on_progress: Progress | None) -> Iterator[Writer]:
        """Be the one writer, on the live generation; afterwards move to what is live then."""
        with writer_lock(self.path):
            self.refresh()
            store = self._backends.store(self.path, read_only=False)
            pieces = piece_store(self.path, embedder)
            try:
                yield Writer(
                    self.path, store, self._backends, embedder, pieces, on_progress or (lambda *_: None)
                )
            finally:
                store.close()
                if pieces is not None:
                    pieces.close()
            self.refresh()

    def adapt(self, *, drop: bool = False, on_progress: Progress | None = None) -> dict[str, Any]:
        """Learn anew how to search this knowledge base from its own questions, or ``drop`` what was learned.

        The result is a new generation with the same entries. What was learned is used only when held-back
        questions are found clearly better with it. Returns what the replay said: ``adopted``, ``pairs``,
        ``mrr_before``, ``mrr_after`` (mean reciprocal rank by vectors alone) and ``gain_low``, a lower bound of
        the gain. Raises KnowledgeBaseLocked, ModelMismatch, and KnowledgeBaseError when there
        is nothing to learn from.
        """
        embedder = self._embedder or load_embedder(self.settings.retrieval)
        with self._writer(embedder, on_progress) as writer:
            if self._generation is None:
                raise KnowledgeBaseError(f"{self.path}: holds no entries yet; sync some first")
            check = self.settings.retrieval.weight > 0
            readapt(writer, self._generation, "drop" if drop else "learn", check_vector_leg=check)
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

        Nothing becomes live; see :meth:`aside`.
        """
        started, show = time.perf_counter(), on_progress or (lambda *_: None)
        with self.aside(
            retrieval,
            entries,
            embedder=embedder,
            keep_missing=keep_missing,
            workers=workers,
            on_progress=on_progress,
        ) as built:
            cases = list(self._past_inquiries(replays))
            changed = replay(cases, self.pinned(), built.kb, show)
        return ModelTrial(
            model=built.kb.embedder.name,
            fingerprint=built.kb.fingerprint,
            embedded=built.embedded,
            replayed=len(cases),
            changed=changed,
            seconds=round(time.perf_counter() - started, 3),
        )

    @contextmanager
    def aside(
        self,
        retrieval: Retrieval,
        entries: Iterable[Entry] | None = None,
        *,
        embedder: Embedder | None = None,
        keep_missing: bool | Callable[[str], bool] = False,
        workers: int | None = None,
        on_progress: Progress | None = None,
    ) -> Iterator[Beside]:
        """Yield a knowledge base of ``entries`` (None: those that it holds) with the model of ``retrieval``.

        It never becomes live and is gone afterwards, but the vectors are kept, so that a sync with
        ``adopt_model`` that follows need not make them again. ``embedder`` stands in for the model that ``retrieval``
        names. Nobody else can write meanwhile. Raises KnowledgeBaseLocked.
        """
        model = embedder or load_embedder(retrieval)
        with self._writer(model, on_progress) as writer:
            live = self._generation
            if live is None:
                raise KnowledgeBaseError(
                    f"{self.path}: holds nothing yet that another model could be compared with"
                )
            generations.clear_leftovers(self.path)
            roster = roster_of(live)
            if entries is not None:
                with AnalysisPool(workers) as analyse:
                    roster = make_plan(
                        writer.store, analyse, entries, live, keep_missing=_asked(keep_missing), dry_run=False,
                        on_progress=writer.on_progress,
                    ).roster  # fmt: skip
            legs = Legs("learn" if retrieval.adapt else "drop", retrieval.weight > 0)
            with aside(writer, roster, live, legs) as built:
                view = copy.copy(self)
                view._generation, view._follows = built.generation, False
                view._embedder, view._model_checked = model, True
                view.settings = self.settings.model_copy(update={"retrieval": retrieval})
                yield Beside(view, built.embedded)

    def _past_inquiries(self, limit: int) -> Iterator[ResolvedCase]:
        """Yield at most ``limit`` resolved inquiries, spread evenly over their ids."""
        assert self._generation is not None and self._store is not None
        cases = np.flatnonzero(self._generation.rows.kind == 1)
        picked = cases[np.unique(np.linspace(0, len(cases) - 1, min(limit, len(cases))).astype(np.int64))]
        keys: list[int] = self._generation.rows.key[picked].tolist()
        for version in self._store.versions(keys):
            if isinstance(version.entry, ResolvedCase):
                yield version.entry

    def verify(self) -> dict[str, Any]:
        """Check every file and every stored entry: ``{"ok", "generation", "problems"}``.

        For a folder that cannot be opened, call :func:`suggest.index.maintenance.verify` with its path.
        """
        return maintenance.verify(self.path, self._backends)

    def rollback(self, to: int | None = None) -> int:
        """Make an older generation live (None: the one before) and return its number.

        Raises KnowledgeBaseLocked, or KnowledgeBaseError when there is no such generation or it is damaged.
        """
        with writer_lock(self.path):
            number = maintenance.rollback(self.path, to, self._backends)
            self.refresh()
        return number

    def forget(self, *entry_ids: str) -> int:
        """Erase entries, with all their versions, vectors and older generations; return how many versions went.

        Remove them from the sources too, or the next sync brings them back. Ids that are not there are no error.
        """
        with self._writer(self.embedder, None) as writer:
            for held in (self._store, *self._pieces.values()):
                if held is not None:
                    held.close()
            return maintenance.forget(writer, self._generation, entry_ids)


class Beside(NamedTuple):
    """A knowledge base that stands beside the live one for a while."""

    kb: KnowledgeBase
    embedded: int
    """How many entries went through the embedding model for it."""


def _asked(keep_missing: bool | Callable[[str], bool]) -> Callable[[str], bool]:
    return keep_missing if callable(keep_missing) else lambda _: bool(keep_missing)
