"""Collecting from a server into a ledger, with a clock that never sleeps, and what the ledger then exports."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.forge_population import Population
from benchmarks.github_rows import Rows
from benchmarks.github_server import Fault, GitHub
from collectors import github
from collectors.forge_limits import Bucket
from collectors.forge_secret import Secret
from db.ledger import Ledger
from db.records import Batch, Purpose

TOKEN = "github_pat_11AAAAAAA0123456789abcdef"
LATE = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass
class Watch:
    """A clock that jumps where others would sleep. slept: seconds it was asked to, in all."""

    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    slept: float = 0.0

    def now(self) -> datetime:
        return self.at + timedelta(seconds=self.slept)

    def monotonic(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


@dataclass
class Collector:
    """Runs over one repository into one ledger; every run has a client of its own, as every process has."""

    url: str
    ledger: Ledger
    watch: Watch = field(default_factory=Watch)
    repository: str = "acme/engine"
    max_wait: float = 7_200.0
    given: Mapping[str, Any] = field(default_factory=dict)
    talk: dict[str, int] = field(default_factory=dict)

    def settings(self) -> github.Settings:
        return github.Settings(
            **{"repository": self.repository, "token": Secret(TOKEN), "base_url": self.url, "page_size": 10}
            | self.given
        )

    def batches(self, cursor: Mapping[str, object] | None) -> Iterator[Batch]:
        settings = self.settings()
        client = github.connect(settings, Bucket(self.watch, self.max_wait))
        for batch in github.collect(settings, cursor, now=LATE, client=client):
            for word, count in batch.talk.items():
                self.talk[word] = self.talk.get(word, 0) + count
            yield batch

    def run(self, spoil: Callable[[Iterator[Batch]], Iterator[Batch]] = iter) -> int:
        """One run; how many artefacts it brought. Raises what the run raises, after storing what came."""
        source = self.ledger.source("github", "engine", purposes=tuple(Purpose))
        counts = self.ledger.collect(source, spoil(self.batches(self.cursor())), extractor=github.EXTRACTOR)
        return counts.added

    def cursor(self) -> Any:
        source = self.ledger.source("github", "engine", purposes=tuple(Purpose))
        return self.ledger.cursor(source)

    def exported(self) -> bytes:
        """The canonical export of evidence, as `calibrant export evidence` writes it."""
        rows = self.ledger.export_evidence(as_of=LATE, known_at=LATE)
        return "\n".join(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows).encode()

    def evidence(self, kind: str | None = None) -> list[dict[str, Any]]:
        rows = map(json.loads, self.exported().decode().splitlines())
        return [row for row in rows if kind in (None, row["kind"])]


def made_up(*faults: Fault, changes: int = 60, issues: int = 12, releases: int = 3, **given: Any) -> GitHub:
    """A made-up GitHub whose clock agrees with the collector's."""
    people = Population(changes, issues=issues, releases=releases)
    watch = Watch()
    return GitHub(Rows(people), faults=list(faults), clock=watch.now, **given)
