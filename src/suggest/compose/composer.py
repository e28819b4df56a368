"""Draft, holding reply or nothing: what is proposed for one judged inquiry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from suggest.compose.answer import answer
from suggest.compose.blanks import QUOTED, blank_part, heading_of, mark_as_proposal
from suggest.compose.examples import Detector
from suggest.compose.handoff import hand_off
from suggest.compose.ledger import unsupported
from suggest.compose.part import Part
from suggest.compose.quoting import Line
from suggest.compose.relevance import Relevance, similarity
from suggest.compose.reply import draft_of, explained, opening_of, signature_of
from suggest.compose.style import lint
from suggest.compose.usable import Usable, sort_out
from suggest.compose.wording import Wording, asks_leave, asks_more, asks_when, reader_of, says_no, trouble_of
from suggest.records import (
    Article,
    Draft,
    Evidence,
    Handoff,
    Judgement,
    Reason,
    ResolvedCase,
    Understanding,
)
from suggest.settings import Voice
from suggest.templates import Templates, load_templates
from suggest.understand.writer import writer_of

_FURTHER = 3  # articles that are looked at for the second matter of a concern
_RELATED = 0.3
_CLAUSE = re.compile(r"[。、？！?!,\n]|(?<=[.]) ")
_GRIEVANCE = re.compile(r"complain|anger|angry|grievance|claim")


def compose(
    understanding: Understanding,
    judgement: Judgement,
    evidence: Sequence[Sequence[Evidence]],
    *,
    voice: Voice,
    personal_data: Detector,
    today: date,
    templates: Templates | None = None,
) -> tuple[Draft | None, Handoff | None, tuple[Reason, ...]]:
    """Compose the reply to one inquiry.

    ``evidence[i]`` are the candidates for ``judgement.concerns[i]``, best first; of these only the
    concern's ``entry_ids`` are used. ``personal_data`` finds personal data in a text. Returns the draft
    (an answer, questions back, or for ``escalate`` a holding reply), the note to the next person, and what
    the agent should know about the draft or its absence.
    """
    wording = Wording(
        templates or load_templates(),
        understanding.language,
        understanding.inquiry.channel,
        trouble_of(understanding),
        reader_of(understanding),
    )
    if judgement.lane == "escalate":
        handoff = hand_off(understanding, judgement, evidence, wording)
        draft, reasons = _checked(
            _holding(understanding, judgement, wording, voice),
            [],
            understanding,
            voice,
            wording,
            apology_due=False,  # the route decides on it: an apology may admit a fault
        )
        return draft, handoff, tuple(reasons)
    notes: list[Reason] = []
    groups = sort_out(judgement, evidence, wording, today, notes)
    parts = _parts(groups, judgement, wording, personal_data, understanding, notes)
    if not any(part.used for part in parts) and not _is_frame(parts):
        parts = []
        if not judgement.questions:
            notes += _nothing(judgement, notes, wording)
            return None, None, tuple(notes)
    used = [entry for part in parts for entry in part.used]
    guarded = next((entry.id for entry in used if entry.requires_identity_check), None)
    if guarded:
        notes.append(wording.reason("identity_check", entry=guarded))
    for part in parts:
        notes += part.notes
        if len(parts) == 1:
            part.heading = ()
    steps = any(part.has_steps for part in parts)
    opening = opening_of(
        wording,
        voice,
        customer=writer_of(understanding),
        identity=guarded is not None,
        several=len(parts) > 1,
        steps=steps,
    )
    for part in parts:
        part.point += explained(part.said, voice, wording)
        part.references += wording.say("check_back") if part.has_steps else ()
    shown = [*parts]
    if judgement.questions:
        shown.append(Part(point=_questions(judgement, wording, also=bool(parts))))
    closing = [*_cited_once(parts, wording), *_closing(parts, judgement, wording)]
    draft = draft_of(wording, opening, shown, closing, signature_of(wording, voice))
    checked, reasons = _checked(
        draft,
        [*used, *(entry for part in parts for entry in part.consulted)],
        understanding,
        voice,
        wording,
        [i for c in judgement.concerns for i in c.entry_ids],
        apology_due=wording.trouble == "failure",
    )
    unique = {(reason.code, reason.evidence): reason for reason in [*notes, *reasons]}
    return checked, None, tuple(unique.values())


def _parts(
    groups: Sequence[Usable],
    judgement: Judgement,
    wording: Wording,
    personal_data: Detector,
    understanding: Understanding,
    notes: list[Reason],
) -> list[Part]:
    parts: list[Part] = []
    seen: list[str] = []
    for group in groups:
        part = None
        proposed = group.weak and len(groups) == 1 and not judgement.questions
        if group.answerable or proposed:
            part = _answered(group, wording, personal_data, seen, headed=len(groups) > 1)
            if proposed and part.used:
                mark_as_proposal(part, wording)
            if not part.used:
                notes += part.notes
                group.named += [article.id for article in group.articles]
                part = None
        if part is None and judgement.questions and not group.answerable:
            continue  # the questions back stand for it
        led = any(earlier.blank for earlier in parts)
        parts.append(part or blank_part(group, wording, personal_data, understanding, led=led))
        if part is not None and not part.heading:
            part.heading = heading_of(group, wording, personal_data, understanding, "heading_neutral")
        seen += parts[-1].said
        alone = len(groups) == 1 and not group.weak
        further = _second_matter(group, part, wording, personal_data, seen) if alone else None
        if part is not None and further is None and _leaves_second_matter(group, part):
            part.notes.append(wording.reason("second_question"))
        if further is not None:
            first = _answered(group, wording, personal_data, (), headed=True)
            parts = [further, first] if _asked_before(group.concern, further, first) else [first, further]
            seen += further.said
    if any(part.blank for part in parts) and (any(part.used for part in parts) or _is_frame(parts)):
        notes.append(wording.reason("agent_blank"))
    return parts


def _answered(
    group: Usable, wording: Wording, personal_data: Detector, seen: Sequence[str], *, headed: bool
) -> Part:
    return answer(
        group.concern,
        group.articles,
        group.cases,
        wording,
        personal_data,
        seen,
        headed=headed,
        asked=group.asked,
    )


def _is_frame(parts: Sequence[Part]) -> bool:
    """Tell whether nothing may be quoted, but for every question it is known what to read."""
    return bool(parts) and all(part.blank and part.consulted for part in parts)


def _second_matter(
    group: Usable, part: Part | None, wording: Wording, personal_data: Detector, seen: Sequence[str]
) -> Part | None:
    """Answer what one concern asks besides, from the next article on the same matter."""
    if part is None or not _leaves_second_matter(group, part):
        return None
    first = next((entry for entry in part.used if isinstance(entry, Article)), None)
    if first is None:
        return None
    near = Relevance(group.concern, [article.title for article in group.articles])
    for article in group.articles[:_FURTHER]:
        related = max(similarity(article.title, first.title), near.share(article.title))
        if article.id != first.id and related >= _RELATED:
            found = answer(group.concern, [article], (), wording, personal_data, seen, headed=True)
            if found.used and not found.example:
                return found
    return None


def _asked_before(concern: str, one: Part, other: Part) -> bool:
    """Tell whether the customer asks for what ``one`` answers before what ``other`` answers: where each is nearer than the other."""
    clauses = [clause for clause in _CLAUSE.split(concern) if clause.strip()]
    titles = ["".join(line.text for line in part.heading) for part in (one, other)]
    nearness = [[Relevance(clause, titles).nearness(title) for clause in clauses] for title in titles]
    ahead = [mine - theirs for mine, theirs in zip(*nearness, strict=True)]
    return ahead.index(max(ahead)) < ahead.index(min(ahead))


def _leaves_second_matter(group: Usable, part: Part) -> bool:
    """Tell whether a concern asks two things of which one article may say only one; how and until when it says both."""
    return asks_more(group.concern) and not (part.has_steps and asks_when(group.concern))


def _questions(judgement: Judgement, wording: Wording, *, also: bool) -> list[Line]:
    if not judgement.questions:
        return []
    asked = [wording.question(question) for question in judgement.questions]
    return [*wording.say("ask_also" if also else "ask"), *asked]


def _closing(parts: Sequence[Part], judgement: Judgement, wording: Wording) -> list[Line]:
    if judgement.questions:
        name = "close_ask"
    elif any(part.has_steps for part in parts):
        name = "close_steps_trouble" if wording.trouble == "failure" else "close_steps_how"
    else:
        name = "close_facts_trouble" if wording.trouble == "failure" else "close_facts"
    if wording.reader == "beginner" and name in ("close_steps_trouble", "close_steps_how"):
        name = "close_steps_beginner"
    cushion = wording.say("close_refusal") if name == "close_facts" and _refuses(parts, judgement) else ()
    return [*cushion, *wording.say(name), *wording.say("farewell")]


def _cited_once(parts: Sequence[Part], wording: Wording) -> tuple[Line, ...]:
    """Cite the articles of several parts in one sentence instead of one in each."""
    cited = [part for part in parts if any(_is_citation(line) for line in part.reason)]
    if len(cited) < 2:
        return ()
    for part in cited:
        part.reason = [line for line in part.reason if not _is_citation(line)]
    return wording.say("citation_several")


def _is_citation(line: Line) -> bool:
    return (line.claims[0].source.template or "").endswith("/citation_named")


def _refuses(parts: Sequence[Part], judgement: Judgement) -> bool:
    """Tell whether the customer wants something that the only answer says is not possible."""
    if len(parts) != 1 or not parts[0].point:
        return False
    first = parts[0].point[0]
    said = first.claims[0]
    return (
        said.source.kind == "entry"
        and says_no(said.text)
        and any(asks_leave(concern.text) for concern in judgement.concerns)
    )


def _holding(understanding: Understanding, judgement: Judgement, wording: Wording, voice: Voice) -> Draft:
    lines = list(wording.say(judgement.route or "default", table="holding"))
    upset = any(_GRIEVANCE.search(signal.code) for signal in understanding.signals)
    if upset and not any("申し訳" in line.text or "sorry" in line.text for line in lines):
        lines = [*wording.say("sincere_apology"), *lines]
    return draft_of(
        wording,
        opening_of(wording, voice, customer=writer_of(understanding), tone=False),
        [Part(point=lines)],
        wording.say("farewell"),
        signature_of(wording, voice),
    )


def _nothing(judgement: Judgement, notes: Sequence[Reason], wording: Wording) -> list[Reason]:
    if not judgement.concerns:
        return [wording.reason("nothing_asked")]
    if notes:
        return []
    quoted = [re.sub(r"\s+", " ", concern.text).strip() for concern in judgement.concerns]
    return [wording.reason("no_usable_evidence", concern=text[: QUOTED * 2]) for text in quoted]


def _checked(
    draft: Draft,
    used: Sequence[Article | ResolvedCase],
    understanding: Understanding,
    voice: Voice,
    wording: Wording,
    named: Sequence[str] = (),
    *,
    apology_due: bool,
) -> tuple[Draft | None, list[Reason]]:
    found = unsupported(draft, used, understanding.inquiry.text, voice, named)
    if found:
        return None, [wording.reason("unsupported_fact", fact=found[0])]
    return draft, list(_style(draft, voice, apology_due=apology_due))


def _style(draft: Draft, voice: Voice, *, apology_due: bool) -> Iterator[Reason]:
    """Say what the style lint finds in a draft; a marked blank is expected there."""
    found = lint(draft.text, language=draft.language, apology_due=apology_due, forbidden=voice.forbidden)
    for finding in found:
        if finding.rule != "open_blank":
            text = f"{finding.message} {finding.remedy}"
            place = draft.text[finding.start : finding.end]
            yield Reason(
                code=f"style_{finding.severity}", message=text, evidence=f"{finding.rule}: {place[:60]}"
            )
