"""Settings of a knowledge base, from ``suggest.toml`` in its folder or from Python.

Unknown keys are refused, so that a typo never silently means "default".
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from suggest.errors import InvalidRecord, SettingsError
from suggest.records import Record

FILE_NAME = "suggest.toml"

_MODEL_LINE = re.compile(r"\s*(model|profile|query_prompt|document_prompt)\s*=")

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Retrieval(Record):
    """How entries are found."""

    model: str = "bundled"
    """``bundled``, or the name or path of a sentence-transformers model."""
    query_prompt: str | None = None
    """Text put before queries; None takes the model's own prompt, if it has one."""
    document_prompt: str | None = None
    """Text put before entries; None takes the model's own prompt, if it has one."""
    profile: Literal["fast", "balanced"] = "balanced"
    """Which bundled models: ``fast`` is the static model, ``balanced`` adds the student transformer (finds more,
    above all across languages; some 10 ms more for a question and ten times the time to index)."""
    vector_weight: Share | None = None
    """Weight of the vector leg in the fusion; the lexical leg has the rest. None: what suits the model."""

    adapt: bool = True
    """Learn at the first sync, from the knowledge base's own questions, how to search it; used only when
    held-back questions are found better with it."""

    @property
    def weight(self) -> float:
        """The weight of the vector leg."""
        if self.vector_weight is not None:
            return self.vector_weight
        return 0.75 if self.model == "bundled" and self.profile == "balanced" else 0.5


class Judging(Record):
    """When an inquiry may be called ready."""

    provisional: bool = False
    """Allow ``ready`` before calibration, by fixed cuts; every such suggestion says so."""
    max_inquiry_chars: Annotated[int, Field(ge=100, le=1_000_000)] = 20_000
    """Longer inquiries are read up to here and go to ``review``."""
    max_concerns: Annotated[int, Field(ge=1, le=20)] = 6
    """More concerns than this in one inquiry go to ``review``."""
    policy: str | None = None
    """Path of an escalation policy (TOML), relative to the settings file; None means the default one."""


class Review(Record):
    """Where decisions are kept."""

    database: str | None = None
    """Database of the review ledger, e.g. ``postgresql://user@host/name``; None: ``review.sqlite`` in the folder."""


class Voice(Record):
    """How the team speaks. Empty values leave the phrase out; nothing is made up."""

    company: str = ""
    """Company name in greetings, e.g. ``株式会社ミホンワークス``."""
    team: str = ""
    """Team name, e.g. ``サポートチーム``."""
    signature: str = ""
    """Block put under e-mails; may have several lines."""
    address: str = ""
    """How customers are addressed at the top of Japanese e-mails, e.g. ``お客様`` or ``{name}様 いつもお世話になっております。``; one with
    ``{name}`` is left out where the inquiry does not say who writes. Empty: 「○○様」 where it does, else nothing."""
    forbidden: tuple[str, ...] = ()
    """Phrases that must not stand in a reply; a draft with one is never ready."""
    glossary: dict[str, str] = Field(default_factory=dict)
    """Terms and what they mean, for customers who write as beginners, e.g. ``2段階認証 = "…"``."""
    templates: str | None = None
    """Folder with the team's own phrases and layouts, relative to the settings file; None means the built-in ones."""


class Settings(Record):
    """Everything that can be set."""

    language: Literal["ja", "en"] = "ja"
    """For texts whose language cannot be told."""
    retrieval: Retrieval = Field(default_factory=Retrieval)
    judging: Judging = Field(default_factory=Judging)
    review: Review = Field(default_factory=Review)
    voice: Voice = Field(default_factory=Voice)


def load_settings(path: Path) -> Settings:
    """Read settings from a TOML file; an absent file means the defaults.

    Raises :class:`~suggest.errors.SettingsError` that names the file, the key and what was expected.
    """
    if not path.exists():
        return Settings()
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: not readable as TOML: {error}") from error
    try:
        return Settings(**values)
    except InvalidRecord as error:
        raise SettingsError(f"{path}: {error}") from error


def write_model(path: Path, retrieval: Retrieval) -> None:
    """Make a settings file name the model of ``retrieval``, leaving everything else in it as it is.

    Raises :class:`~suggest.errors.SettingsError` when the file is written in a way that this cannot follow.
    """
    wanted = load_settings(path).model_copy(update={"retrieval": retrieval})
    lines = path.read_text(encoding="utf-8-sig").splitlines() if path.exists() else []
    said = [f"model = {json.dumps(retrieval.model, ensure_ascii=False)}", f'profile = "{retrieval.profile}"']
    header = next((n for n, line in enumerate(lines) if line.split("#")[0].strip() == "[retrieval]"), None)
    if header is None:
        lines = [*lines, *([""] if lines else []), "[retrieval]", *said]
    else:
        end = next(
            (n for n in range(header + 1, len(lines)) if lines[n].lstrip().startswith("[")), len(lines)
        )
        kept = [line for line in lines[header + 1 : end] if not _MODEL_LINE.match(line)]
        lines = [*lines[: header + 1], *said, *kept, *lines[end:]]
    temporary = path.with_name(f"{path.name}.new")
    try:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        if load_settings(temporary) != wanted:
            raise SettingsError("the result would say something else")
        temporary.replace(path)
    except (SettingsError, OSError) as error:
        temporary.unlink(missing_ok=True)
        raise SettingsError(
            f"{path}: cannot be changed here ({error}); write {' and '.join(said)} under [retrieval] by hand"
        ) from error
