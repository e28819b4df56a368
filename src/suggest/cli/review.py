"""``suggest review``: the console in which people work through suggestions."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from suggest.cli.options import KbOption
from suggest.cli.progress import counter
from suggest.errors import SettingsError

if TYPE_CHECKING:
    from suggest.review import ReviewQueue


def review(
    kb: KbOption,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; beyond this machine a login is needed.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8400,
    import_file: Annotated[
        Path | None,
        typer.Option("--import", metavar="FILE", help="First queue the inquiries of FILE (JSONL or CSV)."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="NAME",
            help="Your name in the ledger, where no login is needed.",
            show_default="your login",
        ),
    ] = None,
    tenant: Annotated[
        str, typer.Option("--tenant", help="Whose inquiries, where no login is needed.")
    ] = "default",
    login: Annotated[bool, typer.Option("--login", help="Ask for a login on this machine as well.")] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host", metavar="NAME", help="A name under which browsers reach the console; repeatable."
        ),
    ] = None,
    trusted_header: Annotated[
        str | None,
        typer.Option(
            "--trusted-header",
            metavar="HEADER",
            help="Header in which a proxy names the user, instead of a login.",
        ),
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            "--trusted-proxy",
            metavar="ADDRESS",
            help="Proxy whose header is believed; repeatable.",
            show_default="this machine",
        ),
    ] = None,
    https: Annotated[
        bool, typer.Option("--https", help="Browsers come over HTTPS (through a proxy): cookies only there.")
    ] = False,
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", metavar="FILE", help="PEM certificate, to serve HTTPS itself."),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="PEM key of the certificate.")
    ] = None,
) -> None:
    """Open the review console in a browser: work through suggestions, see why, decide."""
    from suggest.review import ReviewQueue
    from suggest.review.console import ConsoleConfig, serve

    if (certificate is None) != (key is None):
        raise typer.BadParameter("--certificate and --key go together")
    config = ConsoleConfig(
        host=host,
        port=port,
        allowed_hosts=tuple(allow_host or ()),
        local_user=name or _own_name(),
        local_tenant=tenant,
        require_login=login,
        trusted_header=trusted_header,
        trusted_proxies=tuple(trusted_proxy or ("127.0.0.1", "::1")),
        https=https or certificate is not None,
    )
    with ReviewQueue.open(kb) as queue:
        if import_file is not None:
            _import(queue, import_file, tenant, config.local_user)
        serve(
            queue,
            kb,
            config,
            certificate=certificate,
            key=key,
            notice=lambda text: typer.echo(text, err=True),
        )


def _import(queue: ReviewQueue, file: Path, tenant: str, reviewer: str) -> None:
    from suggest.review.console.uploads import inquiries_of

    found = inquiries_of(str(file), file.read_bytes(), tenant, most=None)
    with counter("inquiries") as show:
        report = queue.import_inquiries(
            found, reviewer=reviewer, progress=lambda _stage, done, _total: show(done)
        )
    typer.echo(f"{report.imported} inquiries queued, {report.skipped} were there already", err=True)


def _own_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:
        raise SettingsError("your login name is not known here; give --as NAME") from error
