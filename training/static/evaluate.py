"""Measure the static leg, BM25 and their fusion on the development sets.

    python training/static/evaluate.py [--data ../shared/data/dev] [--model src/suggest/index/models/static-ja-en]

Known-item sets are searched without titles (the queries are the titles). Of the inquiries only the
tuning half is used: the reporting half is for figures quoted elsewhere.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from bm25 import BM25
from numpy.typing import NDArray

from suggest.text import tokens

Tokens = Sequence[Sequence[str]]
Embed = Callable[[Tokens], NDArray[np.float32]]
WEIGHTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_INLINE_IMAGE = re.compile(r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=\s]+")


class Task(NamedTuple):
    """Queries against documents, both as tokens, with the graded rows that answer each query."""

    name: str
    queries: list[list[str]]
    documents: list[list[str]]
    relevant: list[dict[int, float]]


def read_tasks(data: Path, analyse: Callable[[str], list[str]] = tokens) -> list[Task]:
    """Read the development sets and analyse them."""
    with ProcessPoolExecutor(2) as pool:

        def run(texts: list[str]) -> list[list[str]]:
            return list(pool.map(analyse, texts, chunksize=100))

        return [
            *_known_item(data / "m365_support_ja", run),
            _inquiries(data, run),
            *_known_item(data / "commerce_kb_ja_en", run),
            *_known_item(data / "partner_faq_ja", run),
        ]


def measure(task: Task, scores: NDArray[np.float32]) -> dict[str, float]:
    """Return nDCG@10 (linear gain), hit@1 and hit@5 of ``scores`` (queries x documents)."""
    ranked = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    discount = 1 / np.log2(np.arange(2, 12))
    ndcg, first, five = [], [], []
    for row, relevant in zip(ranked, task.relevant, strict=True):
        gains = np.array([relevant.get(int(i), 0.0) for i in row])
        ideal = np.sort(list(relevant.values()))[::-1][:10]
        ndcg.append(float(gains @ discount[: len(gains)]) / float(ideal @ discount[: len(ideal)]))
        first.append(gains[0] > 0)
        five.append((gains[:5] > 0).any())
    return {"ndcg@10": float(np.mean(ndcg)), "hit@1": float(np.mean(first)), "hit@5": float(np.mean(five))}


def legs(task: Task, embed: Embed) -> dict[str, NDArray[np.float32]]:
    """Return the scores of each leg: BM25, whole documents, and the best passage of each document."""
    lexical = BM25(task.documents)
    queries = embed(task.queries)
    passages: list[Sequence[str]] = []
    starts: list[int] = []
    for document in task.documents:
        starts.append(len(passages))
        passages.extend(document[i : i + 50] for i in range(0, max(1, len(document) - 25), 25))
    return {
        "bm25": np.stack([lexical.scores(query) for query in task.queries]),
        "static": queries @ embed(task.documents).T,
        "passages": np.maximum.reduceat(queries @ embed(passages).T, starts, axis=1),
    }


def report(tasks: Sequence[Task], embed: Embed) -> dict[str, dict[str, float]]:
    """Print one line per set and leg; return the figures by "set/leg"."""
    figures: dict[str, dict[str, float]] = {}
    for task in tasks:
        scores = legs(task, embed)
        found = {name: measure(task, values) for name, values in scores.items()}
        for name in ("static", "passages"):
            fused = {w: measure(task, w * scores[name] + (1 - w) * scores["bm25"]) for w in WEIGHTS}
            best = max(fused, key=lambda w: fused[w]["ndcg@10"])
            found[f"bm25+{name}"] = fused[0.5]
            found[f"bm25+{name} at {best}"] = fused[best]
        for name, values in found.items():
            figures[f"{task.name}/{name}"] = values
            line = "  ".join(f"{key} {value:.3f}" for key, value in values.items())
            print(f"{task.name:<22} {name:<22} {line}")
    return figures


def _known_item(folder: Path, run: Callable[[list[str]], list[list[str]]]) -> list[Task]:
    corpus = _rows(folder / "corpus.jsonl.gz")
    place = {row["id"]: i for i, row in enumerate(corpus)}
    documents = run([_INLINE_IMAGE.sub("", row["body"]) for row in corpus])
    relevant = _qrels(folder / "qrels.tsv", place)
    queries = _rows(folder / "queries.jsonl.gz")
    tasks = []
    for lang in ("ja", "en"):
        chosen = [q for q in queries if q.get("lang", "ja") == lang and relevant.get(q["id"])]
        if chosen:
            name = f"{folder.name} {lang}"
            texts = run([q["text"] for q in chosen])
            tasks.append(Task(name, texts, documents, [relevant[q["id"]] for q in chosen]))
    return tasks


def _inquiries(data: Path, run: Callable[[list[str]], list[list[str]]]) -> Task:
    corpus = _rows(data / "m365_support_ja" / "corpus.jsonl.gz")
    place = {row["id"]: i for i, row in enumerate(corpus)}
    documents = run([f"{row['title']}\n{_INLINE_IMAGE.sub('', row['body'])}" for row in corpus])
    rows = _rows(data / "inquiries_m365_ja" / "inquiries.jsonl")
    chosen = [row for row in rows if row["split"] == "tuning" and row["kind"] == "single"]
    relevant = [{place[k]: float(v) for k, v in row["expected_entries"].items()} for row in chosen]
    return Task("inquiries_m365_ja", run([row["text"] for row in chosen]), documents, relevant)


def _rows(path: Path) -> list[dict[str, Any]]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in data.decode("utf-8").strip().split("\n")]


def _qrels(path: Path, place: dict[str, int]) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = defaultdict(dict)
    with path.open(encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            query, document, grade = line.rstrip("\n").split("\t")
            if float(grade) > 0:
                found[query][place[document]] = float(grade)
    return found


def main() -> None:
    """Measure a model folder."""
    from suggest.index.static_embedder import StaticEmbedder

    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=root.parent / "shared" / "data" / "dev")
    parser.add_argument("--model", type=Path, default=root / "src/suggest/index/models/static-ja-en")
    options = parser.parse_args()
    report(read_tasks(options.data), StaticEmbedder(options.model).embed_tokens)


if __name__ == "__main__":
    main()
