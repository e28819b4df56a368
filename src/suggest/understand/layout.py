"""Take the letter off an inquiry: greeting, introduction, signature and quoted mail.

``body_of`` never returns nothing for a text that says something: when all of it looks like wrapping,
the most useful part is kept.
"""

from __future__ import annotations

import re
from functools import lru_cache

from suggest.text import Span, clean, morphemes, sentences
from suggest.understand.lexicon import alternatives, lexicon

_CIRCLED = {
    ord(c): f"({i})" for start in "①⓵" for i, c in enumerate(map(chr, range(ord(start), ord(start) + 10)), 1)
}
_CIRCLED |= {ord("❶") + i: f"({i + 1})" for i in range(10)}
_RULE = re.compile(r"[-=_*~#+━─═＿―‐・\u2500-\u257f\u30fc.:]{4,}\Z")
_QUOTED = re.compile(r"(?:>|>|\|)[ >]?")
_FIELD = re.compile(r"[*]?([A-Za-z]{2,7}|[一-龥]{2,4})[*]? ?: ?\S")
_INTRODUCTION = re.compile(r"(?:と申します|といいます|と言います|の者です|でございます|です)[。.]?\Z")
_UNIT = re.compile(
    r"\A[^。、はがもを]{1,20}(?<![全一外内])"
    + alternatives(lexicon("words")["organisation_ends"])
    + r"(?:です|でございます)[。.]?\Z"
)
_BARE_UNIT = re.compile(
    r"(?:人事|総務|経理|営業|広報|法務|情シス)(?:部|課|担当)?(?:です|でございます)[。.]?\Z"
)
_ASKS = re.compile(r"[??]|です(?:か|が)|ません|ない|たい|ください|下さい|教え|困")
_ENGLISH_INTRODUCTION = re.compile(
    r"(?:my name is|this is|i am|i'm) [A-Z][^\n.?!]{1,30}(?: (?:from|at|with|in) [^\n.?!]{1,40})?[.!]?\Z"
)
_SUBJECT = re.compile(
    r"(?:件名|題名|タイトル|subject) ?: ?((?:(?:re|fwd?|返信|転送) ?: ?)*)(.*)\Z", re.IGNORECASE
)
_NEEDS_SUBJECT = re.compile(
    r"(?:件名|題名|表題|標題|標記|タイトル|首記)の|\b(?:as per|see|in) (?:the )?subject\b", re.IGNORECASE
)
_ENOUGH = 20  # letters of a body that stands without its subject
_ORGANISATION = re.compile(
    r"(?:株式会社|有限会社|合同会社|法人|クリニック|医院|病院|薬局|事務所|商店|商事|商会|工業|製作所|工務店|ホテル|旅館|"
    r"学校|大学|学園|保育園|組合|協会|センター|営業所|支店|本社|本部|工場|[部課室係局店])(?: |\Z)"
)
_NUMBER_LINE = re.compile(
    r"[^\n。:]{0,10}(?:社員|お?客様|会員|契約|顧客|登録|管理|加入者?)(?:番号|No\.?|ID|コード) ?:? ?[A-Za-z0-9-]{3,30}\Z"
)
_TITLE_CASE = re.compile(r"(?:(?:[A-Z][\w.'&-]*|of|and|the|for|&),? ?){1,6}\Z")
_NOUNS_ONLY = frozenset({"名詞", "接頭辞", "接尾辞", "補助記号", "記号", "空白", "代名詞"})
_REQUEST_END = re.compile(
    r"(?:方法|手順|やり方|仕方|件|理由|原因|料金|価格|期限|可否|違い|有無|方|こと|希望|依頼|質問|不可|不能|エラー|変更|解約|追加|削除|再発行)(?: |\Z)"
)
_MAX_BLOCK = 5
_MAX_SIGNATURE = 14
_MAX_PHRASE = 90  # no greeting or thanks is longer
_SENTENCE_END = "。.!?"


def tidy(text: str) -> str:
    """Clean ``text`` as :func:`~suggest.text.clean` does, with circled numbers as ``(1)``."""
    return clean(text.translate(_CIRCLED))


def body_of(text: str) -> str:
    """Return what a tidied ``text`` says, without its wrapping.

    A subject line at the beginning is left out; a body that is too short, or that refers to it, gets
    its words back without the label.
    """
    first, _, rest = text.strip().partition("\n")
    subject = _SUBJECT.match(first.strip())
    if subject is None:
        return _body(text)
    body = _body(rest) if _says_something(rest) else ""
    if sum(c.isalnum() for c in body) >= _ENOUGH and not _NEEDS_SUBJECT.search(body):
        return body
    return f"{subject[2].strip()}\n{body}".strip() or text.strip()


def subject_of(text: str) -> str:
    """Return the words of a subject line at the beginning of a tidied ``text``, without label and ``Re:``; else nothing."""
    subject = _SUBJECT.match(text.strip().partition("\n")[0].strip())
    return subject[2].strip() if subject is not None else ""


def _body(text: str) -> str:
    lines = [line.strip() for line in text.split("\n")]
    own = _without_quotes(lines)
    for candidate in (
        _strip_head(_join(_without_signature(own))),
        _join(_without_signature(own)),
        _strip_head(_join([_QUOTED.sub("", line, count=1) for line in lines if not _is_field(line)])),
    ):
        if _says_something(candidate):
            return candidate
    return text.strip()


def own_words(text: str) -> str:
    """Return a tidied ``text`` without quoted mail; all of it when everything is quoted."""
    own = _join(_without_quotes([line.strip() for line in text.split("\n")]))
    return own if _says_something(own) else text


def is_greeting(sentence: str) -> bool:
    """Tell whether a whole sentence only greets."""
    return len(sentence) <= _MAX_PHRASE and bool(_pattern("greetings").fullmatch(sentence.rstrip("。.!、, ")))


def is_pleasantry(sentence: str) -> bool:
    """Tell whether a whole sentence only thanks, closes or begs."""
    return len(sentence) <= _MAX_PHRASE and bool(
        _pattern("pleasantries").fullmatch(sentence.rstrip("。.!、,~♪ "))
    )


@lru_cache(maxsize=16)
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(alternatives(lexicon("words")[name]), re.IGNORECASE)


def _join(lines: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _says_something(text: str) -> bool:
    said = [s for s in sentences(text) if not is_greeting(s.text) and not is_pleasantry(s.text)]
    return sum(c.isalnum() for s in said for c in s.text) >= 2


# --- quoted mail -------------------------------------------------------------------------------


def _without_quotes(lines: list[str]) -> list[str]:
    kept: list[str] = []
    for i, line in enumerate(lines):
        if _begins_quote(lines, i):
            break
        if not _QUOTED.match(line):
            kept.append(line)
    return kept


def _begins_quote(lines: list[str], i: int) -> bool:
    line = lines[i]
    if not line or len(line) > 250:
        return False
    if _pattern("quote_headers").fullmatch(line):
        return True
    return _is_field(line) and sum(_is_field(other) for other in lines[i : i + 4]) >= 2


def _is_field(line: str) -> bool:
    match = _FIELD.match(line.lstrip("> "))
    return bool(match) and match is not None and match.group(1).lower() in lexicon("words")["mail_headers"]


# --- signature ---------------------------------------------------------------------------------


def _without_signature(lines: list[str]) -> list[str]:
    lines = _without_last_block(_trim(lines))
    for i in range(max(1, len(lines) - _MAX_SIGNATURE), len(lines)):
        if _pattern("signature_starts").fullmatch(lines[i]) and all(len(line) <= 80 for line in lines[i:]):
            return _trim(lines[:i])
    for i in range(max(1, len(lines) - _MAX_SIGNATURE), len(lines)):
        block = [line for line in lines[i + 1 :] if line and not _RULE.match(line)]
        if _RULE.match(lines[i]) and sum(map(_is_contact, block)) * 3 >= len(block):
            return _trim(lines[:i])
    end = len(lines)
    contacts = 0
    while end > 1 and len(lines) - end < _MAX_SIGNATURE:
        line = lines[end - 1]
        if _is_contact(line) or _RULE.match(line):
            contacts += 1
        elif line and not _is_name_line(line):
            break
        end -= 1
    if contacts or any(_is_name_line(line) for line in lines[end:]):
        return _trim(lines[:end])
    return lines


def _without_last_block(lines: list[str]) -> list[str]:
    """Take off a last paragraph that only says who writes (company, department, name, numbers)."""
    if "" not in lines:
        return lines
    at = len(lines) - lines[::-1].index("")
    block = lines[at:]
    if len(block) > _MAX_BLOCK or not _says_something("\n".join(lines[:at])):
        return lines
    english = len(block) > 1 and all(len(line) <= 50 and _TITLE_CASE.match(line) for line in block)
    sure = [bool(_is_contact(line) or _is_name_line(line) or _is_organisation(line)) for line in block]
    if english or (
        any(sure)
        and all(
            known or _NUMBER_LINE.match(line) or _is_label(line)
            for known, line in zip(sure, block, strict=True)
        )
    ):
        return _trim(lines[:at])
    return lines


def _is_organisation(line: str) -> bool:
    return bool(_ORGANISATION.search(line)) and _is_label(line)


def _is_label(line: str) -> bool:
    """Tell whether a short line holds nouns only and names nothing that is wanted."""
    if len(line) > 40 or _ASKS.search(line) or _REQUEST_END.search(line):
        return False
    return all(m.pos[0] in _NOUNS_ONLY or m.surface in ("の", "・") for m in morphemes(line))


def _trim(lines: list[str]) -> list[str]:
    lines = list(lines)
    while lines and (not lines[-1] or _RULE.match(lines[-1])):
        lines.pop()
    while lines and (not lines[0] or _RULE.match(lines[0])):
        lines.pop(0)
    return lines


def _is_contact(line: str) -> bool:
    return (
        len(line) <= 80
        and bool(_pattern("signature_lines").fullmatch(line))
        and not _ASKS.search(line)
        and not _REQUEST_END.search(line)
    )


def _is_name_line(line: str) -> bool:
    if len(line) > 30 or any(c in line for c in "。?!、") or _ASKS.search(line):
        return False
    from suggest.understand.names import find_names

    found = [(start, end) for kind, start, end in find_names(line) if kind == "name"]
    return any(end >= len(re.sub(r"[ ]?\([^()]*\)\Z", "", line)) for _, end in found)


# --- greeting and introduction -----------------------------------------------------------------


def _strip_head(text: str) -> str:
    """Take greetings and introductions off the first sentences, and greetings off their beginnings."""
    at = 0
    for span in sentences(text)[:8]:
        if not (_is_address(span, text) or is_greeting(span.text) or _introduces(span.text)):
            at = span.start + _greeting_prefix(span.text)
            break
        at = span.end
    return text[at:].lstrip(" \n。、,!")


def _is_address(span: Span, text: str) -> bool:
    alone = text[span.end : span.end + 1] in ("\n", "") or span.text.endswith(",")
    return alone and bool(_pattern("address_lines").fullmatch(span.text))


def _introduces(sentence: str) -> bool:
    if len(sentence) > 60 or _ASKS.search(sentence):
        return False
    if _ENGLISH_INTRODUCTION.match(sentence) and len(sentence) < 50:
        return True
    tail = re.split("[、,]", sentence)[-1] if is_greeting(re.split("[、,]", sentence)[0]) else sentence
    if not _INTRODUCTION.search(tail):
        return False
    return (
        "と申します" in tail
        or "の者です" in tail
        or (len(tail) <= 40 and (_is_unit(tail) or _names_somebody(tail)))
    )


def _is_unit(sentence: str) -> bool:
    return bool(_UNIT.match(sentence) or _BARE_UNIT.match(sentence))


def _names_somebody(text: str) -> bool:
    from suggest.understand.names import find_names

    return any(kind == "name" for kind, _, _ in find_names(text))


def _greeting_prefix(sentence: str) -> int:
    """Length of a greeting before a comma, as in "Hello, I cannot …" or 「お世話になります、…」."""
    match = re.match(r"[^、,]{2,24}[、,][ ]?", sentence)
    return match.end() if match and is_greeting(match.group().strip("、, ")) else 0
