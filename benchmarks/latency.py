"""How long one suggestion takes, and what its stages cost beside each other.

    python benchmarks/latency.py --data DIR [--runs N] [--profile balanced]

Indexes ``m365_support_ja``, then runs the tuning inquiries through each stage in turn, so that a slow
spell of the machine hits all of them. Wall and processor time; the ratio is to the whole suggestion.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from suggest import Inquiry, KnowledgeBase, Suggester, read_entries


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", choices=("fast", "balanced"), default="fast")
    arguments = parser.parse_args()
    lines = (
        (arguments.data / "inquiries_m365_ja" / "inquiries.jsonl").read_text(encoding="utf-8").splitlines()
    )
    inquiries = [Inquiry(**row) for row in map(json.loads, lines) if row["split"] == "tuning"]
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "kb"
        folder.mkdir()
        (folder / "suggest.toml").write_text(
            f"[retrieval]\nprofile = '{arguments.profile}'\n", encoding="utf-8"
        )
        kb = KnowledgeBase.open(folder)
        corpus = arguments.data / "m365_support_ja" / "corpus.jsonl.gz"
        first = kb.sync(read_entries(corpus))
        again = kb.sync(read_entries(corpus))
        print(f"first sync: {first.added} entries, {first.added / first.seconds:.0f} entries/s")
        print(
            f"unchanged sync: {again.seconds / first.seconds:.2f} of the first, {again.embedded} embedded\n"
        )
        suggester = Suggester(kb)
        stages: dict[str, Callable[[Inquiry], object]] = {
            "suggest": suggester.suggest,
            "understand": suggester.understand,
            "search": lambda inquiry: kb.search(inquiry.text),
        }
        wall: dict[str, list[float]] = {name: [] for name in stages}
        cpu: dict[str, list[float]] = {name: [] for name in stages}
        for run in range(arguments.runs + 1):
            for inquiry in inquiries:
                for name, stage in stages.items():
                    before, used = time.perf_counter(), time.process_time()
                    stage(inquiry)
                    if run:  # the first round warms up
                        wall[name].append((time.perf_counter() - before) * 1000)
                        cpu[name].append((time.process_time() - used) * 1000)
        print(
            "| warm, one inquiry | wall median | wall p95 | processor median | ratio |\n|---|---|---|---|---|"
        )
        whole = statistics.median(cpu["suggest"])
        for name in stages:
            median, p95 = statistics.median(wall[name]), statistics.quantiles(wall[name], n=20)[-1]
            used = statistics.median(cpu[name])
            print(f"| {name} | {median:.1f} ms | {p95:.1f} ms | {used:.1f} ms | {used / whole:.2f} |")
        command = [sys.executable, "-m", "suggest", "reply", inquiries[0].text, "--kb", str(folder)]
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
