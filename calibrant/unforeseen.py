"""The last resort of a collection: a mistake of this program in one source ends that source, is told by name, and stops no other."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from collectors.forge_secret import scrub
from collectors.text import visible
from db.errors import CalibrantError

__all__ = ["noting", "unforeseen"]

_WORDS: Final = 200


def unforeseen(error: Exception, where: str) -> CalibrantError:
    """What to tell of an exception that nobody raised on purpose: its type, its message without tokens, and the line it came from.

    >>> str(unforeseen(KeyError("ghp_0123456789abcdef0123"), "acme/engine"))
    "KeyError: '[hidden]' (acme/engine): the other sources are not touched by it; please report it"
    """
    frames = traceback.extract_tb(error.__traceback__)
    line = f", {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    said = " ".join(visible(scrub(str(error)[: 10 * _WORDS]), limit=_WORDS).split())
    remedy = "the other sources are not touched by it; please report it"
    return CalibrantError(f"{type(error).__name__}: {said}", where=f"{where}{line}", remedy=remedy)


@contextmanager
def noting(failed: dict[str, CalibrantError], name: str) -> Iterator[None]:
    """Keeps in `failed`, under `name`, what ends the block. A reader who is gone and whoever stops the program still end it."""
    try:
        yield
    except CalibrantError as error:
        failed[name] = error
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001
        failed[name] = unforeseen(error, name)
