"""What becomes of a judgement when an agent chooses the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from suggest.judge.features import answer_of
from suggest.judge.messages import reason
from suggest.records import Evidence, Judgement
from suggest.text import Language


def use_chosen(
    judgement: Judgement,
    evidence: Sequence[Sequence[Evidence]],
    chosen: Mapping[int, str],
    language: Language,
    *,
    alone: bool,
) -> Judgement:
    """Let a draft use only the chosen entry of a concern, first of ``evidence[i]``.

    Of a past case also what is linked with it, such as its article, unless ``alone``.

    Nobody but the agent vouches for it, so the lane is ``review``, also where a rule said ``escalate``: whoever chooses
    evidence has decided to answer. The reasons for the rule stay.
    """
    concerns = list(judgement.concerns)
    for i in chosen:
        first, *others = evidence[i]
        answer = answer_of(first.entry)
        linked = [item.entry.id for item in others if answer_of(item.entry) == answer]
        if alone and first.entry.kind == "case":
            linked = []
        concerns[i] = concerns[i].model_copy(
            update={
                "answerable": first.entry.visibility == "public",
                "confidence": None,
                "entry_ids": (first.entry.id, *linked),
            }
        )
    said = reason("chosen_by_agent", language, ", ".join(chosen.values()))
    return judgement.model_copy(
        update={
            "lane": "review",
            "route": None if judgement.lane == "escalate" else judgement.route,
            "confidence": None,
            "concerns": tuple(concerns),
            "reasons": (*(item for item in judgement.reasons if item.code != "strong_match"), said),
            "questions": () if len(chosen) == len(concerns) else judgement.questions,
            "free": False,
        }
    )
