"""A worker process of :mod:`suggest.index.analysis_pool`: lists of parts in, lists of terms out, a line each."""

from __future__ import annotations

import json
import sys

from suggest.index.analysis import Parts, analyse


def main() -> None:
    """Answer every line of stdin until it ends."""
    for line in sys.stdin:
        terms = [analyse(Parts(*parts)) for parts in json.loads(line)]
        sys.stdout.write(json.dumps(terms) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
