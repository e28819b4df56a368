"""How long one suggestion takes, and what its stages cost beside each other.

    python benchmarks/latency.py --data DIR [--runs N] [--profile fast]

Indexes ``m365_support_ja``, then runs inquiries through each stage. Every run of a stage is a process of its own that
has answered ``--before`` questions (titles of articles) and then meets each inquiry for the first time, as a service does;
``--before 20`` is one that has just begun. Runs of the stages take turns, so that a slow spell of the machine hits all of
them. Wall and processor time; the ratio is to the whole suggestion.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from suggest import Inquiry, KnowledgeBase, Suggester, read_entries

STAGES = ("suggest", "understand", "search")


def main() -> None:
    """Run everything, or one stage for a process of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", choices=("fast", "balanced"), default="balanced")
    parser.add_argument("--before", type=int, default=500, help="questions answered before")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--kb", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    inquiries = read_inquiries(arguments.data)
    if arguments.stage:
        before = read_titles(arguments.data)[: arguments.before]
        json.dump(time_stage(arguments.stage, arguments.kb, before, inquiries), sys.stdout)
        return
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "kb"
        index(folder, arguments.data, arguments.profile)
        compare(folder, arguments.data, arguments.runs, arguments.before)
        start(folder, inquiries[0].text)


def read_inquiries(data: Path) -> list[Inquiry]:
    """Return the tuning half of the inquiries."""
    lines = (data / "inquiries_m365_ja" / "inquiries.jsonl").read_text(encoding="utf-8").splitlines()
    return [Inquiry(**row) for row in map(json.loads, lines) if row["split"] == "tuning"]


def read_titles(data: Path) -> list[Inquiry]:
    """Return titles of articles as questions."""
    with gzip.open(data / "m365_support_ja" / "queries.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [Inquiry(text=json.loads(line)["text"]) for line in lines]


def index(folder: Path, data: Path, profile: str) -> None:
    """Make the knowledge base, and print how fast."""
    folder.mkdir()
    (folder / "suggest.toml").write_text(f"[retrieval]\nprofile = '{profile}'\n", encoding="utf-8")
    kb = KnowledgeBase.open(folder)
    corpus = data / "m365_support_ja" / "corpus.jsonl.gz"
    first = kb.sync(read_entries(corpus))
    again = kb.sync(read_entries(corpus))
    print(f"first sync: {first.added} entries, {first.added / first.seconds:.0f} entries/s")
    print(f"unchanged sync: {again.seconds / first.seconds:.2f} of the first, {again.embedded} embedded\n")


def time_stage(
    stage: str, folder: Path, before: list[Inquiry], inquiries: list[Inquiry]
) -> list[tuple[float, float]]:
    """Return wall and processor milliseconds of ``stage`` for each of ``inquiries``."""
    kb = KnowledgeBase.open(folder)
    suggester = Suggester(kb)
    run = {
        "suggest": suggester.suggest,
        "understand": suggester.understand,
        "search": lambda inquiry: kb.search(inquiry.text),
    }[stage]
    for inquiry in before:
        run(inquiry)
    found = []
    for inquiry in inquiries:
        started, used = time.perf_counter(), time.process_time()
        run(inquiry)
        found.append(((time.perf_counter() - started) * 1000, (time.process_time() - used) * 1000))
    return found


def compare(folder: Path, data: Path, runs: int, before: int) -> None:
    """Print the table of the stages."""
    found: dict[str, list[tuple[float, float]]] = {stage: [] for stage in STAGES}
    for _ in range(runs):
        for stage in STAGES:
            line = [sys.executable, __file__, "--data", str(data), "--kb", str(folder), "--stage", stage]
            line += ["--before", str(before)]
            found[stage] += json.loads(subprocess.run(line, check=True, capture_output=True).stdout)
    print("| first sight, warm process | wall median | wall p95 | processor median | ratio |")
    print("|---|---|---|---|---|")
    whole = statistics.median(used for _, used in found["suggest"])
    for stage, pairs in found.items():
        wall, used = [w for w, _ in pairs], statistics.median(u for _, u in pairs)
        p95 = statistics.quantiles(wall, n=20)[-1]
        print(
            f"| {stage} | {statistics.median(wall):.1f} ms | {p95:.1f} ms | {used:.1f} ms | {used / whole:.2f} |"
        )


def start(folder: Path, text: str) -> None:
    """Print how long a reply takes from nothing."""
    command = [sys.executable, "-m", "suggest", "reply", text, "--kb", str(folder)]
    bare = [sys.executable, "-c", "pass"]
    cold, empty = [], []
    for _ in range(5):
        for target, line in ((cold, command), (empty, bare)):
            before = time.perf_counter()
            subprocess.run(line, check=True, capture_output=True)
            target.append(time.perf_counter() - before)
    print(f"\ncold `suggest reply`: median {statistics.median(cold):.2f} s, best {min(cold):.2f} s")
    print(f"python itself: median {statistics.median(empty):.3f} s")


if __name__ == "__main__":
    main()
