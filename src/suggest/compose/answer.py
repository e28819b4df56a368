"""One concern answered: Point and Reason from an article, Example from a case."""

from __future__ import annotations

import re
from collections.abc import Sequence

from suggest.compose.branches import own_branches
from suggest.compose.citing import add_reference, citation, title_of
from suggest.compose.conditions import speaks_of_the_case
from suggest.compose.conflicts import Conflict, conflicts, outranks
from suggest.compose.examples import Detector, Example, example_of
from suggest.compose.further import further
from suggest.compose.outline import Listing, Sentence, outline
from suggest.compose.part import Part
from suggest.compose.prose import add_plain, context_of, listed
from suggest.compose.quoting import Line, quotable, quote
from suggest.compose.relevance import Relevance, terms
from suggest.compose.selection import Selection, select, together
from suggest.compose.units import whole_list
from suggest.compose.wording import Wording, asks_how
from suggest.records import Article, EntryField, Reason, ResolvedCase

_BUDGET = {"email": 600, "form": 600, "chat": 300, "phone": 300}
_TURN = 120  # characters of an answer that fill a chat message without an example
_ENGLISH = 2.2  # English takes about this many characters for one Japanese character
_MIN_CASE_SHARE = 0.2
_ON_TOPIC = 0.3
_LIKE_WORDS = 0.25  # an Example with a smaller share of the concern's words, and
_LIKE = 0.2  # with a smaller cosine to it, tells of something else
_LATIN = re.compile(r"[A-Za-z]{2,}")
_LEAST = 120  # characters that the sentence which answers the very question may always have
_RIVALS = 3  # entries of each kind that are held against the article


def answer(
    concern: str,
    articles: Sequence[Article],
    cases: Sequence[ResolvedCase],
    wording: Wording,
    personal_data: Detector,
    seen: Sequence[str] = (),
    *,
    headed: bool = False,
    asked: Sequence[str] = (),
) -> Part:
    """Answer one concern from usable entries (best first); ``used`` stays empty when nothing can be quoted.

    ``headed`` says that the answer gets the article's title as its heading; ``asked`` are the questions of the
    concern one by one, where it holds several.
    """
    budget = int(_BUDGET[wording.channel] * (1 if wording.japanese else _ENGLISH))
    notes: list[Reason] = []
    part: Part | None = None
    article: Article | None = None
    remaining = iter(articles)
    for candidate in remaining:
        part = _from_article(candidate, asked or [concern], wording, budget, seen, headed=headed)
        if part is not None:
            article = candidate
            break
        notes.append(wording.reason("nothing_quotable", entry=candidate.id))
    if part is not None and article is not None:
        for other in _nearer(concern, article, list(remaining)[: _RIVALS - 1]):
            found = _from_article(other, asked or [concern], wording, budget, seen, headed=headed)
            if found is not None and _says_more(concern, found, part):
                part, article = found, other
                break
    near: list[Article | ResolvedCase] = [*articles[:_RIVALS], *cases[:_RIVALS]]
    rivals = [entry for entry in near if entry is not article]
    if part is not None and article is not None:
        against = tuple(conflicts(part.said, rivals))
        better = next(
            (c.entry for c in against if isinstance(c.entry, Article) and outranks(c.entry, article)), None
        )
        newer = (
            _from_article(better, asked or [concern], wording, budget, seen, headed=headed)
            if better
            else None
        )
        if better is not None and newer is not None:
            rivals = [article, *(entry for entry in rivals if entry is not better)]
            part, article = newer, better
            against = tuple(conflicts(part.said, rivals))
        for conflict in against:
            _show(conflict, article, part, wording)
    result = part or Part()
    result.notes += notes
    if wording.channel == "chat" and _fills_a_turn(result):
        result.example.clear()
    elif not any(line.claims[0].source.field == "example" for line in result.example):
        _add_example(result, article, concern, cases, wording, budget, personal_data)
    return result


def _fills_a_turn(part: Part) -> bool:
    """Tell whether an answer is long enough for a chat message without an example."""
    return part.has_steps or sum(len(line.text) for line in (*part.point, *part.reason)) > _TURN


def _nearer(concern: str, first: Article, others: Sequence[Article]) -> list[Article]:
    """Return the articles whose title says more of the concern than that of the first, and names nothing else."""
    relevance = Relevance(concern, [first.title, *(other.title for other in others)])
    least = relevance.share(first.title)
    return [
        other
        for other in others
        if relevance.share(other.title) > least
        and _names(other.title) <= _names(concern) | _names(first.title)
    ]


def _names(text: str) -> frozenset[str]:
    """Return the terms of ``text`` that are written in Latin letters: mostly products, systems, devices."""
    return frozenset(word.lower() for word in _LATIN.findall(text))


def _says_more(concern: str, one: Part, other: Part) -> bool:
    """Tell whether what is quoted for ``one`` holds more of the concern than what is quoted for ``other``."""
    said = [
        "\n".join(line.text for line in (*part.heading, *part.point, *part.reason)) for part in (one, other)
    ]
    relevance = Relevance(concern, said)
    return relevance.share(said[0]) > relevance.share(said[1])


def _show(conflict: Conflict, article: Article, part: Part, wording: Wording) -> None:
    """Tell the agent, in the draft and beside it, that another entry says something else."""
    values = {"one": conflict.one, "two": conflict.other, "entry": article.id, "other": conflict.entry.id}
    part.reason.append(wording.blank(wording.words("blank_subject_conflict", "phrases", **values)))
    part.notes.append(wording.reason("contradiction", **values))
    part.consulted.append(conflict.entry)


def _from_article(
    article: Article,
    asked: Sequence[str],
    wording: Wording,
    budget: int,
    seen: Sequence[str],
    *,
    headed: bool,
) -> Part | None:
    part = Part(used=[article])
    stated = _stated(article, "point", asked, wording)
    room = budget - sum(len(line.text) for line in stated)
    if stated:
        part.point += stated
        part.reason += _stated(article, "reason", asked, wording)
        room -= sum(len(line.text) for line in part.reason)
        if any(_is_like(article, concern) for concern in asked):
            part.example += _stated(article, "example", asked, wording)
        if len(part.said) > 1 and room < sum(len(line.text) for line in part.example):
            part.example.clear()
    told = [*seen, *(s.text for name in ("point", "reason") for s in _prose(getattr(article, name)))]
    own = _sentences(article.body)
    sections = own_branches(outline(article.body), asked)
    chosen = together(
        select(
            article.body,
            sections,
            Relevance(concern, own),
            max(room, budget // 3),
            japanese=wording.japanese,
            how=asks_how(concern),
            in_trouble=wording.in_trouble,
            on_topic=Relevance(concern, [article.title, concern]).share(article.title) >= _ON_TOPIC,
            seen=told if stated else seen,
        )
        for concern in asked
    )
    if stated:
        section = _add_procedure(part, article, chosen, wording)
        if part.has_steps:
            part.reason = _stated(article, "reason", asked, wording, apart=True)
        left = room - sum(len(line.text) for line in part.point if line.mark == "step")
        added = further(
            article,
            sections,
            section,
            asked,
            part.said,
            room=max(left, _LEAST),
            in_trouble=wording.in_trouble,
            japanese=wording.japanese,
        )
        leading = [line for line in added if speaks_of_the_case(line.text, asked, beside=stated[0].text)]
        part.point[len(stated) : len(stated)] = [line for line in added if line not in leading]
        part.point[:0] = leading
    else:
        add_plain(part, article, chosen, wording, headed=headed)
        if not part.point:
            return None
    if not part.reason:
        named = headed or any(c.source.field == "title" for line in part.point for c in line.claims)
        part.reason += citation(article, wording, named=named)
    cut = chosen.cut and not stated
    add_reference(part, article, wording, cut=cut)
    part.heading = title_of(article, wording)
    return part


def _is_like(article: Article, concern: str) -> bool:
    """Tell whether an article's Example is a case like the customer's, in its words or its meaning."""
    relevance = Relevance(concern, [article.example, article.body, article.title])
    return relevance.share(article.example) >= _LIKE_WORDS or relevance.nearness(article.example) >= _LIKE


def _stated(
    article: Article, name: EntryField, asked: Sequence[str], wording: Wording, *, apart: bool = False
) -> list[Line]:
    """Quote a structured field: its sentences as one line a paragraph, its list as steps.

    ``apart`` from what it explains, 「…行っているためです。」 becomes 「…行っています。」.
    """
    lines: list[Line] = []
    for section in own_branches(outline(getattr(article, name)), asked):
        if section.heading is not None:
            lines.append(quote(article, name, (section.heading,)))
        for block in section.blocks:
            if isinstance(block, Listing):
                whole = whole_list(block, wording.japanese)
                if whole:
                    lines += listed(article, name, whole)
                continue
            fit = tuple(s for s in block if quotable(s, japanese=wording.japanese))
            if fit:
                lines.append(quote(article, name, fit, apart=apart))
    return lines


def _add_procedure(part: Part, article: Article, chosen: Selection, wording: Wording) -> int | None:
    """Put the steps of the body under a structured Point that has none; return the number of their section."""
    if any(line.mark == "step" for line in part.point):
        part.has_steps = True
        return None
    for unit in chosen.units:
        if isinstance(unit.content, Listing) and unit.content.procedure:
            part.point += context_of(article, chosen.sections[unit.section], wording, unit.content)
            part.point += listed(article, "body", unit.content)
            part.has_steps = True
            return unit.section
    return None


def _add_example(
    part: Part,
    article: Article | None,
    concern: str,
    cases: Sequence[ResolvedCase],
    wording: Wording,
    budget: int,
    personal_data: Detector,
) -> None:
    article_id = article.id if article else None
    for case in cases:
        relevance = Relevance(concern, [*_sentences(case.reply), case.inquiry])
        follows = article_id is not None and case.resolves_with == article_id
        alone = article is None and case is cases[0]  # nothing else answers, and this one was found nearest
        if not (follows or alone) and _nearness(concern, case.inquiry) < _MIN_CASE_SHARE:
            continue
        if case in part.consulted:
            continue
        found = example_of(
            case,
            relevance,
            concern,
            japanese=wording.japanese,
            said=part.said,
            quoted_steps=[line.text for line in part.point if line.mark == "step"],
            budget=budget // 2,
            personal_data=personal_data,
        )
        if found.left_out:
            part.notes.append(wording.reason("personal_data_left_out", entry=case.id))
        lines = _example_lines(found, case, part, wording)
        if lines:
            if not part.point:
                part.point += wording.say("lead_case")
                lines = lines if found.steps is not None else lines[1:]
            part.example += lines
            part.used.append(case)
            if case.trust == "unreviewed":
                part.notes.append(wording.reason("unreviewed_example", entry=case.id))
            return


def _example_lines(found: Example, case: ResolvedCase, part: Part, wording: Wording) -> list[Line]:
    if found.steps is not None:
        part.has_steps = True
        return [*wording.say("example_steps", entry_id=case.id), *listed(case, "reply", found.steps)]
    if found.sentences:
        body = quote(case, "reply", found.sentences)
        return [*wording.say("example_facts", entry_id=case.id), body]
    if found.same and part.has_steps and case.trust != "unreviewed":
        return list(wording.say("example_same", entry_id=case.id))
    return []


def _nearness(concern: str, inquiry: str) -> float:
    mine = terms(concern)
    return len(mine & terms(inquiry)) / max(1, min(len(mine), 12))


def _prose(text: str) -> list[Sentence]:
    return [s for section in outline(text) for b in section.blocks if not isinstance(b, Listing) for s in b]


def _sentences(text: str) -> list[str]:
    found = [s.text for s in _prose(text)]
    for section in outline(text):
        found += [section.heading.text] if section.heading else []
        found += [item.text for b in section.blocks if isinstance(b, Listing) for item in b.items]
    return found
