"""Makes examples of (features, does the entry answer?) from public data and labelled inquiries.

Each set is indexed by itself in a temporary knowledge base with one of the bundled profiles. A row is one
of the best three candidates of one concern.
"""

from __future__ import annotations

import gzip
import json
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from suggest import Inquiry, KnowledgeBase, Settings
from suggest.judge.features import Features, considered, features_of
from suggest.records import Article, Concern, Entry
from suggest.settings import Retrieval
from suggest.sources import read_entries
from suggest.text import tokens
from suggest.understand import understand

TODAY = date(2026, 6, 1)
DEPTH = 10
INQUIRIES = Path(__file__).resolve().parents[1] / "student" / "inquiries.tsv"


class Row(NamedTuple):
    """One candidate of one concern."""

    set: str
    group: str
    """The inquiry; rows of one inquiry are never parted by cross-validation."""
    rank: int
    features: Features
    answers: bool
    answerable: bool
    """Whether the knowledge base holds any answer to the concern."""


class Asked(NamedTuple):
    """A question and the entries that answer it (none: it cannot be answered)."""

    id: str
    concern: Concern
    answers: frozenset[str]
    without: frozenset[str] = frozenset()
    """Entries that count as taken out."""


def opened(folder: Path, profile: str, entries: Iterable[Entry]) -> KnowledgeBase:
    """Index ``entries`` with a bundled profile."""
    kb = KnowledgeBase.open(folder, settings=Settings(retrieval=Retrieval(profile=profile)))
    kb.sync(entries)
    return kb


def rows_of(name: str, kb: KnowledgeBase, asked: Iterable[Asked]) -> Iterator[Row]:
    """Search for each question and describe the best three candidates."""
    for question in asked:
        found = kb.retrieve(question.concern.text, top=DEPTH + len(question.without), per_kind=3, today=TODAY)
        found = considered([item for item in found if item.entry.id not in question.without])
        described = features_of(
            question.concern,
            found,
            unknown=kb.unknown_share(question.concern.text),
            terms=len(set(tokens(question.concern.text))),
            today=TODAY,
        )
        for rank, (item, features) in enumerate(zip(found[:3], described, strict=False)):
            yield Row(
                name, question.id, rank, features, item.entry.id in question.answers, bool(question.answers)
            )


def lines(path: Path) -> list[dict[str, Any]]:
    """Read JSON Lines, plain or gzipped."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def inquiries(path: Path, *, split: str | None) -> Iterator[Asked]:
    """Yield the concerns of labelled inquiries that are not meant to escalate and ask one thing."""
    for row in lines(path):
        if row["kind"] not in ("single", "vague", "out_of_scope") or (split and row["split"] != split):
            continue
        answers = frozenset(key for key, grade in row["expected_entries"].items() if grade == 2)
        concerns = understand(Inquiry(**row)).concerns
        if len(concerns) == 1 or not answers:
            for concern in concerns:
                yield Asked(row["id"], concern, answers)


def headings(path: Path, rng: random.Random, *, size: int, count: int) -> tuple[list[Entry], list[Asked]]:
    """Return articles without their titles, and headings whose article is there or left out."""
    rows = [row for row in lines(path) if len(row["body"]) > 80 and 6 <= len(row["heading"]) <= 60]
    rng.shuffle(rows)
    seen: set[str] = set()
    rows = [row for row in rows if row["heading"] not in seen and not seen.add(row["heading"])]
    inside, outside = rows[:size], rows[size : size + count // 2]
    entries = [Article(id=f"h{i}", body=row["body"][:1500], lang="ja") for i, row in enumerate(inside)]
    asked = [
        Asked(f"in{i}", Concern(text=row["heading"]), frozenset({f"h{i}"}))
        for i, row in enumerate(inside[: count // 2])
    ]
    asked += [Asked(f"out{i}", Concern(text=row["heading"]), frozenset()) for i, row in enumerate(outside)]
    return entries, asked


def letters(path: Path, rng: random.Random, *, size: int) -> tuple[list[Entry], list[Asked]]:
    """Sections, and inquiries written on them that the models have not seen; every third section is left out.

    The models learn from four of five sections; of the rest every other one is left to ``benchmarks/confidence.py``.
    """
    rows = lines(path)
    texts: dict[int, list[str]] = {}
    for line in INQUIRIES.read_text(encoding="utf-8").splitlines():
        number, _, text = line.split("\t")
        if int(number) % 10 == 0:
            texts.setdefault(int(number), []).append(text.replace("\\n", "\n"))
    out = set(sorted(texts)[::3])
    pages = {rows[number]["title"] for number in texts}
    others = [n for n, row in enumerate(rows) if len(row["body"]) > 80 and row["title"] not in pages]
    kept = sorted({*texts} - out) + rng.sample(others, size)
    entries: list[Entry] = [
        Article(id=f"s{n}", title=rows[n]["heading"], body=rows[n]["body"][:1500], lang="ja") for n in kept
    ]
    asked = [
        Asked(f"{number}-{i}", concern, frozenset() if number in out else frozenset({f"s{number}"}))
        for number, found in texts.items()
        for i, text in enumerate(found)
        for concern in understand(Inquiry(text=text)).concerns[:1]
    ]
    return entries, asked


def passages(folder: Path, rng: random.Random, *, size: int, count: int) -> tuple[list[Entry], list[Asked]]:
    """The same with questions on encyclopaedia paragraphs."""
    rows = lines(folder / "question_passage_ja.jsonl.gz")
    by_passage: dict[str, list[str]] = {}
    for row in rows:
        by_passage.setdefault(row["passage_id"], []).append(row["question"])
    texts = {row["id"]: row["body"] for row in lines(folder / "passages_ja.jsonl.gz")}
    names = sorted(by_passage.keys() & texts.keys())
    rng.shuffle(names)
    entries = [Article(id=f"p{i}", body=texts[name], lang="ja") for i, name in enumerate(names[:size])]
    asked = [
        Asked(f"in{i}", Concern(text=rng.choice(by_passage[name])), frozenset({f"p{i}"}))
        for i, name in enumerate(names[: count // 2])
    ]
    asked += [
        Asked(f"out{i}", Concern(text=rng.choice(by_passage[name])), frozenset())
        for i, name in enumerate(names[size : size + count // 2])
    ]
    return entries, asked


def intents(path: Path, rng: random.Random, *, count: int) -> tuple[list[Entry], list[Asked]]:
    """English utterances as entries; those of the same intent answer; a third of the intents is left out."""
    rows = lines(path)
    names = sorted({(row["source"], row["intent"]) for row in rows})
    rng.shuffle(names)
    out = set(names[: len(names) // 3])
    rng.shuffle(rows)
    held: dict[tuple[str, str], list[str]] = {}
    entries: list[Entry] = []
    rest = []
    for row in rows:
        key = (row["source"], row["intent"])
        if key not in out and len(held.setdefault(key, [])) < 12:
            held[key].append(f"i{len(entries)}")
            entries.append(Article(id=f"i{len(entries)}", title=row["text"], lang="en"))
        else:
            rest.append((key, row["text"]))
    asked = [
        Asked(f"q{n}", Concern(text=text), frozenset(held.get(key, ())))
        for n, (key, text) in enumerate(rest[:count])
    ]
    return entries, asked


def collect(data: Path, sample: Path, profile: str, *, log: Callable[[str], None]) -> list[Row]:
    """Return the rows of every set for one profile."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as work:

        def add(name: str, entries: Iterable[Entry], asked: Iterable[Asked]) -> None:
            kb = opened(Path(work) / name, profile, entries)
            fresh = list(rows_of(name, kb, asked))
            rows.extend(fresh)
            log(f"{profile}: {name}: {len(kb)} entries, {sum(r.rank == 0 for r in fresh)} questions")
            kb.close()

        dev, train = data / "dev", data / "train"
        add(
            "m365",
            read_entries(dev / "m365_support_ja" / "corpus.jsonl.gz"),
            inquiries(dev / "inquiries_m365_ja" / "inquiries.jsonl", split="tuning"),
        )
        add("sample", read_entries(sample), inquiries(sample / "_labelled" / "inquiries.jsonl", split=None))
        add("headings", *headings(train / "heading_body_ja.jsonl.gz", random.Random(1), size=1500, count=800))
        add("letters", *letters(train / "heading_body_ja.jsonl.gz", random.Random(4), size=1500))
        add("passages", *passages(train, random.Random(2), size=1000, count=400))
        add("intents", *intents(train / "intents_en.jsonl.gz", random.Random(3), count=600))
    return rows
