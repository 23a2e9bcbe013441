"""What a forge's own word joins: a login, or an address, to an account.

An account (`forge_people.identity`) is its numeric id on its host, never its login. The login is told apart, with the day it was seen: logins are
given up and taken by others. An address is joined only where the forge itself says whose it is (the `user` of a commit on
GitHub, a confirmed public address); that somebody opened a change request with another's commits in it proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from collectors.forge_people import identity, is_ghost
from collectors.forge_records import Account
from collectors.git_identity import NO_EMAIL
from collectors.git_identity import identity as commit_identity
from collectors.git_text import visible
from db.addresses import login_provider
from db.records import Identity, IdentityLink, LinkBasis

__all__ = ["Logins", "address_links", "login_link"]

_GIT = "git"


def login_link(host: str, number: str, login: str, seen_on: date) -> IdentityLink:
    """The forge showed `login` as that account's on the day `seen_on`."""
    shown = Identity(login_provider(host), login.casefold(), login)
    return IdentityLink(shown, None, LinkBasis.FORGE, proper=Identity(host, number), valid_from=seen_on)


@dataclass
class Logins:
    """What a forge said in one run of logins and addresses, each told once. seen_on: the day of the run."""

    host: str
    seen_on: date
    _told: set[tuple[str, str]] = field(default_factory=set)
    _vouched: set[tuple[str, str]] = field(default_factory=set)

    def links(self, accounts: Iterable[Account | None]) -> tuple[IdentityLink, ...]:
        """Links of those that were not told yet, sorted. Deleted accounts and bots have none."""
        shown = {
            (one.id, one.login) for one in accounts if one and not is_ghost(one) and not identity(self.host, one).bot
        }
        fresh = sorted(shown - self._told)
        self._told.update(fresh)
        return tuple(login_link(self.host, number, visible(login), self.seen_on) for number, login in fresh)

    def addresses(self, vouched: Iterable[tuple[str, str] | None]) -> tuple[IdentityLink, ...]:
        """Links of (address, account id) pairs that were not told yet, sorted. The forge's own address and bots' have none."""
        pairs = {(commit_identity("", address), number) for address, number in filter(None, vouched)}
        fresh = sorted(
            {(who.key, number) for who, number in pairs if not who.bot and who.key != NO_EMAIL} - self._vouched
        )
        self._vouched.update(fresh)
        return tuple(link for key, number in fresh for link in address_links(self.host, number, key))


def address_links(host: str, number: str, address: str) -> tuple[IdentityLink, IdentityLink]:
    """The forge says that commits under `address` are that account's: either leads to the person of the other."""
    mail, owner = Identity(_GIT, address), Identity(host, number)
    return (
        IdentityLink(mail, None, LinkBasis.FORGE, proper=owner),
        IdentityLink(owner, None, LinkBasis.FORGE, proper=mail),
    )
