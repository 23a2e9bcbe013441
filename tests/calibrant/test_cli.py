"""What all commands share: exit status, where words go, tables, short ids, help texts."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from calibrant.cli import app, display
from calibrant.cli.finding import short_ids
from calibrant.cli.reference import walk
from db.errors import Incomplete
from db.ledger import Ledger

COMMANDS = dict(walk(app))
PROMISED = [
    "init",
    "people import",
    "collect git",
    "collect feedback360",
    "collect scorecards",
    "collect table",
    "identities list",
    "identities suggest",
    "identities merge",
    "identities split",
    "identities accept",
    "identities reject",
    "identities claim",
    "identities history",
    "rubric list",
    "rubric show",
    "rubric validate",
    "rubric test",
    "rubric diff",
    "assess",
    "report packet",
    "report self",
    "report gap",
    "dispute",
    "erase",
    "retention run",
    "export assessments",
    "export evidence",
    "audit verify",
    "demo",
]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CALIBRANT_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("name", PROMISED)
def test_every_promised_command_is_there_and_says_what_it_does_in_a_sentence(name: str) -> None:
    command = COMMANDS[f"calibrant {name}"]
    first = (command.help or "").partition("\n\n")[0]
    assert first.endswith(".")
    assert len(first) < 130


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_takes_a_ledger_and_json_and_explains_each_option(name: str) -> None:
    options = {option for one in COMMANDS[name].params for option in one.opts}
    assert {"--ledger", "--json"} <= options
    assert [one.name for one in COMMANDS[name].params if not one.help and one.name != "help"] == []
    helped = CliRunner().invoke(app, [*name.split()[1:], "--help"])
    assert helped.exit_code == 0
    assert "Usage:" in helped.stdout


def test_wrong_usage_exits_with_2() -> None:
    for words in (["assess", "--as-of", "yesterday"], ["collect", "git", "no-such-folder"], ["frobnicate"]):
        assert CliRunner().invoke(app, words).exit_code == 2


def test_a_missing_ledger_is_refused_with_a_remedy() -> None:
    done = CliRunner().invoke(app, ["sources", "list", "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["remedy"]
    assert done.stderr.startswith("refused: ")
    assert not Path("calibrant.db").exists()


def test_a_mistake_in_a_setting_is_named_with_its_place() -> None:
    Path("calibrant.toml").write_text("ledgr = 'x'\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["init"], env={"CALIBRANT_RETENTION_DECISION_DAYS": "soon"})
    assert done.exit_code == 1
    assert "CALIBRANT_RETENTION_DECISION_DAYS" in done.stderr
    assert "ledgr: no such setting" in done.stderr


def test_a_file_that_cannot_be_written_is_refused_without_a_traceback() -> None:
    Path("folder").mkdir()
    Path("folder/precious").write_text("", encoding="utf-8")
    assert CliRunner().invoke(app, ["demo", "--out", "folder"]).exit_code == 1
    assert [path.name for path in Path("folder").iterdir()] == ["precious"]
    done = CliRunner().invoke(app, ["demo", "--out", "/proc/self/nowhere"])
    assert done.exit_code == 1
    assert done.stderr.startswith("refused: ")


def test_work_that_stopped_part_way_exits_with_3(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(ledger: Ledger) -> None:
        raise Incomplete("the ledger stayed busy", remedy="run it again")

    monkeypatch.setattr(Ledger, "init", stop)
    done = CliRunner().invoke(app, ["init", "--json"])
    assert done.exit_code == 3
    assert json.loads(done.stdout)["error"] == "the ledger stayed busy"
    assert done.stderr.startswith("not finished: ")


def test_an_interrupted_command_exits_with_3(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(ledger: Ledger) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Ledger, "init", interrupt)
    done = CliRunner().invoke(app, ["init"])
    assert done.exit_code == 3
    assert "run the command again" in done.stderr


def test_a_reader_who_has_had_enough_sees_no_traceback() -> None:
    words = [sys.executable, "-m", "calibrant", "rubric", "show", "ml-pipelines", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_a_table_in_a_pipe_has_a_line_per_row_and_every_character() -> None:
    out = Console(file=io.StringIO(), width=10_000)
    identity, words = "0123456789abcdef" * 2, "a reason that is longer than any window is wide " * 4
    out.print(display.table_display(["identity", "because", "artefacts"], [[identity, words, 12], ["x", None, 3]]))
    lines = out.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 4
    assert identity in lines[2]
    assert words.strip() in lines[2]


def test_a_table_on_a_terminal_of_80_columns_folds_and_loses_nothing() -> None:
    out = Console(file=io.StringIO(), width=80)
    rows = [["dc8a4a3f", "E1127", "somebody.with.a.very.long.address@users.noreply.example.org (Somebody Long)" * 2]]
    out.print(display.table_display(["identity", "person", "key"], rows))
    lines = out.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= 80
    assert "".join("".join(line[18:] for line in lines[2:]).split()) == "".join(rows[0][2].split())


def test_control_characters_never_reach_the_terminal() -> None:
    out = Console(file=io.StringIO(), width=80)
    out.print(display.table_display(["name"], [["red \x1b[31m and \u202e back"]]))
    assert "\x1b[31m" not in out.file.getvalue()  # type: ignore[attr-defined]


def test_progress_is_for_terminals_only() -> None:
    assert display.progress_display(Console(file=io.StringIO())).disable
    assert not display.progress_display(Console(file=io.StringIO(), force_terminal=True)).disable


def test_short_ids_stay_apart() -> None:
    ids = ["0123456789ab", "0123456789cd", "ffff00001111"]
    assert len(set(short_ids(ids).values())) == 3
    assert all(full.startswith(short) for full, short in short_ids(ids).items())
    assert short_ids([]) == {}


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout.startswith("calibrant ")
