"""Outcomes, categories and support, case by case."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

import rubrics
from db.errors import Refusal
from db.records import Outcome
from rubrics.standard import Waiver

Make = Callable[..., pd.DataFrame]
JUNE = 2026 * 12 + 5
CHANGED = ("review", "reviewer")


def outcome(result: rubrics.Evaluation, criterion: str, person: str = "p") -> tuple[str, float, str]:
    rows = result.criteria.set_index(["person", "criterion"]).loc[(person, criterion)]
    return rows["outcome"], rows["value"], rows["reason"]


def graded(result: rubrics.Evaluation, item: str, person: str = "p") -> dict[str, object]:
    rows = result.items.set_index(["person", "item"]).to_dict("index")
    return {str(key): value for key, value in rows[person, item].items()}


def test_no_work_with_opportunity_is_not_met(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    result = rubrics.evaluate(small, make_work(), make_opportunity(), as_of=as_of)
    assert outcome(result, "pipelines.1.a") == (Outcome.NOT_MET.value, 0.0, "")
    item = graded(result, "pipelines/reviewed-months")
    assert (item["category"], item["categories"], item["observed"], item["censored"]) == (0, 4, True, False)
    assert item["evidence"] == ()


@pytest.mark.parametrize(
    ("months_present", "access", "reason"),
    [
        (2.0, True, "present 2.0 of the 3 months asked"),
        (99.0, False, "no access to such work"),
        (0.0, False, "present 0.0 of the 3 months asked; no access to such work"),
    ],
)
def test_no_work_without_opportunity_is_not_observed(
    small: rubrics.Standard,
    make_work: Make,
    make_opportunity: Make,
    as_of: datetime,
    months_present: float,
    access: bool,
    reason: str,
) -> None:
    chance = make_opportunity(months_present=months_present, access=access)
    result = rubrics.evaluate(small, make_work(), chance, as_of=as_of)
    assert outcome(result, "pipelines.1.a") == (Outcome.NOT_OBSERVED.value, 0.0, reason)
    assert not graded(result, "pipelines/reviewed-months")["observed"]
    assert graded(result, "pipelines/reviewed-months")["pessimistic_category"] == 0


def test_opportunity_of_just_what_is_asked_is_enough(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    result = rubrics.evaluate(small, make_work(), make_opportunity(months_present=3.0), as_of=as_of)
    assert outcome(result, "pipelines.1.a")[0] == Outcome.NOT_MET.value
    assert outcome(result, "pipelines.2.a")[0] == Outcome.NOT_OBSERVED.value


def test_everything_met_is_no_floor(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    work = make_work(*({"month": JUNE - back} for back in range(9)))
    item = graded(rubrics.evaluate(small, work, make_opportunity(), as_of=as_of), "pipelines/reviewed-months")
    assert (item["category"], item["categories"], item["observed"], item["censored"]) == (3, 4, True, False)


def test_access_matters_only_where_the_clause_asks_for_it(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    result = rubrics.evaluate(small, make_work(), make_opportunity(access=False), as_of=as_of)
    assert outcome(result, "review.1.a")[0] == Outcome.NOT_MET.value
    assert outcome(result, "review.3.a")[0] == Outcome.NOT_OBSERVED.value


def test_unknown_opportunity_is_no_record_of_none(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    chance = make_opportunity().assign(months_present=float("nan"), access=pd.Series([None, None], dtype="boolean"))
    result = rubrics.evaluate(small, make_work(), chance, as_of=as_of)
    assert outcome(result, "pipelines.1.a")[0] == Outcome.NOT_MET.value


def test_what_was_shown_is_met_whatever_the_opportunity(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    work = make_work(*({"month": JUNE - back} for back in range(5)))
    result = rubrics.evaluate(small, work, make_opportunity(months_present=5.0), as_of=as_of)
    assert outcome(result, "pipelines.2.a")[:2] == (Outcome.MET.value, 5.0)
    assert outcome(result, "pipelines.3.a")[0] == Outcome.NOT_OBSERVED.value
    item = graded(result, "pipelines/reviewed-months")
    assert (item["category"], item["ceiling"], item["observed"], item["censored"]) == (2, 2, True, True)
    assert (item["levels"], item["thresholds"]) == ((1, 2, 3), (1.0, 4.0, 9.0))


def test_people_judge_what_only_people_can(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    result = rubrics.evaluate(small, make_work(), make_opportunity(), as_of=as_of)
    assert outcome(result, "pipelines.4.a")[0] == Outcome.HUMAN.value
    row = result.criteria.set_index("criterion").loc["pipelines.4.a"]
    assert row[["measure", "unit", "value", "at_least"]].isna().all()


@pytest.mark.parametrize(
    "row",
    [
        {"reviewed": False},
        {"survived": False},
        {"survived": None},
        {"substantive": False},
        {"role": "reviewer"},
        {"kind": "issue"},
        {"share": 0.0},
        {"skill": "review"},
        {"skill": "unheard of"},
        {"person": "somebody else"},
        {"occurred_at": datetime(2024, 6, 30, tzinfo=UTC)},
        {"occurred_at": datetime(2026, 7, 1, tzinfo=UTC)},
    ],
    ids=str,
)
def test_what_a_measure_does_not_ask_for_does_not_count(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime, row: dict[str, object]
) -> None:
    result = rubrics.evaluate(small, make_work(row), make_opportunity(), as_of=as_of)
    assert graded(result, "pipelines/reviewed-months")["value"] == 0.0
    assert graded(result, "pipelines/reviewed-months")["evidence"] == ()


def test_work_just_inside_the_window_counts(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    work = make_work({"occurred_at": datetime(2024, 6, 30, 0, 0, 1, tzinfo=UTC)}, {"occurred_at": as_of, "month": JUNE})
    result = rubrics.evaluate(small, work, make_opportunity(), as_of=as_of)
    assert graded(result, "pipelines/reviewed-months")["evidence"] == ("e0", "e1")


def test_each_unit_is_counted_by_its_own_column(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    base = {"kind": "review", "role": "reviewer", "skill": "review"}
    work = make_work(
        {**base, "month": JUNE, "area": "a", "counterpart": "q"},
        {**base, "month": JUNE - 1, "area": "b", "counterpart": "r"},
        {**base, "month": JUNE - 2, "area": None, "counterpart": "p"},
        {**base, "month": JUNE - 3, "area": "b", "counterpart": None},
        {"repository": "r1"},
        {"repository": "r2"},
        {"repository": None},
    )
    result = rubrics.evaluate(small, work, make_opportunity(), as_of=as_of)
    values = result.items.set_index("item")["value"].to_dict()
    assert values["review/people-helped"] == 2
    assert values["review/areas-reviewed"] == 2
    assert values["review/review-quarters"] == 2
    assert values["pipelines/breadth"] == 2


def test_an_artefact_in_several_areas_is_one_change(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    work = make_work(*({"artefact": "one", "area": area, "share": 0.5} for area in "abcdef"))
    result = rubrics.evaluate(small, work, make_opportunity(), as_of=as_of)
    assert graded(result, "pipelines/reviewed-changes")["value"] == 0.5


def test_an_artefact_whose_rows_disagree_counts_in_its_earliest_month(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    work = make_work({"artefact": "one", "month": JUNE}, {"artefact": "one", "month": JUNE - 2, "evidence": "later"})
    result = rubrics.evaluate(small, work, make_opportunity(), as_of=as_of)
    assert graded(result, "pipelines/reviewed-months")["value"] == 1


def test_support_is_the_counted_evidence_oldest_first(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    work = make_work(*({"month": JUNE - back, "area": area} for back in range(3) for area in "ab"))
    result = rubrics.evaluate(small, work, make_opportunity(), as_of=as_of)
    assert graded(result, "pipelines/reviewed-months")["evidence"] == ("e4", "e5", "e2", "e3", "e0", "e1")
    support = result.support[result.support["item"] == "pipelines/reviewed-months"]
    assert support["evidence"].astype("str").tolist() == ["e4", "e5", "e2", "e3", "e0", "e1"]
    assert set(support["skill"]) == {"pipelines"}


def test_evidence_of_one_moment_is_in_order_of_its_ids(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    work = make_work(*({"artefact": name} for name in ("c", "a", "b")))
    for rows in (work, work.iloc[::-1]):
        result = rubrics.evaluate(small, rows, make_opportunity(), as_of=as_of)
        assert graded(result, "pipelines/reviewed-months")["evidence"] == ("a", "b", "c")


def test_a_waived_criterion_is_not_observed_and_no_threshold(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    codes = ("pipelines.2.a", "pipelines.4.a", "pipelines.1.b")
    waivers = tuple(Waiver(code, "Moving forges.", date(2026, 6, 1), date(2026, 7, 1)) for code in codes)
    work = make_work(*({"month": JUNE - back} for back in range(10)))
    waived = replace(small, waivers=waivers)
    result = rubrics.evaluate(waived, work, make_opportunity(), as_of=as_of)
    for code in codes:
        assert outcome(result, code)[::2] == (Outcome.NOT_OBSERVED.value, "waived: Moving forges.")
    item = graded(result, "pipelines/reviewed-months")
    assert (item["category"], item["categories"], item["levels"]) == (2, 3, (1, 3))
    assert "pipelines/reviewed-changes" not in set(result.items["item"])
    later = rubrics.evaluate(waived, work, make_opportunity(), as_of=datetime(2026, 7, 1, tzinfo=UTC))
    assert graded(later, "pipelines/reviewed-months")["categories"] == 4


def test_every_pair_asked_for_is_answered_and_no_other(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    chance = make_opportunity("q", "p").query("not (person == 'q' and skill == 'review')")
    result = rubrics.evaluate(small, make_work({"person": "q", "skill": "review"}), chance, as_of=as_of)
    pairs = list(result.criteria[["person", "skill"]].drop_duplicates().itertuples(index=False, name=None))
    assert pairs == [("p", "pipelines"), ("p", "review"), ("q", "pipelines")]
    assert len(result.criteria) == 7 + 7 + 6
    assert list(result.items["person"].unique()) == ["p", "q"]
    assert result.support.empty


def test_frames_as_arrow_holds_them_give_the_same(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    work = make_work(*({"month": JUNE - back, "counterpart": "q"} for back in range(5)))
    plain = rubrics.evaluate(small, work, make_opportunity(), as_of=as_of)
    for other in (
        work.convert_dtypes(dtype_backend="pyarrow"),
        work.astype({"person": "category", "skill": "category", "evidence": "category", "kind": "category"}),
        work.drop(columns="substantive"),
    ):
        again = rubrics.evaluate(small, other, make_opportunity(), as_of=as_of)
        pd.testing.assert_frame_equal(again.criteria, plain.criteria)
        pd.testing.assert_frame_equal(again.items, plain.items)


def test_nobody_to_judge_gives_empty_frames(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    result = rubrics.evaluate(small, make_work({}), make_opportunity().iloc[:0], as_of=as_of)
    assert result.criteria.empty
    assert result.items.empty
    assert result.support.empty


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda work, chance: (work.drop(columns=["share", "area"]), chance), "work frame lacks area, share"),
        (lambda work, chance: (work, chance.drop(columns="access")), "opportunity frame lacks access"),
        (lambda work, chance: (work.assign(share=1.2), chance), "outside 0..1"),
        (lambda work, chance: (work.assign(share=-0.1), chance), "outside 0..1"),
        (lambda work, chance: (work.assign(share=float("nan")), chance), "outside 0..1"),
        (lambda work, chance: (work.assign(occurred_at=work["occurred_at"].shift()), chance), "no occurred_at"),
        (lambda work, chance: (work.assign(occurred_at="yesterday"), chance), "no instants"),
        (lambda work, chance: (work.assign(occurred_at=pd.Timestamp("2026-01-01")), chance), "no instants"),
        (lambda work, chance: (work, chance.assign(skill="juggling")), "unknown skill juggling"),
        (lambda work, chance: (work, pd.concat([chance, chance])), "is repeated"),
    ],
)
def test_frames_that_make_no_sense_are_refused(
    small: rubrics.Standard,
    make_work: Make,
    make_opportunity: Make,
    as_of: datetime,
    change: Callable[[pd.DataFrame, pd.DataFrame], tuple[pd.DataFrame, pd.DataFrame]],
    message: str,
) -> None:
    work, chance = change(make_work({}), make_opportunity())
    with pytest.raises(Refusal, match=message):
        rubrics.evaluate(small, work, chance, as_of=as_of)


def test_an_as_of_without_zone_is_refused(small: rubrics.Standard, make_work: Make, make_opportunity: Make) -> None:
    naive = datetime(2026, 6, 30)
    with pytest.raises(Refusal, match="no time zone"):
        rubrics.evaluate(small, make_work({}), make_opportunity(), as_of=naive)


def test_the_frames_given_are_left_alone(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime
) -> None:
    work, chance = make_work({}, {}), make_opportunity()
    before = work.copy(), chance.copy()
    rubrics.evaluate(small, work, chance, as_of=as_of)
    pd.testing.assert_frame_equal(work, before[0])
    pd.testing.assert_frame_equal(chance, before[1])


def test_the_result_survives_parquet(
    small: rubrics.Standard, make_work: Make, make_opportunity: Make, as_of: datetime, tmp_path: Path
) -> None:
    items = rubrics.evaluate(small, make_work({}), make_opportunity(), as_of=as_of).items
    items.to_parquet(tmp_path / "items.parquet")
    again = pd.read_parquet(tmp_path / "items.parquet")
    assert [list(ids) for ids in again["evidence"]] == [list(ids) for ids in items["evidence"]]
