"""The review queue: everything that people and programs do with suggestions goes through here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from suggest.index.embedding import Embedder
from suggest.records import Entry, Inquiry, Lane, Match, SyncReport
from suggest.review.records import (
    CandidateCase,
    CandidateState,
    Claim,
    DecisionRecord,
    Figures,
    Forgotten,
    ImportReport,
    Page,
    ReviewDecision,
    ReviewItem,
    State,
)
from suggest.settings import Settings

Clock = Callable[[], datetime]
Progress = Callable[[str, int, int | None], None]


class ReviewQueue:
    """Suggestions waiting for people, and the ledger of what people decided. Safe between threads and processes.

    Every call that names an item names its tenant; an item of another tenant does not exist. Raises
    :class:`~suggest.errors.UnknownTenant` for an empty tenant, :class:`~suggest.errors.UnknownItem` for an
    item that is not there, :class:`~suggest.errors.ReviewError` for everything else that a caller can cause.
    """

    @classmethod
    def open(
        cls,
        kb_path: str | Path,
        *,
        settings: Settings | None = None,
        embedder: Embedder | None = None,
        clock: Clock | None = None,
    ) -> Self:
        """Open the queue of the knowledge base in ``kb_path``; the ledger is created when absent.

        ``settings`` and ``embedder`` as in :meth:`suggest.KnowledgeBase.open`; ``clock`` returns the time, aware.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Release files and connections."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- the queue -----------------------------------------------------------------------------

    def import_inquiries(
        self, inquiries: Iterable[Inquiry], *, reviewer: str, progress: Progress | None = None
    ) -> ImportReport:
        """Suggest for each inquiry and put it into the queue of its tenant.

        An inquiry whose id its tenant's queue already has is skipped and counted. What was imported before an
        error stays.
        """
        raise NotImplementedError

    def items(
        self,
        *,
        tenant: str,
        lane: Lane | None = None,
        state: State | Literal["decided", "all"] = "open",
        query: str = "",
        offset: int = 0,
        limit: int = 50,
    ) -> Page:
        """Return a stretch of the queue, the most urgent first, then the oldest.

        ``query`` keeps items whose inquiry, or its id, holds that text. ``limit`` is at most 1,000.
        """
        raise NotImplementedError

    def item(self, item_id: str, *, tenant: str) -> ReviewItem:
        """Return one item with its inquiry, suggestion, claim and history."""
        raise NotImplementedError

    def claim(self, item_id: str, *, tenant: str, reviewer: str, seconds: int = 600) -> Claim:
        """Reserve an open item for ``reviewer``; claiming again extends it.

        Raises ClaimedByOther, AlreadyDecided.
        """
        raise NotImplementedError

    def release(self, item_id: str, *, tenant: str, reviewer: str) -> None:
        """Give a claim back; without one nothing happens. Raises ClaimedByOther."""
        raise NotImplementedError

    def decide(self, decision: ReviewDecision) -> DecisionRecord:
        """Record a decision; it is on disk when this returns.

        Of several decisions on one version of an item exactly one succeeds. Raises AlreadyDecided,
        StaleVersion (the suggestion was changed since), ClaimedByOther, and InvalidDecision (nothing to approve,
        a blank that was not filled in, an edit without text).
        """
        raise NotImplementedError

    def undo(
        self, item_id: str, *, tenant: str, reviewer: str, supervisor: bool = False, session: str = ""
    ) -> DecisionRecord:
        """Open an item again; a new entry of the chain, nothing is deleted.

        A case learnt from it is withdrawn. Raises NothingToUndo, and NotAllowed when someone else decided, unless
        the caller vouches that ``reviewer`` is a ``supervisor``.
        """
        raise NotImplementedError

    def swap_evidence(
        self, item_id: str, entry_id: str, *, tenant: str, reviewer: str, concern: int = 0, session: str = ""
    ) -> ReviewItem:
        """Compose an open item again with that entry first for one concern (0-based); recorded.

        The item gets a new version and never the lane ``ready``. Raises AlreadyDecided, ClaimedByOther,
        InvalidDecision (no such entry or concern).
        """
        raise NotImplementedError

    def search(self, text: str, *, tenant: str, top: int = 10) -> list[Match]:
        """Search the knowledge base."""
        raise NotImplementedError

    # --- learning ------------------------------------------------------------------------------

    def candidates(
        self, *, tenant: str, state: CandidateState | Literal["all"] = "waiting"
    ) -> list[CandidateCase]:
        """Return cases learnt from approved and edited replies, oldest first, personal data masked."""
        raise NotImplementedError

    def judge_candidate(
        self, candidate_id: str, *, tenant: str, supervisor: str, approve: bool, reason: str = ""
    ) -> CandidateCase:
        """Let a waiting case into the knowledge base from the next sync on, or keep it out.

        Raises NotAllowed when the supervisor approved or wrote the reply, AlreadyDecided, UnknownItem.
        """
        raise NotImplementedError

    def learned_entries(self) -> list[Entry]:
        """Return the approved cases of all tenants, trust ``approved``: a source for ``sync``."""
        raise NotImplementedError

    def sync_learned(self, *, progress: Progress | None = None) -> SyncReport:
        """Bring only the learnt cases of the knowledge base in line; everything else in it stays.

        A calibration is repeated on the new generation.
        """
        raise NotImplementedError

    # --- looking back --------------------------------------------------------------------------

    def decisions(
        self, *, tenant: str, since: datetime | None = None, everything: bool = False
    ) -> Iterator[DecisionRecord]:
        """Yield decisions and undos in the order of the chain; with ``everything`` all of the ledger (audit)."""
        raise NotImplementedError

    def figures(
        self, *, tenant: str, since: datetime | None = None, until: datetime | None = None
    ) -> Figures:
        """Return the figures of inquiries received from ``since`` on and before ``until``."""
        raise NotImplementedError

    def import_surveys(self, rows: Iterable[Mapping[str, Any]], *, tenant: str, reviewer: str) -> int:
        """Import customers' answers and return how many were new.

        A row has ``inquiry_id`` and ``score`` (1 to 5; 4 and 5 are satisfied) or ``satisfied`` (true or false), and
        optionally ``answered_at``. The first answer to an inquiry counts. Raises InvalidRecord that names the row.
        """
        raise NotImplementedError

    def verify(self) -> list[str]:
        """Return the problems of the ledger, the first broken link of each chain by name; [] when whole."""
        raise NotImplementedError

    def forget(self, item_id: str, *, tenant: str, reviewer: str, reason: str = "") -> Forgotten:
        """Erase what a customer wrote, and all texts about it, without breaking the chain."""
        raise NotImplementedError
