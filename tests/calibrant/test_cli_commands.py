"""Every command, through the real command line, on a small ledger that the real commands made."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import rubrics
from calibrant.cli import app
from calibrant.sample import SampleDepartment, generate

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
NOW = "2026-09-28"
LIBRARY = Path(rubrics.__file__).parent / "library" / "aiml"


@dataclass(frozen=True)
class Said:
    """What a command left: exit status, stdout, stderr."""

    code: int
    out: str
    talk: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Said]


def calibrant(ledger: Path, *words: object, **environment: str) -> Said:
    variables = {"CALIBRANT_LEDGER": f"sqlite:///{ledger}", "CALIBRANT_NOW": NOW, **environment}
    done = CliRunner().invoke(app, [str(word) for word in words], env=variables)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Said(done.exit_code, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleDepartment:
    return generate(tmp_path_factory.mktemp("sample") / "files", seed=3, people=12, as_of=AS_OF)


@pytest.fixture(scope="module")
def made(sample: SampleDepartment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger as the ordinary commands make it."""
    ledger = tmp_path_factory.mktemp("ledger") / "calibrant.db"
    steps: list[list[object]] = [
        ["init"],
        ["people", "import", sample.roster, "--absences", sample.absences],
        ["collect", "git", *(one.path for one in sample.repositories)],
        ["collect", "feedback360", sample.feedback360, "--purpose", "self_check", "--purpose", "promotion"],
        ["collect", "scorecards", sample.scorecards_csv],
        ["collect", "table", sample.decisions, "--mapping", "decisions"],
        ["assess", "--as-of", "2026-06-30", "--purpose", "self_check", "--purpose", "promotion"],
        ["assess", "--as-of", "2026-06-30", "--purpose", "gap_analysis"],
    ]
    for step in steps:
        done = calibrant(ledger, *step)
        assert done.code == 0, (step, done)
    return ledger


@pytest.fixture
def run(made: Path) -> Run:
    """Runs a command that only reads the shared ledger."""
    return lambda *words, **environment: calibrant(made, *words, **environment)


@pytest.fixture
def change(made: Path, tmp_path: Path) -> Run:
    """Runs a command on a copy of the shared ledger, the same copy within a test."""
    copy = Path(shutil.copy(made, tmp_path / "copy.db"))
    return lambda *words, **environment: calibrant(copy, *words, **environment)


@pytest.fixture(scope="module")
def person(sample: SampleDepartment) -> str:
    with sample.feedback360.open(encoding="utf-8", newline="") as lines:
        subjects = [row["subject_id"] for row in csv.DictReader(lines) if "@" not in row["subject_id"]]
    return max(sorted(set(subjects)), key=subjects.count)


def test_init_may_be_repeated(change: Run) -> None:
    done = change("init")
    assert done.code == 0
    assert done.out.startswith("ledger ready: sqlite:///")


def test_init_never_prints_a_password() -> None:
    done = calibrant(Path("unused"), "init", "--ledger", "postgresql://me:opensesame@localhost:1/none")
    assert done.code == 1
    assert "opensesame" not in done.out + done.talk


def test_importing_and_collecting_again_adds_nothing(change: Run, sample: SampleDepartment) -> None:
    again = [
        change("people", "import", sample.roster, "--absences", sample.absences, "--json").json,
        *change("collect", "git", *(one.path for one in sample.repositories), "--json").json,
        *change("collect", "feedback360", sample.feedback360, "--json").json,
        *change("collect", "scorecards", sample.scorecards_csv, "--json").json,
        *change("collect", "table", sample.decisions, "--mapping", "decisions", "--json").json,
    ]
    assert [one["rows_added"] for one in again] == [0] * len(again)


def test_collecting_says_what_a_source_may_be_read_for(change: Run, tmp_path: Path, sample: SampleDepartment) -> None:
    shutil.copy(sample.feedback360, tmp_path / "more.csv")
    done = change("collect", "feedback360", tmp_path / "more.csv")
    assert done.code == 0
    assert "more may be read for self_check, development" in done.talk
    assert "more:" in done.out


def test_a_mistake_in_a_file_is_named_and_nothing_stored(change: Run, tmp_path: Path, sample: SampleDepartment) -> None:
    lines = sample.feedback360.read_text(encoding="utf-8").splitlines()
    bad = tmp_path / "bad.csv"
    bad.write_text("\n".join([*lines[:3], lines[3].replace(",1-5,", ",1-x,")]) + "\n", encoding="utf-8")
    done = change("collect", "feedback360", bad, "--json")
    assert done.code == 1
    assert "row 4" in done.json["problems"][0]
    held = {one["name"]: one["artefacts"] for one in change("sources", "list", "--json").json}
    assert held.get("bad", 0) == 0


def test_sources_are_granted_and_revoked(change: Run) -> None:
    assert change("sources", "revoke", "feedback360", "promotion").code == 0
    purposes = {one["name"]: one["purposes"] for one in change("sources", "list", "--json").json}
    assert purposes["feedback360"] == ["self_check"]
    assert change("sources", "grant", "feedback360", "promotion", "development").code == 0
    assert "self_check, development, promotion" in change("sources", "list").out


def test_no_report_shows_what_a_revoked_source_said(change: Run, person: str, tmp_path: Path) -> None:
    later = {"CALIBRANT_NOW": "2026-09-29"}
    assert change("sources", "revoke", "feedback360", "promotion", **later).code == 0
    report = ("report", "packet", person, "--role", "ml-engineer", "--job-level", "senior", "--out", tmp_path / "out")
    for words in (report, ("export", "assessments", "--purpose", "promotion")):
        refused = change(*words, **later)
        assert refused.code == 1
        assert "may no longer be read for promotion (feedback360)" in refused.talk
    assert not (tmp_path / "out").exists()
    assert change("assess", "--as-of", "2026-06-30", "--purpose", "promotion", **later).code == 0
    assert change("export", "assessments", "--purpose", "promotion", **later).code == 0


def test_people_are_listed(run: Run, sample: SampleDepartment) -> None:
    assert len(run("people", "list", "--json").json) == sample.people
    assert run("people", "list").out.splitlines()[0] == "People"


def test_an_identity_is_merged_and_split_by_the_beginning_of_its_id(change: Run, person: str) -> None:
    unresolved = change("identities", "list", "--unresolved", "--json").json
    chosen = unresolved[0]["identity"]
    assert chosen[:8] in change("identities", "list", "--unresolved").out
    assert change("identities", "merge", chosen[:12], person, "--reason", "their old laptop").code == 0
    mine = {one["identity"] for one in change("identities", "list", "--person", person, "--json").json}
    assert chosen in mine
    assert "no longer" in change("identities", "split", chosen, person).out
    assert "was not" in change("identities", "split", chosen, person).out
    assert change("identities", "list", "--unresolved", "--json").json == unresolved


def test_an_identity_merged_into_two_people_is_said_to_be_nobodys(change: Run, person: str) -> None:
    other = next(one["person"] for one in change("people", "list", "--json").json if one["person"] != person)
    chosen = change("identities", "list", "--unresolved", "--json").json[0]["identity"]
    assert change("identities", "merge", chosen, person, "--json").json["state"] == "linked"
    assert "nobody's" in change("identities", "merge", chosen, other).out
    assert change("identities", "list", "--unresolved", "--json").json[0]["person"] is None


def test_suggestions_are_reasoned_and_never_by_name_alone(run: Run) -> None:
    found = run("identities", "suggest", "--json").json
    assert all(len(one["because"]) >= 2 for one in found)
    assert run("identities", "suggest").code == 0


def test_what_is_split_is_not_suggested_again(change: Run) -> None:
    def offered() -> set[tuple[str, str]]:
        return {(one["identity"], one["person"]) for one in change("identities", "suggest", "--json").json}

    before = offered()
    chosen = min(before)
    assert change("identities", "merge", *chosen).code == 0
    assert change("identities", "split", *chosen).code == 0
    assert offered() == before - {chosen}


def test_suggestions_are_accepted_and_rejected_with_their_reasons_in_the_history(change: Run) -> None:
    first, second = change("identities", "suggest", "--json").json[:2]
    assert first["suggestion"][:8] in change("identities", "suggest").out
    assert change("identities", "accept", first["suggestion"][:8], "--reason", "asked").code == 0
    assert "is not" in change("identities", "reject", second["suggestion"]).out
    left = {one["suggestion"] for one in change("identities", "suggest", "--json").json}
    assert not left & {first["suggestion"], second["suggestion"]}
    (row,) = change("identities", "history", first["identity"], "--json").json
    assert (row["state"], row["whose"], row["basis"], row["score"]) == (
        "linked", first["person"], "accepted", first["score"],
    )  # fmt: skip
    assert row["reason"] == f"asked: {'; '.join(first['because'])}"
    assert first["person"] in change("identities", "history", first["identity"]).out
    refused = change("identities", "accept", first["suggestion"], "--json")
    assert (refused.code, refused.json["error"]) == (1, "no such suggestion")


def test_a_claim_is_a_sign_and_no_link(change: Run, person: str) -> None:
    chosen = change("identities", "list", "--unresolved", "--json").json[0]["identity"]
    assert change("identities", "claim", chosen, person).code == 0
    held = {one["identity"]: one for one in change("identities", "list", "--json").json}
    assert (held[chosen]["person"], held[chosen]["state"]) == (None, "suggested")
    theirs = next(one["identity"] for one in held.values() if one["person"] == person)
    assert "already somebody's" in change("identities", "claim", theirs, person).talk


def test_nobody_is_erased_whose_identity_is_also_anothers(change: Run, person: str) -> None:
    other = next(one["person"] for one in change("people", "list", "--json").json if one["person"] != person)
    chosen = change("identities", "list", "--person", other, "--json").json[0]["identity"]
    assert change("identities", "merge", chosen, person).code == 0
    refused = change("erase", person, "--reason", "request", "--yes")
    assert refused.code == 1
    assert chosen in refused.talk
    assert "identities split" in refused.talk


def test_an_unknown_identity_is_refused(run: Run, person: str) -> None:
    done = run("identities", "merge", "nobody@example.org", person, "--json")
    assert (done.code, done.json["error"]) == (1, "no such identity")


def test_the_standard_is_listed_and_shown(run: Run) -> None:
    book = rubrics.load("aiml")
    assert {one["code"] for one in run("rubric", "list", "--json").json} == {*book.skills, *book.roles}
    skill = run("rubric", "show", "ml-pipelines")
    assert "ml-pipelines.3.a" in skill.out
    assert max(map(len, skill.out.splitlines())) <= 80
    assert run("rubric", "show", "ml-pipelines", "--json").json["levels"][2]["level"] == 3
    role = run("rubric", "show", "data-scientist", "--json").json
    assert role["job_levels"]["lead"]["required"]["model-training"] == 4
    assert "(3)" in run("rubric", "show", "data-scientist").out
    assert run("rubric", "show", "alchemy").code == 1


def test_the_standard_is_validated_tested_and_compared(run: Run, tmp_path: Path) -> None:
    assert run("rubric", "validate", "--json").json == {"problems": []}
    tested = run("rubric", "test", "--json").json
    assert tested["fixtures"] > 100
    assert tested["not_observable"] == []
    assert "cannot be observed with git" in run("rubric", "test", "--with", "git").out
    ours = Path(shutil.copytree(LIBRARY, tmp_path / "ours"))
    page = ours / "skills" / "code-review.yaml"
    page.write_text(page.read_text(encoding="utf-8").replace("at_least: 4}", "at_least: 5}", 1), encoding="utf-8")
    [change] = run("rubric", "diff", "aiml", ours, "--json").json
    assert (change["subject"], change["before"], change["after"]) == ("threshold", 4, 5)
    assert "code-review" in run("rubric", "diff", "aiml", ours).out
    page.write_text("schema: calibrant/skill/1\ncode: code-review\ncolour: red\n", encoding="utf-8")
    broken = run("rubric", "validate", ours, "--json")
    assert broken.code == 1
    assert any("colour" in problem for problem in broken.json["problems"])


def test_assessing_prints_a_column_per_purpose_and_replays_to_the_byte(change: Run) -> None:
    done = change("assess", "--as-of", "2026-06-30", "--purpose", "promotion")
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 80
    told = change("assess", "--as-of", "2026-06-30", "--purpose", "promotion", "--json").json[0]
    assert sum(told["states"].values()) == told["people"] * len(rubrics.load("aiml").skills)
    replayed = change("assess", "--replay", told["run"][:8])
    assert replayed.out == "replayed: the same, byte for byte\n"


def test_reports_are_written_and_a_packet_verifies_offline(change: Run, person: str, tmp_path: Path) -> None:
    out = tmp_path / "reports"
    words = ("report", "packet", person, "--role", "ml-engineer", "--job-level", "senior", "--out", out)
    copy = change(*words, "--json").json
    assert [Path(one).suffix for one in copy["files"]] == [".html", ".json"]
    opened = change(*words, "--unseal", "--reason", "the committee has read the copy").out.split()
    packet = next(Path(one) for one in opened if one.endswith("senior.json"))
    assert change("audit", "verify", packet, "--json").json["head"]
    packet.write_text(packet.read_text(encoding="utf-8").replace("ml-engineer", "ml-magician", 1), encoding="utf-8")
    forged = change("audit", "verify", packet)
    assert forged.code == 1
    assert "does not verify" in forged.talk
    for report in (("self", person), ("gap", "--department", "Ours")):
        files = change("report", *report, "--out", out, "--json").json["files"]
        assert all(Path(one).stat().st_size > 0 for one in files)


def test_what_was_not_assessed_is_not_reported(tmp_path: Path) -> None:
    calibrant(tmp_path / "new.db", "init")
    done = calibrant(tmp_path / "new.db", "report", "gap", "--out", tmp_path)
    assert done.code == 1
    assert "calibrant assess" in done.talk


def test_a_dispute_is_opened_listed_and_resolved(change: Run, person: str, tmp_path: Path) -> None:
    change("report", "self", person, "--out", tmp_path)
    report = json.loads((tmp_path / f"self-{person}.json").read_text(encoding="utf-8"))
    cited = [item["evidence"] for skill in report["skills"] for item in skill["supporting"]]
    opened = change("dispute", person, cited[0][:16], "--reason", "a colleague wrote this", "--json").json
    assert opened["state"] == "open"
    assert [one["target"] for one in change("disputes", "--json").json] == [cited[0]]
    assert "a colleague wrote this" in change("disputes").out
    closed = change("dispute", person, opened["dispute"][:8], "--reason", "so it was", "--resolve", "upheld", "--json")
    assert closed.json["state"] == "upheld"
    assert change("dispute", person, "no-such-thing", "--reason", "x").code == 1


def test_a_reply_is_recorded(change: Run, person: str) -> None:
    assert change("reply", person, "I led the migration", "--json").json == {"person": person, "recorded": True}


def test_erasing_asks_first_then_tells_what_it_changes(change: Run, person: str) -> None:
    refused = change("erase", person, "--reason", "on request")
    assert (refused.code, "--yes" in refused.talk) == (1, True)
    told = change("erase", person, "--reason", "on request", "--yes", "--json").json
    assert told["evidence"] > 0
    assert told["affected_runs"]
    assert all({"before", "after"} <= change.keys() for change in told["changes"])
    assert change("audit", "verify", "--json").json["erased"] > 0
    again = change("erase", person, "--reason", "on request", "--yes")
    assert (again.code, "knows no person" in again.talk) == (1, True)


def test_retention_destroys_what_is_over_age(change: Run) -> None:
    nothing = change("retention", "run", "--json").json
    assert sum(nothing["evidence"].values()) == 0
    done = change("retention", "run", CALIBRANT_NOW="2027-09-28", CALIBRANT_RETENTION_FEEDBACK_DAYS="30")
    assert done.code == 0
    assert "activity: 0 evidence rows destroyed" in done.out
    assert "feedback: 0 " not in done.out
    assert "run `calibrant assess` to store it" in done.out


def test_exports_are_lines_of_json_and_no_ranking(run: Run) -> None:
    evidence = [json.loads(line) for line in run("export", "evidence").out.splitlines()]
    assert [one["artefact"] for one in evidence] == sorted(one["artefact"] for one in evidence)
    told = run("export", "assessments", "--purpose", "promotion", "--json").out.splitlines()
    order = [(one["person"], one["skill"]) for one in map(json.loads, told)]
    assert order == sorted(order)
    assert run("export", "assessments", "--purpose", "development").code == 1


def test_the_ledger_verifies_up_to_a_head_that_was_printed(run: Run) -> None:
    told = run("audit", "verify", "--json").json
    assert (told["events"] > 5, told["erased"]) == (True, 0)
    assert run("audit", "verify").out.endswith(f"head {told['head']}\n")
    assert run("audit", "verify", "--head", told["head"]).code == 0
    assert run("audit", "verify", "--head", "f" * 64).code == 1


@pytest.mark.long
def test_the_demo_with_json_prints_one_document_and_leaves_reports_and_a_sound_ledger(tmp_path: Path) -> None:
    out = tmp_path / "department"
    done = calibrant(tmp_path / "unused.db", "demo", "--out", out, "--json")
    assert done.code == 0
    kinds = {Path(one).stem.partition("-")[0] for one in done.json["reports"]}
    assert kinds == {"packet", "self", "gap"}
    assert "$ calibrant assess" in done.talk
    assert calibrant(out / "calibrant.db", "audit", "verify").code == 0
    assert not (tmp_path / "unused.db").exists()
