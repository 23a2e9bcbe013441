r"""`.mailmap` of the repository as dated links between raw e-mail addresses.

The format is that of gitmailmap(5): `Proper Name <proper@address> Commit Name <commit@address>`, with parts left out.
Only entries that map one address to another say anything here, since addresses are the keys. An entry that holds for one name at an
address only (two people behind root@localhost) cannot be said of the address, so it becomes a suggestion. Whoever can
commit can write a .mailmap: the links carry their own basis and are never mixed with verified ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from collectors.git_identity import PROVIDER
from collectors.git_text import visible
from db.records import Identity, IdentityLink, LinkBasis, LinkState

__all__ = ["LONGEST", "Mapping", "Spelling", "links", "parse_mailmap"]

LONGEST = 4 << 20
"""Largest .mailmap read, in bytes."""

_ENTRY = re.compile(r"([^<>#]*)<([^<>]*)>([^<>]*)<([^<>]*)>")

Mapping = tuple[str, str, str | None]
"""(address in commits, proper address, name it is limited to or None); the first and last in lower case, as git compares."""


class Spelling(NamedTuple):
    """How an entry is written: the address in commits, and the proper name (may be empty)."""

    address: str
    name: str


def parse_mailmap(content: bytes) -> dict[Mapping, Spelling]:
    r"""Mappings from address to address. The last entry for an address and name wins.

    >>> parse_mailmap(b"Ada L <ada@new.org> <Ada@Old.org>\n# a comment\nBob <bob@x.org>\n")
    {('ada@old.org', 'ada@new.org', None): Spelling(address='Ada@Old.org', name='Ada L')}
    """
    latest: dict[tuple[str, str | None], tuple[str, Spelling]] = {}
    for line in content.decode("utf-8", "surrogateescape").splitlines():
        entry = _ENTRY.match(line)
        if not entry:
            continue
        name, proper, only, address = (visible(part.strip()) for part in entry.groups())
        if proper and address:
            latest[address.lower(), only.lower() or None] = (proper, Spelling(address, name))
    return {
        (address, proper, only): spelling
        for (address, only), (proper, spelling) in latest.items()
        if proper.lower() != address
    }


def links(content: bytes, before: bytes, seen: Iterable[Identity], *, everybody: bool) -> tuple[IdentityLink, ...]:
    """Links that the .mailmap `content` makes for `seen`; if it changed since `before`, also for addresses seen earlier, and
    unlinks for what it dropped.

    everybody: `seen` are all identities of the history, so nobody else was seen earlier. An address is compared without regard
    to case and linked as each commit spells it; one that was not seen now, as the .mailmap spells it.
    """
    now, then = parse_mailmap(content), parse_mailmap(before)
    spelled: dict[str, set[str]] = {}
    for identity in seen:
        spelled.setdefault(identity.key.lower(), set()).add(identity.key)
    made: list[IdentityLink] = []
    for mapping in sorted({*now, *then}, key=lambda entry: (entry[0], entry[1], entry[2] or "")):
        address, proper, only = mapping
        written = now.get(mapping) or then[mapping]
        changed = not everybody and (mapping in now) != (mapping in then)
        linked = LinkState.LINKED if only is None else LinkState.SUGGESTED
        made.extend(
            IdentityLink(
                Identity(PROVIDER, spelling),
                None,
                LinkBasis.MAILMAP,
                linked if mapping in now else LinkState.UNLINKED,
                proper=Identity(PROVIDER, proper, written.name or None),
                reason=f".mailmap, for the name {only}" if only else ".mailmap",
            )
            for spelling in sorted(spelled.get(address, set()) | ({written.address} if changed else set()))
        )
    return tuple(made)
