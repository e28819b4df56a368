"""Phrases and layouts of replies, per language and channel.

Jinja2 in a sandbox, strict about variables, without escaping because drafts are plain text. Text of
entries and inquiries only ever comes in as the value of a variable; it is never compiled. Every phrase and
layout is compiled and its variables are checked when a set is loaded, so that a broken one fails with
:class:`~suggest.errors.TemplateError` there and not in a reply.

A team's folder has the same shape as the built-in one (``ja/phrases.toml``, ``ja/email.txt.j2`` …); what it
holds overrides the built-in file, phrase by phrase.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, UndefinedError, meta
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from suggest.errors import TemplateError
from suggest.templates.variables import LAYOUT_OPTIONAL, LAYOUT_REQUIRED, OPEN_TABLES, TABLES

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = ("ja", "en")
LAYOUTS = ("email", "chat", "phone")
"""Channels with a layout of their own; ``form`` uses the one of e-mail."""

Text = Template | str
"""What renders a phrase: compiled, or the phrase itself."""

_BUILT_IN = Path(__file__).parent
_MAX_BYTES = 200_000

__all__ = ["LANGUAGES", "LAYOUTS", "Phrase", "Templates", "load_templates"]


@dataclass(frozen=True)
class Phrase:
    """One rendered sentence and the name of the phrase it comes from."""

    name: str
    text: str


class Templates:
    """Compiled phrases and layouts of one language set."""

    def __init__(
        self,
        phrases: Mapping[tuple[str, str, str], Mapping[str, tuple[Text, ...]]],
        layouts: Mapping[tuple[str, str], Text],
    ) -> None:
        self._phrases = phrases
        self._layouts = layouts

    def phrase(
        self,
        language: Language,
        name: str,
        channel: str = "default",
        /,
        *,
        table: str = "phrases",
        **variables: str,
    ) -> tuple[Phrase, ...]:
        """Render the sentences of a phrase; an empty phrase gives none.

        ``name`` of an open table (``holding``, ``questions``) falls back on ``default``.
        """
        by_channel = self._phrases.get((language, table, name))
        if by_channel is None and table in OPEN_TABLES:
            name = "default"
            by_channel = self._phrases.get((language, table, name))
        if by_channel is None:
            raise TemplateError(f"{language}/phrases.toml: no phrase {name!r} in [{table}]")
        chosen = by_channel.get("email" if channel == "form" else channel, by_channel["default"])
        label = name if table == "phrases" else f"{table}.{name}"
        texts = [_render(template, variables, f"{language}/phrases.toml: {label}") for template in chosen]
        return tuple(Phrase(f"{language}/{label}", text) for text in texts if text)

    def layout(self, language: Language, channel: str, **variables: Any) -> str:
        """Lay out a reply: ``opening``, ``parts``, ``closing`` and ``signature`` (lines of text)."""
        name = "email" if channel == "form" else channel
        return _render(self._layouts[language, name], variables, f"{language}/{name}.txt.j2").strip()


def load_templates(folder: Path | None = None) -> Templates:
    """Load the built-in templates, overridden by those in ``folder``."""
    if folder is not None and not folder.is_dir():
        raise TemplateError(f"{folder}: not a folder; expected ja/ and en/ with phrases.toml and layouts")
    return _load(folder.resolve() if folder else None)


@lru_cache(maxsize=16)
def _load(folder: Path | None) -> Templates:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    phrases: dict[tuple[str, str, str], dict[str, tuple[Text, ...]]] = {}
    layouts: dict[tuple[str, str], Text] = {}
    for language in LANGUAGES:
        for base in (_BUILT_IN, folder):
            if base is not None:
                _read_phrases(
                    environment, base / language / "phrases.toml", language, phrases, base is _BUILT_IN
                )
        for channel in LAYOUTS:
            own = folder / language / f"{channel}.txt.j2" if folder else None
            path = own if own and own.is_file() else _BUILT_IN / language / f"{channel}.txt.j2"
            source = _read(path)
            template, found = _compile(environment, source, str(path))
            if missing := LAYOUT_REQUIRED - found:
                raise TemplateError(f"{path}: does not use {', '.join(sorted(missing))}")
            if unknown := found - LAYOUT_REQUIRED - LAYOUT_OPTIONAL:
                raise TemplateError(f"{path}: unknown variable {', '.join(sorted(unknown))}")
            layouts[language, channel] = template
    return Templates(phrases, layouts)


def _read_phrases(
    environment: ImmutableSandboxedEnvironment,
    path: Path,
    language: str,
    into: dict[tuple[str, str, str], dict[str, tuple[Text, ...]]],
    complete: bool,
) -> None:
    if not complete and not path.is_file():
        return
    try:
        tables = tomllib.loads(_read(path))
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(f"{path}: not readable as TOML: {error}") from error
    for table, values in tables.items():
        if table not in TABLES or not isinstance(values, dict):
            raise TemplateError(f"{path}: unknown table [{table}]; expected {', '.join(sorted(TABLES))}")
        for name, value in values.items():
            allowed = TABLES[table].get(name, frozenset() if table in OPEN_TABLES else None)
            if allowed is None:
                raise TemplateError(f"{path}: unknown phrase {name!r} in [{table}]")
            into[language, table, name] = _variants(environment, value, allowed, f"{path}: [{table}] {name}")
    if complete:
        for table, names in TABLES.items():
            if missing := [name for name in names if (language, table, name) not in into]:
                raise TemplateError(f"{path}: missing in [{table}]: {', '.join(missing)}")


def _variants(
    environment: ImmutableSandboxedEnvironment, value: object, allowed: frozenset[str], place: str
) -> dict[str, tuple[Text, ...]]:
    by_channel = value if isinstance(value, dict) else {"default": value}
    if "default" not in by_channel or set(by_channel) - {"default", *LAYOUTS}:
        raise TemplateError(f"{place}: expected keys default, {', '.join(LAYOUTS)} (default is required)")
    compiled = {}
    for channel, texts in by_channel.items():
        sentences: Sequence[object] = texts if isinstance(texts, list) else [texts]
        templates: list[Text] = []
        for text in sentences:
            if not isinstance(text, str):
                raise TemplateError(f"{place}: expected text (given {text!r})")
            template, found = _compile(environment, text, place)
            if unknown := found - allowed:
                raise TemplateError(f"{place}: unknown variable {', '.join(sorted(unknown))}")
            if text and (missing := allowed - found):
                raise TemplateError(f"{place}: does not use {', '.join(sorted(missing))}")
            templates.append(template)
        compiled[channel] = tuple(templates)
    return compiled


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
        if len(data) > _MAX_BYTES:
            raise TemplateError(f"{path}: larger than {_MAX_BYTES} bytes")
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{path}: not readable as UTF-8 text: {error}") from error


def _compile(
    environment: ImmutableSandboxedEnvironment, source: str, place: str
) -> tuple[Text, frozenset[str]]:
    """Return what renders ``source``, and its variables; most phrases have none and stand for themselves."""
    if "{" not in source and "\n" not in source:
        return source, frozenset()
    try:
        found = meta.find_undeclared_variables(environment.parse(source))
        return environment.from_string(source), frozenset(found)
    except TemplateSyntaxError as error:
        raise TemplateError(f"{place}: line {error.lineno}: {error.message}") from error


def _render(template: Text, variables: Mapping[str, Any], place: str) -> str:
    if isinstance(template, str):
        return template
    try:
        return template.render(**variables)
    except (UndefinedError, SecurityError) as error:
        raise TemplateError(f"{place}: {error}") from error
