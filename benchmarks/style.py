"""Hold the style lint against labelled sentences: precision and recall by rule.

    python benchmarks/style.py [--split held-out] [--show]

``tests/data/lint.jsonl`` holds sentences that break one rule or none; the rules were written against the tuning part.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from suggest import lint

LABELLED = Path(__file__).resolve().parents[1] / "tests" / "data" / "lint.jsonl"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--split", choices=("tuning", "held-out"), default="held-out")
    parser.add_argument("--show", action="store_true", help="print each sentence that was judged wrongly")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["split"] == arguments.split]
    right: Counter[str] = Counter()
    found: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    for row in rows:
        given = lint(row["text"], language=row["language"], apology_due=row.get("apology_due", False))
        rules = {finding.rule for finding in given}
        wanted.update(row["rules"])
        found.update(rules)
        right.update(rules & set(row["rules"]))
        if arguments.show and rules != set(row["rules"]):
            print(f"{row['rules']} → {sorted(rules)}: {row['text']!r}")
    clean = sum(not row["rules"] for row in rows)
    print(
        f"{len(rows)} texts, {arguments.split} part, {clean} of them right\n\n| rule | labelled | found | right |\n|---|---|---|---|"
    )
    for rule in sorted(wanted | found):
        print(f"| {rule} | {wanted[rule]} | {found[rule]} | {right[rule]} |")
    hits, given_all, wanted_all = right.total(), found.total(), wanted.total()
    print(
        f"\nprecision {hits}/{given_all} = {hits / given_all:.3f}, recall {hits}/{wanted_all} = {hits / wanted_all:.3f}"
    )


if __name__ == "__main__":
    main()
