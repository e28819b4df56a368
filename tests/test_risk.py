"""The risk dial keeps its promise, and says so when it cannot."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from suggest.judge.risk import fewest, needed, p_value, turn, upper_bound


def test_p_value_is_the_exact_binomial_tail() -> None:
    for wrong, among, risk in ((0, 59, 0.05), (3, 150, 0.05), (7, 40, 0.2)):
        exact = sum(math.comb(among, k) * risk**k * (1 - risk) ** (among - k) for k in range(wrong + 1))
        assert p_value(wrong, among, risk) == pytest.approx(exact, rel=1e-9)
    assert p_value(0, 0, 0.05) == 1.0


def test_the_bound_and_the_test_say_the_same() -> None:
    for wrong, among in ((0, 58), (0, 59), (2, 123), (2, 124), (9, 300)):
        assert (upper_bound(wrong, among, 0.95) <= 0.05) == (p_value(wrong, among, 0.05) <= 0.05)


def test_how_many_are_needed() -> None:
    assert fewest(0.05, 0.95) == 59
    assert [needed(wrong, 0.05, 0.95) for wrong in (0, 1, 2)] == [59, 93, 124]


def test_a_clean_set_is_promised_and_a_small_one_is_not() -> None:
    dial = turn([3.0] * 60, [False] * 60, labels=100, risk=0.05, certainty=0.95)
    assert (dial.ready, dial.wrong, dial.ready_share) == (60, 0, 0.6)
    assert dial.cut == pytest.approx(3.0, abs=1e-3) and dial.cut <= 3.0
    few = turn([3.0] * 30, [False] * 30, labels=50, risk=0.05, certainty=0.95)
    assert few.cut is None
    assert few.labels_needed is not None and few.labels_needed >= 59 * 50 / 30
    assert few.risk_possible == 0.1  # 1 - 0.05 ** (1 / 30) = 0.095


def test_hopeless_errors_are_called_so() -> None:
    dial = turn([1.0] * 200, [i % 2 == 0 for i in range(200)], labels=200, risk=0.05, certainty=0.95)
    assert (dial.cut, dial.labels_needed, dial.risk_possible) == (None, None, None)


def test_no_labels_at_all() -> None:
    dial = turn([], [], labels=0, risk=0.05, certainty=0.95)
    assert (dial.cut, dial.ready_share, dial.labels_needed) == (None, 0.0, None)


def test_mapie_finds_the_same_cut_valid() -> None:
    """MAPIE's p-value for learn-then-test on binary losses is ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mapie.risk_control.methods import compute_hoeffding_bentkus_p_value

        for wrong, among in ((0, 59), (0, 150), (2, 150), (5, 150), (9, 300), (20, 300)):
            ours = p_value(wrong, among, 0.05)
            [[theirs]] = compute_hoeffding_bentkus_p_value(
                np.array([wrong / among]), among, 0.05, binary=True
            )
            assert ours == pytest.approx(float(theirs), rel=1e-9)


def world(rng: np.random.Generator, count: int, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and errors of a world whose risk falls with the score; ``shift`` makes all answers worse."""
    scores = rng.normal(1.0, 2.0, count)
    return scores, rng.random(count) < 1 / (1 + np.exp(1.2 * scores + 0.5 - shift))


def true_risk(cut: float, shift: float = 0.0) -> float:
    scores, _ = world(np.random.default_rng(1), 1, shift)
    grid = np.linspace(cut, 12, 4000)
    density = np.exp(-((grid - 1.0) ** 2) / 8)
    risk = 1 / (1 + np.exp(1.2 * grid + 0.5 - shift))
    assert len(scores) == 1
    return float((density * risk).sum() / density.sum())


def test_the_promise_is_kept_in_a_world_whose_truth_is_known() -> None:
    """Reduced form of benchmarks/risk.py: at most 5 % of promises may be broken, and some must be made."""
    broken = made = 0
    for seed in range(200):
        scores, wrong = world(np.random.default_rng(seed), 400)
        dial = turn(scores.tolist(), wrong.tolist(), labels=400, risk=0.05, certainty=0.95, explain=False)
        made += dial.cut is not None
        broken += dial.cut is not None and true_risk(dial.cut) > 0.05
    assert made > 100
    assert broken <= 17  # 200 * 0.05 = 10, plus what chance allows (99 %)


def test_a_world_that_got_worse_is_noticed_on_its_own_labels() -> None:
    kept = 0
    for seed in range(100):
        before, wrong = world(np.random.default_rng(seed), 400)
        cut = turn(before.tolist(), wrong.tolist(), labels=400, risk=0.05, certainty=0.95, explain=False).cut
        after, worse = world(np.random.default_rng(1000 + seed), 400, shift=3.0)
        again = turn(after.tolist(), worse.tolist(), labels=400, risk=0.05, certainty=0.95, explain=False).cut
        kept += cut is not None and again is not None and again <= cut
    assert kept <= 5
