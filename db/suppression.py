"""The suppression list: keyed hashes of what was erased, so that collecting again does not bring it back.

Without the ledger's key the entries tell nothing; with it, a value can be checked but not read.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from sqlalchemy import Connection, select

from db.addresses import ADDRESSES, noreply_account
from db.lookup import values
from db.records import ParticipationRole
from db.tables import metadata
from db.transaction import Transaction

__all__ = ["OWN_ROLES", "artefact_text", "ensure_key", "hashes", "identity_texts", "person_text", "suppressed"]

_suppression, _key = metadata.tables["suppression"], metadata.tables["ledger_key"]
_NAME = "suppression"

OWN_ROLES = frozenset({ParticipationRole.AUTHOR, ParticipationRole.RATER, ParticipationRole.SUBJECT})
"""The roles that make an artefact somebody's own: it goes with them, and nothing more of that kind is taken in."""


def ensure_key(unit: Transaction) -> None:
    """Give an empty ledger its key."""
    if unit.connection.execute(select(_key.c.id).where(_key.c.name == _NAME)).first() is None:
        unit.add(_key, name=_NAME, value=unit.entropy(32).hex())


def identity_texts(provider: str, key: str) -> tuple[str, ...]:
    """What is hashed of an identity. An address is one whatever its case and whoever showed it; a no-reply address is also
    the forge account it names.

    >>> identity_texts("git", "7+Ann@users.noreply.github.com")
    ('identity\\naddress\\n7+ann@users.noreply.github.com', 'identity\\ngithub.com\\n7')
    """
    if provider not in ADDRESSES:
        return (f"identity\n{provider}\n{key}",)
    address = key.casefold()
    account = noreply_account(address)
    return (f"identity\naddress\n{address}", *([f"identity\n{account[0]}\n{account[1]}"] if account else []))


def artefact_text(key: str) -> str:
    """What is hashed of an artefact."""
    return f"artefact\n{key}"


def person_text(key: str) -> str:
    """What is hashed of a person."""
    return f"person\n{key}"


def hashes(connection: Connection, texts: Iterable[str]) -> dict[str, str]:
    """Text to keyed hash."""
    secret = bytes.fromhex(connection.scalar(select(_key.c.value).where(_key.c.name == _NAME)) or "")
    return {text: hmac.digest(secret, text.encode(), "sha256").hex() for text in texts}


def suppressed(connection: Connection, texts: Iterable[str]) -> dict[str, str | None]:
    """Those of the texts that are on the list, with the tombstone identity's id (None for artefacts)."""
    if connection.execute(select(_suppression.c.id).limit(1)).first() is None:
        return {}
    by_hash = {value: text for text, value in hashes(connection, texts).items()}
    listed = values(connection, sorted(by_hash))
    found = connection.execute(
        select(_suppression.c.hmac, _suppression.c.identity_id).join(listed, _suppression.c.hmac == listed.c.value)
    )
    return {by_hash[row.hmac]: row.identity_id for row in found}
