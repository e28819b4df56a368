"""How long composing takes (processor time), apart from finding and judging.

    python benchmarks/composing.py --data DIR [--kb FOLDER]

The labelled entries of the 60 inquiries that are read (see reading.py) are handed to the composer; each inquiry once
with empty caches, then five times more.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from reading import TODAY, VOICE, chosen, opened, prepared
from suggest.compose import compose
from suggest.understand import find_personal_data


def main() -> None:
    """Print medians and 95th percentiles."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--kb", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        kbs = opened(arguments.kb or Path(made), arguments.data)
        ready = [prepared(kbs[name], row) for name, row in chosen(arguments.data)]
    compose(
        *ready[0], voice=VOICE, personal_data=find_personal_data, today=TODAY
    )  # loads templates and dictionary
    for label, rounds in (("first time", 1), ("again", 5)):
        spent = []
        for _ in range(rounds):
            for understanding, judgement, evidence in ready:
                started = time.process_time()
                compose(
                    understanding,
                    judgement,
                    evidence,
                    voice=VOICE,
                    personal_data=find_personal_data,
                    today=TODAY,
                )
                spent.append((time.process_time() - started) * 1000)
        spent.sort()
        print(
            f"{label}: median {statistics.median(spent):.1f} ms, p95 {spent[int(0.95 * len(spent))]:.1f} ms, {len(spent)} drafts"
        )


if __name__ == "__main__":
    main()
