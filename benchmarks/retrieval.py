"""Retrieval quality on judged inquiries: words only, vectors only, both.

    python benchmarks/retrieval.py --data DIR [--profile fast]

DIR holds development sets in the project's formats (``corpus.jsonl.gz``, ``queries.jsonl.gz``,
``qrels.tsv``; ``inquiries.jsonl`` with ``kind``, ``lang`` and ``split``). Searches as ``suggest evaluate`` does.
Prints a Markdown table with
95 % bootstrap intervals. Inquiries of the tuning split were used for choices; only the reporting split
is reported here.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from suggest import Inquiry, KnowledgeBase, Settings, Suggester, read_entries
from suggest.evaluate import read_qrels, read_queries
from suggest.evaluate.retrieval import metrics
from suggest.index.embedding import Embedder
from suggest.settings import Retrieval

CONFIGURATIONS = {"words only": 0.0, "vectors only": 1.0, "both": None}
SHOWN = ("ndcg@10", "hit@1", "hit@5")
RESAMPLES = 2_000


def interval(values: Sequence[float]) -> str:
    """Return the mean with its 95 % bootstrap interval."""
    data = np.asarray(values)
    rng = np.random.default_rng(0)
    means = data[rng.integers(0, len(data), (RESAMPLES, len(data)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{data.mean():.3f} [{low:.3f}, {high:.3f}]"


def report(
    name: str, kb: KnowledgeBase, queries: Iterable[tuple[str, str]], judged: dict[str, dict[str, int]]
) -> None:
    """Print one row for each configuration."""
    queries = [(key, text) for key, text in queries if any(g > 0 for g in judged.get(key, {}).values())]
    suggester = Suggester(kb)
    for label, weight in CONFIGURATIONS.items():
        found = [
            metrics(
                [m.entry_id for m in suggester.find(Inquiry(text=text), vector_weight=weight)], judged[key]
            )
            for key, text in queries
        ]
        cells = " | ".join(interval([f[metric] for f in found]) for metric in SHOWN)
        print(f"| {name} | {len(queries)} | {label} | {cells} |", flush=True)


def without_titles(
    path: Path, folder: Path, settings: Settings, embedder: Embedder | None = None
) -> KnowledgeBase:
    """Index a corpus with its titles removed, for known-item search by title."""
    kb = KnowledgeBase.open(folder, settings=settings, embedder=embedder)
    with read_entries(path) as entries:
        kb.sync(e.model_copy(update={"title": ""}) for e in entries if e.kind == "faq" and e.body.strip())
    return kb


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--profile", choices=("fast", "balanced"), default="balanced")
    arguments = parser.parse_args()
    data = arguments.data
    settings = Settings(retrieval=Retrieval(profile=arguments.profile))
    print(f"| set | queries | legs | {' | '.join(SHOWN)} |\n|---|---|---|{'---|' * len(SHOWN)}")
    with tempfile.TemporaryDirectory() as work:
        kb = KnowledgeBase.open(Path(work) / "m365", settings=settings)
        kb.sync(read_entries(data / "m365_support_ja" / "corpus.jsonl.gz"))
        judged = read_qrels(data / "inquiries_m365_ja" / "qrels.tsv")
        lines = (data / "inquiries_m365_ja" / "inquiries.jsonl").read_text(encoding="utf-8").splitlines()
        inquiries = [json.loads(line) for line in lines]
        for kind, lang in (("single", "ja"), ("single", "en"), ("multi", "ja")):
            chosen = [
                (r["id"], r["text"])
                for r in inquiries
                if r["split"] == "reporting" and r["kind"] == kind and r["lang"] == lang
            ]
            report(f"inquiries, {kind}, {lang}, reporting half", kb, chosen, judged)
        for corpus in ("m365_support_ja", "commerce_kb_ja_en"):
            bare = without_titles(data / corpus / "corpus.jsonl.gz", Path(work) / f"bare-{corpus}", settings)
            queries = list(read_queries(data / corpus / "queries.jsonl.gz"))
            judged = read_qrels(data / corpus / "qrels.tsv")
            for prefix in dict.fromkeys("-".join(q.id.split("-")[:2]) for q in queries):
                chosen = [(q.id, q.text) for q in queries if q.id.startswith(prefix)]
                report(f"{corpus}, titles removed, {prefix}", bare, chosen, judged)


if __name__ == "__main__":
    main()
