"""Every command, used wrongly: exit 1 or 2, a line that helps, and never a traceback."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from calibrant.cli import app
from calibrant.cli.reference import walk
from db.ledger import Ledger
from db.records import Purpose
from tests.collectors.git_repository import Repository
from tests.conftest import Clock, repeatable_entropy

NOW = "2026-06-30T00:00:00+00:00"
ROSTER = (
    "person_id,name,emails,team,role,job_level,hired_on\np1,Ada,ada@example.org,core,ml-engineer,middle,2020-01-01\n"
)

Run = Callable[..., Result]


def _calibrant(ledger: Path, *words: object) -> Result:
    given = {"CALIBRANT_LEDGER": f"sqlite:///{ledger}", "CALIBRANT_NOW": NOW}
    done = CliRunner().invoke(app, [str(word) for word in words], env=given)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a roster, a clone, an empty folder, a file that holds nothing but brackets."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
    (tmp_path / "empty").mkdir()
    (tmp_path / "deep.json").write_text("[" * 100_000, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(folder: Path, blank_sqlite: Path) -> Run:
    """A command on a ledger with one person and no run."""
    shutil.copy(blank_sqlite, folder / "ledger.db")
    done = _calibrant(folder / "ledger.db", "people", "import", "roster.csv")
    assert done.exit_code == 0, done.stderr
    return lambda *words: _calibrant(folder / "ledger.db", *words)


WRONG = [
    ("init --ledger sqlite:///empty", 1, "unable to open database file"),
    ("init --ledger sqlite:///roster.csv", 1, "file is not a database"),
    ("init --ledger sqlite:///roster.csv/under.db", 1, "roster.csv"),
    ("init --ledger mysql://host/name", 1, "expected sqlite:///FILE or postgresql://"),
    ("people import empty", 2, "is a directory"),
    ("people import nowhere.csv", 2, "does not exist"),
    ("people import roster.csv --absences roster.csv", 1, "absent_from"),
    ("collect git empty", 1, "no git repository"),
    ("collect git nowhere", 2, "does not exist"),
    ("collect git roster.csv", 2, "is a file"),
    ("collect feedback360 roster.csv", 1, 'no column "person_id"'),
    ("collect feedback360 roster.csv --mapping nowhere", 1, "no shipped mapping"),
    ("collect feedback360 roster.csv --encoding nonsense", 1, "unknown encoding"),
    ("collect feedback360 roster.csv --purpose fun", 2, "promotion"),
    ("collect scorecards roster.csv --set nonsense", 1, "FIELD=VALUE"),
    ("collect table roster.csv", 2, "--mapping"),
    ("collect table roster.csv --mapping greenhouse", 1, "collect scorecards"),
    ("sources grant nobody promotion", 1, "no such source"),
    ("sources revoke nobody promotion", 1, "no such source"),
    ("sources grant nobody fun", 2, "self_check"),
    ("identities list --person p9", 1, "no person 'p9'"),
    ("identities merge nobody p1", 1, "no such identity"),
    ("identities split nobody p1", 1, "no such identity"),
    ("rubric list nowhere", 1, "no standard here"),
    ("rubric show nothing", 1, "no such skill or role"),
    ("rubric validate empty", 1, "standard.yaml is missing"),
    ("rubric test empty", 1, "standard.yaml is missing"),
    ("rubric diff aiml nowhere", 1, "no standard here"),
    ("assess --as-of yesterday", 2, "--as-of"),
    ("assess --as-of 9999-12-31", 2, "1900 to 2200"),
    ("assess --known-at 0001-01-01", 2, "1900 to 2200"),
    ("assess --as-of 2199-12-31", 1, "not come yet"),
    ("assess --known-at 2199-12-31", 1, "not come yet"),
    ("assess --replay 0123456789 --as-of 2026-01-01", 1, "give it alone"),
    ("assess --standard nowhere", 1, "no standard here"),
    ("assess --purpose fun", 2, "gap_analysis"),
    ("assess --replay 0123456789", 1, "no such run"),
    ("report packet p1 --role ml-engineer --job-level middle", 1, "calibrant assess"),
    ("report packet p1", 2, "--role"),
    ("report packet p1 --role ml-engineer --job-level middle --reason why", 1, "--unseal"),
    ("report self p9", 1, "calibrant assess"),
    ("report self p1", 1, "calibrant assess"),
    ("report gap", 1, "calibrant assess"),
    ("dispute p9 nothing --reason why", 1, "no person 'p9'"),
    ("dispute p1 nothing --reason why", 1, "nothing"),
    ("dispute p1 nothing --reason why --resolve upheld", 1, "no such dispute"),
    ("reply p9 hello", 1, "no person 'p9'"),
    ("erase p9 --reason why --yes", 1, "no person 'p9'"),
    ("erase p1 --reason why", 1, "--yes"),
    ("retention keep", 2, "keep"),
    ("export assessments", 1, "calibrant assess"),
    ("export assessments --purpose fun", 2, "development"),
    ("audit verify empty", 2, "is a directory"),
    ("audit verify deep.json", 1, "not a packet"),
    ("audit verify roster.csv", 1, "not a packet"),
    ("demo --out roster.csv", 2, "is a file"),
    ("demo --out .", 1, "--out"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "code", "help_"), WRONG, ids=[words for words, _, _ in WRONG])
def test_wrong_usage_gets_a_line_that_helps(run: Run, words: str, code: int, help_: str) -> None:
    before = run("audit", "verify", "--json").stdout
    done = run(*words.split())
    assert done.exit_code == code, done.stderr
    assert help_ in done.stderr
    assert run("audit", "verify", "--json").stdout == before


def test_once_assessed_unknown_names_are_told_from_known_ones(run: Run) -> None:
    assert run("assess").exit_code == 0
    for words, known in (
        ("report packet p1 --role pilot --job-level middle", "ml-engineer"),
        ("report packet p1 --role ml-engineer --job-level captain", "principal"),
        ("report packet p9 --role ml-engineer --job-level middle", "no person 'p9'"),
        ("report gap --lead-of nobodies", "core"),
        ("report self p1 --out roster.csv/under", "roster.csv"),
    ):
        done = run(*words.split())
        assert done.exit_code == 1, words
        assert known in done.stderr


def _damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20_000])


def _of_a_later_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(_damaged, "malformed"), (_of_a_later_version, "later version of Calibrant"), (Path.unlink, "no ledger here")],
    ids=["damaged", "later", "missing"],
)
def test_every_command_says_what_is_wrong_with_the_ledger(
    folder: Path, blank_sqlite: Path, spoil: Callable[[Path], object], said: str
) -> None:
    Repository(folder / "clone").write()
    shutil.copy(blank_sqlite, folder / "spoilt.db")
    spoil(folder / "spoilt.db")
    (folder / "sources.toml").write_text('[[source]]\nkind = "git"\nclones = ["clone"]\n', encoding="utf-8")
    (folder / "standard.yaml").write_text("method: decisions\nskill: '*'\nuse: false\n", encoding="utf-8")
    given = {
        "people import": ["roster.csv"], "collect git": ["clone"], "collect feedback360": ["roster.csv"], "collect scorecards": ["roster.csv"],
        "collect table": ["roster.csv", "--mapping", "decisions"], "sources grant": ["a", "promotion"], "sources revoke": ["a", "promotion"],
        "identities merge": ["a", "b"], "identities split": ["a", "b"], "report self": ["p1"], "dispute": ["p1", "a", "--reason", "b"],
        "report packet": ["p1", "--role", "ml-engineer", "--job-level", "middle"], "reply": ["p1", "a"], "erase": ["p1", "--reason", "a", "--yes"],
        "collect all": ["--config", "sources.toml"], "collect github": ["a/b"], "collect gitlab": ["a/b"],
        "identities accept": ["a", "b"], "identities reject": ["a", "b"], "identities claim": ["a", "b"],
        "identities history": ["a"], "cutpoints booklet": ["--skill", "code-quality"], "cutpoints import": ["standard.yaml"], "models show": ["a"],
    }  # fmt: skip
    apart = {
        "init",
        "demo",
        "rubric list",
        "rubric show",
        "rubric validate",
        "rubric test",
        "rubric diff",
    }
    names = {name.removeprefix("calibrant ") for name, _ in walk(app)} - apart
    assert set(given) <= names
    for name in sorted(names):
        done = _calibrant(folder / "spoilt.db", *name.split(), *given.get(name, []))
        assert done.exit_code == 1, (name, done.stderr)
        assert said in done.stderr, name


def test_a_ledger_without_people_or_evidence_can_be_assessed(folder: Path, blank_sqlite: Path, run: Run) -> None:
    shutil.copy(blank_sqlite, folder / "blank.db")
    assert _calibrant(folder / "blank.db", "assess").exit_code == 0
    assert _calibrant(folder / "blank.db", "report", "gap").exit_code == 0
    assert run("assess").exit_code == 0
    ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}", clock=Clock(), entropy=repeatable_entropy())
    latest = ledger.latest_run(Purpose.PROMOTION)
    assert latest is not None
    assert {one.state.value for one in ledger.assessments(latest.id)} == {"insufficient evidence"}
    assert run("report", "self", "p1").exit_code == 0


def test_a_reference_that_matches_nothing_withdraws_nothing(folder: Path, run: Run) -> None:
    repository = Repository(folder / "clone")
    repository.commit({"a.py": "x = 1\n"})
    repository.write()
    assert run("collect", "git", "clone").exit_code == 0
    before = run("export", "evidence").stdout
    done = run("collect", "git", "clone", "--ref", "refs/heads/mian")
    assert done.exit_code == 1
    assert "refs/heads/mian" in done.stderr
    assert run("export", "evidence").stdout == before != ""
