"""Collecting by the command line: which source a clone belongs to."""

import json
from pathlib import Path

from typer.testing import CliRunner

from calibrant.cli import app
from tests.collectors.git_repository import Repository


def test_two_histories_whose_folders_have_one_name_do_not_withdraw_each_other(tmp_path: Path) -> None:
    clones = [tmp_path / team / "service.git" for team in ("red", "blue")]
    for clone in clones:
        clone.parent.mkdir()
        repository = Repository(clone)
        repository.commit({f"{clone.parent.name}.py": "one\n"}, clone.parent.name)
        repository.write()

    def calibrant(*words: object) -> tuple[int, str]:
        ledger = {"CALIBRANT_LEDGER": f"sqlite:///{tmp_path / 'calibrant.db'}"}
        done = CliRunner().invoke(app, [str(word) for word in words], env=ledger)
        return done.exit_code, done.stdout + done.stderr

    assert calibrant("init")[0] == 0
    assert calibrant("collect", "git", clones[0])[0] == 0
    code, said = calibrant("collect", "git", clones[1])
    assert (code, "another history" in said, "--name" in said) == (1, True, True)
    assert calibrant("collect", "git", clones[1], "--name", "service-blue")[0] == 0
    assert len(calibrant("export", "evidence")[1].splitlines()) == 2


def test_after_an_erasure_nothing_in_the_ledger_confirms_who_rated_whom(tmp_path: Path) -> None:
    roster, feedback, database = (tmp_path / name for name in ("roster.csv", "feedback.csv", "calibrant.db"))
    roster.write_text(
        "person_id,name,emails,github_id,gitlab_id,team,role,job_level,hired_on,left_on,fte\n"
        "E1,Ada,,,,,,,2024-01-01,,\nE2,Bo,,,,,,,2024-01-01,,\n"
    )
    columns = "cycle,subject_id,rater_id,relationship,competency_code,item_code,rating,scale,comment,submitted_at"
    feedback.write_text(f"{columns}\n2026,E1,E2,peer,code-review,,4,1-5,good,2026-03-01\n")

    def calibrant(*words: object) -> str:
        ledger = {"CALIBRANT_LEDGER": f"sqlite:///{database}", "CALIBRANT_NOW": "2026-06-01"}
        done = CliRunner().invoke(app, [str(word) for word in words], env=ledger)
        assert done.exit_code == 0, done.stderr
        return done.stdout

    calibrant("init")
    calibrant("people", "import", roster)
    calibrant("collect", "feedback360", feedback)
    key = str(json.loads(calibrant("export", "evidence"))["artefact"])
    calibrant("collect", "feedback360", feedback)
    calibrant("erase", "E1", "--reason", "asked for", "--yes")
    digest = key.rpartition("/")[2].encode()
    assert digest not in b"".join(path.read_bytes() for path in tmp_path.glob("calibrant.db*"))
    assert calibrant("collect", "feedback360", feedback).count("0 rows added") == 1


def test_ids_that_no_roster_holds_are_counted_and_named_and_each_purpose_names_its_model(tmp_path: Path) -> None:
    roster, feedback, database = (tmp_path / name for name in ("roster.csv", "feedback.csv", "calibrant.db"))
    roster.write_text(
        "person_id,name,emails,github_id,gitlab_id,team,role,job_level,hired_on,left_on,fte\n"
        "E1,Ada,,,,,,,2024-01-01,,\nE2,Bo,bo@example.org,,,,,,2024-01-01,,\n"
    )
    columns = "cycle,subject_id,rater_id,relationship,competency_code,item_code,rating,scale,comment,submitted_at"
    subjects = ["E1", "vignette:V1", "vic@example.org", *(f"X{n}" for n in range(1, 7))]
    rows = [f"2026,{subject},bo@example.org,peer,code-review,,4,1-5,good,2026-03-01" for subject in subjects]
    feedback.write_text("\n".join([columns, *rows]) + "\n")
    ledger = {"CALIBRANT_LEDGER": f"sqlite:///{database}", "CALIBRANT_NOW": "2026-06-01"}

    def calibrant(*words: object) -> tuple[str, str]:
        done = CliRunner().invoke(app, [str(word) for word in words], env=ledger)
        assert done.exit_code == 0, done.stderr
        return done.stdout, done.stderr

    calibrant("init")
    calibrant("people", "import", roster)
    told = calibrant("collect", "feedback360", feedback)[1]
    assert "7 ids are in no roster (X1, X2, X3, X4, X5 and 2 more)" in told
    assert "V1" not in told
    (one,) = json.loads(calibrant("collect", "feedback360", feedback, "--json")[0])
    assert one["in_no_roster"] == ["X1", "X2", "X3", "X4", "X5", "X6", "vic@example.org"]
    feedback.write_text("\n".join([columns, rows[0]]) + "\n")
    assert "roster" not in calibrant("collect", "feedback360", feedback)[1]
    table, talk = calibrant("assess", "--purpose", "development", "--purpose", "self_check")
    (row,) = [line for line in table.splitlines() if line.startswith("model")]
    assert row.split() == ["model", "facets/2", "facets/2"]
    assert talk.count("model of every purpose: facets/2 (model-based") == 1
