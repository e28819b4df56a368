"""Does the risk dial keep its promise? Simulation with known truth.

    python benchmarks/risk.py [--draws 1000]

In each draw so many inquiries are labelled, a cut is chosen for risk 0.05 with certainty 0.95, and the true risk of
``ready`` is worked out by integration. The promise is broken in a draw when that exceeds 0.05; at most 5 % of the
draws may break it. Three checks: a first calibration; one after a re-index, in which every score moves and some
answers become right or wrong while the same inquiries stay labelled; and a shift, in which answers become worse
and the old cut is kept unless the check on new labels withdraws it.
"""

from __future__ import annotations

import argparse
import math
from typing import NamedTuple

import numpy as np

from suggest.evaluate.reliability import wilson
from suggest.judge.risk import turn

RISK, CERTAINTY = 0.05, 0.95


class World(NamedTuple):
    """Scores are normal; the risk of a score is logistic in it."""

    name: str
    mean: float
    spread: float
    slope: float
    intercept: float
    bump: float = 0.0
    """Added risk in a band of high scores: a world in which a higher score is not always safer."""

    def risk(self, scores: np.ndarray) -> np.ndarray:
        """Return P(wrong) at each score."""
        base = 1 / (1 + np.exp(self.slope * scores + self.intercept))
        return np.clip(base + self.bump * np.exp(-((scores - 4) ** 2) / 0.5), 0, 1)

    def draw(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return scores and errors of so many inquiries."""
        scores = rng.normal(self.mean, self.spread, count)
        return scores, rng.random(count) < self.risk(scores)

    def true_risk(self, cut: float) -> float:
        """Return the risk of everything from the cut on."""
        grid = np.linspace(cut, max(cut, self.mean) + 8 * self.spread, 20_000)
        density = np.exp(-(((grid - self.mean) / self.spread) ** 2) / 2)
        return float((density * self.risk(grid)).sum() / density.sum())


WORLDS = (
    World("risk falls fast", 1.0, 2.0, 1.5, 1.0),
    World("risk falls slowly", 1.0, 2.0, 0.7, 1.5),
    World("hard: few are safe", 1.0, 2.0, 1.2, -0.5),
    World("risk constant at 4 %", 1.0, 2.0, 0.0, math.log(0.96 / 0.04)),
    World("risk constant at 6 %", 1.0, 2.0, 0.0, math.log(0.94 / 0.06)),
    World("a risky band among high scores", 1.0, 2.0, 1.5, 1.0, 0.15),
)


def cut_of(scores: np.ndarray, wrong: np.ndarray) -> float | None:
    """Return the cut that the dial chooses."""
    return turn(
        scores.tolist(), wrong.tolist(), labels=len(scores), risk=RISK, certainty=CERTAINTY, explain=False
    ).cut


def told(broken: int, draws: int) -> str:
    """Return a share of draws with its interval."""
    low, high = wilson(broken, draws)
    return f"{broken / draws:.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    """Run all worlds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=1000)
    draws = parser.parse_args().draws
    print(
        "| world | labels | a cut is found | ready | promise broken | broken after a re-index |\n|---|---|---|---|---|---|"
    )
    for world in WORLDS:
        for count in (150, 400, 1000):
            made = broken = again = 0
            share = 0.0
            moved = world._replace(slope=world.slope * 0.9, mean=world.mean - 0.2)
            for seed in range(draws):
                rng = np.random.default_rng([seed, count])
                scores, wrong = world.draw(rng, count)
                cut = cut_of(scores, wrong)
                if cut is not None:
                    made += 1
                    share += float((scores >= cut).mean())
                    broken += world.true_risk(cut) > RISK
                new_scores = (
                    moved.mean + (scores - world.mean) * 0.8 + rng.normal(0, 0.6 * moved.spread, count)
                )
                new_wrong = rng.random(count) < moved.risk(new_scores)
                new_cut = cut_of(new_scores, new_wrong)
                again += new_cut is not None and moved.true_risk(new_cut) > RISK
            print(
                f"| {world.name} | {count} | {made / draws:.2f} | {share / draws:.2f} | {told(broken, draws)} | {told(again, draws)} |",
                flush=True,
            )
    print(
        "\n| answers become worse (log-odds) | labels of the check | true risk of the old cut, mean | old cut kept although it breaks the promise |\n|---|---|---|---|"
    )
    world = WORLDS[0]
    for shift in (0.0, 0.5, 1.0, 2.0):
        worse = world._replace(intercept=world.intercept - shift)
        for count in (150, 400):
            kept = had = 0
            risks = []
            for seed in range(draws):
                rng = np.random.default_rng([seed, count, 7])
                cut = cut_of(*world.draw(rng, 400))
                if cut is None:
                    continue
                had += 1
                risks.append(worse.true_risk(cut))
                checked = cut_of(*worse.draw(rng, count))
                kept += risks[-1] > RISK and checked is not None and checked <= cut
            print(f"| {shift} | {count} | {np.mean(risks):.3f} | {told(kept, had)} |", flush=True)


if __name__ == "__main__":
    main()
