"""Facts of a draft against other wordings of it."""

from __future__ import annotations

import pytest

from suggest import check_rewrite
from suggest.compose.facts import facts_of
from suggest.compose.negation import negations
from suggest.records import Claim, Draft, Source

BODY = (
    "アカウントのロックは30分で自動的に解除されます。SMSやメールでコードを受け取る方法には対応していません。"
    "Outlook for Mac では送信したメールを取り消すことができません。新しい料金は2026年4月1日から適用されます。"
    "領収書は1つの申請に50枚以内で添付できます。エラーコードは MD-1005 です。詳しくは https://help.example/a をご覧ください。"
)
HELLO = "お問い合わせいただき、ありがとうございます。"
DRAFT = Draft(
    text=f"{HELLO}\n\n{BODY}",
    language="ja",
    channel="email",
    point=(
        Claim(text=HELLO, source=Source(kind="template", template="ja/greeting")),
        Claim(text=BODY, source=Source(kind="entry", entry_id="a", field="body", start=0, end=len(BODY))),
    ),
)


@pytest.mark.parametrize(
    ("old", "new", "change", "kind", "value", "before"),
    [
        ("30分", "60分", "changed", "number", "60分", "30分"),
        ("30分", "３０分", "", "", "", None),
        ("for Mac", "for Windows", "changed", "name", "windows", "mac"),
        ("対応していません", "対応しています", "dropped", "negation", "対応", None),
        ("取り消すことができません", "取り消すことができます", "dropped", "negation", "消す", None),
        ("2026年4月1日", "2025年4月1日", "changed", "date", "2025-04-01", "2026-04-01"),
        (
            "help.example/a",
            "evil.example/a",
            "changed",
            "url",
            "https://evil.example/a",
            "https://help.example/a",
        ),
        ("50枚以内", "50枚以上", "changed", "limit", "50枚以上", "50枚以内"),
        ("MD-1005", "MD-1006", "changed", "code", "MD-1006", "MD-1005"),
        (
            "詳しくは https://help.example/a をご覧ください。",
            "",
            "dropped",
            "url",
            "https://help.example/a",
            None,
        ),
        (HELLO, "いつもお世話になっております。", "", "", "", None),
        ("対応していません", "対応しておりません", "", "", "", None),
    ],
)
def test_a_changed_fact_is_named(
    old: str, new: str, change: str, kind: str, value: str, before: str | None
) -> None:
    text = DRAFT.text.replace(old, new)
    found = check_rewrite(DRAFT, text)
    assert [(c.change, c.kind, c.value, c.before) for c in found] == (
        [(change, kind, value, before)] if change else []
    )


def test_places_are_of_the_rewrite_and_of_the_draft_for_what_is_dropped() -> None:
    added = "お礼に500円の割引券をお送りします。"
    [change] = check_rewrite(DRAFT, f"{DRAFT.text}\n{added}")
    text = f"{DRAFT.text}\n{added}"
    assert (change.change, text[change.start : change.end]) == ("added", "500円")
    [dropped] = check_rewrite(DRAFT, DRAFT.text.replace("エラーコードは MD-1005 です。", ""))
    assert (dropped.change, DRAFT.text[dropped.start : dropped.end]) == ("dropped", "MD-1005")


def test_the_draft_itself_passes() -> None:
    assert check_rewrite(DRAFT, DRAFT.text) == ()


def test_an_added_negation_is_named() -> None:
    found = check_rewrite(DRAFT, DRAFT.text.replace("添付できます", "添付できません"))
    assert ("added", "negation", "添付") in {(c.change, c.kind, c.value) for c in found}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("変更することはできません。", ["変更"]),
        ("個人ごとに設定することはできかねます。", ["設定"]),
        ("押さないでください。", ["押す"]),
        ("この操作は不可です。", ["不可"]),
        ("確認しなければなりません。", []),
        ("申し訳ございません。", []),
        ("お知らせいただけませんでしょうか。", []),
        ("You cannot undo this.", ["not undo"]),
    ],
)
def test_negated_predicates(text: str, expected: list[str]) -> None:
    assert [predicate for predicate, _, _ in negations(text)] == expected


def test_one_spelling_for_one_fact() -> None:
    def values(text: str) -> list[tuple[str, str]]:
        return [(fact.kind, fact.value) for fact in facts_of(text) if fact.kind != "name"]

    assert values("料金は１，２００円です") == values("料金は1200 円です") == [("number", "1200円")]
    assert values("2026/4/1") == values("2026年4月1日") == [("date", "2026-04-01")]
