"""The command line: thin commands over the package, one file each.

Exit status: 0 done, 1 an error (one line on stderr that names the cause and the remedy), 2 wrong usage.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from suggest import __version__
from suggest.cli import (
    adapt,
    backtest,
    calibrate,
    demo,
    evaluate,
    export,
    forget,
    lint,
    policy,
    reply,
    report,
    review,
    rollback,
    search,
    status,
    sync,
    users,
    verify,
    withdraw,
)
from suggest.errors import SuggestError

app = typer.Typer(
    name="suggest",
    help="Suggest replies to customer-support inquiries from what your team already knows.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and stop.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    pass


app.command("demo")(demo.demo)
app.command("sync")(sync.sync)
app.command("reply")(reply.reply)
app.command("search")(search.search)
app.command("review")(review.review)
app.command("withdraw")(withdraw.withdraw)
app.add_typer(users.app, name="users")
app.command("lint")(lint.lint)
app.command("evaluate")(evaluate.evaluate)
app.command("backtest")(backtest.backtest)
app.command("calibrate")(calibrate.calibrate)
app.add_typer(policy.app, name="policy")
app.command("adapt")(adapt.adapt)
app.command("status")(status.status)
app.command("report")(report.report)
app.command("export")(export.export)
app.command("verify")(verify.verify)
app.command("rollback")(rollback.rollback)
app.command("forget")(forget.forget)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console that knows fewer characters shows "?" for them
            stream.reconfigure(errors="replace")
    try:
        app()
    except SuggestError as error:
        _fail(str(error))
    except BrokenPipeError:  # the reader of our output went away; point stdout elsewhere for the exit flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        _fail(f"{error.filename or 'input/output'}: {error.strerror or error}")


def _fail(message: str) -> None:
    one_line = " ".join(message.split())
    sys.stderr.write(f"error: {one_line}\n")
    sys.exit(1)
