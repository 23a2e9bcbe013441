"""One SQLite library per file and process.

ADBC bundles its own SQLite. POSIX locks belong to the process, not to the library that took them: when one
library closes a file it drops the locks of the other, and writes are lost without an error (shown by
`tests/db/test_guard.py`). So a file is open through the standard library *or* through ADBC, never both. A
connection of the standard library waits until ADBC readers in other threads have gone; everything else is refused.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from db.errors import CalibrantError

__all__ = ["TwoLibrariesError", "free_for_adbc", "hold_adbc", "hold_standard"]

_WAIT_SECONDS: Final = 120.0
_turn = threading.Condition()
_standard: dict[str, int] = {}
_adbc: dict[str, list[int]] = {}


class TwoLibrariesError(CalibrantError):
    """Opening the file now would put two SQLite libraries on it in one process, which loses data."""


def _refuse(path: str, holder: str) -> TwoLibrariesError:
    return TwoLibrariesError(
        f"this process already holds the file through {holder}",
        where=path,
        remedy="close that connection first; two SQLite libraries on one file lose each other's locks",
    )


def hold_standard(path: str, owner: object) -> Callable[[], object]:
    """Register a connection of the standard library; it ends when the returned call is made or `owner` is collected.

    Waits for ADBC readers of other threads. Raises `TwoLibrariesError` if this thread is itself such a reader.
    """
    path = os.path.realpath(path)
    with _turn:
        if threading.get_ident() in _adbc.get(path, ()):
            raise _refuse(path, "ADBC")
        if not _turn.wait_for(lambda: not _adbc.get(path), timeout=_WAIT_SECONDS):
            raise _refuse(path, "ADBC")
        _standard[path] = _standard.get(path, 0) + 1
    return weakref.finalize(owner, _leave_standard, path)


def _leave_standard(path: str) -> None:
    with _turn:
        _standard[path] -= 1
        if not _standard[path]:
            del _standard[path]
        _turn.notify_all()


def free_for_adbc(path: str) -> bool:
    """May ADBC open the file now?"""
    path = os.path.realpath(path)
    with _turn:
        return not _standard.get(path) and (bool(_adbc.get(path)) or not _open_here(path))


@contextmanager
def hold_adbc(path: str) -> Iterator[None]:
    """Hold the file for ADBC within the block. Raises `TwoLibrariesError` while any other library has it open."""
    path = os.path.realpath(path)
    with _turn:
        if _standard.get(path):
            raise _refuse(path, "the standard library")
        if not _adbc.get(path) and _open_here(path):
            raise _refuse(path, "an unregistered file handle")
        _adbc.setdefault(path, []).append(threading.get_ident())
    try:
        yield
    finally:
        with _turn:
            _adbc[path].remove(threading.get_ident())
            _turn.notify_all()


def _open_here(path: str) -> bool:
    """Does any file handle of this process point at the file? (Seen on Linux only; elsewhere the register decides.)"""
    handles = Path("/proc/self/fd")
    if not handles.is_dir():
        return False
    for handle in handles.iterdir():
        with suppress(OSError):
            if str(handle.readlink()) == path:
                return True
    return False
