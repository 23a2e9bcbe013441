"""Real git repositories for tests, built in one go by `git fast-import`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from collectors import git
from db.records import Batch, Evidence, Scalar

NOW = datetime(2026, 1, 1, tzinfo=UTC)
START = 1_700_000_000
GITLINK = b"gitlink:" + b"1" * 40
"""Content that stands for a submodule."""


def run_git(folder: Path, *arguments: str, given: bytes = b"", replace: bool = False) -> str:
    """Output of git in `folder`, free of the machine's own configuration."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_COMMITTER_NAME": "Test",
        "GIT_COMMITTER_EMAIL": "test@example.org",
        "GIT_AUTHOR_NAME": "Test",
        "GIT_AUTHOR_EMAIL": "test@example.org",
        **({} if replace else {"GIT_NO_REPLACE_OBJECTS": "1"}),
    }
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, input=given, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout.decode("utf-8", "surrogateescape").strip()


@dataclass
class Repository:
    """A repository under construction: `commit` notes, `write` builds. Commits are named by the number `commit` gives."""

    path: Path
    bare: bool = True
    _script: list[bytes] = field(default_factory=list)
    _tips: dict[str, int] = field(default_factory=dict)
    _marks: int = 0
    _clock: int = START

    def commit(
        self,
        files: Mapping[str | bytes, bytes | str | None] | None = None,
        message: str | bytes = "Work",
        *,
        author: bytes = b"Ada <ada@example.org>",
        committer: bytes | None = None,
        parents: Sequence[int | str] | None = None,
        branch: str = "main",
        at: int | None = None,
        author_at: int | None = None,
        encoding: str | None = None,
    ) -> int:
        """Note a commit on `branch`. None as content deletes; without `parents` it goes on from the branch's last one."""
        self._marks += 1
        self._clock += 60
        at = self._clock if at is None else at
        text = message.encode() if isinstance(message, str) else message
        script = [f"commit refs/heads/{branch}\nmark :{self._marks}\n".encode()]
        script.append(b"author %s %d +0000\n" % (author, at if author_at is None else author_at))
        script.append(b"committer %s %d +0000\n" % (committer or author, at))
        if encoding:
            script.append(f"encoding {encoding}\n".encode())
        script.append(b"data %d\n%s\n" % (len(text), text))
        if parents is None:
            parents = [self._tips[branch]] if branch in self._tips else []
        self._tips[branch] = self._marks
        for order, parent in enumerate(parents):
            name = f":{parent}" if isinstance(parent, int) else parent
            script.append(f"{'merge' if order else 'from'} {name}\n".encode())
        script.extend(_change(path, content) for path, content in (files or {}).items())
        self._script.append(b"".join(script) + b"\n")
        return self._marks

    def write(self) -> list[str]:
        """Build what was noted; object ids by number, [0] unused. May be called again for more on top."""
        if not (self.path / "objects").exists() and not (self.path / ".git").exists():
            self.path.mkdir(parents=True, exist_ok=True)
            run_git(self.path, "init", "-q", *(["--bare"] if self.bare else []), "--initial-branch=main", ".")
        marks = self.path / "marks"
        options = [f"--import-marks-if-exists={marks}", f"--export-marks={marks}"]
        run_git(self.path, "fast-import", "--quiet", "--force", *options, given=b"".join(self._script))
        self._script.clear()
        named = dict(line.split() for line in marks.read_text().splitlines())
        return ["", *(named[f":{mark}"] for mark in range(1, self._marks + 1))]

    def explode(self) -> None:
        """Put every object into a file of its own."""
        for pack in (self.path / "objects" / "pack").glob("*.pack"):
            content = pack.read_bytes()
            for part in pack.parent.glob(f"{pack.stem}*"):
                part.unlink()
            run_git(self.path, "unpack-objects", "-q", given=content)

    def object_file(self, name: str) -> Path:
        """The file of the object that `name` stands for, after `explode`."""
        oid = run_git(self.path, "rev-parse", name)
        return self.path / "objects" / oid[:2] / oid[2:]


def _change(path: str | bytes, content: bytes | str | None) -> bytes:
    raw = path.encode() if isinstance(path, str) else path
    quoted = b'"%s"' % b"".join(
        b"\\%03o" % byte if byte < 33 or byte in b'"\\' or byte > 126 else bytes([byte]) for byte in raw
    )
    if content is None:
        return b"D %s\n" % quoted
    body = content.encode() if isinstance(content, str) else content
    if body.startswith(b"gitlink:"):
        return b"M 160000 %s %s\n" % (body[8:], quoted)
    return b"M 100644 inline %s\ndata %d\n%s\n" % (quoted, len(body), body)


def settings(path: Path, **more: object) -> git.Settings:
    return git.Settings(path, **more)  # type: ignore[arg-type]


def collected(path: Path, cursor: Mapping[str, object] | None = None, **more: object) -> list[Batch]:
    """All batches of one run."""
    return list(git.collect(settings(path, **more), cursor, now=NOW))


def evidence(path: Path, **more: object) -> dict[str, Evidence]:
    """Evidence of a first run, by object id."""
    return {one.artefact[4:]: one for batch in collected(path, **more) for one in batch.evidence}


def facts(path: Path, oid: str, **more: object) -> dict[str, Scalar]:
    """Measures of one commit of a first run."""
    return dict(evidence(path, **more)[oid].measures)
