"""Writes a git repository through `git fast-import`: fast, and the same input gives the same bytes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import TracebackType

__all__ = ["Commit", "FastImport", "Signature", "git_environment"]


@dataclass(frozen=True, slots=True)
class Signature:
    """Who and when, as a commit carries it. offset: minutes east of UTC."""

    name: str
    email: str
    at: datetime
    offset: int = 0

    def text(self) -> str:
        """The header line git writes, without the role."""
        zone = self.at.astimezone(timezone(timedelta(minutes=self.offset))).strftime("%z")
        return f"{self.name} <{self.email}> {int(self.at.timestamp())} {zone}"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. mark: its number in the stream; parents are marks.

    changes: path to new text, None for a deletion. renames: old path to new path, done before the changes.
    encoding: of name and message, if not UTF-8.
    """

    mark: int
    parents: Sequence[int]
    author: Signature
    committer: Signature
    message: str
    changes: Mapping[str, str | None]
    renames: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"


def git_environment() -> dict[str, str]:
    """The environment without anybody's git settings, so that every machine writes the same repository."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}


class FastImport:
    """A new bare repository being written; use as a context manager. All commits go to `main`.

    Raises subprocess.CalledProcessError if git refuses.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        init = ["git", "init", "--quiet", "--bare", "--template=", "--object-format=sha1", "--initial-branch=main"]
        subprocess.run([*init, str(folder)], check=True, env=git_environment())  # noqa: S603
        command = [
            "git",
            "-c",
            "fastimport.unpackLimit=1",
            "-c",
            "core.compression=1",
            "fast-import",
            "--quiet",
            "--done",
        ]
        self._process = subprocess.Popen(  # noqa: S603
            command, cwd=folder, env=git_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> FastImport:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        else:
            self._write(b"done\n")
        self._process.communicate()
        if kind is None and self._process.returncode:
            raise subprocess.CalledProcessError(self._process.returncode, "git fast-import")

    def add(self, commit: Commit) -> None:
        """Writes the commit and moves `main` to it."""
        message = commit.message.encode(commit.encoding)
        lines = [f"commit refs/heads/main\nmark :{commit.mark}\n".encode()]
        lines.append(f"author {commit.author.text()}\n".encode(commit.encoding))
        lines.append(f"committer {commit.committer.text()}\n".encode(commit.encoding))
        if commit.encoding != "utf-8":
            lines.append(f"encoding {commit.encoding}\n".encode())
        lines.append(b"data %d\n%s\n" % (len(message), message))
        lines += [f"{'merge' if index else 'from'} :{mark}\n".encode() for index, mark in enumerate(commit.parents)]
        lines += [f"R {old} {new}\n".encode() for old, new in commit.renames.items()]
        for path, text in commit.changes.items():
            if text is None:
                lines.append(f"D {path}\n".encode())
            else:
                blob = text.encode()
                mode = "100755" if path.endswith(".sh") else "100644"
                lines.append(f"M {mode} inline {path}\ndata {len(blob)}\n".encode() + blob + b"\n")
        self._write(b"".join(lines) + b"\n")

    def tag(self, name: str, mark: int, tagger: Signature) -> None:
        """Writes an annotated tag."""
        text = f"tag {name}\nfrom :{mark}\ntagger {tagger.text()}\ndata {len(name.encode())}\n{name}\n"
        self._write(text.encode())

    def oid(self, mark: int) -> str:
        """The object id git gave to that commit."""
        self._write(f"get-mark :{mark}\n".encode())
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.flush()
        return self._process.stdout.readline().decode().strip()

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)
