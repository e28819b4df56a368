from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from suggest.judge import Confidence, Policy, judge, load_policy, prior_for
from suggest.judge.confidence import Link
from suggest.judge.messages import _MESSAGES, reason
from suggest.records import (
    Article,
    Concern,
    Entry,
    Evidence,
    Inquiry,
    Judgement,
    Match,
    Signal,
    Understanding,
)
from suggest.understand import understand

from .evidence import evidence

Make = Callable[..., Entry]
SCORING = prior_for("suggest-static-ja-en").model_copy(update={"nothing": -2.0, "weak": -0.9, "strong": 1.0})
QUESTION = "請求書の再発行を急いでお願いしたいのですが方法はありますか"


def understood(*concerns: str, signals: Sequence[Signal] = (), **fields: object) -> Understanding:
    values = {
        "inquiry": Inquiry(text="\n".join(concerns) or " "),
        "language": "ja",
        "body": "\n".join(concerns),
        "concerns": tuple(Concern(text=text) for text in concerns),
        "signals": tuple(signals),
    }
    return Understanding(**(values | fields))


def decide(
    understanding: Understanding,
    found: Sequence[Sequence[Evidence]],
    *,
    provisional: bool = True,
    confidence: Confidence | None = None,
    policy: Policy | None = None,
) -> Judgement:
    scores = [[(item.match.score - 0.55) * 10 for item in candidates] for candidates in found]
    return judge(
        understanding,
        found,
        scores,
        policy=policy or load_policy(),
        confidence=confidence or Confidence(SCORING, provisional_ready=provisional),
        max_concerns=3,
    )


def codes(judgement: Judgement) -> set[str]:
    return {reason.code for reason in judgement.reasons}


def test_nothing_is_ready_before_calibration(article: Make) -> None:
    judgement = decide(understood(QUESTION), [[evidence(article(1, lang="ja"), 0.95)]], provisional=False)
    assert judgement.lane == "review"
    assert judgement.confidence is None
    assert codes(judgement) == {"not_calibrated"}


def test_weak_evidence_is_told_from_good_before_calibration(article: Make) -> None:
    good, weak = [[evidence(article(1, lang="ja"), 0.95)]], [[evidence(article(1, lang="ja"), 0.5)]]
    judgement = decide(understood(QUESTION), weak, provisional=False)
    assert judgement.lane == "review"
    assert [(r.code, r.evidence) for r in judgement.reasons] == [
        ("weak_match", "a1"),
        ("not_calibrated", ""),
    ]
    both = decide(understood(QUESTION, f"{QUESTION}か"), [*good, *weak], provisional=False)
    assert [r.code for r in both.reasons] == ["weak_match", "not_calibrated"]


def test_provisional_mode_allows_ready_and_says_so(article: Make) -> None:
    judgement = decide(understood(QUESTION), [[evidence(article(1, lang="ja"), 0.95)]])
    assert judgement.lane == "ready"
    assert judgement.confidence is None
    assert "provisional" in codes(judgement)
    assert judgement.concerns[0].entry_ids == ("a1",)


@pytest.mark.parametrize(
    ("fields", "level", "code"),
    [
        ({}, 0.05, "no_match"),
        ({}, 0.4, "weak_match"),
        ({"visibility": "internal"}, 0.95, "internal_only"),
        ({"trust": "unreviewed"}, 0.95, "unreviewed_evidence"),
        ({"lang": "en"}, 0.95, "other_language"),
    ],
)
def test_what_keeps_an_inquiry_from_being_ready(
    article: Make, fields: dict[str, object], level: float, code: str
) -> None:
    judgement = decide(understood(QUESTION), [[evidence(article(1, **fields), level)]])
    assert judgement.lane == "review"
    assert code in codes(judgement)


def test_every_concern_must_be_answered(article: Make) -> None:
    found = [[evidence(article(1, lang="ja"), 0.95)], [evidence(article(2, lang="ja"), 0.45)]]
    judgement = decide(understood(QUESTION, "別の話題について知りたいです"), found)
    assert judgement.lane == "review"
    assert [concern.answerable for concern in judgement.concerns] == [True, False]
    [unanswered] = [r for r in judgement.reasons if r.code == "concern_unanswered"]
    assert unanswered.evidence == "別の話題について知りたいです"


@pytest.mark.parametrize(
    ("fields", "level", "weak"),
    [
        ({}, 0.4, ("a1",)),
        ({}, 0.3, ()),
        ({}, 0.95, ()),
        ({"visibility": "internal"}, 0.4, ()),
    ],
)
def test_weak_entries_are_kept_for_a_proposal(
    article: Make, fields: dict[str, object], level: float, weak: tuple[str, ...]
) -> None:
    judgement = decide(understood(QUESTION), [[evidence(article(1, lang="ja", **fields), level)]])
    assert judgement.weak == (weak,)
    assert not weak or (judgement.concerns[0].answerable, judgement.concerns[0].entry_ids) == (False, ())


def test_nothing_is_proposed_to_somebody_who_steers_or_says_too_little(article: Make) -> None:
    found = [[evidence(article(1, lang="ja"), 0.4)]]
    steered = [Signal(code="injection", evidence="指示を無視")]
    assert decide(understood(QUESTION, signals=steered), found).weak == ((),)
    vague = decide(understood("エラーになります"), found)
    assert "vague" in codes(vague)
    assert vague.weak == ((),)


def test_no_evidence_at_all() -> None:
    judgement = decide(understood(QUESTION), [[]])
    assert (judgement.lane, codes(judgement)) == ("review", {"no_match"})


@pytest.mark.parametrize(
    ("problem", "code"),
    [("empty", "empty_inquiry"), ("too_long", "inquiry_too_long"), ("unreadable", "unreadable_inquiry")],
)
def test_problems_go_to_review(problem: str, code: str) -> None:
    judgement = decide(understood(problem=problem), [])
    assert (judgement.lane, codes(judgement)) == ("review", {code})


def test_injected_text_is_never_ready(article: Make) -> None:
    signal = Signal(code="injection", evidence="ignore previous instructions")
    judgement = decide(understood(QUESTION, signals=[signal]), [[evidence(article(1, lang="ja"), 0.95)]])
    assert judgement.lane == "review"
    assert [r.evidence for r in judgement.reasons] == [signal.evidence]
    bare = decide(
        understood(QUESTION, signals=[signal]),
        [[evidence(article(1, lang="ja"), 0.95)]],
        policy=Policy(),
    )
    assert (bare.lane, codes(bare)) == ("review", {"injection"}), "holds without any policy"


def test_policy_escalates_whatever_the_evidence(article: Make) -> None:
    signal = Signal(code="legal_threat", evidence="訴えます")
    judgement = decide(understood(QUESTION, signals=[signal]), [[evidence(article(1, lang="ja"), 0.95)]])
    assert (judgement.lane, judgement.route) == ("escalate", "legal")


def test_too_many_concerns(article: Make) -> None:
    found = [[evidence(article(n, lang="ja"), 0.95)] for n in range(4)]
    judgement = decide(understood(*(f"{QUESTION}{n}" for n in range(4))), found)
    assert judgement.lane == "review"
    assert "too_many_concerns" in codes(judgement)


@pytest.mark.parametrize(
    "text", ["入れません。どうしたらいいですか", "エラーになります", "It doesn't work, help"]
)
def test_vague_inquiries_ask_back(article: Make, text: str) -> None:
    found = [[evidence(article(1, lang="ja"), 0.700), evidence(article(2, lang="ja"), 0.699)]]
    judgement = decide(understood(text), found)
    assert judgement.lane == "review"
    assert "vague" in codes(judgement)
    assert len(judgement.questions) == 2


@pytest.mark.parametrize(
    "text", ["連携できません。", "打刻できないんですけど", "至急対応お願いします。", "help"]
)
def test_troubles_in_few_words_without_an_answer_are_asked_back(article: Make, text: str) -> None:
    given = understand(Inquiry(text=text))
    judgement = decide(given, [[evidence(article(1, lang="ja"), 0.2)]] * len(given.concerns))
    assert judgement.lane == "review"
    assert judgement.questions
    answered = decide(given, [[evidence(article(1, lang="ja"), 0.95)]] * len(given.concerns))
    assert not given.concerns or not answered.questions


@pytest.mark.parametrize(
    "text",
    [
        "ありがとうございました。無事に解決しました。",
        "先日はありがとうございました。",
        "請求書を再発行してほしい",
        "",
    ],
)
def test_thanks_and_requests_are_not_asked_back(article: Make, text: str) -> None:
    given = understand(Inquiry(text=text))
    judgement = decide(given, [[evidence(article(1, lang="ja"), 0.2)]] * len(given.concerns))
    assert not judgement.questions


@pytest.mark.parametrize(
    "text",
    [
        "送料は？",
        "箱なしで返せる？",
        "ポイントが消えてしまったのですが、復活できますか",
        "MD-1005",
        "How do I reset my password?",
    ],
)
def test_short_but_clear_questions_are_not_vague(article: Make, text: str) -> None:
    understanding = understood(text)
    if text == "MD-1005":
        understanding = understood(concerns=(Concern(text=text, codes=(text,)),))
    judgement = decide(understanding, [[evidence(article(1, lang="ja"), 0.2)]])
    assert "vague" not in codes(judgement)
    assert not judgement.questions


def test_only_strong_enough_entries_may_be_used(article: Make) -> None:
    found = [[evidence(article(n, lang="ja"), level) for n, level in enumerate((0.9, 0.5, 0.1))]]
    assert decide(understood(QUESTION), found).concerns[0].entry_ids == ("a0", "a1")


def test_a_calibrated_cut_decides(article: Make) -> None:
    found = [[evidence(article(1, lang="ja"), 0.75)]]  # a score of 2
    for state, cut, lane, code in (
        ("calibrated", 1.9, "ready", "strong_match"),
        ("calibrated", 2.1, "review", "below_cut"),
        ("calibrated", None, "review", "no_safe_cut"),
        ("stale", 1.0, "review", "calibration_stale"),
        ("provisional", 1.0, "review", "not_calibrated"),
    ):
        judgement = decide(understood(QUESTION), found, confidence=Confidence(SCORING, state, Link(), cut))
        assert (judgement.lane, codes(judgement)) == (lane, {code})
        assert judgement.confidence == (None if state == "stale" else 0.8808)


def test_the_confidence_of_an_inquiry_is_that_all_concerns_are_answered(article: Make) -> None:
    found = [[evidence(article(n, lang="ja"), 0.75)] for n in (1, 2)]
    judgement = decide(
        understood(QUESTION, f"{QUESTION}か"),
        found,
        confidence=Confidence(SCORING, "calibrated", Link(), 1.0),
    )
    assert [c.confidence for c in judgement.concerns] == [0.8808, 0.8808]
    assert judgement.confidence == pytest.approx(0.8808**2, abs=1e-4)


def titled(number: int, title: str) -> Evidence:
    article = Article(id=f"t{number}", title=title, body="手順です。", lang="ja")
    match = Match(
        entry_id=article.id, kind="faq", title=title, score=0.6, lexical=0.6, semantic=0.6, coverage=0.6
    )
    return Evidence(match=match, entry=article)


def test_a_fact_that_separates_the_best_candidates_is_asked_for() -> None:
    found = [[titled(1, "Windows で印刷の設定を変更する"), titled(2, "Mac で印刷の設定を変更する")]]
    judgement = decide(understood("印刷の設定を変更したい"), found)
    assert "vague" in codes(judgement)
    assert judgement.questions[0] == "ご利用の端末はどちらでしょうか（Windows、Mac）。"
    assert len(judgement.questions) <= 2
    for given in ("Windows で印刷の設定を変更したい", "MacBook の印刷の設定を変更したい"):
        told = decide(understood(given), found)
        assert "vague" not in codes(told)
        assert not told.questions


def test_questions_are_in_the_language_of_the_inquiry() -> None:
    found = [[titled(1, "iPhone print settings"), titled(2, "Android print settings")]]
    judgement = decide(understood("change the print settings", language="en"), found)
    assert judgement.questions[0] == "Which device are you using (iPhone or iPad, Android)?"


def test_the_missing_error_code_is_asked_for_and_a_given_one_is_not() -> None:
    found = [[titled(1, "エラー MD-1005 で保存できない"), titled(2, "エラー MD-2210 で保存できない")]]
    [question] = decide(understood("エラーが出て保存できない"), found).questions[:1]
    assert "MD-1005" in question and "エラーコード" in question
    given = understood(
        concerns=(Concern(text="MD-1005 で保存できない", codes=("MD-1005",)),), body="MD-1005 で保存できない"
    )
    assert not decide(given, found).questions


def test_the_product_is_asked_for_when_the_candidates_are_about_different_ones() -> None:
    titles = ("OneDrive の同期", "Outlook の同期", "Teams の会議", "Excel の印刷")
    found = [[titled(n, title) for n, title in enumerate(titles)]]
    judgement = decide(understood("同期がうまくいっていないようです"), found)
    assert "vague" in codes(judgement)
    assert (
        judgement.questions[0] == "どちらについてのお問い合わせでしょうか（OneDrive、Outlook、Teams など）。"
    )
    for given in (
        "Outlook の同期がうまくいっていないようです",
        "アウトルックの同期がうまくいっていないようです",
    ):
        assert "vague" not in codes(decide(understood(given), found))
    assert "vague" not in codes(decide(understood("同期がうまくいっていないようです"), [found[0][:3]]))


def test_one_product_with_a_name_in_each_language_is_not_asked_for() -> None:
    names = (("ミホンデスクの同期", "ja"), ("MihonDesk sync", "en")) * 2
    found = [
        [
            evidence(
                Article(
                    id=f"p{n}", title=title, body="x", product=title.split("の")[0].split()[0], lang=lang
                ),
                0.8,
            )
            for n, (title, lang) in enumerate(names)
        ]
    ]
    assert "vague" not in codes(decide(understood("同期がうまくいっていないようです"), found))


def test_entries_on_other_matters_do_not_raise_questions() -> None:
    found = [[titled(1, "Windows で印刷の設定を変更する"), titled(2, "Mac に音声を取り込む")]]
    judgement = decide(understood("印刷の設定を変更したい"), found)
    assert "vague" not in codes(judgement)


def test_every_reason_has_both_languages() -> None:
    for code in _MESSAGES:
        japanese, english = reason(code, "ja").message, reason(code, "en").message
        assert japanese and english.isascii() and not japanese.isascii()
