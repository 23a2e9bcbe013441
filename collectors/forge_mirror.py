"""A mirror clone of one repository of a forge: its branches, and the head of every change request there ever was.

Commits and files come from here and cost the forge's quota nothing. What a forge sends is only ever stored: no hook, no submodule, no
work tree, no configuration of it takes part, and it is read through `git_view`, which obeys no repository.

**The token** goes to git in its environment (`GIT_CONFIG_VALUE_n`), bound to the configured host: it is in no argument list, which every user
of the machine can read, in no file of the mirror, and sent to nobody else. Redirects are not followed: the name of a
renamed repository is known from the forge.

**Old heads are kept.** A change request that is force-pushed loses the commits its reviews speak about. So heads are fetched without
force; where that is refused, the old head is first given a name of its own (`refs/calibrant/heads/<number>/<object id>`), and
then the new one is fetched. Heads of deleted change requests stay; branches that are gone go. Heads that were pushed away before there was a
mirror can be asked for by their object ids (`fetch_commits`), which both forges answer for as long as they have them.

**Only the mirror is written to.** Mirrors may lie inside somebody's work tree, and git looks for a repository further up where it finds
none. So git is told which folder is meant (`GIT_DIR`) and never looks for one. A mirror that cannot be read any more, as after a power cut, is
set aside and made anew.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from collectors.forge_failure import ConnectionLost, ForeignHost, Gone
from collectors.forge_mirror_folder import alone, is_of, mark, set_aside, sweep
from collectors.forge_origin import Origin, safe_origin
from collectors.forge_secret import Secret, scrub
from collectors.git_text import visible
from db.errors import CalibrantError, Incomplete, Refusal

__all__ = ["GITHUB_HEADS", "GITLAB_HEADS", "Mirror"]

GITHUB_HEADS: Final = "refs/pull/*/head"
GITLAB_HEADS: Final = "refs/merge-requests/*/head"

_BRANCHES: Final = "+refs/heads/*:refs/heads/*"
_KEPT: Final = "refs/calibrant/heads"
_SEEN: Final = "refs/calibrant/seen"
_REFUSED: Final = re.compile(r"not our ref ([0-9a-f]{40,64})")
_REFUSALS: Final = 8
"""Commits a forge may say it has not, one after the other, before the rest is not asked for."""
_SAID: Final = 300
_REJECTED: Final = 1
"""Status of `git fetch` where some refs could not be moved and the rest was fetched, of `git show-ref` where there is none."""


@dataclass(frozen=True)
class Mirror:
    """folder: where the mirror is or will be; key: of the repository it is of (see `forge_mirror_folder.place`). url: to clone from; web: the forge's address, whose host `url` must have. heads: what
    the forge calls the heads of change requests. token: asked for at every update, as some expire; login: the name that goes with it
    ("x-access-token" on GitHub, "oauth2" on GitLab). time_limit: seconds for one fetch; patience: to wait for another's to end.

    Raises ForeignHost if `url` is elsewhere, Refusal for an address that is not encrypted.
    """

    folder: Path
    url: str
    web: str
    heads: str = GITHUB_HEADS
    login: str = "x-access-token"
    token: Callable[[], Secret] | None = field(default=None, repr=False)
    ca_bundle: str | None = None
    proxy: str | None = field(default=None, repr=False)
    plain_http: bool = False
    key: str = ""
    time_limit: float = 7_200.0
    patience: float = 10.0
    git: str = "git"

    def __post_init__(self) -> None:
        origin = safe_origin(self.web, plain_http=self.plain_http)
        if Origin.of(self.url) != origin:
            raise ForeignHost(
                f"the clone's address is not at {origin}",
                where=visible(scrub(self.url[:_SAID])),
                remedy="the forge names another host for clones than the configured one: set its external URL right",
            )

    @property
    def exists(self) -> bool:
        """Whether there is a mirror to read, however old."""
        with tempfile.TemporaryDirectory(prefix="calibrant-mirror-") as home:
            return _Git(replace(self, token=None), Path(home)).finds_mirror()

    def update(self, default_branch: str | None) -> None:
        """Fetch what is new. default_branch: where HEAD shall point; None leaves it. An empty repository gives an empty mirror.

        Raises Gone, Refusal (the token may not read it), ConnectionLost, or Incomplete (it took too long, or another is at work in it);
        the mirror then is as good as it was.
        """
        with self._at_work() as git:
            if not git.finds_mirror():
                set_aside(self.folder)
                mark(self.folder, self.key)
                git.run("init", "--quiet", "--bare", "--template=")
            git.run("fetch", *_QUIETLY, "--prune", self.url, _BRANCHES)
            if git.status("fetch", *_QUIETLY, self.url, f"{self.heads}:{self.heads}") == _REJECTED:
                self._follow_force_pushes(git)
            head = f"refs/heads/{default_branch}"
            if default_branch is not None and git.status("show-ref", "--verify", "--quiet", head) == 0:
                git.run("symbolic-ref", "HEAD", head)
            git.run("pack-refs", "--all")
            git.run("gc", "--auto", "--quiet")

    def fetch_commits(self, oids: Collection[str]) -> None:
        """Fetch single commits that no head leads to any more; those the forge does not have are left out.

        Raises as `update`.
        """
        wanted = sorted(oids)
        if not wanted:
            return
        with self._at_work() as git:
            for _ in range(_REFUSALS):
                lines = (f"{oid}:{_SEEN}/{oid}\n" for oid in wanted)
                gone = _REFUSED.search(git.complaint("fetch", *_QUIETLY, "--stdin", self.url, given=lines))
                wanted = [oid for oid in wanted if gone is not None and oid != gone[1]]
                if not wanted:
                    return

    @contextmanager
    def _at_work(self) -> Iterator[_Git]:
        """git in this mirror, and nobody else."""
        with (
            alone(self.folder, self.patience) as lock,
            tempfile.TemporaryDirectory(prefix="calibrant-mirror-") as home,
        ):
            sweep(self.folder)
            yield _Git(self, Path(home), (lock,))

    def _follow_force_pushes(self, git: _Git) -> None:
        here = _refs(git.run("for-each-ref", "--format=%(objectname) %(refname)", self.heads.partition("*")[0]))
        there = _refs(git.run("ls-remote", "--quiet", self.url, self.heads))
        moved = {ref: here[ref] for ref, oid in sorted(there.items()) if ref in here and here[ref] != oid}
        keep = (f"update {_KEPT}/{_number(ref)}/{oid} {oid}\n" for ref, oid in moved.items())
        git.run("update-ref", "--stdin", given=keep)
        git.run("fetch", *_QUIETLY, "--stdin", self.url, given=(f"+{ref}:{ref}\n" for ref in moved))


_QUIETLY: Final = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance")


def _refs(listed: str) -> dict[str, str]:
    """Ref -> object id, of lines "<oid> <ref>"."""
    pairs = (line.split(None, 1) for line in listed.splitlines())
    return {pair[1]: pair[0] for pair in pairs if len(pair) == 2}


def _number(ref: str) -> str:
    return ref.split("/")[2]


class _Git:
    """git on one mirror and no repository around it, in an environment built from nothing. locks: descriptors it keeps while it runs."""

    def __init__(self, mirror: Mirror, home: Path, locks: tuple[int, ...] = ()) -> None:
        program = shutil.which(mirror.git)
        if program is None:
            raise Refusal(f"there is no program {mirror.git!r}", remedy="install git 2.30 or later")
        self._program, self._mirror, self._home, self._locks = program, mirror, home, locks
        self._secrets: tuple[Secret, ...] = ()
        self._environment = self._clean_environment()

    def _clean_environment(self) -> dict[str, str]:
        settings = self._settings()
        folder = self._mirror.folder.absolute()
        environment = {
            "PATH": os.pathsep.join((str(Path(self._program).parent), os.defpath)),
            "LC_ALL": "C",
            "HOME": str(self._home),
            "XDG_CONFIG_HOME": str(self._home),
            "GIT_DIR": str(folder),
            "GIT_CEILING_DIRECTORIES": str(folder.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "true",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_CONFIG_COUNT": str(len(settings)),
        }
        for order, (key, value) in enumerate(settings.items()):
            environment |= {f"GIT_CONFIG_KEY_{order}": key, f"GIT_CONFIG_VALUE_{order}": value}
        return environment

    def _settings(self) -> Mapping[str, str]:
        mirror = self._mirror
        origin = Origin.of(mirror.url)
        settings = {
            "protocol.allow": "never",
            f"protocol.{origin.scheme}.allow": "always",
            "http.followRedirects": "false",
            "http.sslVerify": "true",
            "http.lowSpeedLimit": "1000",
            "http.lowSpeedTime": "60",
            "http.userAgent": "calibrant",
            "credential.helper": "",
            "core.hooksPath": os.devnull,
            "core.fsmonitor": "false",
            "submodule.recurse": "false",
            "safe.directory": "*",
            "gc.autoDetach": "false",
        }
        if mirror.ca_bundle:
            settings["http.sslCAInfo"] = mirror.ca_bundle
        if mirror.proxy:
            settings["http.proxy"] = mirror.proxy
        if mirror.token is not None:
            token = mirror.token()
            login = Secret(base64.b64encode(f"{mirror.login}:{token.reveal()}".encode()).decode("ascii"))
            self._secrets = (token, login)
            settings[f"http.{origin}/.extraHeader"] = f"Authorization: Basic {login.reveal()}"
        return settings

    def finds_mirror(self) -> bool:
        """Whether the folder is marked as this repository's and is one, with refs that can be read."""
        if not is_of(self._mirror.folder, self._mirror.key):
            return False
        bare = self._run(("rev-parse", "--is-bare-repository"), ())
        return bare.stdout.strip() == b"true" and not self._run(("for-each-ref", "--format=%(refname)"), ()).returncode

    def run(self, *arguments: str, given: Iterable[str] = ()) -> str:
        """Standard output. Raises what its failure calls for."""
        done = self._run(arguments, given)
        if done.returncode:
            raise self._trouble(done)
        return done.stdout.decode("utf-8", "surrogateescape")

    def complaint(self, *arguments: str, given: Iterable[str] = ()) -> str:
        """What git says against it, where that is about single objects; empty if all went well. Raises for anything else."""
        done = self._run(arguments, given)
        said = done.stderr.decode("utf-8", "replace")
        if done.returncode and not _REFUSED.search(said):
            raise self._trouble(done)
        return said if done.returncode else ""

    def status(self, *arguments: str) -> int:
        """0; or 1, where some refs could not be moved or none was found. Raises for anything worse."""
        done = self._run(arguments, ())
        if done.returncode not in (0, _REJECTED):
            raise self._trouble(done)
        return done.returncode

    def _run(self, arguments: Iterable[str], given: Iterable[str]) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(  # noqa: S603
                [self._program, *arguments],
                cwd=self._home,
                env=self._environment,
                pass_fds=self._locks,
                input="".join(given).encode(),
                capture_output=True,
                timeout=self._mirror.time_limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            limit = f"{self._mirror.time_limit:,.0f} s"
        raise Incomplete(f"the mirror was not up to date after {limit}", where=str(self._mirror.folder))

    def _trouble(self, done: subprocess.CompletedProcess[bytes]) -> CalibrantError:
        said = " ".join(visible(scrub(done.stderr.decode("utf-8", "replace"), *self._secrets)).split())[:_SAID]
        where = visible(scrub(self._mirror.url))
        words = said.lower()
        if "not found" in words or "error: 404" in words or "error: 410" in words:
            return Gone("the repository cannot be cloned", 404, where=where)
        if any(sign in words for sign in ("authentication failed", "could not read", "error: 401", "error: 403")):
            return Refusal(
                "the forge does not let this token clone", where=where, remedy="let it read the repository's contents"
            )
        if "error: 30" in words or "redirect" in words:
            return ForeignHost(
                "the forge sends clones elsewhere, which is not followed",
                where=where,
                remedy="give its present address",
            )
        return ConnectionLost(f"the mirror could not be brought up to date: {said}", where=where)
