"""The browser console: one queue, one page per suggestion, keyboard first.

::

    browser ─► Shield (host, size, headers) ─► access (who, may they, is it our own form)
                                                 ├─► pages/   server-rendered HTML
                                                 └─► api      the same actions as JSON
                                                       └─► suggest.review.ReviewQueue

Needs the extra ``reply-suggest[console]``. Nothing here decides about replies: the queue does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from suggest.errors import SettingsError

if TYPE_CHECKING:
    from suggest.review.console.accounts import open_accounts
    from suggest.review.console.app import create_app
    from suggest.review.console.config import ConsoleConfig

__all__ = ["ConsoleConfig", "create_app", "open_accounts"]

_HOME = {"ConsoleConfig": "config", "create_app": "app", "open_accounts": "accounts"}
_EXTRA = {"argon2", "fastapi", "python_multipart", "starlette", "uvicorn"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    except ModuleNotFoundError as error:
        raise missing(error) from error


def missing(error: ModuleNotFoundError) -> Exception:
    """Return an error that names the extra when one of its packages is missing, else ``error`` itself."""
    if (error.name or "").split(".")[0] in _EXTRA:
        return SettingsError(
            f"the console needs the package {error.name!r}; install it with: pip install 'reply-suggest[console]'"
        )
    return error
