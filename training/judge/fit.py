"""Fit the shipped priors of confidence: which features tell that an entry answers a concern.

    python training/judge/fit.py --data DIR [--profile fast --profile balanced]

DIR holds the public data (``train/``) and the labelled inquiries (``dev/``; of those written against
Microsoft 365 articles the tuning half only). Writes ``src/suggest/judge/priors/<embedding model>.json``; a
few minutes on two cores. Run it again whenever a bundled embedding model or a feature changes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from examples import Row, collect
from suggest.index.models import load_embedder
from suggest.judge.fitting import fit_weights
from suggest.judge.scoring import ScoreModel
from suggest.settings import Retrieval

ROOT = Path(__file__).resolve().parents[2]
PRIORS = ROOT / "src" / "suggest" / "judge" / "priors"
WEIGHTS = {"m365": 1.0, "sample": 1.0, "letters": 0.5, "headings": 0.2, "passages": 0.1, "intents": 0.05}
"""Inquiries as customers write them count; headings, trivia and bare intents steady what they say."""
OURS = ("m365", "sample")
FOLDS = 5


def scored(rows: list[Row], model: ScoreModel) -> np.ndarray:
    """Return the scores of ``rows``."""
    return np.array([model.score(row.features) for row in rows])


def fitted(rows: list[Row], name: str) -> ScoreModel:
    """Fit the weights; the cuts are set later."""
    intercept, weights = fit_weights(
        [r.features for r in rows], [r.answers for r in rows], weights=[WEIGHTS[r.set] for r in rows]
    )
    return ScoreModel(model=name, intercept=intercept, weights=weights, nothing=0.0, weak=0.0, strong=0.0)


def out_of_fold(rows: list[Row], name: str) -> dict[tuple[str, str], list[tuple[float, Row]]]:
    """Return for each inquiry its candidates with scores by models that have not seen it."""
    groups = sorted({(r.set, r.group) for r in rows if r.set in OURS})
    part = dict(zip(groups, np.random.default_rng(0).permutation(len(groups)) % FOLDS, strict=True))
    found: dict[tuple[str, str], list[tuple[float, Row]]] = {}
    for number in range(FOLDS):
        model = fitted([r for r in rows if part.get((r.set, r.group)) != number], name)
        for row in rows:
            if part.get((row.set, row.group)) == number:
                found.setdefault((row.set, row.group), []).append((model.score(row.features), row))
    return found


def main() -> None:
    """Fit every profile asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--profile", action="append", choices=("fast", "balanced"))
    arguments = parser.parse_args()
    for profile in arguments.profile or ("fast", "balanced"):
        rows = collect(
            arguments.data, ROOT / "data" / "sample_faq", profile, log=lambda m: print(m, file=sys.stderr)
        )
        name = load_embedder(Retrieval(profile=profile)).name
        best = [max(candidates, key=lambda item: item[0]) for candidates in out_of_fold(rows, name).values()]
        scores = np.array([score for score, _ in best])
        right = np.array([row.answers for _, row in best])
        inside = np.array([row.answerable for _, row in best])
        weak = float(np.quantile(scores[~inside], 0.7))
        strong = next(
            cut
            for cut in sorted(scores[scores > weak])
            if right[scores >= cut].mean() >= 0.7 or (scores >= cut).sum() <= 15
        )
        model = fitted(rows, name)
        result = model.model_copy(
            update={
                "nothing": round(float(np.quantile(scores[~inside], 0.3)), 2),
                "weak": round(weak, 2),
                "strong": round(float(strong), 2),
                "fitted_on": {
                    "candidates": dict(Counter(r.set for r in rows)),
                    "inquiries": len(best),
                    "auroc_right_held_back": round(float(roc_auc_score(right, scores)), 3),
                    "auroc_in_scope_held_back": round(float(roc_auc_score(inside, scores)), 3),
                    "in_scope_below_weak": round(float((scores[inside] < weak).mean()), 3),
                    "strong_and_right": f"{int(right[scores >= strong].sum())}/{int((scores >= strong).sum())}",
                },
            }
        )
        PRIORS.mkdir(exist_ok=True)
        path = PRIORS / f"{name}.json"
        path.write_text(json.dumps(result.model_dump(), indent=1) + "\n", encoding="utf-8")
        print(path.relative_to(ROOT), json.dumps(result.fitted_on))


if __name__ == "__main__":
    main()
