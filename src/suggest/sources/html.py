"""HTML → plain text, line by line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4 import Tag

_BLOCK = frozenset(
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header html legend li main nav ol option p pre section summary table tbody tfoot thead "
    "tr ul caption hr br".split()
)
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big button cite code data del dfn em font i img input ins kbd label mark q rp rt ruby "
    "s samp small span strike strong sub sup svg time tt u var wbr td th picture source col colgroup".split()
)
_DROPPED = frozenset(
    "script style head title meta link base noscript template iframe object embed param audio video track canvas svg "
    "math map area textarea select input rp rt".split()
)
_VOID = frozenset("area base embed input link meta param track".split())
_KNOWN = _BLOCK | _INLINE | _DROPPED
_STANDS_ALONE = frozenset("br hr img p li ul ol div table tr td th h1 h2 h3 h4 h5 h6".split())

_BARE = (
    "allowfullscreen async autoplay checked controls default defer disabled download hidden itemscope loop multiple "
    "muted nomodule noshade novalidate nowrap open readonly required reversed selected"
).replace(" ", "|")
_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9]*)"
    r"(?P<attributes>(?:(?:\s+|(?<=[\"']))[\w:@.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+)"
    rf"|\s+(?:{_BARE}|(?:data|aria)-[\w-]+)(?=[\s/>]))*)\s*/?>",
    re.ASCII | re.IGNORECASE,
)
_COMMENT = re.compile(
    r"<!--.*?(?:-->|\Z)|<!doctype[^>]*>|<\?xml[^>]*>|<!\[CDATA\[|\]\]>", re.DOTALL | re.IGNORECASE
)
_WIDE = r"[\u3000-\u30ff\u3400-\u9fff\uff01-\uff9f]"
_NO_BLANK = re.compile(rf"(?<={_WIDE})[ \n]*[\ufffc\n][ \n\ufffc]*(?={_WIDE})")
_BLANKS = re.compile(r"[ \t\r\n\f\ufffc]+")
_IMAGE = re.compile(r"[ \t]*\ufffc[ \t\ufffc]*")
_SAYS_NOTHING = re.compile(
    r"(?i:こちら|ここ|当ページ|このページ|リンク|詳細|(?:click )?here|this (?:page|link)|link)(?:の?リンク|の?ページ)?"
)
_FILE_NAME = re.compile(r"\S+\.(?:png|jpe?g|gif|svg|webp|bmp)", re.IGNORECASE)
_MAX_INDENT = 4


def is_html(text: str) -> bool:
    """Tell whether there really are HTML tags: a tag that stands alone, has attributes, or is closed."""
    if "<" not in text:
        return False
    opened: set[str] = set()
    for match in _TAG.finditer(text):
        name = match["name"].lower()
        if name not in _KNOWN:
            continue
        if match["close"]:
            if name in opened:
                return True
        elif name in _STANDS_ALONE or match["attributes"]:
            return True
        else:
            opened.add(name)
    return "<!--" in text and "-->" in text


def html_to_text(text: str) -> str:
    """Return HTML as plain text: one line a paragraph, heading, list item or table row.

    Lists keep their numbers (``1. ``) or get ``・``; links become their text, images their ``alt``;
    scripts, styles and comments go; ``<`` that begins no tag stays. Without block tags, line breaks stay.
    """
    from bs4 import BeautifulSoup

    text = _COMMENT.sub("", text)
    blocks = any(match["name"].lower() in _BLOCK for match in _TAG.finditer(text))
    soup = BeautifulSoup("<wbr>" + _escape(text), "html.parser")  # never mistaken for a file name
    return _Lines(keep_breaks=not blocks).render(soup)


def _escape(text: str) -> str:
    """Escape every ``<`` that begins no known tag, so that the parser cannot swallow it."""
    tags = [(match["name"].lower(), match) for match in _TAG.finditer(text)]
    closed = {name for name, match in tags if match["close"]}
    # A placeholder such as <title> must not hide the rest of the text: what is dropped must be closed.
    known = {
        m.start() for name, m in tags if name in _KNOWN - _DROPPED or name in _VOID or name in closed & _KNOWN
    }
    return re.sub("<", lambda match: "<" if match.start() in known else "&lt;", text)


def says_nothing(words: str) -> bool:
    """Tell whether the words of a link (「こちら」, "here") lead nowhere without its address."""
    return bool(_SAYS_NOTHING.fullmatch(words.strip().strip("[]［］「」")))


class _Lines:
    """Walks the tree without recursion, so that deep nesting cannot exhaust the stack."""

    def __init__(self, keep_breaks: bool) -> None:
        self._keep_breaks = keep_breaks
        self._done: list[str] = []
        self._line: list[str] = []
        self._marker = ""
        self._lists: list[int | None] = []  # the next number of each open list, None for bullets
        self._link = 0  # where the words of the open link begin in the line
        self._pre = 0

    def render(self, root: Tag) -> str:
        from bs4 import Tag

        stack = [(root, iter(root.contents))]
        while stack:
            tag, children = stack[-1]
            child = next(children, None)
            if child is None:
                stack.pop()
                self._leave(tag)
            elif not isinstance(child, Tag):
                self._text(str(child))
            elif child.name not in _DROPPED:
                self._enter(child)
                stack.append((child, iter(child.contents)))
        self._break()
        return "\n".join(self._done).strip()

    def _text(self, text: str) -> None:
        # Between blocks a line break is only a blank, but an empty line means a paragraph all the same.
        ends = r"\n" if self._pre or self._keep_breaks else r"\n[ \t]*\n\s*"
        first, *rest = re.split(ends, text.replace("\xa0", " "))
        self._line.append(first)
        for line in rest:
            self._break()
            self._line.append(line)

    def _enter(self, tag: Tag) -> None:
        name = tag.name
        if name in _BLOCK:
            self._break()
        if name in ("ul", "ol"):
            self._lists.append(_number(tag, "start", 1) if name == "ol" else None)
        elif name == "li":
            self._marker = self._item(tag)
        elif name == "a":
            self._link = len(self._line)
        elif name == "pre":
            self._pre += 1
        elif name in ("td", "th") and "".join(self._line).strip():
            self._line.append(" | ")
        elif name == "img":
            alt = " ".join(str(tag.get("alt") or "").split())
            self._line.append(f" {alt} " if alt and not _FILE_NAME.fullmatch(alt) else "\ufffc")

    def _leave(self, tag: Tag) -> None:
        name = tag.name
        if name == "a":
            url = str(tag.get("href") or "")
            words = "".join(self._line[self._link :][:9])
            if url.startswith(("http://", "https://", "mailto:")) and says_nothing(words):
                self._line.append(f" ({url})")
        elif name in ("ul", "ol"):
            self._break()
            self._lists.pop()
        elif name in _BLOCK:
            self._break()
            if name == "li":
                self._marker = ""
            elif name == "pre":
                self._pre -= 1

    def _item(self, tag: Tag) -> str:
        indent = "  " * min(max(len(self._lists) - 1, 0), _MAX_INDENT)
        number = self._lists[-1] if self._lists else None
        if number is None:
            return f"{indent}・"
        number = _number(tag, "value", number)
        self._lists[-1] = number + 1
        return f"{indent}{number}. "

    def _break(self) -> None:
        line = "".join(self._line)
        self._line.clear()
        if not self._pre:
            line = (_IMAGE if self._keep_breaks else _BLANKS).sub(" ", _NO_BLANK.sub("", line))
        line = line.rstrip() if self._pre or self._keep_breaks else line.strip()
        if line or (self._keep_breaks and self._done):
            self._done.append(self._marker + line)
            self._marker = ""


def _number(tag: Tag, attribute: str, default: int) -> int:
    value = str(tag.get(attribute) or "")
    return int(value) if re.fullmatch(r"\d{1,6}", value, re.ASCII) else default
