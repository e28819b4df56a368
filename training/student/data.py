"""The training texts: what is read, what is held out, and the teacher's vectors of the English side."""

from __future__ import annotations

import gzip
import html
import json
import random
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HELD_OUT = 1000
INQUIRIES = Path(__file__).parent / "inquiries.tsv"
_SEED = 20250101
_CONTRACTION = re.compile(r" (?='(?:s|t|m|d|re|ve|ll)\b)|(?<=\w) (?=n't\b)|(?<=[\w'\"]) (?=[.,!?;:])")
_NOISE = re.compile(r"\[!include[^\]]*\]|\[!\w+\]", re.IGNORECASE)
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class Pair:
    """One Japanese text and what it belongs to: its translation, or the passage that answers it."""

    left: str
    right: str
    source: str
    group: str = ""


def read_rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of ``name`` in ``folder``."""
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def tidy(text: str) -> str:
    """Return ``text`` on one line, without include marks."""
    return _SPACES.sub(" ", _NOISE.sub(" ", html.unescape(text))).strip()


def parallel(folder: Path) -> tuple[list[Pair], list[Pair]]:
    """Return the parallel pairs (Japanese left, English right): for training, and 1,000 held out.

    The held-out pairs come from the Tanaka sentences. Neither of their sides occurs in training.
    """
    pairs: dict[tuple[str, str], Pair] = {}
    for name in ("parallel_ja_en", "parallel_more_ja_en"):
        for row in read_rows(folder, name):
            left, right = tidy(row["ja"]), tidy(row["en"])
            if row["source"] == "tanaka":
                right = _CONTRACTION.sub("", right)
            if left and right:
                pairs.setdefault((left, right), Pair(left, right, row["source"], row["kind"]))
    rows = list(pairs.values())
    lefts, rights = Counter(p.left for p in rows), Counter(p.right for p in rows)
    alone = [p for p in rows if p.source == "tanaka" and lefts[p.left] == 1 and rights[p.right] == 1]
    held_out = random.Random(_SEED).sample(alone, HELD_OUT)
    hidden = set(held_out)
    return [p for p in rows if p not in hidden], held_out


def monolingual(folder: Path) -> list[Pair]:
    """Return Japanese pairs for contrastive training: what is asked, and the text that answers it."""
    pairs: dict[tuple[str, str], Pair] = {}

    def add(left: str, right: str, source: str, group: str) -> None:
        left, right = tidy(left), tidy(right)
        if left and len(right) >= 12 and left != right:
            pairs.setdefault((left, right), Pair(left, right, source, group))

    for row in read_rows(folder, "heading_body_ja"):
        add(row["heading"], row["body"], "heading", row["title"] or row["heading"])
    bodies = {row["id"]: row for row in read_rows(folder, "passages_ja")}
    for row in read_rows(folder, "question_passage_ja"):
        passage = bodies[row["passage_id"]]
        add(row["question"], passage["body"], "question", passage["title"])
    for row in read_rows(folder, "faq_ja"):
        add(row["question"], row["answer"], "faq", row["source"])
    return list(pairs.values())


def inquiries(folder: Path, texts: Path = INQUIRIES) -> tuple[list[Pair], list[Pair]]:
    """Return inquiries written for this project, each with the section that answers it: for training, and held out.

    Held out are those on every fifth section.
    """
    rows = read_rows(folder, "heading_body_ja")
    pairs: tuple[list[Pair], list[Pair]] = ([], [])
    for line in texts.read_text("utf-8").splitlines():
        number, language, text = line.split("\t")
        row = rows[int(number)]
        names = dict.fromkeys(part for part in (row["title"], row["heading"]) if part)
        section = " ".join((*names, row["body"]))
        pairs[int(number) % 5 == 0].append(
            Pair(tidy(text.replace("\\n", " ")), tidy(section), f"asked {language}", number)
        )
    return pairs


def similar(folder: Path) -> list[tuple[str, str, float]]:
    """Return pairs of Japanese sentences with a similarity between 0 and 1."""
    return [
        (tidy(row["a"]), tidy(row["b"]), float(row["score"]) / 5)
        for row in read_rows(folder, "similarity_ja")
    ]


def intents(folder: Path) -> list[str]:
    """Return short English utterances."""
    return sorted({tidy(row["text"]) for row in read_rows(folder, "intents_en")})
