"""Evidence on another product or another matter is not drafted from; codes and past cases vouch for an article."""

from __future__ import annotations

import pytest

from suggest.judge import Confidence, judge, load_policy, prior_for
from suggest.judge.topic import lowered, own_part
from suggest.records import Article, Concern, Entry, Inquiry, ResolvedCase, Understanding

from .evidence import evidence

CUTS = prior_for("suggest-static-ja-en").model_copy(update={"nothing": -2.0, "weak": -1.0, "strong": 1.0})
ALERT = Concern(text="SharePointの変更通知を配布リスト宛てにしたのに届きません")
RARITY = {"sharepoint": 1.9, "変更": 1.7, "通知": 2.5, "配布": 4.0, "リスト": 3.0, "宛て": 4.0, "届く": 3.0}
LISTS = Article(
    id="lists", title="配布グループにアドレスを追加する", body="管理センターで配布グループを選びます。"
)


def scores(concern: Concern, *rated: tuple[Entry, float]) -> tuple[float, ...]:
    return lowered(
        concern, [evidence(e, 0.5) for e, _ in rated], [s for _, s in rated], rarity=RARITY, cuts=CUTS
    )


def test_an_article_on_another_product_is_no_evidence_unless_it_is_strong() -> None:
    assert scores(ALERT, (LISTS, -0.5)) == (-3.0,)
    assert scores(ALERT, (LISTS, 1.5)) == (1.5,)
    named = LISTS.model_copy(update={"body": "SharePointの通知は配布グループには送れません。"})
    assert scores(ALERT, (named, -0.5)) == (-0.5,)
    tagged = LISTS.model_copy(update={"product": "SharePoint"})
    assert scores(ALERT, (tagged, -0.5)) == (-0.5,)


@pytest.mark.parametrize("rarity", [0.3, 6.0])
def test_names_that_most_or_few_entries_hold_tell_nothing(rarity: float) -> None:
    one = lowered(ALERT, [evidence(LISTS, 0.5)], [-0.5], rarity=RARITY | {"sharepoint": rarity}, cuts=CUTS)
    assert one == (-0.5,)


def test_a_past_case_on_another_matter_is_no_evidence_however_high_it_scores() -> None:
    case = ResolvedCase(
        id="c", inquiry="打刻のボタンが押せません", reply="締め処理のためです。", resolves_with="lists"
    )
    assert scores(ALERT, (case, 2.0)) == (-3.0,)
    assert scores(ALERT, (case, 2.0), (LISTS, 1.5)) == (2.0, 1.5)  # its article is near by itself
    same = case.model_copy(update={"inquiry": "SharePointの通知が配布リストに来ない"})
    assert scores(ALERT, (same, 2.0)) == (2.0,)


def used(concern: Concern, *rated: tuple[Entry, float, float]) -> tuple[bool, tuple[str, ...]]:
    understanding = Understanding(
        inquiry=Inquiry(text=concern.text), language="ja", body=concern.text, concerns=(concern,)
    )
    [judged] = judge(
        understanding,
        [[evidence(e, level) for e, level, _ in rated]],
        [[score for _, _, score in rated]],
        policy=load_policy(),
        confidence=Confidence(CUTS),
        max_concerns=3,
    ).concerns
    return judged.answerable, judged.entry_ids


def test_a_weak_article_is_taken_when_its_title_has_the_very_code() -> None:
    coded = Article(id="e", title="エラー 30015-4 の解決方法", body="再起動してください。")
    other = Article(id="o", title="エラー 30015-25 の解決方法", body="再起動してください。")
    asked = Concern(text="入れ直すと30015-4と出ました", codes=("30015-4",))
    assert used(asked, (coded, 0.4, -1.5), (other, 0.3, -2.1)) == (True, ("e",))
    assert used(asked.model_copy(update={"codes": ()}), (coded, 0.4, -1.5)) == (False, ())


def test_the_article_that_a_near_case_was_answered_with_comes_too() -> None:
    case = ResolvedCase(
        id="c", inquiry="通知が届かない", reply="設定をご確認ください。", resolves_with="lists"
    )
    assert used(ALERT, (case, 0.6, 0.5), (LISTS, 0.3, -3.0)) == (True, ("c", "lists"))
    alone = case.model_copy(update={"resolves_with": None})
    assert used(ALERT, (alone, 0.6, 0.5), (LISTS, 0.3, -3.0)) == (True, ("c",))


def test_an_article_that_only_another_answer_keeps_back_comes_after_it() -> None:
    second = LISTS.model_copy(update={"id": "second"})
    assert used(ALERT, (LISTS, 0.6, 0.5), (second, 0.5, -1.4)) == (True, ("lists", "second"))
    assert used(ALERT, (LISTS, 0.6, -1.1), (second, 0.5, -1.4)) == (False, ())


def test_what_stands_before_every_question_does_not_count_for_one() -> None:
    first, second = (
        Concern(text="人事の樋渡です。\n有給が付きません"),
        Concern(text="人事の樋渡です。\n半休の取り方は"),
    )
    assert own_part(first, [first, second]) == "有給が付きません"
    assert own_part(second, [first, second]) == "半休の取り方は"
    assert own_part(first, [first]) == first.text
