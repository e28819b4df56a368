"""Who writes: the one person who introduces themselves, signs, or fills in the field for the name.

An inquiry also names colleagues, relatives and the team's own people. Only somebody with a cue of a writer counts, and
where two different people have one, nobody does: a reply to the wrong name is worse than one to none.
"""

from __future__ import annotations

import re

from suggest.records import Understanding
from suggest.text import clean
from suggest.understand.layout import own_words
from suggest.understand.lexicon import alternatives, lexicon
from suggest.understand.widths import fold

_LONGEST = 24
_SIGNATURE_LINES = 8
_FAMILY = alternatives(
    [*lexicon("words")["family"], "上司", "部下", "同僚", "友人", "知人", "担当(?:者|の方)?"]
)
_OTHERS = re.compile(rf"(?:(?<!名前)(?<!氏名)(?<!名)(?<!私)(?:は|が)|{_FAMILY}(?:の|、|[ (「]))[ 「(]?\Z")
_CALLED = re.compile(
    rf"[ ]?(?:{alternatives(lexicon('words')['honorifics'])}|{alternatives(lexicon('words')['titles'])}|宛|あて|名義)"
)
_INTRODUCED = re.compile(
    r"[ ]?(?:[(][^()\n]{1,24}[)])?[ ]?(?:と(?:申|もう)し|と(?:い|言)い?ま|です|でございます|であります|より(?=$|[、。\s]|ご))",
    re.MULTILINE,
)
_FIELD = re.compile(
    r"(?:^|[\n■●◆・【\[(])[ ]*(?:ご|お)?(?:氏名|名前|フルネーム|担当者?名|契約者名?|(?:full )?name)(?:[ ]?\([^()\n]{1,8}\))?[】\]]?[ ]?[:/ ]?[ ]?\Z",
    re.IGNORECASE,
)
_ENGLISH = re.compile(r"\b(?:my (?:full )?name(?: is|'s)|this is|i am|i'm)[ ]\Z", re.IGNORECASE)
_SIGNED = re.compile(r"[^\n。、,:は!?]{0,40}[ ]?\Z")
_SIGNED_AFTER = re.compile(r"[ ]*(?:[(][^()\n]{1,30}[)])?[ ]*(?:\n|\Z)")
_SENTENCE = re.compile(r"[。?!]|(?:ます|です|ください)$", re.MULTILINE)
_ANNOUNCES = re.compile(
    r"(?:次|以下|下記)の(?:人|者|方|社員|ユーザー|利用者|メンバー|名前|アカウント|担当|通り|とおり)[^。]{0,30}。?\s*\Z"
)
_SPACE = re.compile(r"\s+")


def writer_of(understanding: Understanding) -> str:
    """Return the writer's name as they write it, or nothing where it is not given or not sure."""
    if not any(item.type == "name" for item in understanding.personal_data):
        return ""
    text = understanding.inquiry.text
    folded = fold(text)
    own = own_words(clean(text))
    found: list[str] = []
    for item in understanding.personal_data:
        name = _SPACE.sub(" ", text[item.start : item.end]).strip()
        if item.type != "name" or not 1 < len(name) <= _LONGEST or clean(name) not in own:
            continue
        start = next((i for i, place in enumerate(folded.starts) if place >= item.start), len(folded.text))
        end = next((i for i, place in enumerate(folded.ends) if place >= item.end), len(folded.text) - 1) + 1
        if _writes(folded.text, start, end):
            found.append(name)
    longest = max(found, key=len, default="")
    bare = longest.replace(" ", "")
    return (
        longest if all(name.replace(" ", "") in bare for name in found) else ""
    )  # 「鳥居」 is 「鳥居 拓海」


def _writes(text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 48) : start], text[end : end + 40]
    line = before[before.rfind("\n") + 1 :]
    if _CALLED.match(after) or line.startswith((">", "|")):
        return False
    if _FIELD.search(before):
        return True
    if _ENGLISH.search(before):
        return True
    if _OTHERS.search(line):
        return False
    if _INTRODUCED.match(after):
        return True
    return (
        _SIGNED.fullmatch(line) is not None
        and _SIGNED_AFTER.match(after) is not None
        and _signs(text, start, end)
    )


def _signs(text: str, start: int, end: int) -> bool:
    """Tell whether a line with a name stands in a last block that only says who writes."""
    letter, blank, block = text[:start].rpartition("\n\n")
    return (
        bool(blank)
        and text[end:].rstrip().count("\n") < _SIGNATURE_LINES
        and block.count("\n") < _SIGNATURE_LINES
        and not _SENTENCE.search(block)
        and not _ANNOUNCES.search(letter[-60:])
    )
