"""Find postal addresses, Japanese and English, in folded text.

A Japanese address is found from its house number leftwards, so that hostile text costs linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from suggest.understand.numbers import DASH, Found

_WINDOW = 40
_NUMBER = re.compile(
    rf"\d{{1,3}}条[東西南北]\d{{1,3}}(?:丁目)?(?:[ のノ]?\d{{1,5}}(?:番地?|号室?|{DASH})?){{0,5}}"
    rf"|\d{{1,5}}(?:{DASH}\d{{1,5}}){{1,4}}(?:号室?)?"
    rf"|[\d一二三四五六七八九十百〇]{{1,5}}(?:丁目|番地?|条)(?:[ のノ]?[\d一二三四五六七八九十百〇]{{1,5}}(?:番地?|号室?|丁目|{DASH})?){{0,5}}"
    rf"|\d{{1,5}}(?![\d.,:/%]| ?[年月日時分秒個人件名台回円本枚つ]{{1}})",
)
_PARTS = re.compile(r"\d+|[一二三四五六七八九十百〇]+")
_RUN = re.compile(r"[一-龥々〆ヶケノ丿ぁ-んァ-ヴー ]{2,40}\Z")
_PREFECTURE = re.compile(r"(?:東京都|北海道|京都府|大阪府|[一-龥]{2,3}県)")
_CITY = re.compile(r"[一-龥々ァ-ヴーケヶ]{1,8}[市区町村郡]")
_POSTCODE_BEFORE = re.compile(rf"(?:〒 ?)?\d{{3}}{DASH}?\d{{4}}[ \n]{{0,3}}\Z")
_POSTCODE = re.compile(rf"(?:〒|(?<=郵便番号)(?:は|:)?) ?\d{{3}}{DASH}?\d{{4}}(?!\d)")
_NOT_A_PLACE = re.compile(r"[をにでは]|が(?![丘谷原浜崎台関峰岡窪鼻池])")
_KIND_OF_BUILDING = r"(?:ビル(?:ディング)?|マンション|ハイツ|コーポ|メゾン|荘|アパート|タワー|レジデンス|ハウス|プラザ|パレス|館|棟|センター)"
_BUILDING = re.compile(
    rf"[ ]?(?!TEL|FAX|Tel|Fax|電話|携帯)(?:[一-龥々ァ-ヴー・A-Za-z]{{1,20}}?{_KIND_OF_BUILDING}?[ ]?[A-Z]?(?:\d{{1,4}}|[一二三四五六七八九〇]{{2,4}})(?:-[A-Z0-9]{{1,4}})?(?:号室|号|階|F)?(?![\d-])"
    rf"|[一-龥々ぁ-んァ-ヴー・A-Za-z]{{1,20}}?{_KIND_OF_BUILDING}[一-龥々ァ-ヴー]{{0,8}}(?:[ ]?[A-Z]?\d{{1,4}}(?:号室|号|階|F)?(?![\d-]))?)"
)
_LABELLED = re.compile(
    r"(?:ご?住所|所在地|お?届け先|送付先|送り先|お?引っ?越し先|address) ?(?::|は(?!、))[ ]?([^\n。、]{4,80})",
    re.IGNORECASE,
)
_LABELLED_TAIL = re.compile(r"(?:です|になります|でお願い|に送).*\Z")
_ENGLISH = re.compile(
    r"(?<![\w-])(?:(?:Flat|Apt|Apartment|Unit|Suite|Room|No)\.? ?\w{1,5}, )?\d{1,5}[A-Za-z]? (?:[A-Z][a-z]{1,20} ){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln"
    r"|Drive|Dr|Court|Ct|Way|Place|Pl|Square|Sq|Close|Crescent|Terrace|Grove|Gardens|Mews|Row|Walk|Circle|Cir|Highway|Hwy|Parkway|Pkwy|Trail|Loop|Hill|Park|Green|Rise)\b\.?(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor)\.? ?#?\w{1,6})?"
    r"(?:, [A-Z][a-z]{1,20}(?: [A-Z][a-z]{1,20})?){0,2}(?:,? [A-Z]{2} \d{5}(?:-\d{4})?|,? [A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b)?"
)
_ROMAJI = re.compile(
    r"(?:(?<![\w-])(?:[A-Za-z]{2,20}(?: [A-Za-z]{2,12})? #?\d{1,4},? )?\d{1,4}(?:-\d{1,4}){1,3},? )?(?:[A-Z][a-z]{2,15}(?:-[A-Za-z]{2,12})?,? ){0,3}"
    r"[A-Z][a-z]{2,15}-(?:ku|shi|machi|cho)\b(?:,? [A-Z][a-z]{2,15}(?:-(?:ku|shi|ken|fu|to))?){0,3}(?:,? \d{3}-?\d{4})?"
)
"""「2-18-6 Hinode-cho, Minato-ku, Tokyo 105-0099」"""
_POSTCODED = re.compile(
    r"(?<![\w-])(?:(?:Unit|Flat|Apt|Apartment|Suite|Room|No)\.? (?:\w{1,5}, )?)?\d{1,5}[A-Za-z]?,? [A-Z][A-Za-z0-9',.# -]{4,80}?"
    r"(?:\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|, [A-Z]{2} \d{5}(?:-\d{4})?)\b"
)
"""From a house number to a British or American post code."""
_TALKS = re.compile(r" (?:is|at|but|was|live|from|to|says|yesterday|today) ")
_BUILDING_NAMED = re.compile(
    r"(?:建物名?|マンション名?|アパート名?|部屋番号)(?:は|:|が)?[ 「]{1,2}([^\n」。、]{2,24})(?=」|$|\n|です)",
    re.MULTILINE,
)


def find_addresses(text: str) -> Iterator[Found]:
    """Yield ``("address", start, end)``."""
    for match in _NUMBER.finditer(text):
        start = _start_before(text, match)
        if start is not None:
            building = _BUILDING.match(text, match.end())
            yield "address", start, building.end() if building else match.end()
    for match in _POSTCODE.finditer(text):
        yield "address", *match.span()
    for match in _LABELLED.finditer(text):
        value = _LABELLED_TAIL.sub("", match.group(1)).rstrip()
        if value and (_PREFECTURE.search(value) or _CITY.search(value)) and re.search(r"\d", value):
            yield "address", match.start(1), match.start(1) + len(value)
    for match in (*_ENGLISH.finditer(text), *_ROMAJI.finditer(text), *_POSTCODED.finditer(text)):
        if any(c.isdigit() for c in match.group()) and not _TALKS.search(match.group()):
            yield "address", *match.span()
    for match in _BUILDING_NAMED.finditer(text):
        if any(c.isdigit() for c in match.group(1)):
            yield "address", *match.span(1)


def _start_before(text: str, number: re.Match[str]) -> int | None:
    """Return where the address that ends in ``number`` begins, or None when this is no address."""
    low = max(0, number.start() - _WINDOW)
    run = _RUN.search(text, low, number.start())
    if run is None:
        return None
    prefecture = _PREFECTURE.search(text, run.start(), number.start())
    city = _CITY.search(text, prefecture.end() if prefecture else run.start(), number.start())
    if city is None or number.start() - city.end() > 16 or " " in text[city.end() : number.start()].strip():
        return None
    many_parts = len(_PARTS.findall(number.group())) >= 2
    postcode = _POSTCODE_BEFORE.search(
        text, max(0, (prefecture or city).start() - 14), (prefecture or city).start()
    )
    if prefecture is None and postcode is None and not many_parts:
        return None
    if _NOT_A_PLACE.search(text[city.end() : number.start()]):
        return None
    return postcode.start() if postcode else (prefecture or city).start()
