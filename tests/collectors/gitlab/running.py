"""Collecting from a made-up GitLab into a ledger, with a clock that never sleeps, and what the ledger then exports."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.forge_population import Population
from benchmarks.gitlab_server import TOKEN, GitLab, Project
from collectors import gitlab
from collectors.forge_limits import Bucket
from collectors.forge_secret import Secret
from db.errors import Incomplete
from db.ledger import Ledger
from db.records import Batch, Purpose

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


class Killed(BaseException):
    """What no handler of ours can see coming."""


@dataclass
class _Bucket(Bucket):
    """killed_at: the request at which everything ends."""

    killed_at: int | None = None

    def take(self, resource: str = "core", cost: int = 1) -> None:
        super().take(resource, cost)
        if self.requests == self.killed_at:
            raise Killed


@dataclass
class Collector:
    """Runs over one project into one ledger; every run has a client of its own, as every process has."""

    url: str
    ledger: Ledger
    watch: Watch = field(default_factory=Watch)
    repository: str = "acme/engine"
    max_wait: float = 7_200.0
    given: Mapping[str, Any] = field(default_factory=dict)
    talk: Counter[str] = field(default_factory=Counter)

    def settings(self) -> gitlab.Settings:
        said: dict[str, Any] = {"repository": self.repository, "token": Secret(TOKEN), "base_url": self.url}
        return gitlab.Settings(**{**said, **self.given})

    def batches(self, cursor: Mapping[str, object] | None, killed_at: int | None = None) -> Iterator[Batch]:
        settings = self.settings()
        client = gitlab.connect(settings, _Bucket(self.watch, self.max_wait, per_minute={}, killed_at=killed_at))
        for batch in gitlab.collect(settings, cursor, now=LATE, client=client):
            self.talk.update(batch.talk)
            yield batch

    def run(self, killed_at: int | None = None) -> int:
        """One run; how many versions it stored. Raises what the run raises, after storing what came."""
        source = self.ledger.source("gitlab", "engine", purposes=tuple(Purpose))
        return self.ledger.collect(source, self.batches(self.cursor(), killed_at), extractor=gitlab.EXTRACTOR).added

    def settle(self) -> None:
        """Runs until one is not incomplete: what somebody with a crontab does."""
        for _ in range(8):
            try:
                self.run()
            except Incomplete:
                continue
            return
        raise AssertionError("it never comes to an end")

    def cursor(self) -> Any:
        return self.ledger.cursor(self.ledger.source("gitlab", "engine", purposes=tuple(Purpose)))

    def exported(self) -> bytes:
        """The canonical export of evidence, as `calibrant export evidence` writes it."""
        rows = self.ledger.export_evidence(as_of=LATE, known_at=LATE)
        return "\n".join(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows).encode()

    def evidence(self, kind: str | None = None) -> list[dict[str, Any]]:
        rows = map(json.loads, self.exported().decode().splitlines())
        return [row for row in rows if kind in (None, row["kind"])]


def ledger_at(folder: Path, blank: Path, name: str = "ledger") -> Ledger:
    """A fresh ledger whose clock stands still."""
    path = folder / f"{name}.db"
    shutil.copy(blank, path)
    return Ledger(f"sqlite:///{path}", clock=Watch().now, entropy=os.urandom, actor="test")


def made_up(changes: int = 60, issues: int = 12, releases: int = 3, seed: int = 4, **given: Any) -> GitLab:
    """A made-up GitLab with one project."""
    return GitLab([Project(42, "acme/engine", Population(changes, seed, issues=issues, releases=releases))], **given)
