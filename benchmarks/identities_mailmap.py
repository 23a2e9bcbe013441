"""The .mailmap of a clone as a truth that the resolver does not see.

Its groups of addresses are the people; of each, the proper address (and a name) is known, the other addresses that wrote commits are to be found.
Every author outside the groups is a person of one address. Some of those are kept out of the roster, so that whatever is suggested for
them is wrong. A .mailmap is never complete, so some of what counts as wrong here may be right.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

import pandas as pd

from calibrant.identity_work import read_work
from calibrant.suggestions import Suggestion, suggest
from collectors import git
from collectors.git_mailmap import parse_mailmap
from db.records import ParticipationRole

STRANGERS = 0.2
"""Share of the people with one address who are kept out of the roster."""


@dataclass(slots=True)
class Author:
    """What one address shows in the log."""

    names: Counter[str] = field(default_factory=Counter)
    commits: list[tuple[datetime, list[str]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Found:
    """truth: person by open address, None for strangers. suggestions: by open address, best first."""

    truth: dict[str, str | None]
    suggestions: dict[str, list[Suggestion]]


def authors(clone: Path, now: datetime) -> dict[str, Author]:
    """Authors by casefolded address as the git collector sees them, bots left out."""
    found: dict[str, Author] = defaultdict(Author)
    for batch in git.collect(git.Settings(clone=clone), None, now=now):
        for evidence in batch.evidence:
            for part in evidence.participations:
                if part.role is ParticipationRole.AUTHOR and not part.identity.bot and "@" in part.identity.key:
                    author = found[part.identity.key.casefold()]
                    author.names[part.identity.name or ""] += 1
                    author.commits.append((evidence.occurred_at, [path for path, *_ in evidence.paths]))
    return dict(found)


def groups(clone: Path) -> dict[str, tuple[str, str]]:
    """Address to (proper address, proper name), entries for one name only left out."""
    command = ["git", "-c", f"safe.directory={clone}", "-C", str(clone), "show", "HEAD:.mailmap"]
    content = subprocess.run(command, check=True, capture_output=True).stdout
    entries = parse_mailmap(content)
    proper = {address: (to.casefold(), spelt.name) for (address, to, only), spelt in entries.items() if only is None}
    limited = {address for (address, _, only) in entries if only is not None}
    return {address: _end(address, proper) for address in proper if address not in limited}


def _end(address: str, proper: dict[str, tuple[str, str]]) -> tuple[str, str]:
    to, name = proper[address]
    seen = {address}
    while to in proper and to not in seen:
        seen.add(to)
        to, name = proper[to]
    return to, name


def resolve(clone: Path, seed: int, *, now: datetime) -> Found:
    """What the resolver suggests for the addresses that the .mailmap maps, and for the strangers."""
    seen, mapped = authors(clone, now), groups(clone)
    return resolve_known(seen, mapped, seed)


def resolve_known(seen: dict[str, Author], mapped: dict[str, tuple[str, str]], seed: int) -> Found:
    """The same, of authors and groups already read."""
    heads = dict(mapped.values())
    single = sorted(address for address in seen if address not in mapped and address not in heads)
    strangers = set(Random(seed).sample(single, round(STRANGERS * len(single))))
    truth: dict[str, str | None] = {one: f"P {mapped[one][0]}" for one in sorted(seen) if one in mapped}
    truth |= dict.fromkeys(sorted(strangers))
    people = sorted({*(to for one, (to, _) in mapped.items() if one in seen), *(set(single) - strangers)})
    rows = []
    for address in sorted({*seen, *people}):
        names = seen[address].names if address in seen else Counter({heads[address]: 1})
        person = None if address in truth else f"P {address}"
        rows.append(
            {
                "identity": address,
                "provider": "git",
                "key": address,
                "name": max(names, key=lambda name: (names[name], name), default=""),
                "names": json.dumps(sorted(names)),
                "bot": False,
                "person": person,
                "state": "linked" if person else None,
                "evidence": len(seen[address].commits) if address in seen else 0,
            }
        )
    frame = pd.DataFrame(rows)
    frame["person"], frame["state"] = frame["person"].astype("str"), frame["state"].astype("str")
    who = frame.loc[frame["key"].isin(people), ["person", "name"]].assign(key=lambda some: some["person"])
    evidence, parts = _frames(seen)
    found = suggest(frame, who, work=lambda wanted: read_work(evidence, parts, wanted))
    by_address: dict[str, list[Suggestion]] = defaultdict(list)
    for one in found:
        by_address[one.identity].append(one)
    return Found(truth, dict(by_address))


def _frames(seen: dict[str, Author]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The ledger's frames, as far as the work needs them."""
    rows = list(_commits(seen))
    evidence = pd.DataFrame(
        {
            "evidence": [f"e{n}" for n in range(len(rows))],
            "artefact": [f"a{n}" for n in range(len(rows))],
            "kind": "commit",
            "same_as": None,
            "repository": "clone",
            "occurred_at": pd.to_datetime([at for _, at, _ in rows], utc=True),
            "paths": [json.dumps([[path] for path in paths]) for _, _, paths in rows],
        }
    )
    parts = pd.DataFrame({"evidence": evidence["evidence"], "identity": [one for one, _, _ in rows]})
    return evidence, parts.assign(role="author", provider="git", bot=False)


def _commits(seen: dict[str, Author]) -> Iterator[tuple[str, datetime, list[str]]]:
    for address in sorted(seen):
        for at, paths in seen[address].commits:
            yield address, at, paths
