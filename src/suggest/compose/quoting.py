"""Entry spans as claims: what may be quoted, and how it is cut from the stored text.

A claim's text is exactly ``getattr(entry, field)[start:end]``. Link markup, emphasis marks and
invisible characters are left out by cutting a sentence into several spans around them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from suggest.compose.outline import Sentence
from suggest.compose.polite import polite, requested, told_apart
from suggest.compose.roles import is_japanese, is_polite
from suggest.records import Article, Claim, EntryField, ResolvedCase, Source
from suggest.understand.placeholders import has_placeholder

Mark = Literal["text", "note", "step", "bullet", "below", "heading", "title"]

ENDING = "ja/ending"
"""Template name of a polite ending that stands in place of a plain one."""

LINE_CHARS = 90
"""A paragraph goes on in a new line where a sentence would make its line longer than this."""

MAX_SENTENCE = 400
"""Longer "sentences" are not prose; they are never quoted."""

_LINK = re.compile(r"\[((?:\[[^\[\]\n]*\]|[^\[\]\n])*)\]\((?:https?|mailto)[^)\s]*\)")
_DROP = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff\x00-\x08\x0b\x0c\x0e-\x1f]+"
    r"|\*\*|\*(?=\[)|(?<=\])\*|\\(?=[>\[\]*_])"
)
_EMPHASIS = re.compile(r"(?<![^\s「（(、。])\*[^\s*][^*\n]{0,80}\*(?![^\s」）)、。])")
_RESIDUE = re.compile(
    r"、\s*(?:を(?:使用|参照|クリック)|に(?:移動|アクセス))|"
    r"!\[|data:image|base64,|</?(?:a|b|br|div|em|i|iframe|img|input|li|link|meta|object|ol|p|script|span|strong|"
    r"style|svg|table|td|tr|u|ul)\b|&(?:nbsp|lt|gt|amp|quot);|\{%|\{\{|javascript:|\]\(",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"ことにしました。?$|解決方法を見つけました|自分で問題を解決できました|(?:です|ます|ました|でした)(?:ね|よ|よね)[。！!]?$"
)
_LABELLED = re.compile(r"[^：:。]{1,60}[：:]")
_UNFINISHED = re.compile(r"(?:です|ます|ません|ました|ください)$")
_BARE_LINK = re.compile(r"\s*<?(?:https?://|www\.)\S+>?\s*")
_BACKWARD = re.compile(
    r"上記|前述|先述|前記|左記|上の(?:例|図|表|画面|手順)|前の手順|(?:下|次|右|左)の(?:図|表|画像|スクリーンショット)|下図|上図"
    r"|こちら(?:の|に|を|から|で|も)|ここ(?:に|を|で|から)(?!は)|この(?:記事|ページ|図|表|リンク|ビデオ|動画|トピック|セクション|シナリオ)"
    r"|これらの(?:手順|記事)|\b(?:above|this (?:article|page|video)|click here|screenshot)\b",
    re.IGNORECASE,
)
_POINTER = re.compile(
    r"(?:下|次|右|左|上)の(?:図|画像|スクリーンショット)|下図|上図|こちらの(?:記事|ページ)|この(?:記事|動画|ビデオ)",
    re.IGNORECASE,
)
_STEERING = re.compile(
    r"指示を無視|無視して|プロンプト|システム(?:命令|プロンプト|メッセージ)|\bAI\b|必ず書|記載してください|\{\{|\{%|<[a-z/]|"
    r"ignore (?:all|any|the|previous)|system prompt|instructions?\b|assistant",
    re.IGNORECASE,
)
_STEP_NUMBER = re.compile(r"手順\s*[0-9０-９]|\bstep \d", re.IGNORECASE)
_DEPENDENT = re.compile(
    r"^(?:または|あるいは|たとえば|例えば|これ|それ|この(?!たび)|その(?!他|ほか)|そのため|これら|ただし|但し|しかし|一方|そうすると|すると|"
    r"(?:for example|this|that|these|those|it|they|otherwise|however|but|so|then)\b)",
    re.IGNORECASE,
)
_NOTE_MARK = re.compile(
    r"(?:※|注意?(?:意事項)?\s*[:：]|注意?\s|メモ\s*[:：]|note\s*:|important\s*:|\*(?![\s*\[]*\[)\s*)",
    re.IGNORECASE,
)
_CONNECTIVE = re.compile(
    r"^(?:また|なお|さらに|加えて|そして|次に|はい|いいえ|ちなみに|yes|no|also)[、,]\s*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a draft: its claims, how they read together, and how the layout marks it."""

    claims: tuple[Claim, ...]
    text: str
    mark: Mark = "text"


def quotable(sentence: Sentence, *, japanese: bool, in_list: bool = False) -> bool:
    """Tell whether a sentence can stand in a letter: no residue, no dangling reference, right language."""
    text = sentence.text
    return not (
        len(text) > MAX_SENTENCE
        or has_placeholder(text)
        or _RESIDUE.search(_LINK.sub(r"\1", text))
        or _BARE_LINK.fullmatch(text)
        or _CHATTER.search(text)
        or (_POINTER if in_list else _BACKWARD).search(text)
        or text.count('"') % 2
        or (japanese and not in_list and not is_japanese(text) and len(re.findall(r"[A-Za-z]{2,}", text)) > 3)
        or (not japanese and is_japanese(text))
    )


def steers(text: str) -> bool:
    """Tell whether a stranger's text speaks to the machine rather than to a reader; it is never quoted."""
    return _STEERING.search(text) is not None


def needs_steps(sentence: Sentence) -> bool:
    """Tell whether a sentence speaks of a numbered step."""
    return _STEP_NUMBER.search(sentence.text) is not None


def depends_on_previous(sentence: Sentence) -> bool:
    """Tell whether a sentence is understood only after the one before it."""
    return _DEPENDENT.search(sentence.text) is not None


def has_note_mark(sentence: Sentence) -> bool:
    """Tell whether a sentence begins with 「注:」, 「※」 or the like."""
    return _NOTE_MARK.match(sentence.text) is not None


def without_note_mark(sentence: Sentence) -> Sentence:
    """Return the span after a leading 「注:」 or 「※」; the layout sets its own mark."""
    match = _NOTE_MARK.match(sentence.text)
    start = match.end() if match else 0
    start = len(sentence.text) - len(sentence.text[start:].lstrip())
    return Sentence(sentence.text[start:], sentence.start + start, sentence.end, sentence.role)


def without_connective(sentence: Sentence) -> Sentence:
    """Return the span after a leading 「また、」 or 「はい、」, for sentences that lost the one before."""
    match = _CONNECTIVE.match(sentence.text)
    if not match:
        return sentence
    return Sentence(sentence.text[match.end() :], sentence.start + match.end(), sentence.end, sentence.role)


def quote(
    entry: Article | ResolvedCase,
    field: EntryField,
    found: tuple[Sentence, ...],
    mark: Mark = "text",
    *,
    apart: bool = False,
) -> Line:
    """Make one line of claims out of sentences of ``getattr(entry, field)``.

    Everything is verbatim but the endings of plain sentences, which become polite ones, and those of reasons that stand
    ``apart`` from what they explain.
    """
    claims: list[Claim] = []
    texts: list[str] = []
    for sentence in found:
        told = told_apart(sentence.text) if apart else None
        if field == "body" and mark in (
            "text",
            "note",
        ):  # articles are for everybody, a reply is for one reader
            told = told or requested(sentence.text)
        keep, ending = told or _politely(sentence, mark)
        own = [
            Claim(
                text=sentence.text[start:end],
                source=Source(
                    kind="entry",
                    entry_id=entry.id,
                    field=field,
                    start=sentence.start + start,
                    end=sentence.start + end,
                ),
            )
            for start, end in _spans(sentence.text[:keep])
        ]
        if ending:
            own.append(Claim(text=ending, source=Source(kind="template", template=ENDING, entry_id=entry.id)))
        claims += own
        texts.append("".join(claim.text for claim in own))
    joined = texts[0] if texts else ""
    width = len(joined)
    for previous, sentence, text in zip(found, found[1:], texts[1:], strict=False):
        tight = sentence.start == previous.end or (joined[-1:] in "。！？!?」）" and is_japanese(joined))
        if mark == "text" and tight and width + len(text) > LINE_CHARS:
            joined, width = f"{joined}\n{text}", len(text)
        else:
            joined += text if tight else f" {text}"
            width += len(text)
    return Line(tuple(claims), joined, mark)


def _politely(sentence: Sentence, mark: Mark) -> tuple[int, str]:
    """Return how much of a sentence stays, and the ending put to it."""
    text = sentence.text
    if mark in ("heading", "title") or not is_japanese(text):
        return len(text), ""
    if is_polite(text):
        return len(text), "。" if mark in ("text", "note") and _UNFINISHED.search(text) else ""
    if mark == "bullet" and (not text.endswith("。") or _LABELLED.match(text)):
        return len(text), ""  # what is listed may end in a noun
    found = polite(text)
    return (len(text), "") if found is None else (found.keep, found.ending)


def _spans(text: str) -> list[tuple[int, int]]:
    cuts = [(m.start(), m.end()) for m in _DROP.finditer(text)]
    for emphasis in _EMPHASIS.finditer(text):
        cuts += [(emphasis.start(), emphasis.start() + 1), (emphasis.end() - 1, emphasis.end())]
    for link in _LINK.finditer(text):
        cuts += [(link.start(), link.start(1)), (link.end(1), link.end())]
    spans = []
    position = 0
    for start, end in sorted(cuts):
        if start > position and text[position:start].strip():
            spans.append((position, start))
        position = max(position, end)
    if text[position:].strip():
        spans.append((position, len(text)))
    return spans
