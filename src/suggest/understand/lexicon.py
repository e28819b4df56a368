"""Read the word lists that stand beside this package's code."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any


@lru_cache(maxsize=8)
def lexicon(name: str) -> dict[str, Any]:
    """Return the word list ``name`` (a TOML file of this package); callers must not change it."""
    return tomllib.loads((files(__package__) / f"{name}.toml").read_text(encoding="utf-8"))


def alternatives(words: list[str]) -> str:
    """Join regular expressions into one group, in the order given."""
    return "(?:" + "|".join(words) + ")"
