"""A process that syncs, and is killed or denied the disk while it does.

Reads one JSON request a line from stdin, does each in a forked child, and answers with one JSON line. Imports are
done before the forks, so a trial costs little more than its sync.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import faiss  # noqa: F401 - loaded before the forks
import tantivy  # noqa: F401

from suggest import KnowledgeBase
from suggest.errors import KnowledgeBaseError
from suggest.index import build, maintenance, vectors
from suggest.records import Article
from suggest.testing import HashingEmbedder

SUBJECTS = "返品 配送 請求書 ログイン 契約 料金 会員 住所 予約 領収書".split()
COUNT = 40
MODEL = HashingEmbedder(32)


def entries(version: int) -> list[Article]:
    """Return a state of the sources: in each, a third of the entries is edited, and one comes and one goes."""
    return [
        Article(
            id=f"e{n}", title=f"{SUBJECTS[n % 10]}の{n}", body=sentence(n, version) * (1 if n % 8 else 200)
        )
        for n in range(version, version + COUNT)
    ]


def sentence(number: int, version: int) -> str:
    """Return what entry ``number`` says; one in eight says it so often that it has passages."""
    return f"第{edition(number, version)}版の案内です。"


def approximate(wanted: bool) -> None:
    """Search by the approximate index, or as a small knowledge base does."""
    vectors.EXACT_UP_TO = 10 if wanted else 50_000
    vectors._LISTS, vectors._EXACT_AMONG = 1, 5


def edition(number: int, version: int) -> int:
    """Return the last version at which entry ``number`` was edited."""
    return version - (version - number) % 3


def check(folder: Path, versions: list[int], near: bool) -> dict[str, Any]:
    """Open the folder, hold all that it says against the states it may be in, and say which one it is."""
    began = time.perf_counter()
    with KnowledgeBase.open(folder, embedder=MODEL) as kb:
        seconds = time.perf_counter() - began
        generation = kb._generation
        assert generation is not None
        held = {e.id: e for e, _ in kb._store.versions([int(key) for key in generation.rows.key])}  # type: ignore[union-attr]
        state = next((v for v in versions if held == {e.id: e for e in entries(v)}), None)
        wrong = [] if state is not None else ["mixed entries"]
        for entry in entries(state) if state is not None else ():
            best = kb.search(f"{entry.title}", top=COUNT)
            found = {match.entry_id: match for match in best}
            if (
                entry.id not in found
                or sentence(int(entry.id[1:]), state or 0) not in found[entry.id].snippet
            ):
                wrong.append(f"{entry.id} is not found as it is")
        said = maintenance.verify(folder)
        wrong += said["problems"]
        files = {*generation.manifest["files"]}
        wrong += [] if "passages.npz" in files else ["no passages"]
        wrong += [] if ("vectors/near.faiss" in files) == near else ["another vector leg than expected"]
    return {"version": state, "seconds": seconds, "wrong": wrong}


def sync(request: dict[str, Any], answer: int) -> None:
    """Sync a version; say when it is acknowledged."""
    library = ctypes.CDLL(None)
    folder = Path(request["folder"])
    build.REBUILD_BELOW = request.get("rebuild_below", 0)
    approximate(request.get("near", False))
    if "at" in request:
        library.fault_arm(str(folder).encode(), request["at"], request["mode"])
    try:
        with KnowledgeBase.open(folder, embedder=MODEL) as kb:
            kb.sync(entries(request["version"]))
    except KnowledgeBaseError as error:
        said: dict[str, Any] = {"refused": str(error)}
    else:
        said = {"acknowledged": True}
    if "at" in request:
        said["operations"] = int(library.fault_count())
        library.fault_arm(b"", 0, 0)
    os.write(answer, json.dumps(said).encode())


def trial(request: dict[str, Any]) -> dict[str, Any]:
    """Run one request in a child; a delay kills it after so many seconds."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            if request["do"] == "sync":
                sync(request, writing)
            else:
                near = request.get("near", False)
                approximate(near)
                said = check(Path(request["folder"]), request["versions"], near)
                os.write(writing, json.dumps(said).encode())
        except BaseException as error:
            os.write(writing, json.dumps({"crashed": f"{type(error).__name__}: {error}"}).encode())
        os._exit(0)
    os.close(writing)
    killer = None
    if "delay" in request:
        killer = threading.Timer(request["delay"], os.kill, (child, signal.SIGKILL))
        killer.start()
    with os.fdopen(reading, "rb") as stream:
        said = stream.read()
    _, status = os.waitpid(child, 0)
    if killer is not None:
        killer.cancel()
    return {"status": status, **(json.loads(said) if said else {})}


def main() -> None:
    """Answer requests until stdin ends."""
    from suggest.text import tokens

    tokens("準備")
    random.seed(0)
    for line in sys.stdin:
        print(json.dumps(trial(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
