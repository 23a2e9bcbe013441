"""The addresses and accounts under which the sample's people appear, with whose each is, as a forge and git would show them.

Everybody has a work and a private address, both forms of the forge's no-reply address, an account, a spelling in other case, and a
mistyped address. Planted among them: two people of one name, a stranger with a member's name, a local part that two people have at
different domains, and a login that one member gave up and another took over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from calibrant.sample.authors import noreply
from calibrant.sample.chance import maybe, stream
from calibrant.sample.people import Department, Member
from collectors.forge_identity import address_links, login_link
from collectors.forge_people import identity
from collectors.forge_records import Account
from db.addresses import login_provider
from db.records import (
    Batch,
    Employment,
    Evidence,
    Identity,
    IdentityLink,
    Kind,
    LinkBasis,
    LinkState,
    Participation,
    ParticipationRole,
    Person,
    Roster,
)

__all__ = ["Alias", "Aliases", "aliases_of"]

HOST = "github.com"
_FOLDERS = 14
"""Folders of a team's repository."""
_TAKEN_OVER = timedelta(days=200)
"""How long before the end a login changed hands."""


@dataclass(frozen=True, slots=True)
class Alias:
    """One identity. person: HR id, None for a stranger; sort: how it came about."""

    identity: Identity
    person: str | None
    sort: str


@dataclass(frozen=True, slots=True)
class Aliases:
    """roster and batches are what the ledger is given; aliases are the truth. planted: aliases by planted clash."""

    roster: Roster
    batches: tuple[Batch, ...]
    aliases: tuple[Alias, ...]
    planted: Mapping[str, tuple[Alias, ...]]


def aliases_of(department: Department, seed: int) -> Aliases:
    """The aliases of this department; the same arguments give the same."""
    rng = stream(seed, "aliases")
    members = list(department.members)
    owner, heir = rng.sample([one for one in members if one.key not in department.planted["name_clash"]], 2)
    twin, sharer, shared = rng.sample([one for one in members if one not in (owner, heir)], 3)
    by_member = {one.key: list(_aliases(stream(seed, "aliases", one.key), one)) for one in members}
    given_up = Alias(Identity("git", noreply(owner, old=True), owner.name), owner.key, "given up login")
    local = shared.private_email.partition("@")[0]
    clashing = Alias(Identity("git", f"{local}@example.net", sharer.name), sharer.key, "shared local part")
    stranger = Alias(Identity("git", "visitor@elsewhere.example", twin.name), None, "stranger of the same name")
    by_member[owner.key] = [one for one in by_member[owner.key] if one.sort != "old noreply"] + [given_up]
    by_member[sharer.key].append(clashing)
    logins = {one.key: one.login for one in members} | {owner.key: f"{owner.login}-now", heir.key: owner.login}
    batches = [
        _batch(stream(seed, "alias work", one.key), department, one, by_member[one.key], logins[one.key])
        for one in members
    ]
    work = _commits(stream(seed, "stranger"), department, stranger, "elsewhere", [0])
    clash = department.planted["name_clash"]
    return Aliases(
        roster=_roster(stream(seed, "alias roster"), members, logins),
        batches=(*batches, Batch(tuple(work))),
        aliases=(*(one for some in by_member.values() for one in some), stranger),
        planted={
            "one name": tuple(one for key in clash for one in by_member[key]),
            "stranger of the same name": (stranger,),
            "shared local part": (clashing,),
            "given up login": (given_up,),
        },
    )


def _aliases(rng: Random, member: Member) -> Iterator[Alias]:
    written = member.second_name if member.second_name and maybe(rng, 0.3) else member.name
    old = member.roster_github or maybe(rng, 0.5)
    for sort, address, name in (
        ("work", member.work_email, member.name),
        ("letter case", member.work_email.title(), member.name),
        ("private", member.private_email, written),
        ("noreply", noreply(member, old=False), written),
        *([("old noreply", noreply(member, old=True), written)] if old else []),
        *([("mistyped", _mistyped(rng, member.work_email), member.name)] if maybe(rng, 0.4) else []),
    ):
        yield Alias(Identity("git", address, name), member.key, sort)
    shown = written if maybe(rng, 0.7) else None
    yield Alias(identity(HOST, Account(str(member.github_id), member.login, shown)), member.key, "account")


def _mistyped(rng: Random, address: str) -> str:
    """The address with two neighbouring letters swapped, or one left out."""
    local, _, domain = address.partition("@")
    at = rng.randrange(1, len(local) - 2)
    swapped = local[:at] + local[at + 1] + local[at] + local[at + 2 :]
    return f"{swapped if swapped != local else local[:at] + local[at + 1 :]}@{domain}"


def _roster(rng: Random, members: list[Member], logins: Mapping[str, str]) -> Roster:
    """What HR knows: addresses of all, account numbers of most, logins of a few (some of them out of date)."""
    links = []
    for member in members:
        identities = [Identity("hr", member.key), *(Identity("git", one) for one in member.roster_emails)]
        identities += [Identity(HOST, str(member.github_id))] if member.roster_github else []
        links += [IdentityLink(one, member.key, LinkBasis.ROSTER) for one in identities]
        if not member.roster_github and maybe(rng, 0.5):
            login = Identity(login_provider(HOST), logins[member.key].casefold(), logins[member.key])
            links.append(IdentityLink(login, member.key, LinkBasis.ROSTER, LinkState.SUGGESTED))
    return Roster(
        persons=tuple(Person(one.key, one.name) for one in members),
        employments=tuple(Employment(one.key, one.hired_on) for one in members),
        links=tuple(links),
    )


def _batch(rng: Random, department: Department, member: Member, aliases: list[Alias], login: str) -> Batch:
    """The member's commits under every address, change requests opened by the account, and what the forge says of it."""
    folders = rng.sample(range(_FOLDERS), 3)
    shown = next(one.identity for one in aliases if one.sort == "account")
    evidence: list[Evidence] = []
    for alias in aliases:
        if alias.sort == "account":
            continue
        commits = list(_commits(rng, department, alias, member.spells[-1].team, folders))
        evidence += commits
        if maybe(rng, 0.5):
            evidence += [_change_request(one, shown) for one in commits[: rng.randint(1, 4)]]
    if not any(one.kind is Kind.CHANGE_REQUEST for one in evidence):
        evidence.append(_change_request(evidence[0], shown))
    seen_on = (department.as_of - _TAKEN_OVER).date()
    links = [login_link(HOST, shown.key, login, seen_on)]
    if maybe(rng, 0.4):
        links += address_links(HOST, shown.key, member.work_email)
    return Batch(tuple(evidence), links=tuple(links))


def _commits(rng: Random, department: Department, alias: Alias, team: str, folders: list[int]) -> Iterator[Evidence]:
    """Some commits under the alias; those under a login given up lie before another took it."""
    last = department.as_of - (_TAKEN_OVER if alias.sort == "given up login" else timedelta())
    for number in range(rng.randint(2, 12)):
        at: datetime = last - timedelta(days=rng.randint(1, 500))
        oid = hashlib.sha1(f"{alias.identity.key} {number}".encode(), usedforsecurity=False).hexdigest()
        path = f"{team}/part{rng.choice(folders):02}/file{rng.randrange(9)}.py"
        yield Evidence(
            f"git:{oid}", Kind.COMMIT, at, "sample/1", {"files": 1}, ((path, 3, 1, None),),
            (Participation(alias.identity, ParticipationRole.AUTHOR),), f"Change {number}",
        )  # fmt: skip


def _change_request(commit: Evidence, opener: Identity) -> Evidence:
    """The change request of one commit: opened by the account, written by the commit's author."""
    author = replace(commit.participations[0], role=ParticipationRole.CO_AUTHOR)
    parts = (Participation(opener, ParticipationRole.AUTHOR), author)
    key = f"{HOST}:PR_{commit.artefact[4:20]}"
    return replace(commit, artefact=key, kind=Kind.CHANGE_REQUEST, participations=parts)
