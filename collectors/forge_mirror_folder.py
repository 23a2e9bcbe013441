"""The folder of one mirror: whose it is, who is at work in it, and what a killed git left there.

**Whose.** People find a mirror by its repository's name, but names are given away again: the folder holds a file with the repository's
key, and a folder without it is somebody else's and is not touched.

**Alone.** Two gits in one repository can lose refs, and a git that was killed leaves lock files that block all after it. So whoever
works there holds a lock of the system beside the folder, and hands it to every git it starts: it is given back when the last of
them is gone, even where this program was killed before them. Whoever holds it knows that nobody else is at work, and clears the locks away.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from db.errors import Incomplete, Refusal

__all__ = ["alone", "is_of", "mark", "place", "set_aside", "sweep"]

_MARK: Final = "calibrant-repository"
_LOOK_SECONDS: Final = 0.1
_DIGITS: Final = 12
_LOCKS: Final = ("*.lock", "refs/**/*.lock", "objects/info/**/*.lock", "objects/pack/*.lock")
_HALVES: Final = ("packed-refs.new", "objects/pack/tmp_*")


def place(folder: Path, key: str, patience: float = 10.0) -> Path:
    """Where the mirror of repository `key` lies: `folder` ("name.git"), made its own if nobody's; else one that no other can have.

    Raises as `alone`.
    """
    if not folder.exists():
        with alone(folder, patience):
            if not folder.exists():
                mark(folder, key)
    digest = hashlib.sha256(key.encode()).hexdigest()[:_DIGITS]
    return folder if is_of(folder, key) else folder.with_name(f"{folder.stem}~{digest}.git")


def is_of(folder: Path, key: str) -> bool:
    """Whether `folder` is marked as that of repository `key`."""
    try:
        return (folder / _MARK).read_text(encoding="utf-8") == f"{key}\n"
    except (OSError, UnicodeDecodeError):
        return False


def mark(folder: Path, key: str) -> None:
    """Make `folder`, if need be, that of repository `key`; there at once or not at all."""
    made = folder.with_name(f"{folder.name}.new")
    made.mkdir(parents=True, exist_ok=True)
    with (made / _MARK).open("w", encoding="utf-8") as written:
        written.write(f"{key}\n")
        written.flush()
        os.fsync(written.fileno())
    made.replace(folder)


def set_aside(folder: Path) -> None:
    """Move what is there, and is no mirror, to "name.git.broken", in the place of what was set aside before."""
    if not folder.exists():
        return
    if {path.name for path in folder.iterdir()} <= {_MARK}:
        shutil.rmtree(folder)
        return
    aside = folder.with_name(f"{folder.name}.broken")
    shutil.rmtree(aside, ignore_errors=True)
    folder.replace(aside)


def sweep(folder: Path) -> None:
    """Remove locks and halves of files that killed gits left, and refs that a power cut emptied. For whoever is `alone` there."""
    for pattern in (*_LOCKS, *_HALVES):
        for path in sorted(folder.glob(pattern)):
            if path.is_file():
                path.unlink()
    for ref in sorted(folder.glob("refs/**/*")):
        if ref.is_file() and not ref.stat().st_size:
            ref.unlink()


@contextmanager
def alone(folder: Path, patience: float) -> Iterator[int]:
    """Hold the lock of `folder`, which need not be there yet. Gives its descriptor, for all processes that work in it.

    Raises Incomplete if somebody else still holds it after `patience` seconds, Refusal if nothing can be written there.
    """
    lock = folder.with_name(f"{folder.name}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        opened = lock.open("ab")
    except OSError as error:
        raise Refusal(
            f"nothing can be written where mirrors are kept: {error.strerror}",
            where=str(lock),
            remedy="give `mirrors` a folder that may be written to",
        ) from None
    with opened:
        until = time.monotonic() + patience
        while not _taken(opened):
            if time.monotonic() >= until:
                raise Incomplete(
                    "another collection is at work in this mirror",
                    where=str(folder),
                    remedy="run it again when that one has ended",
                )
            time.sleep(_LOOK_SECONDS)
        yield opened.fileno()


def _taken(opened: IO[bytes]) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
