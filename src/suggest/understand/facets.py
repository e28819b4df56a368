"""Facts that tell near answers apart: device, surface, account, role, version, error code (``facets.toml``).

What an inquiry does not give of them is asked for; what it gives rules out the parts of an answer that are for others.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple


class Facet(NamedTuple):
    """A fact that tells answers apart."""

    name: str
    ja: str
    en: str
    values: Mapping[str, re.Pattern[str]]
    pattern: re.Pattern[str] | None

    def found_in(self, text: str) -> tuple[str, ...]:
        """Return the values that ``text`` (cleaned, lower case) names."""
        if self.pattern is not None:
            return tuple(dict.fromkeys(m.group(1).upper() for m in self.pattern.finditer(text)))
        return tuple(value for value, words in self.values.items() if words.search(text))


@lru_cache(maxsize=1)
def facet_data() -> dict[str, Any]:
    """Return the words of ``facets.toml``."""
    return tomllib.loads((files(__package__) / "facets.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def facets() -> tuple[Facet, ...]:
    """Return every facet."""

    def words(found: Sequence[str]) -> re.Pattern[str]:
        return re.compile(
            "|".join(rf"(?<![a-z0-9]){re.escape(w)}(?![a-z])" if w.isascii() else re.escape(w) for w in found)
        )

    return tuple(
        Facet(
            item["name"],
            item["ja"],
            item["en"],
            {value: words(found) for value, found in item.get("values", {}).items()},
            re.compile(item["pattern"]) if "pattern" in item else None,
        )
        for item in facet_data()["facet"]
    )
