"""The forges of a configuration, ready to be collected: whose token, at what pace, and with which mirrors."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Final

from calibrant.collecting_forges import Started, Watch
from calibrant.source_settings import ForgeSource
from collectors import git, github, gitlab
from collectors.forge_limits import Bucket, SystemClock
from collectors.forge_mirror import GITHUB_HEADS, GITLAB_HEADS, Mirror
from collectors.forge_mirror_folder import place
from collectors.forge_records import Repository
from collectors.forge_retry import attempt
from collectors.forge_secret import Secret
from collectors.forge_session import guarded_session
from collectors.forge_works import Works
from collectors.github_app import App, AppCredential
from db.errors import CalibrantError, Incomplete, Refusal
from db.records import Batch

__all__ = ["ForgeSite", "Stoppable"]

_MODULES: Final[Mapping[str, ModuleType]] = MappingProxyType({"github": github, "gitlab": gitlab})
_PUBLIC: Final = {"github": "github.com", "gitlab": "gitlab.com"}
_HEADS: Final = {"github": GITHUB_HEADS, "gitlab": GITLAB_HEADS}
_LOGINS: Final = {"github": "x-access-token", "gitlab": "oauth2"}
_SEGMENT: Final = re.compile(r"(?!\.{1,2}$)[\w.+~-]{1,200}", re.ASCII)


class Stoppable(SystemClock):
    """The machine's clock, whose sleepers wake when the collection is stopped."""

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped

    def sleep(self, seconds: float) -> None:
        """Wait. Raises Incomplete if the collection is stopped meanwhile."""
        if self._stopped.wait(seconds):
            raise Incomplete("the collection was stopped", remedy="everything so far is kept; run it again to continue")


@dataclass
class ForgeSite:
    """One `ForgeSource` with its token; see `collecting_forges.Forge` for what it is used by.

    mirrors: folder for mirror clones. bucket: shared by all threads. touched: keys of the projects that are worth asking about; None:
    all. Making one asks nothing yet.
    """

    spec: ForgeSource
    token: Secret | App = field(repr=False)
    mirrors: Path
    bucket: Bucket
    touched: frozenset[str] | None = None
    _cloning: AppCredential | None = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @property
    def kind(self) -> str:
        """The collector's name."""
        return self.spec.kind

    @property
    def extractor(self) -> str:
        """Name and version of what reads the forge."""
        return str(_MODULES[self.kind].EXTRACTOR)

    @property
    def host(self) -> str:
        """The host that keys and identities begin with."""
        return str(_MODULES[self.kind].host(self.spec.where))

    @property
    def workers(self) -> int:
        """Repositories fetched side by side."""
        return self.spec.workers

    @property
    def content(self) -> bool:
        """Whether added imports and tools are read from the mirror."""
        return self.spec.content

    def repositories(self, missing: dict[str, CalibrantError]) -> list[Repository]:
        """What the configuration asks for, each once. missing: gets the names of which the forge has nothing to read, and why.

        Raises what the forge says against listing an organisation.
        """
        client = self._client("")
        where = (self.host,) if self.kind == "github" else ()
        spec = self.spec
        list_them = _MODULES[self.kind].repositories
        found: dict[str, Repository] = {}
        if spec.organisation is not None:
            listed = list_them(client, *where, organisation=spec.organisation, teams=spec.teams)
            found = {one.key: one for one in listed}
        for name in spec.repositories:
            try:
                found |= {one.key: one for one in list_them(client, *where, names=(name,)) if one.key not in found}
            except Refusal as error:
                missing[name] = error
        return [one for one in found.values() if spec.archived or not one.archived]

    def warning(self) -> str | None:
        """Refuses a token that may write. What could not be found out about it; None: all is well. GitHub tells with every answer."""
        return gitlab.check_token(self._client("")) if self.kind == "gitlab" else None

    def look(self, stored: Mapping[str, object] | None) -> Mapping[str, object] | None:
        """Ask a GitLab group which of its projects were touched since `stored`. The cursor to store once all are collected."""
        if self.kind != "gitlab" or self.spec.organisation is None or self.spec.repositories or self.spec.teams:
            return None
        found = gitlab.touched(
            self._client(""), self.spec.organisation, stored, gitlab.EXTRACTOR, streams=gitlab.STREAMS
        )
        self.touched = found.projects
        return found.cursor

    def source_name(self, repository: Repository) -> str:
        """What its source is called, unless it has one already."""
        return self.named(repository.name)

    def named(self, name: str) -> str:
        """A name on this forge: with the host before it anywhere but on the public ones."""
        return name if self.host == _PUBLIC[self.kind] else f"{self.host}/{name}"

    def fetch(
        self,
        repository: Repository,
        name: str,
        cursor: Mapping[str, object] | None,
        now: datetime,
        watch: Watch,
    ) -> Iterator[Started | Batch]:
        """The mirror brought up to date, then what the forge shows. Runs in a worker's thread.

        Without a mirror, what it would have told is unknown; if that is because it failed, its error is raised after all else.
        """
        mirror: Mirror | None = None
        lineage, failed = None, None
        try:
            mirror, lineage = self._mirrored(repository, name)
        except CalibrantError as error:
            failed = _mirror_failed(error)
        yield Started(lineage, mirror.folder if mirror is not None and lineage else None)
        if self._is_worth_asking(repository, cursor):
            yield from self._shown(repository, cursor, now, watch, mirror)
        if failed is not None:
            raise failed

    def _mirrored(self, repository: Repository, name: str) -> tuple[Mirror | None, str | None]:
        """The mirror, brought up to date, and its lineage; None where there is to be none."""
        mirror = self._mirror(repository, name)
        if mirror is None:
            return None, None
        attempt(lambda: mirror.update(repository.default_branch), self.bucket, cost=0)
        return mirror, git.lineage(git.Settings(clone=mirror.folder))

    def _shown(
        self,
        repository: Repository,
        cursor: Mapping[str, object] | None,
        now: datetime,
        watch: Watch,
        mirror: Mirror | None,
    ) -> Iterator[Batch]:
        fetch = mirror.fetch_commits if mirror is not None else None
        with Works(mirror.folder if mirror is not None else None, fetch=fetch) as works:
            yield from _MODULES[self.kind].collect(
                self._settings(repository.name),
                cursor,
                now=now,
                client=self._client(repository.name),
                work=works.of if mirror is not None else None,
                watch=watch,
            )

    def _is_worth_asking(self, repository: Repository, cursor: Mapping[str, object] | None) -> bool:
        if self.touched is None or repository.key in self.touched:
            return True
        return gitlab.unfinished(cursor)

    def _settings(self, repository: str) -> Any:
        spec = self.spec
        own: dict[str, Any] = {"may_write": spec.may_write} if self.kind == "github" else {}
        return _MODULES[self.kind].Settings(
            repository=repository,
            token=self.token,
            base_url=spec.where,
            ca_bundle=spec.ca_bundle,
            proxies=self._proxies,
            plain_http=spec.plain_http,
            **own,
        )

    @property
    def _proxies(self) -> Mapping[str, str] | None:
        proxy = self.spec.proxy
        return {"https": proxy, "http": proxy} if proxy else None

    def _client(self, repository: str) -> Any:
        return _MODULES[self.kind].connect(self._settings(repository), self.bucket)

    def _mirror(self, repository: Repository, name: str) -> Mirror | None:
        spec = self.spec
        if not spec.mirror or repository.empty:
            return None
        return Mirror(
            place(self.mirrors / _folder(self.host, name.removeprefix(f"{self.host}/")), repository.key),
            repository.clone_url,
            spec.where,
            heads=_HEADS[self.kind],
            login=_LOGINS[self.kind],
            token=self._cloning_token,
            ca_bundle=spec.ca_bundle,
            proxy=spec.proxy,
            plain_http=spec.plain_http,
            key=repository.key,
        )

    def _cloning_token(self) -> Secret:
        """For git, which takes a token and no credential. An App has one of the hour, for all its repositories."""
        if isinstance(self.token, Secret):
            return self.token
        with self._lock:
            if self._cloning is None:
                self._cloning = self._credential(self.token)
            self._cloning.headers()
            return self._cloning.secrets()[0]

    def _credential(self, app: App) -> AppCredential:
        spec = self.spec
        session = guarded_session(
            github.api(spec.where), ca_bundle=spec.ca_bundle, proxies=self._proxies, plain_http=spec.plain_http
        )
        return AppCredential(app, session)


def _mirror_failed(error: CalibrantError) -> CalibrantError:
    """`error`, saying what was done in spite of it."""
    kind = Incomplete if isinstance(error, Incomplete) else Refusal
    return kind(
        f"{error.what}; what the forge shows was collected without the mirror", where=error.where, remedy=error.remedy
    )


def _folder(host: str, name: str) -> Path:
    """A repository's place under the folder of mirrors. Raises Refusal for a name that would lead elsewhere.

    >>> _folder("github.com", "acme/serving").as_posix()
    'github.com/acme/serving.git'
    >>> _folder("example.org:8443/gitlab", "acme/serving").as_posix()
    'example.org_8443/gitlab/acme/serving.git'
    """
    parts: Sequence[str] = (*host.replace(":", "_").split("/"), *name.split("/"))
    if not all(_SEGMENT.fullmatch(part) for part in parts):
        raise Refusal("a mirror cannot be named after this repository", where=repr(name))
    return Path(*parts[:-1], f"{parts[-1]}.git")
