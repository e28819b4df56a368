"""Runs the tests that a policy carries: inquiries and where they must go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from suggest.errors import SettingsError
from suggest.index.models import load_embedder
from suggest.judge import Policy, load_policy
from suggest.judge.policy import PolicyTest
from suggest.records import Entry, Inquiry, Signal, entry_from_dict
from suggest.settings import Retrieval
from suggest.understand import classifier_for, likely_codes, signal_codes, understand


class PolicyResult(NamedTuple):
    """What one test came to."""

    number: int
    """Position in the file, from 1."""
    text: str
    expect: str
    got: str
    """A route, ``review`` or ``none``."""
    rules: tuple[str, ...]
    """Reason codes of the rules that applied."""

    @property
    def passed(self) -> bool:
        """Whether the policy did what the test expects."""
        return self.expect == self.got


def run_tests(path: Path | None = None) -> list[PolicyResult]:
    """Run the tests of the policy in ``path`` (None: the default policy), signals by words and by meaning.

    Raises SettingsError for a policy that cannot be used or holds no test.
    """
    policy = load_policy(path)
    unknown = sorted(policy.signals - signal_codes() - likely_codes())
    if unknown:
        raise SettingsError(f"{path}: no such signal: {', '.join(unknown)}")
    if not policy.test:
        raise SettingsError(
            f"{path}: holds no [[test]] table; add some, with text and expect (a route, review or none)"
        )
    return [_run(policy, number, test) for number, test in enumerate(policy.test, 1)]


def _run(policy: Policy, number: int, test: PolicyTest) -> PolicyResult:
    inquiry = Inquiry(
        text=test.text, channel=test.channel, tenant=test.tenant, previous_contacts=test.previous_contacts
    )
    entries: list[Entry] = []
    if test.entry is not None:
        entries.append(entry_from_dict({"id": "entry", "title": "entry"} | test.entry))
    decision = policy.apply(understand(inquiry, classify=_classify), entries)
    got = "none" if decision is None else decision.route or "review"
    rules = () if decision is None else tuple(item.code for item in decision.reasons)
    return PolicyResult(number, test.text, test.expect, got, rules)


def _classify(texts: Sequence[str]) -> list[Signal]:
    embedder = load_embedder(Retrieval())
    classifier = classifier_for(embedder.name)
    return classifier.signals(texts, embedder.embed_queries(texts)) if classifier and texts else []
