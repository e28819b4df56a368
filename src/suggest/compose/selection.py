"""Chooses from an article the sentences and steps that answer one concern, within a length."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from suggest.compose.conditions import own_trouble, without_other_cases, without_what_is_done
from suggest.compose.outline import Listing, Section
from suggest.compose.quoting import depends_on_previous, has_note_mark, needs_steps
from suggest.compose.relevance import Relevance, similarity
from suggest.compose.roles import follows_document, introduces, is_instruction, is_question
from suggest.compose.sections import near_sections
from suggest.compose.units import ASIDE, TELLING, Unit, units_of

_LONGEST_LIST = 1_000
_MOST_UNITS = 300
_SAME = 0.75
_OWN = 0.4  # what a sentence has ahead for standing in the section that is nearest to the concern
_NEARLY = 0.75  # of the share of the best bullet: a note that says no with so much leads them
_THIN = 100  # fewer characters leave most readers with a question
_BRIEF = 450  # characters of a text that is quoted as a whole
_HOW_TO = re.compile(r"(?:方法|手順|やり方|対処法?|解決策)[」）)]?$")
_SAYS_NO = re.compile(
    r"(?:でき|られ|え)ません[。]?$|サポートされていません[。]?$|(?:cannot|can't|is not supported)\b[^.]*\.$",
    re.IGNORECASE,
)
_ADVICE = re.compile(
    r"(?:お勧め|おすすめ|推奨)(?:し|いたし)ます[。]?$|\b(?:we recommend|should)\b", re.IGNORECASE
)
_ASKS_LINK = re.compile(
    r"([一-龥ァ-ヶーA-Za-z]{2,12}?)(?:用?の)?(?:ページ|サイト|画面|フォーム)の?(?:アドレス|URL|リンク)"
)
"""「登録ページのアドレス」: the page is one for 登録."""
_LINK = re.compile(r"https?://\S+|(?<![@\w.])[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+/[\w/.#-]+", re.IGNORECASE)
_BEFOREHAND = re.compile(r"前の(?:ご?注意|ご?確認|準備|お願い)|前に|事前|\bbefore\b", re.IGNORECASE)
_RELEVANT = 0.15  # what is quoted must share at least this much with the concern


@dataclass(frozen=True, slots=True)
class Selection:
    """What is quoted from one text, in the order of the text."""

    sections: tuple[Section, ...]
    units: tuple[Unit, ...]
    cut: bool
    """Something that belongs to the answer had to be left out."""
    pointer: Unit | None = None
    """The sentence that names what to read next."""


def select(
    text: str,
    sections: tuple[Section, ...],
    relevance: Relevance,
    budget: int,
    *,
    japanese: bool,
    how: bool = False,
    in_trouble: bool = False,
    on_topic: bool = False,
    seen: Sequence[str] = (),
) -> Selection:
    """Choose the units of ``text`` that answer the concern, about ``budget`` characters of them.

    ``sections`` are those of its outline that may be quoted; ``how`` says that the concern asks for a procedure,
    ``in_trouble`` that something went wrong, ``on_topic`` that the title fits it; ``seen`` holds sentences that the draft
    already has. A list is taken whole or not at all.
    """
    units = _fresh(units_of(sections, relevance, japanese), seen)
    brief = len(text) <= _BRIEF  # a short text is about its title: whoever found it, found all of it
    chosen_sections = near_sections(sections, units, relevance, budget, brief=brief)
    trouble = own_trouble(units, relevance) if in_trouble else None
    if trouble is not None:
        chosen_sections.setdefault(trouble[0], 0.0)
    steps = [unit for unit in units if unit.procedure or _is_how_to(sections[unit.section])]
    if how and steps and not any(unit.section in chosen_sections for unit in steps):
        chosen_sections.setdefault(max(steps, key=lambda u: (u.score, -u.section)).section, 0.0)
    chosen = [unit for unit in units if unit.section in chosen_sections]
    pool = [unit for unit in chosen if not unit.pointer]
    pointer = _pointer(chosen, pool)
    if not pool and pointer is None:
        return Selection(sections, (), cut=bool(units))
    pool = _nearest_first(pool, chosen_sections)
    headed = (
        bool(pool) and sections[pool[0].section].heading is not None
    )  # chosen, not only the first of the text
    kept, cut = _fill(pool, budget, how, _lead(pool, always=headed))
    kept = without_what_is_done(kept, relevance.concern)
    kept = _supported(without_other_cases(_without_asides(kept), relevance, in_trouble=in_trouble))
    weak = not on_topic and not brief and relevance.known and _best(kept, default=1.0) < _RELEVANT
    if weak or all(unit.lead.role in ("note", "contact") for unit in kept):
        kept = [] if weak or pointer is None else kept
        if weak or pointer is None or pointer.share < _RELEVANT:
            return Selection(sections, (), cut=True)
    if pointer is not None and not _wanted(pointer, kept, how):
        pointer = None
    if pointer is not None and (not kept or _says_how(pointer, kept)):
        kept = [pointer, *(unit for unit in kept if unit.share >= 0.5 * pointer.share)]
        pointer = None
    kept += _asked_link(units, kept, relevance)
    ordered = sorted(_in_order(kept, sections, chosen_sections), key=lambda unit: unit.paragraph != trouble)
    return Selection(sections, tuple(ordered), cut, pointer)


def _asked_link(units: Sequence[Unit], kept: Sequence[Unit], relevance: Relevance) -> list[Unit]:
    """Return the sentence with the address of the very page that the concern asks for, of whatever section, when none is kept."""
    asking = _ASKS_LINK.search(relevance.concern)
    if asking is None:
        return []
    linked = [u for u in units if _LINK.search(u.lead.text) and asking.group(1) in " ".join(u.texts)]
    return [] if any(unit in kept for unit in linked) else linked[:1]


def _is_how_to(section: Section) -> bool:
    return section.heading is not None and _HOW_TO.search(section.heading.text) is not None


def together(selections: Iterable[Selection]) -> Selection:
    """Join what was chosen from one text for several questions."""
    found = list(selections)
    if len(found) == 1:
        return found[0]
    units = {unit.place: unit for selection in found for unit in selection.units}
    pointers = [selection.pointer for selection in found if selection.pointer is not None]
    ordered = tuple(sorted(units.values(), key=lambda unit: unit.place))
    pointer = next((unit for unit in pointers if unit.place not in units), None)
    return Selection(found[0].sections, ordered, any(s.cut for s in found) and not ordered, pointer)


def _nearest_first(pool: list[Unit], near: Mapping[int, float]) -> list[Unit]:
    """Put the section that is nearest to the concern before the others: its first sentence leads."""
    best = max((unit.section for unit in pool), key=lambda i: (near.get(i, 0.0), -i), default=0)
    return sorted(pool, key=lambda unit: (unit.section != best, unit.place))


def _fill(pool: list[Unit], budget: int, how: bool, lead: Unit | None) -> tuple[list[Unit], bool]:
    """Take the best units until the length is reached; say whether some of the answer was left out."""
    if not pool:
        return [], False
    best = _best(pool)
    short = sum(unit.length for unit in pool) <= budget
    floor = 0.0 if short else 0.3 * best
    nearest = pool[0].section
    ranked = sorted(pool, key=lambda u: (u is not lead, -u.score - _OWN * (u.section == nearest), u.place))
    kept: list[Unit] = []
    places: set[tuple[int, int, int]] = set()
    used, cut = 0, False
    procedures = 0
    for unit in ranked:
        is_list = isinstance(unit.content, Listing)
        if unit.place in places or (unit is not lead and not _worth(unit, kept, floor, procedures, how)):
            continue
        longest = max(3 * budget, _LONGEST_LIST)
        room = longest if unit.procedure and not procedures else budget
        needed = [*_before(unit, pool, places), unit]
        length = sum(u.length for u in needed)
        if (used + length > room and kept) or length > longest:
            cut = cut or is_list or unit.share >= 0.5 * best
            continue
        kept += needed
        places.update(u.place for u in needed)
        used += length
        procedures += unit.procedure
    return kept, cut


def _best(units: Sequence[Unit], default: float = 0.0) -> float:
    return max((unit.share for unit in units), default=default)


def _pointer(chosen: Sequence[Unit], pool: Sequence[Unit]) -> Unit | None:
    """Return the reference that is nearest to the concern, of the sections that are quoted."""
    pointers = [unit for unit in chosen if unit.pointer]
    pointers = [unit for unit in pointers if not isinstance(unit.content, Listing)] or pointers
    if not pointers:
        return None
    nearest = max(pointers, key=lambda u: (u.score, [-n for n in u.place]))
    return (
        nearest
        if len(pointers) == 1 or nearest.share >= 0.5 * _best(pool) or nearest.share >= _RELEVANT
        else None
    )


def _wanted(pointer: Unit, kept: Sequence[Unit], how: bool) -> bool:
    """Tell whether a reference adds something: what is quoted gives no procedure, or is thin."""
    if any(unit.procedure for unit in kept):
        return False
    if depends_on_previous(pointer.lead) and not any(
        unit.section == pointer.section and unit.place < pointer.place for unit in kept
    ):
        return False
    told = any(is_instruction(text) for unit in kept for text in unit.texts)
    return pointer.share >= TELLING or (how and not told) or sum(unit.length for unit in kept) < _THIN


def _says_how(pointer: Unit, kept: Sequence[Unit]) -> bool:
    """Tell whether a reference is itself the answer: to do this, follow that document."""
    return (
        follows_document(pointer.lead.text)
        and not depends_on_previous(pointer.lead)
        and pointer.share > 1.2 * _best(kept)
    )


def _without_asides(kept: list[Unit]) -> list[Unit]:
    """Drop bullets, each a fact of its own, that say far less about the concern than the best one beside them."""
    best: dict[tuple[int, int], float] = {}
    for unit in kept:
        if unit.bullet:
            key = (unit.section, unit.block)
            best[key] = max(best.get(key, 0.0), unit.share)
    return [
        unit
        for unit in kept
        if not unit.bullet
        or best[unit.section, unit.block] < TELLING
        or unit.share >= ASIDE * best[unit.section, unit.block]
    ]


def _in_order(kept: list[Unit], sections: Sequence[Section], near: Mapping[int, float]) -> list[Unit]:
    """Order as in the text, but of headed sections the nearest to the concern first: what has no heading cannot follow."""
    ordered = sorted(kept, key=lambda u: u.place)
    if not ordered:
        return ordered
    refusal = _refusal(ordered)
    if refusal is not None:
        return [
            refusal,
            *(u for u in ordered if u is not refusal and not (u.procedure and u.place < refusal.place)),
        ]
    ordered = _warned_first(ordered, sections)
    first = ordered[0].section
    best = max((unit.section for unit in ordered), key=lambda i: near.get(i, 0.0))
    if best == first or sections[first].heading is None:
        return ordered
    return [u for u in ordered if u.section == best] + [u for u in ordered if u.section != best]


def _warned_first(ordered: list[Unit], sections: Sequence[Section]) -> list[Unit]:
    """Put what is to be known before acting (「更新前の注意」) before the other headed sections, where it says something about the concern."""
    ahead = {
        i
        for i in {u.section for u in ordered}
        for heading in [sections[i].heading]
        if heading is not None
        and _BEFOREHAND.search(heading.text)
        and _best([u for u in ordered if u.section == i]) >= TELLING
    }
    return sorted(ordered, key=lambda u: sections[u.section].heading is not None and u.section not in ahead)


def _refusal(ordered: Sequence[Unit]) -> Unit | None:
    """Return a later note that says no, where it speaks of the concern more than anything before it: of bullets, nearly as much."""
    for i, unit in enumerate(ordered):
        if i and has_note_mark(unit.lead) and _SAYS_NO.search(unit.texts[0]):
            before = _best(ordered[:i])
            enough = _NEARLY * before if all(other.bullet for other in ordered[:i]) else before
            if unit.share >= TELLING and unit.share > enough and not depends_on_previous(unit.lead):
                return unit
    return None


def _fresh(units: Sequence[Unit], seen: Sequence[str]) -> list[Unit]:
    """Drop sentences that the draft, or the text before them, already has."""
    fresh: list[Unit] = []
    met: set[str] = set()
    for unit in units[:_MOST_UNITS]:
        text = " ".join(unit.texts)
        if text in met:
            continue
        met.add(text)
        if unit.procedure or not any(similarity(text, other) >= _SAME for other in seen):
            fresh.append(unit)
    return fresh


def _lead(pool: list[Unit], *, always: bool) -> Unit | None:
    """Return the sentence that must come: the first one, unless (not ``always``) it has little to do with the concern."""
    best = _best(pool)
    for unit in pool:
        if (unit.section, unit.block) != (pool[0].section, pool[0].block):
            break
        if isinstance(unit.content, Listing) or unit.lead.role in ("note", "contact"):
            continue
        return unit if always or unit.share >= 0.25 * best or best < 0.2 else None
    return None


def _worth(unit: Unit, kept: list[Unit], floor: float, procedures: int, how: bool) -> bool:
    if isinstance(unit.content, Listing):
        if unit.content.procedure:
            beside = any(
                isinstance(other.content, Listing)
                and other.section == unit.section
                and abs(other.block - unit.block) == 1
                for other in kept
            )
            fits = how or unit.section == 0 or unit.share >= max(floor, 0.15)
            return (procedures == 0 and fits) or beside or unit.share > max(floor * 2.5, TELLING)
        return unit.share >= floor
    if unit.lead.role == "contact":
        return False
    near = any(
        other.section == unit.section
        and other.block == unit.block
        and abs(other.position - unit.position) == 1
        and not other.bullet
        for other in kept
    )
    return unit.share >= max(floor, 0.0 if not floor and unit.section == 0 else 0.08) or (
        near and not unit.bullet and unit.lead.role in ("conclusion", "cause", "note", "plain", "reference")
    )


def _before(unit: Unit, pool: Sequence[Unit], places: set[tuple[int, int, int]]) -> list[Unit]:
    """Return what leads up to ``unit`` and is not kept yet: its paragraph's sentences, or before steps what is advised."""
    if unit.procedure:
        return [u for u in pool if u.place not in places and u.length <= _THIN and _leads_to_steps(u)
                and u.section == unit.section and u.block == unit.block - 1]  # fmt: skip
    if isinstance(unit.content, Listing) or unit.bullet:
        return []
    return [
        u
        for u in pool
        if u.paragraph == unit.paragraph and u.position < unit.position and u.place not in places
    ]


def _leads_to_steps(unit: Unit) -> bool:
    """Tell whether a sentence right before steps belongs to them: advice, or a note."""
    return _ADVICE.search(unit.texts[-1]) is not None or has_note_mark(unit.lead)


def _supported(kept: list[Unit]) -> list[Unit]:
    """Drop sentences that lean on one that was not kept, and what leans on these."""
    steps = any(isinstance(u.content, Listing) and u.content.procedure for u in kept)
    places = {u.place for u in kept}
    standing = [
        unit
        for unit in kept
        if isinstance(unit.content, Listing)
        or (
            (steps or not needs_steps(unit.lead))
            and (len(unit.texts) > 1 or not is_question(unit.lead.text) or _is_answered(unit, kept))
            and (not introduces(unit.lead.text) or (unit.section, unit.block, unit.position + 1) in places)
            and (
                not depends_on_previous(unit.lead)
                or (unit.section, unit.block, unit.position - 1) in places
                or (unit.position == 0 and _follows_list(unit, kept))
            )
        )
    ]
    return standing if len(standing) == len(kept) else _supported(standing)


def _is_answered(question: Unit, kept: list[Unit]) -> bool:
    """Tell whether what follows a question of the text is kept."""
    following = ((question.block, question.position + 1), (question.block + 1, 0))
    return any(u.section == question.section and (u.block, u.position) in following for u in kept)


def _follows_list(unit: Unit, kept: list[Unit]) -> bool:
    return any(
        u.section == unit.section and u.block == unit.block - 1 and isinstance(u.content, Listing)
        for u in kept
    )
