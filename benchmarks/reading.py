"""Write the 60 drafts that are read and graded by hand (see the rubric in README.md).

    python benchmarks/reading.py --data DIR --output FILE [--handed]

30 inquiries on product support (tuning half, the first with one question that an expert would answer), 20 on the
sample knowledge base, 10 with several questions (five of each). Each draft stands under its inquiry. With
``--handed`` the composer gets the entries labelled as answering instead of those that were found, so that what
is read is the composing alone.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from suggest import Inquiry, KnowledgeBase, Settings, Suggester, read_entries
from suggest.compose import compose
from suggest.judge.features import considered
from suggest.records import ConcernJudgement, Evidence, Judgement, Understanding
from suggest.settings import Judging, Retrieval, Voice
from suggest.understand import find_personal_data

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "sample_faq"
VOICE = Voice(company="株式会社ミホンワークス", team="サポートチーム", signature="――\nサポートチーム")
TODAY = date(2026, 6, 1)


def rows(path: Path) -> list[dict[str, Any]]:
    """Read JSON Lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def pick(all_rows: list[dict[str, Any]], kind: str, count: int, lang: str = "ja") -> list[dict[str, Any]]:
    """Return the first inquiries that an expert would answer after a glance."""
    fit = [r for r in all_rows if r["kind"] == kind and r["expected_lane"] == "ready" and r["lang"] == lang]
    return fit[:count]


def chosen(data: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield which knowledge base is asked, and the labelled inquiry."""
    product = rows(data / "inquiries_m365_ja" / "inquiries.jsonl")
    product = [row for row in product if row["split"] == "tuning"]
    sample = rows(SAMPLE / "_labelled" / "inquiries.jsonl")
    yield from (("m365", row) for row in pick(product, "single", 30))
    yield from (("sample", row) for row in pick(sample, "single", 15))
    yield from (("sample", row) for row in pick(sample, "single", 5, "en"))
    yield from (("m365", row) for row in pick(product, "multi", 5))
    yield from (("sample", row) for row in pick(sample, "multi", 5))


def alike(one: str, other: str) -> int:
    """Count the pairs of characters that two texts share."""
    pairs = [{text[i : i + 2] for i in range(len(text) - 1)} for text in (one, other)]
    return len(pairs[0] & pairs[1])


def opened(work: Path, data: Path) -> dict[str, KnowledgeBase]:
    """Open the two knowledge bases in ``work``; they are filled when they are new."""
    settings = Settings(
        judging=Judging(provisional=True), retrieval=Retrieval(profile="balanced"), voice=VOICE
    )
    found = {}
    for name, source in (("m365", data / "m365_support_ja" / "corpus.jsonl.gz"), ("sample", SAMPLE)):
        kb = found[name] = KnowledgeBase.open(work / f"kb-{name}", settings=settings)
        if len(kb) == 0:
            kb.sync(read_entries(source))
    return found


def prepared(kb: KnowledgeBase, row: dict[str, Any]) -> tuple[Understanding, Judgement, list[list[Evidence]]]:
    """Judge the entries labelled as answering to be the answer, in the order in which they are found."""
    understanding = Suggester(kb, today=TODAY).understand(Inquiry(**row))
    answers = [key for key, grade in row["expected_entries"].items() if grade == 2]
    judged, evidence = [], []
    for concern in understanding.concerns:
        labelled = answers
        parts = row.get("concerns") or []
        if parts:
            nearest = max(parts, key=lambda part: alike(part["text"], concern.text))
            labelled = [key for key, grade in nearest["expected_entries"].items() if grade == 2]
        found = kb.retrieve(concern.text, tenant="default", top=3000, per_kind=3, today=TODAY)
        kept: list[Evidence] = [item for item in considered(found) if item.entry.id in labelled]
        kept += [item for item in found if item.entry.id in labelled and item not in kept]
        evidence.append(kept)
        judged.append(
            ConcernJudgement(
                text=concern.text,
                answerable=bool(kept),
                confidence=None,
                entry_ids=tuple(item.entry.id for item in kept),
            )
        )
    judgement = Judgement(lane="ready", route=None, confidence=None, reasons=(), concerns=tuple(judged))
    return understanding, judgement, evidence


def main() -> None:
    """Write all drafts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--handed", action="store_true")
    parser.add_argument("--kb", type=Path, help="folder for the two knowledge bases (default: made anew)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        kbs = opened(arguments.kb or Path(made), arguments.data)
        out: list[str] = []
        right = total = 0
        for i, (name, row) in enumerate(chosen(arguments.data), 1):
            if arguments.handed:
                draft, _, notes = compose(
                    *prepared(kbs[name], row), voice=VOICE, personal_data=find_personal_data, today=TODAY
                )
                lane = "handed"
            else:
                found = Suggester(kbs[name], today=TODAY).suggest(Inquiry(**row))
                draft, notes, lane = found.draft, found.reasons, found.lane
            used = sorted({c.source.entry_id for c in draft.claims} - {None}) if draft else []
            answers = {key for key, grade in row["expected_entries"].items() if grade == 2}
            right += bool(answers & set(used))
            total += 1
            head = f"##### {i} {row['id']} {row['kind']} {row['channel']} lane={lane} used={used} right={bool(answers & set(used))}"
            codes = ", ".join(note.code for note in notes)
            out.append(f"{head}\n[{codes}]\n>>> {row['text']}\n----\n{draft.text if draft else 'NO DRAFT'}\n")
        arguments.output.write_text("\n".join(out), encoding="utf-8")
        print(f"{total} inquiries, {right} drafts quote an answering entry → {arguments.output}")


if __name__ == "__main__":
    main()
