"""The answer to one concern, as lines by PREP part."""

from __future__ import annotations

from dataclasses import dataclass, field

from suggest.compose.quoting import Line
from suggest.records import Article, Reason, ResolvedCase


@dataclass(slots=True)
class Part:
    """The lines of one concern's answer, by PREP part."""

    heading: tuple[Line, ...] = ()
    point: list[Line] = field(default_factory=list)
    reason: list[Line] = field(default_factory=list)
    example: list[Line] = field(default_factory=list)
    references: list[Line] = field(default_factory=list)
    """What to read further; stands at the end of the part."""
    used: list[Article | ResolvedCase] = field(default_factory=list)
    consulted: list[Article | ResolvedCase] = field(default_factory=list)
    """Entries that only a note to the agent speaks of."""
    notes: list[Reason] = field(default_factory=list)
    has_steps: bool = False
    blank: bool = False

    @property
    def said(self) -> list[str]:
        """The sentences and steps quoted so far."""
        return [line.text for line in (*self.point, *self.reason, *self.example)]
