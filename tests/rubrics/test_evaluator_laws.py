"""What must hold for any work: order, copies and splitting buy nothing; more never hurts; less opportunity never hurts."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rubrics
from db.records import Outcome

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
JUNE = 2026 * 12 + 5
FACTS = ("reviewed", "survived", "tests", "docs", "change_followed", "suggestion_applied", "substance", "others_work")
laws = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

often = st.sampled_from([True, True, True, False])
artefacts = st.fixed_dictionaries(
    {
        "person": st.sampled_from(["p", "q"]),
        "skill": st.sampled_from(["pipelines", "review"]),
        "reviewing": st.booleans(),
        "month": st.integers(JUNE - 30, JUNE),
        "repository": st.sampled_from(["r1", "r2", None]),
        "areas": st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=2, unique=True),
        "counterpart": st.sampled_from(["p", "q", "x", "y", None]),
        "share": st.integers(1, 64).map(lambda part: part / 64),
        "substantive": often,
        **dict.fromkeys(FACTS, often),
    }
)
many = st.lists(artefacts, max_size=25)
chances = st.lists(st.tuples(st.sampled_from([0.0, 2.0, 5.0, 8.0, 99.0]), st.booleans()), min_size=4, max_size=4)


def work_of(drawn: list[dict[str, object]]) -> pd.DataFrame:
    rows = []
    for number, artefact in enumerate(drawn):
        month = int(str(artefact["month"]))
        name = artefact.get("name", f"e{number}")
        rows += [
            {
                **artefact,
                "evidence": name,
                "artefact": name,
                "area": area,
                "kind": "review" if artefact["reviewing"] else "commit",
                "role": "reviewer" if artefact["reviewing"] else "author",
                "occurred_at": datetime(month // 12, month % 12 + 1, 1 + number % 2, tzinfo=UTC),
            }
            for area in np.atleast_1d(artefact["areas"])  # type: ignore[arg-type]
        ]
    columns = ["person", "skill", "evidence", "artefact", "kind", "role", "occurred_at", "month", "repository", "area"]
    frame = pd.DataFrame(rows, columns=[*columns, "counterpart", "share", "substantive", *FACTS])
    return frame.astype({"occurred_at": "datetime64[us, UTC]", "month": "int64", "share": "float64"})


def chance_of(drawn: list[tuple[float, bool]]) -> pd.DataFrame:
    pairs = pd.DataFrame([(p, s) for p in "pq" for s in ("pipelines", "review")], columns=["person", "skill"])
    return pairs.assign(
        months_present=[months for months, _ in drawn], access=[access for _, access in drawn], comments=True
    )


def judged(small: rubrics.Standard, work: pd.DataFrame, chance: pd.DataFrame) -> rubrics.Evaluation:
    return rubrics.evaluate(small, work, chance, as_of=AS_OF)


PLENTY = chance_of([(99.0, True)] * 4)


@laws
@given(many, chances, st.randoms(use_true_random=False))
def test_order_and_copies_of_rows_change_nothing(
    small: rubrics.Standard, drawn: list[dict[str, object]], chance: list[tuple[float, bool]], rng: np.random.Generator
) -> None:
    work = work_of(drawn)
    order = list(range(len(work))) + [place for place in range(len(work)) if rng.random() < 0.5]
    rng.shuffle(order)
    first, second = (
        judged(small, work, chance_of(chance)),
        judged(small, work.iloc[order], chance_of(chance).iloc[::-1]),
    )
    pd.testing.assert_frame_equal(first.criteria, second.criteria)
    pd.testing.assert_frame_equal(first.items, second.items)
    pd.testing.assert_frame_equal(first.support, second.support)


@laws
@given(many)
def test_another_version_of_an_artefact_adds_nothing(small: rubrics.Standard, drawn: list[dict[str, object]]) -> None:
    work = work_of(drawn)
    again = work.assign(evidence=work["evidence"] + "v2", occurred_at=work["occurred_at"] + timedelta(hours=1))
    first, second = judged(small, work, PLENTY), judged(small, pd.concat([work, again]), PLENTY)
    pd.testing.assert_series_equal(first.items["value"], second.items["value"])


@laws
@given(many, st.integers(2, 7))
def test_splitting_work_never_raises_a_value(
    small: rubrics.Standard, drawn: list[dict[str, object]], pieces: int
) -> None:
    split = [
        {**artefact, "name": f"e{number}.{piece}", "share": float(str(artefact["share"])) / pieces}
        for number, artefact in enumerate(drawn)
        for piece in range(pieces)
    ]
    whole, parts = judged(small, work_of(drawn), PLENTY), judged(small, work_of(split), PLENTY)
    assert (parts.items["value"] <= whole.items["value"]).all()


@laws
@given(many, chances, st.data())
def test_less_evidence_never_raises_and_more_never_lowers(
    small: rubrics.Standard, drawn: list[dict[str, object]], chance: list[tuple[float, bool]], data: st.DataObject
) -> None:
    work = work_of(drawn)
    kept = data.draw(st.lists(st.booleans(), min_size=len(work), max_size=len(work)))
    more, less = judged(small, work, chance_of(chance)), judged(small, work[np.array(kept, bool)], chance_of(chance))
    assert (less.items["value"] <= more.items["value"]).all()
    assert (less.items["category"] <= more.items["category"]).all()
    assert (less.items["ceiling"] <= more.items["ceiling"]).all()
    assert not ((less.criteria["outcome"] == Outcome.MET.value) & (more.criteria["outcome"] != Outcome.MET.value)).any()


@laws
@given(many, chances)
def test_without_a_quarter_is_as_if_its_work_had_never_been(
    small: rubrics.Standard, drawn: list[dict[str, object]], chance: list[tuple[float, bool]]
) -> None:
    work, opportunity = work_of(drawn), chance_of(chance)
    without = rubrics.evaluate_without_quarters(small, work, opportunity, as_of=AS_OF)
    whole = judged(small, work, opportunity).items.set_index(["person", "item"])["category"]
    quarter = (work["month"] // 12).astype(str) + "Q" + (work["month"] % 12 // 3 + 1).astype(str)
    for name in sorted(set(quarter)):
        apart = judged(small, work[quarter != name], opportunity).items.set_index(["person", "item"])["category"]
        given_ = without[without["quarter"] == name].set_index(["person", "item"])["category"]
        assert given_.to_dict() == apart[given_.index].to_dict()
        assert apart.drop(given_.index).equals(whole.drop(given_.index))


@laws
@given(many, chances, chances)
def test_less_opportunity_never_lowers(
    small: rubrics.Standard,
    drawn: list[dict[str, object]],
    chance: list[tuple[float, bool]],
    cut: list[tuple[float, bool]],
) -> None:
    work = work_of(drawn)
    lower = [(min(a[0], b[0]), a[1] and b[1]) for a, b in zip(chance, cut, strict=True)]
    more, less = judged(small, work, chance_of(chance)), judged(small, work, chance_of(lower))
    assert (less.items["category"] >= more.items["category"]).all()
    assert (less.items["observed"] <= more.items["observed"]).all()
    before, after = more.criteria["outcome"], less.criteria["outcome"]
    assert (before == after)[before != Outcome.NOT_MET.value].all()
    assert set(after[before == Outcome.NOT_MET.value]) <= {Outcome.NOT_MET.value, Outcome.NOT_OBSERVED.value}


@laws
@given(many, chances)
def test_people_are_judged_apart(
    small: rubrics.Standard, drawn: list[dict[str, object]], chance: list[tuple[float, bool]]
) -> None:
    work, pairs = work_of(drawn), chance_of(chance)
    together = judged(small, work, pairs)
    apart = [judged(small, work, pairs[pairs["person"] == person]) for person in "pq"]
    both = pd.concat([result.items for result in apart], ignore_index=True)
    pd.testing.assert_frame_equal(together.items, both)
    pd.testing.assert_frame_equal(
        together.criteria, pd.concat([result.criteria for result in apart], ignore_index=True)
    )


@laws
@given(many, chances)
def test_category_outcomes_and_ceiling_agree(
    small: rubrics.Standard, drawn: list[dict[str, object]], chance: list[tuple[float, bool]]
) -> None:
    result = judged(small, work_of(drawn), chance_of(chance))
    criteria = result.criteria[result.criteria["measure"].notna()]
    met = (
        criteria["outcome"].eq(Outcome.MET.value).groupby([criteria["person"], criteria["skill"], criteria["measure"]])
    )
    items = result.items.set_index(["person", "skill", "measure"])
    assert met.sum().to_dict() == items["category"].to_dict()
    assert (items["category"] <= items["ceiling"]).all()
    assert (items["observed"] | items["censored"]).all()
    assert not (items["censored"] & (items["category"] == items["categories"] - 1)).any()
    unmet = criteria[criteria["outcome"] != Outcome.MET.value].sort_values("level")
    following = unmet.groupby(["person", "skill", "measure"])["outcome"].first()
    assert (items["censored"].reindex(following.index) == (following == Outcome.NOT_OBSERVED.value)).all()
    assert (items["pessimistic_category"] <= items["category"]).all()
