"""Scorecards: the rater is who interviewed; candidates become employees only where a file says so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.batches import artefact_key
from collectors.scorecards import FIELDS, Settings, collect, read_subjects
from db.errors import BadInput, Problem
from db.records import Batch, Evidence, Identity, Kind, ParticipationRole, Retention

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ROW = {
    "interview_id": "I1",
    "subject_id": "E1",
    "interviewer_id": "E2",
    "submitted_by": "E3",
    "competency_code": "model-serving",
    "rating": "3",
    "scale": "1-4",
    "note": "<p>Knows <b>latency</b></p>",
    "interviewed_at": "2026-03-01",
    "submitted_at": "2026-03-02",
}


def form(folder: Path, *rows: dict[str, str]) -> Path:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [",".join(columns), *(",".join(f'"{row.get(column, "")}"' for column in columns) for row in rows)]
    path = folder / "form.csv"
    path.write_text("\n".join(lines))
    return path


def saved(folder: Path, content: object, name: str = "export.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(content))
    return path


def run(path: Path, **options: Any) -> Batch:
    (batch,) = collect(Settings(path=path, source="ats", **options), None, now=NOW)
    return batch


def problems(path: Path, **options: Any) -> tuple[Problem, ...]:
    with pytest.raises(BadInput) as caught:
        run(path, **options)
    return caught.value.problems


def people(evidence: Evidence) -> dict[ParticipationRole, Identity]:
    return {participation.role: participation.identity for participation in evidence.participations}


def competency(evidence: Evidence) -> str:
    return str(evidence.measures["competency"])


def test_the_interviewer_rates_and_the_submitter_only_submits(tmp_path: Path) -> None:
    (found,) = run(form(tmp_path, ROW)).evidence
    assert found.kind == Kind.SCORECARD_RATING
    assert found.retention == Retention.INTERVIEW
    assert found.artefact == artefact_key("scorecards", "ats", "I1", "E1", "E2", "model-serving")
    assert people(found) == {
        ParticipationRole.RATER: Identity("hr", "E2"),
        ParticipationRole.SUBJECT: Identity("hr", "E1"),
        ParticipationRole.SUBMITTER: Identity("hr", "E3"),
    }
    assert found.excerpt == "Knows latency"
    assert found.measures == {
        "competency": "model-serving",
        "score": 3.0,
        "scale_min": 1.0,
        "scale_max": 4.0,
        "scale": "1-4",
        "interview": "I1",
        "overall": False,
    }


@pytest.mark.parametrize(
    ("change", "column", "words"),
    [
        ({"interviewer_id": "E1"}, "interviewer_id", "is the subject"),
        ({"subject_id": ""}, "subject_id", "empty"),
        ({"candidate_id": "C1"}, "subject_id", "both a candidate and an employee"),
        ({"overall": "perhaps"}, "overall", "neither true nor false"),
        ({"interviewed_at": "2027-01-01"}, "interviewed_at", "in the future"),
        ({"rating": "5"}, "rating", "outside the scale"),
    ],
)
def test_a_mistake_names_its_place(tmp_path: Path, change: dict[str, str], column: str, words: str) -> None:
    (problem,) = problems(form(tmp_path, {**ROW, **change}))
    assert (problem.row, problem.column) == (2, column)
    assert words in problem.message


def test_candidates_need_a_file_that_says_who_they_became(tmp_path: Path) -> None:
    row = {**ROW, "candidate_id": "C1"}
    del row["subject_id"]
    path = form(tmp_path, row, {**row, "candidate_id": "C2", "rating": "nonsense"}, {**row, "candidate_id": "C2"})
    assert "which employees they became" in problems(path)[0].message
    batch = run(path, subjects=saved(tmp_path, {"C1": "E1"}, "subjects.json"))
    assert [people(e)[ParticipationRole.SUBJECT] for e in batch.evidence] == [Identity("hr", "E1")]
    assert batch.talk == {"unmapped_candidates": 1}
    assert "C2" not in repr(batch)


def test_a_subjects_file_is_a_table_or_an_object(tmp_path: Path) -> None:
    path = tmp_path / "subjects.csv"
    path.write_text("candidate_id,person_id\n17,E1\n18,ada@example.org\n")
    assert read_subjects(path) == {"17": Identity("hr", "E1"), "18": Identity("email", "ada@example.org")}
    assert read_subjects(saved(tmp_path, [{"candidate_id": 17, "person_id": "E1"}])) == {"17": Identity("hr", "E1")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("candidate_id,person_id\n1,E1\n1,E2\n", "another person"),
        ("candidate_id,person_id\n1,\n", "no person"),
        ("candidate,person\n1,E1\n", "needs the columns"),
        ("candidate_id,person_id\n1,a@b@c\n", "not an e-mail"),
    ],
)
def test_a_subjects_file_must_be_clear(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "subjects.csv"
    path.write_text(text)
    with pytest.raises(BadInput, match=words):
        read_subjects(path)


GREENHOUSE = {
    "id": 9,
    "candidate_id": 71,
    "application_id": 81,
    "interviewed_at": "2026-02-01T10:00:00.000Z",
    "submitted_at": "2026-02-01T12:00:00Z",
    "submitted_by": {"id": 5, "name": "Typist", "employee_id": "E5"},
    "interviewer": {"id": 6, "name": "Asker", "employee_id": None},
    "overall_recommendation": "no_decision",
    "attributes": [
        {"name": "Model monitoring", "type": "Skills", "note": "<p>Alerts &amp; drift</p>", "rating": "mixed"},
        {"name": "Humour", "type": "Skills", "note": None, "rating": "no_decision"},
    ],
    "questions": [{"id": 1, "question": "Private notes", "answer": "do not read this"}],
}


@pytest.mark.parametrize("wrapped", [GREENHOUSE, [GREENHOUSE], {"data": [GREENHOUSE]}])
def test_greenhouse_scorecards_in_any_wrapping(tmp_path: Path, wrapped: object) -> None:
    batch = run(saved(tmp_path, wrapped), mapping="greenhouse", subjects=saved(tmp_path, {"71": "E1"}, "subjects.json"))
    (found,) = batch.evidence
    assert (found.measures["competency"], found.measures["score"]) == ("Model monitoring", 3.0)
    assert found.measures["scale"] == "greenhouse-attribute"
    assert found.excerpt == "Alerts & drift"
    assert people(found)[ParticipationRole.RATER] == Identity("greenhouse", "6")
    assert people(found)[ParticipationRole.SUBMITTER] == Identity("hr", "E5")
    assert batch.talk == {"missing_ratings": 2}
    assert "do not read this" not in repr(batch)


def test_the_overall_recommendation_has_a_scale_without_a_middle(tmp_path: Path) -> None:
    record = {**GREENHOUSE, "overall_recommendation": "yes", "attributes": []}
    batch = run(saved(tmp_path, record), mapping="greenhouse", subjects=saved(tmp_path, {"71": "E1"}, "subjects.json"))
    (found,) = batch.evidence
    assert found.measures["overall"] is True
    assert (found.measures["score"], found.measures["scale_max"]) == (3.0, 4.0)


def lever(**changes: object) -> dict[str, object]:
    return {
        "id": "f1",
        "interview": "i1",
        "user": "u1",
        "opportunityId": "o1",
        "createdAt": 1772000000000,
        "completedAt": 1772003600000,
        "deletedAt": None,
        "fields": [
            {"type": "score-system", "text": "Rating", "value": "3 - Hire"},
            {
                "type": "scorecard",
                "text": "Skills",
                "scores": [{"text": "Model serving"}, {"text": "Containers"}],
                "value": [{"score": "4", "comment": "deep"}, {"score": None, "comment": None}],
            },
            {"type": "textarea", "text": "Notes", "value": "<script>alert(1)</script>"},
            {"type": "scorecard", "text": "Unanswered", "scores": [{"text": "x"}], "value": None},
        ],
        **changes,
    }


def test_lever_feedback_pairs_scores_with_values(tmp_path: Path) -> None:
    path = saved(tmp_path, {"data": [lever()], "hasNext": False})
    batch = run(path, mapping="lever", subjects=saved(tmp_path, {"o1": "E1"}, "subjects.json"))
    assert [
        (e.measures["competency"], e.measures["score"], e.measures["overall"])
        for e in sorted(batch.evidence, key=competency)
    ] == [
        ("Model serving", 4.0, False),
        ("overall", 3.0, True),
    ]
    assert people(batch.evidence[0])[ParticipationRole.RATER] == Identity("lever", "u1")
    assert batch.talk == {"missing_ratings": 1}


def test_lever_feedback_that_was_deleted_or_not_finished_is_left_out_and_counted(tmp_path: Path) -> None:
    forms = [lever(id="f2", deletedAt=1772003600001), lever(id="f3", completedAt=None)]
    path = saved(tmp_path, {"data": forms, "hasNext": False})
    batch = run(path, mapping="lever", subjects=saved(tmp_path, {"o1": "E1"}, "subjects.json"))
    assert batch.evidence == ()
    assert batch.talk == {"deleted_feedback": 1, "incomplete_feedback": 1}


def test_lever_feedback_without_its_opportunity_takes_it_from_the_settings(tmp_path: Path) -> None:
    path = saved(tmp_path, {"data": [lever(opportunityId=None)], "hasNext": True})
    subjects = saved(tmp_path, {"o9": "E1"}, "subjects.json")
    batch = run(path, mapping="lever", subjects=subjects, constants={"candidate_id": "o9"})
    assert len(batch.evidence) == 2
    found = problems(path, mapping="lever", subjects=subjects, constants={"candidate_id": "o9"}, complete=True)
    assert "one page of several" in found[0].message


def test_lists_that_do_not_pair_are_refused(tmp_path: Path) -> None:
    field = {"type": "scorecard", "text": "S", "scores": [{"text": "a"}, {"text": "b"}], "value": [{"score": "4"}]}
    path = saved(tmp_path, {"data": [lever(fields=[field])]})
    found = problems(path, mapping="lever", subjects=saved(tmp_path, {"o1": "E1"}, "subjects.json"))
    assert "different lengths" in found[0].message


ASHBY = {
    "success": True,
    "moreDataAvailable": False,
    "results": [
        {
            "id": "r1",
            "applicationId": "a1",
            "interviewEventId": "v1",
            "submittedAt": "2026-06-12T00:00:00.000Z",
            "submittedByUser": {"id": "u1", "email": "Ada@example.com"},
            "formDefinition": {
                "sections": [
                    {
                        "fields": [
                            {"field": {"type": "ValueSelect", "path": "overall_recommendation", "title": "Overall"}},
                            {"field": {"type": "Score", "path": "m.e", "title": "Model evaluation"}},
                            {"field": {"type": "Score", "path": "unanswered", "title": "Not asked"}},
                        ]
                    }
                ]
            },
            "submittedValues": {
                "overall_recommendation": "4",
                "m.e": {"score": 3, "comments": {"type": "PlainText", "value": "=cmd|' /C calc'!A0"}},
            },
        }
    ],
}


def test_ashby_feedback_looks_values_up_by_path(tmp_path: Path) -> None:
    batch = run(saved(tmp_path, ASHBY), mapping="ashby", subjects=saved(tmp_path, {"a1": "E1"}, "subjects.json"))
    found = sorted(batch.evidence, key=competency)
    assert [(e.measures["competency"], e.measures["score"], e.excerpt) for e in found] == [
        ("Model evaluation", 3.0, "=cmd|' /C calc'!A0"),
        ("overall", 4.0, None),
    ]
    assert people(found[0])[ParticipationRole.RATER] == Identity("email", "ada@example.com")
    assert batch.talk == {"missing_ratings": 1}


def test_an_error_report_of_the_api_is_no_export(tmp_path: Path) -> None:
    path = saved(tmp_path, {"success": False, "errors": ["no permission"], "results": []})
    found = problems(path, mapping="ashby", subjects=saved(tmp_path, {"a1": "E1"}, "subjects.json"))
    assert "success is false" in found[0].message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"other": 1}, "no list"),
        ({"results": [7]}, "not an object"),
        ({"results": [{"formDefinition": {"sections": 3}, "submittedAt": "2026-06-12"}]}, "not a list"),
    ],
)
def test_json_of_another_shape_is_refused(tmp_path: Path, content: object, words: str) -> None:
    path = tmp_path / "own.yaml"
    text = (Path(__file__).parents[2] / "collectors" / "mappings" / "ashby.yaml").read_text()
    path.write_text(text.replace('records: [results, ""]', "records: [results]"))
    found = problems(saved(tmp_path, content), mapping=path, subjects=saved(tmp_path, {"a1": "E1"}, "subjects.json"))
    assert words in found[0].message


def test_a_json_mapping_wants_json(tmp_path: Path) -> None:
    assert "not JSON" in problems(form(tmp_path, ROW), mapping="ashby")[0].message


def test_every_canonical_column_may_be_given(tmp_path: Path) -> None:
    row = dict.fromkeys(FIELDS, "") | ROW | {"overall": "yes"}
    assert run(form(tmp_path, row)).evidence[0].measures["overall"] is True
