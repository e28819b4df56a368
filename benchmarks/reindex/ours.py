"""The steps of peers.py with `suggest`, on the same rows and the same finished vectors.

    python benchmarks/reindex/ours.py --texts FILE.jsonl --vectors FILE.f32 [--kills 5] [--work DIR]

Vectors come through the embedder seam, so nothing is embedded here either; analysis for the lexical leg, which the
peers do not have, is part of the times. Each step is a process of its own, its start included.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from timing import timed

from suggest import KnowledgeBase, read_entries
from suggest.index.embedding import Vectors

SECOND, THIRD = " (second)", " (third)"


class Finished:
    """Gives each text the vector that was made for it; a mark at its end makes no difference."""

    name, fingerprint = "finished", "finished"

    def __init__(self, texts: Path, vectors: Path, dimension: int) -> None:
        self.dimension = dimension
        self._vectors = np.memmap(vectors, dtype="<f4", mode="r").reshape(-1, dimension)
        self._row: dict[int, int] = {}
        with texts.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                row = json.loads(line)
                self._row[hash(_letters(_text(row)))] = number
                self._row.setdefault(hash(_letters(row["inquiry"])), number)  # what the health check asks

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return the finished vectors, shape (len(texts), dimension); zeros for a text without one."""
        made = np.zeros((len(texts), self.dimension), np.float32)
        for n, text in enumerate(texts):
            row = self._row.get(hash(_letters(text.removesuffix(SECOND).removesuffix(THIRD))))
            if row is not None:
                made[n] = self._vectors[row]
        return made

    embed_queries = embed_documents


def _text(row: dict[str, str]) -> str:
    return f"{row['inquiry']}\n{row['reply']}"


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def write(arguments: argparse.Namespace) -> None:
    """Sync a source."""
    embedder = Finished(arguments.texts, arguments.vectors, arguments.dimension)
    with KnowledgeBase.open(arguments.at, embedder=embedder) as kb:
        began = time.perf_counter()
        report = kb.sync(read_entries(arguments.write), adapt=False)
        print(json.dumps({"seconds": time.perf_counter() - began, "embedded": report.embedded}))


def look(arguments: argparse.Namespace) -> None:
    """Count, and tell how many of the edited entries stand there in the third version."""
    embedder = Finished(arguments.texts, arguments.vectors, arguments.dimension)
    began = time.perf_counter()
    with KnowledgeBase.open(arguments.look, embedder=embedder, create=False) as kb:
        opened = time.perf_counter() - began
        edited = [entry for n, entry in enumerate(kb.entries()) if n % 100 == 0]
        third = sum(entry.reply.endswith(THIRD) for entry in edited if entry.kind == "case")
        print(json.dumps({"count": len(kb), "edited": len(edited), "third": third, "opened": opened}))


def main() -> None:
    """Measure, or do one step."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--dimension", type=int, default=256)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--work", type=Path)
    for name in ("at", "write", "look"):
        parser.add_argument(f"--{name}", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write or arguments.look:
        (write if arguments.write else look)(arguments)
        return
    with tempfile.TemporaryDirectory(dir=arguments.work) as folder:
        _measure(arguments, Path(folder))


def _measure(arguments: argparse.Namespace, work: Path) -> None:
    sources = [work / f"{version}.jsonl" for version in (0, 1, 2)]
    count = 0
    with arguments.texts.open(encoding="utf-8") as lines:
        files = [source.open("w", encoding="utf-8") for source in sources]
        for count, line in enumerate(lines, 1):
            row = json.loads(line)
            for file, mark in zip(files, ("", SECOND, THIRD), strict=True):
                changed = row | ({"reply": row["reply"] + mark} if (count - 1) % 100 == 0 else {})
                file.write(json.dumps(changed, ensure_ascii=False) + "\n")
        for file in files:
            file.close()
    base = work / "base"
    print("| store | first build | unchanged | 1 % edited | on disk |\n|---|---|---|---|---|", flush=True)
    figures = []
    for source in (sources[0], sources[0], sources[1]):
        began = time.perf_counter()
        said, cost = timed(_start(arguments, "--at", base, "--write", source), began)
        figures.append(f"{cost}; {json.loads(said)['seconds']:.1f} s without its start")
    size = sum({p.stat().st_ino: p.stat().st_size for p in base.rglob("*") if p.is_file()}.values()) / 2**20
    print(f"| suggest | {' | '.join(figures)} | {size:,.0f} MiB |", flush=True)
    usual = cost.clock
    tally: Counter[str] = Counter()
    for number in range(arguments.kills):
        folder = work / "killed"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base, folder)
        process = _start(arguments, "--at", folder, "--write", sources[2])
        time.sleep(usual * (0.3 + 0.7 * random.Random(number).random()))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        done = _start(arguments, "--look", folder)
        said = json.loads(done.communicate()[0] or "{}")
        tally["opens"] += bool(said)
        tally["entries missing"] += said.get("count") != count
        tally["old and new texts mixed"] += 0 < said.get("third", 0) < said.get("edited", 0)
        tally["on the new generation"] += said.get("third") == said.get("edited")
    print(f"  suggest, kill -9 during 1 %: {dict(tally)} of {arguments.kills}", flush=True)


def _start(arguments: argparse.Namespace, *more: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--texts", arguments.texts, "--vectors", arguments.vectors]
    return subprocess.Popen(
        [*command, "--dimension", str(arguments.dimension), *more], stdout=subprocess.PIPE, text=True
    )


if __name__ == "__main__":
    main()
