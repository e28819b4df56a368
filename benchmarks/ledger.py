"""Hold the evidence ledger against drafts as they are and against rewrites with planted errors.

    python benchmarks/ledger.py --data DIR [--kb FOLDER] [--seed 0]

500 unmodified drafts (sample inquiries, product inquiries of the tuning half, article titles): how many hold a fact
without evidence, and how many does ``check_rewrite`` object to when nothing was changed. 300 rewrites, each
with one planted error (another number, another product, a dropped negation, another year or date, a foreign URL)
beside harmless rewording: how many are named. 200 rewrites with harmless rewording alone: how many are objected to.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from reading import SAMPLE, TODAY, opened, rows
from suggest import Inquiry, KnowledgeBase, Suggester, check_rewrite
from suggest.records import Article, Draft

HARMLESS = (  # what a colleague changes without changing a fact
    (
        "お問い合わせいただき、ありがとうございます。",
        "このたびはお問い合わせいただき、誠にありがとうございます。",
    ),
    ("ご不便をおかけしており、申し訳ございません。", "ご迷惑をおかけし、大変申し訳ございません。"),
    ("クリックします。", "クリックしてください。"),
    ("選択します。", "選択してください。"),
    ("押します。", "押してください。"),
    ("できます。", "いただけます。"),
    ("必要があります。", "必要がございます。"),
    ("ができません。", "はできません。"),
    ("お気軽にお知らせください。", "どうぞお気軽にご連絡ください。"),
    ("手順は以下のとおりです。", "次の手順でお進めください。"),
    ("何卒よろしくお願いいたします。", "どうぞよろしくお願い申し上げます。"),
    (
        "Please give these steps a try, and let us know if anything is unclear.",
        "Do try these steps and write back if in doubt.",
    ),
)
PRODUCTS = (
    "Outlook",
    "Teams",
    "SharePoint",
    "OneDrive",
    "Excel",
    "Word",
    "OneNote",
    "Exchange",
    "Windows",
    "Mac",
    "Yammer",
    "Android",
    "iPhone",
    "Visio",
    "Planner",
)
NEGATED = (
    (r"することはできません", "することができます"),
    (r"できません", "できます"),
    (r"していません", "しています"),
    (r"しておりません", "しております"),
    (r"されません", "されます"),
    (r"ありません(?!か)", "あります"),
    (r"しないでください", "してください"),
    (r"(?<=[れけべえ])ません", "ます"),
    (r"\bcannot\b", "can"),
    (r"\bdo not\b", "do"),
    (r"\bis not\b", "is"),
    (r"\bdoes not\b", "does"),
)


def reword(text: str) -> str:
    """Change what changes no fact."""
    for old, new in HARMLESS:
        text = text.replace(old, new)
    return text


def body_of(draft: Draft) -> list[tuple[int, int]]:
    """Return the stretches of the text that are quoted from entries."""
    spans = []
    for claim in draft.claims:
        if claim.source.kind == "entry":
            start = draft.text.find(claim.text)
            spans.append((start, start + len(claim.text)))
    return spans


def other_number(draft: Draft, text: str, pick: random.Random) -> str | None:
    """Change a number of the quoted text."""
    known = {
        n for claim in draft.claims if claim.source.kind == "entry" for n in re.findall(r"\d+", claim.text)
    }
    found = [
        m
        for m in re.finditer(
            r"(?<![\d.\-/A-Za-z])\d{1,5}(?=\s?(?:日|時間|分|か月|名|回|文字|桁|円|%|GB|MB|個|人|days|hours|minutes))",
            text,
        )
        if m.group() in known
    ]
    if not found:
        return None
    match = pick.choice(found)
    return (
        text[: match.start()] + str(int(match.group()) + pick.choice((1, 2, 5, 10, 30))) + text[match.end() :]
    )


def other_product(draft: Draft, text: str, pick: random.Random) -> str | None:
    """Swap a product in one place of the quoted text for another one."""
    spans = "".join(claim.text for claim in draft.claims if claim.source.kind == "entry")
    here = [name for name in PRODUCTS if re.search(rf"(?<![A-Za-z]){name}(?![A-Za-z])", spans)]
    if not here:
        return None
    match = pick.choice(list(re.finditer(rf"(?<![A-Za-z]){pick.choice(here)}(?![A-Za-z])", text)))
    other = pick.choice([name for name in PRODUCTS if name != match.group()])
    return text[: match.start()] + other + text[match.end() :]


def no_negation(draft: Draft, text: str, pick: random.Random) -> str | None:
    """Say that what cannot be done can."""
    quoted = "".join(claim.text for claim in draft.claims if claim.source.kind == "entry")
    found = [
        (match, new)
        for old, new in NEGATED
        for match in re.finditer(old, text)
        if text[max(0, match.start() - 6) : match.end()] in quoted
    ]
    if not found:
        return None
    match, new = pick.choice(found)
    return text[: match.start()] + new + text[match.end() :]


def other_year(draft: Draft, text: str, pick: random.Random) -> str | None:
    """Change a year, a version year or a date."""
    quoted = "".join(claim.text for claim in draft.claims if claim.source.kind == "entry")
    found = [
        m
        for m in re.finditer(r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,2}(?=月\d{0,2}日?)", text)
        if m.group() in quoted
    ]
    if not found:
        return None
    match = pick.choice(found)
    changed = (
        int(match.group()) + pick.choice((-1, 1)) if len(match.group()) == 4 else int(match.group()) % 12 + 1
    )
    return text[: match.start()] + str(changed) + text[match.end() :]


def foreign_url(_draft: Draft, text: str, pick: random.Random) -> str | None:
    """Put in another address, or change the one that is there."""
    found = list(re.finditer(r"https?://[^\s。、」）)]+", text))
    if found:
        match = pick.choice(found)
        return (
            text[: match.start()]
            + pick.choice(
                ("https://help.mihondesk.test/a", match.group() + "2", "https://support.example/login")
            )
            + text[match.end() :]
        )
    place = pick.choice([m.end() for m in re.finditer(r"。|\.", text)] or [len(text)])
    return text[:place] + "\n詳しくは https://support.example/login をご覧ください。" + text[place:]


PLANTS: dict[str, Callable[[Draft, str, random.Random], str | None]] = {
    "changed number": other_number,
    "swapped product": other_product,
    "dropped negation": no_negation,
    "other year or date": other_year,
    "foreign URL": foreign_url,
}


def drafts(kbs: dict[str, KnowledgeBase], data: Path, blocked: Counter[str]) -> Iterator[Draft]:
    """Yield drafts that quote an entry; count those that the ledger withheld."""
    asked: list[tuple[str, str, str]] = []
    asked += [
        ("sample", row["text"], row["channel"]) for row in rows(SAMPLE / "_labelled" / "inquiries.jsonl")
    ]
    product = rows(data / "inquiries_m365_ja" / "inquiries.jsonl")
    asked += [("m365", row["text"], row["channel"]) for row in product if row["split"] == "tuning"]
    for name in ("sample", "m365"):
        titles = [
            e.title
            for e in kbs[name].entries()
            if isinstance(e, Article) and e.title and e.visibility == "public"
        ]
        asked += [
            (name, f"{title}について教えてください", "email")
            for title in sorted(titles)[:: 1 if name == "sample" else 5]
        ]
    for name, text, channel in asked:
        suggestion = Suggester(kbs[name], today=TODAY).suggest(Inquiry(text=text, channel=channel))
        held = [reason.message for reason in suggestion.reasons if reason.code == "unsupported_fact"]
        blocked["withheld"] += bool(held)
        if held:
            print(f"withheld: {text[:60]!r}: {held[0]}")
        draft = suggestion.draft
        if draft is not None and any(claim.source.kind == "entry" for claim in draft.claims):
            yield draft


def errors(unmodified: list[Draft], pick: random.Random) -> None:
    """Plant 300 errors and print how many are named."""
    caught: Counter[str] = Counter()
    planted: Counter[str] = Counter()
    missed: list[str] = []
    each = 300 // len(PLANTS)
    for kind, plant in PLANTS.items():
        order = pick.sample(unmodified, len(unmodified))
        for draft in order * 3:
            if planted[kind] == each:
                break
            harmless = reword(draft.text)
            wrong = plant(draft, harmless, pick)
            if wrong is None or wrong == harmless:
                continue
            planted[kind] += 1
            before = {(c.change, c.kind, c.value) for c in check_rewrite(draft, harmless)}
            named = [c for c in check_rewrite(draft, wrong) if (c.change, c.kind, c.value) not in before]
            caught[kind] += bool(named)
            if not named:
                at = next((i for i, (a, b) in enumerate(zip(harmless, wrong, strict=False)) if a != b), 0)
                missed.append(
                    f"{kind}: …{harmless[max(0, at - 40) : at + 30]!r} → {wrong[max(0, at - 40) : at + 30]!r}"
                )
    print("\n| planted | errors | caught |\n|---|---|---|")
    for kind in PLANTS:
        print(f"| {kind} | {planted[kind]} | {caught[kind]} |")
    print(
        f"| all | {sum(planted.values())} | {sum(caught.values())} = {sum(caught.values()) / max(1, sum(planted.values())):.3f} |"
    )
    print("\n".join(f"missed: {line}" for line in missed[:20]))


def alarms(unmodified: list[Draft]) -> None:
    """Print how many harmless rewrites are objected to."""
    changed = [(draft, reword(draft.text)) for draft in unmodified]
    changed = [pair for pair in changed if pair[0].text != pair[1]][:200]
    started = time.perf_counter()
    judged = [(pair, check_rewrite(*pair)) for pair in changed]
    spent = (time.perf_counter() - started) / max(1, len(changed))
    false = [(pair, changes) for pair, changes in judged if changes]
    print(
        f"\n{len(changed)} rewrites with harmless rewording alone: {len(false)} objected to; {spent * 1000:.1f} ms a rewrite"
    )
    for _, changes in false[:8]:
        print("  ", [(c.change, c.kind, c.value, c.before) for c in changes[:3]])


def main() -> None:
    """Run all three."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--kb", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    pick = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as made:
        kbs = opened(arguments.kb or Path(made), arguments.data)
        blocked: Counter[str] = Counter()
        found: dict[str, Draft] = {}
        for draft in drafts(kbs, arguments.data, blocked):
            found.setdefault(draft.text, draft)
            if len(found) == 500:
                break
    unmodified = list(found.values())
    objected = sum(bool(check_rewrite(draft, draft.text)) for draft in unmodified)
    print(
        f"{len(unmodified)} unmodified drafts: {blocked['withheld']} withheld for a fact without evidence, {objected} objected to"
    )

    errors(unmodified, pick)
    alarms(unmodified)


if __name__ == "__main__":
    main()
