"""Words around Japanese names: who introduces somebody, speaks of a relative, signs at the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from suggest.text import in_dictionary, morphemes
from suggest.understand.lexicon import alternatives, lexicon
from suggest.understand.name_words import NOT_NAMES, SURNAMES, is_family, is_person, is_place, may_name

Stretch = tuple[int, int]

_ORGANISATION = alternatives(lexicon("words")["organisation_ends"])
AFTER_ORGANISATION = re.compile(_ORGANISATION + r"(?:[ ]|の|、)?\Z")
COMPANY = re.compile(
    r"(?:株式|有限|合同)会社|法人|大学|病院|事務所|銀行|金庫|市役所|組合|(?:部|課|室|係)(?: |\Z)"
)
OF_SOMEBODY = re.compile(
    alternatives(lexicon("words")["before_names"]) + r"(?:の|は|が|:|、|[ (「])[ (「]?\Z"
)
_OF_PERSON = re.compile(
    r"(?:同課|同部|同僚|同期|上司|部下|上長|前任(?:者)?|後任(?:者)?|先輩|後輩|友人|知人|担任|申告者|通報者)(?:の|は|が|:|=| )[ ]?(?!方|者|人|件|話)([一-龥々ヶノ]{1,4})(?=[のがはもとにをへ、。()\n]|から|まで|宛|です|さん|様|\Z)"
)
"""「前任の岡部から」: also family names that are places."""
OF_FAMILY = re.compile(alternatives(lexicon("words")["family"]) + r"(?:の|は|が|、|[ (「])[ (「]?\Z")
_OF_COMPANY = re.compile(r"(?:(?:株式|有限|合同)会社|[(][株有][)])[^。、\s]{1,16}(?:の| |、)\Z")
_DECLARED = re.compile(
    r"(?:^|(?<=[の、。\s「(:!]))(?![一-龥々]{1,6}の[一-龥])([一-龥々ヶ]{1,4}[ ]?[一-龥々ぁ-んァ-ヶー]{0,5}?)(?=と(?:申し|もうし)ま)",
    re.MULTILINE,
)
_CALLED = re.compile(
    rf"(?<![一-龥々])([一-龥々ヶ]{{2,4}})(?=[ ]?{alternatives(lexicon('words')['honorifics'])})"
)
_RELATIVE = re.compile(
    alternatives(lexicon("words")["family"])
    + r"(?:の|は|が|、|[ (「])[ (「]?([一-龥々]{1,3}|[ぁ-ん]{2,4}?|[ァ-ヶー]{2,5})(?=[のがはもとにを、)」]|です|名義)"
)
_IS_INTRODUCED = re.compile(
    r"(?:の| |、|[いお]ります|います|している|務める)([一-龥々ヶ]{2,4})(?=です|でした|でございます)"
)
_WORKS = re.compile(r"(?:て(?:い|お)り?ます|している|務める)\Z")
_BESIDE_NUMBER = re.compile(r"(?<![一-龥々])([一-龥々ヶ]{2,4})(?=[ ]?[(][+0]\d)")
_NAME_WORD = "[一-龥々ヶノ]{2,4}"
_FIGURE_OF = re.compile(
    rf"(?:[\d号室組]|[番地目][一二三四五六七八九十]{{1,3}})(?:の|、)({_NAME_WORD}|[一-龥])(?=です|でございます|の[母父妻夫親])"
)
"""「会員番号7720の井上ですが」"""
_SELF = re.compile(
    rf"(?:私|わたくし|小生)[、 (「]?({_NAME_WORD}|[ァ-ヶー]{{2,10}}(?:[・ ][ァ-ヶー]{{1,10}}){{1,3}})(?=[まがはでにをの、)」]|と|から|宛)"
)
_DID = re.compile(rf"た({_NAME_WORD})(?=です(?:[。、]|が|けど)|でございます)")
"""「先日検査を受けた大久保です。」"""
_BESIDE = re.compile(
    r"(?<=[0-9A-Za-z)]) {1,2}([一-龥々ヶノ]{1,4}(?: [一-龥々ぁ-んァ-ヶ]{1,4})?)(?= {0,3}(?:\n|\Z|[+(]?[+0]\d|内線|TEL|tel))"
)
"""A name at the end of a line or before a number, after a number: 「会員ID nx0047 柿沼」"""
_EXTENSION = re.compile(rf"(?:^|(?<= ))({_NAME_WORD}) (?=内線|TEL|tel|携帯)", re.MULTILINE)
_CHILD_OF = re.compile(
    r"(?<![一-龥])([一-龥々ヶ]{1,4} [一-龥々ぁ-んァ-ヶ]{1,4})(?=の(?:母|父|妻|夫|親|保護者|家族|代理|兄|姉|弟|妹|祖))"
)
_FORMERLY = re.compile(rf"({_NAME_WORD})(?= ?\((?:旧姓|旧))")
_IN_KATAKANA = re.compile(
    rf"(?<![ァ-ヶー・])([ァ-ヂツ-モヤユヨ-ロワヲン]{{3,7}})(?={alternatives(lexicon('words')['honorifics'])}(?!々))"
)
"""「ヤナギサワ様より」: Japanese syllables; of a word that no dictionary has a person is made."""
_MIXED = re.compile(
    r"(?<![一-龥々ァ-ヶ])([一-龥々ヶ]{1,4}(?:[ァ-ヶー]{2,4}[一-龥]?|[ぁ-ん]{2,3}(?=の[母父妻夫親兄姉弟妹祖])))(?![一-龥ァ-ヶー](?<![様氏宛殿君]))"
)
"""「長谷部ヨシ子様」"""
_HIRAGANA_PAIR = re.compile(
    r"(?<![ぁ-んァ-ヶ一-龥])([ぁ-ん]{2,5} [ぁ-ん]{2,5})(?= {0,2}(?:[+(]?0\d|です|でござ|と申|といい|と言い|様|さん|\n|\Z))"
)
_NAMED_IN_HIRAGANA = re.compile(
    r"(?:名前|氏名|名義|フリガナ|ふりがな)(?:は|が|:|は、)[ 「]?([ぁ-ん]{2,5} [ぁ-ん]{2,5}?)(?=です|でござ|と|に|[」。、\n]|\Z)"
)
_HONOURED = re.compile(
    rf"(?<![ァ-ヶー・])([ァ-ヶー]{{1,10}}(?:・[ァ-ヶー]{{1,10}}){{1,3}}(?=[ ]?{alternatives(lexicon('words')['honorifics'])})|[ァ-ヶー]{{2,10}}[・ ][ァ-ヶー]{{1,10}}(?=[(](?:男|女)))"
)
"""「ファム・ティ・ランさん」: whoever has parts and an honorific is a person."""
_SPEAKER = re.compile(
    r"^\[?(?:\d{1,2}[/-]\d{1,2} )?\d{1,2}:\d{2}(?::\d{2})?\]?[ ]{0,2}(?:[一-龥ァ-ヶー]{2,10} )?([一-龥々ヶノ]{1,4}(?: [一-龥々ぁ-んァ-ヶ]{1,4})?|[ぁ-ん]{2,4})(?:さん|様)?[:>]",
    re.MULTILINE,
)
"""Who speaks, in the log of a chat: 「[09:41] 田ノ上: …」"""
_BEFORE_MAIL = re.compile(
    r"(?:^|(?<=[・、。: \n]))([一-龥々ヶノ]{1,4}[ ]?[一-龥々ぁ-んァ-ヶー]{0,5}|[ァ-ヶー]{1,10}(?:・[ァ-ヶー]{1,10}){1,3})(?=[ ]?[(<][\w.+-]{1,40}@)",
    re.MULTILINE,
)
_LISTED = re.compile(
    r"(?:メンバー|同僚|社員|担当者?|者|員|人|方)[(「]((?:[一-龥々ヶノァ-ヴー]{1,8})(?:[、・,][一-龥々ヶノァ-ヴー]{1,8}){1,6})(?:など|ら|ほか)?[)」]"
)
"""「他のメンバー(本田、グェン)は」"""
_OF_SECTION = re.compile(
    r"(?:総務|経理|人事|営業|広報|法務|情シス|管理部|総務部|経理部|人事部|営業部|システム部|担当)[ :]([一-龥])[ ]?(?=\n|\Z|です|でござ)"
)
"""「総務 平」"""
_FOR = re.compile(r"(?:^|(?<=[の、。 \n]))([ぁ-ん]{2,5})(?= ?宛)", re.MULTILINE)
_HUMBLE = re.compile(rf"の({_NAME_WORD}|[一-龥])(?=でございます|と申)")
"""「サポートの吉田でございます」: things are not spoken of like that right after の, people are."""
_PART = "(?:[一-龥々ヶ]{1,4}|[ァ-ヶー]{2,10}|[ぁ-ん]{2,5})"
_NAMED_SO = re.compile(
    rf"(?:お?名前|氏名|名義(?:人)?|宛名|名字|苗字)[はが][ 「]?({_PART}(?:[ ・]{_PART}){{0,3}})"
    rf"(?=で|に|と|[」。、\n]|{alternatives(lexicon('words')['honorifics'])}|\Z)"
)
_ENDS = re.compile(
    r"(?:[。.!?)」]|^)[ \n]{0,3}([一-龥々ヶ]{1,4}(?: [一-龥々ぁ-んァ-ヶ]{1,4})?)[ \n]{0,2}(?:[(]?[+0][\d-]{8,14}[ ]?)?\Z"
)
"""「…いただけますか。原田」, also with a number behind it."""
_IN_HIRAGANA = re.compile(r"(?:^|(?<=[^\w、]))([ぁ-ん]{2,4})(?=です(?:[。!]|けど|が))", re.MULTILINE)
_FIELD = re.compile(
    r"(?:^|(?<=[/|]))[ ]?([一-龥々ヶ]{1,4} [一-龥々ぁ-んァ-ヶ]{1,4})[ ]?(?=[/|\n]|\Z)", re.MULTILINE
)
"""A field of its own: 「会員番号:T0048/新垣 琉/098-…」"""


def _is_declared(words: str) -> bool:
    return not COMPANY.search(words)


def _may_name_short(words: str) -> bool:
    return may_name(words, shortest=2)


def _is_known(words: str) -> bool:
    return may_name(words) or words in SURNAMES


def _is_unknown_word(words: str) -> bool:
    return not in_dictionary(words)


def _begins_with_family(words: str) -> bool:
    return any(map(is_family, morphemes(words)[:1]))


def _begins_name(words: str) -> bool:
    """Tell whether words that name no organisation begin with a family name, or are a given name, or have parts."""
    if AFTER_ORGANISATION.search(words):
        return False
    return (
        "・" in words
        or may_name(words, shortest=2)
        or any(is_person(m) or is_place(m) or m.surface in SURNAMES for m in morphemes(words)[:1])
    )


def _may_be_whole(words: str, *, alone: bool = False) -> bool:
    """Tell whether words in a name's place are one: a known name, a family name with another word, katakana of no known word."""
    first, *others = re.split("[ ・]", words)
    if not others:
        return may_name(first, shortest=2) and (len(first) > 1 or not alone or first in SURNAMES)
    if "ァ" <= first[0] <= "ヶ":
        return any(is_person(m) for part in (first, *others) for m in morphemes(part))
    return may_name(first)


def _may_stand_alone(words: str) -> bool:
    return _may_be_whole(words, alone=True)


_CUES: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (_DECLARED, _is_declared),
    (_CALLED, may_name),
    (_BESIDE_NUMBER, may_name),
    *(
        (pattern, _may_be_whole)
        for pattern in (
            _FIGURE_OF,
            _DID,
            _EXTENSION,
            _CHILD_OF,
            _FORMERLY,
            _FOR,
            _HUMBLE,
            _IN_HIRAGANA,
            _FIELD,
            _SELF,
            _NAMED_SO,
            _OF_SECTION,
        )
    ),
    (_BESIDE, _may_stand_alone),
    (_ENDS, _may_stand_alone),
    (_IN_KATAKANA, _is_unknown_word),
    (_HONOURED, bool),
    (_NAMED_IN_HIRAGANA, bool),
    (_MIXED, _begins_with_family),
    (_OF_PERSON, _is_known),
    (_SPEAKER, _begins_name),
    (_BEFORE_MAIL, _begins_name),
    (_RELATIVE, _may_name_short),
)
"""Where a name may stand (group 1), and what the words there must be to be one."""


_HONORIFICS = tuple(lexicon("words")["honorifics"])
_NEEDS: dict[re.Pattern[str], tuple[str, ...]] = {
    _DECLARED: ("申", "もうし"),
    _CALLED: _HONORIFICS,
    _IN_KATAKANA: _HONORIFICS,
    _HONOURED: (*_HONORIFICS, "(男", "(女"),
    _BESIDE_NUMBER: ("(",),
    _FOR: ("宛",),
    _FORMERLY: ("旧",),
    _EXTENSION: ("内線", "TEL", "tel", "携帯"),
    _HUMBLE: ("でございます", "と申"),
    _SELF: ("私", "わたくし", "小生"),
    _SPEAKER: (":", ">"),
    _BEFORE_MAIL: ("@",),
}
"""A text without any of these need not be searched: that takes half of the time."""


def by_cue(text: str) -> Iterator[Stretch]:
    """Yield names that the dictionary reads as other words where they stand: 小川, 池田, 彩."""
    for pattern, is_name in _CUES:
        if not any(word in text for word in _NEEDS.get(pattern, ("",))):
            continue
        for match in pattern.finditer(text):
            if match.group(1) not in NOT_NAMES and is_name(match.group(1)):
                yield match.span(1)
    for match in _HIRAGANA_PAIR.finditer(text):
        by_number = text[match.end() : match.end() + 4].lstrip(" +(").startswith("0")
        if by_number or any(may_name(part, shortest=2) for part in match.group(1).split()):
            yield match.span(1)
    for match in _LISTED.finditer(text):
        parts = list(re.finditer("[^、・,]+", match.group(1)))
        if any(may_name(part.group()) for part in parts):
            yield from ((match.start(1) + part.start(), match.start(1) + part.end()) for part in parts)
    for match in _IS_INTRODUCED.finditer(text):
        before, _ = around(text, *match.span(1))
        if introduced(before) and match.group(1) not in NOT_NAMES and may_name(match.group(1)):
            yield match.span(1)


def around(text: str, start: int, end: int) -> tuple[str, str]:
    """Return what stands before on the same line, and after."""
    before = text[max(0, start - 24) : start]
    return before[before.rfind("\n") + 1 :], text[end : end + 8]


def introduced(before: str) -> bool:
    """Tell whether somebody is introduced: 「情報管理室の…」."""
    return any(p.search(before) for p in (AFTER_ORGANISATION, _OF_COMPANY, _WORKS))
