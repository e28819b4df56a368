"""The whole flow for one inquiry. The only file that knows all stages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime

from suggest.compose import compose
from suggest.errors import SettingsError
from suggest.index.knowledge_base import KnowledgeBase
from suggest.judge import Policy, judge, load_policy, strength_for
from suggest.judge.messages import reason
from suggest.records import Draft, Evidence, Inquiry, Match, Suggestion, Understanding
from suggest.understand import find_personal_data, mask, signal_codes, understand

_PER_KIND = 3
"""At least so many articles and so many resolved cases are looked at for a draft, where there are any."""


class Suggester:
    """Suggests replies from one knowledge base. Safe to share between threads."""

    def __init__(self, kb: KnowledgeBase, *, policy: Policy | None = None, today: date | None = None) -> None:
        """Prepare for suggesting; raises SettingsError when the policy file cannot be used.

        ``today`` decides which entries are valid; by default the day of each call.
        """
        self.kb = kb
        self._today = today
        judging = kb.settings.judging
        path = None if judging.policy is None else kb.path / judging.policy
        self.policy = policy or load_policy(path)
        unknown = sorted(self.policy.signals - signal_codes())
        if unknown:
            raise SettingsError(
                f"{path or 'policy'}: no such signal: {', '.join(unknown)}; known are {', '.join(sorted(signal_codes()))}"
            )

    def suggest(self, inquiry: Inquiry, *, top: int = 10) -> Suggestion:
        """Return lane, reasons, matches (at most ``top``) and a draft for ``inquiry``.

        All of it comes from one generation; a newer one is taken up between calls.
        Never raises for what a customer wrote. Raises UnknownTenant for a tenant without entries.
        """
        kb = self.kb.pinned()
        settings = kb.settings
        today = self._today or datetime.now(UTC).date()
        understanding = self.understand(inquiry)
        asked = [concern.text for concern in understanding.concerns]
        evidence = self._evidence(kb, asked, inquiry.tenant, today, top=top, per_kind=_PER_KIND)
        judgement = judge(
            understanding,
            evidence,
            policy=self.policy,
            strength=strength_for(kb.embedder.name),
            provisional=settings.judging.provisional,
            max_concerns=settings.judging.max_concerns,
        )
        draft, handoff, notes = compose(
            understanding,
            judgement,
            evidence,
            voice=settings.voice,
            personal_data=find_personal_data,
            today=today,
        )
        if len(kb) == 0:
            notes = (*notes, reason("empty_knowledge_base", understanding.language))
        ready = judgement.lane == "ready" and draft is not None and _can_be_sent(draft, evidence)
        return Suggestion(
            inquiry_id=inquiry.id,
            language=understanding.language,
            lane="review" if judgement.lane == "ready" and not ready else judgement.lane,
            confidence=judgement.confidence,
            route=judgement.route,
            reasons=(*judgement.reasons, *notes),
            concerns=judgement.concerns,
            matches=_merge(evidence, top),
            questions=judgement.questions,
            draft=draft,
            handoff=handoff,
            personal_data=understanding.personal_data,
            generation=kb.generation,
            model=kb.model,
        )

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
        asked = [concern.text for concern in self.understand(inquiry).concerns] or [inquiry.text]
        return _merge(
            self._evidence(
                self.kb.pinned(), asked, inquiry.tenant, today, top=top, vector_weight=vector_weight
            ),
            top,
        )

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
    ) -> list[list[Evidence]]:
        """Return what is found for each concern; those beyond the limit get nothing."""
        limit = kb.settings.judging.max_concerns
        found = [
            kb.retrieve(
                text, tenant=tenant, top=top, per_kind=per_kind, vector_weight=vector_weight, today=today
            )
            for text in asked[:limit]
        ]
        return found + [[] for _ in asked[limit:]]

    def understand(self, inquiry: Inquiry) -> Understanding:
        """Return only the first stage, for a look at what was understood."""
        return understand(
            inquiry,
            default_language=self.kb.settings.language,
            max_chars=self.kb.settings.judging.max_inquiry_chars,
            max_concerns=self.kb.settings.judging.max_concerns,
        )


def without_personal_data(match: Match) -> Match:
    """Return ``match`` with the personal data of a past case masked in what people see of it."""
    if match.kind == "faq":
        return match
    return match.model_copy(
        update={
            "title": mask(match.title, find_personal_data(match.title, strict=True)),
            "snippet": mask(match.snippet, find_personal_data(match.snippet, strict=True)),
        }
    )


def _can_be_sent(draft: Draft, evidence: Sequence[Sequence[Evidence]]) -> bool:
    """Tell whether a glance is enough: no blank is left for the agent, and somebody has reviewed every source."""
    unreviewed = {item.entry.id for found in evidence for item in found if item.entry.trust == "unreviewed"}
    return not any(
        claim.source.kind == "agent" or claim.source.entry_id in unreviewed for claim in draft.claims
    )


def _merge(evidence: Sequence[Sequence[Evidence]], top: int) -> tuple[Match, ...]:
    """Return the best ``top`` matches over all concerns, each entry once."""
    best: dict[str, Match] = {}
    for found in evidence:
        for item in found:
            known = best.get(item.match.entry_id)
            if known is None or item.match.score > known.score:
                best[item.match.entry_id] = item.match
    ranked = sorted(best.values(), key=lambda match: (-match.score, match.entry_id))
    return tuple(without_personal_data(match) for match in ranked[:top])
