"""``suggest policy``: try an escalation policy before it goes live."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from suggest.cli.options import JsonOption
from suggest.cli.output import print_json

app = typer.Typer(
    help="Try an escalation policy before it goes live.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("test")
def test(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Policy with [[test]] tables; default: the one that comes with suggest.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the [[test]] tables of a policy FILE; exit 1 when one of them fails."""
    from suggest.learn.policy_tests import run_tests

    results = run_tests(file)
    failed = [result for result in results if not result.passed]
    if as_json:
        print_json({"ok": not failed, "tests": [result._asdict() for result in results]})
    else:
        for result in failed:
            rules = f" (rules: {', '.join(result.rules)})" if result.rules else ""
            typer.echo(
                f"FAILED test {result.number}: expected {result.expect}, got {result.got}{rules}: {result.text[:60]}"
            )
        typer.echo(f"{len(results) - len(failed)} of {len(results)} tests passed")
    if failed:
        raise typer.Exit(1)
