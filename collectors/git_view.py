"""A clone looked at through a window: its objects and refs, and nothing of its configuration.

A clone may come from anybody, and git obeys a repository's own configuration: hooks, file system monitors, text
converters, external diff programs, promisor remotes that it would fetch from. So the clone is asked for two things only,
where its objects are and what its refs point to. Everything else runs in an empty git directory of our own, made for the
run, whose object store is the clone's (`GIT_OBJECT_DIRECTORY`). It follows that

- nothing the repository configures takes part: no hook, attribute file, alias, remote, graft, and no lazy fetch of
  missing blobs, with any git from 2.30 on (`GIT_NO_LAZY_FETCH` alone needs 2.45);
- who owns the clone does not matter, and nothing is ever written to it;
- two clones of one history give the same facts, whatever is configured in either.

**Replace refs are not followed.** `refs/replace` is local to a clone: `git clone` does not copy it, so a mirror and a plain
clone of one repository would otherwise count different commits under the same object ids. What is collected
is what the ids name. `git rev-list --count` agrees under `GIT_NO_REPLACE_OBJECTS=1`. Grafts likewise.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from db.errors import Refusal

__all__ = ["PIPE", "View"]

PIPE = 1 << 20
"""Bytes read from git at a time, and the size asked of the pipe, so that reader and writer seldom wake each other."""

_HEXADECIMAL = frozenset("0123456789abcdef")

_GLOBAL = """\
[safe]
\tdirectory = *
\tbareRepository = all
[protocol]
\tallow = never
[core]
\tfsmonitor = false
\tattributesFile = /dev/null
\thooksPath = /dev/null
[gc]
\tauto = 0
[maintenance]
\tauto = false
"""
_OWN = """\
[core]
\trepositoryformatversion = 1
\tbare = true
\tcommitGraph = false
\tquotePath = false
[diff]
\trenameLimit = 1000
\talgorithm = default
[extensions]
\tobjectFormat = {object_format}
"""


def _object_ids(listed: bytes, length: int) -> list[str]:
    """The object ids among the lines of a file; what is none (a damaged `shallow`) is passed over."""
    lines = listed.decode("ascii", "replace").split()
    return [line for line in lines if len(line) == length and set(line) <= _HEXADECIMAL]


def _widen(pipe: IO[bytes] | None) -> None:
    """Ask for a wide pipe where the system has such a thing and grants it."""
    if pipe is not None and hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)


class View:
    """Read-only view of one clone. Use as a context manager: it holds a temporary git directory.

    Raises Refusal where `path` is not itself a repository or a work tree, or git is not installed.
    """

    def __init__(self, path: str | Path, git: str = "git") -> None:
        program = shutil.which(git)
        if program is None:
            raise Refusal(f"there is no program {git!r}", remedy="install git 2.30 or later")
        self.path = Path(path).absolute()
        self._program = program
        self._folder = tempfile.TemporaryDirectory(prefix="calibrant-git-")
        self._own = Path(self._folder.name)
        self._environment = self._clean_environment()
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _clean_environment(self) -> dict[str, str]:
        """Environment of every git process. Built from nothing, so that no GIT_ variable of the caller leaks in."""
        (self._own / ".gitconfig").write_text(_GLOBAL, encoding="ascii")
        return {
            "PATH": str(Path(self._program).parent),
            "LC_ALL": "C",
            "HOME": str(self._own),
            "XDG_CONFIG_HOME": str(self._own),
            "GIT_CONFIG_GLOBAL": str(self._own / ".gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_CEILING_DIRECTORIES": str(self.path.resolve().parent),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_FLUSH": "0",
        }

    def _open(self) -> None:
        """Ask the clone where things are, and lay out our own git directory."""
        asked = self._ask(
            "rev-parse", "--absolute-git-dir", "--git-common-dir", "--git-path", "objects", "--show-object-format"
        )
        git_dir, common, objects, object_format = (asked.decode("utf-8", "surrogateescape") + "\n" * 4).split("\n")[:4]
        self._git_dir = git_dir
        self.object_format = object_format or "sha1"
        self.oid_length = 64 if self.object_format == "sha256" else 40
        self._environment["GIT_OBJECT_DIRECTORY"] = str((self.path / objects).resolve())
        for folder in ("refs", "objects"):
            (self._own / folder).mkdir()
        (self._own / "HEAD").write_text("ref: refs/heads/none\n", encoding="ascii")
        (self._own / "config").write_text(_OWN.format(object_format=self.object_format), encoding="ascii")
        shallow = self.path / common / "shallow"
        cut = _object_ids(shallow.read_bytes(), self.oid_length) if shallow.is_file() else []
        if cut:
            (self._own / "shallow").write_text("".join(f"{oid}\n" for oid in sorted(cut)), encoding="ascii")
        self.cut = frozenset(cut)

    def _ask(self, *arguments: str, may_fail: bool = False) -> bytes:
        """Run git in the clone itself. Only `rev-parse` and `for-each-ref` ever are."""
        asked = subprocess.run(  # noqa: S603
            [self._program, "-C", str(self.path), *arguments],
            env={key: value for key, value in self._environment.items() if key != "GIT_OBJECT_DIRECTORY"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if asked.returncode and not may_fail:
            said = asked.stderr.decode("utf-8", "backslashreplace").strip().split("\n")[0]
            raise Refusal(
                f"this is no git repository that can be read: {said}",
                where=str(self.path),
                remedy="give the folder of a clone (bare or with a work tree)",
            )
        return asked.stdout

    def __enter__(self) -> View:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the temporary git directory. The clone is left as it was."""
        self._folder.cleanup()

    @contextmanager
    def process(self, *arguments: str, given: bytes = b"", uncut: bool = False) -> Iterator[subprocess.Popen[bytes]]:
        """git with `arguments` in our own directory, `given` on its standard input, its output to be read from `.stdout`.

        uncut: take no notice of the cut of a shallow clone, so that commits there name their parents. Killed on leaving.
        """
        with tempfile.TemporaryFile(dir=self._own) as source:
            source.write(given)
            source.seek(0)
            with self._start(arguments, source, uncut=uncut) as process:
                try:
                    _widen(process.stdout)
                    yield process
                finally:
                    if process.poll() is None:
                        process.kill()

    def dialogue(self, *arguments: str) -> subprocess.Popen[bytes]:
        """git asked and answering line by line. The caller ends it."""
        return self._start(arguments, subprocess.PIPE)

    def _start(
        self, arguments: Sequence[str], source: IO[bytes] | int, *, uncut: bool = False
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603
            [self._program, f"--git-dir={self._own}", *arguments],
            env={**self._environment, "GIT_SHALLOW_FILE": ""} if uncut else self._environment,
            cwd=self._own,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def output(self, *arguments: str, given: bytes = b"") -> bytes | None:
        """Everything git wrote, or None if it failed."""
        with self.process(*arguments, given=given) as process:
            written, _ = process.communicate()
        return written if process.returncode == 0 else None

    def head(self) -> str | None:
        """The commit HEAD points to, None before the first commit."""
        asked = self._ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}", may_fail=True)
        return asked.decode("ascii").strip() or None

    def tips(self, refs: Sequence[str]) -> tuple[tuple[str, ...], int]:
        """Commits that `refs` point to (HEAD, a ref, a prefix or a pattern of refs), sorted, each once; and how many refs are broken."""
        head = self._ask("rev-parse", "--verify", "--quiet", "HEAD", may_fail=True) if "HEAD" in refs else b""
        patterns = [ref for ref in refs if ref != "HEAD"]
        listed = self._ask("for-each-ref", "--format=%(objectname)", *patterns) if patterns else b""
        names = sorted({*head.decode("ascii").split(), *listed.decode("ascii").split()})
        commits = self.resolve([f"{name}^{{commit}}" for name in names])
        return tuple(sorted({oid for oid in commits if oid})), sum(oid is None for oid in commits)

    def resolve(self, names: Iterable[str]) -> list[str | None]:
        """The object id each name stands for, None where the object is missing."""
        asked = "".join(f"{name}\n" for name in names).encode()
        if not asked:
            return []
        answer = self.output("cat-file", "--batch-check=%(objectname)", "--buffer", given=asked) or b""
        return [
            line if len(line) == self.oid_length else None
            for line in answer.decode("utf-8", "replace").split("\n")[:-1]
        ]

    def missing(self, oids: Iterable[str]) -> set[str]:
        """Those of `oids` that the object store lacks."""
        asked = sorted(set(oids))
        return {oid for oid, found in zip(asked, self.resolve(asked), strict=True) if found is None}

    def blob(self, name: str, limit: int) -> bytes:
        """Content of a blob, empty where it is missing or larger than `limit` bytes."""
        size = self.output("cat-file", "--batch-check=%(objecttype) %(objectsize)", given=f"{name}\n".encode()) or b""
        kind, _, length = size.decode("utf-8", "replace").strip().partition(" ")
        if kind != "blob" or not length.isdigit() or int(length) > limit:
            return b""
        return self.output("cat-file", "blob", name) or b""
