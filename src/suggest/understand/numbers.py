"""Find cards, numbers of people, contracts and accounts, and dates of birth.

Every function takes folded text and yields ``(type, start, end)``. All repetition is bounded, so the
time is linear in the text, whatever it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from suggest.understand.lexicon import alternatives, beginning, lexicon

Found = tuple[str, int, int]

DASH = "[-\u2010-\u2015\u2212\u30fc]"

_DIGIT = re.compile(r"\d")
_CARD = re.compile(rf"(?<![A-Za-z0-9])\d(?:(?: |{DASH})?\d){{12,18}}(?![A-Za-z0-9])", re.ASCII)
_ARTICLE_CODE = re.compile(r"(?:JAN|EAN|ISBN|商品|製品|品番|バーコード)[^\d\n]{0,10}\Z", re.IGNORECASE)
_AFTER_CARD = re.compile(r"[ 、,]{1,3}(?:有効期限)?[ :]?((?:0[1-9]|1[0-2]) ?/ ?(?:20)?[23]\d)(?![\d/])")
_CARD_WORD = re.compile(r"(?:カード|クレカ|card|visa|master|jcb|amex)[^\n]{0,20}\Z", re.IGNORECASE)
_EXPIRY = re.compile(
    r"(?:有効期限|期限|exp(?:iry|ires|\.)?)[^\d\n]{0,8}(\d{1,2} ?/ ?\d{2,4})(?![\d/]| ?\d{1,2}:)",
    re.IGNORECASE,
)
_CVV = re.compile(r"(?:CVV2?|CVC2?|セキュリティ(?:コード|番号))[^\d\n]{0,6}(\d{3,4})(?!\d)", re.IGNORECASE)
_PASSWORD = re.compile(
    r"(?:パスワード|passwords?|暗証番号|PIN(?:コード| code)?)[ 「『\"']{0,2}(?:は|:|=| is )[ 「『\"']{0,2}([!-~]{4,64})",
    re.IGNORECASE,
)

_POST_BANK = re.compile(
    r"ゆうちょ(?:銀行)?[^\d\n]{0,8}(?:記号)?[ :]{0,2}(1\d{3,4}0?(?:-\d)?)[ 、,]{0,3}(?:番号)?[ :]{0,2}(\d{6,8})(?!\d)"
    r"|記号[ :]{0,2}(\d{5})[ 、,]{0,3}番号[ :]{0,2}(\d{6,8})(?!\d)"
)
_IBAN = re.compile(
    r"\bIBAN(?: is|:| (?:number|no\.?):?)? ?([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)\b"
)
_IBAN_ALONE = re.compile(
    r"(?<![A-Za-z0-9])([A-Z]{2}\d{2}(?: [A-Z0-9]{4}){3,7}(?: [A-Z0-9]{1,3})?)(?![A-Za-z0-9])"
)
_SORT_CODE = re.compile(r"\bsort code[^\d\n]{0,6}(\d{2}-\d{2}-\d{2})(?!\d)", re.IGNORECASE)
_TWELVE = re.compile(
    rf"(?<![A-Za-z0-9-])\d{{4}}(?: |{DASH})?\d{{4}}(?: |{DASH})?\d{{4}}(?![A-Za-z0-9]|{DASH}\d)", re.ASCII
)
_MY_NUMBER_WORD = re.compile(
    r"(?:マイナンバー|個人番号|my ?number|individual number)[^\d]{0,60}(?:\([^()\n]{0,24}\)[^\d]{0,30})?\Z",
    re.IGNORECASE,
)
_OTHER_NUMBER = re.compile(
    r"(?:番号|伝票|追跡|注文|No\.?|ID|コード|number|tracking|order|code)[^\d\n]{0,8}\Z", re.IGNORECASE
)

_SHAPED: tuple[tuple[str, re.Pattern[str], re.Pattern[str] | None], ...] = (
    (
        "tracking_number",
        re.compile(r"(?<![A-Za-z0-9])(?:[A-Z]{2}\d{9}[A-Z]{2}|JD\d{16,18}|1Z[0-9A-Z]{16})(?![A-Za-z0-9])"),
        None,
    ),
    ("national_id", re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{8}[A-Z]{2}(?![A-Za-z0-9])"), None),  # 在留カード
    (
        "national_id",
        re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{7}(?![A-Za-z0-9])"),
        re.compile("パスポート|旅券|passport", re.IGNORECASE),
    ),
    ("national_id", re.compile(r"(?<![A-Za-z0-9-])\d{12}(?![A-Za-z0-9-])"), re.compile("免許")),
    (
        "national_id",
        re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"),
        re.compile("SSN|social security", re.IGNORECASE),
    ),
    (
        "serial_number",
        re.compile(
            r"(?:^|(?<=\n))[^\n:]{1,10}: ?((?=[A-Z0-9-]{0,16}\d{3})[A-Z0-9]{3,8}(?:-[A-Z0-9]{1,8}){1,4})(?=\n|\Z| )"
        ),
        re.compile("シリアル|製造番号"),
    ),
)
"""Type, shape, and what the text must speak of as well, where the shape alone does not say it: parcels, residence cards, passports,
driving licences, social security, fields with serial numbers (「本体:X7KF-004218-J」)."""
_VALUE = (
    rf"((?=(?:[A-Za-z0-9]|{DASH}|/){{0,16}}\d)[0-9A-Za-z]{{1,20}}(?:(?:{DASH}|/)[0-9A-Za-z]{{1,16}}){{0,6}}"
    r"(?: \d{1,8}(?![0-9A-Za-z:%円]|[.,/]\d)){0,4})"
)
"""What follows a label: letters and digits, at least one of these."""
_THINGS = "エラー イベント オファー ポート バージョン ビルド モデル ページ ロット 型 品 行 店 商品 製品 記事 文書 法人 登録 手順 更新 郵便 支店 機関 機種 部品 型式"
_NUMBERED = re.compile(
    "".join(f"(?<!{thing})" for thing in _THINGS.split())
    + rf"(?:番号|ナンバー)[ 」)\]]{{0,2}}(?:は|が|:|=|#)?[ #「(\[]{{0,2}}{_VALUE}"
)
"""A number with a label of any kind that is not one of things: 「需要家番号 03-118-40927」"""
OF_THING = re.compile(
    rf"(?:(?:{'|'.join(_THINGS.split())})(?:番号|ナンバー|コード|ID)|エラー|バージョン|ビルド|モデル|(?i:\b(?:error|version|build|model)(?: code| number)?))"
    r"[ :は「#]{0,3}\Z"
)
"""What stands before the number of a thing, which is nobody's."""
_ANSWERED = re.compile(
    rf"(?:番号|ID|number|reference)[^\n\d]{{0,30}}\n[^\n:]{{1,12}}: ?[^\n\d]{{0,12}}?(?<![A-Za-z0-9]){_VALUE}",
    re.IGNORECASE,
)
"""What somebody answers to 「ご注文番号をお知らせください。」 in a conversation."""
_SAID_LATER = re.compile(
    rf"(?:シリアル|製造番号|機番|送り状|伝票|会員番号|お客様番号|契約番号|在留カード番号)[^。\n]{{2,20}}?[ ?!、:「](?<![A-Za-z0-9]){_VALUE}"
    rf"|\b(?:serial|tracking number|account number|member number)\b[^.\n]{{0,40}}?\b(?:is|reads|says):? {_VALUE}",
    re.IGNORECASE,
)
"""「製造番号は裏のシールに 2Y81047733B と…」"""
_LOGIN = re.compile(
    r"(?:ログイン|ユーザー?|会員|アカウント|メンバー) ?(?:ID|名)[ 」)]{0,2}(?:は|が|:|=)[ 「\"']{0,2}([a-z][\w.+-]{3,30})(?![\w@])"
    r"|(?:(?i:\b(?:user ?name|login|user ?id|log-?in id|user)\b)(?: is|:|=)|(?<![A-Za-z])ID(?:は|が|:)|ID[^\n]{0,30}\n[^\n:]{1,12}:) ?[\"']?([A-Za-z](?=[\w.-]{0,30}[\d_.])[\w.+-]{2,29}\w)(?![\w@])",
    re.ASCII,
)
"""What somebody logs in with, also without a figure: 「ユーザーIDは kfujimori」"""
_LABEL_AFTER = re.compile(
    rf"(?<![A-Za-z0-9-])(\d{{3,5}}(?:{DASH}\d{{3,5}}){{2,3}}|\d{{10,14}})[ 」]{{0,2}}(?:という|の|が)[ ]?(?:伝票|追跡|送り状|お?問い?合わせ)番号"
)
_ROUTING = re.compile(r"\brouting(?: (?:number|no\.?))?[ :]{1,2}(\d{9})(?!\d)", re.IGNORECASE)
_FOURS = re.compile(r"(?<![\d-])[3-6]\d{3}([ -])\d{4}\1\d{4}\1\d{4}(?![\d-])")
_ABOUT_CARDS = re.compile(r"カード|クレカ|決済|\bcard\b|payment", re.IGNORECASE)
_ON_CARD = re.compile(r"カード[ :]{1,2}(\d{4}(?: ?\d{3,4}){2,3}(?: ?\d)?)(?!\d)")

_DATE = (
    rf"(?:(?:19|20)\d{{2}} ?(?:[年/.]|{DASH}) ?\d{{1,2}} ?(?:[月/.]|{DASH}) ?\d{{1,2}}日?|(?:明治|大正|昭和|平成|令和|[MTSHR])\.? ?"
    rf"(?:\d{{1,2}}|元) ?(?:[年/.]|{DASH}) ?\d{{1,2}} ?(?:[月/.]|{DASH}) ?\d{{1,2}}日?|\d{{1,2}}/\d{{1,2}}/(?:19|20)\d{{2}}|(?:19|20)\d{{6}}|"
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d{2}|"
    r"\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6} (?:19|20)\d{2})"
)
_BIRTH = re.compile(
    rf"(?:生年月日|誕生日|生まれ|DOB|date of birth|birth ?(?:day|date)|born(?: on)?)[^\d\n]{{0,10}}?({_DATE})",
    re.IGNORECASE,
)
_BIRTH_LATER = re.compile(
    r"(?:生年月日|誕生日|date of birth|birthday|birth date)[^\d]{10,80}?((?:19\d{2}|200\d|201\d) ?(?:[年/.]|-) ?\d{1,2} ?(?:[月/.]|-) ?\d{1,2}日?"
    r"|(?:大正|昭和|平成|[TSH])\.? ?(?:\d{1,2}|元) ?[年/.-] ?\d{1,2} ?[月/.-] ?\d{1,2}日?"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19\d{2}|20[01]\d)"
    r"|\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6} (?:19\d{2}|20[01]\d)|\d{1,2}/\d{1,2}/(?:19\d{2}|200\d))",
    re.IGNORECASE,
)
"""A date in the sentence after, which no recent event has: the answer to 「生年月日をお願いいたします。」"""
_LONG_AGO = re.compile(r"(?<!\d)(?:19\d{2}|200\d)(?:年|/|-|\.) ?\d{1,2}(?:月|/|-|\.) ?\d{1,2}日?(?!\d)")
"""A second date beside a date of birth: the right one beside the wrong one."""
_BORN = re.compile(rf"({_DATE}) ?(?:生まれ|生(?![ぁ-ん一-龥]))", re.IGNORECASE)


def find_numbers(text: str) -> Iterator[Found]:
    """Yield cards, passwords, numbers of people and contracts, accounts, My Number and dates of birth."""
    if not _DIGIT.search(text):
        return
    yield from _cards(text)
    yield from _identifiers(text)
    yield from _accounts(text)
    yield from _my_numbers(text)
    yield from _births(text)


def _cards(text: str) -> Iterator[Found]:
    for match in _CARD.finditer(text):
        before = text[max(0, match.start() - 40) : match.start()]
        for end in _ends(match):
            digits = [int(c) for c in text[match.start() : end] if c.isdigit()]
            valid = _luhn(digits) and len(set(digits)) > 1 and not _ARTICLE_CODE.search(before)
            if valid or (_CARD_WORD.search(before) and len(digits) in (14, 15, 16)):
                yield "card", match.start(), end
                expiry = _AFTER_CARD.match(text, end)
                if expiry:
                    yield "card_expiry", *expiry.span(1)
                break
    if _ABOUT_CARDS.search(text):
        for match in _FOURS.finditer(text):
            yield "card", *match.span()
    for kind, pattern in (("card_expiry", _EXPIRY), ("card_security_code", _CVV)):
        for match in pattern.finditer(text):
            yield kind, *match.span(1)
    for match in _PASSWORD.finditer(text):
        if not match.group(1).isalpha():
            yield "password", *match.span(1)


def _ends(card: re.Match[str]) -> tuple[int, ...]:
    """Return where a card's number may end: its last two digits may be the month in which it expires."""
    expires = re.search(r" \d\d\Z", card.group()) and card.string[card.end() : card.end() + 1] in "/ "
    return (card.end(), card.end() - 3) if expires else (card.end(),)


def _luhn(digits: list[int]) -> bool:
    doubled = [d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _identifies(value: str) -> bool:
    digits = sum(c.isdigit() for c in value)
    return digits >= 3 or (digits == 2 and len(value) >= 6 and value.isupper())


@lru_cache(maxsize=1)
def _identifier_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    between = r"[ 」】)\]]{0,2}(?:は|が|:|=|#|/| is )?[ #「(\[]{0,3}(?:No\.?|#|:)?[ ]{0,2}"
    return tuple(
        (
            item["type"],
            re.compile(
                beginning(item["words"]) + alternatives(item["words"]) + between + _VALUE, re.IGNORECASE
            ),
        )
        for item in lexicon("identifiers")["identifier"]
    )


def _identifiers(text: str) -> Iterator[Found]:
    named: set[int] = set()
    for kind, pattern in _identifier_patterns():
        for match in pattern.finditer(text):
            if _identifies(match.group(1)):
                named.add(match.end(1))
                yield kind, *match.span(1)
    for pattern in (_NUMBERED, _ANSWERED, _ON_CARD):
        for match in pattern.finditer(text):
            if sum(c.isdigit() for c in match.group(1)) >= 5 and match.end(1) not in named:
                yield "customer_number", *match.span(1)
    for match in _LOGIN.finditer(text):
        yield "customer_number", *match.span(1 if match.group(1) else 2)
    for match in _LABEL_AFTER.finditer(text):
        yield "tracking_number", *match.span(1)
    for match in _SAID_LATER.finditer(text):
        group = 1 if match.group(1) else 2
        if _identifies(match.group(group)) and len(match.group(group)) >= 6:
            yield "customer_number", *match.span(group)
    for kind, shape, about in _SHAPED:
        if about is None or about.search(text):
            for match in shape.finditer(text):
                yield kind, *match.span(match.lastindex or 0)


def _accounts(text: str) -> Iterator[Found]:
    for pattern in (_POST_BANK, _IBAN, _IBAN_ALONE, _SORT_CODE, _ROUTING):
        for match in pattern.finditer(text):
            for group, value in enumerate(match.groups(), 1):
                if value:
                    yield "bank_account", *match.span(group)


def _my_numbers(text: str) -> Iterator[Found]:
    for match in _TWELVE.finditer(text):
        digits = [int(c) for c in match.group() if c.isdigit()]
        before = text[max(0, match.start() - 80) : match.start()]
        named = _MY_NUMBER_WORD.search(before)
        if named or (
            len(match.group()) > 12 and _has_check_digit(digits) and not _OTHER_NUMBER.search(before)
        ):
            yield "national_id", *match.span()


def _has_check_digit(digits: list[int]) -> bool:
    """Hold the last of twelve digits of a My Number against the others (order of the Ministry of Internal Affairs)."""
    weights = (2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6)
    rest = sum(d * w for d, w in zip(reversed(digits[:11]), weights, strict=True)) % 11
    return len(set(digits)) > 2 and digits[11] == (0 if rest <= 1 else 11 - rest)


def _births(text: str) -> Iterator[Found]:
    for pattern in (_BIRTH, _BIRTH_LATER, _BORN) if "生" in text else (_BIRTH, _BIRTH_LATER):
        for match in pattern.finditer(text):
            yield "date_of_birth", *match.span(1)
            for other in _LONG_AGO.finditer(text, match.end(1), match.end(1) + 40):
                yield "date_of_birth", *other.span()
