"""The whole flow for one inquiry. The only file that knows all stages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from suggest.compose import compose
from suggest.errors import InvalidDecision, SettingsError
from suggest.index.knowledge_base import KnowledgeBase
from suggest.index.lookup import Identity, identity
from suggest.judge import Confidence, Policy, judge, load_policy
from suggest.judge.calibration import confidence_of
from suggest.judge.chosen import use_chosen
from suggest.judge.features import WEIGHED, WEIGHED_OF_KIND, answer_of, considered
from suggest.judge.messages import reason
from suggest.judge.topic import lowered, own_part
from suggest.records import Concern, Draft, Entry, Evidence, Inquiry, Match, Signal, Suggestion, Understanding
from suggest.templates import load_templates
from suggest.understand import (
    Classify,
    classifier_for,
    find_personal_data,
    likely_codes,
    mask,
    signal_codes,
    understand,
)

_HOLDING = frozenset({"contradiction", "style_error", "second_question"})
"""What the composer found that takes more than a glance."""

_ALL_WORDS = 0.999
"""From this coverage on an entry holds every word that was looked for."""


class Best(NamedTuple):
    """The entry that scores highest for a concern."""

    entry_id: str
    answer: str
    """The entry itself, or the article that a past case used."""
    score: float


class Examined(NamedTuple):
    """A suggestion, and what calibration needs to know beside it."""

    suggestion: Suggestion
    score: float
    """Log-odds of the weakest concern's best evidence."""
    eligible: bool
    """Whether nothing but the score keeps the inquiry from being ready."""
    best: tuple[Best | None, ...]
    """For each concern; None where nothing was found."""


class Suggester:
    """Suggests replies from one knowledge base. Safe to share between threads."""

    def __init__(
        self,
        kb: KnowledgeBase,
        *,
        policy: Policy | None = None,
        today: date | None = None,
        confidence: Confidence | None = None,
    ) -> None:
        """Prepare for suggesting; raises SettingsError when the policy file cannot be used, TemplateError
        when the team's templates cannot.

        ``today`` decides which entries are valid; by default the day of each call. ``confidence`` stands for
        what the folder's calibration says.
        """
        self.kb = kb
        self._today = today
        self._given = confidence
        self._known: tuple[Identity, Confidence] | None = None
        judging = kb.settings.judging
        path = None if judging.policy is None else kb.path / judging.policy
        self.policy = policy or load_policy(path)
        own = kb.settings.voice.templates
        self._templates = load_templates(None if own is None else kb.path / own)
        known = signal_codes() | likely_codes()
        unknown = sorted(self.policy.signals - known)
        if unknown:
            raise SettingsError(
                f"{path or 'policy'}: no such signal: {', '.join(unknown)}; known are {', '.join(sorted(known))}"
            )

    def suggest(self, inquiry: Inquiry, *, top: int = 10) -> Suggestion:
        """Return lane, reasons, matches (at most ``top``) and a draft for ``inquiry``.

        All of it comes from one generation; a newer one is taken up between calls.
        Never raises for what a customer wrote. Raises UnknownTenant for a tenant without entries.
        """
        return self.examine(inquiry, top=top).suggestion

    def examine(
        self,
        inquiry: Inquiry,
        *,
        top: int = 10,
        without: Collection[str] = frozenset(),
        chosen: Mapping[int, str] | None = None,
    ) -> Examined:
        """Suggest, and say what a calibration needs to know; entries ``without`` count as absent.

        ``chosen`` names, by position of a concern, the entry that an agent wants it answered from: the draft then
        uses that entry (a past case alone where it can be quoted, else with its article), and the lane is review,
        also of an escalation. Raises InvalidDecision for a concern or an entry that is not there, or may not be
        used for this tenant today.
        """
        kb = self.kb.pinned()
        settings = kb.settings
        today = self._today or datetime.now(UTC).date()
        understanding = self.understand(inquiry)
        confidence = self._confidence(kb)
        most = settings.judging.max_concerns
        asked = [concern.text for concern in understanding.concerns]
        everything = self._evidence(
            kb, asked, inquiry.tenant, today, top=max(top, WEIGHED), per_kind=WEIGHED_OF_KIND, without=without
        )
        if chosen:
            everything = self._with_chosen(kb, asked, everything, chosen, inquiry.tenant, today)
        evidence = [considered(found) for found in everything]
        scores = [
            lowered(
                concern,
                found,
                confidence.scores(concern, found, unknown=kb.unknown_share(concern.text), today=today),
                rarity=kb.rarity(own_part(concern, understanding.concerns)),
                cuts=confidence.scoring,
            )
            for concern, found in zip(understanding.concerns, evidence, strict=True)
        ]
        judgement = judge(
            understanding, evidence, scores, policy=self.policy, confidence=confidence, max_concerns=most
        )
        unchosen = judgement
        for alone in (True, False) if chosen else (True,):  # a past case speaks itself, else its article does
            if chosen:
                judgement = use_chosen(unchosen, evidence, chosen, understanding.language, alone=alone)
            draft, handoff, notes = compose(
                understanding,
                judgement,
                evidence,
                voice=settings.voice,
                personal_data=find_personal_data,
                today=today,
                templates=self._templates,
            )
            if not chosen or _quotes(draft, chosen.values()):
                break
        if len(kb) == 0:
            notes = (*notes, reason("empty_knowledge_base", understanding.language))
        held = any(note.code in _HOLDING for note in notes)
        sendable = draft is not None and not held and _can_be_sent(draft, evidence)
        suggestion = Suggestion(
            inquiry_id=inquiry.id,
            language=understanding.language,
            lane="review" if judgement.lane == "ready" and not sendable else judgement.lane,
            confidence=judgement.confidence,
            route=judgement.route,
            reasons=(*judgement.reasons, *notes),
            concerns=judgement.concerns,
            matches=_merge(
                everything,
                top,
                [
                    {
                        item.entry.id: confidence.probability(score)
                        for item, score in zip(found, rated, strict=True)
                    }
                    for found, rated in zip(evidence, scores, strict=True)
                ],
            ),
            questions=judgement.questions,
            draft=draft,
            handoff=handoff,
            personal_data=understanding.personal_data,
            generation=kb.generation,
            model=kb.model,
        )
        best = tuple(
            _best(found[:1], rated[:1]) if chosen and i in chosen else _best(found, rated)
            for i, (found, rated) in enumerate(zip(evidence, scores, strict=True))
        )
        return Examined(suggestion, judgement.score, judgement.free and sendable, best)

    @property
    def confidence(self) -> Confidence:
        """What is known about how often scores are right, for the generation in use."""
        return self._confidence(self.kb.pinned())

    def _confidence(self, kb: KnowledgeBase) -> Confidence:
        if self._given is not None:
            return self._given
        held = identity(kb)
        known = self._known
        if known is None or known[0] != held:
            found = confidence_of(
                kb.path, generation=held.generation, fingerprint=held.model, model=kb.embedder.name
            )
            known = self._known = (held, found)
        return known[1]._replace(provisional_ready=kb.settings.judging.provisional)

    def suggest_many(self, inquiries: Iterable[Inquiry], *, top: int = 10) -> Iterator[Suggestion]:
        """Suggest for each inquiry in turn; each is judged as if it were alone."""
        for inquiry in inquiries:
            yield self.suggest(inquiry, top=top)

    def find(
        self, inquiry: Inquiry, *, top: int = 10, vector_weight: float | None = None
    ) -> tuple[Match, ...]:
        """Return the best ``top`` matches for ``inquiry``, as :meth:`suggest` finds them, and nothing else.

        Each concern is searched by itself, without the letter around it. ``vector_weight`` as in
        :meth:`~suggest.index.knowledge_base.KnowledgeBase.search`.
        """
        today = self._today or datetime.now(UTC).date()
        asked = [concern.text for concern in self._understand(inquiry).concerns] or [inquiry.text]
        return _merge(
            self._evidence(
                self.kb.pinned(), asked, inquiry.tenant, today, top=top, vector_weight=vector_weight
            ),
            top,
        )

    def look_up(self, text: str, *, tenant: str, top: int = 10) -> tuple[tuple[Match, bool], ...]:
        """Return the best ``top`` matches for a text that a person typed, and of each whether it is near.

        Near is what the judge would not call nothing, or what holds every word that was typed.
        """
        kb = self.kb.pinned()
        today = self._today or datetime.now(UTC).date()
        confidence = self._confidence(kb)
        understanding = self._understand(Inquiry(text=text, tenant=tenant))
        concerns = understanding.concerns or (Concern(text=text),)
        evidence = self._evidence(kb, [concern.text for concern in concerns], tenant, today, top=top)
        near: set[str] = set()
        for concern, found in zip(concerns, evidence, strict=True):
            scores = confidence.scores(concern, found, unknown=kb.unknown_share(concern.text), today=today)
            near |= {
                item.entry.id
                for item, score in zip(found, scores, strict=True)
                if score >= confidence.scoring.nothing or item.match.coverage >= _ALL_WORDS
            }
        return tuple((match, match.entry_id in near) for match in _merge(evidence, top))

    def entries(self, entry_ids: Iterable[str], *, tenant: str) -> dict[str, Entry]:
        """Return entries of ``tenant`` by id; ids that it does not have are left out."""
        return self.kb.pinned().entries_of(entry_ids, tenant=tenant)

    def _evidence(
        self,
        kb: KnowledgeBase,
        asked: Sequence[str],
        tenant: str,
        today: date,
        *,
        top: int,
        per_kind: int = 0,
        vector_weight: float | None = None,
        without: Collection[str] = frozenset(),
    ) -> list[list[Evidence]]:
        """Return what is found for each concern; those beyond the limit get nothing."""
        limit = kb.settings.judging.max_concerns
        found = [
            kb.retrieve(
                text,
                tenant=tenant,
                top=top + len(without),
                per_kind=per_kind,
                vector_weight=vector_weight,
                today=today,
            )
            for text in asked[:limit]
        ]
        kept = [[item for item in items if item.entry.id not in without] for items in found]
        return kept + [[] for _ in asked[limit:]]

    def _with_chosen(
        self,
        kb: KnowledgeBase,
        asked: Sequence[str],
        found: Sequence[list[Evidence]],
        chosen: Mapping[int, str],
        tenant: str,
        today: date,
    ) -> list[list[Evidence]]:
        """Put the entries that an agent chose before what was found."""
        changed = list(found)
        for i, entry_id in chosen.items():
            if not 0 <= i < min(len(asked), kb.settings.judging.max_concerns):
                raise InvalidDecision(f"concern {i}: the inquiry has {len(asked)}, counted from 0")
            item = kb.evidence_for(entry_id, asked[i], tenant=tenant, today=today)
            if item is None:
                raise InvalidDecision(
                    f"entry {entry_id!r}: tenant {tenant!r} has no such entry that may be used today; search for another"
                )
            changed[i] = [item, *(other for other in found[i] if other.entry.id != entry_id)]
        return changed

    def understand(self, inquiry: Inquiry) -> Understanding:
        """Return only the first stage, for a look at what was understood."""
        return self._understand(inquiry, classify=self._classify)

    def _understand(self, inquiry: Inquiry, *, classify: Classify | None = None) -> Understanding:
        return understand(
            inquiry,
            default_language=self.kb.settings.language,
            max_chars=self.kb.settings.judging.max_inquiry_chars,
            max_concerns=self.kb.settings.judging.max_concerns,
            classify=classify,
        )

    def _classify(self, texts: Sequence[str]) -> list[Signal]:
        """Notice signals by meaning, where a classifier for this embedding model is shipped."""
        classifier = classifier_for(self.kb.embedder.name)
        if classifier is None or not texts:
            return []
        return classifier.signals(texts, self.kb.embedder.embed_queries(texts))


def without_personal_data(match: Match) -> Match:
    """Return ``match`` with the personal data of a past case masked in what people see of it."""
    if match.kind == "faq":
        return match
    return match.model_copy(
        update={
            "title": mask(match.title, strict=True).text,
            "snippet": mask(match.snippet, strict=True).text,
        }
    )


def _quotes(draft: Draft | None, entry_ids: Iterable[str]) -> bool:
    """Tell whether a draft quotes every one of these entries."""
    cited = set() if draft is None else {claim.source.entry_id for claim in draft.claims}
    return cited.issuperset(entry_ids)


def _can_be_sent(draft: Draft, evidence: Sequence[Sequence[Evidence]]) -> bool:
    """Tell whether a glance is enough: no blank is left for the agent, and somebody has reviewed every source."""
    unreviewed = {item.entry.id for found in evidence for item in found if item.entry.trust == "unreviewed"}
    return not any(
        claim.source.kind == "agent" or claim.source.entry_id in unreviewed for claim in draft.claims
    )


def _best(found: Sequence[Evidence], rated: Sequence[float]) -> Best | None:
    if not found:
        return None
    score = max(rated)
    entry = found[list(rated).index(score)].entry
    return Best(entry.id, answer_of(entry), score)


def _merge(
    evidence: Sequence[Sequence[Evidence]],
    top: int,
    probabilities: Sequence[Mapping[str, float | None]] | None = None,
) -> tuple[Match, ...]:
    """Return the best ``top`` matches over all concerns, each entry once.

    ``probabilities[i]`` holds those of the entries that were weighed for concern i.
    """
    best: dict[str, Match] = {}
    for i, found in enumerate(evidence):
        for item in found:
            match = item.match
            known = best.get(match.entry_id)
            if known is None or match.score > known.score:
                given = probabilities[i].get(match.entry_id) if probabilities is not None else None
                best[match.entry_id] = match.model_copy(update={"confidence": given})
    ranked = sorted(best.values(), key=lambda match: (-match.score, match.entry_id))
    return tuple(without_personal_data(match) for match in ranked[:top])
