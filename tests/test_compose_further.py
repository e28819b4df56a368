"""What the body of a structured article adds for the very question."""

from __future__ import annotations

import pytest

from suggest.compose.polite import told_apart
from suggest.records import Article

from .test_compose import run, verbatim

ARTICLE = Article(
    id="handover",
    title="管理者の引き継ぎ",
    point="書面による申請をお願いしております。",
    reason="第三者による乗っ取りを防ぐ目的で、書類による確認を行っているためです。",
    url="https://help.mihondesk.example/handover",
    body=(
        "■ 手順\n1. 「管理者変更の申請」とご連絡ください。\n2. 申請書をご返送ください。\n\n"
        "お手続きには、書類の到着から3～5営業日かかります。\n\n"
        "■ ご注意\n・申請できるのは、ご契約の終了日までです。\n・控えは印刷できます。\n\n"
        "■ 現在の管理者がログインできる場合\n書類は要りません。お手続きには1日かかります。"
    ),
)


@pytest.mark.parametrize(
    ("question", "wanted", "unwanted"),
    [
        ("管理者の引き継ぎの手続きに必要な日数を教えてください。", "3～5営業日かかります。", "終了日まで"),
        ("管理者の引き継ぎの申請は、今からではもう無理でしょうか。", "ご契約の終了日までです。", "印刷"),
        ("管理者の引き継ぎの申請はどこからしますか。", "ご連絡ください。", "3～5営業日"),
    ],
)
def test_the_sentence_that_answers_the_question_is_there(question: str, wanted: str, unwanted: str) -> None:
    draft, _, _ = run(question, [ARTICLE])
    assert draft is not None
    assert wanted in draft.text
    assert unwanted not in draft.text
    assert "1日かかります" not in draft.text  # stands under a heading that speaks of another case
    verbatim(draft, ARTICLE)


def test_a_reason_after_steps_stands_by_itself() -> None:
    draft, _, _ = run("管理者の引き継ぎの手続きの方法を教えてください。", [ARTICLE])
    assert draft is not None
    assert "書類による確認を行っています。" in draft.text
    assert "ためです" not in draft.text
    assert ARTICLE.url not in draft.text  # the reason is the article's own: nothing is cited
    short = ARTICLE.model_copy(update={"body": ""})
    draft, _, _ = run("管理者の引き継ぎの方法を教えてください。", [short])
    assert draft is not None
    assert "書類による確認を行っているためです。" in draft.text


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("作り直す必要がないからです。", "作り直す必要がありません。"),
        ("認識できなくなったときに表示されるためです。", "認識できなくなったときに表示されます。"),
        ("設定が変わったためです", "設定が変わりました。"),
        ("安全のためです。", None),
        ("防ぐ仕組みです。", None),
    ],
)
def test_reasons_told_apart(reason: str, told: str | None) -> None:
    found = told_apart(reason)
    assert (reason[: found.keep] + found.ending if found else None) == told


def test_a_note_that_says_no_comes_first() -> None:
    article = Article(
        id="recall",
        title="メッセージを取り消す",
        body=(
            "1. 送信済みのメッセージを開きます。\n2. 「メッセージの取り消し」を選びます。\n\n"
            "※ Mac 版では、送信したメールのメッセージを取り消すことはできません。"
        ),
    )
    mac, _, _ = run("Mac 版で、送信したメールのメッセージを取り消す方法を教えてください。", [article])
    other, _, _ = run("メッセージの取り消しの方法を教えてください。", [article])
    assert mac is not None
    assert other is not None
    assert mac.text.index("Mac 版では") < mac.text.index("開きます")
    assert "※ Mac" not in mac.text
    assert other.text.index("Mac 版では") > other.text.index("開きます")
    verbatim(mac, article)
