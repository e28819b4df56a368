"""What people see on a terminal. Text from strangers is printed as text: no markup, no control codes."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from suggest.records import Claim, Finding, Match, Suggestion

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_LANE_STYLE = {"ready": "black on green", "review": "black on yellow", "escalate": "white on red"}


def print_json(document: Any) -> None:
    """Print one JSON document on one line; characters that stdout cannot encode are escaped, as JSON allows."""
    sys.stdout.write(json_line(document) + "\n")


def json_line(document: Any, encoding: str | None = None) -> str:
    """Return ``document`` as one line of JSON for a stream of ``encoding`` (None: stdout's)."""
    name = (encoding or sys.stdout.encoding or "ascii").lower().replace("-", "")
    return json.dumps(document, ensure_ascii=name not in ("utf8", "utf8sig"))


def console() -> Console:
    """Return a console on stdout; colours only where it is a terminal."""
    return Console(highlight=False, soft_wrap=True, emoji=False)


def show_suggestion(out: Console, suggestion: Suggestion) -> None:
    """Print lane, reasons, draft and the source of every claim."""
    line = Text()
    line.append(f" {suggestion.lane.upper()} ", style=_LANE_STYLE[suggestion.lane])
    confidence = suggestion.confidence
    line.append(f"  confidence: {'not calibrated' if confidence is None else f'{confidence:.2f}'}")
    if suggestion.route:
        line.append(f"  route: {suggestion.route}", style="bold")
    line.append(f"  language: {suggestion.language}", style="dim")
    out.print(line)
    for reason in suggestion.reasons:
        line = Text(_safe(f"  · {reason.message} [{reason.code}]"), style="dim")
        line.append(f" {_short(reason.evidence)}")
        out.print(line)
    for question in suggestion.questions:
        out.print(Text(_safe(f"  ? {question}")))
    if suggestion.draft is None:
        out.print(Text("  (no draft)", style="italic"))
    else:
        out.print()
        out.print(Text(_indent(suggestion.draft.text)))
        out.print()
        for part in ("point", "reason", "example", "closing"):
            for claim in getattr(suggestion.draft, part):
                out.print(_source_line(part, claim))
    if suggestion.handoff is not None:
        handoff = suggestion.handoff
        out.print(Text(f"  Handoff to {handoff.route}:", style="bold"))
        out.print(Text(_indent(handoff.summary)))
        for question in handoff.open_questions:
            out.print(Text(_safe(f"    ? {question}")))
        if handoff.evidence:
            out.print(Text(_safe(f"    see: {', '.join(handoff.evidence)}"), style="dim"))


def show_findings(out: Console, text: str, findings: Sequence[Finding]) -> None:
    """Print what breaks a rule of style: place, rule, words, what is wrong and what to do."""
    for finding in findings:
        line = Text(f"{finding.start}-{finding.end} ", style="dim")
        line.append(f"{finding.severity} {finding.rule} ", style="bold")
        line.append(_safe(_short(" ".join(text[finding.start : finding.end].split()))))
        out.print(line)
        out.print(Text(f"    {finding.message} {finding.remedy}"))
    if not findings:
        out.print("nothing found")


def show_matches(out: Console, matches: Sequence[Match]) -> None:
    """Print matches, best first."""
    for rank, match in enumerate(matches, 1):
        line = Text(f"{rank:2}. ")
        line.append(f"{match.score:.3f} ", style="cyan")
        line.append(_safe(f"{match.entry_id} ({match.kind}) "), style="bold")
        line.append(_safe(match.title))
        out.print(line)
        out.print(Text(_safe(f"      {match.snippet}"), style="dim"))


def safe_block(text: str, *, limit: int = 600) -> Text:
    """Return a stranger's text for printing, indented and cut to ``limit`` characters."""
    return Text(_indent(text if len(text) <= limit else text[: limit - 1] + "…"))


def _source_line(part: str, claim: Claim) -> Text:
    source = claim.source
    if source.kind == "entry":
        origin, style = f"{source.entry_id} {source.field} {source.start}-{source.end}", "green"
    elif source.kind == "template":
        origin, style = f"template {source.template}", "dim"
    else:
        origin, style = "for the agent to fill in", "yellow"
    line = Text(f"  {part:>7} ← ", style="dim")
    line.append(f"{_safe(origin):<44} ", style=style)
    line.append(_short(claim.text), style="dim")
    return line


def _short(text: str, limit: int = 36) -> str:
    flat = " ".join(text.split())
    return _safe(flat if len(flat) <= limit else flat[: limit - 1] + "…")


def _indent(text: str) -> str:
    return "\n".join(f"    {_safe(line)}" for line in text.split("\n"))


def _safe(text: str) -> str:
    return _CONTROL.sub("", text)
