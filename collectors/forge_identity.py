"""Accounts of a forge as identities, and what the forge's own word joins: a login, or an address, to an account.

An account is its numeric id on its host, never its login. The login is told apart, with the day it was seen: logins are
given up and taken by others. An address is joined only where the forge itself says whose it is (the `user` of a commit on
GitHub, a confirmed public address); that somebody opened a change request with another's commits in it proves nothing.
"""

from __future__ import annotations

from datetime import date

from db.addresses import login_provider
from db.records import Identity, IdentityLink, LinkBasis

__all__ = ["account", "address_links", "login_link"]

_GIT = "git"


def account(host: str, number: str, login: str, name: str | None = None, *, bot: bool = False) -> Identity:
    """The identity of an account; its name, or its login where it shows none.

    >>> account("github.com", "12", "bob").name
    'bob'
    """
    return Identity(host, number, name or login, bot)


def login_link(host: str, number: str, login: str, seen_on: date) -> IdentityLink:
    """The forge showed `login` as that account's on the day `seen_on`."""
    shown = Identity(login_provider(host), login.casefold(), login)
    return IdentityLink(shown, None, LinkBasis.FORGE, proper=Identity(host, number), valid_from=seen_on)


def address_links(host: str, number: str, address: str) -> tuple[IdentityLink, IdentityLink]:
    """The forge says that commits under `address` are that account's: either leads to the person of the other."""
    mail, owner = Identity(_GIT, address), Identity(host, number)
    return (
        IdentityLink(mail, None, LinkBasis.FORGE, proper=owner),
        IdentityLink(owner, None, LinkBasis.FORGE, proper=mail),
    )
