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


def beginning(words: list[str]) -> str:
    """Return a lookahead for the characters with which a match of ``words`` can begin.

    Before an alternation it tells most places of a text at once that nothing matches there. ``words`` are made of
    plain characters, groups ``(?:a|b)``, ``?`` and a leading ``\\b``.
    """
    return f"(?=[{''.join(sorted({char for word in words for char in _first(word)}))}])"


def _first(word: str) -> set[str]:
    """Return the characters with which a match of ``word`` can begin; raises ValueError for another notation."""
    word = word.removeprefix(r"\b")
    if word.startswith("(?:"):
        end, depth, parts = 3, 1, [""]
        while depth:
            char = word[end]
            depth += (char == "(") - (char == ")")
            if char == "|" and depth == 1:
                parts.append("")
            elif depth:
                parts[-1] += char
            end += 1
        found = {char for part in parts for char in _first(part)}
    elif word and word[0].isalnum():
        end, found = 1, {word[0]}
    else:
        raise ValueError(f"no character begins {word!r}; write it first")
    return found | _first(word[end + 1 :]) if word[end : end + 1] == "?" else found
