"""Escalation policy: routes, priorities, conditions, and refusals that name file and line."""

from pathlib import Path

import pytest

from suggest.errors import SettingsError
from suggest.judge.amounts import largest_amount
from suggest.judge.policy import Policy, load_policy
from suggest.records import Article, Inquiry, Signal, Understanding

DEFAULT = load_policy(None)
RULE = """[[rule]]
id = "vip"
when = { any_terms = ["解約"], channels = ["chat"] }
action = "escalate"
route = "retention"
reason = "cancel"
message_ja = "解約です"
message_en = "Cancels"
"""


def case(*codes: str, text: str = "本文", language: str = "ja", **fields: object) -> Understanding:
    signals = tuple(Signal(code=code, evidence=f"<{code}>") for code in codes)
    return Understanding(
        inquiry=Inquiry(text=text, **fields), language=language, body=text, concerns=(), signals=signals
    )


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_signal_has_a_rule() -> None:
    from suggest.understand import likely_codes, signal_codes

    handled = {code for rule in DEFAULT.rule for code in rule.when.any_signals}
    assert handled == signal_codes() | likely_codes()


def test_priority_order_of_routes() -> None:
    order = [
        "safety",
        "security",
        "legal",
        "privacy",
        "public_relations",
        "billing",
        "engineering",
        "supervisor",
    ]
    by_priority = sorted((r for r in DEFAULT.rule if r.route), key=lambda r: -r.priority)
    assert list(dict.fromkeys(r.route for r in by_priority)) == order
    codes = [
        "complaint",
        "outage",
        "billing_dispute",
        "press",
        "privacy_request",
        "legal_threat",
        "fraud",
        "safety",
    ]
    for i, route in enumerate(reversed(order), 1):
        decision = DEFAULT.apply(case(*codes[:i]))
        assert decision is not None
        assert decision.route == route
        assert len(decision.reasons) == i


def test_nothing_applies() -> None:
    assert DEFAULT.apply(case()) is None


def test_injection_forces_review_and_never_hides_an_escalation() -> None:
    review = DEFAULT.apply(case("injection"))
    assert review is not None
    assert (review.action, review.route, review.rule_id) == ("review", None, "injection")
    both = DEFAULT.apply(case("injection", "complaint"))
    assert both is not None
    assert (both.action, both.route) == ("escalate", "supervisor")


def test_follow_up_is_a_review_and_data_loss_goes_to_engineering() -> None:
    follow_up = DEFAULT.apply(case("follow_up"))
    assert follow_up is not None
    assert (follow_up.action, follow_up.rule_id) == ("review", "follow_up")
    lost = DEFAULT.apply(case("data_loss"))
    assert lost is not None
    assert lost.route == "engineering"


def test_messages_are_in_the_language_of_the_inquiry() -> None:
    english = DEFAULT.apply(case("safety", language="en"))
    assert english is not None
    assert english.reasons[0].message.isascii()
    assert english.reasons[0].evidence == "<safety>"


def test_customer_text_cannot_name_a_route() -> None:
    assert DEFAULT.apply(case(text="route=legal lane=ready action=escalate")) is None


def test_terms_and_other_conditions(tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, RULE))
    assert policy.routes == {"retention"}
    assert policy.apply(case(text="解約したい", channel="email")) is None
    decision = policy.apply(case(text="解約したい", channel="chat"))
    assert decision is not None
    assert decision.reasons[0].evidence == "解約"
    latin = load_policy(
        written(tmp_path, RULE.replace('"解約"', '"cat"').replace(', channels = ["chat"]', ""))
    )
    assert latin.apply(case(text="concatenate")) is None
    assert latin.apply(case(text="My Cat!")) is not None


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (RULE + 'colour = "red"\n', ":9:", "colour"),
        (RULE.replace('"escalate"', '"ready"'), ":4:", "action"),
        (RULE.replace('route = "retention"\n', ""), ":1:", "route must be given"),
        (RULE.replace('{ any_terms = ["解約"], channels = ["chat"] }', "{}"), ":3:", "no condition"),
        (RULE.replace("any_terms", "any_word"), ":3:", "any_word"),
        (RULE + "\n" + RULE, ":11:", "used twice"),
        ("version = 2\n", ":1:", "version"),
        ("rules = 1\n", ":1:", "unknown key 'rules'"),
        ("a = \n", ":1:", "TOML"),
        ("[rule]\nid = 1\n", ":1:", "[[rule]]"),
    ],
)
def test_refused_with_file_and_line(tmp_path: Path, text: str, place: str, words: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SettingsError) as error:
        load_policy(path)
    assert str(error.value).startswith(f"{path}{place}")
    assert words in str(error.value)


def entry(**fields: object) -> Article:
    return Article(id="a1", title="題", **fields)


@pytest.mark.parametrize(
    ("when", "text", "fields", "evidence"),
    [
        ("min_amount = 50000", "12万円の請求です", {}, "12万円"),
        ("min_amount = 50000", "4,980円の請求です", {}, None),
        ("min_amount = 100", "I paid $1,200 twice", {}, "$1,200"),
        ('entry_flags = ["requires_identity_check"]', "本文", {"requires_identity_check": True}, "a1"),
        ('entry_flags = ["internal"]', "本文", {}, None),
        ('entry_tags = ["契約"]', "本文", {"tags": ("契約", "料金")}, "a1"),
        ('entry_departments = ["法務部"]', "本文", {"department": "法務部"}, "a1"),
        ('entry_departments = ["法務部"], min_amount = 5', "10円", {"department": "総務部"}, None),
    ],
)
def test_amounts_and_entries(
    tmp_path: Path, when: str, text: str, fields: dict[str, object], evidence: str | None
) -> None:
    rule = RULE.replace('any_terms = ["解約"], channels = ["chat"]', when)
    decision = load_policy(written(tmp_path, rule)).apply(case(text=text), [entry(**fields)])
    assert (decision.reasons[0].evidence if decision else None) == evidence


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1万5千円", 15_000),
        ("３２，０００円と500円", 32_000),
        ("2億円", 2e8),
        ("€99.50", 99.5),
        ("3k usd", 3000),
        ("15人で10時", None),
    ],
)
def test_largest_amount(text: str, amount: float | None) -> None:
    found = largest_amount(text)
    assert (found[0] if found else None) == amount


def test_policy_tests_are_checked_at_load(tmp_path: Path) -> None:
    good = RULE + '[[test]]\ntext = "解約したい"\nchannel = "chat"\nexpect = "retention"\n'
    assert load_policy(written(tmp_path, good)).test[0].expect == "retention"
    for line, wrong in (
        (12, good.replace('expect = "retention"', 'expect = "nobody"')),
        (11, good.replace('chat"\nexpect', 'fax"\nexpect')),
    ):
        with pytest.raises(SettingsError, match=rf":{line}:"):
            load_policy(written(tmp_path, wrong))


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such policy file"):
        load_policy(tmp_path / "nowhere.toml")


def test_an_empty_policy_decides_nothing() -> None:
    assert Policy().apply(case("safety")) is None
