"""A generated corpus of resolved inquiries, recombined from real text; the same number gives the same entry."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SENTENCE = re.compile(r"[^。\n]{8,90}。?")


class Corpus:
    """Resolved inquiry number i: a heading and sentences of real product documentation, put together anew."""

    def __init__(self, data: Path) -> None:
        """Read headings and sentences from ``train/heading_body_ja.jsonl.gz`` under ``data``."""
        self._topics: list[tuple[str, list[str]]] = []
        with gzip.open(data / "train" / "heading_body_ja.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                sentences = _SENTENCE.findall(row["body"])
                if row["heading"] and len(sentences) >= 2:
                    self._topics.append((row["heading"], sentences))

    def row(self, number: int, version: int = 0) -> dict[str, Any]:
        """Return entry ``number`` as a source row; another ``version`` has another reply."""
        pick = random.Random(number)
        heading, own = self._topics[pick.randrange(len(self._topics))]
        _, other = self._topics[pick.randrange(len(self._topics))]
        inquiry = f"{heading}について。{pick.choice(own)}{pick.choice(other)}どうすればよいですか。"
        if version:
            pick = random.Random(number * 1_000 + version)
        reply = "".join(pick.sample(own, min(3, len(own)))) + pick.choice(other)
        return {"id": f"case-{number:07d}", "kind": "case", "inquiry": inquiry, "reply": reply}

    def question(self, number: int) -> str:
        """Return a question about the topic of entry ``number``, in other words than its inquiry."""
        heading, own = self._topics[random.Random(number).randrange(len(self._topics))]
        return f"{heading}のことで困っています。{random.Random(-number).choice(own)}"

    def rows(self, count: int, changed: int = 0) -> Iterator[dict[str, Any]]:
        """Yield ``count`` rows; every (count / changed)-th in another version, if any."""
        step = count // changed if changed else 0
        for number in range(count):
            yield self.row(number, 1 if step and number % step == 0 else 0)
