"""360 ratings: stored as given, missing when missing, refused with every mistake when wrong."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import feedback360
from collectors.batches import artefact_key
from collectors.feedback360 import FIELDS, Settings, collect
from db.errors import BadInput, Problem
from db.records import Batch, Evidence, Identity, Kind, ParticipationRole, Retention

NOW = datetime(2026, 11, 20, tzinfo=UTC)
HEADER = ",".join(FIELDS)
ROW = {
    "cycle": "2026H1",
    "subject_id": "E1",
    "rater_id": "Ada@Example.org",
    "relationship": "peer",
    "competency_code": "code-review",
    "item_code": "gives-reasons",
    "rating": "4",
    "scale": "1-5",
    "comment": "Clear and kind.",
    "submitted_at": "2026-06-12T10:00:00+02:00",
}


def written(folder: Path, rows: list[dict[str, str]], name: str = "form.csv", columns: list[str] | None = None) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns or list(FIELDS), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    path = folder / name
    path.write_bytes(text.getvalue().encode("utf-8", "surrogatepass"))
    return path


def run(path: Path, cursor: dict[str, object] | None = None, now: datetime = NOW, **options: object) -> list[Batch]:
    return list(collect(Settings(path=path, source="spring", **options), cursor, now=now))  # type: ignore[arg-type]


def ratings(path: Path, **options: object) -> list[Evidence]:
    return [evidence for batch in run(path, **options) for evidence in batch.evidence]  # type: ignore[arg-type]


def score(evidence: Evidence) -> str:
    return str(evidence.measures["score"])


def problems(path: Path, **options: object) -> tuple[Problem, ...]:
    with pytest.raises(BadInput) as caught:
        run(path, **options)  # type: ignore[arg-type]
    return caught.value.problems


def test_a_row_is_one_rating_with_its_rater_and_subject(tmp_path: Path) -> None:
    (found,) = ratings(written(tmp_path, [ROW]))
    assert found.kind == Kind.RATING
    parts = ("2026H1", "E1", "ada@example.org", "code-review", "gives-reasons")
    assert found.artefact == artefact_key("feedback360", "spring", *parts)
    assert found.occurred_at == datetime(2026, 6, 12, 8, tzinfo=UTC)
    assert found.retention == Retention.FEEDBACK
    assert found.excerpt == "Clear and kind."
    assert found.measures == {
        "competency": "code-review",
        "item": "gives-reasons",
        "score": 4.0,
        "scale_min": 1.0,
        "scale_max": 5.0,
        "scale": "1-5",
        "relationship": "peer",
        "cycle": "2026H1",
    }
    people = {participation.role: participation.identity for participation in found.participations}
    assert people == {
        ParticipationRole.RATER: Identity("email", "ada@example.org"),
        ParticipationRole.SUBJECT: Identity("hr", "E1"),
    }


@pytest.mark.parametrize("rating", ["", " ", "n/a", "N/A"])
def test_a_missing_rating_is_not_stored_and_counted(tmp_path: Path, rating: str) -> None:
    (batch,) = run(written(tmp_path, [{**ROW, "rating": rating}]))
    assert batch.evidence == ()
    assert batch.talk == {"missing_ratings": 1}


@pytest.mark.parametrize(
    ("change", "column", "words"),
    [
        ({"rating": "6"}, "rating", "outside the scale"),
        ({"rating": "0"}, "rating", "outside the scale"),
        ({"rating": "good"}, "rating", "not a rating"),
        ({"rating": "3,5"}, "rating", "not a rating"),
        ({"rating": "nan"}, "rating", "not a rating"),
        ({"rating": "=1+1"}, "rating", "not a rating"),
        ({"scale": "five"}, "scale", "unknown scale"),
        ({"scale": "5-1"}, "scale", "unknown scale"),
        ({"relationship": "boss"}, "relationship", "unknown relationship"),
        ({"subject_id": ""}, "subject_id", "empty"),
        ({"rater_id": "a\u202eb"}, "rater_id", "invisible"),
        ({"rater_id": "a@b@c"}, "rater_id", "not an e-mail"),
        ({"cycle": ""}, "cycle", "empty"),
        ({"competency_code": "x" * 201}, "competency_code", "no usable name"),
        ({"submitted_at": "2026-11-21"}, "submitted_at", "in the future"),
        ({"submitted_at": "12/06/2026"}, "submitted_at", "not a date"),
        ({"submitted_at": "1970-01-01"}, "submitted_at", "before 1990"),
        ({"submitted_at": "2026-02-30"}, "submitted_at", "not a date"),
        ({"rater_id": "E1"}, "relationship", "rater is the subject"),
        ({"relationship": "self"}, "rater_id", "another person"),
    ],
)
def test_a_mistake_names_file_row_column_and_remedy(
    tmp_path: Path, change: dict[str, str], column: str, words: str
) -> None:
    path = written(tmp_path, [ROW, {**ROW, "item_code": "other", **change}])
    (problem,) = problems(path)
    assert (problem.file, problem.row, problem.column) == (str(path), 3, column)
    assert words in problem.message
    assert problem.remedy


def test_all_mistakes_are_counted_and_the_first_hundred_listed(tmp_path: Path) -> None:
    path = written(tmp_path, [{**ROW, "item_code": str(number), "rating": "9"} for number in range(250)])
    with pytest.raises(BadInput, match="250 mistakes; the first 100 are listed") as caught:
        run(path)
    assert len(caught.value.problems) == 100


def test_nothing_is_yielded_of_a_file_with_a_mistake(tmp_path: Path) -> None:
    rows = [{**ROW, "item_code": str(number)} for number in range(6_000)]
    batches = collect(Settings(path=written(tmp_path, [*rows, {**ROW, "rating": "9"}]), source="s"), None, now=NOW)
    with pytest.raises(BadInput, match="row 6002"):
        next(batches)


def test_bad_rows_can_be_skipped_and_are_reported(tmp_path: Path) -> None:
    reported: list[Problem] = []
    path = written(tmp_path, [ROW, {**ROW, "rater_id": "", "item_code": "x"}])
    (batch,) = run(path, skip_bad_rows=True, report=reported.extend)
    assert len(batch.evidence) == 1
    assert batch.talk == {"bad_rows": 1}
    assert [problem.row for problem in reported] == [3]


def test_the_same_row_twice_counts_once_and_different_ones_are_refused(tmp_path: Path) -> None:
    (batch,) = run(written(tmp_path, [ROW, ROW]))
    assert len(batch.evidence) == 1
    assert batch.talk == {"duplicates": 1}
    path = written(tmp_path, [ROW, {**ROW, "rating": "2"}])
    (problem,) = problems(path)
    assert "row 2" in problem.message
    assert ratings(path, skip_bad_rows=True) == []


def shown(*batches: Batch) -> dict[str, object]:
    """What the ledger hands in the next time."""
    return {"keys": sorted(one.artefact for batch in batches for one in batch.evidence)}


def test_neither_keys_nor_cursors_tell_who_rated_whom(tmp_path: Path) -> None:
    (batch,) = run(written(tmp_path, [ROW]))
    (found,) = batch.evidence
    for told in (found.artefact, repr(batch.cursor)):
        assert "ada" not in told
        assert "E1" not in told


def test_a_corrected_rating_is_the_same_artefact(tmp_path: Path) -> None:
    (before,) = ratings(written(tmp_path, [ROW]))
    (after,) = ratings(written(tmp_path, [{**ROW, "rating": "3"}]))
    assert before.artefact == after.artefact
    assert before != after


def test_row_order_changes_nothing(tmp_path: Path) -> None:
    rows = [{**ROW, "item_code": str(number)} for number in range(20)]
    assert ratings(written(tmp_path, rows)) == ratings(written(tmp_path, rows[::-1]))


def test_large_files_come_in_batches(tmp_path: Path) -> None:
    path = written(tmp_path, [{**ROW, "item_code": str(number)} for number in range(5_001)])
    first, last = run(path)
    assert (len(first.evidence), len(last.evidence)) == (5_000, 1)
    assert first.cursor == last.cursor == {}


def test_rows_gone_from_a_later_file_are_counted_and_kept(tmp_path: Path) -> None:
    (before,) = run(written(tmp_path, [ROW, {**ROW, "item_code": "x"}]))
    (after,) = run(written(tmp_path, [ROW]), cursor=shown(before))
    assert after.lost == ()
    assert after.talk == {"not_in_this_file": 1}


def test_rows_gone_from_a_complete_file_are_lost(tmp_path: Path) -> None:
    (before,) = run(written(tmp_path, [ROW, {**ROW, "item_code": "x"}]))
    (after,) = run(written(tmp_path, [ROW]), cursor=shown(before), complete=True)
    parts = ("2026H1", "E1", "ada@example.org", "code-review", "x")
    assert after.lost == (artefact_key("feedback360", "spring", *parts),)


def test_a_complete_file_must_be_sound_and_not_empty(tmp_path: Path) -> None:
    bad = written(tmp_path, [ROW, {**ROW, "rater_id": "", "item_code": "x"}])
    assert problems(bad, complete=True, skip_bad_rows=True)
    assert "empty" in problems(written(tmp_path, []), complete=True)[0].message


def test_misspelt_missing_and_repeated_columns_are_refused(tmp_path: Path) -> None:
    columns = [*FIELDS, "commnet"]
    assert "did you mean comment?" in problems(written(tmp_path, [ROW], columns=columns))[0].remedy
    without = [column for column in FIELDS if column != "rating"]
    assert '"rating" is missing' in problems(written(tmp_path, [ROW], columns=without))[0].message
    path = tmp_path / "twice.csv"
    path.write_text(f"{HEADER},Rating\n{','.join(ROW.values())},3\n")
    assert "two columns" in problems(path)[0].message


def test_hostile_comments_become_inert_text(tmp_path: Path) -> None:
    comment = "=HYPERLINK(1)\x1b[2J\u202eevil\x00<script>" + "x" * 1000
    (found,) = ratings(written(tmp_path, [{**ROW, "comment": comment}]))
    assert found.excerpt is not None
    assert found.excerpt.startswith("=HYPERLINK(1)\\x1b[2J\\u202eevil\\x00<script>xxx")
    assert len(found.excerpt) == 280


def test_a_workbook_gives_the_same_evidence_as_a_csv_file(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    assert workbook.active is not None
    workbook.active.append(list(FIELDS))
    workbook.active.append([*list(ROW.values())[:6], 4, "1-5", ROW["comment"], datetime(2026, 6, 12, 8)])
    workbook.save(tmp_path / "form.xlsx")
    assert ratings(tmp_path / "form.xlsx") == ratings(written(tmp_path, [ROW]))


def test_a_formula_in_a_workbook_is_refused_where_it_is_read(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    assert workbook.active is not None
    workbook.active.append(list(FIELDS))
    workbook.active.append([*list(ROW.values())[:6], "=2+2", "1-5", "=A1", "2026-06-12"])
    workbook.save(tmp_path / "form.xlsx")
    found = problems(tmp_path / "form.xlsx")
    assert [problem.column for problem in found] == ["comment", "rating"]
    assert all("formula" in problem.message and "paste the values" in problem.remedy for problem in found)


def test_a_survey_with_two_header_rows_is_read_without_addresses(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_text(
        "Respondent ID,IP Address,Email Address,End Date,subject_id,relationship,Code review,,Collaboration\n"
        ",,,,,,Gives reasons,Answers soon,Shares what they know\n"
        "77,10.0.0.1,x@y.org,06/12/2026 10:00:00 AM,E1,My report,Agree,Strongly disagree,Don't know\n"
    )
    found = sorted(ratings(path, mapping="surveymonkey", constants={"cycle": "2026"}), key=score)
    assert [(e.measures["competency"], e.measures["item"], e.measures["score"]) for e in found] == [
        ("Code review", "Answers soon", 1.0),
        ("Code review", "Gives reasons", 4.0),
    ]
    assert "10.0.0.1" not in repr(found)
    assert "x@y.org" not in repr(found)
    assert found[0].participations[0].identity == Identity("surveymonkey", "77")


def test_a_wide_export_with_two_raters_per_row(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(
        "Template Name,Employee ID,Facilitator ID,Completed Date,"
        "Employee Code: Code quality,Facilitator Code: Code quality,Facilitator Comment: Code quality\n"
        "2026,E1,E9,06/12/2026,5,3,Tests are missing.\n"
    )
    found = sorted(ratings(path, mapping="quantum-workplace"), key=score)
    assert [(e.measures["relationship"], e.measures["score"], e.excerpt) for e in found] == [
        ("manager", 3.0, "Tests are missing."),
        ("self", 5.0, None),
    ]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "lattice",
            "Review cycle,Reviewee email,Reviewer email,Review type,Question,Rating,Comment,Submitted at\n"
            "Spring,a@x.org,b@x.org,Upward,Mentoring,4,Good,2026-06-12\n",
            ("report", "Mentoring", 4.0),
        ),
        (
            "culture-amp",
            "Survey Name,Subject Email,Reviewer Email,Reviewer Type,Response Date,Country,Craft: Writes tests\n"
            "Spring,a@x.org,b@x.org,Direct report,12/06/2026,NL,2\n",
            ("report", "Craft", 2.0),
        ),
    ],
)
def test_other_shipped_mappings(tmp_path: Path, name: str, text: str, expected: tuple[object, ...]) -> None:
    path = tmp_path / "export.csv"
    path.write_text(text)
    (found,) = ratings(path, mapping=name)
    assert tuple(found.measures[key] for key in ("relationship", "competency", "score")) == expected


def test_rated_skills_of_an_hr_system(tmp_path: Path) -> None:
    path = tmp_path / "skills.json"
    path.write_text(
        '{"d": {"results": [{"SkillProfile_externalCode": "E7", "externalCode": "R1", "skill": "MON",'
        ' "expectedLevel_defaultValue": "3", "managerRatedLevel_defaultValue": "2", "selfRatedLevel_defaultValue": "4",'
        ' "lastModifiedDateTime": "/Date(1781222400000+0000)/"}], "__next": "page2"}}'
    )
    own, managers = sorted(ratings(path, mapping="successfactors-ratings"), key=lambda e: str(e.measures["score"]))[
        ::-1
    ]
    assert (own.measures["relationship"], own.measures["score"]) == ("self", 4.0)
    assert managers.participations[0].identity == Identity("successfactors", "manager of E7")
    assert managers.occurred_at == datetime(2026, 6, 12, tzinfo=UTC)
    assert "one page of several" in problems(path, mapping="successfactors-ratings", complete=True)[0].message


def test_a_mapping_without_a_matching_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("Template Name,Employee ID,Facilitator ID,Completed Date\n2026,E1,E9,06/12/2026\n")
    assert "no column is called like" in problems(path, mapping="quantum-workplace")[0].message


def test_settings_are_frozen(tmp_path: Path) -> None:
    given_settings = Settings(path=tmp_path, source="s")
    with pytest.raises(AttributeError):
        given_settings.source = "t"  # type: ignore[misc]
    assert replace(given_settings, source="t").source == "t"
    assert feedback360.EXTRACTOR == "feedback360/1"


HOSTILE = st.text(alphabet=st.characters(min_codepoint=0, max_codepoint=0x10FFFF, exclude_categories=()), max_size=12)


@settings(max_examples=150)
@given(st.lists(st.fixed_dictionaries({name: HOSTILE | st.just(value) for name, value in ROW.items()}), max_size=3))
def test_any_table_is_refused_or_gives_text_without_control_characters(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]
) -> None:
    path = written(tmp_path_factory.mktemp("hostile"), rows)
    try:
        found = ratings(path)
    except BadInput as error:
        texts = [str(problem) for problem in error.problems]
    else:
        texts = [text for evidence in found for text in _texts(evidence)]
    assert not [text for text in texts if any(unicodedata.category(character) in ("Cc", "Cs") for character in text)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | HOSTILE,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(HOSTILE, inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=150)
@given(st.lists(st.fixed_dictionaries({name: JSON | st.just(value) for name, value in ROW.items()}), max_size=3))
def test_any_json_is_refused_or_gives_text_without_control_characters(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]
) -> None:
    path = tmp_path_factory.mktemp("hostile") / "form.json"
    path.write_text(json.dumps(rows))
    try:
        found = ratings(path)
    except BadInput as error:
        texts = [str(problem) for problem in error.problems]
    else:
        texts = [text for evidence in found for text in _texts(evidence)]
    assert not [text for text in texts if any(unicodedata.category(character) in ("Cc", "Cs") for character in text)]


def _texts(evidence: Evidence) -> list[str]:
    people = [participation.identity.key for participation in evidence.participations]
    measures = [value for value in evidence.measures.values() if isinstance(value, str)]
    return [evidence.artefact, evidence.excerpt or "", *people, *measures]


def test_a_vignette_is_rated_like_anybody_and_is_nobody(tmp_path: Path) -> None:
    (evidence,) = ratings(written(tmp_path, [ROW | {"subject_id": "vignette:v3", "relationship": "other"}]))
    subject = next(one.identity for one in evidence.participations if one.role is ParticipationRole.SUBJECT)
    assert subject == Identity("vignette", "v3", bot=True)
    assert evidence.measures["vignette"] == "v3"
    assert "vignette" not in ratings(written(tmp_path, [ROW]))[0].measures


def test_a_vignette_rates_nobody(tmp_path: Path) -> None:
    (problem,) = problems(written(tmp_path, [ROW | {"rater_id": "vignette:v3"}]))
    assert problem.column == "rater_id"
    assert "is a vignette, not a person" in problem.message
