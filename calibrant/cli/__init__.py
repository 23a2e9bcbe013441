"""The command line. Thin commands: parse, call one function, print."""

from __future__ import annotations

import typer

from calibrant.cli import assess, collect, demo, govern, identities, people, report, rubric, sources

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
report.register(app)
govern.register(app)
demo.register(app)


def main() -> None:
    """Entry point of the `calibrant` command."""
    app(prog_name="calibrant")
