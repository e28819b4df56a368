"""Confidence, scope and lanes on labelled inquiries and on public sets with out-of-scope questions.

    python benchmarks/confidence.py --data DIR [--profile fast] [--split tuning]

The knowledge base of Microsoft 365 articles is calibrated on the tuning half (``--split reporting``, the default,
measures on the other one; ``--split tuning`` measures on the half it was calibrated on: for development only).
Intervals are 95 %: Wilson for shares, bootstrap over inquiries (1,000 resamples) for areas.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from suggest import Article, Inquiry, KnowledgeBase, Settings, Suggester, read_entries
from suggest.evaluate import reliability
from suggest.judge import Confidence, prior_for
from suggest.judge.fitting import fit_link
from suggest.learn import LabelledInquiry, calibrate
from suggest.learn.outcomes import outcome
from suggest.settings import Judging, Retrieval
from suggest.text import clean

WRITTEN = Path(__file__).resolve().parents[1] / "training" / "student" / "inquiries.tsv"
TODAY = date(2026, 6, 1)
LANES = ("ready", "review", "escalate")


def lines(path: Path) -> list[dict[str, Any]]:
    """Read JSON Lines, plain or gzipped."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def share(hits: int, total: int) -> str:
    """Return ``hits/total`` with its 95 % Wilson interval."""
    low, high = reliability.wilson(hits, total)
    return f"{hits}/{total} = {hits / max(1, total):.2f} [{low:.2f}, {high:.2f}]"


def with_interval(measure: Callable[..., float | None], *columns: Sequence[Any]) -> str:
    """Return a measure of parallel columns with a bootstrap interval."""
    arrays = [np.asarray(column) for column in columns]
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(1000):
        picked = rng.integers(0, len(arrays[0]), len(arrays[0]))
        value = measure(*(array[picked] for array in arrays))
        if value is not None:
            drawn.append(value)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{measure(*arrays):.3f} [{low:.3f}, {high:.3f}]"


def label(row: dict[str, Any]) -> LabelledInquiry:
    """Return a labelled inquiry."""
    return LabelledInquiry(
        inquiry=Inquiry(**row),
        expected_entries=row["expected_entries"],
        expected_lane=row["expected_lane"],
        route=row["route"],
    )


def inquiries(data: Path, profile: str, split: str) -> None:
    """Measure on the labelled inquiries."""
    rows = lines(data / "inquiries_m365_ja" / "inquiries.jsonl")
    learn = [label(row) for row in rows if row["split"] == "tuning"]
    held = [row for row in rows if row["split"] == split]
    with tempfile.TemporaryDirectory() as work:
        settings = Settings(retrieval=Retrieval(profile=profile), judging=Judging(provisional=True))
        kb = KnowledgeBase.open(Path(work) / "kb", settings=settings)
        kb.sync(read_entries(data / "m365_support_ja" / "corpus.jsonl.gz"))
        prior = Confidence(prior_for(kb.embedder.name), provisional_ready=True)
        provisional = Suggester(kb, today=TODAY, confidence=prior)
        calibration = calibrate(kb, learn, today=TODAY)
        suggester = Suggester(kb, today=TODAY)
        print(f"## {profile}, {split} half, {len(held)} inquiries\n")
        print(f"calibrated on {len(learn)} labelled inquiries; dial: {calibration.dial}\n")
        answers(held, suggester)
        lanes(held, provisional)


def written(data: Path, profile: str) -> None:
    """Measure on inquiries written on sections of product documentation that no part of the package learnt from.

    Every third section is left out of the knowledge base, so its inquiries cannot be answered. Calibrated on the
    inquiries of half of the sections, measured on the others.
    """
    sections = lines(data.parent / "train" / "heading_body_ja.jsonl.gz")
    texts: dict[int, list[str]] = {}
    for line in WRITTEN.read_text(encoding="utf-8").splitlines():
        number, _, text = line.split("\t")
        if int(number) % 10 == 5:
            texts.setdefault(int(number), []).append(text.replace("\\n", "\n"))
    rng = random.Random(5)
    numbers = sorted(texts)
    rng.shuffle(numbers)
    out = set(numbers[::3])
    pages = {sections[number]["title"] for number in numbers}
    others = [n for n, row in enumerate(sections) if len(row["body"]) > 80 and row["title"] not in pages]
    kept = [n for n in numbers if n not in out] + rng.sample(others, 2_000)
    entries = [
        Article(id=f"s{n}", title=sections[n]["heading"], body=sections[n]["body"][:1500], lang="ja")
        for n in kept
    ]
    rows = [
        [
            {
                "text": text,
                "kind": "out_of_scope" if number in out else "single",
                "expected_entries": {} if number in out else {f"s{number}": 2},
                "expected_lane": "review" if number in out else "ready",
                "route": None,
            }
            for text in texts[number]
        ]
        for number in numbers
    ]
    half = len(rows) // 2
    learn, held = (
        [row for rows_of_one in part for row in rows_of_one] for part in (rows[:half], rows[half:])
    )
    with tempfile.TemporaryDirectory() as work:
        kb = KnowledgeBase.open(Path(work) / "kb", settings=Settings(retrieval=Retrieval(profile=profile)))
        kb.sync(entries)
        calibration = calibrate(kb, [label(row) for row in learn], today=TODAY)
        print(f"## {profile}, written inquiries on {len(rows) - half} sections, {len(held)} inquiries\n")
        print(f"calibrated on {len(learn)} inquiries of {half} other sections; dial: {calibration.dial}\n")
        answers(held, Suggester(kb, today=TODAY))


def answers(held: list[dict[str, Any]], suggester: Suggester) -> None:
    """Print how well confidence tells right evidence from wrong, and answerable from out of scope."""
    single, scope = [], []
    for row in held:
        if row["expected_lane"] == "escalate":
            continue
        found = outcome(suggester, label(row))
        matches = {m.entry_id: m for m in found.examined.suggestion.matches}
        for best, concern, (_, right) in zip(
            [b for b in found.examined.best if b is not None],
            found.examined.suggestion.concerns,
            found.concerns,
            strict=False,
        ):
            top = matches.get(best.entry_id)
            if top is not None and row["kind"] != "multi":
                cosine = whole_cosine(suggester.kb, concern.text, best.entry_id)
                single.append((concern.confidence, cosine, top.lexical, top.score, right))
        confidence = found.examined.suggestion.confidence or 0.0
        if row["kind"] in ("single", "out_of_scope"):
            scope.append((confidence, row["kind"] == "out_of_scope", row.get("oos", "all")))
    confidence, cosines, words, fused, right = zip(*single, strict=True)
    print(f"top evidence right: {share(sum(right), len(right))} concerns of one-question inquiries\n")
    print("| | AUROC | AURC | AURC against cosine |\n|---|---|---|---|")
    base = reliability.aurc(cosines, right)
    for name, values in (
        ("confidence", confidence),
        ("raw cosine", cosines),
        ("raw BM25 (saturated)", words),
        ("fused score", fused),
    ):
        print(
            f"| {name} | {with_interval(reliability.auroc, values, right)} | {with_interval(reliability.aurc, values, right)} "
            f"| {reliability.aurc(values, right) / base - 1:+.0%} |"
        )
    for count in (5, 10):
        print(
            f"\nECE over {count} bins {with_interval(lambda p, y, n=count: reliability.ece(p, y, count=n), confidence, right)}; "
            f"by chance {reliability.ece_by_chance(confidence, count=count):.3f}",
            end="",
        )
    print()
    sure = [value for value, out, _ in scope if not out]
    cut = float(np.quantile(sure, 0.05))
    for name in dict.fromkeys(("all", *(kind for _, out, kind in scope if out))):
        outside = [value for value, out, kind in scope if out and name in ("all", kind)]
        print(
            f"\n- out-of-scope recall at 5 % false alarms, {name}: "
            f"{share(sum(value < cut for value in outside), len(outside))}",
            end="",
        )
    rank = with_interval(reliability.auroc, [-v for v, _, _ in scope], [o for _, o, _ in scope])
    print(f"\n- scope AUROC {rank}\n")


def whole_cosine(kb: KnowledgeBase, text: str, entry_id: str) -> float:
    """Return the cosine of a question's vector and an entry's, without passages and single words."""
    generation = kb._generation
    query = generation.adapted(kb.embedder.embed_queries([clean(text)]))[0]
    return float(generation.vectors.scores(query, [generation.ids.row_of(entry_id)])[0])


def lanes(held: list[dict[str, Any]], suggester: Suggester) -> None:
    """Print the lane matrix in provisional mode, escalation recall and false escalations."""
    table: Counter[tuple[str, str]] = Counter()
    routed = injected = 0
    for row in held:
        suggestion = suggester.suggest(Inquiry(**row))
        table[row["expected_lane"], suggestion.lane] += 1
        routed += row["expected_lane"] == suggestion.lane == "escalate" and suggestion.route == row["route"]
        injected += bool(row.get("injection")) and suggestion.lane == "ready"
    print(f"| expected (provisional mode) | {' | '.join(LANES)} |\n|---|---|---|---|")
    for expected in LANES:
        print(f"| {expected} | {' | '.join(str(table[expected, lane]) for lane in LANES)} |")
    wanted = sum(table["escalate", lane] for lane in LANES)
    false = table["ready", "escalate"] + table["review", "escalate"]
    print(f"\n- escalation recall {share(table['escalate', 'escalate'], wanted)}, right route {routed}")
    print(f"- false escalations {share(false, len(held) - wanted)}")
    print(f"- injected inquiries called ready: {injected}\n")


def intents(data: Path, name: str, profile: str) -> None:
    """Measure scope on a set of utterances with intents; the threshold comes from training data only."""
    corpus, queries = lines(data / name / "corpus.jsonl.gz"), lines(data / name / "queries.jsonl.gz")
    labels = {row["id"]: row["label"] for row in corpus}
    with tempfile.TemporaryDirectory() as work:
        kb = KnowledgeBase.open(Path(work) / "kb", settings=Settings(retrieval=Retrieval(profile=profile)))
        kb.sync(read_entries(data / name / "corpus.jsonl.gz"))
        prior = Confidence(prior_for(kb.embedder.name))

        def best(text: str, without: str | None = None) -> tuple[float, str]:
            from suggest.records import Concern

            found = [i for i in kb.retrieve(text, top=11, today=TODAY) if i.entry.id != without][:10]
            if not found:
                return -20.0, ""
            scores = prior.scores(Concern(text=text), found, unknown=kb.unknown_share(text), today=TODAY)
            top = int(np.argmax(scores))
            return scores[top], labels[found[top].entry.id]

        rng = np.random.default_rng(0)
        sample = rng.permutation(len(corpus))[: min(600, len(corpus))]
        own = [best(corpus[i]["title"], corpus[i]["id"])[0] for i in sample]
        cut = float(np.quantile(own, 0.1))
        rated = [(*best(row["text"]), row["label"], row["in_scope"]) for row in queries]
    scores = [score for score, *_ in rated]
    inside = [bool(scope) for *_, scope in rated]
    print(f"### {name}, {profile}\n\n- {sum(inside)} in scope, {len(inside) - sum(inside)} out; ", end="")
    print(f"out-of-scope AUROC {with_interval(reliability.auroc, scores, inside)}")
    hits = sum(s >= cut and found == meant for s, found, meant, scope in rated if scope)
    out = sum(s < cut for s, _, _, scope in rated if not scope)
    print(
        f"- in-scope accuracy {share(hits, sum(inside))}; out-of-scope recall {share(out, len(inside) - sum(inside))}"
    )
    right = np.array([scope and found == meant for _, found, meant, scope in rated])
    half = rng.permutation(len(rated)) < len(rated) // 2
    link = fit_link(np.array(scores)[half].tolist(), right[half].tolist())
    assert link is not None
    shares = [link(score) for score in np.array(scores)[~half]]
    print(
        f"- P(right), calibrated on half of the queries, on the other half ({len(shares)}): "
        f"ECE {with_interval(reliability.ece, shares, right[~half])}; "
        f"by chance {reliability.ece_by_chance(shares):.3f}"
    )
    print("- threshold: the tenth percentile of training utterances asked without themselves\n")


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the dev folder")
    parser.add_argument("--profile", choices=("fast", "balanced"), default="balanced")
    parser.add_argument("--split", choices=("tuning", "reporting"), default="reporting")
    parser.add_argument("--only", choices=("inquiries", "written", "intents"))
    arguments = parser.parse_args()
    if arguments.only in (None, "inquiries"):
        inquiries(arguments.data, arguments.profile, arguments.split)
    if arguments.only in (None, "written"):
        written(arguments.data, arguments.profile)
    if arguments.only in (None, "intents"):
        for name in ("clinc150_val_en", "hint3_sofmattress_en"):
            intents(arguments.data, name, arguments.profile)


if __name__ == "__main__":
    main()
