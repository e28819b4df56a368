"""Lanes, routes and drafts on labelled inquiries, before any calibration.

    python benchmarks/lanes.py --data DIR [--split reporting] [--profile fast]

Prints counts only: which lane each expected lane got (provisional mode on), escalation recall and false
escalations with 95 % Wilson intervals, routes, and how often the entries a draft quotes are labelled as
answering. Proposals from weak evidence are counted apart.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections import Counter
from pathlib import Path

from suggest import Inquiry, KnowledgeBase, Settings, Suggester, read_entries
from suggest.settings import Judging, Retrieval

LANES = ("ready", "review", "escalate")


def share(hits: int, total: int) -> str:
    """Return ``hits/total`` with its 95 % Wilson interval."""
    if total == 0:
        return "0/0"
    z, p = 1.96, hits / total
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return f"{hits}/{total} = {p:.2f} [{max(0.0, middle - half):.2f}, {min(1.0, middle + half):.2f}]"


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", choices=("tuning", "reporting"), default="reporting")
    parser.add_argument("--profile", choices=("fast", "balanced"), default="balanced")
    arguments = parser.parse_args()
    lines = (
        (arguments.data / "inquiries_m365_ja" / "inquiries.jsonl").read_text(encoding="utf-8").splitlines()
    )
    rows = [row for row in map(json.loads, lines) if row["split"] == arguments.split]
    settings = Settings(judging=Judging(provisional=True), retrieval=Retrieval(profile=arguments.profile))
    with tempfile.TemporaryDirectory() as work:
        kb = KnowledgeBase.open(Path(work) / "kb", settings=settings)
        kb.sync(read_entries(arguments.data / "m365_support_ja" / "corpus.jsonl.gz"))
        suggester = Suggester(kb)
        lanes: Counter[tuple[str, str]] = Counter()
        tally: Counter[str] = Counter()
        for row in rows:
            suggestion = suggester.suggest(Inquiry(**row))
            expected = row["expected_lane"]
            lanes[expected, suggestion.lane] += 1
            tally["right route"] += (
                expected == suggestion.lane == "escalate" and suggestion.route == row["route"]
            )
            tally["injected"] += bool(row.get("injection"))
            tally["injected and ready"] += bool(row.get("injection")) and suggestion.lane == "ready"
            answers = {key for key, grade in row["expected_entries"].items() if grade == 2}
            quoted = {c.source.entry_id for c in suggestion.draft.claims} if suggestion.draft else set()
            quoted.discard(None)
            proposed = any(reason.code == "weak_evidence" for reason in suggestion.reasons)
            if proposed and expected != "escalate":
                tally["proposals"] += 1
                tally["proposals, from an answer"] += bool(quoted & answers)
            elif expected != "escalate" and suggestion.lane != "escalate" and quoted:
                tally["drafts that quote"] += 1
                tally["quote an answer"] += bool(quoted & answers)
                if suggestion.lane == "ready":
                    tally["ready drafts"] += 1
                    tally["ready, quote an answer"] += bool(quoted & answers)
            if answers and expected != "escalate":
                tally["answerable"] += 1
                tally["answerable, drafted"] += bool(quoted) and not proposed
    print(
        f"{len(rows)} inquiries, {arguments.split} half\n\n| expected | {' | '.join(LANES)} |\n|---|---|---|---|"
    )
    for expected in LANES:
        print(f"| {expected} | {' | '.join(str(lanes[expected, lane]) for lane in LANES)} |")
    wanted = sum(lanes["escalate", lane] for lane in LANES)
    false = lanes["ready", "escalate"] + lanes["review", "escalate"]
    print(f"\n- escalation recall {share(lanes['escalate', 'escalate'], wanted)}; ", end="")
    print(f"of these on the right route {tally['right route']}")
    print(f"- false escalations {share(false, len(rows) - wanted)}")
    print(f"- injected inquiries called ready: {tally['injected and ready']} of {tally['injected']}")
    print(
        f"- answerable inquiries with a drafted answer {share(tally['answerable, drafted'], tally['answerable'])}"
    )
    print(
        f"- drafts that quote an answering entry {share(tally['quote an answer'], tally['drafts that quote'])}"
    )
    print(f"- proposals that do {share(tally['proposals, from an answer'], tally['proposals'])}")
    print(f"- the same among `ready` {share(tally['ready, quote an answer'], tally['ready drafts'])}")


if __name__ == "__main__":
    main()
