"""Read the training pairs and analyse their texts once."""

from __future__ import annotations

import gzip
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from suggest.text import tokens

INQUIRIES = Path(__file__).resolve().parents[1] / "student" / "inquiries.tsv"
ASKED_TIMES = 3
"""Inquiries are few beside the headings, and nearest to what the model is for."""
MAX_CHARACTERS = 1600
"""Of a text, this much is analysed: training looks at windows of it."""


class Pair(NamedTuple):
    """Two texts that belong together, and the group that makes others false negatives of it."""

    left: str
    right: str
    group: str
    """Pairs of one group are never negatives of each other ("" for none)."""


def read_pairs(data: Path, seed: int) -> dict[str, list[Pair]]:
    """Return the training pairs by task; batches are drawn from one task at a time."""
    rng = random.Random(seed)
    parallel = [*_rows(data / "parallel_ja_en.jsonl.gz"), *_rows(data / "parallel_more_ja_en.jsonl.gz")]
    sections = list(_rows(data / "heading_body_ja.jsonl.gz"))
    return {
        "asked": list(_asked(sections)) * ASKED_TIMES,
        "heading_body": [Pair(row["heading"], row["body"], "") for row in sections],
        "heading_body_en": list(_english_headings(sections, parallel)),
        "question_passage": list(_questions(data)),
        "faq": [Pair(row["question"], row["answer"], "") for row in _rows(data / "faq_ja.jsonl.gz")],
        "parallel": [Pair(row["en"], row["ja"], "") for row in parallel],
        "similarity": [
            Pair(row["a"], row["b"], "")
            for row in _rows(data / "similarity_ja.jsonl.gz")
            if row["score"] >= 3.5 and row["a"] != row["b"]
        ],
        "intents": list(_same_intent(_rows(data / "intents_en.jsonl.gz"), rng)),
    }


def analyse(texts: Sequence[str], workers: int = 2) -> list[list[str]]:
    """Return the tokens of each text, in order, with a progress bar."""
    cropped = [text[:MAX_CHARACTERS] for text in texts]
    with ProcessPoolExecutor(workers) as pool:
        found = pool.map(tokens, cropped, chunksize=500)
        return list(tqdm(found, total=len(cropped), desc="analyse", unit="text", mininterval=2))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _asked(sections: Sequence[dict[str, Any]]) -> Iterator[Pair]:
    """Pair the inquiries written on a section with it; every fifth section is held out for the judge."""
    for line in INQUIRIES.read_text("utf-8").splitlines():
        number, _, text = line.split("\t")
        row = sections[int(number)]
        if int(number) % 5:
            names = dict.fromkeys(part for part in (row["title"], row["heading"]) if part)
            yield Pair(text.replace("\\n", "\n"), "\n".join((*names, row["body"])), number)


def _questions(data: Path) -> Iterator[Pair]:
    bodies = {row["id"]: row["body"] for row in _rows(data / "passages_ja.jsonl.gz")}
    for row in _rows(data / "question_passage_ja.jsonl.gz"):
        yield Pair(row["question"], bodies[row["passage_id"]], "")


def _english_headings(
    sections: Iterable[dict[str, Any]], parallel: Iterable[dict[str, Any]]
) -> Iterator[Pair]:
    """Pair the English form of a heading with the Japanese section under it."""
    english = {row["ja"]: row["en"] for row in parallel if row["kind"] in ("heading", "title")}
    for row in sections:
        if row["heading"] in english:
            yield Pair(english[row["heading"]], row["body"], "")


def _same_intent(rows: Iterable[dict[str, Any]], rng: random.Random) -> Iterator[Pair]:
    """Pair each utterance with another of its intent, drawn at random."""
    by_intent: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_intent[f"{row['source']}/{row['intent']}"].append(row["text"])
    for intent, utterances in by_intent.items():
        others = utterances[:]
        rng.shuffle(others)
        for left, right in zip(utterances, others, strict=True):
            if left != right:
                yield Pair(left, right, intent)
