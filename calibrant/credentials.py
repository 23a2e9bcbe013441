"""Where tokens come from: an environment variable or a file that the configuration names. Read here, once, and wrapped at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from calibrant.source_settings import Reference
from collectors.forge_secret import Secret, scrub
from db.errors import Refusal

__all__ = ["key_text", "secret"]

_LARGEST: Final = 65_536

_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,59}|[a-z_]{1,39}")
"""Names of variables as people write them; tokens mix cases, or letters with digits."""
_LONGEST: Final = 60
_LONG: Final = 20
_WITHHELD: Final = "what was given looks like a token and is not repeated"


def secret(reference: Reference, environment: Mapping[str, str], folder: Path) -> Secret:
    """The token that `reference` names; a file is relative to `folder`. Raises Refusal where there is none."""
    return Secret(_read(reference, environment, folder))


def key_text(reference: Reference, environment: Mapping[str, str], folder: Path) -> str:
    """A private key (PEM, several lines) that `reference` names. Keep it only as long as it takes to make a signer of it."""
    text = _read(reference, environment, folder)
    if "PRIVATE KEY-----" not in text:
        raise Refusal("this is no private key in PEM form", where=_named(reference), remedy="give the App's .pem file")
    return text


def _read(reference: Reference, environment: Mapping[str, str], folder: Path) -> str:
    if reference.env is not None:
        text = environment.get(reference.env, "")
        if not text.strip():
            remedy = "give the variable's NAME, and export it first"
            raise Refusal("the variable for the token is not set", where=_named(reference), remedy=remedy)
        return text
    path = folder / str(reference.file)
    try:
        with path.open(encoding="ascii") as file:
            text = file.read(_LARGEST)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no plain text"
        remedy = "give the PATH of a file that holds it"
        raise Refusal(f"the token's file cannot be read: {reason}", where=_named(reference), remedy=remedy) from None
    if not text.strip():
        raise Refusal("the token's file is empty", where=_named(reference))
    return text


def _named(reference: Reference) -> str:
    """The name in the words of a shell; not where a token may stand in its place, which nothing may repeat."""
    if reference.env is not None:
        return f"${reference.env}" if _VARIABLE.fullmatch(reference.env) else _WITHHELD
    return _WITHHELD if _is_like_a_token(Path(str(reference.file)).name) else str(reference.file)


def _is_like_a_token(name: str) -> bool:
    """Long, of letters and digits, and without a suffix."""
    mixed = any(one.isdigit() for one in name) and any(one.islower() for one in name)
    return scrub(name) != name or len(name) > _LONGEST or (mixed and len(name) >= _LONG and "." not in name)
