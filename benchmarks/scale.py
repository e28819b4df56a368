"""What a re-index costs as a knowledge base grows.

    python benchmarks/scale.py --data DIR [--steps 10000 100000 1000000] [--work DIR] [--profile fast]

For each step: a corpus of so many resolved inquiries (recombined from real text, see reindex/corpus.py) is built,
synced again unchanged, then with 1 % of its entries edited; a reader waits for the swap; questions are searched
(latency, recall of the vector leg against exact comparison, resident memory in a process of its own); and
``Suggester.suggest`` is timed while idle and while ``suggest sync`` brings in another 1 %.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from reindex.corpus import Corpus
from suggest import Inquiry, KnowledgeBase, Suggester, read_entries

QUESTIONS = 300
EXACT = 50  # of them compared with every vector


def main() -> None:
    """Run the steps, or one part of a step in this process (``--part``, used by this script itself)."""
    arguments = _arguments()
    if arguments.part:
        print(json.dumps(PARTS[arguments.part](arguments)))
        return
    print("| entries | what | figure |\n|---|---|---|", flush=True)
    for count in arguments.steps:
        work = Path(tempfile.mkdtemp(prefix="suggest-scale-", dir=arguments.work))
        try:
            _write_sources(arguments, count, work)
            _measure(arguments, count, work)
        finally:
            shutil.rmtree(work)


def _write_sources(arguments: argparse.Namespace, count: int, work: Path) -> None:
    corpus = Corpus(arguments.data)
    for version in (0, 1, 2):
        with (work / f"{version}.jsonl").open("w", encoding="utf-8") as file:
            for number in range(count):
                edited = version if number % 100 < version else 0
                file.write(json.dumps(corpus.row(number, edited), ensure_ascii=False) + "\n")


def _measure(arguments: argparse.Namespace, count: int, work: Path) -> None:
    kb, changed = work / "kb", count // 100
    kb.mkdir()
    (kb / "suggest.toml").write_text(f"[retrieval]\nprofile = '{arguments.profile}'\n", encoding="utf-8")

    def part(name: str, *more: str) -> dict[str, Any]:
        return json.loads(_start(arguments, name, work, *more).communicate()[0])

    def tell(what: str, figure: str) -> None:
        print(f"| {count:,} | {what} | {figure} |", flush=True)

    built = part("sync", "--source", "0")
    tell("first build", f"{built['seconds']:.1f} s, {count / built['seconds']:,.0f} entries/s, "
         f"peak memory {built['peak_mib']:,.0f} MiB")  # fmt: skip
    again = part("sync", "--source", "0")
    tell("unchanged sync", f"{again['seconds']:.1f} s, {again['embedded']} embedded")
    waiting = _start(arguments, "wait", work)
    waiting.stdout.readline()
    delta = part("sync", "--source", "1")
    seen = json.loads(waiting.communicate()[0])
    tell(f"1 % edited ({changed:,})", f"{delta['seconds']:.1f} s, {delta['embedded']:,} embedded")
    tell("reader on the new generation after the swap", f"{seen['opened'] - delta['swapped']:.2f} s")
    found = part("search", "--count", str(count))
    tell("search", f"p50 {found['p50']:.1f} ms, p99 {found['p99']:.1f} ms (processor p50 {found['cpu50']:.1f} ms, "
         f"p99 {found['cpu99']:.1f} ms)")  # fmt: skip
    tell(
        "recall@10 of the vector leg against exact",
        f"{found['recall']:.4f} over {found['questions']} questions",
    )
    tell("memory of a reader", f"resident {found['rss_mib']:,.0f} MiB, of it private {found['private_mib']:,.0f} MiB; "
         f"open and verified in {found['open']:.1f} s")  # fmt: skip
    idle = part("suggest", "--count", str(count), "--seconds", "20")
    busy = part("suggest", "--count", str(count), "--seconds", "600", "--source", "2")
    tell("suggest while idle", f"p50 {idle['p50']:.1f} ms, p99 {idle['p99']:.1f} ms, n={idle['n']}")
    tell("suggest during a sync", f"p50 {busy['p50']:.1f} ms, p99 {busy['p99']:.1f} ms, n={busy['n']}; "
         f"p99 ratio {busy['p99'] / idle['p99']:.2f}")  # fmt: skip
    size = sum(
        path.stat().st_size for path in {p.stat().st_ino: p for p in kb.rglob("*") if p.is_file()}.values()
    )
    tell("on disk, three generations", f"{size / 2**20:,.0f} MiB")


def _start(arguments: argparse.Namespace, name: str, work: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--part", name, "--at", str(work), "--data", str(arguments.data)]
    return subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True)


def _open(arguments: argparse.Namespace) -> KnowledgeBase:
    return KnowledgeBase.open(arguments.at / "kb")


def sync(arguments: argparse.Namespace) -> dict[str, Any]:
    """Sync one of the sources."""
    started, seen = time.perf_counter(), ["", time.perf_counter()]

    def stage(name: str, *_: int | None) -> None:
        if name != seen[0]:
            print(f"  {time.perf_counter() - started:8.1f} s  {name}", file=sys.stderr, flush=True)
            seen[0] = name

    with _open(arguments) as kb, read_entries(arguments.at / f"{arguments.source}.jsonl") as entries:
        report = kb.sync(entries, on_progress=stage)
        generation = arguments.at / "kb" / "CURRENT"
        return {
            "seconds": time.perf_counter() - started,
            "embedded": report.embedded,
            "peak_mib": _memory("VmHWM"),
            "swapped": generation.stat().st_mtime,
        }


def wait(arguments: argparse.Namespace) -> dict[str, Any]:
    """Stay on a generation, asking for a newer one, and say when it was open."""
    with _open(arguments) as kb:
        kb.search("準備")
        print("ready", flush=True)
        while not kb.refresh():
            time.sleep(0.01)
        return {"opened": time.time()}


def search(arguments: argparse.Namespace) -> dict[str, Any]:
    """Search, and hold the vector leg against exact comparison."""
    corpus = Corpus(arguments.data)
    questions = [
        corpus.question(number) for number in range(0, arguments.count, max(1, arguments.count // QUESTIONS))
    ]
    del corpus
    started = time.perf_counter()
    with _open(arguments) as kb:
        opened = time.perf_counter() - started
        for question in questions[:20]:
            kb.search(question)
        wall, cpu = [], []
        for question in questions:
            began, used = time.perf_counter(), time.process_time()
            kb.search(question)
            wall.append((time.perf_counter() - began) * 1000)
            cpu.append((time.process_time() - used) * 1000)
        rss, private = _memory("VmRSS"), _memory("RssAnon")
        leg, hits = kb._generation.vectors, 0  # type: ignore[union-attr]
        compared = questions[:EXACT]
        for query in kb.embedder.embed_queries(compared):
            expected = {row for row, _ in leg.exact(query, limit=10)}
            hits += len(expected & {row for row, _ in leg.search(query, limit=100)[:10]})
    return {
        "p50": float(np.percentile(wall, 50)), "p99": float(np.percentile(wall, 99)),
        "cpu50": float(np.percentile(cpu, 50)), "cpu99": float(np.percentile(cpu, 99)),
        "recall": hits / (10 * len(compared)), "questions": len(compared), "rss_mib": rss, "private_mib": private,
        "open": opened,
    }  # fmt: skip


def suggest(arguments: argparse.Namespace) -> dict[str, Any]:
    """Time whole suggestions for some seconds, or while another process syncs a source."""
    corpus = Corpus(arguments.data)
    questions = [
        corpus.question(number) for number in range(0, arguments.count, max(1, arguments.count // 1000))
    ]
    del corpus
    wall: list[float] = []
    with _open(arguments) as kb:
        suggester = Suggester(kb)
        for question in questions[:20]:
            suggester.suggest(Inquiry(text=question))
        line = [
            sys.executable,
            "-m",
            "suggest",
            "sync",
            arguments.at / f"{arguments.source}.jsonl",
            "--kb",
            kb.path,
        ]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        writer = subprocess.Popen(line, **quiet) if arguments.source else None
        end = time.perf_counter() + arguments.seconds
        while not wall or (time.perf_counter() < end and (writer is None or writer.poll() is None)):
            began = time.perf_counter()
            suggester.suggest(Inquiry(text=questions[len(wall) % len(questions)]))
            wall.append((time.perf_counter() - began) * 1000)
        if writer is not None and writer.wait():
            raise SystemExit(f"the sync beside ended with {writer.returncode}")
    return {"p50": float(np.percentile(wall, 50)), "p99": float(np.percentile(wall, 99)), "n": len(wall)}


PARTS = {"sync": sync, "wait": wait, "search": search, "suggest": suggest}


def _memory(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--work", type=Path, help="folder for the knowledge bases (some 8 GB at 1M)")
    parser.add_argument("--profile", default="fast")
    for name, kind in (("part", str), ("at", Path), ("source", str), ("count", int)):
        parser.add_argument(f"--{name}", type=kind, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=20, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
