"""Pages from templates. Everything that is put in is text: the templates escape it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from suggest.review.console.access import Viewer
from suggest.review.console.words import Words, choose

_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def page(
    request: Request, template: str, viewer: Viewer | None, *, status: int = 200, **values: Any
) -> HTMLResponse:
    """Render ``template`` for ``viewer`` (None: nobody is logged in) in the language of their choice."""
    words = words_of(request)
    html = (
        _environment()
        .get_template(f"{template}.html.j2")
        .render(
            t=words,
            lang=words.language,
            theme=theme_of(request),
            viewer=viewer,
            csrf="" if viewer is None else viewer.csrf,
            path=request.url.path,
            asset=asset,
            when=lambda moment: ago(moment, words),
            **values,
        )
    )
    return HTMLResponse(html, status_code=status)


def words_of(request: Request) -> Words:
    """Return the words in the language that the viewer chose or their browser prefers."""
    return Words(choose(request.cookies.get("lang"), request.headers.get("accept-language", "")))


def theme_of(request: Request) -> str:
    """Return ``light``, ``dark`` or, when left to the system, ``auto``."""
    chosen = request.cookies.get("theme", "auto")
    return chosen if chosen in ("light", "dark") else "auto"


def plain(text: object) -> str:
    """Replace characters that nobody sees but that can make a text look like another one."""
    return _HIDDEN.sub("\N{REPLACEMENT CHARACTER}", str(text))


def ago(moment: datetime | None, words: Words) -> str:
    """Say how long ago ``moment`` was, or the day when that is long."""
    if moment is None:
        return words("time.unknown")
    minutes = int((datetime.now(UTC) - moment).total_seconds() // 60)
    if minutes < 1:
        return words("time.now")
    if minutes < 60:
        return words("time.minutes", n=minutes)
    if minutes < 48 * 60:
        return words("time.hours", n=minutes // 60)
    if minutes < 60 * 24 * 60:
        return words("time.days", n=minutes // (24 * 60))
    return stamp(moment, "%Y-%m-%d")


def stamp(moment: datetime | None, form: str = "%Y-%m-%d %H:%M") -> str:
    """Write a time in the zone of the server."""
    return "" if moment is None else moment.astimezone().strftime(form)


def duration(seconds: float | None, words: Words) -> str:
    """Write a duration with one unit that suits it."""
    if seconds is None:
        return "–"
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size or (unit == "minutes" and seconds >= size):
            return words(f"time.for_{unit}", n=f"{seconds / size:.1f}".removesuffix(".0"))
    return words("time.for_seconds", n=f"{seconds:.0f}")


@lru_cache(maxsize=64)
def asset(name: str) -> str:
    """Return the address of a shipped file; it changes with the content, so that browsers may keep it."""
    return f"/static/{name}?v={hashlib.sha256(asset_bytes(name)).hexdigest()[:12]}"


@lru_cache(maxsize=64)
def asset_bytes(name: str) -> bytes:
    """Return a shipped file."""
    return (files(__package__) / "static" / name).read_bytes()


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("suggest.review.console", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value,
    )
    environment.filters.update(
        plain=plain, stamp=stamp, segment=lambda text: quote(str(text), safe=""), percent=_percent
    )
    environment.globals["query"] = query
    return environment


def query(values: Mapping[str, object]) -> str:
    """Write the values that are set as a query string, with its question mark."""
    pairs = [f"{quote(k)}={quote(str(v), safe='')}" for k, v in values.items() if v not in (None, "", 0)]
    return f"?{'&'.join(pairs)}" if pairs else ""


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f}%"
