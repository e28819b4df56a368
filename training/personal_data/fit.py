"""Fit the learned detector of personal data (``suggest.understand.tagger``).

    python training/personal_data/fit.py --data DIR                # src/suggest/understand/classifiers/personal_data.npz
    python training/personal_data/fit.py --data DIR --check        # what the model by itself finds in letters by writers it has not seen

It learns from letters labelled by hand (``tests/data/letters.jsonl``, not those of the split ``reporting``), each also with
other names and figures in the place of its own, from generated texts, and from articles, inquiries and messages in which the patterns' findings are the labels: these steady what is
ordinary. DIR holds the public data (``dev/``). A minute on two cores.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "benchmarks"))

from personal_texts import texts  # noqa: E402
from suggest.understand import tagger, tagger_features  # noqa: E402
from suggest.understand.personal_data import find_by_patterns  # noqa: E402
from suggest.understand.widths import fold  # noqa: E402

LETTERS = ROOT / "tests" / "data" / "letters.jsonl"
TARGET = ROOT / "src" / "suggest" / "understand" / "classifiers" / "personal_data.npz"
KINDS = {
    "employee_number": "customer_number",
    "national_id": "customer_number",
    "password": "customer_number",
    "card": "customer_number",
    "tracking_number": "order_number",
    "ip_address": "serial_number",
    "age": tagger.NOTHING,
    "card_expiry": tagger.NOTHING,
    "card_security_code": tagger.NOTHING,
}
"""Kinds with few examples are learnt as others like them; the patterns tell them apart."""
VARIANTS = 6
"""Of each letter, with other values."""
WEIGHTS = {"letters": 1 / (VARIANTS + 1), "generated": 0.3, "ordinary": 0.25}
INVERSE_PENALTY = 0.5
PARTS = 3  # of the writers, for --check
SMALLEST = 1  # of 127: weights nearer to nothing are left out


_PRIVATE = 0xE000  # characters that no letter holds keep the places of values
_CAPITALS = "ABCDEFGHKLMNPRSTUVXZ"
_SCRIPTS = {"kanji": "[一-龥]", "katakana": "[ァ-ヶ]"}


class Labelled(NamedTuple):
    """A text and its personal data: (kind, value)."""

    writer: str
    text: str
    values: tuple[tuple[str, str], ...]


def letters() -> Iterator[Labelled]:
    """Yield the letters that may be learnt from."""
    for line in LETTERS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["split"] != "reporting":
            yield Labelled(row["writer"], row["text"], tuple((p["type"], p["text"]) for p in row["pii"]))


def varied(given: Sequence[Labelled], count: int) -> Iterator[Labelled]:
    """Yield each letter ``count`` times with others' names and with other figures."""
    rng = random.Random(1)
    names: dict[str, list[str]] = {}
    for letter in given:
        for kind, value in letter.values:
            if kind == "name":
                names.setdefault(_script(value), []).append(value)
    for letter in given:
        for _ in range(count):
            text, values = letter.text, []
            ordered = sorted(set(letter.values), key=lambda item: (-len(item[1]), item))
            for place, (_, value) in enumerate(ordered):
                text = text.replace(value, chr(_PRIVATE + place))
            for place, (kind, value) in enumerate(ordered):
                other = rng.choice(names[_script(value)]) if kind == "name" else _other(kind, value, rng)
                text = text.replace(chr(_PRIVATE + place), other)
                values.append((kind, other))
            yield Labelled(letter.writer, text, tuple(values))


def _script(name: str) -> str:
    if name.isascii():
        return f"Latin {name.isupper()} {min(3, len(name.split()))}"
    kind = next((k for k, p in _SCRIPTS.items() if re.search(p, name)), "hiragana")
    of_parts = len(name) >= 4 or any(mark in name for mark in " ・\u3000")
    return f"{kind} {of_parts}"


def _other(kind: str, value: str, rng: random.Random) -> str:
    """Return a value of the same form."""
    if kind in ("address", "email"):
        return re.sub("[0-9]", lambda _: str(rng.randint(0, 9)), value)
    value = re.sub("[1-9]", lambda _: str(rng.randint(1, 9)), value)
    return re.sub("[A-Z]", lambda _: rng.choice(_CAPITALS), value) if re.search("[0-9]", value) else value


def generated(count: int) -> Iterator[Labelled]:
    """Yield texts made from forms; of another seed than those that ``benchmarks/personal_data.py`` measures."""
    for made in texts("tuning", count, seed=3):
        yield Labelled(
            "generated", made.text, tuple((v.type, made.text[v.start : v.end]) for v in made.labels)
        )


def ordinary(data: Path) -> Iterator[Labelled]:
    """Yield everyday texts, labelled by the patterns."""
    rng = random.Random(0)
    with gzip.open(data / "dev" / "m365_support_ja" / "corpus.jsonl.gz", "rt", encoding="utf-8") as file:
        found = rng.sample([json.loads(line)["body"][:600] for line in file], 250)
    lines = (ROOT / "training" / "student" / "inquiries.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    written = [text.replace("\\n", "\n") for number, _, text in rows if int(number) % 10 not in (0, 5)]
    found += rng.sample(written, 700)
    for path in sorted((ROOT / "training" / "judge" / "escalation").glob("harmless_*.txt")):
        messages = path.read_text(encoding="utf-8").splitlines()
        found += rng.sample(messages, min(150, len(messages)))
    for text in found:
        folded = fold(text).text
        spans = find_by_patterns(folded)
        yield Labelled("ordinary", folded, tuple((kind, folded[start:end]) for kind, start, end in spans))


def examples(given: Iterable[Labelled]) -> tuple[csr_matrix, list[str], list[float]]:
    """Return features, classes and weights of the words of ``given``."""
    rows: list[np.ndarray] = []
    classes: list[str] = []
    weights: list[float] = []
    for writer, raw, values in given:
        text = fold(raw).text
        words = tagger_features.words_in(text)
        if not words:
            continue
        rows.append(tagger_features.buckets(text, words))
        spans = [
            (KINDS.get(kind, kind), at, at + len(value))
            for kind, value in ((kind, fold(value).text) for kind, value in values)
            for at in _places(text, value)
        ]
        for word in words:
            classes.append(next((k for k, a, b in spans if word.start < b and a < word.end), tagger.NOTHING))
            weights.append(WEIGHTS.get(writer, WEIGHTS["letters"]))
    found = np.concatenate(rows)
    indptr = np.arange(len(found) + 1) * found.shape[1]
    matrix = csr_matrix(
        (np.ones(found.size, np.float32), found.ravel(), indptr), shape=(len(found), tagger_features.BUCKETS)
    )
    matrix.sum_duplicates()
    return matrix, classes, weights


def _places(text: str, value: str) -> Iterator[int]:
    at = text.find(value)
    while at >= 0 and value:
        yield at
        at = text.find(value, at + 1)


def fitted(given: Iterable[Labelled]) -> dict[str, np.ndarray]:
    """Return what the package keeps: rounded weights of the buckets that matter."""
    matrix, classes, weights = examples(given)
    seen = np.flatnonzero(np.bincount(matrix.indices, minlength=tagger_features.BUCKETS) >= 2)
    seen = seen[seen > 0]
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=300)
    model.fit(matrix[:, seen], classes, sample_weight=weights)
    largest = float(np.abs(model.coef_).max())
    rounded = np.rint(model.coef_.T / largest * 127).astype(np.int8)
    kept = np.abs(rounded).max(axis=1) >= SMALLEST
    return {
        "buckets": seen[kept].astype(np.uint32),
        "weights": rounded[kept],
        "scale": np.float32(largest / 127),
        "bias": model.intercept_.astype(np.float32),
        "classes": np.array(model.classes_),
    }


def check(own: Sequence[Labelled], others: Sequence[Labelled]) -> None:
    """Print what the model by itself finds in the letters of each third of the writers, having learnt from the rest."""
    writers = sorted({letter.writer for letter in own})
    found, planted = Counter[str](), Counter[str]()
    right = spans = 0
    for part in range(PARTS):
        out = set(writers[part::PARTS])
        learnt = [letter for letter in own if letter.writer not in out]
        weights = tagger.Weights.of(fitted([*learnt, *varied(learnt, VARIANTS), *others]))
        for letter in (letter for letter in own if letter.writer in out):
            text = fold(letter.text).text
            seen = list(tagger.find_by_model(text, weights=weights))
            covered = {i for _, start, end in seen for i in range(start, end)}
            values = [
                (at, at + len(v)) for v in (fold(v).text for _, v in letter.values) for at in _places(text, v)
            ]
            personal = {i for start, end in values for i in range(start, end)}
            planted[letter.writer] += len(values)
            found[letter.writer] += sum(
                all(i in covered for i in range(start, end) if text[i].isalnum()) for start, end in values
            )
            spans += len(seen)
            right += sum(
                2 * sum(i in personal for i in range(start, end)) > end - start for _, start, end in seen
            )
    for writer in writers:
        print(f"{writer}: {found[writer]}/{planted[writer]} = {found[writer] / planted[writer]:.2f}")
    total = planted.total()
    print(
        f"found {found.total()}/{total} = {found.total() / total:.3f}, right {right}/{spans} = {right / spans:.3f}"
    )


def main() -> None:
    """Fit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    own = list(letters())
    others = [*generated(300), *ordinary(arguments.data)]
    if arguments.check:
        check(own, others)
        return
    learnt = [*own, *varied(own, VARIANTS), *others]
    kept = fitted(learnt)
    np.savez_compressed(TARGET, **kept)
    size = TARGET.stat().st_size / 1e6
    print(f"{len(learnt)} texts, {len(kept['buckets'])} weights, {size:.1f} MB: {TARGET.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
