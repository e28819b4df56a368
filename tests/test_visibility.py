"""Internal entries inform agents; no word of theirs reaches a customer."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from suggest import Inquiry, KnowledgeBase, Suggester, read_entries
from suggest.records import Entry

from .conftest import SAMPLE

MARK = "ヌ八"
FIELDS = ("title", "body", "inquiry", "reply", "point", "reason", "example", "product", "department", "url")


def internal(entry: Entry) -> Entry:
    """Return the entry as an internal one, with a mark in every sentence."""
    marked = {
        name: f"{getattr(entry, name).replace('。', f'{MARK}。')}{MARK}"
        for name in FIELDS
        if name in type(entry).model_fields and getattr(entry, name)
    }
    return entry.model_copy(update=marked | {"visibility": "internal", "tags": (*entry.tags, MARK)})


@pytest.mark.parametrize("share", [1, 2], ids=["all", "half"])
def test_internal_entries_never_become_text_for_customers(tmp_path: Path, share: int) -> None:
    entries = [
        internal(entry) if number % share == 0 else entry for number, entry in enumerate(read_entries(SAMPLE))
    ]
    hidden = {entry.id for entry in entries if entry.visibility == "internal"}
    lines = (SAMPLE / "_labelled" / "inquiries.jsonl").read_text(encoding="utf-8").splitlines()[:60]
    seen: Counter[str] = Counter()
    with KnowledgeBase.open(tmp_path, create=True) as kb:
        kb.sync(entries, adapt=False)
        suggester = Suggester(kb)
        for number, line in enumerate(lines):
            channel = ("email", "chat", "phone", "form")[number % 4]
            found = suggester.suggest(Inquiry(**json.loads(line) | {"channel": channel}))
            seen["internal evidence found"] += any(match.entry_id in hidden for match in found.matches)
            for said in [found.draft.text if found.draft else "", *found.questions]:
                assert MARK not in said
            if found.draft is not None:
                seen["drafts"] += 1
                assert not hidden & {claim.source.entry_id for claim in found.draft.claims}
            seen["ready"] += share == 1 and found.lane == "ready"
    assert seen["internal evidence found"] > len(lines) / 2
    assert seen["ready"] == 0
    assert share == 1 or seen["drafts"] > 3
