"""Escalation signals on messages in free wording (tests/data/signals.jsonl), by words and by meaning.

    python benchmarks/escalation.py [--profile fast] [--sets d]

Sets d and e were never used to change a pattern or to fit a classifier (e is by another writer); a to c chose the threshold.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from suggest import Inquiry
from suggest.evaluate.reliability import wilson
from suggest.index.models import load_embedder
from suggest.judge import load_policy
from suggest.records import Signal
from suggest.settings import Retrieval
from suggest.understand import classifier_for, understand

DATA = Path(__file__).resolve().parents[1] / "tests" / "data" / "signals.jsonl"


def share(hits: int, total: int) -> str:
    """Return ``hits/total`` with its 95 % Wilson interval."""
    low, high = wilson(hits, total)
    return f"{hits}/{total} = {hits / total:.2f} [{low:.2f}, {high:.2f}]"


def main() -> None:
    """Measure words alone, and words with meaning."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--profile", choices=("fast", "balanced"), default="balanced")
    parser.add_argument("--sets", default="abcde")
    arguments = parser.parse_args()
    embedder = load_embedder(Retrieval(profile=arguments.profile))
    classifier = classifier_for(embedder.name)
    assert classifier is not None
    policy = load_policy()
    routes = {
        code: rule.route
        for rule in policy.rule
        for code in rule.when.any_signals
        if rule.action == "escalate"
    }

    def classify(texts: Sequence[str]) -> list[Signal]:
        return classifier.signals(texts, embedder.embed_queries(texts))

    rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    print(
        "| set | signals | escalated | on the right route | harmless look-alikes escalated |\n|---|---|---|---|---|"
    )
    for name in arguments.sets:
        for means, with_meaning in (("words", None), ("words and meaning", classify)):
            caught = right = alarms = meant = harmless = 0
            for row in rows:
                if row["half"] != name:
                    continue
                decision = policy.apply(understand(Inquiry(text=row["text"]), classify=with_meaning))
                escalated = decision is not None and decision.action == "escalate"
                if row["expected"]:
                    meant += 1
                    caught += escalated
                    right += escalated and decision.route in {routes[code] for code in row["expected"]}
                else:
                    harmless += 1
                    alarms += escalated
            print(
                f"| {name} | {means}, {arguments.profile} | {share(caught, meant)} | {right} | {share(alarms, harmless)} |"
            )


if __name__ == "__main__":
    main()
