"""``suggest lint``: hold a reply against the rules of style."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from suggest.cli.options import JsonOption
from suggest.cli.output import console, print_json, show_findings
from suggest.errors import SourceError


def lint(
    text: Annotated[
        str | None, typer.Argument(help="The reply; '-' reads it from stdin.", show_default=False)
    ] = None,
    input_file: Annotated[
        Path | None, typer.Option("--input", metavar="FILE", help="A text file that holds the reply (UTF-8).")
    ] = None,
    apology_due: Annotated[
        bool, typer.Option("--apology-due", help="The customer has a problem: the reply should say sorry.")
    ] = False,
    kb: Annotated[
        Path | None,
        typer.Option("--kb", metavar="DIR", help="Folder whose suggest.toml lists forbidden phrases."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 when an error is found.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Hold a reply against the rules of style: keigo, promises, length, steps, machine phrases."""
    if (text is None) == (input_file is None):
        raise typer.BadParameter("give either TEXT or --input FILE")
    from suggest.compose import lint as find
    from suggest.settings import FILE_NAME, load_settings

    forbidden = load_settings(kb / FILE_NAME).voice.forbidden if kb is not None else ()
    words = _read(input_file) if input_file is not None else sys.stdin.read() if text == "-" else text or ""
    findings = find(words, apology_due=apology_due, forbidden=forbidden)
    if as_json:
        print_json({"findings": [finding.model_dump(mode="json") for finding in findings]})
    else:
        show_findings(console(), words, findings)
    if check and any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(
            f"cannot be read as UTF-8 text: {error}; save it as UTF-8", path=str(path)
        ) from error
