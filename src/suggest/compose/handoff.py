"""The note to the next person, made only from what the customer wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence

from suggest.compose.wording import Wording
from suggest.records import Evidence, Handoff, Judgement, Understanding
from suggest.text import sentences

_READ = 6_000
_REQUEST_CHARS = 240
_SINCE = re.compile(
    r"(?:20\d\d年)?\d{1,2}月\d{1,2}日(?!生)|\d{1,2}時(?:半|\d{1,2}分)?(?:頃|ごろ)?から|\d{1,2}/\d{1,2}(?=[にのか、])|\d+\s?(?:日|時間|週間|か月|ヶ月|カ月|年)(?:ほど|くらい)?前|"
    r"(?:本日|今日|今朝|昨日|昨夜|昨晩|一昨日|おととい|先週|先月|昨年|今週|今月|月曜|火曜|水曜|木曜|金曜|土曜|日曜)"
    r"(?:日?の?(?:朝|昼|夜|夕方|午前|午後|\d{1,2}時))?(?:から|以降|頃|ごろ)?|"
    r"\bsince (?:\w+ ){0,2}\w+|\b(?:yesterday|today|this morning|last (?:night|week|month|\w+day))\b|"
    r"\b\d+ (?:minutes|hours|days|weeks|months) ago\b",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"(?:ください|下さい|ほしい|欲しい|たい(?:です|のです|と思|。|$)|願います|お願い(?:し|いた)|求めま|請求しま|希望)"
    r"|\b(?:please|i want|we want|i'd like|we would like|i need|i demand|i expect)\b",
    re.IGNORECASE,
)
_SINCE_QUESTION = re.compile(r"いつから|日時|since when", re.IGNORECASE)
_CODE_QUESTION = re.compile(r"エラーの表示|what the error", re.IGNORECASE)
_SCALE_QUESTION = re.compile(r"人数|how many people", re.IGNORECASE)
_SCALE = re.compile(
    r"\d+\s?(?:人|名|台|拠点)|全員|\b\d+ (?:people|users|staff|employees)\b|\beveryone\b", re.IGNORECASE
)
_SECRET = frozenset(
    "card card_expiry card_security_code bank_account national_id password date_of_birth".split()
)
_IDENTITY = frozenset("name customer_number order_number employee_number email phone".split())


def hand_off(
    understanding: Understanding,
    judgement: Judgement,
    evidence: Sequence[Sequence[Evidence]],
    wording: Wording,
) -> Handoff:
    """Sum up who asks for what, since when, with which codes, and what is still open."""
    route = judgement.route or "supervisor"
    body = understanding.body[:_READ]
    since = list(dict.fromkeys(match.group() for match in _SINCE.finditer(body)))[:3]
    found_codes = list(dict.fromkeys(code for concern in understanding.concerns for code in concern.codes))
    asked = tuple(
        question.text
        for question in wording.templates.phrase(wording.language, route, table="questions")
        if not (since and _SINCE_QUESTION.search(question.text))
        and not (_SCALE_QUESTION.search(question.text) and _SCALE.search(body))
        and not (found_codes and _CODE_QUESTION.search(question.text))
    )
    ids: dict[str, None] = {}
    for i, concern in enumerate(judgement.concerns):
        ids.update(dict.fromkeys(concern.entry_ids[:3]))
        ids.update(dict.fromkeys(found.entry.id for found in evidence[i][:3]) if i < len(evidence) else {})
    return Handoff(
        summary=_summary(understanding, wording, since, found_codes),
        route=route,
        evidence=tuple(ids)[:6],
        open_questions=tuple(dict.fromkeys((*judgement.questions, *asked))),
    )


def _summary(understanding: Understanding, wording: Wording, since: list[str], found_codes: list[str]) -> str:
    inquiry = understanding.inquiry
    body = understanding.body[:_READ].strip() or inquiry.text[:_READ].strip()
    asked = " / ".join(concern.text.strip() for concern in understanding.concerns)
    request = _shorten(body if len(body) <= _REQUEST_CHARS else asked or body)
    wishes = [s.text for s in sentences(body) if _WISH.search(s.text) and s.text not in request]
    values = {"who": _who(understanding), "request": request, "wish": _shorten(" ".join(wishes[-2:]))}
    values["since"] = ", ".join(since)
    values["codes"] = ", ".join(found_codes[:8])
    values["channel"] = wording.words(inquiry.channel, "labels")
    if inquiry.previous_contacts:
        values["contacts"] = wording.words("contacts", "labels", count=str(inquiry.previous_contacts))
    lines = [
        f"{wording.words(f'summary_{name}', 'labels')}: {value}" for name, value in values.items() if value
    ]
    summary = "\n".join(lines)
    for secret in understanding.personal_data:
        if secret.type in _SECRET and secret.end > secret.start:
            summary = summary.replace(inquiry.text[secret.start : secret.end], "●●●●")
    return summary


def _who(understanding: Understanding) -> str:
    inquiry = understanding.inquiry
    values = [inquiry.customer_id or ""]
    values += [inquiry.text[p.start : p.end] for p in understanding.personal_data if p.type in _IDENTITY]
    return ", ".join(list(dict.fromkeys(value.strip() for value in values if value.strip()))[:5])


def _shorten(text: str) -> str:
    plain = re.sub(r"\s+", " ", text).strip()
    return plain if len(plain) <= _REQUEST_CHARS else plain[: _REQUEST_CHARS - 1] + "…"
