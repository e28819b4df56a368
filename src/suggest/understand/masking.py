"""Mask personal data: every value is replaced by a placeholder that names its kind, such as 〔氏名〕.

Past cases go through :func:`mask_fields` before anything of them is stored. A text that could not be examined
in time becomes one placeholder as a whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from suggest.records import PersonalData, ResolvedCase
from suggest.text import Language, detect_language
from suggest.understand.personal_data import Examined, find_personal_data
from suggest.understand.placeholders import placeholder

MASKING_VERSION = 6
"""Raise it when past cases should be masked anew: the next sync does so, for all of them."""

_TEXTS = ("inquiry", "reply", "point", "reason", "example")
_LABELS = ("product", "department", "url")
_FIELDS = tuple(
    (kind, re.compile(words, re.IGNORECASE))
    for kind, words in (
        ("email", r"e?mail|メール"),
        ("phone", r"phone|mobile|(?:^|_)(?:tel|fax)(?:$|_)|電話|携帯"),
        ("date_of_birth", r"birth|(?:^|_)dob(?:$|_)|生年月日"),
        ("address", r"address|post_?code|zip|住所|郵便番号"),
        ("ip_address", r"(?:^|_)ip(?:$|_)"),
        ("order_number", r"order|注文|受注"),
        ("name", r"(?:customer|user|client|contact|first|last|full|family|given|sender|requester|agent)_?name|^name$"
         r"|customer$|requester$|assignee|sender|氏名|お名前|名前|顧客名|担当者|フリガナ|ふりがな"),
        ("customer_number", r"(?:customer|member|user|account|client|contract)_?(?:id|no|number|code)|(?:顧客|会員|お?客様|契約)"),
    )
)  # fmt: skip
"""Names of fields that schemas of helpdesks give to personal data."""


class Masked(NamedTuple):
    """A masked text, and what was masked."""

    text: str
    spans: tuple[PersonalData, ...]
    """Offsets into the text as it was before."""


def mask(text: str, language: Language | None = None, *, strict: bool = False) -> Masked:
    """Mask the personal data of ``text``; ``language`` (of the placeholders) is told from the text when absent.

    ``strict`` masks whatever may be a name as well: for what is shown and not kept.
    """
    spans = find_personal_data(text, strict=strict)
    return Masked(replaced(text, spans, language), spans)


def replaced(text: str, spans: Iterable[PersonalData], language: Language | None = None) -> str:
    """Replace each span of ``text`` by its placeholder; overlapping spans become one."""
    japanese = (language or detect_language(text)) == "ja"
    pieces: list[str] = []
    at = 0
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if span.start >= at:
            pieces += [text[at : span.start], placeholder(span.type, japanese=japanese)]
        at = max(at, span.end)
    return "".join([*pieces, text[at:]])


class MaskedCase(NamedTuple):
    """A case without personal data, and how many values of each type were masked."""

    case: ResolvedCase
    counts: Counter[str]


MASKED_FIELDS = {*_TEXTS, *_LABELS, "tags", "extra", "lang"}
"""The fields of a case that :func:`mask_fields` needs; it changes all but the language."""


def mask_case(case: ResolvedCase) -> MaskedCase:
    """Mask a past case: its texts, and whatever personal data its other fields hold.

    A name that one text gives away is masked in the others too. The product's own name stays. A case without
    personal data comes back itself.
    """
    return with_masked(case, *mask_fields({name: getattr(case, name) for name in MASKED_FIELDS}))


def with_masked(case: ResolvedCase, changed: dict[str, Any], counts: Counter[str]) -> MaskedCase:
    """Return ``case`` with what :func:`mask_fields` changed of it."""
    if "tags" in changed:
        changed = changed | {"tags": tuple(changed["tags"])}
    return MaskedCase(case.model_copy(update=changed) if changed else case, counts)


def mask_fields(said: Mapping[str, Any]) -> tuple[dict[str, Any], Counter[str]]:
    """Return those of :data:`MASKED_FIELDS` of a case that hold personal data, masked, and how many values of each type."""
    fields = _Fields(said["lang"] or detect_language(f"{said['inquiry']}\n{said['reply']}"))
    texts = {name: Examined(said[name]) for name in _TEXTS if said[name]}
    names = set[str]().union(*(text.names for text in texts.values()))
    ours = {said["product"], *said["product"].split(), *said["tags"]}
    changed: dict[str, Any] = {}
    for name, examined in texts.items():
        text = examined.text
        spans = [span for span in examined.spans(names) if text[span.start : span.end] not in ours]
        fields.counts.update(span.type for span in spans)
        changed[name] = replaced(text, spans, fields.language) if spans else text
    for name in _LABELS:
        changed[name] = fields.masked(said[name])
    changed["tags"] = [fields.masked(tag) for tag in said["tags"]]
    changed["extra"] = {key: fields.masked_field(key, value) for key, value in said["extra"].items()}
    before = {**said, "tags": list(said["tags"])}
    return {name: value for name, value in changed.items() if value != before[name]}, fields.counts


def mask_value(value: Any, language: Language = "ja") -> Any:
    """Mask the texts and numbers in what JSON can hold; fields whose names say that they are personal go as a whole."""
    return _Fields(language).masked(value)


class _Fields:
    """Masks the values of a case's fields, and counts."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.counts: Counter[str] = Counter()

    def masked_field(self, key: str, value: Any) -> Any:
        """Mask a field that the schema does not know; one whose name says that it is personal goes as a whole."""
        kind = next((kind for kind, words in _FIELDS if words.search(key)), None)
        if kind is None or value in (None, "", [], {}) or isinstance(value, bool):
            return self.masked(value)
        self.counts[kind] += 1
        return placeholder(kind, japanese=self.language == "ja")

    def masked(self, value: Any) -> Any:
        """Mask what JSON can hold; a number that is personal becomes a text."""
        if isinstance(value, str) and value:
            masked = mask(value, self.language)
            self.counts.update(span.type for span in masked.spans)
            return masked.text
        if isinstance(value, int) and not isinstance(value, bool):
            text = self.masked(str(value))
            return value if text == str(value) else text
        if isinstance(value, list | tuple):
            return [self.masked(item) for item in value]
        if isinstance(value, dict):
            return {key: self.masked_field(key, item) for key, item in value.items()}
        return value
