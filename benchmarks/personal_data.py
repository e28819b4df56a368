"""Personal data: what is found, what is masked too much, and whether anything of past cases reaches a draft.

    python benchmarks/personal_data.py texts --split held_out            # 500 generated texts
    python benchmarks/personal_data.py inquiries DIR --split reporting   # labelled inquiries, see benchmarks/README.md
    python benchmarks/personal_data.py canaries                          # 200 cases with planted values, 2,000 drafts
    python benchmarks/personal_data.py speed                             # sync with and without masking

A value counts as found when every letter and digit of it is covered, whatever the type; "as its type" asks for the type
too. A span counts as right when most of it is a planted value.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from personal_texts import Label, Text, texts
from suggest.evaluate.reliability import wilson
from suggest.understand.personal_data import find_personal_data

SEEDS = {"tuning": 1, "held_out": 2}
ALIASES = {"card_number": "card"}


class Count(NamedTuple):
    """What was found in some texts."""

    planted: Counter[str]
    found: Counter[str]
    typed: Counter[str]
    spans: Counter[str]
    right: Counter[str]
    missed: list[tuple[str, str, str]]
    wrong: list[tuple[str, str, str]]


def count(given: Iterable[Text]) -> Count:
    """Hold what is found against what was planted."""
    made = Count(Counter(), Counter(), Counter(), Counter(), Counter(), [], [])
    for text, _, labels in given:
        spans = find_personal_data(text)
        covered = {i: s.type for s in spans for i in range(s.start, s.end)}
        planted = {i for label in labels for i in range(label.start, label.end)}
        for kind, start, end in labels:
            made.planted[kind] += 1
            types = {covered.get(i) for i in range(start, end) if text[i].isalnum()}
            made.found[kind] += None not in types
            made.typed[kind] += types == {kind}
            if None in types:
                made.missed.append((kind, text[start:end], text))
        for span in spans:
            letters = [i for i in range(span.start, span.end) if text[i].isalnum()]
            made.spans[span.type] += 1
            if 2 * sum(i in planted for i in letters) > len(letters):
                made.right[span.type] += 1
            else:
                made.wrong.append((span.type, text[span.start : span.end], text))
    return made


def share(hits: int, total: int) -> str:
    """Return ``hits/total`` with its 95 % Wilson interval."""
    if not total:
        return "–"
    low, high = wilson(hits, total)
    return f"{hits}/{total} = {hits / total:.3f} [{low:.3f}, {high:.3f}]"


def report(made: Count, *, show: bool) -> None:
    """Print the table; ``show`` also prints what was missed and what was wrongly found."""
    print("| type | recall | as its type | precision |\n|---|---|---|---|")
    for kind in [*sorted(made.planted.keys() | made.spans.keys()), "all"]:
        of = [sum(c.values()) if kind == "all" else c[kind] for c in made[:5]]
        print(f"| {kind} | {share(of[1], of[0])} | {share(of[2], of[0])} | {share(of[4], of[3])} |")
    if show:
        for title, items in (("missed", made.missed), ("wrong", made.wrong)):
            for kind, value, text in items:
                print(f"--- {title} {kind}: {value!r} in {text!r}")


def labelled(folder: Path, split: str) -> list[Text]:
    """Read labelled inquiries; every place where a labelled value stands is a label."""
    found = []
    for line in (folder / "inquiries.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["split"] != split:
            continue
        text, labels = row["text"], []
        for item in row.get("pii", ()):
            at = text.find(item["text"])
            while at >= 0:
                kind = ALIASES.get(item["type"], item["type"])
                labels.append(Label(kind, at, at + len(item["text"])))
                at = text.find(item["text"], at + 1)
        longest = [
            a for a in labels if not any(b.start <= a.start and a.end <= b.end and b != a for b in labels)
        ]
        found.append(Text(text, row["lang"], tuple(dict.fromkeys(longest))))
    return found


def main() -> None:
    """Run one of the measures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    measures = parser.add_subparsers(dest="measure", required=True)
    generated = measures.add_parser("texts")
    generated.add_argument("--split", choices=SEEDS, default="held_out")
    generated.add_argument("--count", type=int, default=500)
    inquiries = measures.add_parser("inquiries")
    inquiries.add_argument("folder", type=Path)
    inquiries.add_argument("--split", choices=("tuning", "reporting"), default="reporting")
    for each in (generated, inquiries):
        each.add_argument("--show", action="store_true", help="print what went wrong (tuning only)")
    arguments = parser.parse_args()
    show = getattr(arguments, "show", False) and arguments.split == "tuning"
    begun = time.perf_counter()
    if arguments.measure == "texts":
        given = texts(arguments.split, arguments.count, seed=SEEDS[arguments.split])
    else:
        given = labelled(arguments.folder, arguments.split)
    report(count(given), show=show)
    print(f"\n{len(given)} texts of the split {arguments.split!r}, {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
