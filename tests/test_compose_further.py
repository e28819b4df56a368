"""What the body of a structured article adds for the very question."""

from __future__ import annotations

import pytest

from suggest.compose.polite import is_ending, requested, told_apart
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


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ("解除するには、次の手順に従います。", "解除するには、次の手順に従ってください。"),
        (
            "[設定] を選択し、スライダーを [オン] にします。",
            "[設定] を選択し、スライダーを [オン] にしてください。",
        ),
        (
            "エラーが表示される場合は、[再試行] をクリックします。",
            "エラーが表示される場合は、[再試行] をクリックしてください。",
        ),
        ("管理画面を開きます。", "管理画面を開いてください。"),
        ("「全員に必須」を選びます。", "「全員に必須」を選んでください。"),
        ("「保存」を押します", "「保存」を押してください。"),
        ("システムが設定を確認します。", None),
        ("サポートにて内容を確認します。", None),
        ("変更後、アプリは自動的に再起動します。", None),
        ("[復元] を押すと、元のページに移動します。", None),
        ("担当者より、翌日に手順を実行します。", None),
        ("残りの日数に応じた差額を請求します。", None),
        ("| 終了日 | 日付を入力します。", None),
    ],
)
def test_what_is_to_be_done_is_asked_for(told: str, asked: str | None) -> None:
    found = requested(told)
    assert (told[: found.keep] + found.ending if found else None) == asked
    assert found is None or is_ending(found.ending)


def test_only_articles_are_turned_into_requests() -> None:
    text = "設定を変えるには、管理画面で「切替」を選択します。"
    draft, _, _ = run("設定の切替の方法を教えてください。", Article(id="a", title="設定の切替", body=text))
    assert "「切替」を選択してください。" in draft.text
    stated = Article(id="a", title="設定の切替", point=text, body=text)
    draft, _, _ = run("設定の切替の方法を教えてください。", stated)
    assert text in draft.text


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
    assert "Mac 版では" in mac.text
    assert "開きます" not in mac.text  # the steps are for the others
    assert "※ Mac" not in mac.text
    assert other.text.index("Mac 版では") > other.text.index("開きます")
    verbatim(mac, article)


@pytest.mark.parametrize(("question", "answer"), [("Q. ", "A. "), ("Q1：", "A1："), ("Ｑ：", "")])
def test_questions_in_a_body_are_the_headings_of_their_answers(question: str, answer: str) -> None:
    article = Article(
        id="closing",
        title="締めたあとの月の勤怠を修正したい",
        body=(
            "締め後の勤怠は、管理者が「締め解除」を行うと修正できます。\n\n"
            f"{question}「修正申請」のボタンが押せません。\n{answer}対象の月がすでに締められています。社内の管理者の方へ締め解除をご依頼ください。\n\n"
            f"{question}管理者が退職していて、誰も解除できません。\n{answer}管理者の引き継ぎには書面での申請が必要です。"
        ),
    )
    draft, _, _ = run("修正申請のボタンが押せないのはなぜですか。", article)
    verbatim(draft, article)
    assert "対象の月がすでに締められています。社内の管理者の方へ締め解除をご依頼ください。" in draft.text
    assert "A. " not in draft.text
    assert "A1：" not in draft.text
    assert "書面での申請" not in draft.text


def test_the_condition_that_the_customer_is_in_leads() -> None:
    article = Article(
        id="ip",
        title="接続元の制限で入れなくなったときの解除",
        point="管理者に届く解除リンクから、制限を一時的に通過してログインしていただけます。",
        body=(
            "1. アクセス拒否の画面で「解除リンクを送信」を押します。\n2. 届いたリンクを開きます。\n\n"
            "回線工事の予定がある場合は、新しいIPアドレスを事前に許可リストへ追加する必要があります。"
        ),
    )
    own = "回線工事の予定がある場合は、新しいIPアドレスを事前に許可リストへ追加する必要があります。"
    planned = run("明日、回線工事があり会社のIPアドレスが変わります。事前に必要なことはありますか。", article)
    draft = planned[0].text
    assert draft.index(own) < draft.index("解除リンクから")
