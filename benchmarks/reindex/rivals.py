"""Readers and competing writers in processes of their own: no torn read, one writer at a time."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from suggest import Inquiry, KnowledgeBase, Suggester
from suggest.errors import KnowledgeBaseLocked
from suggest.records import Article
from suggest.testing import HashingEmbedder

MODEL = HashingEmbedder(32)
READERS, WRITERS, COUNT = 8, 2, 40


def prove(seconds: float, readers: int = READERS, writers: int = WRITERS) -> Counter[str]:
    """Run readers and writers for so many seconds and add up what they saw."""
    tally: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="suggest-rivals-") as name:
        folder = Path(name) / "kb"
        with KnowledgeBase.open(folder, embedder=MODEL) as kb:
            kb.sync(entries(1, None))
        roles = ["read"] * readers + ["write"] * writers
        processes = [
            subprocess.Popen(
                [sys.executable, __file__, role, str(folder), str(seconds), str(number)],
                stdout=subprocess.PIPE, text=True,
            )
            for number, role in enumerate(roles)
        ]  # fmt: skip
        for process, role in zip(processes, roles, strict=True):
            said = process.communicate()[0]
            tally.update(json.loads(said) if said else {f"FAILED: a process that {role}s crashed": 1})
        with KnowledgeBase.open(folder, embedder=MODEL) as kb:
            tally["generations made"] = kb.generation
            if not kb.verify()["ok"]:
                tally["FAILED: not ok afterwards"] += 1
    return tally


def entries(version: int, inside: Path | None) -> Iterator[Article]:
    """Yield a state in which every entry says its version; ``inside`` exists while a writer is at work."""
    if inside is not None:
        inside.touch(exist_ok=False)
    for number in range(COUNT):
        body = f"第{version}版の案内です。"
        yield Article(id=f"e{number}", title=f"返品と配送の{number}", body=body)
    if inside is not None:
        time.sleep(0.02)
        inside.unlink()


def read(folder: Path, seconds: float) -> Counter[str]:
    """Ask again and again; every answer must come from one generation, and generations never go back."""
    tally: Counter[str] = Counter()
    last, version_of = 0, {}
    with KnowledgeBase.open(folder, embedder=MODEL) as kb:
        suggester = Suggester(kb)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            view = kb.pinned()
            first = [e.entry.body for e in view.retrieve("返品と配送", top=COUNT)]
            second = [e.entry.body for e in view.retrieve("案内", top=COUNT)]
            suggestion = suggester.suggest(
                Inquiry(text="返品の方法を教えてください。また、配送はいつですか。")
            )
            said = {*first, *second}
            if len(said) != 1 or len(first) != COUNT:
                tally["FAILED: torn read"] += 1
            if version_of.setdefault(view.generation, said) != said:
                tally["FAILED: a generation changed"] += 1
            if view.generation < last or suggestion.generation < view.generation:
                tally["FAILED: went back"] += 1
            tally["reads"] += 3
            tally["generations seen by readers"] += view.generation != last
            last = view.generation
    return tally


def write(folder: Path, seconds: float, number: int) -> Counter[str]:
    """Sync a new version again and again; being refused because the other is at work is right."""
    tally: Counter[str] = Counter()
    version = 2
    with KnowledgeBase.open(folder, embedder=MODEL) as kb:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                kb.sync(entries(version * 10 + number, folder.parent / "inside"))
                tally["syncs"] += 1
                version += 1
            except KnowledgeBaseLocked as error:
                tally["refused: another writer at work"] += 1
                tally["of these naming the process"] += "process" in str(error) and " on " in str(error)
                time.sleep(0.01)
            except FileExistsError:
                tally["FAILED: two writers at once"] += 1
    return tally


if __name__ == "__main__":
    role, where, how_long, which = sys.argv[1:]
    found = (
        read(Path(where), float(how_long))
        if role == "read"
        else write(Path(where), float(how_long), int(which))
    )
    print(json.dumps(found))
