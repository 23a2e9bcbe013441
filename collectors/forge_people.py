"""Accounts of a forge as raw identities: numeric id as key, which outlives renaming, on the forge's host.

A deleted account takes no part: nobody could be told from anybody else who left, so it is counted and nothing more. Bots are told by what
the forge says, by the `[bot]` mark, and by the list of well-known service accounts that commits are held to as well.
"""

from __future__ import annotations

from collections.abc import Iterable

from collectors.forge_records import Account
from collectors.git_identity import is_machine
from collectors.git_text import visible
from db.addresses import noreply_account, noreply_login
from db.records import Identity, Participation, ParticipationRole

__all__ = ["identity", "is_ghost", "is_no_reply", "same_account", "seats"]

_GHOSTS = frozenset(("ghost", "ghost user"))
_NAME = 200


def is_ghost(account: Account | None) -> bool:
    """Whether this stands for an account that was deleted.

    >>> is_ghost(None), is_ghost(Account("10137", "ghost")), is_ghost(Account("7", "ada"))
    (True, True, False)
    """
    return account is None or account.login.lower() in _GHOSTS or (account.name or "").lower() in _GHOSTS


def identity(host: str, account: Account) -> Identity:
    """The identity of an account on `host`, its name made visible; the login stands in for a name that was not given.

    >>> identity("github.com", Account("49699333", "dependabot[bot]")).bot
    True
    """
    name = (account.name or account.login)[:_NAME]
    machine = account.bot or is_machine(account.login, "") or is_machine(account.name or "", "")
    return Identity(host, visible(account.id[:_NAME]), visible(name) or None, machine)


def same_account(one: Account | None, other: Account | None) -> bool:
    """Whether both are the same account that still exists."""
    return one is not None and other is not None and not is_ghost(one) and one.id == other.id


def is_no_reply(host: str, account: Account | None, address: str) -> bool:
    """Whether an e-mail address is the one by which `host` hides an account's own: with its number, or in the old form its login.

    >>> is_no_reply("github.com", Account("7", "ada"), "7+ada@users.noreply.github.com")
    True
    """
    if account is None:
        return False
    folded = address.casefold()
    numbers = {noreply_account(folded), noreply_account(folded, {host})}
    return (host, account.id) in numbers or noreply_login(folded, {host}) == (host, account.login.casefold())


def seats(
    host: str, accounts: Iterable[tuple[Account | None, ParticipationRole]]
) -> tuple[tuple[Participation, ...], int]:
    """Who took part in which role, each once, in the order given; and how many deleted accounts did."""
    people: dict[Participation, None] = {}
    ghosts = 0
    for account, role in accounts:
        if account is None or is_ghost(account):
            ghosts += 1
        else:
            people[Participation(identity(host, account), role)] = None
    return tuple(people), ghosts
