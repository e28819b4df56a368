"""Branches of an article that are for another case than the customer's are left out."""

from pathlib import Path

import pytest

from suggest import Article, Inquiry, KnowledgeBase, Settings, Suggester
from suggest.compose.branches import own_branches
from suggest.compose.outline import Listing, Section, outline
from suggest.settings import Judging

BY_HEADING = "通知は次の手順で許可します。\n\n## iPhoneの場合\n「設定」で「通知」を開きます。\n\n## Androidの場合\n「アプリ」を開きます。\n"
BY_BULLET = "## 更新方法\n- iPhone：App Store で更新します。\n- Android：Google Play で更新します。\n- 共通：再起動します。\n"
BY_LINE = "1. 端末の設定を確認します。\n   iPhone：「通知」を開きます。\n   Android：「アプリの通知」を開きます。\n2. 再起動します。\n"


def words(sections: tuple[Section, ...]) -> str:
    found = []
    for section in sections:
        found += [section.heading.text] if section.heading else []
        for block in section.blocks:
            found += block.texts if isinstance(block, Listing) else [s.text for s in block]
    return "\n".join(found)


@pytest.mark.parametrize("body", [BY_HEADING, BY_BULLET, BY_LINE])
@pytest.mark.parametrize(
    ("question", "own", "other"),
    [
        ("iPhoneで通知が来ません", "iPhone", "Android"),
        ("4台ともＡｎｄｒｏｉｄ12です", "Android", "iPhone"),
    ],
)
def test_the_branch_for_another_device_goes(body: str, question: str, own: str, other: str) -> None:
    kept = words(own_branches(outline(body), [question]))
    assert own in kept
    assert other not in kept


@pytest.mark.parametrize("body", [BY_HEADING, BY_BULLET, BY_LINE])
@pytest.mark.parametrize(
    "question", ["通知が来ません", "iPhoneでもAndroidでも来ません", "Macで通知が来ません"]
)
def test_nothing_goes_where_no_single_branch_is_meant(body: str, question: str) -> None:
    assert own_branches(outline(body), [question]) == outline(body)


def test_what_is_for_everybody_stays() -> None:
    assert "共通" in words(own_branches(outline(BY_BULLET), ["iPhoneです"]))
    assert "再起動します" in words(own_branches(outline(BY_LINE), ["iPhoneです"]))
    assert "次の手順で許可" in words(own_branches(outline(BY_HEADING), ["iPhoneです"]))


def test_a_part_without_a_branch_beside_it_stays() -> None:
    body = "## Windows への取り込み\niPhone を PC に接続します。\n"
    assert own_branches(outline(body), ["iPhoneの写真を取り込めません"]) == outline(body)


PLANS = (
    "保持期間はプランによって異なります。\n- Office 365 E3: 90 日間です。\n- Office 365 E5: 365 日間です。\n"
    "- 試用を申し込むときはご連絡ください。\n"
)


def test_of_labelled_bullets_the_one_that_the_customer_names_stays() -> None:
    kept = words(own_branches(outline(PLANS), ["うちはE3です。期間を教えてください"]))
    assert "90 日間" in kept
    assert "365 日間" not in kept
    assert "試用" not in kept  # stands under what is for others
    for nobody in ("期間を教えてください", "Office 365 です。3名で使っています"):
        assert words(own_branches(outline(PLANS), [nobody])) == words(outline(PLANS))


def test_a_draft_quotes_the_customers_branch(tmp_path: Path) -> None:
    kb = KnowledgeBase.open(
        tmp_path / "kb", settings=Settings(judging=Judging(provisional=True)), create=True
    )
    kb.sync([Article(id="a", title="アプリの更新方法を教えてください", body=BY_BULLET, lang="ja")])
    draft = Suggester(kb).suggest(Inquiry(text="アプリの更新方法を教えてください。Androidです。")).draft
    assert draft is not None
    assert "Google Play" in draft.text
    assert "App Store" not in draft.text


CODES = "ER-2103であれば時刻のずれ、ER-2107であれば宛先の誤りをご確認ください。ER-2103は時刻、ER-2107は宛先の違いを示します。"


def test_of_a_sentence_about_several_codes_the_clause_of_the_customers_code_stays() -> None:
    assert words(own_branches(outline(CODES), ["今朝からＥＲ-2107と出ます"])) == (
        "ER-2107であれば宛先の誤りをご確認ください。\nER-2107は宛先の違いを示します。"
    )
    for other in ("今朝からER-2103と出ます", "ER-2103とER-2107が出ます", "エラーが出ます"):
        assert words(own_branches(outline(CODES), [other])) == words(outline(CODES))
