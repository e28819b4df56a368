"""Fit the shipped classifiers that notice escalations by meaning.

    python training/judge/fit_escalation.py --data DIR [--profile fast --profile balanced]

Learns from ``escalation/`` (texts written for this purpose), the sample inquiries and cases, questions and
headings of public data, and the tuning half of the labelled inquiries. ``tests/data/signals.jsonl`` is never learnt
from; its sets a to c only check the threshold. Writes ``src/suggest/understand/classifiers/<embedding model>.json``;
about two minutes on two cores. Run it again whenever a bundled embedding model changes.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from examples import INQUIRIES, lines
from suggest import Inquiry
from suggest.index.models import load_embedder
from suggest.judge import load_policy
from suggest.settings import Retrieval
from suggest.understand import understand
from suggest.understand.free_wording import ROUTES, pieces_of, terms_of

ROOT = Path(__file__).resolve().parents[2]
TEXTS = Path(__file__).parent / "escalation"
CLASSIFIERS = ROOT / "src" / "suggest" / "understand" / "classifiers"
STRENGTH = 30.0
"""Inverse regularisation, chosen by the sets a to c of tests/data/signals.jsonl."""
ALARMS = 0.02
"""Share of harmless whole inquiries that may alarm, held back, and of the labelled ones among them: they are the likest to real
ones, and alarm more. Patterns have false alarms of their own."""
LOOK_ALIKE_ALARMS = 0.05
"""The same for texts made to look like escalations (sets a to c)."""


class Example(NamedTuple):
    """A text and where it has to go."""

    text: str
    route: str
    """A route, or "none"."""
    kind: Literal["piece", "inquiry", "labelled"] = "piece"
    """Whether it is a whole inquiry, and whether a person said where it has to go."""


def body(text: str) -> str:
    """Return the customer's own words."""
    return understand(Inquiry(text=text)).body or text


def examples(data: Path) -> list[Example]:
    """Collect everything to learn from."""
    found: list[Example] = []
    for name in ("escalate_ja.tsv", "escalate_en.tsv"):
        for line in (TEXTS / name).read_text(encoding="utf-8").splitlines():
            route, text = line.split("\t")
            found.append(Example(text, route))
    for name in ("harmless_ja.txt", "harmless_en.txt"):
        found += [Example(line, "none") for line in (TEXTS / name).read_text(encoding="utf-8").splitlines()]
    for line in (TEXTS / "harmless_inquiries_ja.txt").read_text(encoding="utf-8").splitlines():
        found.append(Example(body(line.replace("\\n", "\n")), "none", "labelled"))
    rng = random.Random(0)
    train = data / "train"
    found += [Example(row["question"], "none") for row in lines(train / "faq_ja.jsonl.gz")]
    headings = [
        r["heading"] for r in lines(train / "heading_body_ja.jsonl.gz") if 8 <= len(r["heading"]) <= 60
    ]
    found += [Example(text, "none") for text in rng.sample(headings, 300)]
    spoken = [r["text"] for r in lines(train / "intents_en.jsonl.gz") if r["source"] != "banking77"]
    found += [Example(text, "none") for text in rng.sample(spoken, 150)]
    letters = [line.split("\t")[2] for line in INQUIRIES.read_text(encoding="utf-8").splitlines()]
    found += [
        Example(body(text.replace("\\n", "\n")), "none", "inquiry") for text in rng.sample(letters, 800)
    ]
    policy = load_policy()
    for row in lines(ROOT / "data" / "sample_faq" / "cases.jsonl"):
        decision = policy.apply(understand(Inquiry(text=row["inquiry"])))
        if decision is None or decision.action != "escalate":
            found.append(Example(body(row["inquiry"]), "none", "inquiry"))
    labelled = lines(ROOT / "data" / "sample_faq" / "_labelled" / "inquiries.jsonl")
    inquiries = lines(data / "dev" / "inquiries_m365_ja" / "inquiries.jsonl")
    for row in [*labelled, *(r for r in inquiries if r["split"] == "tuning")]:
        found.append(
            Example(
                body(row["text"]), row["route"] if row["expected_lane"] == "escalate" else "none", "labelled"
            )
        )
    known = {*ROUTES, "none"}
    return [example for example in found if example.route in known]


class Fitted(NamedTuple):
    """A vectorizer and a regression over [vector, terms]."""

    vectorizer: TfidfVectorizer
    regression: LogisticRegression

    def alarms(self, texts: list[str], vectors: np.ndarray) -> np.ndarray:
        """Return P(not "none") of each text."""
        features = sparse.hstack([sparse.csr_matrix(vectors), self.vectorizer.transform(texts)]).tocsr()
        none = list(self.regression.classes_).index("none")
        return 1 - self.regression.predict_proba(features)[:, none]


def fit(texts: list[str], vectors: np.ndarray, routes: np.ndarray) -> Fitted:
    """Fit one classifier."""
    vectorizer = TfidfVectorizer(analyzer=terms_of, sublinear_tf=True, min_df=3).fit(texts)
    features = sparse.hstack([sparse.csr_matrix(vectors), vectorizer.transform(texts)]).tocsr()
    return Fitted(vectorizer, LogisticRegression(C=STRENGTH, max_iter=5000).fit(features, routes))


def written(fitted: Fitted, threshold: float, model: str, notes: dict[str, object]) -> str:
    """Return the classifier as JSON."""
    weights = fitted.regression.coef_
    dimension = weights.shape[1] - len(fitted.vectorizer.vocabulary_)
    idf = fitted.vectorizer.idf_
    terms = {
        term: [round(float(idf[column]), 2), *(round(float(w), 2) for w in weights[:, dimension + column])]
        for term, column in sorted(fitted.vectorizer.vocabulary_.items())
    }
    return json.dumps(
        {
            "model": model,
            "fitted_on": notes,
            "threshold": round(threshold, 3),
            "routes": list(fitted.regression.classes_),
            "intercept": [round(float(value), 3) for value in fitted.regression.intercept_],
            "vector": [[round(float(value), 3) for value in row[:dimension]] for row in weights],
            "terms": terms,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).replace('],"', '],\n"')


def main() -> None:
    """Fit every profile asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--profile", action="append", choices=("fast", "balanced"))
    arguments = parser.parse_args()
    found = examples(arguments.data)
    texts = [pieces_of(example.text)[0] for example in found]
    routes = np.array([example.route for example in found])
    kinds = np.array([example.kind for example in found])
    real = kinds != "piece"
    checks = [r for r in lines(ROOT / "tests" / "data" / "signals.jsonl") if r["half"] in "abc"]
    check_texts = [pieces_of(body(row["text"]))[0] for row in checks]
    meant = np.array([bool(row["expected"]) for row in checks])
    for profile in arguments.profile or ("fast", "balanced"):
        embedder = load_embedder(Retrieval(profile=profile))
        vectors, check_vectors = embedder.embed_queries(texts), embedder.embed_queries(check_texts)
        alarms = np.zeros(len(texts))
        for learn, held in StratifiedKFold(10, shuffle=True, random_state=0).split(vectors, routes):
            part = fit([texts[i] for i in learn], vectors[learn], routes[learn])
            alarms[held] = part.alarms([texts[i] for i in held], vectors[held])
        final = fit(texts, vectors, routes)
        checked = final.alarms(check_texts, check_vectors)
        bad = routes != "none"
        harmless = {"all": alarms[~bad & real], "labelled": alarms[~bad & (kinds == "labelled")]}
        threshold = max(
            *(np.quantile(group, 1 - ALARMS) for group in harmless.values()),
            np.quantile(checked[~meant], 1 - LOOK_ALIKE_ALARMS),
        )
        notes = {
            "texts": len(texts),
            "escalations": int(bad.sum()),
            "recall_held_back": round(float((alarms[bad] >= threshold).mean()), 3),
            "recall_of_real_held_back": round(float((alarms[bad & real] >= threshold).mean()), 3),
            "false_alarms_held_back": {
                kind: [int((group >= threshold).sum()), len(group)] for kind, group in harmless.items()
            },
            "recall_signals_abc": round(float((checked[meant] >= threshold).mean()), 3),
            "false_alarms_signals_abc": round(float((checked[~meant] >= threshold).mean()), 3),
        }
        CLASSIFIERS.mkdir(exist_ok=True)
        path = CLASSIFIERS / f"{embedder.name}.json"
        path.write_text(written(final, float(threshold), embedder.name, notes) + "\n", encoding="utf-8")
        print(path.relative_to(ROOT), f"{path.stat().st_size // 1024} KiB", json.dumps(notes))


if __name__ == "__main__":
    main()
