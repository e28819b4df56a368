"""Labelled inquiries: what a team knows about which entries answer, and which lane would have been right."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ConfigDict, Field

from suggest.errors import CalibrationError, InvalidRecord
from suggest.pipeline import Examined, Suggester
from suggest.records import Entry, Inquiry, Lane, Record, ResolvedCase
from suggest.text import clean
from suggest.understand.masking import mask

ANSWERS = 2
"""The grade from which an entry counts as answering; 1 is merely related."""


class LabelledInquiry(Record):
    """An inquiry with what answers it. Fields that are not known here are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    inquiry: Inquiry
    expected_entries: dict[str, int] = Field(default_factory=dict)
    """Entry id → grade: 2 answers, 1 related. Empty: nothing answers."""
    expected_lane: Lane | None = None
    route: str | None = None

    @property
    def answers(self) -> frozenset[str]:
        """Ids of the entries that answer."""
        return frozenset(key for key, grade in self.expected_entries.items() if grade >= ANSWERS)


class Outcome(NamedTuple):
    """What a suggestion for a labelled inquiry came to."""

    label: LabelledInquiry
    examined: Examined
    right: bool
    """Whether ``ready`` would have been right: every concern's best evidence answers, and no other lane is meant."""
    concerns: tuple[tuple[float, bool], ...]
    """For each concern the score of its best evidence, and whether that answers."""


def read_labels(path: Path) -> list[LabelledInquiry]:
    """Read labelled inquiries (JSON Lines, plain or ``.gz``); raises CalibrationError with file and line.

    Each is an inquiry with ``expected_entries`` {id: grade} and, where known, ``expected_lane`` and ``route``.
    """
    found = [_label(path, number, values) for number, values in _objects(path)]
    if not found:
        raise CalibrationError(
            f"{path}: holds no labelled inquiry; expected JSON Lines of inquiries with labels"
        )
    return found


def masked(label: LabelledInquiry) -> LabelledInquiry:
    """Return a label without its customer's data, as it may be kept."""
    update = {"text": mask(label.inquiry.text).text, "customer_id": None}
    return label.model_copy(update={"inquiry": label.inquiry.model_copy(update=update)})


def as_line(label: LabelledInquiry) -> str:
    """Return a label as one line of the file that :func:`read_labels` reads."""
    values: dict[str, Any] = label.inquiry.model_dump(mode="json", exclude_none=True)
    values |= label.model_dump(mode="json", exclude={"inquiry"}, exclude_none=True)
    return json.dumps(values, ensure_ascii=False)


def outcome(
    suggester: Suggester, label: LabelledInquiry, *, without: frozenset[str] = frozenset()
) -> Outcome:
    """Suggest for a labelled inquiry and hold the best evidence against the label."""
    examined = suggester.examine(label.inquiry, without=without)
    answers = label.answers
    concerns = tuple(
        (best.score, bool(answers & {best.entry_id, best.answer}))
        for best in examined.best
        if best is not None
    )
    right = (
        bool(concerns)
        and len(concerns) == len(examined.best)
        and all(answered for _, answered in concerns)
        and label.expected_lane in (None, "ready")
    )
    return Outcome(label, examined, right, concerns)


def cases_of(labels: Sequence[LabelledInquiry], entries: Sequence[Entry]) -> dict[str, frozenset[str]]:
    """Return for each label's inquiry id the past cases that are that very inquiry: they must not answer it."""
    by_text: dict[str, set[str]] = {}
    for entry in entries:
        if isinstance(entry, ResolvedCase):
            by_text.setdefault(_plain(entry.inquiry), set()).add(entry.id)
    return {
        label.inquiry.id: frozenset(by_text.get(_plain(label.inquiry.text), set()) | {label.inquiry.id})
        for label in labels
    }


def _plain(text: str) -> str:
    return "".join(clean(text).split())


def _label(path: Path, number: int, values: dict[str, Any]) -> LabelledInquiry:
    try:
        fields = {key: values[key] for key in ("expected_lane", "route") if values.get(key) is not None}
        expected = values.get("expected_entries") or {}
        if not isinstance(expected, dict):
            raise InvalidRecord(f"expected_entries: expected {{entry id: grade}} (given {expected!r})")
        if "expected_entries" not in values and "expected_lane" not in values:
            raise InvalidRecord("holds neither expected_entries nor expected_lane; one of them is needed")
        return LabelledInquiry(inquiry=Inquiry(**values), expected_entries=expected, **fields)
    except (InvalidRecord, TypeError) as error:
        raise CalibrationError(f"{path}:{number}: {error}") from error


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    values = json.loads(line)
                except ValueError as error:
                    raise CalibrationError(
                        f"{path}:{number}: expected a JSON object (given {line[:60]!r})"
                    ) from error
                if not isinstance(values, dict):
                    raise CalibrationError(f"{path}:{number}: expected a JSON object (given {line[:60]!r})")
                yield number, values
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{path}: cannot be read as UTF-8 JSON Lines: {error}") from error
