"""Style lint: rules of polite Japanese and plain English held against a reply."""

from __future__ import annotations

from suggest.records import Finding
from suggest.text import detect_language


def lint(text: str, *, language: str | None = None) -> tuple[Finding, ...]:
    """Return what breaks a rule of style in ``text``, by place; empty when all is well."""
    language = language or detect_language(text)
    return ()
