"""``suggest users``: who may come into the review console."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from suggest.cli.options import JsonOption, KbOption
from suggest.cli.output import print_json

if TYPE_CHECKING:
    from suggest.review.console.accounts import Accounts

app = typer.Typer(help="Who may come into the review console.", no_args_is_help=True)
NameArgument = Annotated[str, typer.Argument(help="Name of the user.", show_default=False)]


@app.command("add")
def add(
    name: NameArgument,
    kb: KbOption,
    role: Annotated[str, typer.Option("--role", help="agent, supervisor or admin.")] = "agent",
    tenant: Annotated[
        str, typer.Option("--tenant", help="The only tenant whose data the user sees.")
    ] = "default",
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Comes in through a trusted proxy only.")
    ] = False,
) -> None:
    """Add a user; the password is asked for, or read from the first line of stdin."""
    accounts = _accounts(kb)
    user = accounts.add(name, role, tenant, None if no_password else _password())
    typer.echo(f"{user.name}: {user.role} of tenant {user.tenant}")


@app.command("list")
def show(kb: KbOption, as_json: JsonOption = False) -> None:
    """List the users with role and tenant."""
    users = _accounts(kb).all()
    if as_json:
        print_json([{"name": u.name, "role": u.role, "tenant": u.tenant, "active": u.active} for u in users])
        return
    for user in users:
        typer.echo(f"{user.name}\t{user.role}\t{user.tenant}{'' if user.active else '	shut out'}")
    if not users:
        typer.echo("no users: on this machine the console asks for no login")


@app.command("password")
def password(name: NameArgument, kb: KbOption) -> None:
    """Give a user another password; their sessions end."""
    _accounts(kb).set_password(name, _password())


@app.command("role")
def role(
    name: NameArgument,
    new_role: Annotated[
        str, typer.Argument(metavar="ROLE", help="agent, supervisor or admin.", show_default=False)
    ],
    kb: KbOption,
) -> None:
    """Give a user another role."""
    _accounts(kb).set_role(name, new_role)


@app.command("close")
def close(name: NameArgument, kb: KbOption) -> None:
    """Shut a user out, at once; what they decided stays in the ledger."""
    _accounts(kb).set_active(name, False)


@app.command("open")
def reopen(name: NameArgument, kb: KbOption) -> None:
    """Let a user in again."""
    _accounts(kb).set_active(name, True)


@app.command("token")
def token(name: NameArgument, kb: KbOption) -> None:
    """Print a new token for the JSON endpoints; an earlier one stops working."""
    typer.echo(_accounts(kb).new_token(name))


def _accounts(kb: Path) -> Accounts:
    from suggest.review.console import open_accounts

    accounts: Accounts = open_accounts(kb)
    return accounts


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    given: str = typer.prompt(
        "Password (at least 10 characters)", hide_input=True, confirmation_prompt=True, err=True
    )
    return given
