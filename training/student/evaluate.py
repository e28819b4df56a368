"""Measures a student, before or after export, on the development data.

Japanese inquiries are taken from the tuning half only. Every figure comes with the teacher's where the
texts are English, and with BM25 over the library's own tokens, alone and together with the student.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from data import parallel, tidy
from machine import prepare
from scipy import sparse
from tokenizers import Tokenizer

from suggest.text import tokens

Encode = Callable[[Sequence[str]], np.ndarray]
_BINARY = re.compile(r"data:[\w/+.-]+;base64,[\w+/=]+")
_PASSAGE, _STEP = 160, 100  # characters


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSON Lines file, packed or not."""
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8") as file
    ):
        return [json.loads(line) for line in file]


@lru_cache(maxsize=20_000)
def words(text: str) -> list[str]:
    """Return the library's tokens of ``text``."""
    return tokens(text)


def remembering(encode: Encode) -> Encode:
    """Return ``encode`` that embeds no text twice."""
    known: dict[str, np.ndarray] = {}

    def run(texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, encode(new), strict=True))
        return np.stack([known[text] for text in texts])

    return run


def encoder(path: Path, tokenizer_path: Path, length: int = 128) -> Encode:
    """Return the encoder of a checkpoint (``.safetensors``), first rows (``.npz``) or an exported folder."""
    if path.is_dir():
        from onnx_student import OnnxStudent

        model = OnnxStudent.load(str(path))
        return lambda texts: model.vectors(list(texts), length)
    from student import load

    student = load(path)
    tokenizer = Tokenizer.from_file(str(tokenizer_path))
    tokenizer.enable_truncation(length)
    return lambda texts: student.encode([e.ids for e in tokenizer.encode_batch(list(texts))])


@dataclass
class Index:
    """A set of articles under both legs."""

    names: list[str]
    dense: np.ndarray
    owner: np.ndarray
    bm25: BM25

    @classmethod
    def build(cls, names: list[str], titles: list[str], bodies: list[str], encode: Encode) -> Index:
        """Embed ``titles`` (where there are any) and the passages of ``bodies``."""
        texts, owner = [], []
        for i, (title, body) in enumerate(zip(titles, bodies, strict=True)):
            whole = [title] if title else []
            starts = range(0, max(1, len(body) - (_PASSAGE - _STEP)), _STEP)
            whole += [body[s : s + _PASSAGE] for s in list(starts)[:24]]
            whole += [f"{title} {body[:300]}".strip()]
            texts += whole
            owner += [i] * len(whole)
        bm25 = BM25([2 * words(title) + words(body) for title, body in zip(titles, bodies, strict=True)])
        return cls(names, encode(texts), np.array(owner), bm25)

    def scores(self, queries: Sequence[str], encode: Encode) -> tuple[np.ndarray, np.ndarray]:
        """Return the scores of each article for each query: by meaning, and by words."""
        found = encode(queries) @ self.dense.T
        dense = np.full((len(queries), len(self.names)), -1.0, np.float32)
        np.maximum.at(dense, (slice(None), self.owner), found)
        return dense, np.stack([self.bm25.scores(tokens(q)) for q in queries])


class BM25:
    """BM25 over tokens."""

    def __init__(self, texts: list[list[str]], k1: float = 1.2, b: float = 0.75) -> None:
        self.index: dict[str, int] = {}
        rows, columns = [], []
        for i, text in enumerate(texts):
            rows += [i] * len(text)
            columns += [self.index.setdefault(t, len(self.index)) for t in text]
        counts = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(texts), len(self.index)))
        counts.sum_duplicates()
        lengths = np.asarray(counts.sum(1)).ravel()
        norm = k1 * (1 - b + b * lengths / lengths.mean())
        found = np.asarray((counts > 0).sum(0)).ravel()
        idf = np.log(1 + (len(texts) - found + 0.5) / (found + 0.5))
        coo = counts.tocoo()
        data = coo.data * (k1 + 1) / (coo.data + norm[coo.row]) * idf[coo.col]
        self.weights = sparse.csc_matrix((data, (coo.row, coo.col)), shape=counts.shape)

    def scores(self, query: list[str]) -> np.ndarray:
        """Return the score of every text."""
        columns = [self.index[t] for t in query if t in self.index]
        return np.asarray(self.weights[:, columns].sum(1)).ravel().astype(np.float32)


def mixed(dense: np.ndarray, lexical: np.ndarray, weight: float) -> np.ndarray:
    """Return the convex combination, each side between 0 and 1 for its query."""
    low = dense.min(1, keepdims=True)
    a = (dense - low) / (dense.max(1, keepdims=True) - low + 1e-9)
    return weight * a + (1 - weight) * lexical / (lexical.max(1, keepdims=True) + 1e-9)


def figures(scores: np.ndarray, names: list[str], wanted: list[dict[str, int]]) -> dict[str, float]:
    """Return nDCG@10, hit@1 and hit@5."""
    gains = {"ndcg@10": 0.0, "hit@1": 0.0, "hit@5": 0.0}
    for row, grades in zip(scores, wanted, strict=True):
        best = [grades.get(names[i], 0) for i in np.argsort(-row, kind="stable")[:10]]
        ideal = sorted(grades.values(), reverse=True)[:10]
        discount = 1 / np.log2(np.arange(10) + 2)
        gains["ndcg@10"] += float(best @ discount[: len(best)]) / float(ideal @ discount[: len(ideal)])
        gains["hit@1"] += best[0] > 0
        gains["hit@5"] += any(g > 0 for g in best[:5])
    return {name: round(total / len(wanted), 3) for name, total in gains.items()}


def report(
    label: str, dense: np.ndarray, lexical: np.ndarray, names: list[str], wanted: list[dict[str, int]]
) -> None:
    """Print the figures of both legs, alone and together."""
    print(f"{label} ({len(wanted)}): student {figures(dense, names, wanted)}")
    print(f"   words {figures(lexical, names, wanted)}")
    for weight in (0.4, 0.55, 0.7):
        print(
            f"   together, student {weight}: {figures(mixed(dense, lexical, weight), names, wanted)}",
            flush=True,
        )


def known_items(folder: Path, encode: Encode) -> None:
    """Find articles by their titles, without the titles in the index."""
    corpus = read(folder / "corpus.jsonl.gz")
    queries = read(folder / "queries.jsonl.gz")
    qrels: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        qrels.setdefault(query, {})[document] = int(grade)
    names = [row["id"] for row in corpus]
    index = Index.build(names, [""] * len(names), [_body(row) for row in corpus], encode)
    languages = sorted({row["lang"] for row in queries}, reverse=True)
    for language in languages:
        some = [row for row in queries if row["lang"] == language and row["id"] in qrels]
        dense, lexical = index.scores([row["text"] for row in some], encode)
        report(
            f"{folder.name} without titles, {language}", dense, lexical, names, [qrels[r["id"]] for r in some]
        )


def inquiries(folder: Path, articles: Path, encode: Encode) -> None:
    """Find articles for inquiries, tuning half."""
    corpus = read(articles / "corpus.jsonl.gz")
    names = [row["id"] for row in corpus]
    index = Index.build(names, [row["title"] for row in corpus], [_body(row) for row in corpus], encode)
    rows = [r for r in read(folder / "inquiries.jsonl") if r["split"] == "tuning" and r["expected_entries"]]
    for kind in ("single", "multi"):
        for language in ("ja", "en"):
            some = [r for r in rows if r["kind"] == kind and r["lang"] == language]
            if some:
                dense, lexical = index.scores([tidy(r["text"]) for r in some], encode)
                report(
                    f"inquiries {kind} {language}",
                    dense,
                    lexical,
                    names,
                    [r["expected_entries"] for r in some],
                )


def _body(row: dict[str, Any]) -> str:
    return tidy(_BINARY.sub("", row["body"]))


def labels(folder: Path, encode: Encode, teacher: Encode) -> None:
    """Give each query the label of the nearest example."""
    corpus = read(folder / "corpus.jsonl.gz")
    queries = [row for row in read(folder / "queries.jsonl.gz") if row.get("in_scope", True)]
    names = np.array([row["label"] for row in corpus])
    wanted = np.array([row["label"] for row in queries])
    parts = []
    for name, run in (("student", encode), ("teacher", teacher)):
        alike = run([r["text"] for r in queries]) @ run([r["title"] for r in corpus]).T
        parts.append(f"{name} {np.mean(names[alike.argmax(1)] == wanted):.3f}")
    print(f"{folder.name} ({len(queries)}): {', '.join(parts)}", flush=True)


def sentences(data: Path, encode: Encode, teacher: Encode) -> None:
    """Find the English sentence of a Japanese one among 1,000, and the other way round."""
    _, held_out = parallel(data)
    left, right = encode([p.left for p in held_out]), teacher([p.right for p in held_out])
    own = encode([p.right for p in held_out])
    place = np.arange(len(held_out))
    for name, other in (("teacher's English", right), ("own English", own)):
        alike = left @ other.T
        print(
            f"held-out sentences, {name}: ja→en {np.mean(alike.argmax(1) == place):.3f}, "
            f"en→ja {np.mean(alike.argmax(0) == place):.3f}, cosine {alike[place, place].mean():.3f}"
        )
    print(f"English cosine to the teacher {(own * right).sum(1).mean():.4f}", flush=True)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="an exported folder, a checkpoint, or rows.npz")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train"))
    parser.add_argument("--tokenizer", type=Path, help="for a checkpoint (default: beside it)")
    parser.add_argument("--tasks", default="sentences,inquiries,m365,intents,commerce")
    args = parser.parse_args()
    import torch
    from teacher import encode as encode_english

    torch.set_num_threads(1)
    encode = remembering(encoder(args.model, args.tokenizer or args.model.parent / "tokenizer.json"))

    def teacher(texts: Sequence[str]) -> np.ndarray:
        return encode_english(texts, progress=False)

    dev = args.data.parent / "dev"
    tasks = args.tasks.split(",")
    if "sentences" in tasks:
        sentences(args.data, encode, teacher)
    if "inquiries" in tasks:
        inquiries(dev / "inquiries_m365_ja", dev / "m365_support_ja", encode)
    if "m365" in tasks:
        known_items(dev / "m365_support_ja", encode)
    if "intents" in tasks:
        for name in ("hint3_sofmattress_en", "clinc150_val_en"):
            labels(dev / name, encode, teacher)
    if "commerce" in tasks:
        known_items(dev / "commerce_kb_ja_en", encode)


if __name__ == "__main__":
    prepare()
    main()
