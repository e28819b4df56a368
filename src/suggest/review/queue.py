"""The review queue: everything that people and programs do with suggestions goes through here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from pydantic import TypeAdapter, ValidationError

from suggest.errors import InvalidRecord, KnowledgeBaseError, SettingsError
from suggest.index.embedding import Embedder
from suggest.index.knowledge_base import KnowledgeBase
from suggest.learn import LabelledInquiry, recheck
from suggest.pipeline import Suggester
from suggest.records import Entry, Inquiry, Lane, SyncReport
from suggest.review import (
    audit,
    deciding,
    figures,
    forgetting,
    history,
    items,
    labels,
    learned,
    surveys,
    swapping,
    undoing,
    withdrawing,
)
from suggest.review.database import Database, exists
from suggest.review.items import tenant_of
from suggest.review.records import (
    CandidateCase,
    CandidateState,
    Claim,
    DecisionRecord,
    Figures,
    Forgotten,
    Found,
    ImportReport,
    Name,
    Page,
    ReviewDecision,
    ReviewItem,
    State,
)
from suggest.settings import FILE_NAME as SETTINGS_FILE
from suggest.settings import Settings, load_settings

Clock = Callable[[], datetime]
Progress = Callable[[str, int, int | None], None]
_NAME: TypeAdapter[str] = TypeAdapter(Name)


class ReviewQueue:
    """Suggestions waiting for people, and the ledger of what people decided. Safe between threads and processes.

    Every call that names an item names its tenant; an item of another tenant does not exist. Raises
    :class:`~suggest.errors.UnknownTenant` for an empty tenant, :class:`~suggest.errors.UnknownItem` for an
    item that is not there, :class:`~suggest.errors.ReviewError` for everything else that a caller can cause.
    """

    def __init__(self, path: Path, settings: Settings, embedder: Embedder | None, clock: Clock) -> None:
        """Use :meth:`open` instead."""
        self.path = path
        self.settings = settings
        self._embedder = embedder
        self._clock = clock
        self._opening = threading.Lock()
        self._suggester: Suggester | None = None
        self._db = Database(path, settings.review.database)

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
        folder = Path(kb_path)
        if not folder.is_dir():
            raise KnowledgeBaseError(
                f"{folder}: there is no knowledge base; make one with `suggest sync SOURCE --kb {folder}`"
            )
        used = settings or load_settings(folder / SETTINGS_FILE)
        return cls(folder, used, embedder, clock or (lambda: datetime.now(UTC)))

    @classmethod
    def open_existing(cls, kb_path: str | Path, *, settings: Settings | None = None) -> Self | None:
        """Open the queue of a knowledge base that has one; None for one that was never reviewed."""
        folder = Path(kb_path)
        used = settings or load_settings(folder / SETTINGS_FILE)
        return cls.open(folder, settings=used) if exists(folder, used.review.database) else None

    def close(self) -> None:
        """Release files and connections."""
        self._db.close()
        with self._opening:
            if self._suggester is not None:
                self._suggester.kb.close()
            self._suggester = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def suggester(self) -> Suggester:
        """The suggester over the knowledge base, opened when first used; raises KnowledgeBaseError when it is empty."""
        with self._opening:
            if self._suggester is None:
                kb = KnowledgeBase.open(
                    self.path, create=False, settings=self.settings, embedder=self._embedder
                )
                self._suggester = Suggester(kb)
            return self._suggester

    def _now(self) -> datetime:
        now = self._clock()
        if now.tzinfo is None:
            raise SettingsError(
                "clock: returned a time without a zone; expected an aware one, e.g. datetime.now(UTC)"
            )
        return now.astimezone(UTC)

    # --- the queue -----------------------------------------------------------------------------

    def import_inquiries(
        self, inquiries: Iterable[Inquiry], *, reviewer: str, progress: Progress | None = None
    ) -> ImportReport:
        """Suggest for each inquiry and put it into the queue of its tenant.

        An inquiry whose id its tenant's queue already has is skipped and counted. What was imported before an
        error stays.
        """
        show = progress or (lambda *_: None)
        return items.import_inquiries(
            self._db,
            self.suggester,
            inquiries,
            reviewer=_name(reviewer),
            clock=self._now,
            progress=lambda done: show("inquiries", done, None),
        )

    def items(
        self,
        *,
        tenant: str,
        lane: Lane | None = None,
        route: str = "",
        state: State | Literal["decided", "all"] = "open",
        query: str = "",
        offset: int = 0,
        limit: int = 50,
    ) -> Page:
        """Return a stretch of the queue, the most urgent first, then the oldest.

        ``route`` keeps items that go to that route, ``query`` those whose inquiry, or its id, holds that text;
        ``all`` are all but those withdrawn. ``limit`` is at most 1,000.
        """
        return items.listing(
            self._db,
            self._now(),
            tenant=tenant_of(tenant),
            lane=lane,
            route=route,
            state=state,
            query=query,
            offset=offset,
            limit=limit,
        )

    def item(self, item_id: str, *, tenant: str) -> ReviewItem:
        """Return one item with its inquiry, suggestion, claim and history."""
        owner, now = tenant_of(tenant), self._now()
        with self._db.reading() as connection:
            held = items.standing(connection, owner, item_id)
            known = history.of_item(connection, owner, item_id)
            case = learned.of_item(connection, owner, item_id)
        decided = next((entry for entry in known if entry.seq == held.row["decided_seq"]), None)
        return ReviewItem(
            **items.summary(held.row, now),
            inquiry=held.inquiry,
            suggestion=held.suggestion,
            final_text=decided.after if decided is not None else None,
            candidate_id=case,
            decisions=known,
        )

    def claim(self, item_id: str, *, tenant: str, reviewer: str, seconds: int = 600) -> Claim:
        """Reserve an open item for ``reviewer``; claiming again extends it.

        Raises ClaimedByOther, AlreadyDecided.
        """
        return deciding.claim(
            self._db,
            item_id,
            tenant=tenant_of(tenant),
            reviewer=_name(reviewer),
            seconds=seconds,
            now=self._now(),
        )

    def release(self, item_id: str, *, tenant: str, reviewer: str) -> None:
        """Give a claim back; without one nothing happens. Raises ClaimedByOther."""
        deciding.release(
            self._db, item_id, tenant=tenant_of(tenant), reviewer=_name(reviewer), now=self._now()
        )

    def decide(self, decision: ReviewDecision) -> DecisionRecord:
        """Record a decision; it is on disk when this returns.

        Of several decisions on one version of an item exactly one succeeds. Raises AlreadyDecided,
        StaleVersion (the suggestion was changed since), ClaimedByOther, and InvalidDecision (nothing to approve,
        a blank that was not filled in, an edit without text).
        """
        return deciding.decide(self._db, decision, tenant=tenant_of(decision.tenant), now=self._now())

    def undo(
        self, item_id: str, *, tenant: str, reviewer: str, supervisor: bool = False, session: str = ""
    ) -> DecisionRecord:
        """Take back the last thing done to an item; a new entry of the chain, nothing is deleted.

        A decided item opens again, and a case learnt from it is withdrawn (``undo``); an open one gets back the
        evidence that it had before the last swap (``unswap``); a withdrawn one is where it was (``restore``). Raises
        NothingToUndo, ClaimedByOther, and NotAllowed when someone else decided or withdrew, unless the caller
        vouches that ``reviewer`` is a ``supervisor``.
        """
        return undoing.undo(
            self._db,
            item_id,
            tenant=tenant_of(tenant),
            reviewer=_name(reviewer),
            supervisor=supervisor,
            session=session,
            now=self._now(),
        )

    def swap_evidence(
        self, item_id: str, entry_id: str, *, tenant: str, reviewer: str, concern: int = 0, session: str = ""
    ) -> ReviewItem:
        """Compose an open item again with that entry first for one concern (0-based); recorded.

        The item gets a new version and the lane ``review``, also where it was to be escalated: an agent may know
        better. Raises AlreadyDecided, ClaimedByOther, InvalidDecision (no such entry or concern).
        """
        swapping.swap(
            self._db,
            self.suggester,
            item_id,
            entry_id,
            tenant=tenant_of(tenant),
            reviewer=_name(reviewer),
            concern=concern,
            session=session,
            now=self._now(),
        )
        return self.item(item_id, tenant=tenant)

    def withdraw(
        self, item_ids: Iterable[str], *, tenant: str, reviewer: str, reason: str, session: str = ""
    ) -> list[DecisionRecord]:
        """Take items out of the queue, the figures and the labels, all or none; ``undo`` brings each back.

        For what was never to be answered, such as a trial run; whatever their state. Cases learnt from them are
        withdrawn; the texts stay (see :meth:`forget`). Raises InvalidDecision without a reason, AlreadyDecided
        for an item that was withdrawn before, UnknownItem.
        """
        return withdrawing.withdraw(
            self._db,
            list(item_ids),
            tenant=tenant_of(tenant),
            reviewer=_name(reviewer),
            reason=reason,
            session=session,
            now=self._now(),
        )

    def entries(self, entry_ids: Iterable[str], *, tenant: str) -> dict[str, Entry]:
        """Return entries of the knowledge base by id; those that the tenant does not have are left out."""
        return self.suggester.entries(entry_ids, tenant=tenant_of(tenant))

    def search(self, text: str, *, tenant: str, top: int = 10) -> list[Found]:
        """Search the knowledge base; each match says whether it is near."""
        looked = self.suggester.look_up(text, tenant=tenant_of(tenant), top=top)
        return [Found(**match.model_dump(), near=near) for match, near in looked]

    # --- learning ------------------------------------------------------------------------------

    def candidates(
        self, *, tenant: str, state: CandidateState | Literal["all"] = "waiting"
    ) -> list[CandidateCase]:
        """Return cases learnt from approved and edited replies, oldest first, personal data masked."""
        return learned.listing(self._db, tenant_of(tenant), state)

    def judge_candidate(
        self, candidate_id: str, *, tenant: str, supervisor: str, approve: bool, reason: str = ""
    ) -> CandidateCase:
        """Let a waiting case into the knowledge base from the next sync on, or keep it out.

        Raises NotAllowed when the supervisor approved or wrote the reply, AlreadyDecided, UnknownItem.
        """
        return learned.judge(
            self._db,
            candidate_id,
            tenant=tenant_of(tenant),
            supervisor=_name(supervisor),
            approve=approve,
            reason=reason,
            now=self._now(),
        )

    def learned_entries(self) -> list[Entry]:
        """Return the approved cases of all tenants, trust ``approved``: a source for ``sync``."""
        return learned.approved_entries(self._db)

    def sync_learned(self, *, progress: Progress | None = None) -> SyncReport:
        """Bring only the learnt cases of the knowledge base in line; everything else in it stays.

        A calibration is repeated on the new generation.
        """
        kb = self.suggester.kb
        report = kb.sync(
            self.learned_entries(),
            keep_missing=lambda entry_id: not entry_id.startswith(learned.PREFIX),
            on_progress=progress,
        )
        recheck(kb, on_progress=progress)
        return report

    # --- looking back --------------------------------------------------------------------------

    def decisions(
        self, *, tenant: str, since: datetime | None = None, everything: bool = False
    ) -> Iterator[DecisionRecord]:
        """Yield decisions and undos in the order of the chain; with ``everything`` all of the ledger (audit)."""
        wanted = None if everything else history.DECISIONS
        return history.entries(self._db, tenant_of(tenant), since=since, events=wanted)

    def newest(
        self, *, tenant: str, before: int | None = None, limit: int = 50
    ) -> tuple[DecisionRecord, ...]:
        """Return the last entries of the ledger, the newest first; with ``before`` those older than that number."""
        return history.newest(self._db, tenant_of(tenant), before=before, limit=max(1, min(limit, 1_000)))

    def figures(
        self, *, tenant: str, since: datetime | None = None, until: datetime | None = None
    ) -> Figures:
        """Return the figures of inquiries received from ``since`` on and before ``until``."""
        return figures.figures(self._db, tenant=tenant_of(tenant), since=since, until=until)

    def import_surveys(self, rows: Iterable[Mapping[str, Any]], *, tenant: str, reviewer: str) -> int:
        """Import customers' answers and return how many were new.

        A row has ``inquiry_id`` and ``score`` (1 to 5; 4 and 5 are satisfied) or ``satisfied`` (true or false), and
        optionally ``answered_at``. The first answer to an inquiry counts. Raises InvalidRecord that names the row.
        """
        return surveys.import_surveys(
            self._db, rows, tenant=tenant_of(tenant), reviewer=_name(reviewer), now=self._now()
        )

    def labels(self) -> Iterator[LabelledInquiry]:
        """Yield the decisions that stand, of all tenants, as labels for ``suggest.learn.calibrate``."""
        return labels.labels(self._db)

    def verify(self) -> list[str]:
        """Return the problems of the ledger, the first broken link of each chain by name; [] when whole."""
        return audit.problems(self._db)

    def forget_inquiry(self, inquiry_id: str, *, tenant: str, reviewer: str, reason: str = "") -> Forgotten:
        """Do what :meth:`forget` does, for an inquiry by its id."""
        item_id = items.item_id_of(tenant_of(tenant), inquiry_id)
        return self.forget(item_id, tenant=tenant, reviewer=reviewer, reason=reason)

    def forget(self, item_id: str, *, tenant: str, reviewer: str, reason: str = "") -> Forgotten:
        """Erase what a customer wrote, and all texts about it, without breaking the chain."""
        return forgetting.forget(
            self._db,
            self.path,
            item_id,
            tenant=tenant_of(tenant),
            reviewer=_name(reviewer),
            reason=reason,
            now=self._now(),
        )


def _name(given: str) -> str:
    try:
        return _NAME.validate_python(given)
    except ValidationError as error:
        raise InvalidRecord(
            f"name of a person: given {given[:60]!r}, expected 1 to 200 printable characters"
        ) from error
