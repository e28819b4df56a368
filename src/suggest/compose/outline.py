"""The layout of an entry's text: sections, sentences and lists, with offsets into the text.

Headings, numbered steps, bullets, indented continuation lines and the sentence that introduces a
list are found from the layout; what each sentence says is :mod:`suggest.compose.roles`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from suggest.compose.lines import HEADING_CHARS, TERMINAL, Line, read_lines
from suggest.compose.roles import (
    Role,
    gives_choice,
    introduces,
    is_instruction,
    is_polite,
    is_request,
    role_of,
)
from suggest.text import sentences

_MAX_CHARS = 12_000  # longer texts are read up to here

_MARKED_HEADING = re.compile(
    r"#{1,6}\s+(?P<a>.+)|[■◆□▼◇▶◎★☆●○]\s*(?P<b>.+)|【(?P<c>[^】]+)】|[＜<](?P<d>[^＞>]+)[＞>]"
)
_QUESTION = re.compile(r"[QＱ]\d{0,2}[ 　]?[.．:：][ 　]*(?P<q>\S.*)")
_ANSWER = re.compile(r"[AＡ]\d{0,2}[ 　]?[.．:：][ 　]*(?=\S)")
_CHOICE = re.compile(r"場合|ことができ|できます")
_FACTS = re.compile(r"次の(?:点|こと)に(?:ご)?注意|以下の(?:点|こと)に(?:ご)?注意|理由|原因|条件")
_COLON = re.compile(r"[:：]\s*$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: ``source_text[start:end]``."""

    text: str
    start: int
    end: int
    role: Role


@dataclass(frozen=True, slots=True)
class Item:
    """One step or bullet; the first line is the item, further ones stand below it."""

    lines: tuple[tuple[Sentence, ...], ...]

    @property
    def text(self) -> str:
        """The words of the item."""
        return " ".join(sentence.text for line in self.lines for sentence in line)


@dataclass(frozen=True, slots=True)
class Listing:
    """Numbered steps, or bullets."""

    intro: Sentence | None
    items: tuple[Item, ...]
    procedure: bool
    """The items are done one after the other."""
    numbered: bool = False
    """The source numbers them."""
    thinned: bool = False
    """Items for other cases than the customer's were left out."""

    @property
    def texts(self) -> list[str]:
        """The intro and every item."""
        return [*([self.intro.text] if self.intro else ()), *(item.text for item in self.items)]

    @property
    def length(self) -> int:
        """Characters of the intro and all items."""
        return sum(len(text) for text in self.texts)


Block = tuple[Sentence, ...] | Listing
"""A paragraph or a list."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading (None for what stands before the first) and the blocks under it."""

    heading: Sentence | None
    blocks: tuple[Block, ...]
    asked: bool = False
    """The heading is a question ("Q. …") that the blocks answer."""


@lru_cache(maxsize=2048)
def outline(text: str) -> tuple[Section, ...]:
    """Read the layout of ``text`` (as stored; offsets are into it)."""
    lines = list(read_lines(text[:_MAX_CHARS]))
    sections: list[tuple[Sentence | None, list[Block]]] = [(None, [])]
    questions: set[int] = set()
    i = 0
    while i < len(lines):
        line = lines[i]
        heading = None if line.marked else _heading(lines, i)
        if heading is not None:
            sections.append((heading, []))
            if _QUESTION.fullmatch(line.text):
                questions.add(heading.start)
            i += 1
        elif line.marked:
            i = _read_list(lines, i, sections[-1][1])
        else:
            blocks = sections[-1][1]
            asked = i > 0 and _QUESTION.fullmatch(lines[i - 1].text) is not None
            found = _sentences(_without_answer_mark(line) if asked else line)
            if blocks and isinstance(blocks[-1], tuple) and not line.after_blank:
                blocks[-1] += found
            else:
                blocks.append(found)
            i += 1
    return tuple(
        Section(heading, tuple(blocks), heading is not None and heading.start in questions)
        for heading, blocks in sections
        if heading or blocks
    )


def _sentences(line: Line) -> tuple[Sentence, ...]:
    found: list[tuple[int, int]] = []
    for s in sentences(line.text):
        if found and line.text.count('"', *found[-1]) % 2:  # a full stop between straight quotes
            found[-1] = (found[-1][0], s.end)
        else:
            found.append((s.start, s.end))
    return tuple(
        Sentence(line.text[a:b], line.start + a, line.start + b, role_of(line.text[a:b])) for a, b in found
    )


def _without_answer_mark(line: Line) -> Line:
    """Take the "A." off the answer to a question, which is its heading."""
    mark = _ANSWER.match(line.text)
    return replace(line, text=line.text[mark.end() :], start=line.start + mark.end()) if mark else line


def _heading(lines: list[Line], i: int) -> Sentence | None:
    line = lines[i]
    marked = _MARKED_HEADING.fullmatch(line.text) or _QUESTION.fullmatch(line.text)
    if marked:
        name = str(marked.lastgroup)
        start = line.start + marked.start(name)
        return Sentence(marked.group(name), start, start + len(marked.group(name)), "heading")
    following = lines[i + 1] if i + 1 < len(lines) else None
    if following is None or line.indent or len(line.text) > HEADING_CHARS or TERMINAL.search(line.text):
        return None
    colon = _COLON.search(line.text)
    text = line.text[: colon.start()] if colon else line.text
    loose = is_instruction(text) and not following.marked and not TERMINAL.search(following.text)
    if (colon and introduces(line.text)) or loose or following.after_blank or is_polite(text):
        return None
    return Sentence(text, line.start, line.start + len(text), "heading")


def _read_list(lines: list[Line], i: int, blocks: list[Block]) -> int:
    first = lines[i]
    numbered = first.number is not None
    items: list[list[tuple[Sentence, ...]]] = []
    count = 0
    while i < len(lines):
        line = lines[i]
        if line.marked and line.indent and not first.indent and items:
            items[-1].append(_sentences(line))
        elif line.marked and (line.number is not None) == numbered:
            restarts = numbered and line.number == 1 and count > 1 and line.number != first.number
            if restarts or (not numbered and line.after_blank and items and _parts_lists(lines, i)):
                break
            items.append([_sentences(line)])
            count = max(line.number or 0, len(items))
        elif (
            items
            and not line.after_blank
            and (
                _below(lines, i, count if numbered else 0)
                or (numbered and line.marked and _gives_choice(items[-1]))
            )
        ):
            items[-1].append(_sentences(line))
        else:
            break
        i += 1
    intro = _take_intro(blocks)
    found = tuple(Item(tuple(item)) for item in items)
    ends = [item.lines[0][-1].text for item in found if item.lines[0]]
    acts = sum(is_instruction(text) for text in ends)
    orders = sum(is_instruction(text) and not is_request(text) for text in ends)
    announced = intro is not None and introduces(intro.text)
    facts = _lists_facts(intro, ends)
    procedure = not (intro is not None and gives_choice(intro.text)) and (
        (numbered and not facts)
        or (announced and acts == len(found))
        or (orders == len(found) > 1 and not any(_CHOICE.search(item.text) for item in found))
    )
    blocks.append(Listing(intro, found, procedure, numbered))
    return i


def _lists_facts(intro: Sentence | None, ends: list[str]) -> bool:
    """Tell numbered alternatives or facts from numbered steps."""
    if intro is not None and (gives_choice(intro.text) or _FACTS.search(intro.text)):
        return True
    return all(is_polite(text) and not is_instruction(text) for text in ends)


def _gives_choice(item: list[tuple[Sentence, ...]]) -> bool:
    """Tell whether a step ends in 「次のいずれかの手順を実行します」: what follows are its alternatives."""
    return bool(item[0]) and gives_choice(item[0][-1].text)


def _below(lines: list[Line], i: int, count: int) -> bool:
    """Tell whether a line belongs to the item above it; ``count`` is 0 for bullets."""
    line = lines[i]
    goes_on = count > 0 and line.number is None and _goes_on(lines, i, count)
    return goes_on or (line.indent and not line.marked)


def _parts_lists(lines: list[Line], i: int) -> bool:
    """Tell whether a blank line before a bullet parts two lists: only if the first was not spaced out."""
    return not lines[i - 1].after_blank


def _goes_on(lines: list[Line], i: int, count: int) -> bool:
    """Tell whether the numbering of the list goes on (``count`` + 1) within the next few lines."""
    for line in lines[i + 1 : i + 8]:
        if line.number is not None and not line.indent:
            return line.number == count + 1 and count > 0
        if line.after_blank:
            return False
    return False


def _take_intro(blocks: list[Block]) -> Sentence | None:
    if not blocks or not isinstance(blocks[-1], tuple) or not blocks[-1]:
        return None
    last = blocks[-1][-1]
    if not (introduces(last.text) or _COLON.search(last.text)):
        return None
    rest = blocks[-1][:-1]
    if rest:
        blocks[-1] = rest
    else:
        blocks.pop()
    return last
