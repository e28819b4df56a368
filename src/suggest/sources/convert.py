"""A row's values become an entry: kinds of values checked, text made plain, language found.

This is the only place where stored text is made, so offsets into an entry always mean this text.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date
from typing import Any

from pydantic import ValidationError

from suggest.errors import InvalidRecord
from suggest.records import Article, Entry, ResolvedCase, entry_from_dict
from suggest.sources.jsonl import parse_object
from suggest.sources.markup import plain_text, visible_text
from suggest.sources.rows import Row, RowError, shown
from suggest.text import detect_language

_KNOWN = set(Article.model_fields) | set(ResolvedCase.model_fields)
_MARKUP = frozenset({"body", "reply", "inquiry", "point", "reason", "example"})
_DATES = frozenset({"updated_at", "valid_from", "valid_until"})
_IDS = frozenset({"id", "resolves_with", "supersedes", "tenant"})
_WORDS = frozenset({"kind", "lang", "visibility", "trust"})
_TAG_MARKS = re.compile(r"[;；、,，|｜\n]")
_YES = frozenset({"true", "1", "yes", "はい"})
_NO = frozenset({"false", "0", "no", "いいえ"})
_DEEPEST = 40
_LANGUAGE_SAMPLE = 20_000  # characters


def entry_from_row(row: Row) -> Entry:
    """Make an entry of a row. Raises :class:`~suggest.sources.rows.RowError`."""
    if isinstance(row.values, RowError):
        raise row.values
    values: dict[str, Any] = {}
    for key, given in row.values.items():
        name = visible_text(key)
        if name in values:
            raise RowError("given twice; keep one of them", name)
        value = _value(name, given, plain=name in row.converted)
        if name not in _KNOWN or value not in (None, ""):
            values[name] = value
    try:
        entry = entry_from_dict(values)
    except InvalidRecord as error:
        raise _explain(error) from error
    if entry.lang is not None:
        return entry
    text = [entry.title, entry.body] if isinstance(entry, Article) else [entry.inquiry, entry.reply]
    return entry.model_copy(update={"lang": detect_language("\n".join(text)[:_LANGUAGE_SAMPLE])})


def _value(name: str, given: Any, *, plain: bool) -> Any:
    """Return the value of a field, or None where the source says nothing."""
    if name == "extra":
        return _extra(given)
    if name not in _KNOWN:
        return _data(name, given)
    if given is None:
        return None
    if name == "tags":
        return _tags(given)
    if name == "requires_identity_check":
        return _boolean(name, given)
    if name in _DATES:
        return _date(name, given)
    text = _text(name, given)
    if name in _IDS:  # judgements, labels and other systems refer to them as written
        if any(unicodedata.category(char) in ("Cc", "Cs") for char in text.strip()):
            raise RowError(f"given {shown(text)}, expected no control characters", name)
        return text.strip()
    if name in _WORDS:
        return unicodedata.normalize("NFKC", text).strip().lower()
    return plain_text(text) if name in _MARKUP and not plain else visible_text(text)


def _text(name: str, given: Any) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, (int, float)) and not isinstance(given, bool) and math.isfinite(given):
        return str(given)
    hint = "; put the value in quotes" if isinstance(given, (bool, date)) else ""
    raise RowError(f"given {shown(given)} ({type(given).__name__}), expected text{hint}", name)


def _tags(given: Any) -> list[str]:
    if isinstance(given, str):
        given = _TAG_MARKS.split(given)
    if not isinstance(given, (list, tuple)):
        raise RowError(f"given {shown(given)} ({type(given).__name__}), expected a list of text", "tags")
    tags = (visible_text(_text("tags", tag)) for tag in given)
    return list(dict.fromkeys(tag for tag in tags if tag))


def _boolean(name: str, given: Any) -> bool | None:
    if isinstance(given, bool):
        return given
    if isinstance(given, (str, int)):
        word = unicodedata.normalize("NFKC", str(given)).strip().lower()
        if word in _YES or word in _NO:
            return word in _YES
        if not word:
            return None
    raise RowError(f"given {shown(given)}, expected true or false (1/0, はい/いいえ)", name)


def _date(name: str, given: Any) -> Any:
    """Return a date as the records read it; bare numbers are refused, they would be taken for seconds."""
    if isinstance(given, date):  # YAML reads dates itself
        return given
    if isinstance(given, str):
        text = unicodedata.normalize("NFKC", visible_text(given))
        text = re.sub(r"\A(\d{4})年(\d{1,2})月(\d{1,2})日", r"\1-\2-\3", text)
        if not text or not re.fullmatch(r"[\d.+]*", text):
            return text
        if re.fullmatch(r"\d{8}", text):
            return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    raise RowError(f"given {shown(given)}, expected a date such as 2026-03-14", name)


def _extra(given: Any) -> dict[str, Any]:
    if isinstance(given, str) and given.strip():
        try:
            given = parse_object(given.strip())
        except RowError as error:
            raise RowError(f"expected an object; {error}", "extra") from error
    if given is None or given == "":
        return {}
    if not isinstance(given, dict):
        raise RowError(f"given {shown(given)}, expected an object", "extra")
    data: dict[str, Any] = _data("extra", given)
    return data


def _data(name: str, value: Any, depth: int = 0) -> Any:
    """Return a value of an unknown field as JSON can hold it, its text free of invisible characters."""
    if depth > _DEEPEST:
        raise RowError(f"nested more than {_DEEPEST} deep", name)
    if isinstance(value, str):
        return visible_text(value)
    if isinstance(value, dict):
        return {visible_text(str(key)): _data(name, item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_data(name, item, depth + 1) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise RowError(f"given {shown(value)} ({type(value).__name__}), expected what JSON can hold", name)


def _explain(error: InvalidRecord) -> RowError:
    """Turn the record's complaint into one about one field of the row."""
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        name, _, rest = str(error).partition(": ")
        return RowError(rest, name) if rest else RowError(str(error))
    first = cause.errors(include_url=False)[0]
    inner = first.get("ctx", {}).get("error")
    if isinstance(inner, InvalidRecord) and isinstance(inner.__cause__, ValidationError):
        return _explain(inner)  # the record's own complaint, wrapped by the union of both kinds
    steps = [str(step) for step in first["loc"] if step not in ("faq", "case")]
    field = ".".join(steps) or None
    if first["type"] == "missing":
        return RowError("missing; every entry must have it", field)
    message = first["msg"].removeprefix("Value error, ")
    return RowError(message if field is None else f"given {shown(first['input'])}: {message}", field)
