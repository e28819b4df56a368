"""Text as people read it: HTML and link markup become plain text, invisible characters go.

What is stored is what customers see, so nothing else is touched: widths, old character forms and
blanks stay as written (:func:`suggest.text.clean` is for analysis only).
"""

from __future__ import annotations

import re

from suggest.sources.html import html_to_text, is_html, says_nothing

__all__ = ["html_to_text", "plain_text", "visible_text"]

_LINE_END = re.compile("\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_EMOJI = "\u00a9\u00ae\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_HIDDEN = (
    "\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffc\ud800-\udfff\U000e0000-\U000e007f"
)
_SELECTOR = "[\ufe00-\ufe0f\U000e0100-\U000e01ef]"
_INVISIBLE = re.compile(
    f" [\u200b\u2060\ufeff]+(?= )|[{_HIDDEN}]"  # a zero-width blank between blanks takes one of them along
    f"|(?<![{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])"  # the joiner stays inside emoji
    f"|(?<={_SELECTOR}){_SELECTOR}+"  # one variation selector is enough
)
_SUSPECT = re.compile(f"[{_HIDDEN}\u200d]|{_SELECTOR}{{2}}")  # much faster where nothing is to be done

_DATA_URI = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w=-]+)*;base64,[A-Za-z0-9+/=%]{16,}")
_ADDRESS = (
    r"\(\s*<?(?P<url>(?:https?://|mailto:|[#/]|\.{1,2}/)"
    r"(?:[^\s()<>]|\([^\s()<>]*\))*(?:\([^\s()<>]*)?)>?"
    r"(?:\s+[\"'][^\"'\n]*[\"'])?\s*\)"
)
_MD_IMAGE = re.compile(
    r" ?!\[(?P<alt>[^\[\]\n]*)\]\(\s*(?:data:|https?://)[^\s()]*(?:\s+[\"'][^\"'\n]*[\"'])?\s*\) ?"
)
_MD_LINK = re.compile(r"(?<!!)\[(?P<text>(?:[^\[\]\n]|\[[^\[\]\n]*\]){1,500})\]" + _ADDRESS)


def plain_text(text: str) -> str:
    """Return a field as readable plain text.

    HTML is converted only where there really are HTML tags; ``a < b`` and ``<your-name>`` stay.
    """
    text = visible_text(text)
    if "data:" in text:
        text = _DATA_URI.sub("data:", text)
    if is_html(text):
        text = html_to_text(text)
    if "](" in text:
        text = _MD_IMAGE.sub(lambda match: f" {match['alt']} " if match["alt"].strip() else " ", text)
        text = _MD_LINK.sub(_link, text)
    return visible_text(text)


def visible_text(text: str) -> str:
    """Drop control, zero-width and bidi characters, make every line end ``\\n``, and trim."""
    text = _LINE_END.sub("\n", text)
    return (_INVISIBLE.sub("", text) if _SUSPECT.search(text) else text).strip()


def _link(match: re.Match[str]) -> str:
    words, url = match["text"].strip(), match["url"]
    return f"{words} ({url})" if says_nothing(words) and ":" in url else words or url
