"""A plain article's chosen sentences and steps as lines of Point and Reason."""

from __future__ import annotations

import re
from collections.abc import Sequence

from suggest.compose.citing import whole_title
from suggest.compose.outline import Listing, Section, Sentence
from suggest.compose.part import Part
from suggest.compose.quoting import (
    ENDING,
    Line,
    Mark,
    depends_on_previous,
    has_note_mark,
    quote,
    without_note_mark,
)
from suggest.compose.selection import Selection
from suggest.compose.units import Unit
from suggest.compose.wording import Wording
from suggest.records import Article, EntryField, ResolvedCase

_VERB_END = re.compile(r"[ァ-ヴー一-龥](?:する|[ぁ-ん]{0,3}[うくぐすつぬぶむる])$")
_GENERIC = re.compile(
    r"(?:(?:操作|設定|対応|対処|変更)?(?:の?手順|方法)|steps|procedure|how to|notes?|補足|備考|注意(?:事項|点)?|ご注意|概要|説明)\s*[:：]?",
    re.IGNORECASE,
)


def add_plain(
    part: Part, article: Article, chosen: Selection, wording: Wording, *, headed: bool = False
) -> None:
    """Put the chosen units of a plain body into the Point, causal sentences into the Reason.

    ``headed`` says that the article's title stands above it.
    """
    causes = _causes(chosen)
    units = [unit for unit in chosen.units if unit not in causes]
    first = units[0] if units else None
    if (
        first is not None
        and (isinstance(first.content, Listing) or first.bullet)
        and chosen.sections[first.section].heading is None
    ):
        part.point += _lead_in(
            article, first, wording, headed=headed, bullets=_bullet_or_text(units, first) == "bullet"
        )
    section = -1
    i = 0
    while i < len(units):
        unit = units[i]
        heading = chosen.sections[unit.section].heading
        if unit.section != section and heading is not None:
            if i == 0:
                part.point += _lead_in(article, unit, wording, headed=headed)
            below_list = bool(part.point) and part.point[-1].mark in ("step", "bullet", "below")
            if _holds_for(article, heading, unit, generic=below_list):
                part.point.append(_heading_line(article, heading))
        section = unit.section
        if isinstance(unit.content, Listing):
            if (
                part.point
                and part.point[-1].mark in ("text", "note")
                and _bare_steps(unit.content)
                and not _is_lead(part.point[-1])
            ):
                part.point += wording.say("steps_follow")
            part.point += listed(article, "body", unit.content)
            part.has_steps = part.has_steps or unit.content.procedure
            i += 1
            continue
        group = [unit]
        while i + len(group) < len(units) and _same_paragraph(unit, units[i + len(group)]):
            group.append(units[i + len(group)])
        found = tuple(s for u in group if not isinstance(u.content, Listing) for s in u.content)
        if has_note_mark(unit.lead) and not unit.bullet:
            found = (without_note_mark(found[0]), *found[1:])
            part.point.append(quote(article, "body", found, "note" if part.point else "text"))
        else:
            part.point.append(quote(article, "body", found, _bullet_or_text(units, unit)))
        i += len(group)
    part.reason += [quote(article, "body", u.content) for u in causes if not isinstance(u.content, Listing)]
    pointer = chosen.pointer.content if chosen.pointer is not None else ()
    own_title = f"「{article.title.strip()}」"
    if isinstance(pointer, Listing):
        part.references += listed(article, "body", pointer)
    elif pointer and not any(own_title in s.text for s in pointer):
        part.references.append(quote(article, "body", pointer))


def _causes(chosen: Selection) -> list[Unit]:
    """Return the causal sentences that may stand apart as the Reason: no one leans on them, no heading."""
    found = [
        u
        for u in chosen.units
        if not isinstance(u.content, Listing)
        and not u.bullet
        and u.lead.role == "cause"
        and chosen.sections[u.section].heading is None
        and not depends_on_previous(u.lead)
        and not any(v.paragraph == u.paragraph and v.position > u.position for v in chosen.units)
        and (u.block == 0 or not any(v.paragraph == u.paragraph and v is not u for v in chosen.units))
    ]
    rest = [u for u in chosen.units if u not in found and not u.bullet]
    return found if rest else found[1:]


def _same_paragraph(one: Unit, other: Unit) -> bool:
    return (
        not isinstance(other.content, Listing)
        and not one.bullet
        and not other.bullet
        and not has_note_mark(other.lead)
        and (one.section, one.block) == (other.section, other.block)
    )


def _bullet_or_text(units: Sequence[Unit], unit: Unit) -> Mark:
    """Bullets stay bullets where several are left; plain-style sentences always become bullets."""
    several = sum(u.bullet and (u.section, u.block) == (unit.section, unit.block) for u in units) > 1
    return "bullet" if unit.bullet and (several or unit.lead.role == "plain") else "text"


def _lead_in(
    article: Article, unit: Unit, wording: Wording, *, headed: bool, bullets: bool = False
) -> tuple[Line, ...]:
    if isinstance(unit.content, Listing) and unit.content.procedure:
        if unit.content.intro is not None:
            return ()
        if wording.trouble == "failure":
            return wording.say("lead_steps_trouble")
        if headed or wording.reader == "expert":
            return wording.say("steps_follow")
        return title_lead(article, wording) or wording.say("lead_steps_how")
    if bullets or (isinstance(unit.content, Listing) and unit.content.intro is None):
        return wording.say("lead_facts")
    return ()


def title_lead(article: Article, wording: Wording) -> tuple[Line, ...]:
    """Say what the steps are for in the words of the title: 「…する手順は、以下のとおりです。」"""
    title = whole_title(article, wording)
    if title is None or not wording.japanese:
        return ()
    if title.text.endswith(("方法", "手順")):
        rest = wording.say("lead_title")
    elif _VERB_END.search(title.text):
        rest = wording.say("lead_title_verb")
    else:
        return ()
    own = quote(article, "title", (title,), "title")
    return (Line((*own.claims, *rest[0].claims), own.text + rest[0].text),)


def _holds_for(article: Article, heading: Sentence, unit: Unit, *, generic: bool = False) -> bool:
    """Tell whether a heading says something and still covers ``unit``.

    An unmarked heading may only cover what follows it at once. ``generic`` ones such as 「手順」 only part lists.
    """
    marked = article.body[: heading.start].rpartition("\n")[2].strip() != ""
    return (marked or unit.block == 0) and (generic or not is_generic(heading))


def is_generic(heading: Sentence) -> bool:
    """Tell whether a heading says nothing of its own: 「手順」, 「ご注意」."""
    return _GENERIC.fullmatch(heading.text.strip()) is not None


def _bare_steps(block: Listing) -> bool:
    return block.procedure and block.intro is None


def _is_lead(line: Line) -> bool:
    return line.claims[-1].source.kind == "template" and line.claims[-1].source.template != ENDING


def context_of(article: Article, section: Section, wording: Wording, steps: Listing) -> list[Line]:
    """Say what the steps are for: their heading, or a neutral lead-in."""
    if section.heading is not None and not is_generic(section.heading):
        return [_heading_line(article, section.heading)]
    return list(wording.say("steps_follow")) if steps.intro is None else []


def _heading_line(article: Article, heading: Sentence) -> Line:
    return quote(article, "body", (heading,), "heading")


def listed(entry: Article | ResolvedCase, name: EntryField, block: Listing) -> list[Line]:
    """Quote a whole list."""
    lines = [quote(entry, name, (block.intro,))] if block.intro is not None else []
    mark: Mark = "step" if block.procedure else "bullet"
    for item in block.items:
        for i, line in enumerate(item.lines):
            if line:
                lines.append(quote(entry, name, line, mark if i == 0 else "below"))
    return lines
