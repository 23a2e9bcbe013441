"""Where tokens come from: an environment variable or a file that the configuration names. Read here, once, and wrapped at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from calibrant.source_settings import Reference
from collectors.forge_secret import Secret
from db.errors import Refusal

__all__ = ["key_text", "secret"]

_LARGEST: Final = 65_536


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
            raise Refusal("the variable for the token is not set", where=_named(reference), remedy="export it first")
        return text
    path = folder / str(reference.file)
    try:
        with path.open(encoding="ascii") as file:
            text = file.read(_LARGEST)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no plain text"
        raise Refusal(f"the token's file cannot be read: {reason}", where=str(path)) from None
    if not text.strip():
        raise Refusal("the token's file is empty", where=str(path))
    return text


def _named(reference: Reference) -> str:
    return f"${reference.env}" if reference.env is not None else str(reference.file)
