"""A made-up department at full size, as records: what `assess.py` fills its ledger with.

Five years of commits in team and shared repositories, with several paths and people each; two cycles of 360 feedback by
raters from the own team and from others; scorecards of recent hires. Seeded: the same arguments give the same records. Habits are drawn
so that tags, reviews, reverts, merges, bots and strangers all occur; nothing here is meant to be true of anybody.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from db.records import (
    Batch,
    Employment,
    Evidence,
    Identity,
    IdentityLink,
    Kind,
    LinkBasis,
    Membership,
    Participation,
    ParticipationRole,
    Person,
    Retention,
    RoleAssignment,
    Roster,
)

__all__ = ["AS_OF", "SKILLS", "Department"]

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
SKILLS = (
    *("ml-pipelines", "model-training", "model-serving", "model-monitoring", "experiment-tracking", "data-pipelines"),
    *("feature-engineering", "containers", "ci-cd", "llm-apps", "code-quality", "code-review", "technical-docs"),
    "collaboration",
)

_YEARS = 5
_AT_ONCE = 5_000
_TEAM, _SHARED = 12, 10
_PLACES = (
    *("src/pipelines/{}_flow.py", "training/{}_train.py", "serving/predictors/{}.py", "monitoring/alerts/{}.yaml"),
    *(
        "experiments/{}.yaml",
        "etl/{}.sql",
        "features/{}_features.py",
        "deploy/{}/Dockerfile",
        ".github/workflows/{}.yml",
    ),
    *("prompts/{}.j2", "src/core/{}.py", "src/api/{}.go", "web/{}.ts", "docs/{}.md", "tests/test_{}.py"),
    *("vendor/lib/{}.go", "generated/{}_pb2.py", "assets/{}.png", "config/{}.toml", "poetry.lock"),
)


@dataclass(frozen=True, slots=True)
class _Repository:
    name: str
    people: tuple[int, ...]
    paths: tuple[str, ...]
    reviewed: float


class Department:
    """`people` persons and, with `evidence` pieces in all, their work and what is said of it."""

    def __init__(self, people: int, evidence: int, seed: int) -> None:
        self.chance = random.Random(seed)
        self.keys = [f"E{number:05d}" for number in range(people)]
        self.teams = [number // _TEAM for number in range(people)]
        self.identities = [
            Identity("git", f"dev{number}@example.org", f"Developer {number}") for number in range(people)
        ]
        self.strangers = [
            Identity("git", f"guest{number}@example.net", f"Guest {number}") for number in range(people // 5)
        ]
        self.bot = Identity("git", "updates[bot]@example.org", "updates[bot]", bot=True)
        self.humans = [Identity("hr", key) for key in self.keys]
        self.able = [[self.chance.gauss(0, 1) for _ in SKILLS] for _ in self.keys]
        self.general = [self.chance.gauss(0, 0.7) for _ in self.keys]
        self.severity = [self.chance.gauss(0, 0.5) for _ in self.keys]
        self.pace = [self.chance.lognormvariate(0, 0.8) for _ in self.keys]
        self.repositories = self._repositories()
        self.feedback = list(self._feedback())
        self.scorecards = list(self._scorecards())
        self.commits = max(evidence - len(self.feedback) - len(self.scorecards), 0)

    def roster(self) -> Roster:
        """Everybody, since before the first commit."""
        since = date(2020, 1, 1)
        levels = ("junior", "middle", "senior", "lead")
        return Roster(
            persons=tuple(Person(key, f"Developer {number}") for number, key in enumerate(self.keys)),
            employments=tuple(Employment(key, since) for key in self.keys),
            memberships=tuple(
                Membership(k, f"team {t:02d}", since) for k, t in zip(self.keys, self.teams, strict=True)
            ),
            role_assignments=tuple(
                RoleAssignment(key, "ml-engineer", levels[number % 4], since) for number, key in enumerate(self.keys)
            ),
            links=tuple(
                IdentityLink(identity, key, LinkBasis.ROSTER)
                for group in (self.identities, self.humans)
                for identity, key in zip(group, self.keys, strict=True)
            ),
        )

    def batches(self, evidence: Iterator[Evidence] | list[Evidence]) -> Iterator[Batch]:
        """In batches as a collector yields them."""
        stream = iter(evidence)
        while piece := tuple(islice(stream, _AT_ONCE)):
            yield Batch(piece, cursor={})

    def history(self, repository: _Repository, commits: int) -> Iterator[Evidence]:
        """The commits of one repository, oldest first."""
        chance, last = self.chance, ""
        paces = [self.pace[person] for person in repository.people]
        step = timedelta(days=365.25 * _YEARS) / max(commits, 1)
        for number in range(commits):
            kind = chance.random()
            author = chance.choices(repository.people, paces)[0]
            who = self.bot if kind < 0.03 else chance.choice(self.strangers) if kind < 0.08 else self.identities[author]
            parts = [Participation(who, ParticipationRole.AUTHOR)]
            other = chance.choice(repository.people)
            if chance.random() < repository.reviewed and other != author:
                parts.append(Participation(self.identities[other], ParticipationRole.REVIEWER))
            if chance.random() < 0.05:
                parts.append(
                    Participation(self.identities[chance.choice(repository.people)], ParticipationRole.CO_AUTHOR)
                )
            merge, revert = chance.random() < 0.06, bool(last) and chance.random() < 0.01
            count = 0 if merge else min(1 + int(chance.expovariate(0.5)), 12)
            start = chance.randrange(len(repository.paths))
            touched = sorted(
                {repository.paths[(start + chance.randrange(6)) % len(repository.paths)] for _ in range(count)}
            )
            oid = f"{chance.getrandbits(160):040x}"
            yield Evidence(
                f"git:{oid}",
                Kind.COMMIT,
                AS_OF - timedelta(days=365.25 * _YEARS) + step * number,
                "git/1",
                {"parents": 2 if merge else 1, "files": len(touched), "added": chance.randrange(300), "deleted": chance.randrange(80),
                 "binary": 0, "renames": 0, "missing_blobs": False, "whitespace_only": False, "submodules": 0, "message_lines": 4,
                 "revert_of": last if revert else None, "change_request": None, "ai_assist": None, "github_merge": False},
                tuple((path, 3, 1, None) for path in touched),
                tuple(dict.fromkeys(parts)),
                f"Change {number} of {repository.name}",
            )  # fmt: skip
            last = oid

    def _repositories(self) -> list[_Repository]:
        chance, people = self.chance, range(len(self.keys))
        teams = [tuple(p for p in people if self.teams[p] == team) for team in range(self.teams[-1] + 1)]
        shared = [tuple(chance.sample(people, min(len(people), 60))) for _ in range(_SHARED)]
        return [
            _Repository(
                f"repository-{number:02d}",
                tuple(members),
                tuple(
                    chance.choice(_PLACES).format(f"part{chance.randrange(40):02d}/{chance.choice('abcdefgh')}{file}")
                    for file in range(1_200)
                ),
                chance.choice((0.0, 0.4, 0.8)),
            )
            for number, members in enumerate([*teams, *shared])
        ]

    def _mark(self, rater: int, subject: int, skill: int, impression: float) -> float:
        seen = 3 + 0.6 * self.able[subject][skill] + self.general[subject] + impression - self.severity[rater]
        return float(min(5, max(1, round(seen + self.chance.gauss(0, 0.6)))))

    def _feedback(self) -> Iterator[Evidence]:
        """Per cycle five to eight raters a person, two or three of them from other teams, on most of the skills."""
        chance, people = self.chance, range(len(self.keys))
        for cycle, days in (("2025", 450), ("2026", 90)):
            for subject in people:
                mates = [p for p in people if self.teams[p] == self.teams[subject] and p != subject]
                near = chance.sample(mates, min(len(mates), chance.randint(3, 5)))
                far = [
                    p
                    for p in chance.sample(people, min(len(people), chance.randint(2, 3)))
                    if p not in (*near, subject)
                ]
                for rater in (*near, *far, subject):
                    relation = "self" if rater == subject else "peer" if rater in near else "other"
                    impression = chance.gauss(0, 0.4)
                    for skill, code in enumerate(SKILLS):
                        if chance.random() < 0.85:
                            score = self._mark(rater, subject, skill, impression)
                            key = f"feedback360/{cycle}/{subject}/{rater}/{code}"
                            measures = {"competency": code, "item": f"{code}-q1", "score": score, "scale_min": 1.0, "scale_max": 5.0,
                                        "scale": "1-5", "relationship": relation, "cycle": cycle}  # fmt: skip
                            yield self._rated(key, Kind.RATING, days, measures, rater, subject, Retention.FEEDBACK)

    def _scorecards(self) -> Iterator[Evidence]:
        """Three interviewers for every fifth person, five skills each, on a scale of four."""
        chance, people = self.chance, range(len(self.keys))
        for subject in people[::5]:
            for rater in chance.sample([p for p in people if p != subject], min(3, len(people) - 1)):
                for skill in chance.sample(range(len(SKILLS)), 5):
                    score = min(self._mark(rater, subject, skill, 0.0), 4.0)
                    measures = {"competency": SKILLS[skill], "score": score, "scale_min": 1.0, "scale_max": 4.0, "scale": "1-4",
                                "interview": f"I{subject}", "overall": False}  # fmt: skip
                    key = f"scorecards/{subject}/{rater}/{SKILLS[skill]}"
                    yield self._rated(key, Kind.SCORECARD_RATING, 700, measures, rater, subject, Retention.INTERVIEW)

    def _rated(
        self,
        key: str,
        kind: Kind,
        days: int,
        measures: dict[str, object],
        rater: int,
        subject: int,
        retention: Retention,
    ) -> Evidence:
        return Evidence(
            key,
            kind,
            AS_OF - timedelta(days=days),
            "forms/1",
            measures,  # type: ignore[arg-type]
            (),
            (
                Participation(self.humans[rater], ParticipationRole.RATER),
                Participation(self.humans[subject], ParticipationRole.SUBJECT),
            ),
            retention=retention,
        )


if __name__ == "__main__":
    print(f"{__doc__}\nA part of `python benchmarks/assess.py`: run that.")
