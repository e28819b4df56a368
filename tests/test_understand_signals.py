"""Escalation signals on messages written for this purpose (tests/data/signals.jsonl).

Every text was made up for this test; none is a customer's. "half" says what a text was used for:

    a   read while the patterns were written
    b   put aside before, but by the author of the patterns, at the same sitting: optimistic
    c   written after a and b, mostly without any key word; missed at first, then used to widen the patterns
    d   written last, never used to change a pattern: tells how they generalise
    e   by another writer, who knew nothing of the patterns, the classifiers or their texts; a third of it escalations. Its
        codes name the route only. Its misses were never read

Do not tune on d and e; write new texts instead, and move theirs to c once somebody has looked at the misses.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from suggest.judge.policy import load_policy
from suggest.records import Inquiry
from suggest.understand import signal_codes, understand

DATA = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "signals.jsonl").read_text(encoding="utf-8").splitlines()
]
POLICY = load_policy(None)
ROUTES = {
    code: rule.route for rule in POLICY.rule for code in rule.when.any_signals if rule.action == "escalate"
}


def route_of(text: str) -> str | None:
    decision = POLICY.apply(understand(Inquiry(text=text)))
    return decision.route if decision is not None and decision.action == "escalate" else None


def of_half(half: str, *, escalated: bool) -> Iterator[dict[str, object]]:
    return (row for row in DATA if row["half"] == half and bool(row["expected"]) == escalated)


def test_the_data_uses_known_codes_and_each_text_once() -> None:
    assert {code for row in DATA for code in row["expected"]} <= signal_codes()
    assert len({row["text"] for row in DATA}) == len(DATA)
    assert {row["half"] for row in DATA} == set("abcde")


# Bars stand just below what was reached: 74/74, 73/73, 39/40, 11/30, 37/80 (d and e were run once).
@pytest.mark.parametrize(("half", "bar"), [("a", 0.97), ("b", 0.97), ("c", 0.95), ("d", 0.33), ("e", 0.43)])
def test_escalations_take_the_right_route(half: str, bar: float) -> None:
    rows = list(of_half(half, escalated=True))
    missed = [
        row["text"] for row in rows if route_of(row["text"]) not in {ROUTES[code] for code in row["expected"]}
    ]
    assert 1 - len(missed) / len(rows) >= bar, missed


# Reached: no false alarm in any half; one is let through so that a new pattern need not be perfect.
@pytest.mark.parametrize("half", ["a", "b", "c", "d"])
def test_harmless_look_alikes_are_not_escalated(half: str) -> None:
    alarms = [row["text"] for row in of_half(half, escalated=False) if route_of(row["text"]) is not None]
    assert len(alarms) <= 1, alarms


@pytest.mark.parametrize(
    ("text", "escalated"),
    [
        ("消費者センターのパンフレットで御社を知りました。月額はいくらですか?", False),
        ("消費者センターに相談して、対応を求めます。", True),
        ("障害情報ページの購読はできますか。", False),
        ("障害情報は出ていますか。全員ログインできません。", True),
        ("「アカウントの乗っ取りにご注意ください」というお知らせは公式のものですか。", False),
        ("アカウントの乗っ取りについてご報告します。昨夜から続いています。", True),
        ("子どもがけがをしたときの補償は、この保険に入っていますか。", False),
        ("充電器から発煙した時の対処を教えてください。", True),
    ],
)
def test_a_word_that_frightens_beside_its_harmless_use(text: str, escalated: bool) -> None:
    assert (route_of(text) is not None) == escalated
