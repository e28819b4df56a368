"""Notice what escalation rules look at: anger, danger, fraud, legal threats, attempts to steer the machine.

The patterns are data (``signals.toml``). Customer text can only raise a signal; what follows from it
is the policy's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from suggest.records import Signal
from suggest.text import sentences
from suggest.understand.lexicon import alternatives, lexicon

REPEATED_CONTACTS = 3
"""From so many earlier contacts on, an inquiry counts as repeated whatever its words."""
FOLLOW_UPS = 2
"""From so many earlier contacts on, an inquiry is a follow-up whatever its words."""

_EVIDENCE = 80
_WINDOW = 600  # longer sentences are read in overlapping pieces
_OVERLAP = 120
# 「訴えるつもりはありません」, "I don't want to sue you": said to deny it.
_DENIED_AFTER = re.compile(
    r"(?:つもり|わけ|訳|気|意図)(?:は|では|じゃ|も)?(?:あり|な[いく]|ございま|毛頭)|ほどではない"
)
_DENIED_BEFORE = re.compile(r"(?:\b(?:not|n't|never|no) (?:\w{1,10} ){0,3})\Z", re.IGNORECASE)
_DENIABLE = frozenset(
    {"legal_threat", "complaint", "threat", "self_harm", "manager_request", "press", "repeated_contact"}
)


_CONCEPT = re.compile(r"(?<!\\)\{([a-z_]+)\}")


@dataclass(frozen=True)
class Pattern:
    """One signal's conditions; each is compiled when first looked at, for most inquiries never reach the later ones."""

    code: str
    where: Literal["own", "all"]
    any_text: str
    also_texts: tuple[str, ...]
    unless_text: str

    @cached_property
    def any(self) -> re.Pattern[str]:
        """What raises the signal."""
        return re.compile(self.any_text, re.IGNORECASE)

    @cached_property
    def also(self) -> tuple[re.Pattern[str], ...]:
        """What must stand somewhere in the inquiry as well, each of them."""
        return tuple(re.compile(text, re.IGNORECASE) for text in self.also_texts)

    @cached_property
    def unless(self) -> re.Pattern[str] | None:
        """What, in the same piece, keeps the signal down."""
        return re.compile(self.unless_text, re.IGNORECASE) if self.unless_text else None


def find_signals(text: str, own: str, *, previous_contacts: int = 0) -> tuple[Signal, ...]:
    """Return at most one signal a code, in the order of the data file.

    ``text`` is the whole tidied inquiry, ``own`` the part of it that is not quoted mail.
    """
    found: dict[str, str] = {}
    pieces = {"own": _pieces(own), "all": [text[i : i + 4000] for i in range(0, max(1, len(text)), 3800)]}
    for pattern in _patterns():
        if pattern.code in found:
            continue
        for piece in pieces[pattern.where]:
            evidence = _evidence(pattern, piece)
            if evidence:
                if all(_somewhere(also, pieces["own"]) for also in pattern.also):
                    found[pattern.code] = evidence
                break
    if previous_contacts >= FOLLOW_UPS:
        found.setdefault("follow_up", f"previous_contacts = {previous_contacts}")
    if previous_contacts >= REPEATED_CONTACTS:
        found.setdefault("repeated_contact", f"previous_contacts = {previous_contacts}")
    return tuple(Signal(code=code, evidence=evidence) for code, evidence in found.items())


def signal_codes() -> frozenset[str]:
    """Return every code that :func:`find_signals` can give."""
    return frozenset(pattern.code for pattern in _patterns())


def _somewhere(pattern: re.Pattern[str], pieces: list[str]) -> bool:
    return any(pattern.search(piece) for piece in pieces)


def _evidence(pattern: Pattern, piece: str) -> str:
    for match in pattern.any.finditer(piece):
        if pattern.code in _DENIABLE and (
            _DENIED_AFTER.search(piece, match.start(), match.end() + 24)
            or _DENIED_BEFORE.search(piece[max(0, match.start() - 40) : match.start()])
        ):
            continue
        if pattern.unless is not None and pattern.unless.search(piece):
            return ""
        return match.group().strip()[:_EVIDENCE]
    return ""


def _pieces(own: str) -> list[str]:
    """Return sentences; a line that was wrapped in the middle of a sentence is read as one."""
    joined = re.sub(r"(?<=[ぁ-んァ-ヶー一-龥々、])\n(?=[ぁ-んァ-ヶー一-龥々])", "", own)
    found: list[str] = []
    for span in sentences(joined):
        found += [span.text[i : i + _WINDOW] for i in range(0, len(span.text), _WINDOW - _OVERLAP)]
    return found


@lru_cache(maxsize=1)
def _patterns() -> tuple[Pattern, ...]:
    data = lexicon("signals")
    concepts = {name: alternatives(words) for name, words in data["concepts"].items()}
    guards = {f"@{name}": alternatives(words) for name, words in data["guards"].items()}

    def written(words: list[str]) -> str:
        text = alternatives([guards.get(word, word) for word in words])
        return _CONCEPT.sub(lambda m: concepts[m[1]], text)

    return tuple(
        Pattern(
            item["code"],
            item.get("where", "own"),
            written(item["any"]),
            tuple(written([word]) for word in item.get("also", [])),
            written(item["unless"]) if item.get("unless") else "",
        )
        for item in data["signal"]
    )
