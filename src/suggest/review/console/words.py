"""What the console says, in Japanese and English: two flat catalogues with the same keys."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = ("ja", "en")


class Words:
    """The catalogue of one language; call it with a key and the values that the phrase names."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._phrases = catalogue(language)

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the phrase ``key``; an unknown key is a mistake of ours and raises KeyError."""
        return self._phrases[key].format(**values)

    def known(self, prefix: str, code: str, /) -> str:
        """Return the phrase for a code that others may have added to, or the code itself."""
        return self._phrases.get(f"{prefix}.{code}", code)


@lru_cache(maxsize=2)
def catalogue(language: Language) -> Mapping[str, str]:
    """Return all phrases of ``language`` by dotted key."""
    text = (files(__package__) / "words" / f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flat("", tomllib.loads(text)))


def choose(asked: str | None, accepted: str) -> Language:
    """Return the language that was chosen, or the one that the browser prefers; Japanese when in doubt."""
    for language in LANGUAGES:
        if asked == language:
            return language
    first = accepted.split(",", maxsplit=1)[0].strip().lower()
    return "en" if first.startswith("en") else "ja"


def _flat(prefix: str, table: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        name = f"{prefix}.{key}" if prefix else key
        found += _flat(name, value) if isinstance(value, Mapping) else [(name, str(value))]
    return found
