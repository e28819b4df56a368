"""Finds amounts of money in a text, for policies that look at them."""

from __future__ import annotations

import re
import unicodedata

_UNITS = {"": 1.0, "千": 1e3, "万": 1e4, "百万": 1e6, "億": 1e8, "k": 1e3, "m": 1e6}
_FIGURE = r"(\d[\d,]*(?:\.\d+)?)"
_JAPANESE = re.compile(rf"{_FIGURE} ?(百万|[千万億])?(?:{_FIGURE} ?千?)? ?円")
_SIGN = re.compile(rf"[¥$€£] ?{_FIGURE} ?([km])?\b", re.IGNORECASE)
_WORD = re.compile(
    rf"{_FIGURE} ?([km])? ?(?:yen|jpy|dollars?|usd|euros?|eur|pounds?|gbp|ドル|ユーロ|ポンド)", re.IGNORECASE
)


def largest_amount(text: str) -> tuple[float, str] | None:
    """Return the largest amount and the words that name it, whatever its currency; None when there is none.

    「12万円」 is 120,000; 「1万5千円」 is 15,000; ``$1,200`` is 1,200.
    """
    flat = unicodedata.normalize("NFKC", text[:20_000])
    found: list[tuple[float, str]] = []
    for match in _JAPANESE.finditer(flat):
        value = _number(match[1]) * _UNITS[match[2] or ""]
        if match[3]:
            value += _number(match[3]) * (1e3 if "千" in match.group().split(match[3], 1)[1] else 1.0)
        found.append((value, match.group()))
    for pattern in (_SIGN, _WORD):
        found += [
            (_number(match[1]) * _UNITS[(match[2] or "").lower()], match.group().strip())
            for match in pattern.finditer(flat)
        ]
    return max(found, default=None)


def _number(figure: str) -> float:
    return float(figure.replace(",", "")[:15])
