"""The phrases that a template set must have, and the variables each may use.

``None`` never stands for "anything goes": a phrase that is not listed is refused, except in the open
tables, whose names are routes of the escalation policy.
"""

from __future__ import annotations

_NONE: frozenset[str] = frozenset()


def _of(*names: str) -> frozenset[str]:
    return frozenset(names)


_PLAIN = (
    "salutation_unknown greeting apology empathy sincere_apology identity_check several heading_blank heading_neutral blank blank_subject_plain blank_subject_identity "
    "steps_follow lead_steps_how lead_steps_trouble lead_title lead_title_verb lead_facts lead_case citation_untitled citation_named citation_several example_steps example_same "
    "example_facts reference_same ask ask_also close_steps_trouble close_steps_how close_facts close_facts_trouble close_refusal close_steps_beginner check_ready check_back close_ask farewell"
).split()

TABLES: dict[str, dict[str, frozenset[str]]] = {
    "phrases": {
        **dict.fromkeys(_PLAIN, _NONE),
        "heading_asked": _of("quoted"),
        "salutation": _of("name"),
        "introduction": _of("name"),
        "blank_note": _of("subject"),
        "blank_subject": _of("quoted"),
        "blank_subject_entry": _of("quoted", "entries"),
        "blank_subject_weak": _of("entry"),
        "blank_subject_conflict": _of("one", "two", "entry", "other"),
        "citation": _of("title"),
        "reference": _of("title"),
        "reference_url": _of("url"),
    },
    "holding": {"default": _NONE},
    "questions": {"default": _NONE},
    "labels": {
        **dict.fromkeys(
            (
                "summary_request summary_wish summary_since summary_codes summary_who summary_channel "
                "summary_contacts email chat form phone"
            ).split(),
            _NONE,
        ),
        "contacts": _of("count"),
    },
    "reasons": {
        "no_usable_evidence": _of("concern"),
        "nothing_asked": _NONE,
        **dict.fromkeys(
            (
                "nothing_quotable evidence_in_other_language internal_evidence expired_evidence "
                "unreviewed_example weak_evidence personal_data_left_out identity_check"
            ).split(),
            _of("entry"),
        ),
        "agent_blank": _NONE,
        "second_question": _NONE,
        "unsupported_fact": _of("fact"),
        "contradiction": _of("one", "two", "entry", "other"),
    },
}
"""Table → phrase → variables that it uses."""

OPEN_TABLES = frozenset({"holding", "questions"})
"""Tables that may hold further names (routes); such phrases take no variables."""

LAYOUT_REQUIRED = _of("opening", "parts", "closing")
LAYOUT_OPTIONAL = _of("signature")
