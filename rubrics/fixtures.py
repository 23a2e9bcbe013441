"""Every criterion proves itself: its `pass` record must meet it, its `fail` record must not.

A record is made from a few numbers (`standard.Fixture`): so many artefacts, dealt in turn to the most recent months, to
the repositories, areas and people, each with the same share and facts. It goes through the evaluator that judges real
people, with every opportunity and without waivers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd

from db.records import Outcome
from rubrics.evaluator import evaluate
from rubrics.standard import Criterion, Fixture, Measure, Standard
from rubrics.work import FACTS, WORK_COLUMNS

__all__ = ["AS_OF", "FixtureResult", "check_fixtures", "work_of"]

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
"""The day fixtures are judged on. Their artefacts fall on the 15th of June 2026 and of the months before it."""

_PLENTY_OF_MONTHS = 1200.0


@dataclass(frozen=True, slots=True)
class FixtureResult:
    """One record judged. fixture: "pass" or "fail"; value and at_least in the measure's unit."""

    criterion: str
    fixture: str
    expected: Outcome
    found: Outcome
    value: float
    at_least: float
    unit: str

    @property
    def passed(self) -> bool:
        """Whether the record was judged as the standard says it should be."""
        return self.found is self.expected

    def __str__(self) -> str:
        verdict = "ok" if self.passed else f"expected {self.expected.value}, found {self.found.value}"
        return f"{self.criterion} {self.fixture}: {self.value:g} of {self.at_least:g} {self.unit}, {verdict}"


def check_fixtures(standard: Standard) -> list[FixtureResult]:
    """Judge every fixture of every criterion that machines judge, in order of the criteria. None is left out."""
    cases = [
        (f"{criterion.code}/{name}", criterion, name, fixture)
        for criterion in standard.criteria.values()
        for name, fixture in (("pass", criterion.passing), ("fail", criterion.failing))
        if fixture is not None and criterion.measure is not None
    ]
    if not cases:
        return []
    frames = [work_of(p, c, standard.items[f"{c.skill}/{c.measure}"].measure, f) for p, c, _, f in cases]
    opportunity = pd.DataFrame(
        {
            "person": [person for person, *_ in cases],
            "skill": [criterion.skill for _, criterion, *_ in cases],
            "months_present": _PLENTY_OF_MONTHS,
            "access": True,
            "comments": True,
        }
    )
    judged = evaluate(standard.without_waivers(), pd.concat(frames, ignore_index=True), opportunity, as_of=AS_OF)
    columns = ("person", "criterion", "outcome", "value", "at_least", "unit")
    found = {
        (person, code): (Outcome(outcome), float(value), float(at_least), str(unit))
        for person, code, outcome, value, at_least, unit in zip(
            *(judged.criteria[column].tolist() for column in columns), strict=True
        )
    }
    expected = {"pass": Outcome.MET, "fail": Outcome.NOT_MET}
    return [
        FixtureResult(criterion.code, name, expected[name], *found[person, criterion.code])
        for person, criterion, name, _ in cases
    ]


def work_of(person: str, criterion: Criterion, measure: Measure, fixture: Fixture) -> pd.DataFrame:
    """The work frame (see `evaluator.evaluate`) of one made-up record."""
    turns = range(fixture.changes if fixture.months else 0)
    months = [AS_OF.year * 12 + AS_OF.month - 1 - turn % max(fixture.months, 1) for turn in turns]
    columns: dict[str, object] = {
        "person": person,
        "skill": criterion.skill,
        "evidence": [f"{person}/{turn}" for turn in turns],
        "artefact": [f"{person}/{turn}" for turn in turns],
        "kind": [measure.evidence[turn % len(measure.evidence)].value for turn in turns],
        "role": measure.role,
        "occurred_at": pd.Series(
            [datetime(month // 12, month % 12 + 1, 15, tzinfo=UTC) for month in months], dtype="datetime64[us, UTC]"
        ),
        "month": pd.Series(months, dtype="int64"),
        "repository": [f"repository {turn % fixture.repositories}" for turn in turns],
        "area": [f"area {turn % fixture.areas}" for turn in turns],
        "counterpart": [f"colleague {turn % fixture.people}" if fixture.people else None for turn in turns],
        "share": fixture.share,
        **{fact: fact in fixture.facts for fact in FACTS},
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(turns)))[list(WORK_COLUMNS)]
