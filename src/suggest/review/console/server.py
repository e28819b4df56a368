"""Runs the console in this process until it is stopped."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from suggest.errors import SettingsError
from suggest.review import ReviewQueue
from suggest.review.console.access import login_required
from suggest.review.console.app import create_app
from suggest.review.console.config import ConsoleConfig
from suggest.review.console.parts import Parts


def serve(
    queue: ReviewQueue,
    folder: Path,
    config: ConsoleConfig,
    *,
    certificate: Path | None = None,
    key: Path | None = None,
    notice: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the console; returns when it is stopped.

    ``notice`` is told where it can be reached. Raises SettingsError when it cannot listen there, or when a
    login is needed and nobody could log in.
    """
    app = create_app(queue, folder, config)
    parts: Parts = app.state.parts
    if (login_required(parts) or config.trusted_header is not None) and not parts.accounts.all():
        raise SettingsError(
            f"listening on {config.host} needs users; add one with: suggest users add NAME --role admin --kb {folder}"
        )
    listening = _listen(config)
    with listening:
        port = listening.getsockname()[1]
        scheme = "https" if certificate is not None else "http"
        shown = f"[{config.host}]" if ":" in config.host else config.host
        notice(f"review console: {scheme}://{shown}:{port}/  (Ctrl+C stops it)")
        if not config.loopback and not config.https:
            notice(
                "warning: passwords and inquiries cross the network unencrypted; use --certificate, or a proxy and --https"
            )
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=config.https and certificate is None and config.trusted_header is None,
                forwarded_allow_ips=list(config.trusted_proxies),
                ssl_certfile=certificate,
                ssl_keyfile=key,
                timeout_graceful_shutdown=5,
            )
        )
        server.run(sockets=[listening])


def _listen(config: ConsoleConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((config.host, config.port))
        listening.listen(128)  # whoever reads the notice may come at once
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"cannot listen on {config.host}:{config.port}: {error.strerror or error}; try --port 0, or stop what runs there"
        ) from error
    return listening
