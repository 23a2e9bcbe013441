"""`collect github` and `collect all`, by the command line against a made-up GitHub on this machine."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from benchmarks import github_faults
from benchmarks.forge_population import Population
from benchmarks.github_rows import Rows
from benchmarks.github_server import Fault, GitHub, serving
from calibrant.cli import app

TOKEN = "github_pat_11AAAAAAA0123456789abcdef"


class Ran(NamedTuple):
    code: int
    out: str
    told: str


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def calibrant(*words: object) -> Ran:
        held = {"CALIBRANT_LEDGER": f"sqlite:///{tmp_path / 'ours.db'}", "FORGE": TOKEN}
        done = CliRunner().invoke(app, [str(word) for word in words], env=held)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return Ran(done.exit_code, done.stdout, done.stderr)

    calibrant("init")
    return calibrant


@pytest.fixture
def forge() -> GitHub:
    return GitHub(Rows(Population(12, issues=3, releases=2)))


def test_a_repository_is_collected_by_name_and_the_second_time_adds_nothing(run: Run, forge: GitHub) -> None:
    with serving(forge) as url:
        words = ("collect", "github", "acme/engine", "--base-url", url, "--no-mirror", "--token-env", "FORGE")
        first, second = run(*words), run(*words)
    assert (first.code, second.code) == (0, 0), first.told + second.told
    assert "127.0.0.1/acme/engine: 0 artefacts read, 0 rows added" in second.out
    rows = [json.loads(line) for line in run("export", "evidence").out.splitlines()]
    assert {row["kind"] for row in rows} >= {"change_request", "review", "review_comment", "issue", "release"}
    assert sum(row["kind"] == "change_request" for row in rows) == 12


def test_everything_a_file_names_is_collected_and_the_token_is_nowhere(run: Run, forge: GitHub, tmp_path: Path) -> None:
    form = "cycle,subject_id,rater_id,relationship,competency_code,item_code,rating,scale,comment,submitted_at"
    (tmp_path / "spring.csv").write_text(f"{form}\n,E1,E2,peer,code-review,,4,1-5,good,2026-03-01\n")
    with serving(forge) as url:
        (tmp_path / "calibrant.toml").write_text(
            f"""
            [[source]]
            kind = "github"
            base_url = "{url}"
            organisation = "acme"
            token = {{ env = "FORGE" }}
            mirror = false
            purposes = ["development"]

            [[source]]
            kind = "feedback360"
            file = "nowhere.csv"

            [[source]]
            kind = "feedback360"
            file = "spring.csv"
            set = {{ cycle = "2026" }}
            """
        )
        ran = run("collect", "all")
        document = json.loads(run("collect", "all", "--json").out)
    assert ran.code == 1
    assert "not whole: there is no such file" in ran.told
    assert document["error"] == "there is no such file"
    assert [one["source"] for one in document["collected"]] == ["127.0.0.1/acme/engine", "spring"]
    assert [one["source"] for one in document["failed"]] == ["nowhere.csv"]
    assert "there is no such file" in ran.told
    assert [line.partition(":")[0] for line in ran.out.splitlines()] == ["127.0.0.1/acme/engine", "spring"]
    listed = json.loads(run("sources", "list", "--json").out)
    assert {one["name"]: one["purposes"] for one in listed} == {
        "127.0.0.1/acme/engine": ["development"],
        "spring": ["development", "self_check"],
    }
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("ours.db*"))
    assert TOKEN not in ran.out + ran.told
    assert TOKEN.encode() not in stored


def test_a_name_that_is_not_there_does_not_keep_the_others_from_being_collected(run: Run, forge: GitHub) -> None:
    with serving(forge) as url:
        words = ("acme/nothere", "acme/engine", "nonsense", "--base-url", url, "--no-mirror", "--token-env", "FORGE")
        ran = run("collect", "github", *words)
    assert ran.code == 1
    assert "127.0.0.1/acme/engine: " in ran.out
    assert "not whole: 2 sources are not whole (acme/nothere, nonsense)" in ran.told


def test_an_address_that_nothing_listens_at_is_refused_at_once(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        host = f"127.0.0.1:{taken.getsockname()[1]}"
    words = ("acme/engine", "--base-url", f"http://{host}", "--no-mirror", "--token-env", "FORGE")
    ran = run("collect", "github", *words, "--json")
    assert ran.code == 1
    assert f"refused: cannot reach {host}: connection refused: check base_url" in ran.told
    assert json.loads(ran.out)["collected"] == []


def test_an_account_is_named_by_its_host_and_number(run: Run, forge: GitHub) -> None:
    with serving(forge) as url:
        run("collect", "github", "acme/engine", "--base-url", url, "--no-mirror", "--token-env", "FORGE")
    accounts = [one for one in json.loads(run("identities", "list", "--json").out) if one["provider"] == "127.0.0.1"]
    assert accounts
    ran = run("identities", "history", f"127.0.0.1/{accounts[0]['key']}", "--json")
    assert ran.code == 0, ran.told


def test_a_spent_quota_ends_with_3_and_the_next_run_goes_on(run: Run) -> None:
    spent = Fault(github_faults.primary, at=2)
    made = GitHub(Rows(Population(60)), faults=[spent])
    with serving(made) as url:
        words = ("collect", "github", "acme/engine", "--base-url", url, "--no-mirror", "--token-env", "FORGE")
        first = run(*words, "--max-wait", 0)
        made.faults.clear()
        second = run(*words)
    assert first.code == 3
    assert "not finished" in first.told
    assert "quota" in first.told
    assert second.code == 0
    rows = [json.loads(line) for line in run("export", "evidence").out.splitlines()]
    assert sum(row["kind"] == "change_request" for row in rows) == 60


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name an organisation"),
        (("acme/engine", "--team", "a"), "teams are of an organisation"),
        (("acme/engine", "--token-env", "UNSET_VARIABLE"), "$UNSET_VARIABLE"),
        (("acme/engine", "--token-env", "FORGE", "--token-file", "x"), "one of them"),
        (("acme/engine", "--token-env", "FORGE", "--base-url", "http://git.example.org"), "unencrypted"),
        (("acme/engine", "--token-env", "FORGE", "--max-wait", "-1"), "(--max-wait)"),
        (("acme/engine", "--token-env", TOKEN), "give the NAME"),
        (("acme/engine", "--token-file", TOKEN), "give the NAME"),
    ],
)
def test_what_cannot_be_collected_is_refused_with_the_reason(run: Run, words: tuple[str, ...], said: str) -> None:
    ran = run("collect", "github", *words)
    assert ran.code == 1
    assert said in ran.told
    assert TOKEN not in ran.told


def test_the_settings_of_the_file_that_is_given_count_and_variables_go_before_them(run: Run, tmp_path: Path) -> None:
    form = "cycle,subject_id,rater_id,relationship,competency_code,item_code,rating,scale,comment,submitted_at"
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "spring.csv").write_text(f"{form}\n2026,E1,E2,peer,code-review,,4,1-5,good,2026-03-01\n")
    config = folder / "theirs.toml"
    config.write_text('ledger = "sqlite:///theirs.db"\n[[source]]\nkind = "feedback360"\nfile = "spring.csv"\n')
    overridden = run("collect", "all", "--config", config)
    assert "ours.db, by CALIBRANT_LEDGER" in overridden.told
    assert not (folder / "theirs.db").exists()
    run("init", "--ledger", f"sqlite:///{folder / 'theirs.db'}")
    done = CliRunner().invoke(app, ["collect", "all", "--config", str(config)], env={"CALIBRANT_LEDGER": ""})
    assert done.exit_code == 0, done.stderr
    assert f"theirs.db, by {config}" in done.stderr
    assert "spring: 1 artefacts read" in done.stdout
    assert not (tmp_path / "calibrant.db").exists()


def test_what_a_forge_shows_may_be_read_for_growth_alone_until_somebody_says_more(run: Run, forge: GitHub) -> None:
    with serving(forge) as url:
        run("collect", "github", "acme/engine", "--base-url", url, "--no-mirror", "--token-env", "FORGE")
    (listed,) = json.loads(run("sources", "list", "--json").out)
    assert listed["purposes"] == ["development", "self_check"]


def test_an_organisation_without_repositories_is_said_to_have_none(run: Run, forge: GitHub) -> None:
    with serving(forge) as url:
        ran = run("collect", "github", "--organisation", "nobody", "--base-url", url, "--token-env", "FORGE")
    assert ran.code == 1
    assert "no repositories found in nobody" in ran.told


def test_gitlab_is_asked_for_by_its_address(run: Run) -> None:
    ran = run("collect", "gitlab", "--group", "ml", "--base-url", "http://git.example.org", "--token-env", "FORGE")
    assert (ran.code, "unencrypted" in ran.told) == (1, True)
