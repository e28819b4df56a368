"""Reads a knowledge base: opens it, follows its generations, and searches them."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from suggest.errors import KnowledgeBaseError, SuggestError, UnknownTenant
from suggest.index import generation as generations
from suggest.index.backends import BUNDLED
from suggest.index.embedding import Embedder
from suggest.index.generation import Generation
from suggest.index.late import Packed, late_interaction
from suggest.index.models import load_embedder
from suggest.index.pieces import PieceStore
from suggest.index.ranking import Question, Words, describe, rank, score_one
from suggest.index.stores import Backends, Store
from suggest.index.sync import check_model
from suggest.records import Entry, Evidence, Match
from suggest.settings import FILE_NAME as SETTINGS_FILE
from suggest.settings import Settings, load_settings
from suggest.text import clean, tokens, tokens_with_surfaces
from suggest.understand.placeholders import without_placeholders

_PATIENCE = 0.2  # seconds that a request waits for a new generation before it goes on with the old one
_READ_AT_ONCE = 500


class Reader:
    """A knowledge base as readers see it; :class:`~suggest.index.knowledge_base.KnowledgeBase` also writes."""

    def __init__(self, path: Path, settings: Settings, embedder: Embedder | None, backends: Backends) -> None:
        """Use :meth:`open` instead."""
        self.path = path
        self.settings = settings
        self._embedder = embedder
        self._backends = backends
        self._store: Store | None = None
        self._pieces: dict[str, PieceStore] = {}
        """Open word pieces by the fingerprint of their model."""
        self._generation: Generation | None = None
        self._model_checked = False
        self._switching = threading.Lock()
        self._stuck = 0
        self._follows = True
        """Whether new generations are noticed; one that stands beside the live one has none."""

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        create: bool = True,
        settings: Settings | None = None,
        embedder: Embedder | None = None,
        backends: Backends = BUNDLED,
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
        backends
            Another entry store, lexical or vector leg; a folder is always opened with those it was made with.

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
            kb = cls(folder, settings or load_settings(folder / SETTINGS_FILE), embedder, backends)
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
        if not self._follows:
            return False
        with self._switching:
            for _ in range(3):  # a slow reader may find that a generation was replaced while it opened it
                number = generations.current_number(self.path)
                if number == self.generation:
                    return False
                verified = self._generation.verified if self._generation else None
                try:
                    folder = generations.live_folder(self.path, number)
                    fresh = Generation(folder, self._backends, verified)
                    break
                except KnowledgeBaseError:
                    if generations.current_number(self.path) == number:
                        raise
            else:
                raise KnowledgeBaseError(
                    f"{self.path}: the generation changes too fast to be opened; try again"
                )
            if self._store is None:
                self._store = self._backends.store(self.path, read_only=True)
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
        if self._follows and number not in (self.generation, self._stuck) and not self._switching.locked():
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
        while self._pieces:
            self._pieces.popitem()[1].close()
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

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the model of the generation in use; empty before the first sync."""
        return str(self._generation.manifest["model"]["fingerprint"]) if self._generation else ""

    def evidence_for(self, entry_id: str, text: str, *, tenant: str, today: date) -> Evidence | None:
        """Return one entry as evidence for ``text``, however far it is; None when it may not be used for ``tenant``."""
        generation, store = self._generation, self._store
        if generation is None or store is None or tenant not in generation.tenants:
            return None
        row = generation.ids.row_of(entry_id)
        if row is None or not generation.usable(tenant, today)[row]:
            return None
        surfaces = tokens_with_surfaces(text)
        weight = self.settings.retrieval.weight
        scored = score_one(
            generation,
            row,
            [term for term, _ in surfaces],
            self._question(generation, clean(text), weight),
            vector_weight=weight,
        )
        return describe(generation, store, surfaces, [scored])[0]

    def entries_of(self, entry_ids: Iterable[str], *, tenant: str) -> dict[str, Entry]:
        """Return those of the entries that the generation in use holds for ``tenant``, also those out of date."""
        generation, store = self._generation, self._store
        if generation is None or store is None:
            return {}
        rows = {row for entry_id in entry_ids if (row := generation.ids.row_of(entry_id)) is not None}
        found = store.versions([int(generation.rows.key[row]) for row in sorted(rows)])
        return {version.entry.id: version.entry for version in found if version.entry.tenant == tenant}

    def unknown_share(self, text: str) -> float:
        """Return the share of the terms of ``text``, 0..1, that no entry holds; 1 for a text without terms."""
        terms = set(tokens(text))
        if self._generation is None or not terms:
            return 1.0
        lexical = self._generation.lexical
        return sum(rarity >= lexical.rarest for rarity in lexical.rarity(terms).values()) / len(terms)

    def rarity(self, text: str) -> dict[str, float]:
        """Return the inverse document frequency of each term of ``text``; empty while there are no entries."""
        return {} if self._generation is None else self._generation.lexical.rarity(set(tokens(text)))

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
            "masking": manifest.get("masking", 0),
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
        text = without_placeholders(text)
        weight = self.settings.retrieval.weight if vector_weight is None else vector_weight
        ranked = rank(
            generation,
            text,
            lambda: self._question(generation, clean(text), weight),
            tenant=tenant,
            day=today or datetime.now(UTC).date(),
            slow_model=late_interaction(self.embedder) is not None,
            vector_weight=weight,
            top=top,
            per_kind=per_kind,
        )
        assert self._store is not None  # set together with the generation
        return describe(generation, self._store, tokens_with_surfaces(text), ranked)

    def _question(self, generation: Generation, text: str, vector_weight: float) -> Question:
        """Return what the model says of ``text``; without word pieces where it gives none or vectors do not count."""
        vector = generation.adapted(self.embedder.embed_queries([text]))[0]
        late = late_interaction(self.embedder)
        if late is None or not vector_weight:
            return Question(vector, None)
        fingerprint = late.fingerprint
        pieces = self._pieces.get(fingerprint)
        if pieces is None:
            pieces = self._pieces.setdefault(
                fingerprint, PieceStore(self.path, fingerprint, late.piece_width, read_only=True)
            )

        def pieces_of(rows: Sequence[int]) -> list[Packed]:
            said = generation.rows
            return pieces.of(said.key[list(rows)].tolist(), said.checksum[list(rows)].tolist())

        return Question(vector, Words(late.embed_question(text), pieces_of))
