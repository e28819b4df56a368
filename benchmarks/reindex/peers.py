"""Re-indexing with embedded vector stores: build, no-change re-sync, 1 % delta, kill -9.

    python benchmarks/reindex/peers.py --texts FILE.jsonl --vectors FILE.f32 [--only chroma lancedb] [--kills 10]

Runs in an environment of its own (``pip install chromadb lancedb``). ``FILE.jsonl`` holds rows of ``{id, inquiry,
reply}`` and ``FILE.f32`` their vectors, as a first sync of scale.py leaves them; so the times are those of indexing
alone, without analysis and embedding. Each store is used in the way that its documentation gives for updates.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from timing import Cost, timed

BATCH = 5_000


class Chroma:
    """A persistent collection; updates by ``upsert``."""

    def __init__(self, folder: Path) -> None:
        import chromadb

        client = chromadb.PersistentClient(str(folder))
        self.collection = client.get_or_create_collection("knowledge", metadata={"hnsw:space": "cosine"})

    def write(self, ids: list[str], texts: list[str], vectors: np.ndarray) -> None:
        """Add or replace."""
        self.collection.upsert(ids=ids, documents=texts, embeddings=vectors)

    def count(self) -> int:
        """Return how many entries there are."""
        return self.collection.count()

    def nearest(self, vector: np.ndarray) -> list[tuple[str, str]]:
        """Return ids and texts of the ten nearest."""
        found = self.collection.query(query_embeddings=[vector], n_results=10)
        return list(zip(found["ids"][0], found["documents"][0], strict=True))


class Lance:
    """A table; updates by ``merge_insert``."""

    def __init__(self, folder: Path) -> None:
        import lancedb

        self.base = lancedb.connect(str(folder))
        self.table: Any = self.base.open_table("kb") if "kb" in self.base.table_names() else None

    def write(self, ids: list[str], texts: list[str], vectors: np.ndarray) -> None:
        """Add or replace."""
        rows = [{"id": i, "text": t, "vector": v} for i, t, v in zip(ids, texts, vectors, strict=True)]
        if self.table is None:
            self.table = self.base.create_table("kb", rows)
        else:
            self.table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(
                rows
            )

    def count(self) -> int:
        """Return how many entries there are."""
        return self.table.count_rows()

    def nearest(self, vector: np.ndarray) -> list[tuple[str, str]]:
        """Return ids and texts of the ten nearest."""
        found = self.table.search(vector).distance_type("cosine").limit(10).to_list()
        return [(row["id"], row["text"]) for row in found]


SYSTEMS = {"chroma": Chroma, "lancedb": Lance}


def batches(
    arguments: argparse.Namespace, step: int, mark: str
) -> Iterator[tuple[list[str], list[str], np.ndarray]]:
    """Yield every ``step``-th entry, with ``mark`` at the end of its text."""
    vectors = np.memmap(arguments.vectors, dtype="<f4", mode="r").reshape(-1, arguments.dimension)
    ids, texts, places = [], [], []
    with arguments.texts.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number % step == 0:
                row = json.loads(line)
                ids.append(row["id"])
                texts.append(f"{row['inquiry']}\n{row['reply']}{mark}")
                places.append(number)
            if len(ids) == BATCH:
                yield ids, texts, np.asarray(vectors[places])
                ids, texts, places = [], [], []
    if ids:
        yield ids, texts, np.asarray(vectors[places])


def write(arguments: argparse.Namespace, folder: Path, step: int, mark: str) -> Cost:
    """Write in a process of its own; return what it cost."""
    began = time.perf_counter()
    return timed(_start(arguments, folder, step, mark), began)[1]


def _start(arguments: argparse.Namespace, folder: Path, step: int, mark: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, __file__, "--texts", arguments.texts, "--vectors", arguments.vectors, "--only",
         arguments.only[0], "--write", folder, "--step", str(step), "--mark", mark], text=True,
    )  # fmt: skip


def survive(arguments: argparse.Namespace, base: Path, work: Path, seconds: float) -> dict[str, int]:
    """Kill a 1 % update at random moments and look at what is left."""
    outcome = {"opens and answers": 0, "entries missing": 0, "old and new texts mixed": 0, "does not open": 0}
    for number in range(arguments.kills):
        folder = work / "killed"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base, folder)
        process = _start(arguments, folder, 100, " (third)")
        time.sleep(seconds * (0.3 + 0.7 * random.Random(number).random()))
        process.send_signal(signal.SIGKILL)
        process.wait()
        look = [sys.executable, __file__, "--texts", arguments.texts, "--vectors", arguments.vectors, "--only",
                arguments.only[0], "--look", folder]  # fmt: skip
        done = subprocess.run(look, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            outcome["does not open"] += 1
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        outcome["opens and answers"] += 1
        outcome["entries missing"] += found["count"] != found["expected"]
        outcome["old and new texts mixed"] += 0 < found["third"] < found["edited"]
    return outcome


def look(arguments: argparse.Namespace) -> None:
    """Count, and search for each of 50 edited entries."""
    system = SYSTEMS[arguments.only[0]](arguments.look)
    edited = third = total = 0
    for ids, _, vectors in batches(arguments, 100, ""):
        for entry_id, vector in list(zip(ids, vectors, strict=True))[:50]:
            said = dict(system.nearest(vector)).get(entry_id, "")
            edited, third = edited + 1, third + said.endswith("(third)")
    with arguments.texts.open(encoding="utf-8") as lines:
        total = sum(1 for _ in lines)
    print(json.dumps({"count": system.count(), "expected": total, "edited": edited, "third": third}))


def main() -> None:
    """Measure each store, or write or look for a measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--dimension", type=int, default=256)
    parser.add_argument("--only", nargs="+", default=list(SYSTEMS))
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--look", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--step", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--mark", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        system = SYSTEMS[arguments.only[0]](arguments.write)
        for batch in batches(arguments, arguments.step, arguments.mark):
            system.write(*batch)
        return
    if arguments.look:
        look(arguments)
        return
    print(
        "| store | first build | unchanged, all written again | 1 % edited | on disk |\n|---|---|---|---|---|",
        flush=True,
    )
    for name in arguments.only:
        arguments.only = [name]
        with tempfile.TemporaryDirectory(dir=arguments.work) as folder:
            base = Path(folder) / "base"
            built = write(arguments, base, 1, "")
            again = write(arguments, base, 1, "")
            delta = write(arguments, base, 100, " (second)")
            size = sum(p.stat().st_size for p in base.rglob("*") if p.is_file()) / 2**20
            print(f"| {name} | {built} | {again} | {delta} | {size:,.0f} MiB |", flush=True)
            print(
                f"  {name}, kill -9 during 1 %: {survive(arguments, base, Path(folder), delta.clock)}",
                flush=True,
            )


if __name__ == "__main__":
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
    main()
