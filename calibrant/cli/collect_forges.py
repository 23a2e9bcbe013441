"""`collect github|gitlab|all`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Annotated, Any, Final, NoReturn

import typer
from pydantic import ValidationError

from calibrant.cli.console import Session, command
from calibrant.cli.gathering import from_clone, from_file, tell
from calibrant.cli.gathering_forges import gather_forge
from calibrant.collecting import Collected
from calibrant.collecting_forges import Gathered
from calibrant.settings import FILE
from calibrant.source_settings import CloneSource, FileSource, ForgeSource, read_sources, wrong
from calibrant.unforeseen import noting
from collectors import feedback360, git, scorecards, table
from db.errors import CalibrantError, Incomplete, Partial, Refusal
from db.records import Purpose

__all__ = ["register"]

_FILES: Final[Mapping[str, ModuleType]] = MappingProxyType(
    {"feedback360": feedback360, "scorecards": scorecards, "table": table}
)

_OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "max_wait_minutes": "--max-wait",
        "workers": "--workers",
        "token.env": "--token-env",
        "token.file": "--token-file",
        "base_url": "--base-url",
        "ca_bundle": "--ca-bundle",
    }
)
"""Options by the keys of a specification."""

Repositories = Annotated[list[str] | None, typer.Argument(help="Repositories by name: OWNER/NAME, GROUP/.../PROJECT.")]
TokenEnv = Annotated[str | None, typer.Option("--token-env", metavar="NAME", help="Variable that holds the token.")]
TokenFile = Annotated[Path | None, typer.Option("--token-file", dir_okay=False, help="File that holds the token.")]
NoMirror = Annotated[
    bool, typer.Option("--no-mirror", help="No mirror clones: commits and changed files stay unknown.")
]
Content = Annotated[bool, typer.Option("--content", help="Added imports and tools too, read from the mirrors.")]
Purposes = Annotated[
    list[Purpose] | None, typer.Option("--purpose", help="What it may be read for; repeat for several.")
]
MaxWait = Annotated[
    float, typer.Option("--max-wait", metavar="MINUTES", help="Longest wait for the forge's allowance; then exit 3.")
]
Workers = Annotated[int, typer.Option("--workers", help="Repositories fetched side by side.")]
CaBundle = Annotated[Path | None, typer.Option("--ca-bundle", dir_okay=False, help="Certificates to trust (PEM).")]


def register(group: typer.Typer) -> None:
    """Adds the commands to the group of collectors."""
    _register_github(group)
    _register_gitlab(group)
    _register_all(group)


def _register_github(group: typer.Typer) -> None:
    @command(group, "github", epilog="Example: calibrant collect github --organisation acme --token-env GITHUB_TOKEN")
    def collect_github(
        session: Session,
        repositories: Repositories = None,
        organisation: Annotated[
            str | None, typer.Option("--organisation", help="Every repository of an organisation.")
        ] = None,
        team: Annotated[
            list[str] | None, typer.Option("--team", help="Only those of a team of it (slug); repeatable.")
        ] = None,
        base_url: Annotated[
            str | None,
            typer.Option("--base-url", help="GitHub Enterprise: https://HOST (default: https://github.com)."),
        ] = None,
        token_env: TokenEnv = None,
        token_file: TokenFile = None,
        may_write: Annotated[
            bool, typer.Option("--may-write", help="Take a classic token that may write, where there is no other.")
        ] = False,
        no_mirror: NoMirror = False,
        content: Content = False,
        purpose: Purposes = None,
        max_wait: MaxWait = 65.0,
        workers: Workers = 4,
        ca_bundle: CaBundle = None,
    ) -> None:
        """Collect change requests, reviews, comments, issues and releases from GitHub, and commits from mirror clones.

        Only reads. The token stays in the variable or file that is named; apps are configured in calibrant.toml.
        """
        given = {
            "organisation": organisation,
            "teams": team or (),
            "base_url": base_url,
            "may_write": may_write,
            "token": _token(token_env, token_file, "GITHUB_TOKEN"),
            **_common(repositories, purpose, ca_bundle, mirror=not no_mirror, content=content),
        }
        _finish(session, [_gather(session, _spec("github", max_wait, workers, given), Path.cwd())])


def _register_gitlab(group: typer.Typer) -> None:
    @command(
        group,
        "gitlab",
        epilog="Example: calibrant collect gitlab --base-url https://git.example.org --group ml --token-env GITLAB_TOKEN",
    )
    def collect_gitlab(
        session: Session,
        repositories: Repositories = None,
        organisation: Annotated[
            str | None, typer.Option("--group", help="Every project of a group and its subgroups.")
        ] = None,
        base_url: Annotated[str, typer.Option("--base-url", help="Where the GitLab is.")] = "https://gitlab.com",
        token_env: TokenEnv = None,
        token_file: TokenFile = None,
        no_mirror: NoMirror = False,
        content: Content = False,
        purpose: Purposes = None,
        max_wait: MaxWait = 65.0,
        workers: Workers = 4,
        ca_bundle: CaBundle = None,
    ) -> None:
        """Collect merge requests, approvals, discussions, issues and releases from GitLab, and commits from mirror clones.

        Only reads. The token needs read_api and read_repository and stays in the variable or file that is named.
        """
        given = {
            "organisation": organisation,
            "base_url": base_url,
            "token": _token(token_env, token_file, "GITLAB_TOKEN"),
            **_common(repositories, purpose, ca_bundle, mirror=not no_mirror, content=content),
        }
        _finish(session, [_gather(session, _spec("gitlab", max_wait, workers, given), Path.cwd())])


def _register_all(group: typer.Typer) -> None:
    @command(group, "all", epilog="Example: calibrant collect all --config calibrant.toml")
    def collect_all(
        session: Session,
        config: Annotated[
            Path, typer.Option("--config", exists=True, dir_okay=False, help="File with [[source]] tables.")
        ] = Path(FILE),
    ) -> None:
        """Collect every source that a settings file names, one after the other. Made to be run by cron or systemd.

        The settings of that file count as well, the ledger among them; a variable or option goes before it.
        A source that is refused or not finished does not keep the others from being collected; it is told at the end.
        """
        specs, folder = read_sources(config), config.resolve().parent
        session.configure(config)
        _finish(session, [_gather_one(session, one, folder) for one in specs])


def _gather_one(session: Session, spec: ForgeSource | CloneSource | FileSource, folder: Path) -> Gathered:
    if isinstance(spec, ForgeSource):
        return _gather(session, spec, folder)
    gathered = Gathered()
    places = spec.clones if isinstance(spec, CloneSource) else (spec.file,)
    for place in places:
        with noting(gathered.failed, place):
            gathered.collected.append(_gather_place(session, spec, folder / place))
    return gathered


def _gather_place(session: Session, spec: CloneSource | FileSource, place: Path) -> Collected:
    if isinstance(spec, CloneSource):
        refs = spec.refs or git.DEFAULT_REFS
        return from_clone(session, git.Settings(place, refs=refs, content=spec.content), spec.name, spec.purposes)
    if not place.is_file():
        raise Refusal("there is no such file", where=str(place))
    given: dict[str, Any] = {
        "mapping": spec.mapping,
        "constants": dict(spec.set),
        "sheet": spec.sheet,
        "encoding": spec.encoding,
        "skip_bad_rows": spec.skip_bad_rows,
        "complete": spec.complete,
    }
    if spec.subjects is not None:
        given["subjects"] = place.parent / spec.subjects
    return from_file(session, _FILES[spec.kind], place, spec.name, spec.purposes, **given)


def _gather(session: Session, spec: ForgeSource, folder: Path) -> Gathered:
    failed: dict[str, CalibrantError] = {}
    with noting(failed, f"{spec.kind} {spec.where}"):
        return gather_forge(session, spec, folder)
    return Gathered(failed=failed)


def _finish(session: Session, results: Sequence[Gathered]) -> None:
    """Tells all that was done, then what was not, and ends with the error that says so."""
    collected = [one for each in results for one in each.collected]
    failed = {name: error for each in results for name, error in each.failed.items()}
    tell(session, collected, failed=bool(failed))
    for each in results:
        for source, name in each.renamed.items():
            session.say(f"{source} is called {name} now; it stays one source under its old name")
        for source, name in each.clashed.items():
            session.say(
                f"{source} is a new source: {name} is another repository's, renamed or deleted since, and keeps its purposes; "
                "see `calibrant sources list` and restrict either with `calibrant sources revoke`"
            )
        for name, reason in each.skipped.items():
            session.say(f"{name}: nothing to read: {reason}")
    if failed:
        _fail(session, failed, some=bool(collected))


def _fail(session: Session, failed: Mapping[str, CalibrantError], *, some: bool) -> NoReturn:
    """some: whether others were collected."""
    session.beside["failed"] = [
        {"source": name, "error": error.what, "where": error.where, "remedy": error.remedy}
        for name, error in failed.items()
    ]
    incomplete = any(isinstance(error, Incomplete) for error in failed.values())
    kind = Incomplete if incomplete else Partial if some else Refusal
    if len(failed) == 1:
        (error,) = failed.values()
        raise kind(error.what, where=error.where, remedy=error.remedy) if kind is Partial else error
    for name, error in failed.items():
        session.say(f"{name}: {error}")
    kept = "the others are kept; " if some else ""
    raise kind(
        f"{len(failed)} sources are not whole",
        where=", ".join(list(failed)[:5]),
        remedy=f"{kept}run it again to go on" if incomplete else f"{kept}see above",
    )


def _token(variable: str | None, file: Path | None, usual: str) -> dict[str, str]:
    if variable is not None and file is not None:
        raise Refusal("the token is in one place", where="--token-env, --token-file", remedy="give one of them")
    return {"file": str(file.resolve())} if file is not None else {"env": variable or usual}


def _common(
    repositories: list[str] | None, purposes: list[Purpose] | None, ca_bundle: Path | None, **flags: bool
) -> dict[str, Any]:
    certificates = str(ca_bundle.resolve()) if ca_bundle else None
    return {"repositories": repositories or (), "purposes": purposes, "ca_bundle": certificates, **flags}


def _spec(kind: str, max_wait: float, workers: int, given: Mapping[str, Any]) -> ForgeSource:
    try:
        return ForgeSource.model_validate({"kind": kind, "max_wait_minutes": max_wait, "workers": workers, **given})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        at = ".".join(str(part) for part in first["loc"])
        where = _OPTIONS.get(at, at)
        raise Refusal(wrong(first), where=where) from None
