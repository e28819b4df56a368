from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from suggest.judge import Policy, judge, load_policy, strength_for
from suggest.judge.messages import _MESSAGES, reason
from suggest.judge.strength import STRONG, WEAK
from suggest.records import (
    Concern,
    Entry,
    Evidence,
    Inquiry,
    Judgement,
    Match,
    Signal,
    Understanding,
)

Make = Callable[..., Entry]
strength = strength_for("suggest-static-ja-en")
QUESTION = "請求書の再発行を急いでお願いしたいのですが方法はありますか"


def evidence(entry: Entry, level: float) -> Evidence:
    match = Match(
        entry_id=entry.id,
        kind=entry.kind,
        title=entry.title,
        score=level,
        lexical=level,
        semantic=level,
        coverage=level,
    )
    return Evidence(match=match, entry=entry)


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
    understanding: Understanding, found: Sequence[Sequence[Evidence]], *, provisional: bool = True
) -> Judgement:
    return judge(
        understanding, found, policy=load_policy(), strength=strength, provisional=provisional, max_concerns=3
    )


def codes(judgement: Judgement) -> set[str]:
    return {reason.code for reason in judgement.reasons}


def test_strength_grows_with_every_feature(article: Make) -> None:
    low = evidence(article(1), 0.2).match
    for name in ("lexical", "semantic", "coverage"):
        assert strength(low.model_copy(update={name: 0.4})) > strength(low)
    assert 0 <= strength(low) <= 1


def test_nothing_is_ready_before_calibration(article: Make) -> None:
    judgement = decide(understood(QUESTION), [[evidence(article(1, lang="ja"), 0.95)]], provisional=False)
    assert judgement.lane == "review"
    assert judgement.confidence is None
    assert codes(judgement) == {"not_calibrated"}


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
    bare = judge(
        understood(QUESTION, signals=[signal]),
        [[evidence(article(1, lang="ja"), 0.95)]],
        policy=Policy(),
        strength=strength,
        provisional=True,
        max_concerns=3,
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
    assert strength(found[0][0].match) > STRONG > strength(found[0][1].match) > WEAK
    assert decide(understood(QUESTION), found).concerns[0].entry_ids == ("a0", "a1")


def test_every_reason_has_both_languages() -> None:
    for code in _MESSAGES:
        japanese, english = reason(code, "ja").message, reason(code, "en").message
        assert japanese and english.isascii() and not japanese.isascii()
