"""Find the items of a numbered or bulleted list of requests."""

from __future__ import annotations

import re
from typing import NamedTuple

from suggest.text import sentences
from suggest.understand.layout import is_pleasantry
from suggest.understand.requests import announces_several, kind_of, topics

_NUMBERED = re.compile(
    r"(?:(?<=[\n 。.、,::?!)])|\A)(?:\((\d{1,2})\)|(\d{1,2})[.)、:](?!\d))[ ]?|(?:質問|Q|問)(\d{1,2})[ .:、)]{1,2}"
)
_BULLET = re.compile(r"^[・●■◆◇○▪◎*•\-–][・ ]?(?=\S)", re.MULTILINE)
_LABEL = re.compile(r"[^::\n]{1,14}[::][ ]?\S")
_ASKED = re.compile(r"教え|教示|知りた|知らせ|伺い|\b(?:tell|let) (?:me|us)\b", re.IGNORECASE)
_CLOSING = re.compile(r"(?:^|(?<=[。.\n ]))(?:以上)[^\n]{0,40}\Z|\(\d\)(?:が|を|は|の方)[^\n]{0,30}\Z")


class Listed(NamedTuple):
    """A list of requests: what stands before it, its items, and what stands after."""

    lead: str
    items: list[str]
    tail: str


def list_items(body: str) -> Listed | None:
    """Return the list of requests in ``body``, or None when it holds none.

    Lists of facts, steps or fields are no lists of requests.
    """
    for marks, numbered in ((_sequence(body), True), (list(_BULLET.finditer(body)), False)):
        if len(marks) < 2:
            continue
        listed = _cut(body, marks, numbered=numbered)
        if _asks_several(listed, numbered=numbered):
            return listed
    return None


def _sequence(body: str) -> list[re.Match[str]]:
    """Return the markers (1), (2), (3) … that follow each other."""
    found: list[re.Match[str]] = []
    for match in _NUMBERED.finditer(body):
        if int(next(g for g in match.groups() if g)) == len(found) + 1:
            found.append(match)
    return found


def _cut(body: str, marks: list[re.Match[str]], *, numbered: bool) -> Listed:
    lead = body[: marks[0].start()].strip()
    items: list[str] = []
    for i, mark in enumerate(marks):
        end = marks[i + 1].start() if i + 1 < len(marks) else len(body)
        items.append(body[mark.end() : end].strip(" \n、,"))
    tail = ""
    last = items[-1]
    closing = _CLOSING.search(last)
    if closing and closing.start() > 3:
        last = last[: closing.start()].strip()
    own_lines = not numbered or "\n" in body[marks[0].end() : marks[-1].start()]
    if own_lines and "\n" in last:
        last, tail = last.split("\n", 1)
    said = [s.text for s in sentences(last)]
    while len(said) > 1 and is_pleasantry(said[-1]):
        said.pop()
    items[-1] = "\n".join(said)
    tail = " ".join(s.text for s in sentences(tail) if not is_pleasantry(s.text))
    return Listed(" ".join(s.text for s in sentences(lead) if not is_pleasantry(s.text)), items, tail)


def _asks_several(listed: Listed, *, numbered: bool) -> bool:
    items = [item for item in listed.items if item]
    kinds = [{kind_of(s.text) for s in sentences(item)} for item in items]
    asking = ["ask" in kind for kind in kinds]
    wanting = [kind != {"none"} for kind in kinds]
    if len(items) < 2 or any(
        _LABEL.match(item) and not asks for item, asks in zip(items, asking, strict=True)
    ):
        return False
    shared = frozenset.intersection(*(topics(item) for item in items))
    if not numbered and shared:  # several sides of one matter
        return False
    announced = announces_several(listed.lead) or announces_several(listed.tail)
    if announced and _ASKED.search(f"{listed.lead}\n{listed.tail}"):  # 「次の2つをご教示ください」
        return True
    most = sum(asking) * 2 >= len(asking)
    return (
        all(asking)
        or (announced and (most or all(wanting)))
        or (numbered and any(asking) and (most or all(wanting)))
    )
