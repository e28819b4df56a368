"""``suggest calibrate``: learn how often this knowledge base is right, and turn the risk dial."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from suggest.cli.options import CertaintyOption, JsonOption, KbOption, RiskOption
from suggest.cli.output import print_json
from suggest.cli.progress import sync_progress
from suggest.errors import CalibrationError

if TYPE_CHECKING:
    from suggest.index.knowledge_base import KnowledgeBase
    from suggest.judge.calibration import Calibration
    from suggest.judge.risk import Dial
    from suggest.learn import LabelledInquiry


def calibrate(
    kb: KbOption,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", metavar="FILE", help="JSONL of labelled inquiries, plain or .gz.", show_default=False
        ),
    ] = None,
    from_ledger: Annotated[
        bool,
        typer.Option("--from-ledger", help="Take reviewers' decisions as labels, beside --labels if given."),
    ] = False,
    risk: RiskOption = 0.05,
    certainty: CertaintyOption = 0.95,
    as_json: JsonOption = False,
) -> None:
    """Calibrate confidence and choose the cut for the lane 'ready'. Without labels it stays provisional."""
    from suggest.index.knowledge_base import KnowledgeBase
    from suggest.learn import calibrate as learn
    from suggest.learn import read_labels

    known = read_labels(labels) if labels is not None else []
    if from_ledger:
        known += _decided(kb)
    with KnowledgeBase.open(kb, create=False) as opened, sync_progress() as show:
        found = learn(opened, known, risk=risk, certainty=certainty, on_progress=show)
    if as_json:
        print_json(as_document(found))
        return
    for line in lines(found):
        typer.echo(line)


def _decided(kb: Path) -> list[LabelledInquiry]:
    from suggest.review import ReviewQueue

    queue = ReviewQueue.open_existing(kb) if kb.is_dir() else None
    found: list[LabelledInquiry] = []
    if queue is not None:
        with queue:
            found = list(queue.labels())
    if not found:
        raise CalibrationError(
            f"{kb}: the ledger holds no decision that could be a label; review suggestions first"
        )
    return found


def redo(opened: KnowledgeBase, show: Callable[[str, int, int | None], None]) -> list[str]:
    """Repeat a calibration that a new generation made stale; return what to say, nothing when there was none."""
    from suggest.learn import recheck

    try:
        found = recheck(opened, on_progress=show)
    except CalibrationError as error:
        sys.stderr.write(f"note: the calibration could not be redone and is stale: {error}\n")
        return []
    if found is None:
        return []
    return ["calibration redone on the new generation:", *(f"  {line}" for line in lines(found))]


def as_document(found: Calibration) -> dict[str, object]:
    """Return what ``--json`` prints."""
    values = found.model_dump(mode="json", exclude={"scoring", "link"})
    if found.dial is not None:
        cut = found.dial.cut
        values["dial"]["ready_share"] = round(found.dial.ready_share, 4)
        values["dial"]["cut_confidence"] = None if cut is None else round(found.link(cut), 4)
    return values


def lines(found: Calibration) -> list[str]:
    """Say in words what a calibration found."""
    said = [f"{found.state}, generation {found.generation}"]
    if found.own_questions:
        said.append(f"learnt from {found.own_questions} questions of the knowledge base itself")
    if found.reliability is not None:
        r = found.reliability
        kind = "labelled concerns" if found.state == "calibrated" else "own questions"
        said.append(
            f"on {r.outcomes} {kind} held back: right {r.right}, calibration error {r.ece:.3f} "
            f"(chance alone would give {r.ece_by_chance:.3f})"
            + ("" if r.auroc is None else f", AUROC {r.auroc:.3f}")
        )
    if found.dial is None:
        said.append(
            "no labels yet: nothing is called ready; label inquiries and give them with --labels, or --from-ledger"
        )
        return said
    return [*said, *_dial(found.dial, found.link(found.dial.cut) if found.dial.cut is not None else None)]


def _dial(dial: Dial, confidence: float | None) -> list[str]:
    promise = f"at most {dial.risk:.1%} of 'ready' wrong, {dial.certainty:.0%} sure"
    if confidence is not None:
        return [
            f"{promise}: ready from confidence {confidence:.2f} on",
            f"{dial.ready_share:.0%} of inquiries will be ready ({dial.ready} of {dial.labels} labelled; "
            f"{dial.wrong} of them wrong; the cut's own bound is {dial.upper_bound:.1%})",
        ]
    said = [
        f"{promise}: cannot be promised with {dial.labels} labelled inquiries "
        f"({dial.eligible} of them could be ready at all); nothing is called ready"
    ]
    if dial.labels_needed is not None:
        said.append(
            f"with about {dial.labels_needed} labelled inquiries it could, if errors stay as rare as seen"
        )
    else:
        said.append("more labels alone will not help: even the surest answers are wrong too often")
    if dial.risk_possible is not None:
        said.append(f"with these labels a risk of {dial.risk_possible:.0%} would have been possible (--risk)")
    return said
