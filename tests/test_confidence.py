"""Features, scores and calibrations: what they may depend on, and which way they may move."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suggest.errors import CalibrationError
from suggest.evaluate import reliability
from suggest.judge import prior_for
from suggest.judge.calibration import (
    FILE_NAME,
    Calibration,
    confidence_of,
    read_calibration,
    write_calibration,
)
from suggest.judge.confidence import Confidence, Link
from suggest.judge.features import FALLING, RISING, Features, features_of
from suggest.judge.fitting import fit_link, fit_weights, held_back
from suggest.judge.scoring import ScoreModel
from suggest.records import Concern, Entry, Evidence, Match
from suggest.understand.answer_types import asked, holds

Make = Callable[..., Entry]
TODAY = date(2026, 6, 1)
MODELS = ("suggest-static-ja-en", "suggest-balanced-ja-en")


def found(entry: Entry, score: float, **fields: float) -> Evidence:
    values = {"lexical": score, "semantic": score, "coverage": score} | fields
    return Evidence(
        match=Match(entry_id=entry.id, kind=entry.kind, title=entry.title, score=score, **values), entry=entry
    )


def described(candidates: list[Evidence], text: str = "印刷の方法") -> list[Features]:
    return features_of(Concern(text=text), candidates, unknown=0.25, terms=2, today=TODAY)


def test_features_of_known_candidates(article: Make, case: Make) -> None:
    first = article(1, updated_at="2024-06-01", body="1. 画面を開き、クリックします。")
    candidates = [
        found(first, 0.8, semantic=0.7),
        found(case(1, resolves_with="a1"), 0.7, semantic=0.9),
        found(article(2), 0.5),
    ]
    best, used, other = described(candidates)
    assert best.margin == pytest.approx(0.3)  # the case gives the same answer, so it does not compete
    assert used.margin == pytest.approx(0.2)
    assert other.margin == pytest.approx(-0.3)
    assert (best.legs_agree, used.legs_agree, other.legs_agree) == (0.5, 0.5, 0.0)
    assert (best.pools_agree, used.pools_agree, other.pools_agree) == (1.0, 1.0, 0.0)
    assert best.answer_type == 1.0
    assert best.age == pytest.approx(0.2, abs=0.01)
    assert best.unknown == 0.25


@pytest.mark.parametrize(
    ("question", "kind", "answer", "other"),
    [
        ("送料はいくらですか", "price", "送料は550円です。", "翌日に届きます。"),
        ("いつ届きますか", "time", "3日ほどかかります。", "青と赤があります。"),
        ("設定はどこにありますか", "place", "設定 > 通知 を開きます。", "無料です。"),
        ("印刷する方法", "procedure", "1. 印刷を押します。", "青色です。"),
        ("Is it possible to pay by card?", "permission", "You can pay by card.", "Blue and red."),
    ],
)
def test_kinds_of_answers(question: str, kind: str, answer: str, other: str) -> None:
    assert kind in asked(question)
    assert holds(answer, kind)
    assert not holds(other, kind)


@pytest.mark.parametrize("name", MODELS)
def test_more_evidence_never_lowers_a_score(name: str) -> None:
    model = prior_for(name)
    assert model.model == name
    base = Features(*[0.5] * len(Features._fields))
    for feature in RISING:
        assert model.score(base._replace(**{feature: 0.9})) >= model.score(base)
    for feature in FALLING:
        assert model.score(base._replace(**{feature: 0.9})) <= model.score(base)
    assert model.nothing < model.weak < model.strong


def test_weights_of_the_wrong_sign_are_refused() -> None:
    model = prior_for(MODELS[0])
    with pytest.raises(ValueError, match="wrong sign"):
        ScoreModel(**model.model_dump() | {"weights": model.weights | {"semantic": -1.0}})


def test_fitted_weights_keep_their_signs_and_stay_near_their_start() -> None:
    rng = random.Random(0)
    rows = [Features(*[rng.random() for _ in Features._fields]) for _ in range(200)]
    answers = [row.semantic < 0.5 for row in rows]  # as if a higher cosine spoke against an answer
    _, weights = fit_weights(rows, answers)
    assert all(weights[name] >= 0 for name in RISING)
    assert all(weights[name] <= 0 for name in FALLING)
    start = prior_for(MODELS[0])
    intercept, near = fit_weights(rows, answers, start=start, spread=1e-3)
    assert intercept == pytest.approx(start.intercept, abs=0.01)
    assert near["semantic"] == pytest.approx(start.weights["semantic"], abs=0.01)


@given(
    st.lists(st.tuples(st.floats(-8, 8), st.booleans()), min_size=10, max_size=60),
    st.floats(-9, 9),
    st.floats(0, 4),
)
@settings(max_examples=40, deadline=None)
def test_a_higher_score_never_means_a_lower_probability(
    outcomes: list[tuple[float, bool]], score: float, more: float
) -> None:
    link = fit_link([s for s, _ in outcomes], [right for _, right in outcomes])
    assert link is not None
    assert 0 <= link(score) <= link(score + more) <= 1


def test_isotonic_steps_for_many_outcomes() -> None:
    rng = random.Random(1)
    scores = [rng.uniform(-4, 4) for _ in range(1500)]
    right = [rng.random() < (0.2 if s < 0 else 0.9) for s in scores]
    link = fit_link(scores, right)
    assert link is not None and link.knots
    assert link(-2) == pytest.approx(0.2, abs=0.07)
    assert link(2) == pytest.approx(0.9, abs=0.07)
    assert reliability.ece(held_back(scores, right), right) < 0.05


def test_links_that_fall_are_refused() -> None:
    for bad in ({"slope": -1.0}, {"knots": ((0.0, 0.5), (1.0, 0.4))}, {"knots": ((1.0, 0.4), (1.0, 0.5))}):
        with pytest.raises(ValueError, match="never mean a lower"):
            Link(**bad)


def calibration(**fields: object) -> Calibration:
    values = {
        "state": "provisional",
        "generation": 3,
        "model": "f" * 64,
        "created_at": "2026-01-01T00:00:00+00:00",
        "scoring": prior_for(MODELS[0]),
        "link": Link(slope=0.5),
    }
    return Calibration(**(values | fields))


def known(folder: Path, generation: int = 3, fingerprint: str = "f" * 64) -> Confidence:
    return confidence_of(folder, generation=generation, fingerprint=fingerprint, model=MODELS[0])


def test_a_calibration_belongs_to_one_generation(tmp_path: Path) -> None:
    assert known(tmp_path).state == "none"
    assert known(tmp_path).probability(3.0) is None
    for state, other in (("provisional", "none"), ("calibrated", "stale")):
        write_calibration(tmp_path, calibration(state=state))
        assert known(tmp_path).state == state
        assert known(tmp_path).probability(0.0) == 0.5
        for elsewhere in (known(tmp_path, generation=4), known(tmp_path, fingerprint="0" * 64)):
            assert elsewhere.state == other
            assert elsewhere.probability(3.0) is None
            assert elsewhere.ready_from is None


def test_a_damaged_calibration_is_refused(tmp_path: Path) -> None:
    write_calibration(tmp_path, calibration())
    assert read_calibration(tmp_path) == calibration()
    path = tmp_path / FILE_NAME
    values = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(values | {"state": "calibrated"}), encoding="utf-8")
    with pytest.raises(CalibrationError, match="checksum"):
        read_calibration(tmp_path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(CalibrationError, match="not a calibration"):
        read_calibration(tmp_path)


def test_measures_of_known_cases() -> None:
    right = [False, False, True, True]
    assert reliability.auroc([0.1, 0.2, 0.3, 0.4], right) == 1.0
    assert reliability.auroc([0.4, 0.3, 0.2, 0.1], right) == 0.0
    assert reliability.auroc([0.5] * 4, right) == 0.5
    assert reliability.auroc([0.5] * 4, [True] * 4) is None
    assert reliability.aurc([0.1, 0.2, 0.3, 0.4], right) == pytest.approx((0 + 0 + 1 / 3 + 2 / 4) / 4)
    assert reliability.aurc([0.5] * 4, right) == pytest.approx(0.5)
    assert [point.risk for point in reliability.risk_coverage([0.4, 0.4, 0.3], [True, False, False])] == [
        0.5,
        pytest.approx(2 / 3),
    ]
    assert reliability.ece([0.0] * 5 + [1.0] * 5, [False] * 5 + [True] * 5) == 0.0
    assert reliability.ece([0.5] * 10, [True] * 10) == 0.5
    assert reliability.brier([0.5, 1.0], [True, False]) == 0.625
    assert reliability.recall_at_false_alarms([1, 2, 3, 4, 5, 6], [False] * 4 + [True] * 2) == 1.0
    assert reliability.wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-3)
