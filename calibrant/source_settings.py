"""What `collect all` collects: the `[[source]]` tables of a settings file, checked by pydantic into frozen values.

Tokens are named here, never written: `token = { env = "GITHUB_TOKEN" }` or `{ file = "/run/secrets/github" }`. A value that
stands where a name should is refused without being repeated.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from calibrant.settings import did_you_mean
from collectors.forge_secret import scrub
from db.errors import BadInput, Problem
from db.records import Purpose

__all__ = [
    "AppSettings",
    "CloneSource",
    "FileSource",
    "ForgeSource",
    "Reference",
    "SourceSettings",
    "read_sources",
    "wrong",
]

_HELP: Final = "see docs/collect-forges.md"
_NAMED: Final = (
    "this looks like a token: give the NAME of the variable, or of the file, that holds it; if it is one, revoke it"
)
_WRITTEN: Final = 'a token is named, never written: token = { env = "FORGE_TOKEN" } or { file = "/run/secrets/forge" }'
_WORDS: Final = {
    "missing": "this key is missing",
    "extra_forbidden": "there is no such key",
    "union_tag_not_found": "the key kind is missing: it says what the source is",
    "string_pattern_mismatch": "this is no name of a variable: give the variable's NAME, not what it holds",
}

_Text = Annotated[str, Field(min_length=1, max_length=500)]
_Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Reference(_Table):
    """Where a secret is: the name of an environment variable, or a file."""

    env: _Name | None = None
    file: _Text | None = None

    @field_validator("env", "file")
    @classmethod
    def _is_no_token(cls, value: str | None) -> str | None:
        if value is not None and scrub(value) != value:
            raise ValueError(_NAMED)
        return value

    @model_validator(mode="after")
    def _one(self) -> Reference:
        if (self.env is None) == (self.file is None):
            raise ValueError("name either an environment variable (env) or a file (file)")
        return self


class AppSettings(_Table):
    """A GitHub App: its id or client id, the id of its installation, and where its private key is."""

    id: Annotated[str | int, Field(union_mode="left_to_right")]
    installation: int
    key: Reference


class _Source(_Table):
    purposes: tuple[Purpose, ...] | None = None


class ForgeSource(_Source):
    """Repositories of one forge: of an organisation (or group, with its subgroups), of teams of it, or named one by one.

    mirror: whether commits and changed files are read from a mirror clone; without one they are unknown. content: also added
    imports and tools (see `collect git --content`). archived: archived repositories too. may_write: take a classic token of GitHub
    that may write, where there is no other. max_wait_minutes: longest wait for the forge's allowance before
    the run ends as incomplete. workers: repositories fetched side by side.
    """

    kind: Literal["github", "gitlab"]
    base_url: _Text | None = None
    organisation: _Text | None = None
    teams: tuple[_Text, ...] = ()
    repositories: tuple[_Text, ...] = ()
    token: Reference | None = None
    app: AppSettings | None = None
    mirror: bool = True
    content: bool = False
    archived: bool = True
    may_write: bool = False
    ca_bundle: _Text | None = None
    proxy: _Text | None = None
    plain_http: bool = False
    max_wait_minutes: Annotated[float, Field(ge=0, le=1_440)] = 65.0
    workers: Annotated[int, Field(ge=1, le=16)] = 4

    @model_validator(mode="after")
    def _somewhere(self) -> ForgeSource:
        if self.organisation is None and not self.repositories:
            raise ValueError("name an organisation (on GitLab a group) or repositories")
        if self.teams and self.organisation is None:
            raise ValueError("teams are of an organisation: name it")
        if (self.token is None) == (self.app is None):
            raise ValueError('say where the token is, for example token = { env = "FORGE_TOKEN" }')
        if self.kind == "gitlab" and (self.app or self.may_write):
            raise ValueError("an app is GitHub's; GitLab takes a token that may only read")
        if self.kind == "gitlab" and self.base_url is None:
            raise ValueError("say where it is, for example base_url = 'https://gitlab.com'")
        return self

    @property
    def where(self) -> str:
        """The forge's address as configured, GitHub's own unless said. Where somebody gives github.com's API, github.com is meant."""
        given = (self.base_url or "https://github.com").rstrip("/")
        return "https://github.com" if given == "https://api.github.com" else given


class CloneSource(_Source):
    """Local clones; folders relative to the settings file. See `collect git`."""

    kind: Literal["git"]
    clones: Annotated[tuple[_Text, ...], Field(min_length=1)]
    name: _Text | None = None
    refs: tuple[_Text, ...] = ()
    content: bool = False

    @model_validator(mode="after")
    def _one_name(self) -> CloneSource:
        if self.name is not None and len(self.clones) > 1:
            raise ValueError("a name names one clone")
        return self


class FileSource(_Source):
    """A file, relative to the settings file. See `collect feedback360`, `collect scorecards` and `collect table`."""

    kind: Literal["feedback360", "scorecards", "table"]
    file: _Text
    name: _Text | None = None
    mapping: _Text | None = None
    sheet: _Text | None = None
    encoding: _Text | None = None
    subjects: _Text | None = None
    set: Mapping[str, str] = {}
    skip_bad_rows: bool = False
    complete: bool = False

    @model_validator(mode="after")
    def _fits(self) -> FileSource:
        if self.subjects is not None and self.kind != "scorecards":
            raise ValueError("subjects belong to scorecards")
        if self.kind == "table" and self.mapping is None:
            raise ValueError("a table needs a mapping")
        return self


SourceSettings = Annotated[ForgeSource | CloneSource | FileSource, Field(discriminator="kind")]
"""One `[[source]]` table."""

_SOURCE: Final[TypeAdapter[ForgeSource | CloneSource | FileSource]] = TypeAdapter(SourceSettings)


def read_sources(path: Path) -> list[ForgeSource | CloneSource | FileSource]:
    """The sources of a settings file, in its order. Raises BadInput with every mistake; none of it is taken then."""
    where = str(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _refused([Problem(where, 0, "", f"not readable as TOML: {error}")]) from None
    given = table.get("source")
    if not isinstance(given, list) or not given:
        raise _refused([Problem(where, 0, "source", "the file names no source", "add a [[source]] table", noun="key")])
    problems: list[Problem] = []
    found = []
    for number, one in enumerate(given, start=1):
        try:
            found.append(_SOURCE.validate_python(one))
        except ValidationError as error:
            problems += [_problem(where, number, detail) for detail in error.errors(include_url=False)]
    if problems:
        raise _refused(problems)
    return found


def _refused(problems: list[Problem]) -> BadInput:
    return BadInput(f"the sources cannot be read: {problems[0]}", problems, remedy=_HELP)


def _problem(where: str, number: int, detail: Any) -> Problem:
    """One of pydantic's findings, without what was written there: it may be a token."""
    at = [scrub(str(part)) for part in detail["loc"] if part not in _MODELS]
    return Problem(
        where, 0, ".".join([f"source {number}", *at]), wrong(detail), _near(detail) if at else "", noun="key"
    )


def wrong(detail: Any) -> str:
    """One of pydantic's findings in words of ours."""
    kind, at = detail["type"], [str(part) for part in detail["loc"]]
    if {"token", "key"} & set(at[:-1] if kind == "extra_forbidden" else at) and kind in _INSTEAD_OF_A_NAME:
        return _WRITTEN
    if kind == "union_tag_invalid":
        return f"there is no kind {scrub(detail['ctx']['tag'])!r}; use {', '.join(list(_MODELS)[:-1])} or {list(_MODELS)[-1]}"
    return _WORDS.get(kind, str(detail["msg"]).removeprefix("Value error, "))


def _near(detail: Any) -> str:
    """The key that was likely meant, where there is none of that name in this table."""
    *above, key = (str(part) for part in detail["loc"])
    model = _INNER.get(above[-1]) or _MODELS.get(above[0])
    if detail["type"] != "extra_forbidden" or model is None or scrub(key) != key:
        return ""
    return did_you_mean(key, model.model_fields)


_INNER: Final[Mapping[str, type[BaseModel]]] = MappingProxyType(
    {"token": Reference, "key": Reference, "app": AppSettings}
)

_INSTEAD_OF_A_NAME: Final = frozenset({"model_type", "model_attributes_type", "extra_forbidden"})

_MODELS: Final[Mapping[str, type[BaseModel]]] = MappingProxyType(
    {
        "github": ForgeSource,
        "gitlab": ForgeSource,
        "git": CloneSource,
        "feedback360": FileSource,
        "scorecards": FileSource,
        "table": FileSource,
    }
)
