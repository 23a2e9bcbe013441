"""The sample department is reproducible, parses, refers to known people, and keeps its truth apart."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from calibrant.sample import SampleDepartment, generate
from calibrant.sample.areas import SKILLS
from calibrant.sample.people import level_of
from collectors import feedback360, roster, scorecards, table
from db.errors import Refusal

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleDepartment:
    return generate(tmp_path_factory.mktemp("sample") / "department", seed=7, as_of=AS_OF)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        generate(tmp_path / name, seed=3, people=12, as_of=AS_OF)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_another_seed_gives_another_department(tmp_path: Path, sample: SampleDepartment) -> None:
    other = generate(tmp_path / "other", seed=8, people=12, as_of=AS_OF)
    assert other.roster.read_bytes() != sample.roster.read_bytes()
    assert other.truth.read_bytes() != sample.truth.read_bytes()


def test_thirty_people_in_three_teams_have_thirty_months_of_work(sample: SampleDepartment) -> None:
    roster = rows(sample.roster)
    assert len({row["person_id"] for row in roster}) == sample.people == 30
    assert {row["team"] for row in roster} == {"platform", "applied-ml", "language"}
    assert 3_500 < sample.commits < 7_500


def test_roles_and_job_levels_are_those_of_the_standard(sample: SampleDepartment) -> None:
    roster = rows(sample.roster)
    assert {row["job_level"] for row in roster} <= {"junior", "middle", "senior", "lead", "principal"}
    known = {"mlops-engineer", "ml-engineer", "llm-engineer", "nlp-engineer", "cv-engineer", "data-scientist"}
    assert {row["role"] for row in roster} <= known | {"prompt-engineer", "ai-product-manager"}


def test_histories_in_the_roster_join_without_gap_or_overlap(sample: SampleDepartment) -> None:
    spells: dict[str, list[dict[str, str]]] = {}
    for row in rows(sample.roster):
        spells.setdefault(row["person_id"], []).append(row)
    assert any(len(history) == 2 for history in spells.values())
    for history in spells.values():
        assert history[0]["valid_from"] == history[0]["hired_on"]
        assert history[-1]["valid_to"] == ""
        for earlier, later in pairwise(history):
            assert earlier["valid_to"] == later["valid_from"]
            assert (earlier["team"], earlier["job_level"]) != (later["team"], later["job_level"])


def test_every_planted_life_is_in_the_roster(sample: SampleDepartment) -> None:
    by_key = {row["person_id"]: row for row in rows(sample.roster)}
    planted = sample.planted
    assert all(by_key[key]["hired_on"] > "2025-06" for key in planted["late_joiner"])
    assert all(by_key[key]["left_on"] for key in planted["leaver"])
    assert all(float(by_key[key]["fte"]) < 1 for key in planted["part_time"])
    first, second = planted["name_clash"]
    assert by_key[first]["name"] == by_key[second]["name"]
    assert by_key[first]["emails"] != by_key[second]["emails"]
    assert by_key[first]["team"] != by_key[second]["team"]


def test_absences_are_spans_of_known_people_and_one_lasts_months(sample: SampleDepartment) -> None:
    known = {row["person_id"] for row in rows(sample.roster)}
    longest = Counter[str]()
    for row in rows(sample.absences):
        days = (date.fromisoformat(row["absent_to"]) - date.fromisoformat(row["absent_from"])).days
        assert row["person_id"] in known
        assert days > 0
        longest[row["person_id"]] = max(longest[row["person_id"]], days)
    assert all(longest[key] >= 100 for key in sample.planted["long_absence"])


def test_feedback_refers_to_known_people_competencies_and_marks(sample: SampleDepartment) -> None:
    roster = rows(sample.roster)
    known = {row["person_id"] for row in roster} | {row["emails"].split(";")[0] for row in roster}
    answers = rows(sample.feedback360)
    assert {row["subject_id"] for row in answers} | {row["rater_id"] for row in answers} <= known
    assert {row["competency_code"] for row in answers} <= set(SKILLS)
    assert {row["rating"] for row in answers} == {"1", "2", "3", "4", "5", "", "n/a"}
    assert {row["relationship"] for row in answers} == {"self", "peer", "manager", "report"}
    assert len({row["cycle"] for row in answers}) == 2
    assert max(row["submitted_at"] for row in answers) < AS_OF.isoformat()
    assert sample.ratings == sum(row["rating"] not in ("", "n/a") for row in answers)


def test_each_rater_rates_a_subject_on_six_to_ten_competencies_once(sample: SampleDepartment) -> None:
    asked = Counter((row["cycle"], row["subject_id"], row["rater_id"]) for row in rows(sample.feedback360))
    assert set(asked.values()) <= set(range(6, 11))


def test_one_comment_is_a_formula(sample: SampleDepartment) -> None:
    assert sum(row["comment"].startswith("=HYPERLINK(") for row in rows(sample.feedback360)) == 1


def test_severe_raters_mark_lower_than_lenient_ones(sample: SampleDepartment) -> None:
    kinds = {row["person_id"]: row["kind"] for row in rows(sample.truth_raters)}
    keys = {row["emails"].split(";")[0]: row["person_id"] for row in rows(sample.roster)}
    truth = {(row["person_id"], row["skill"]): float(row["ability"]) for row in rows(sample.truth)}
    errors: dict[str, list[float]] = {}
    for row in rows(sample.feedback360):
        if row["rating"].isdigit() and row["relationship"] != "self":
            rater, subject = (keys.get(row[column], row[column]) for column in ("rater_id", "subject_id"))
            error = float(row["rating"]) - truth[subject, row["competency_code"]]
            errors.setdefault(kinds[rater], []).append(error)
    mean = {kind: sum(values) / len(values) for kind, values in errors.items()}
    assert mean["severe"] < mean["plain"] < mean["lenient"]
    assert {"central", "halo", "careless", "friendly"} <= set(mean)


def test_greenhouse_scorecards_map_to_hires_through_the_subjects_file(sample: SampleDepartment) -> None:
    known = {row["person_id"] for row in rows(sample.roster)}
    subjects = {row["candidate_id"]: row["person_id"] for row in rows(sample.subjects)}
    cards = json.loads(sample.scorecards_json.read_text(encoding="utf-8"))
    assert {str(card["candidate_id"]) for card in cards} == set(subjects)
    assert set(subjects.values()) <= set(sample.planted["late_joiner"])
    for card in cards:
        assert {card["interviewer"]["employee_id"], card["submitted_by"]["employee_id"]} <= known
        symbols = {attribute["rating"] for attribute in card["attributes"]}
        assert symbols <= {"definitely_not", "no", "mixed", "yes", "strong_yes", "no_decision"}


def test_long_scorecards_refer_to_known_people(sample: SampleDepartment) -> None:
    known = {row["person_id"] for row in rows(sample.roster)}
    cards = rows(sample.scorecards_csv)
    assert {row[column] for row in cards for column in ("subject_id", "interviewer_id", "submitted_by")} <= known
    assert {row["rating"] for row in cards} <= {"1", "2", "3", "4", "n/a"}
    assert {row["subject_id"] for row in cards}.isdisjoint(row["person_id"] for row in rows(sample.subjects))


def test_decisions_lie_on_both_sides_of_the_cutoff(sample: SampleDepartment) -> None:
    decided = rows(sample.decisions)
    assert {row["decided_on"] > AS_OF.date().isoformat() for row in decided} == {True, False}
    assert len({row["person_id"] for row in decided}) == 8
    assert {row["level"] for row in decided} <= set("12345")
    assert {row["skill"] for row in decided} <= set(SKILLS)
    assert len(decided) == sample.decided


def test_the_wide_survey_has_a_column_per_question_and_a_mapping(sample: SampleDepartment) -> None:
    known = {row["person_id"] for row in rows(sample.roster)}
    survey = rows(sample.feedback360_wide)
    mapping = yaml.safe_load(sample.feedback360_mapping.read_text(encoding="utf-8"))
    assert set(mapping["columns"].values()) <= set(survey[0])
    assert {row["Reviewee"] for row in survey} <= known
    assert sum(": " in column for column in survey[0]) == 3


def test_truth_holds_every_person_and_skill_and_lies_apart(sample: SampleDepartment) -> None:
    truth = rows(sample.truth)
    assert len({(row["person_id"], row["skill"]) for row in truth}) == 30 * len(SKILLS) == len(truth)
    assert all(int(row["level"]) == level_of(float(row["ability"])) for row in truth)
    assert {row["level"] for row in truth} == set("12345")
    apart = {sample.truth, sample.truth_raters, sample.truth_identities}
    assert {path for path in sample.folder.rglob("*") if path.is_file() and path.parent.name == "truth"} == apart
    inputs = [path for path in sample.folder.iterdir() if path.is_file()]
    assert not any("ability" in path.read_text(encoding="utf-8") for path in inputs)


def test_the_collectors_read_every_file_without_complaint(sample: SampleDepartment) -> None:
    now = AS_OF + timedelta(days=70)
    people = roster.read(sample.roster, now=now)
    assert len(people.persons) == 30
    assert len(roster.read_absences(sample.absences, now=now, people=[p.key for p in people.persons])) > 30

    def read(module: ModuleType, path: Path, **options: object) -> int:
        settings = module.Settings(path=path, source="sample", **options)
        return sum(len(batch.evidence) for batch in module.collect(settings, None, now=now))

    assert read(feedback360, sample.feedback360) == sample.ratings
    assert read(feedback360, sample.feedback360_wide, mapping=sample.feedback360_mapping) > 20
    assert read(scorecards, sample.scorecards_csv) > 5
    assert read(scorecards, sample.scorecards_json, mapping="greenhouse", subjects=sample.subjects) > 5
    assert read(table, sample.decisions, mapping="decisions") == sample.decided


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(Refusal, match="not empty"):
        generate(tmp_path, seed=1, as_of=AS_OF)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("people", [11, 47])
def test_too_few_or_too_many_people_are_refused(tmp_path: Path, people: int) -> None:
    with pytest.raises(Refusal, match="expected 12 to 46 people"):
        generate(tmp_path, seed=1, people=people, as_of=AS_OF)


def test_an_instant_without_time_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no time zone"):
        generate(tmp_path, seed=1, as_of=datetime(2026, 6, 30))
