"""Every error that a caller can cause, under one root.

::

    SuggestError
    ├── InvalidRecord            a record (entry, inquiry, setting …) breaks its schema (also a ValueError)
    ├── SourceError              a source file cannot be read; names file, line, field
    ├── SettingsError            settings or a policy file are wrong
    ├── KnowledgeBaseError
    │   ├── KnowledgeBaseLocked  another writer holds the knowledge base; names the holder
    │   ├── KnowledgeBaseCorrupt a file is missing or its checksum differs; names the file
    │   ├── FormatVersionError   the folder was written in another format version
    │   ├── ModelMismatch        the folder was built with another embedding model
    │   └── UnknownTenant        a search names no tenant, or one that holds no entries
    ├── ModelError               an embedding model cannot be loaded or misbehaves
    ├── TemplateError            a template is missing, broken, or asks for an unknown variable
    ├── CalibrationError         a calibration or its labels cannot be read or used
    ├── ReviewError              a review action cannot be done as asked
    │   ├── UnknownItem          the tenant has no such item or candidate
    │   ├── AlreadyDecided       someone was faster; names who and when
    │   ├── StaleVersion         the item has changed since the reviewer saw it
    │   ├── ClaimedByOther       another reviewer holds the item; names who and until when
    │   ├── InvalidDecision      nothing to approve, an unfilled blank, an edit without text …
    │   ├── NothingToUndo        the item is open
    │   ├── NotAllowed           someone else's decision, or a candidate of one's own
    │   └── LedgerError          the ledger's database fails or is not what it should be
    └── EvaluationError          queries or judgements cannot be used

Each message says what was given, what was expected and what to do.
"""

from __future__ import annotations


class SuggestError(Exception):
    """Root of all errors raised on purpose by this package."""


class InvalidRecord(SuggestError, ValueError):
    """A record breaks its schema."""


class SourceError(SuggestError):
    """A source cannot be read.

    Attributes: ``path`` (str), ``line`` (1-based int or None), ``field`` (str or None).
    """

    def __init__(self, message: str, *, path: str, line: int | None = None, field: str | None = None) -> None:
        place = path if line is None else f"{path}:{line}"
        if field is not None:
            place += f": field {field!r}"
        super().__init__(f"{place}: {message}")
        self.detail = message
        self.path = path
        self.line = line
        self.field = field


class SettingsError(SuggestError):
    """Settings or a policy file are wrong."""


class KnowledgeBaseError(SuggestError):
    """A knowledge base folder cannot be used as asked."""


class KnowledgeBaseLocked(KnowledgeBaseError):
    """Another writer holds the knowledge base."""


class KnowledgeBaseCorrupt(KnowledgeBaseError):
    """A file of the knowledge base is missing or differs from its checksum."""


class FormatVersionError(KnowledgeBaseError):
    """The knowledge base was written in another format version."""


class ModelMismatch(KnowledgeBaseError):
    """The knowledge base was built with another embedding model."""


class UnknownTenant(KnowledgeBaseError):
    """A search names no tenant, or one that holds no entries."""


class ModelError(SuggestError):
    """An embedding model cannot be loaded or misbehaves."""


class TemplateError(SuggestError):
    """A template is missing, broken, or asks for an unknown variable."""


class EvaluationError(SuggestError):
    """Queries or judgements cannot be used for an evaluation."""


class CalibrationError(SuggestError):
    """A calibration or its labels cannot be read or used."""


class ReviewError(SuggestError):
    """A review action cannot be done as asked."""


class UnknownItem(ReviewError):
    """The tenant has no such item or candidate."""


class AlreadyDecided(ReviewError):
    """Someone decided before."""


class StaleVersion(ReviewError):
    """The item has changed since the reviewer saw it."""


class ClaimedByOther(ReviewError):
    """Another reviewer holds the item."""


class InvalidDecision(ReviewError):
    """The decision cannot be recorded as given."""


class NothingToUndo(ReviewError):
    """The item is open; no decision can be undone."""


class NotAllowed(ReviewError):
    """The action is another person's to take."""


class LedgerError(ReviewError):
    """The ledger's database fails, or is not what it should be."""
