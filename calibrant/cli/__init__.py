"""The command line. Thin commands: parse, call one function, print."""

from __future__ import annotations

import sys
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated

import typer

from calibrant.cli import (
    assess,
    calibrate,
    collect,
    cutpoints,
    demo,
    govern,
    identities,
    people,
    report,
    rubric,
    sources,
)

__all__ = ["app", "main"]

app = typer.Typer(
    name="calibrant",
    help="Infer how proficient people are at skills from evidence of their work, say how sure that is, and show why.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

people.register(app)
collect.register(app)
sources.register(app)
identities.register(app)
rubric.register(app)
assess.register(app)
calibrate.register(app)
cutpoints.register(app)
report.register(app)
govern.register(app)
demo.register(app)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"calibrant {version('calibrant')}")
        raise typer.Exit


@app.callback()
def _calibrant(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Infer how proficient people are at skills from evidence of their work, say how sure that is, and show why."""


def main() -> None:
    """Entry point of the `calibrant` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a letter shows its number
    app(prog_name="calibrant")
