"""Damaged files: an error that names one, or the right answer; never a wrong one, never a crash."""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from suggest import KnowledgeBase
from suggest.errors import KnowledgeBaseError, SuggestError
from suggest.index import build, generation
from suggest.records import Article
from suggest.testing import HashingEmbedder

MODEL = HashingEmbedder(32)
SUBJECTS = "返品 配送 請求書 ログイン 契約 料金 会員 住所 予約 領収書".split()
_AT_ONCE = 50  # trials in one child process
_IGNORED = ("writer.lock", ".lock")


def prove(count: int) -> Counter[str]:
    """Mutate ``count`` times, each time one file (or two, swapped) of a fresh copy; judge what a reader says."""
    tally: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="suggest-mutations-") as name:
        base = Path(name) / "base"
        expected = _make(base)
        for start in range(0, count, _AT_ONCE):
            numbers = range(start, min(count, start + _AT_ONCE))
            said = _in_child(lambda numbers=numbers: _trials(Path(name), base, expected, numbers))
            tally.update(said if said is not None else {"FAILED: the process crashed": 1})
    return tally


def _make(base: Path) -> dict[int, Any]:
    """Build a knowledge base of three generations; return the right answers of each."""
    build.REBUILD_BELOW = 0
    expected = {}
    with KnowledgeBase.open(base, embedder=MODEL) as kb:
        for version in (1, 2, 3):
            kb.sync(
                Article(
                    id=f"e{n}", title=f"{SUBJECTS[n % 10]}の{n}", body=f"第{max(1, version - n % 3)}版です。"
                )
                for n in range(30)
            )
            expected[version] = _answers(kb)
    for log in base.glob("entries.sqlite-*"):
        assert log.suffix == ".sqlite-shm" or not log.stat().st_size
        log.unlink()
    return expected


def _answers(kb: KnowledgeBase) -> Any:
    found = [
        [(m.entry_id, m.title, m.snippet, m.score) for m in kb.search(query, top=5)]
        for query in ("返品", "会員の料金")
    ]
    assert kb._generation is not None
    assert kb._store is not None
    return found, [v.entry for v in kb._store.versions([int(k) for k in kb._generation.rows.key],
                                                        [int(c) for c in kb._generation.rows.checksum])]  # fmt: skip


def _trials(work: Path, base: Path, expected: dict[int, Any], numbers: range) -> dict[str, int]:
    tally: Counter[str] = Counter()
    folder = work / "trial"
    for number in numbers:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base, folder)
        kind, touched = mutate(folder, random.Random(number))
        tally[f"mutated: {kind}"] += 1
        tally[_judge(folder, expected, touched)] += 1
    return tally


def mutate(folder: Path, pick: random.Random) -> tuple[str, list[Path]]:
    """Damage the folder; return how, and which files (for two that were swapped, both)."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.endswith(_IGNORED))
    live = [
        p for p in files if "generations/00000" not in p.as_posix() or "generations/000003" in p.as_posix()
    ]
    path = pick.choice(live if pick.random() < 0.8 else files)
    data = bytearray(path.read_bytes())
    kind = pick.choice(["bit", "byte", "cut", "zeros", "append", "remove", "empty", "swap", "swap names"])
    if kind == "bit" and data:
        data[pick.randrange(len(data))] ^= 1 << pick.randrange(8)
    elif kind == "byte" and data:
        data[pick.randrange(len(data))] = pick.randrange(256)
    elif kind == "cut" and data:
        del data[pick.randrange(len(data)) :]
    elif kind == "zeros" and data:
        start = pick.randrange(len(data))
        data[start : start + 64] = bytes(len(data[start : start + 64]))
    elif kind == "append":
        data += pick.randbytes(pick.randint(1, 64))
    elif kind == "empty":
        data.clear()
    elif kind == "remove":
        path.unlink()
        return kind, [path]
    elif kind.startswith("swap"):
        others = [p for p in files if p != path and (kind == "swap" or p.name == path.name)] or files
        other = pick.choice(others)
        theirs = other.read_bytes()
        other.unlink()
        other.write_bytes(bytes(data))
        path.unlink(missing_ok=True)
        path.write_bytes(theirs)
        return kind, [path, other]
    path.unlink()  # not in place: copies made by hard links must not change with it
    path.write_bytes(bytes(data))
    return kind, [path]


def _judge(folder: Path, expected: dict[int, Any], touched: list[Path]) -> str:
    try:
        with KnowledgeBase.open(folder, create=False, embedder=MODEL) as kb:
            number, answers = kb.generation, _answers(kb)
    except KnowledgeBaseError as error:
        named = any(path.name in str(error) for path in touched)
        removed = "holds no knowledge base yet" in str(error) or "names it" in str(error)
        return "refused, the file named" if named else (
            "refused, CURRENT gone" if removed else f"FAILED: refused, the file not named: {str(error)[:120]}"
        )  # fmt: skip
    except SuggestError as error:
        return f"FAILED: {type(error).__name__}: {str(error)[:100]}"
    except Exception as error:
        return f"FAILED: {type(error).__name__}: {str(error)[:100]}"
    if answers != expected[number]:
        return "FAILED: silently wrong answer"
    if number != 3:
        return f"an older generation, whole ({generation.CURRENT} altered to another number that is kept)"
    return "right answer (what was damaged is not used by the live generation)"


def _in_child(work: Any) -> dict[str, int] | None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            os.write(writing, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        said = stream.read()
    os.waitpid(child, 0)
    return json.loads(said) if said else None
