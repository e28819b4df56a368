"""Escalation as typed policy: rules in TOML say who must see an inquiry, and why.

A policy reads what the understanding stage noticed; a customer's words can raise a signal, but lanes
and routes come from the policy file only.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from suggest.errors import InvalidRecord, SettingsError
from suggest.records import Channel, Reason, Record, Understanding

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Words = tuple[Annotated[str, StringConstraints(pattern=r"\S", max_length=200)], ...]
DEFAULT = "policies/default.toml"


class When(Record):
    """Conditions of a rule; all that are given must hold."""

    any_signals: tuple[Code, ...] = ()
    all_signals: tuple[Code, ...] = ()
    any_terms: Words = ()
    all_terms: Words = ()
    languages: tuple[Literal["ja", "en"], ...] = ()
    channels: tuple[Channel, ...] = ()
    tenants: Words = ()
    min_previous_contacts: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _has_condition(self) -> Self:
        if self == type(self).model_construct():
            raise ValueError("no condition is given; a rule that always applies is not allowed")
        return self

    def evidence(self, understanding: Understanding) -> str | None:
        """Return the words that fulfil the conditions ("" for conditions without words), or None."""
        inquiry = understanding.inquiry
        if (self.languages and understanding.language not in self.languages) or (
            self.channels and inquiry.channel not in self.channels
        ):
            return None
        if self.tenants and inquiry.tenant not in self.tenants:
            return None
        if self.min_previous_contacts is not None and inquiry.previous_contacts < self.min_previous_contacts:
            return None
        signals = {signal.code: signal.evidence for signal in understanding.signals}
        body = _fold(understanding.body)
        found: list[str] = []
        for wanted, needs_all, present in (
            (self.any_signals, False, [signals[c] for c in self.any_signals if c in signals]),
            (self.all_signals, True, [signals[c] for c in self.all_signals if c in signals]),
            (self.any_terms, False, [t for t in self.any_terms if _holds(body, t)]),
            (self.all_terms, True, [t for t in self.all_terms if _holds(body, t)]),
        ):
            if wanted and (len(present) < len(wanted) if needs_all else not present):
                return None
            found += present
        return " / ".join(dict.fromkeys(found))


class Rule(Record):
    """One rule of a policy."""

    id: Code
    description: str = ""
    when: When
    action: Literal["escalate", "review"]
    route: Code | None = None
    """Who takes over; given exactly when the action is ``escalate``."""
    reason: Code
    """Reason code for programs."""
    message_ja: Annotated[str, StringConstraints(pattern=r"\S")]
    message_en: Annotated[str, StringConstraints(pattern=r"\S")]
    priority: Annotated[int, Field(ge=0, le=10_000)] = 0
    """The highest priority among the rules that apply decides the route."""

    @model_validator(mode="after")
    def _route_fits_action(self) -> Self:
        if (self.action == "escalate") != (self.route is not None):
            raise ValueError("route must be given for action 'escalate', and only there")
        return self


class PolicyDecision(Record):
    """What a policy decides about an inquiry."""

    action: Literal["escalate", "review"]
    route: str | None
    rule_id: str
    """The rule that decided."""
    reasons: tuple[Reason, ...]
    """Of every rule that applies, the deciding one first; messages are in the inquiry's language."""


class Policy(Record):
    """A set of escalation rules."""

    version: Literal[1] = 1
    rule: tuple[Rule, ...] = ()

    def apply(self, understanding: Understanding) -> PolicyDecision | None:
        """Return the decision for an inquiry, or None when no rule applies.

        Escalations go before reviews, then higher priorities first, then the order of the file.
        """
        applying = [
            (rule, evidence)
            for rule in self.rule
            if (evidence := rule.when.evidence(understanding)) is not None
        ]
        if not applying:
            return None
        applying.sort(key=lambda item: (item[0].action != "escalate", -item[0].priority))
        first = applying[0][0]
        japanese = understanding.language == "ja"
        return PolicyDecision(
            action=first.action,
            route=first.route,
            rule_id=first.id,
            reasons=tuple(
                Reason(
                    code=rule.reason,
                    message=rule.message_ja if japanese else rule.message_en,
                    evidence=evidence,
                )
                for rule, evidence in applying
            ),
        )

    @property
    def signals(self) -> frozenset[str]:
        """Every signal that a rule looks at."""
        return frozenset(
            code for rule in self.rule for code in (*rule.when.any_signals, *rule.when.all_signals)
        )

    @property
    def routes(self) -> frozenset[str]:
        """Every route that the policy can take."""
        return frozenset(rule.route for rule in self.rule if rule.route is not None)


def load_policy(path: Path | None = None) -> Policy:
    """Read a policy file; None means the one that comes with the package.

    Raises :class:`~suggest.errors.SettingsError` that names file, line, rule and key.
    """
    name = str(path) if path is not None else f"default policy ({DEFAULT})"
    try:
        source = path if path is not None else files(__package__) / DEFAULT
        text = source.read_text(encoding="utf-8").removeprefix("\ufeff")
        values = tomllib.loads(text)
    except FileNotFoundError as error:
        raise SettingsError(f"{name}: no such policy file; check [judging] policy") from error
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise SettingsError(f"{name}{':' + line[1] if line else ''}: not valid TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}: not readable as UTF-8 text: {error}") from error
    return _build(values, text, name)


def _build(values: dict[str, Any], text: str, name: str) -> Policy:
    unknown = sorted(set(values) - {"version", "rule"})
    if unknown:
        line = _line_of(text, None, unknown[0])
        raise SettingsError(f"{name}:{line}: unknown key {unknown[0]!r}; expected 'version' and [[rule]]")
    if not isinstance(values.get("rule", []), list):
        raise SettingsError(f"{name}:{_line_of(text, None, 'rule')}: write rules as [[rule]], not [rule]")
    rules: list[Rule] = []
    seen: set[str] = set()
    for i, item in enumerate(values.get("rule", [])):
        line = _line_of(text, i, "")
        if not isinstance(item, dict):
            raise SettingsError(f"{name}:{line}: write rules as [[rule]] tables (given {item!r})")
        try:
            rule = Rule(**item)
        except InvalidRecord as error:
            key = re.match(r"Rule: ([a-z_]+)(?:\.([a-z_]+))?", str(error))
            at = _line_of(text, i, (key[2] or key[1]) if key else "")
            raise SettingsError(f"{name}:{at}: rule {item.get('id', i + 1)!r}: {error}") from error
        if rule.id in seen:
            raise SettingsError(f"{name}:{_line_of(text, i, 'id')}: rule id {rule.id!r} is used twice")
        seen.add(rule.id)
        rules.append(rule)
    try:
        return Policy(version=values.get("version", 1), rule=tuple(rules))
    except InvalidRecord as error:
        raise SettingsError(f"{name}:{_line_of(text, None, 'version')}: {error}") from error


def _line_of(text: str, rule: int | None, key: str) -> int:
    """Return the line (1-based) of ``key`` in the rule with this index, or the best line near it."""
    lines = text.split("\n")
    heads = [n for n, line in enumerate(lines) if re.match(r"\s*\[\[\s*rule\s*\]\]", line)]
    low, high = 0, len(lines)
    if rule is not None and rule < len(heads):
        low, high = heads[rule], heads[rule + 1] if rule + 1 < len(heads) else len(lines)
    if key:
        for n in range(low, high):
            if re.search(rf"(?<![\w-])[\"']?{re.escape(key)}[\"']?\s*[=\].]", lines[n].split("#", 1)[0]):
                return n + 1
    return low + 1


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _holds(body: str, term: str) -> bool:
    """Tell whether the folded ``body`` holds ``term``; Latin words only as whole words."""
    wanted = _fold(term).strip()
    if not wanted.isascii():
        return wanted in body
    return re.search(rf"(?<![a-z0-9]){re.escape(wanted)}(?![a-z0-9])", body) is not None
