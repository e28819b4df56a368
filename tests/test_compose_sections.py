"""Which parts of an article a draft quotes, and in which order."""

from __future__ import annotations

import pytest

from suggest.compose.relevance import Relevance
from suggest.records import Article, Signal

from .test_compose import run, verbatim

BODY = """この機能では、社内の書類を一か所にまとめて保管できます。書類は部署ごとの棚に入り、管理者が棚を作ります。

## 書類を登録する
1. 「書類」を開きます。
2. 「登録」を押し、ファイルを選びます。
3. 保管する棚を選び、「保存」を押します。
登録した書類には受付番号が付きます。番号は後から変えられません。

## 取引先に見せる
1. 書類を開き、「共有」を押します。
2. 取引先の担当者のアドレスを入力します。
3. 「招待」を押します。
招待された方は、受け取ったリンクから7日以内に閲覧できます。閲覧の記録は「履歴」に残ります。

## 捨てた書類を取り戻す
削除した書類は30日間ごみ箱に残り、その間は元の棚に戻せます。30日を過ぎると完全に消去されます。
1. 「ごみ箱」を開きます。
2. 書類を選び、「元に戻す」を押します。

## 棚の容量
棚ごとの容量は10GBです。足りなくなったときは、管理者が「設定」で棚の容量を追加します。容量の追加には月額の費用がかかります。
"""
SHELF = Article(id="faq-shelf", title="書類の保管", body=BODY * 1)


def test_meaning_is_near_where_no_word_is_shared() -> None:
    relevance = Relevance(
        "データが消えたので復旧したい", ["削除した書類を元に戻せます。", "料金は月額です。"]
    )
    assert relevance.share("削除した書類を元に戻せます。") == 0
    assert relevance.nearness("削除した書類を元に戻せます。") > relevance.nearness("料金は月額です。") + 0.1


@pytest.mark.parametrize(
    ("question", "first", "unwanted"),
    [
        ("誤って消してしまったファイルを復元したいです。", "30日間ごみ箱に残り", "アドレスを入力"),
        ("外部の会社の人に閲覧してもらう方法を教えてください。", "「共有」を押します", "月額の費用"),
    ],
)
def test_the_section_that_means_the_same_comes_first(question: str, first: str, unwanted: str) -> None:
    draft, _, _ = run(question, SHELF)
    verbatim(draft, SHELF)
    assert first in draft.text
    assert unwanted not in draft.text
    assert "一か所にまとめて" not in draft.text  # the opening says nothing to the question


def test_a_short_article_keeps_its_opening() -> None:
    article = Article(
        id="short",
        title="エラー MD-6001",
        body="アプリが古いときのエラーです。最新版への更新で解消します。\n\n## 更新前の注意\n未送信の記録がある場合は、削除せずに上書きで更新します。",
    )
    draft, _, _ = run("MD-6001と出ました。未送信の記録があるので消さずに更新したいです。", article)
    assert draft.text.index("最新版への更新で解消します。") < draft.text.index("上書きで更新します。")


ADD = Article(
    id="faq-add",
    title="文書にパスワードを追加する",
    body="パスワードを付けると、知らない人は文書を開けません。\n1. 「保護」を押します。\n2. パスワードを入力します。",
)
REMOVE = Article(
    id="faq-remove",
    title="文書のパスワードを解除する",
    body="パスワードを知っていれば解除できます。\n1. 文書を開きます。\n2. パスワードを消去します。",
)


@pytest.mark.parametrize(
    ("asked", "order"),
    [
        ("文書にパスワードを追加したい。あと、後で文書のパスワードを解除する方法も知りたい。", (ADD, REMOVE)),
        ("文書のパスワードを解除したい。あと、別の文書にパスワードを追加する方法も知りたい。", (REMOVE, ADD)),
    ],
)
def test_two_matters_stand_in_the_order_of_the_question(asked: str, order: tuple[Article, Article]) -> None:
    for found in ((ADD, REMOVE), (REMOVE, ADD)):
        draft, _, _ = run(asked, list(found))
        verbatim(draft, ADD, REMOVE)
        assert draft.text.index(f"■ 1. {order[0].title}") < draft.text.index(f"■ 2. {order[1].title}")


def test_alternatives_of_a_step_stay_under_it() -> None:
    article = Article(
        id="release",
        title="隔離されたメールの解放",
        body="メールを解放する手順です。\n1. 「検疫」を開きます。\n2. 次のいずれかの操作を行います。\n・1通のとき: メールを選びます。\n・複数のとき: 一括操作を選びます。",
    )
    draft, _, _ = run("隔離されたメールを解放する手順を教えてください。", article)
    verbatim(draft, article)
    assert "2. 次のいずれかの操作を行います。\n   1通のとき: メールを選びます。" in draft.text
    assert "3." not in draft.text


def test_advice_before_the_steps_is_kept() -> None:
    article = Article(
        id="gmail",
        title="Gmail のパスワードを利用できない",
        body=(
            "2 段階認証を有効にして、アプリ パスワードを使用することをお勧めします。\n"
            "アプリ パスワードを取得するには、次の手順を使用します。\n"
            + "\n".join(
                f"{i}. 画面の案内にそって [設定 {i}] を選択し、[次へ] をクリックします。"
                for i in range(1, 13)
            )
        ),
    )
    draft, _, _ = run("Gmailのパスワードが何度やっても弾かれます。", article, channel="chat")
    assert "アプリ パスワードを使用することをお勧めします。" in draft.text
    assert "アプリ パスワードを取得するには、次の手順を使用してください。" in draft.text


def test_what_to_read_when_something_is_wrong_is_part_of_the_answer() -> None:
    body = (
        "ノートが表示されない原因の多くは同期エラーです。データは失われていません。\n"
        "すべての端末で、ノートブックにエラーが表示されていないかを確認します。{}\n"
        "・パソコンでは、ノートブックの横に黄色い三角の警告が表示されます。"
    )
    trouble = "エラーが表示されている場合は、「同期できないときの問題を解決する」を参照してください。"
    goal = "ノートブックを移動する場合は、「ノートブックの移動」を参照してください。"
    for pointer, shown in ((trouble, True), (goal, False)):
        article = Article(id="note", title="ノートが表示されない", body=body.format(pointer))
        draft, _, _ = run("スマホで書いたノートがパソコンに表示されません。黄色い三角が出ています。", article)
        assert (pointer in draft.text) is shown


def test_the_address_of_a_page_that_is_asked_for_is_there() -> None:
    article = Article(
        id="reset",
        title="パスワードのリセットの設定",
        body=(
            "## リセットする方法\n利用者は、事前に example.com/setup で登録を済ませておく必要があります。\n\n"
            "## 登録を要求する方法\nサインイン時に登録を要求するには、「登録の要求」を「はい」に変更します。\n"
            "要望を送るには、example.com/wish ページにアクセスします。\n\n"
            + "".join(
                f"## その他の設定 {i}\nこの設定では、組織の方針に合わせて通知の送り先や連絡の間隔を決めることができます。方針は後からでも変更できます。\n\n"
                for i in range(9)
            )
        ),
    )
    asked = "サインインのときに登録を要求する方法を教えてください。{}"
    link = "example.com/setup"
    assert link in run(asked.format("社員に知らせる登録ページのアドレスもお願いします。"), article)[0].text
    assert link not in run(asked.format(""), article)[0].text


def test_a_reference_to_an_article_of_the_same_title_says_nothing() -> None:
    body = (
        "共有メールボックスに変換すると、既存のメールは残ります。\n詳細については、「{}」を参照してください。"
    )
    for name, shown in (("メールボックスを変換する", False), ("ライセンスの要件", True)):
        article = Article(id="convert", title="メールボックスを変換する", body=body.format(name))
        draft, _, _ = run("共有メールボックスに変換すると、メールは残りますか。", article)
        assert ("を参照してください" in draft.text) == shown


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        (
            "半日だけ休みたいときの選び方が分からない(全日しか出てこない)",
            "「半日だけ休みたいときの選び方が分からない」について",
        ),
        ("どちらも今日中に解決したいです。", "ご質問いただいた件について"),
        ("090-0000-1234 に電話してもらえますか", "ご質問いただいた件について"),
    ],
)
def test_a_blank_is_headed_with_a_short_question(question: str, heading: str) -> None:
    draft, _, _ = run(["パスワードを追加したい", question], [ADD], [], answerable=[True, False])
    assert f"■ 2. {heading}" in draft.text


def test_angry_words_are_no_heading() -> None:
    asked = ["パスワードを追加したい", "こんな画面をだれが使うのか"]
    for signals, heading in (
        ((), "「こんな画面をだれが使うのか」について"),
        ((Signal(code="anger", evidence="だれが使う"),), "ご質問いただいた件について"),
    ):
        draft, _, _ = run(asked, [ADD], [], answerable=[True, False], signals=signals)
        assert f"■ 2. {heading}" in draft.text


def test_a_procedure_in_one_sentence_says_what_it_is_for() -> None:
    body = (
        "既読の表示は組織のポリシーで決まります。個人の既読の設定を変えるには、以下の手順に従います。"
        "プロフィールの写真をクリックし、「設定」で「既読」をオフにします。詳細は次の項目に示します。"
    )
    article = Article(id="read", title="既読の表示", body=body)
    draft, _, _ = run("個人の既読の設定を変えてオフにしたいです。", article)
    verbatim(draft, article)
    assert "変えるには、以下の手順に従ってください。プロフィール" in draft.text.replace("\n", "")
    assert "次の項目" not in draft.text  # nothing follows it


def test_a_question_that_nothing_answers_is_not_quoted() -> None:
    body = "チャットの記録は90日間残ります。\n{}"
    asking = "他社の利用者とチャットする必要がありますか?"
    for text, shown in (
        (asking, False),
        (asking + "管理者が外部アクセスを有効にすると、他社の利用者とチャットできます。", True),
    ):
        article = Article(id="chat", title="チャットの機能", body=body.format(text))
        draft, _, _ = run("他社の利用者とチャットできますか。チャットの記録は残りますか。", article)
        assert (asking in draft.text) is shown


def test_what_leans_on_a_sentence_that_goes_goes_with_it() -> None:
    article = Article(
        id="sign-in",
        title="基本認証の診断",
        body="この診断では、基本認証を有効にすることができます。これらは、最近無効になった可能性があります。\n"
        "基本認証が無効になる前に、管理者へ通知が届きます。",
    )
    text = run("複合機で認証エラーになります。基本認証が無効になった可能性はありますか。", article)[0].text
    assert "これらは" not in text
    assert "管理者へ通知が届きます。" in text


def test_the_articles_that_a_thin_answer_names_are_named() -> None:
    article = Article(
        id="faq-block",
        title="予約サイトを社員から隠す",
        body=(
            "予約サイトを隠すには、社員の利用権を外します。詳細については、次の記事を参照してください。\n"
            "・予約サイトの利用権を外す"
        ),
    )
    draft, _, _ = run("予約サイトを社員に見えないようにする方法を教えてください。", article)
    verbatim(draft, article)
    assert "次の記事を参照してください。\n・予約サイトの利用権を外す\n" in draft.text
