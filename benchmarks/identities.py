"""How well identities find their people: on the sample's aliases with their planted clashes, and on .mailmap files withheld.

    python benchmarks/identities.py [CLONE ...] [--seeds 20] [--json]

Of the aliases of each seed: artefacts that automatic links give to the wrong person (none may be), and of the aliases left to suggestions
the share for which the right person comes first. Of a clone: recall (of the addresses that its .mailmap gives to somebody, those for
whom the right person comes first) and precision (of those for whom somebody is suggested at all), and how many strangers somebody is
suggested for. Shares have Wilson's 95 % interval. Ends with 1 if an automatic link is wrong or fewer than 90 % come first.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import identities_mailmap

from calibrant.resolving import suggestions
from calibrant.sample.aliases import Aliases, aliases_of
from calibrant.sample.people import department
from db.ledger import Ledger
from db.records import Purpose

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Share:
    """right of n, with Wilson's 95 % interval."""

    right: int
    n: int

    @property
    def text(self) -> str:
        """As a figure to print."""
        low, high = interval(self.right, self.n)
        return f"{self.right}/{self.n} = {self.right / max(1, self.n):.3f} [{low:.3f}, {high:.3f}]"


@dataclass(frozen=True, slots=True)
class OnAliases:
    """wrong_artefacts: given to the wrong person by themselves, of linked_artefacts; missed: open aliases with no suggestion."""

    linked_artefacts: int
    wrong_artefacts: int
    linked_aliases: int
    open_aliases: int
    first: int
    missed: int
    strangers_suggested: int


def interval(right: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval."""
    if n == 0:
        return 0.0, 1.0
    z, rate = 1.96, right / n
    middle, half = rate + z * z / (2 * n), z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def stored(made: Aliases, url: str) -> Ledger:
    """A ledger that holds the roster and every batch."""
    ledger = Ledger(url, clock=lambda: AS_OF, entropy=Random(1).randbytes)
    ledger.init()
    ledger.store_roster(made.roster)
    source = ledger.source("git", "aliases", purposes=list(Purpose))
    ledger.collect(source, made.batches, extractor="sample/1")
    return ledger


def on_aliases(seed: int, people: int, folder: Path) -> OnAliases:
    """The resolver's work on the aliases of one seed."""
    made = aliases_of(department(seed, people, AS_OF), seed)
    ledger = stored(made, f"sqlite:///{folder / f'{seed}.db'}")
    frame = ledger.identities(known_at=AS_OF)
    keys = dict(ledger.people(as_of=AS_OF, known_at=AS_OF)[["person", "key"]].itertuples(index=False))
    truth = {(one.identity.provider, one.identity.key): one.person for one in made.aliases}
    true = {
        row.identity: truth.get((row.provider, row.key))
        for row in frame.itertuples()
        if (row.provider, row.key) in truth
    }
    parts = ledger.participations(as_of=AS_OF, known_at=AS_OF, purpose=None)
    linked = parts[parts["person"].notna()]
    best: dict[str, str] = {}
    for one in suggestions(ledger, now=AS_OF):
        best.setdefault(one.identity, one.person)
    opened = [row.identity for row in frame.itertuples() if row.identity in true and not isinstance(row.person, str)]
    mine = [one for one in opened if true[one] is not None]
    return OnAliases(
        linked_artefacts=len(linked),
        wrong_artefacts=sum(keys[row.person] != true[row.identity] for row in linked.itertuples()),
        linked_aliases=len(true) - len(opened),
        open_aliases=len(mine),
        first=sum(best.get(one) == true[one] for one in mine),
        missed=sum(one not in best for one in mine),
        strangers_suggested=sum(one in best for one in opened if true[one] is None),
    )


def on_clone(clone: Path, seed: int, now: datetime) -> dict[str, Share]:
    """Recall, precision and strangers on one clone."""
    found = identities_mailmap.resolve(clone, seed, now=now)
    mapped = [one for one, person in found.truth.items() if person is not None]
    strangers = [one for one, person in found.truth.items() if person is None]
    offered = [one for one in mapped if found.suggestions.get(one)]
    right = sum(found.suggestions[one][0].person == found.truth[one] for one in offered)
    return {
        "recall": Share(right, len(mapped)),
        "precision": Share(right, len(offered)),
        "strangers_suggested": Share(sum(bool(found.suggestions.get(one)) for one in strangers), len(strangers)),
    }


def main() -> int:
    """Run, print, and say by the exit status whether the promise holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clones", nargs="*", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = [on_aliases(seed, given.people, Path(folder)) for seed in range(1, given.seeds + 1)]
    total = OnAliases(*(sum(values) for values in zip(*(asdict(run).values() for run in runs), strict=True)))
    first = Share(total.first, total.open_aliases)
    clones = {str(clone): on_clone(clone, 7, datetime.now(UTC)) for clone in given.clones}
    if given.json:
        shares = {name: {key: asdict(share) for key, share in some.items()} for name, some in clones.items()}
        print(json.dumps({"aliases": asdict(total), "seeds": given.seeds, "clones": shares}, sort_keys=True))
    else:
        print(f"aliases of {given.seeds} departments of {given.people}: {asdict(total)}")
        print(f"  right person first: {first.text}")
        for name, some in clones.items():
            print(f"{name}: " + "; ".join(f"{key} {share.text}" for key, share in some.items()))
    return int(total.wrong_artefacts > 0 or first.right < 0.9 * first.n)


if __name__ == "__main__":
    sys.exit(main())
