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
    from suggest.review.console.server import serve

__all__ = ["ConsoleConfig", "create_app", "open_accounts", "serve"]

_HOME = {"ConsoleConfig": "config", "create_app": "app", "open_accounts": "accounts", "serve": "server"}
_EXTRA = ("argon2", "fastapi", "python_multipart", "uvicorn")


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for package in _EXTRA:
        try:
            import_module(package)
        except ModuleNotFoundError as error:
            raise SettingsError(
                f"the console needs the package {package!r}; install it with: pip install 'reply-suggest[console]'"
            ) from error
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
