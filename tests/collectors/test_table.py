"""Any other signal by mapping: decisions, learning, incidents, and a mapping of one's own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.batches import artefact_key
from collectors.table import Settings, collect
from db.errors import BadInput, Problem
from db.records import Batch, Identity, Kind, Participation, ParticipationRole, Retention

NOW = datetime(2026, 11, 20, tzinfo=UTC)
DECISIONS = "person_id,skill,level,outcome,role,job_level,panel,decided_on,saw_estimate,reason\n"


def run(folder: Path, text: str, mapping: str | Path | None = "decisions", **options: Any) -> Batch:
    path = folder / "table.csv"
    path.write_text(text)
    (batch,) = collect(Settings(path=path, source="hr", mapping=mapping, **options), None, now=NOW)
    return batch


def problems(folder: Path, text: str, mapping: str | Path | None = "decisions", **options: Any) -> tuple[Problem, ...]:
    with pytest.raises(BadInput) as caught:
        run(folder, text, mapping, **options)
    return caught.value.problems


def test_a_past_decision_is_a_rating_by_its_panel(tmp_path: Path) -> None:
    text = DECISIONS + "E1,model-serving,4,confirmed,mlops-engineer,senior,Spring panel,2026-04-01,,Two services.\n"
    (found,) = run(tmp_path, text).evidence
    assert found.kind == Kind.DECISION
    assert found.retention == Retention.DECISION
    parts = ("E1", "Spring panel", "2026-04-01", "model-serving", "mlops-engineer", "senior")
    assert found.artefact == artefact_key("table", "hr", *parts)
    assert found.occurred_at == datetime(2026, 4, 1, tzinfo=UTC)
    assert found.measures == {
        "skill": "model-serving",
        "level": 4,
        "scale_min": 1,
        "scale_max": 5,
        "outcome": "confirmed",
        "role": "mlops-engineer",
        "job_level": "senior",
        "saw_estimate": False,
    }
    assert found.participations == (
        Participation(Identity("hr", "E1"), ParticipationRole.SUBJECT),
        Participation(Identity("panel", "Spring panel"), ParticipationRole.RATER),
    )
    assert found.excerpt == "Two services."


def test_a_decision_on_a_case_has_no_skill_and_no_level(tmp_path: Path) -> None:
    (found,) = run(tmp_path, DECISIONS + "E1,,,promoted,mlops-engineer,lead,Panel,2026-04-01,yes,\n").evidence
    assert (found.measures["skill"], found.measures["level"], found.measures["saw_estimate"]) == (None, None, True)


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("E1,s,6,,,,P,2026-04-01,,", "level", "outside 1 to 5"),
        ("E1,s,3.5,,,,P,2026-04-01,,", "level", "not a whole number"),
        ("E1,s,three,,,,P,2026-04-01,,", "level", "not a number"),
        ("E1,s,3,,,,,2026-04-01,,", "panel", "empty"),
        (",s,3,,,,P,2026-04-01,,", "person_id", "empty"),
        ("E1,s,3,,,,P,2026-12-01,,", "decided_on", "in the future"),
        ("E1,s,3,,,,P,2026-04-01,maybe,", "saw_estimate", "neither true nor false"),
    ],
)
def test_a_mistake_names_its_place(tmp_path: Path, row: str, column: str, words: str) -> None:
    (problem,) = problems(tmp_path, DECISIONS + row + "\n")
    assert (problem.row, problem.column) == (2, column)
    assert words in problem.message


@pytest.mark.parametrize("score", ["1" + "0" * 400, "1e5", "true", '"1_000"', '"inf"', "[1]"])
def test_numbers_are_plain_and_finite(tmp_path: Path, score: str) -> None:
    path = tmp_path / "courses.json"
    path.write_text(f'[{{"person_id": "E1", "course": "c", "completed_on": "2026-04-01", "score": {score}}}]')
    settings = Settings(path=path, source="lms", mapping="learning")
    if score == "1e5":
        (batch,) = collect(settings, None, now=NOW)
        assert batch.evidence[0].measures["score"] == 100_000
        return
    with pytest.raises(BadInput, match="is not a number"):
        list(collect(settings, None, now=NOW))


def test_courses_are_learning(tmp_path: Path) -> None:
    (found,) = run(
        tmp_path, "person_id,course,completed_on,score\nE1,Kubernetes basics,2026-04-01,0.8\n", "learning"
    ).evidence
    assert found.kind == Kind.LEARNING
    assert found.measures == {"course": "Kubernetes basics", "provider": None, "completed": True, "score": 0.8}
    assert found.retention == Retention.ACTIVITY


def test_incidents_keep_title_severity_role_and_address(tmp_path: Path) -> None:
    text = (
        "incident_id,person_id,role,title,severity,opened_at,url\n"
        "7,E1,commander,<b>Model</b> drift,sev2,2026-04-01T10:00:00Z,https://example.org/i/7\n"
    )
    (found,) = run(tmp_path, text, "incidents").evidence
    assert found.kind == Kind.INCIDENT
    assert (found.excerpt, found.url) == ("Model drift", "https://example.org/i/7")
    assert found.measures == {"incident": "7", "severity": "sev2", "role": "commander"}


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "https://user:pw@example.org/", "https://example.org/<script>", "ftp://x", "http://a b"],
)
def test_only_plain_web_addresses_are_kept(tmp_path: Path, url: str) -> None:
    text = f"incident_id,person_id,role,title,severity,resolved_at,url\n7,E1,r,t,s,2026-04-01,{url}\n"
    (problem,) = problems(tmp_path, text, "incidents")
    assert "plain http" in problem.message


def test_a_table_needs_a_mapping(tmp_path: Path) -> None:
    assert "decisions" in problems(tmp_path, DECISIONS, None)[0].remedy


OWN = """\
schema: calibrant/mapping/1
name: reviews
description: Reviews of another tool.
collector: table
kind: review
key: [id]
occurred_at: at
columns: {id: Number, at: Closed, who: Reviewers, words: Length}
participants:
  reviewer: {field: who, split: ";", provider: gerrit}
measures:
  body_length: {field: words, type: integer, minimum: 0}
  closed_on: {field: at, type: day}
date_formats: ["%d.%m.%Y"]
utc_offset: "+02:00"
"""


def test_a_mapping_of_ones_own_with_several_people_in_a_cell(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    (found,) = run(tmp_path, "Number;Closed;Reviewers;Length;Secret\n5;01.04.2026;ada;120;x\n", path).evidence
    assert found.kind == Kind.REVIEW
    assert found.occurred_at == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert found.measures == {"body_length": 120, "closed_on": "2026-04-01"}
    assert "Secret" not in repr(found)
    assert "'x'" not in repr(found)
    (both,) = run(tmp_path, "Number\tClosed\tReviewers\tLength\n5\t01.04.2026\tada; bob\t120\n", path).evidence
    assert [participation.identity for participation in both.participations] == [
        Identity("gerrit", "ada"),
        Identity("gerrit", "bob"),
    ]


def test_a_decision_has_one_rater_so_that_chance_does_not_choose_among_several(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN.replace("kind: review", "kind: decision").replace("  reviewer:", "  rater:"))
    (problem,) = problems(tmp_path, "Number;Closed;Reviewers;Length\n5;01.04.2026;ada;120\n", path)
    assert "a decision has one rater" in problem.message


def test_a_row_that_nothing_identifies_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    (problem,) = problems(tmp_path, "Number;Closed;Reviewers;Length\n;01.04.2026;ada;120\n", path)
    assert "nothing identifies" in problem.message
