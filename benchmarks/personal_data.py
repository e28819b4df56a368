"""Personal data: what is found, what is masked too much, and whether anything of past cases reaches a draft.

    python benchmarks/personal_data.py texts --split held_out            # 500 generated texts
    python benchmarks/personal_data.py inquiries DIR --split reporting   # labelled inquiries, see benchmarks/README.md
    python benchmarks/personal_data.py letters --split reporting         # tests/data/letters.jsonl, by writers who knew no pattern
    python benchmarks/personal_data.py canaries                          # 200 cases with planted values, 2,000 drafts
    python benchmarks/personal_data.py speed                             # sync with and without masking

A value counts as found when every letter and digit of it is covered, whatever the type; "as its type" asks for the type
too. A span counts as right when most of it is a planted value.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from personal_texts import Label, Text, texts
from suggest import Inquiry, KnowledgeBase, ResolvedCase, Suggester, read_entries
from suggest.evaluate.reliability import wilson
from suggest.index.analysis import parts_of_case
from suggest.index.analysis_pool import AnalysisPool, PreparedCase
from suggest.settings import Judging, Retrieval, Settings
from suggest.understand.masking import MaskedCase
from suggest.understand.personal_data import find_personal_data
from suggest.understand.placeholders import has_placeholder

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "sample_faq"
LETTERS = ROOT / "tests" / "data" / "letters.jsonl"
SEEDS = {"tuning": 1, "held_out": 2}
ALIASES = {"card_number": "card"}


class Count(NamedTuple):
    """What was found in some texts."""

    planted: Counter[str]
    found: Counter[str]
    typed: Counter[str]
    spans: Counter[str]
    right: Counter[str]
    missed: list[tuple[str, str, str]]
    wrong: list[tuple[str, str, str]]


def count(given: Iterable[Text], *, strict: bool = False) -> Count:
    """Hold what is found against what was planted; ``strict`` as drafts look at past cases."""
    made = Count(Counter(), Counter(), Counter(), Counter(), Counter(), [], [])
    for text, _, labels in given:
        spans = find_personal_data(text, strict=strict)
        covered = {i: s.type for s in spans for i in range(s.start, s.end)}
        planted = {i for label in labels for i in range(label.start, label.end)}
        for kind, start, end in labels:
            made.planted[kind] += 1
            types = {covered.get(i) for i in range(start, end) if text[i].isalnum()}
            made.found[kind] += None not in types
            made.typed[kind] += types == {kind}
            if None in types:
                made.missed.append((kind, text[start:end], text))
        for span in spans:
            letters = [i for i in range(span.start, span.end) if text[i].isalnum()]
            made.spans[span.type] += 1
            if 2 * sum(i in planted for i in letters) > len(letters):
                made.right[span.type] += 1
            else:
                made.wrong.append((span.type, text[span.start : span.end], text))
    return made


def share(hits: int, total: int) -> str:
    """Return ``hits/total`` with its 95 % Wilson interval."""
    if not total:
        return "–"
    low, high = wilson(hits, total)
    return f"{hits}/{total} = {hits / total:.3f} [{low:.3f}, {high:.3f}]"


def report(made: Count, *, show: bool) -> None:
    """Print the table; ``show`` also prints what was missed and what was wrongly found."""
    print("| type | recall | as its type | precision |\n|---|---|---|---|")
    for kind in [*sorted(made.planted.keys() | made.spans.keys()), "all"]:
        of = [sum(c.values()) if kind == "all" else c[kind] for c in made[:5]]
        print(f"| {kind} | {share(of[1], of[0])} | {share(of[2], of[0])} | {share(of[4], of[3])} |")
    if show:
        for title, items in (("missed", made.missed), ("wrong", made.wrong)):
            for kind, value, text in items:
                print(f"--- {title} {kind}: {value!r} in {text!r}")


def labelled(path: Path, split: str) -> list[Text]:
    """Read labelled texts; every place where a labelled value stands is a label."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["split"] != split:
            continue
        text, labels = row["text"], []
        for item in row.get("pii", ()):
            at = text.find(item["text"])
            while at >= 0:
                kind = ALIASES.get(item["type"], item["type"])
                labels.append(Label(kind, at, at + len(item["text"])))
                at = text.find(item["text"], at + 1)
        longest = [
            a for a in labels if not any(b.start <= a.start and a.end <= b.end and b != a for b in labels)
        ]
        found.append(Text(text, row["lang"], tuple(dict.fromkeys(longest))))
    return found


def planted_cases(count: int) -> tuple[list[ResolvedCase], list[str]]:
    """Return sample cases with another customer's data written into inquiry and reply, and the values planted."""
    rows = [e for e in read_entries(SAMPLE / "cases.jsonl") if e.kind == "case"]
    cases, values = [], []
    for n, made in enumerate(texts("held_out", count, seed=11)):
        base = rows[n % len(rows)]
        own = [made.text[label.start : label.end] for label in made.labels]
        called = f"{own[0]}様\n" if made.language == "ja" and own and made.labels[0].type == "name" else ""
        told = "".join(line + "\n" for line in made.text.splitlines() if any(value in line for value in own))
        reply = f"{called}{base.reply}\n{told}"
        inquiry = f"{made.text}\n{base.inquiry}"
        cases.append(base.model_copy(update={"id": f"planted-{n}", "inquiry": inquiry, "reply": reply}))
        values += own
    return cases, sorted({value for value in values if len(value) > 1})


def canaries(drafts: int) -> None:
    """Plant values in 200 past cases, sync, and look for them in the folder and in what the library says."""
    cases, values = planted_cases(200)
    others = list(read_entries(SAMPLE))
    asked = [e.inquiry for e in others if e.kind == "case"]
    asked += [
        json.loads(line)["text"] for line in (SAMPLE / "_labelled" / "inquiries.jsonl").open(encoding="utf-8")
    ]
    openings = texts("tuning", drafts, seed=12)
    with tempfile.TemporaryDirectory() as folder, KnowledgeBase.open(folder) as kb:
        report = kb.sync([*others, *cases])
        print(f"{len(cases)} cases with {len(values)} different values; masked: {report.masked}")
        ours = "\n".join(f"{e.title}\n{e.body}" for e in others if e.kind == "faq")
        foreign = [value for value in values if value not in ours]
        data = b"".join(path.read_bytes() for path in Path(folder).rglob("*") if path.is_file())
        left = [value for value in foreign if value.encode() in data]
        print(
            f"in the files of the knowledge base: {share(len(left), len(foreign))} (values of articles left out)"
        )
        by_type = Counter(kind_of(value) for value in left)
        print(f"  of these: {dict(by_type)}")
        settings = Settings(judging=Judging(provisional=True))
        kb.settings = settings
        suggester = Suggester(kb)
        leaked = {"draft": 0, "matches": 0, "handoff and reasons": 0}
        written = quoting = 0
        for n in range(drafts):
            text = f"{openings[n].text.splitlines()[0]}\n{asked[n % len(asked)]}"
            found = suggester.suggest(Inquiry(text=text))
            said = {
                "draft": found.draft.text if found.draft else "",
                "matches": " ".join(f"{m.title} {m.snippet}" for m in found.matches if m.kind == "case"),
                "handoff and reasons": f"{found.handoff or ''} {' '.join(f'{r.message} {r.evidence}' for r in found.reasons)}",
            }
            written += found.draft is not None
            quoting += found.draft is not None and any(
                (claim.source.entry_id or "").startswith("planted") for claim in found.draft.claims
            )
            for place, shown in said.items():
                leaked[place] += any(value in shown and value not in text for value in foreign)
            assert not has_placeholder(said["draft"]), found.draft
        print(
            f"{written} drafts to {drafts} inquiries, {quoting} of them quote a planted case; with a planted value: {leaked}"
        )


def kind_of(value: str) -> str:
    """Return the type of a planted value."""
    made = texts("held_out", 200, seed=11)
    return next(
        label.type for text in made for label in text.labels if text.text[label.start : label.end] == value
    )


def speed(count: int) -> None:
    """Sync ``count`` cases with and without masking, in turn, twice each; processor time, workers included."""
    made = texts("tuning", count, seed=13)
    cases = [
        ResolvedCase(
            id=f"c{n}", inquiry=text.text, reply=f"{made[-n].text}\n{n}番の手順で直ります。", lang="ja"
        )
        for n, text in enumerate(made)
    ]
    fast = Settings(retrieval=Retrieval(profile="fast"))  # embedding would drown the rest
    untouched = mock.patch.object(AnalysisPool, "prepare", _only_analysed)
    seconds: dict[str, list[float]] = {"with": [], "without": []}
    for turn in range(4):
        how = ("without", "with")[turn % 2]
        with (
            nullcontext() if how == "with" else untouched,
            tempfile.TemporaryDirectory() as folder,
            KnowledgeBase.open(folder, settings=fast) as kb,
        ):
            seconds[how].append(_processor_time(lambda: kb.sync(cases, adapt=False)))
            again = _processor_time(lambda: kb.sync(cases, adapt=False))
            print(
                f"{how} masking: {1000 * seconds[how][-1] / count:.2f} ms an entry, {1000 * again / count:.2f} unchanged"
            )
    print(f"ratio of processor time with to without: {min(seconds['with']) / min(seconds['without']):.2f}")


def _only_analysed(pool: AnalysisPool, cases: Sequence[ResolvedCase]) -> list[PreparedCase]:
    """Do what ``AnalysisPool.prepare`` does, without masking."""
    terms = pool([parts_of_case(case.inquiry, case.reply, case.product, case.tags) for case in cases])
    return [PreparedCase(MaskedCase(case, Counter()), t) for case, t in zip(cases, terms, strict=True)]


def _processor_time(do: Callable[[], object]) -> float:
    before = os.times()
    do()
    after = os.times()
    return sum(after[:4]) - sum(before[:4])


def found(arguments: argparse.Namespace) -> None:
    """Count what is found in generated texts or labelled inquiries."""
    show = getattr(arguments, "show", False) and arguments.split == "tuning"
    begun = time.perf_counter()
    if arguments.measure == "texts":
        given = texts(arguments.split, arguments.count, seed=SEEDS[arguments.split])
    else:
        path = arguments.folder / "inquiries.jsonl" if arguments.measure == "inquiries" else LETTERS
        given = labelled(path, arguments.split)
    report(count(given, strict=arguments.strict), show=show)
    print(f"\n{len(given)} texts of the split {arguments.split!r}, {time.perf_counter() - begun:.1f} s")


def main() -> None:
    """Run one of the measures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    measures = parser.add_subparsers(dest="measure", required=True)
    generated = measures.add_parser("texts")
    generated.add_argument("--split", choices=SEEDS, default="held_out")
    generated.add_argument("--count", type=int, default=500)
    inquiries = measures.add_parser("inquiries")
    inquiries.add_argument("folder", type=Path)
    letters = measures.add_parser("letters")
    for each in (inquiries, letters):
        each.add_argument("--split", choices=("tuning", "reporting"), default="reporting")
    for each in (generated, inquiries, letters):
        each.add_argument("--strict", action="store_true", help="as drafts look at past cases")
        each.add_argument("--show", action="store_true", help="print what went wrong (tuning only)")
    planted = measures.add_parser("canaries")
    planted.add_argument("--drafts", type=int, default=2_000)
    timed = measures.add_parser("speed")
    timed.add_argument("--entries", type=int, default=10_000)
    arguments = parser.parse_args()
    if arguments.measure == "canaries":
        canaries(arguments.drafts)
    elif arguments.measure == "speed":
        speed(arguments.entries)
    else:
        found(arguments)


if __name__ == "__main__":
    main()
