"""For whom a paragraph is: what is for others stays out, the customer's own trouble leads, what is done is not asked for."""

from __future__ import annotations

import pytest

from suggest.compose.conditions import speaks_of_the_case
from suggest.records import Article

from .test_compose import run, verbatim

PARKING = Article(
    id="faq-parking",
    title="駐車場の予約を変更する",
    body=(
        "予約の変更は、ご利用の前日まで「予約一覧」から行えます。変更したい予約を開き、「日時を変える」を押してください。\n\n"
        "手数料はかかりません。\n\n"
        "法人カードをお使いの場合は、総務の方の承認が済むまで変更が保留になります。承認は3日ほどで終わります。\n\n"
        "日時が選べない場合は、その枠が満車です。別の時間帯をお選びください。"
    ),
)


@pytest.mark.parametrize(
    ("inquiry", "kept", "left_out"),
    [
        ("駐車場の予約の時間を変えたいです。", ["手数料"], ["法人カード", "承認は3日"]),
        (
            "法人カードで払っている駐車場の予約の時間を変えたいです。",
            ["法人カードをお使いの場合は", "承認は3日"],
            [],
        ),
        ("駐車場の予約を変えたいのに日時が選べません。", ["別の時間帯をお選びください"], ["法人カード"]),
    ],
)
def test_paragraphs_for_others_stay_out(inquiry: str, kept: list[str], left_out: list[str]) -> None:
    draft, _, _ = run(inquiry, PARKING)
    verbatim(draft, PARKING)
    assert all(words in draft.text for words in ["「予約一覧」から行えます", *kept])
    assert not any(words in draft.text for words in left_out)


def test_the_customers_own_trouble_leads() -> None:
    article = Article(
        id="faq-code",
        title="確認コードの受け取り方",
        body=(
            "ログインの際は、確認コードを入力します。\n\n"
            "1. ログイン画面で「コードを送る」を押します。\n2. 届いたコードを入力します。\n\n"
            "確認コードが届かない場合は、迷惑メールのフォルダーをご確認ください。携帯会社の設定も見直してください。"
        ),
    )
    trouble, _, _ = run("確認コードのメールが届かないのですが、どうすればよいですか。", article)
    verbatim(trouble, article)
    assert trouble.text.index("迷惑メールのフォルダー") < trouble.text.index("「コードを送る」")
    usual, _, _ = run("確認コードの入力の手順を教えてください。", article)
    assert "迷惑メール" not in usual.text.partition("「コードを送る」")[0]


def test_what_to_know_before_acting_comes_before_the_steps() -> None:
    article = Article(
        id="faq-move",
        title="機種変更の手順",
        body=(
            "新しい端末にアプリを入れ直します。\n\n"
            "■ 手順\n1. 新しい端末にアプリを入れます。\n2. 同じIDでログインします。\n\n"
            "■ 機種変更の前のご注意\n未送信の写真は、端末を初期化すると消えます。先に「送信箱」を空にしてください。\n"
        ),
    )
    draft, _, _ = run("機種変更をしますが、未送信の写真が消えないようにする手順を教えてください。", article)
    verbatim(draft, article)
    assert draft.text.index("「送信箱」を空に") < draft.text.index("同じIDでログイン")


def test_what_the_customer_has_done_is_not_asked_for() -> None:
    article = Article(
        id="faq-leave",
        title="休会の手続きと会費",
        body="休会届を出してください。休会中の会費は月額500円で、記録は2年間残ります。",
    )
    done, _, _ = run("休会届は先月出しており、手続きは済んでいます。休会中の会費はいくらですか。", article)
    assert "休会届を出してください" not in done.text
    assert "月額500円" in done.text
    to_do, _, _ = run("休会したいです。休会中の会費はいくらですか。", article)
    assert "休会届を出してください" in to_do.text


def test_an_example_of_something_else_is_left_out() -> None:
    example = "実際に、包装を希望されたお客様では、ご注文から2日で発送できました。"
    article = Article(
        id="faq-gift",
        title="発送までの日数",
        point="ご注文から3営業日以内に発送いたします。",
        example=example,
        body="ご注文から3営業日以内に発送いたします。",
    )
    like, _, _ = run("包装をお願いしたいのですが、発送まで何日かかりますか。", article)
    assert example in like.text
    other, _, _ = run("海外の倉庫にある家具はいつ届きますか。", article)
    assert example not in other.text
    assert "申し訳" not in other.text  # 「届きますか」 tells of no failure


def test_of_terse_notes_only_those_that_say_something() -> None:
    article = Article(
        id="faq-role",
        title="担当者の変更",
        body=(
            "担当者は管理画面で変更。\n\n■ 手順\n1. 管理画面 >「担当者」を開く\n2. 新しい担当者を選び、「保存」を押す\n\n"
            "■ 補足\n・画面の色は3種類。\n・担当者を変更しても通知は届かない。通知先の変更も必要。\n・印刷は横向き。"
        ),
    )
    draft, _, _ = run("担当者を変更したら通知は新しい担当者に届きますか。", article)
    assert "通知先の変更も必要です" in draft.text
    assert "画面の色" not in draft.text
    assert "横向き" not in draft.text


def test_a_sentence_that_says_what_then_comes_along() -> None:
    article = Article(
        id="faq-invite",
        title="招待メールから登録する",
        point="招待メールのリンクから、お名前とパスワードを登録していただけます。",
        body=(
            "1. 招待メールを開きます。\n2. リンクを押し、お名前を入力します。\n\n"
            "7日を過ぎると招待メールのリンクは開けません。その場合は、管理者の方に再送をご依頼ください。\n\n"
            "登録のあとは、アプリからもお使いいただけます。"
        ),
    )
    draft, _, _ = run("招待メールのリンクを押しても開けません。期限が切れてしまいました。", article)
    verbatim(draft, article)
    assert "リンクは開けません。その場合は、管理者の方に再送をご依頼ください。" in draft.text


def test_a_refusal_leads_bullets() -> None:
    article = Article(
        id="faq-group",
        title="グループの名前と写真",
        body=(
            "次のことができます。\n・メンバーは、グループの写真を変更することができます。\n"
            "・メンバーは、グループの通知を止めることができます。\n\n"
            "注: グループの名前を変更することは、作成後はできません。"
        ),
    )
    draft, _, _ = run("作成したグループの名前を変更したいです。", article)
    verbatim(draft, article)
    assert draft.text.index("作成後はできません") < draft.text.index("グループの写真")


def test_a_condition_is_the_customers_by_words_that_the_point_lacks() -> None:
    text = "海外へ転居する場合は、口座の解約が必要です。"
    assert speaks_of_the_case(text, ["来月、海外へ転居します。"], beside="住所の変更は窓口で承ります。")
    assert not speaks_of_the_case(text, ["市内で引っ越します。"], beside="住所の変更は窓口で承ります。")
    assert not speaks_of_the_case("解約が必要です。", ["海外へ転居します。"], beside="")
