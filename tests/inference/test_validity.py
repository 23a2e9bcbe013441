from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from db.records import ModelVersion
from inference import validity
from inference.engine import infer
from inference.fitting import fit
from inference.validity import cross_validity, kept_verdicts, without_silenced
from models.facets import FacetsModel
from tests.contract.department import AS_OF, department
from tests.contract.frames import frames_of
from tests.contract.standard import small_standard


def observations(people: int, *, machine_sees: float, seed: int = 1) -> pd.DataFrame:
    """Everybody rated by three humans of twelve on two skills, two items each, and graded by one machine whose theta is part truth, part noise."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(0.0, 1.4, (people, 2)) + rng.normal(0.0, 0.8, (people, 1))
    severity = rng.normal(0.0, 0.5, 12)
    rows = []
    for person in range(people):
        seen = [(f"h{r:02d}", "human", theta[person] - severity[r], 0.6) for r in rng.choice(12, 3, replace=False)]
        blind = rng.normal(0.0, 1.6, 2)
        mixed = machine_sees * theta[person] + np.sqrt(1 - machine_sees**2) * blind
        for rater, kind, ability, noise in [*seen, ("git", "machine", mixed, 0.3)]:
            for skill in range(2):
                for item in range(2):
                    score = int(np.clip(np.rint(2 + ability[skill] + rng.normal(0, noise)), 0, 4))
                    rows.append((f"p{person:03d}", f"s{skill}", f"{kind}{skill}.{item}", rater, score, kind))
    table = pd.DataFrame(rows, columns=["person", "skill", "item", "rater", "score", "rater_class"])
    return table.assign(source=table["rater_class"], categories=5, lowest=0)


def test_a_machine_that_sees_what_humans_see_may_speak_and_one_that_does_not_leaves() -> None:
    for sees, verdict in ((0.95, "shown"), (0.0, "not shown")):
        table = observations(70, machine_sees=sees)
        found = cross_validity(FacetsModel().fit(table), table)
        assert [one.verdict for one in found.skills] == [verdict] * 2
        assert found.silenced == (frozenset() if sees else {"s0", "s1"})


def test_with_few_people_nothing_is_tested() -> None:
    table = observations(30, machine_sees=0.0)
    found = cross_validity(FacetsModel().fit(table), table)
    assert [(one.people, one.verdict) for one in found.skills] == [(30, "untested")] * 2
    assert found.silenced == frozenset()
    assert found.verdicts() == {}


def test_people_whom_one_human_rated_do_not_count() -> None:
    table = observations(70, machine_sees=0.95)
    first = table[table["rater_class"] == "human"].groupby("person")["rater"].transform("min")
    one = table[(table["rater_class"] == "machine") | (table["rater"] == first.reindex(table.index))]
    assert one.groupby("person")["rater"].nunique().max() == 2
    assert [s.people for s in cross_validity(FacetsModel().fit(one), one).skills] == [0, 0]


def test_a_registered_verdict_stands_in_both_directions() -> None:
    table = observations(70, machine_sees=0.95)
    found = cross_validity(FacetsModel().fit(table), table, kept={"s0": "not shown"})
    assert {one.skill: one.verdict for one in found.skills} == {"s0": "not shown", "s1": "shown"}
    noise = observations(70, machine_sees=0.0)
    assert cross_validity(FacetsModel().fit(noise), noise, kept={"s0": "shown"}).silenced == {"s1"}


def test_a_model_versions_verdicts_are_read_and_nonsense_is_not() -> None:
    version = ModelVersion("m", "hash", AS_OF, AS_OF, {"git": {"s0": "shown", "s1": "untested", "s2": 7}})
    assert kept_verdicts(version) == {"s0": "shown"}
    assert kept_verdicts(None) == {}


def test_only_the_machine_leaves_and_only_where_it_must() -> None:
    table = observations(6, machine_sees=1.0)
    left = without_silenced(table, {"s0"})
    assert len(table) - len(left) == 6 * 2
    assert set(left.loc[left["rater_class"] == "machine", "skill"]) == {"s1"}
    assert without_silenced(table, ()).equals(table)


def test_one_kind_of_rater_alone_has_no_validity() -> None:
    humans = observations(8, machine_sees=1.0).query("rater_class == 'human'")
    assert cross_validity(FacetsModel().fit(humans), humans).skills == ()
    assert cross_validity(None, humans.iloc[:0]).skills == ()


def test_the_engine_takes_git_out_of_the_headline_and_keeps_citing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    standard, frames = small_standard(), frames_of(department(0))
    monkeypatch.setattr(validity, "LEAST_PEOPLE", 4)
    found = fit(standard, frames, as_of=AS_OF)
    silenced = found.validity.silenced
    assert silenced
    rows = found.observed.observations
    assert not ((rows["rater_class"] == "machine") & rows["skill"].isin(silenced)).any()
    inferred = infer(standard, frames, as_of=AS_OF)
    assert any("does not agree enough" in one for one in inferred.warnings)
    assert {row["verdict"] for skill, row in inferred.details["git_validity"].items() if skill in silenced} == {
        "not shown"
    }
    skill = min(silenced)
    sources = {one.sources for one in inferred.assessments if one.skill == skill}
    assert not [names for names in sources if "git" in names]
    outcomes = [one.criteria for one in inferred.assessments if one.skill == skill]
    assert any(outcomes)


def test_a_registered_verdict_reaches_the_engine() -> None:
    standard, frames = small_standard(), frames_of(department(0))
    version = ModelVersion("m", "hash", AS_OF, AS_OF, {"git": {"code-review": "not shown"}})
    plain, held = (fit(standard, one, as_of=AS_OF) for one in (frames, replace(frames, model=version)))
    assert plain.validity.silenced == frozenset()
    assert held.validity.silenced == {"code-review"}
    assert len(held.observed.observations) < len(plain.observed.observations)
