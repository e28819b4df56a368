"""Escalation as typed policy: rules in TOML say who must see an inquiry, and why.

A policy reads what the understanding stage noticed; a customer's words can raise a signal, but lanes
and routes come from the policy file only.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, StringConstraints, model_validator

from suggest.errors import InvalidRecord, SettingsError
from suggest.judge.amounts import largest_amount
from suggest.records import Channel, Entry, Reason, Record, Understanding

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Words = tuple[Annotated[str, StringConstraints(pattern=r"\S", max_length=200)], ...]
DEFAULT = "policies/default.toml"
_Table = TypeVar("_Table", bound=Record)


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
    min_amount: Annotated[float, Field(gt=0)] | None = None
    """The inquiry names an amount of money of at least so much, whatever the currency."""
    entry_flags: tuple[Literal["requires_identity_check", "internal", "unreviewed"], ...] = ()
    """The best entry of a concern has one of these."""
    entry_tags: Words = ()
    """The best entry of a concern has one of these tags."""
    entry_departments: Words = ()
    """The best entry of a concern belongs to one of these departments."""

    @model_validator(mode="after")
    def _has_condition(self) -> Self:
        if self == type(self).model_construct():
            raise ValueError("no condition is given; a rule that always applies is not allowed")
        return self

    def evidence(self, understanding: Understanding, entries: Sequence[Entry] = ()) -> str | None:
        """Return the words that fulfil the conditions ("" for conditions without words), or None.

        ``entries`` are the best entries of the concerns.
        """
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
        if self.min_amount is not None:
            amount = largest_amount(understanding.body)
            if amount is None or amount[0] < self.min_amount:
                return None
            found.append(amount[1])
        for asked, held in (
            (self.entry_flags, _flags),
            (self.entry_tags, lambda entry: entry.tags),
            (self.entry_departments, lambda entry: (entry.department,)),
        ):
            if asked:
                which = [entry.id for entry in entries if set(asked) & set(held(entry))]
                if not which:
                    return None
                found += which
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


class PolicyTest(Record):
    """An inquiry and where the policy shall send it."""

    text: Annotated[str, StringConstraints(pattern=r"\S")]
    expect: Code
    """A route, ``review``, or ``none`` when no rule shall apply."""
    channel: Channel = "email"
    tenant: str = "default"
    previous_contacts: Annotated[int, Field(ge=0)] = 0
    entry: dict[str, Any] | None = None
    """Fields of the best entry, for rules that look at it."""


class Policy(Record):
    """A set of escalation rules, and tests of them."""

    version: Literal[1] = 1
    rule: tuple[Rule, ...] = ()
    test: tuple[PolicyTest, ...] = ()

    def apply(self, understanding: Understanding, entries: Sequence[Entry] = ()) -> PolicyDecision | None:
        """Return the decision for an inquiry, or None when no rule applies.

        ``entries`` are the best entries of its concerns, for rules that look at them. Escalations go before reviews, then higher priorities first, then the order of the file.
        """
        applying = [
            (rule, evidence)
            for rule in self.rule
            if (evidence := rule.when.evidence(understanding, entries)) is not None
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
    unknown = sorted(set(values) - {"version", "rule", "test"})
    if unknown:
        line = _line_of(text, None, unknown[0])
        raise SettingsError(
            f"{name}:{line}: unknown key {unknown[0]!r}; expected 'version', [[rule]] and [[test]]"
        )
    rules = _tables(values, "rule", Rule, text, name)
    tests = _tables(values, "test", PolicyTest, text, name)
    seen: set[str] = set()
    for i, rule in enumerate(rules):
        if rule.id in seen:
            raise SettingsError(f"{name}:{_line_of(text, i, 'id')}: rule id {rule.id!r} is used twice")
        seen.add(rule.id)
    try:
        policy = Policy(version=values.get("version", 1), rule=tuple(rules), test=tuple(tests))
    except InvalidRecord as error:
        raise SettingsError(f"{name}:{_line_of(text, None, 'version')}: {error}") from error
    for i, test in enumerate(tests):
        if test.expect not in policy.routes | {"review", "none"}:
            raise SettingsError(
                f"{name}:{_line_of(text, i, 'expect', table='test')}: no rule takes the route {test.expect!r}; "
                f"expected one of {', '.join(sorted(policy.routes))}, review, none"
            )
    return policy


def _tables(values: dict[str, Any], table: str, kind: type[_Table], text: str, name: str) -> list[_Table]:
    """Build the records of one kind of table; errors name the line."""
    items = values.get(table, [])
    if not isinstance(items, list):
        line = _line_of(text, None, table)
        raise SettingsError(f"{name}:{line}: write {table}s as [[{table}]], not [{table}]")
    found: list[_Table] = []
    for i, item in enumerate(items):
        if not isinstance(item, dict):
            line = _line_of(text, i, "", table=table)
            raise SettingsError(f"{name}:{line}: write {table}s as [[{table}]] tables (given {item!r})")
        try:
            found.append(kind(**item))
        except InvalidRecord as error:
            key = re.match(r"\w+: ([a-z_]+)(?:\.([a-z_]+))?", str(error))
            at = _line_of(text, i, (key[2] or key[1]) if key else "", table=table)
            raise SettingsError(f"{name}:{at}: {table} {item.get('id', i + 1)!r}: {error}") from error
    return found


def _line_of(text: str, index: int | None, key: str, *, table: str = "rule") -> int:
    """Return the line (1-based) of ``key`` in the table with this index, or the best line near it."""
    lines = text.split("\n")
    heads = [n for n, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{table}\s*\]\]", line)]
    low, high = 0, len(lines)
    if index is not None and index < len(heads):
        low = heads[index]
        following = (n for n in range(low + 1, len(lines)) if re.match(r"\s*\[\[", lines[n]))
        high = next(following, len(lines))
    if key:
        for n in range(low, high):
            if re.search(rf"(?<![\w-])[\"']?{re.escape(key)}[\"']?\s*[=\].]", lines[n].split("#", 1)[0]):
                return n + 1
    return low + 1


def _flags(entry: Entry) -> tuple[str, ...]:
    held = {
        "requires_identity_check": entry.requires_identity_check,
        "internal": entry.visibility == "internal",
        "unreviewed": entry.trust == "unreviewed",
    }
    return tuple(name for name, given in held.items() if given)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _holds(body: str, term: str) -> bool:
    """Tell whether the folded ``body`` holds ``term``; Latin words only as whole words."""
    wanted = _fold(term).strip()
    if not wanted.isascii():
        return wanted in body
    return re.search(rf"(?<![a-z0-9]){re.escape(wanted)}(?![a-z0-9])", body) is not None
