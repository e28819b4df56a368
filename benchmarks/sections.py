"""Which part of a long article a draft quotes.

    python benchmarks/sections.py --data DIR [--split tuning]

Whole pages of product documentation (3 to 40 sections) are handed to the composer, each with the inquiries written on one
of its sections (``training/student/inquiries.tsv``, sections that no model has seen). Counted are the inquiries for which
that section is quoted at all, those whose first quoted sentence is from it, the share of the quoted characters that
are from it, and how much of it is quoted. Tuning: section numbers ending in 0; reporting: those ending in 5.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from confidence import WRITTEN, lines
from suggest import Article, Inquiry
from suggest.compose.answer import answer
from suggest.compose.wording import Wording, reader_of, trouble_of
from suggest.templates import load_templates
from suggest.understand import find_personal_data, understand

DIGITS = {"tuning": 0, "reporting": 5}
FEWEST, MOST = 3, 40
ENOUGH = 400  # characters of a section that answer most questions on it
NOISE = re.compile(r"\[!include[^\]]*\]|\[!\w+\]|^_トピックの最終更新日.*$", re.MULTILINE)


class Asked(NamedTuple):
    """An inquiry, the page that it is asked of, and where on the page the section stands that it was written on."""

    text: str
    page: Article
    start: int
    end: int


class Quoted(NamedTuple):
    """What a draft quotes: from the section, from elsewhere, and whether its first sentence is from the section."""

    inside: int
    outside: int
    first: bool
    share: float


def asked(data: Path, digit: int) -> Iterator[Asked]:
    """Yield the inquiries on sections whose number ends in ``digit``, with their pages."""
    sections = lines(data / "heading_body_ja.jsonl.gz")
    for line in WRITTEN.read_text(encoding="utf-8").splitlines():
        number, language, text = line.split("\t")
        if language == "ja" and int(number) % 10 == digit:
            found = page_of(sections, int(number))
            if found is not None:
                yield Asked(text.replace("\\n", "\n"), *found)


def page_of(sections: list[dict[str, Any]], number: int) -> tuple[Article, int, int] | None:
    """Put the page of a section together; return it and the section's place in its body."""
    title = sections[number]["title"]
    first = last = number
    while first > 0 and sections[first - 1]["title"] == title:
        first -= 1
    while last + 1 < len(sections) and sections[last + 1]["title"] == title:
        last += 1
    if not title or not FEWEST <= last - first + 1 <= MOST:
        return None
    body, start, end = "", 0, 0
    for i in range(first, last + 1):
        heading = sections[i]["heading"].replace(title, "").strip()
        text = (f"## {heading}\n\n" if heading else "") + NOISE.sub("", sections[i]["body"]).strip() + "\n\n"
        if i == number:
            start, end = len(body), len(body) + len(text)
        body += text
    return Article(id="page", title=title, body=body), start, end


def quoted(item: Asked) -> Quoted:
    """Answer an inquiry from its page."""
    understanding = understand(Inquiry(text=item.text))
    wording = Wording(
        load_templates(),
        understanding.language,
        "email",
        trouble_of(understanding),
        reader_of(understanding),
    )
    concerns = understanding.concerns
    concern = concerns[0].text if len(concerns) == 1 else item.text
    part = answer(concern, [item.page], (), wording, find_personal_data)
    spans = [
        (claim.source.start, claim.source.end)
        for line in (*part.point, *part.reason)
        for claim in line.claims
        if claim.source.kind == "entry" and claim.source.field == "body"
    ]
    held = [item.start <= start < item.end for start, _ in spans]
    inside = sum(end - start for (start, end), here in zip(spans, held, strict=True) if here)
    outside = sum(end - start for start, end in spans) - inside
    return Quoted(inside, outside, any(held[:1]), min(1.0, inside / min(item.end - item.start, ENOUGH)))


def mean(values: list[float]) -> str:
    """Return a mean with its 95 % bootstrap interval (2,000 resamples over inquiries)."""
    array = np.asarray(values)
    rng = np.random.default_rng(0)
    drawn = array[rng.integers(0, len(array), (2_000, len(array)))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{array.mean():.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    """Print the measures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with heading_body_ja.jsonl.gz")
    parser.add_argument("--split", choices=sorted(DIGITS), default="reporting")
    arguments = parser.parse_args()
    found = [quoted(item) for item in asked(arguments.data, DIGITS[arguments.split])]
    said = sum(q.inside + q.outside > 0 for q in found)
    print(f"{len(found)} inquiries ({arguments.split}), {len(found) - said} of them without an answer")
    print("the section is quoted:", mean([q.inside > 0 for q in found]))
    print("the first sentence is from it:", mean([q.first for q in found]))
    print(
        "share of the quoted characters:",
        mean([q.inside / (q.inside + q.outside) if q.inside else 0.0 for q in found]),
    )
    print(f"share of the section (of its length or {ENOUGH} characters):", mean([q.share for q in found]))
    print(f"characters quoted: {np.mean([q.inside + q.outside for q in found]):.0f}")


if __name__ == "__main__":
    main()
