"""A worker process of :mod:`suggest.index.analysis_pool`: a task and its items in, what became of them out, a line each."""

from __future__ import annotations

import json
import sys

from suggest.index.analysis_pool import TASKS


def main() -> None:
    """Answer every line of stdin until it ends."""
    for line in sys.stdin:
        task, items = json.loads(line)
        sys.stdout.write(json.dumps([TASKS[task](item) for item in items]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
