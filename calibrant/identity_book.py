"""Who is known by what: the identities of every person and what has been said of the others, found by what they share."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from calibrant.identity_signs import Commonness, Family, Sign, compare
from calibrant.identity_traces import Trace, folded, keys, trace
from db.addresses import ADDRESSES, LOGIN, login_provider, noreply_login
from db.records import LinkBasis, LinkState

__all__ = ["Book", "Open"]

_COMMON: Final = 60
"""A key that more people share than this leads nowhere."""


@dataclass(frozen=True, slots=True)
class Open:
    """An identity that is nobody's. shown: as the source showed it; evidence: artefacts that hang on it."""

    identity: str
    provider: str
    key: str
    names: tuple[str, ...]
    shown: str
    evidence: int


class Book:
    """Made of the ledger's frames `identities`, `people` and `identity_links`.

    open: identities that are nobody's and no bot's, logins left out. owner: person by identity; owned: identities by person.
    key_of: HR id by person.
    """

    def __init__(self, identities: pd.DataFrame, people: pd.DataFrame, links: pd.DataFrame | None) -> None:
        self.key_of: dict[str, str] = dict(zip(people["person"], people["key"], strict=True))
        human = identities[~identities["bot"].astype(bool) & (identities["provider"] != "hr")]
        known, logins = human["person"].notna(), human["provider"].str.startswith(LOGIN)
        contested = human["state"] == LinkState.CONTESTED.value
        self.owner: dict[str, str] = dict(zip(human.loc[known, "identity"], human.loc[known, "person"], strict=True))
        self._said = _Said(human[logins], links)
        self.open = tuple(_open(row) for row in human[~known & ~contested & ~logins].to_dict("records"))
        self.owned: dict[str, set[str]] = defaultdict(set)
        self._traces: dict[str, set[Trace]] = defaultdict(set)
        self._sharing: dict[str, set[str]] = defaultdict(set)
        for one in (_open(row) for row in human[known].to_dict("records")):
            person = self.owner[one.identity]
            self.owned[person].add(one.identity)
            self._enter(person, self.traces(one))
        for person, name in people[["person", "name"]].itertuples(index=False):
            if isinstance(name, str):
                self._enter(str(person), [Trace("", "", "", frozenset({folded(name)}))])
        self._common = _commonness(self._traces)

    def _enter(self, person: str, traces: Iterable[Trace]) -> None:
        for one in traces:
            self._traces[person].add(one)
            for key in keys(one):
                self._sharing[key].add(person)

    def traces(self, one: Open) -> list[Trace]:
        """What the identity shows of whoever is behind it."""
        return list(trace(one.provider, one.key, one.names, self._said.logins.get(one.identity, ())))

    def candidates(self, one: Open) -> dict[str, list[Sign]]:
        """Everybody with a sign that the identity is theirs, and the signs."""
        found: dict[str, list[Sign]] = defaultdict(list)
        for mine in self.traces(one):
            several = [self._sharing[key] for key in keys(mine) if key in self._sharing]
            for person in sorted(set().union(*(some for some in several if len(some) <= _COMMON))):
                for other in self._traces[person]:
                    found[person] += compare(mine, other, self._common)
        for person, sign in self._said.signs(one, self.owner):
            found[person].append(sign)
        return {person: signs for person, signs in found.items() if signs and person in self.key_of}


class _Said:
    """What roster, forge, .mailmap and people have said short of a link. logins: of an account, by its identity."""

    def __init__(self, logins: pd.DataFrame, links: pd.DataFrame | None) -> None:
        self.logins: dict[str, list[str]] = defaultdict(list)
        self._of_login: dict[tuple[str, str], str] = {
            (row["provider"], row["key"]): row["identity"] for row in logins.to_dict("records")
        }
        self._key = {identity: key for (_, key), identity in self._of_login.items()}
        self._accounts: dict[str, list[str]] = defaultdict(list)
        self._suggested: dict[str, list[Mapping[Any, Any]]] = defaultdict(list)
        if links is None:
            return
        for row in links.drop_duplicates(["identity", "person", "proper"], keep="last").to_dict("records"):
            if row["state"] == LinkState.SUGGESTED:
                self._suggested[row["identity"]].append(row)
            elif row["basis"] == LinkBasis.FORGE and row["state"] == LinkState.LINKED and row["identity"] in self._key:
                self._accounts[row["identity"]].append(row["proper"])
                self.logins[row["proper"]].append(self._key[row["identity"]])

    def signs(self, one: Open, owner: Mapping[str, str]) -> Iterator[tuple[str, Sign]]:
        """(person, sign) for an identity that is nobody's."""
        for row in self._suggested.get(one.identity, []):
            if row["basis"] == LinkBasis.MAILMAP and row["proper"] in owner:
                yield owner[row["proper"]], Sign(Family.MAILMAP, "a .mailmap entry for one name", 0.5)
            elif isinstance(row["person"], str):
                yield row["person"], Sign(Family.CLAIM, "they say that it is theirs", 0.5)
        for login, via in self._logins_of(one):
            only = len(self._accounts[login]) == 1
            for row in self._suggested.get(login, []):
                if isinstance(row["person"], str):
                    yield row["person"], Sign(Family.ROSTER, f"the roster gives them the login {self._key[login]}", 0.5)
                    if via == one.identity and only:
                        yield (
                            row["person"],
                            Sign(Family.FORGE, "the forge showed that login for this account only", 0.4),
                        )
            if via is None and only and self._accounts[login][0] in owner:
                person = owner[self._accounts[login][0]]
                yield person, Sign(Family.FORGE, "the forge showed that login for their account only", 0.2)

    def _logins_of(self, one: Open) -> Iterator[tuple[str, str | None]]:
        """(login identity, the account that shows it or None) for an account, or an address that names a login."""
        for login, accounts in self._accounts.items():
            if one.identity in accounts:
                yield login, one.identity
        named = noreply_login(one.key.casefold()) if one.provider in ADDRESSES else None
        if named and (login_provider(named[0]), named[1]) in self._of_login:
            yield self._of_login[login_provider(named[0]), named[1]], None


def _open(row: Mapping[Any, Any]) -> Open:
    named = row["name"] if isinstance(row["name"], str) else ""
    written = row.get("names")
    names = tuple(json.loads(written)) if isinstance(written, str) else (named,) if named else ()
    key = str(row["key"])
    provider = str(row["provider"])
    whole = key if provider in ADDRESSES else f"{provider}/{key}"
    shown = f"{named} <{whole}>" if named else whole
    return Open(str(row["identity"]), provider, key, names, shown, int(row["evidence"]))


def _commonness(traces: Mapping[str, set[Trace]]) -> Commonness:
    """How many people share each handle, name and domain."""
    counted: tuple[Counter[str], ...] = (Counter(), Counter(), Counter())
    for several in traces.values():
        counted[0].update({one.handle for one in several})
        counted[1].update({name for one in several for name in one.names})
        counted[2].update({one.domain for one in several})
    return Commonness(*counted)
