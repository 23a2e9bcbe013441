"""Collecting a project from GitLab: what it costs, and what projects, tokens and people may be like."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.forge_population import Population
from benchmarks.gitlab_server import TOKEN, GitLab, Project, serving
from collectors import gitlab
from collectors.forge_failure import Gone, HttpFailure
from collectors.forge_limits import Bucket
from collectors.forge_secret import Secret
from collectors.gitlab_client import Client
from db.errors import Incomplete, Refusal
from tests.collectors.gitlab.running import LATE, Collector, Watch, ledger_at, made_up


@pytest.fixture
def forge() -> Iterator[GitLab]:
    with serving(made_up(changes=40)) as forge:
        yield forge


@pytest.fixture
def collector(forge: GitLab, tmp_path: Path, blank_sqlite: Path) -> Collector:
    return Collector(forge.url, ledger_at(tmp_path, blank_sqlite))


def client_of(forge: GitLab, token: str = TOKEN) -> Client:
    return gitlab.connect(gitlab.Settings("acme/engine", Secret(token), forge.url), Bucket(Watch(), per_minute={}))


def test_a_project_is_collected_completely(collector: Collector, forge: GitLab) -> None:
    collector.run()
    population = forge.projects[0].population
    changes = {row["measures"]["number"]: row for row in collector.evidence("change_request")}
    assert sorted(changes) == list(range(1, 41))
    for number, row in changes.items():
        made = population.change(number)
        assert row["measures"]["state"] == made.state.lower()
        said = len(made.comments) + sum(len(thread.comments) for thread in made.threads) + 1
        assert row["measures"]["comments"] == said + sum(bool(one.body) for one in made.reviews if one.at)
    assert len(collector.evidence("issue")) == 11, "the ninth is confidential"
    assert {row["measures"]["tag"] for row in collector.evidence("release")} == {"v1", "v2", "v3"}


def test_people_take_part_by_number_under_the_host(collector: Collector, forge: GitLab) -> None:
    collector.run()
    host = forge.url.removeprefix("http://")
    people = {(provider, key) for row in collector.evidence() for _, provider, key in row["participations"]}
    assert {provider for provider, _ in people} <= {host, "git"}
    assert all(key.isdigit() for provider, key in people if provider == host)
    assert "999" not in {key for _, key in people}
    assert collector.talk["ghosts"] > 0


def test_merge_requests_cost_at_most_two_thousand_one_hundred_requests_per_thousand() -> None:
    """Long discussions take further pages, for which the bound must do too."""
    with serving(made_up(changes=200, issues=0, releases=0)) as forge:
        settings = gitlab.Settings("acme/engine", Secret(TOKEN), forge.url, streams=("changes",))
        batches = gitlab.collect(
            settings, None, now=LATE, client=gitlab.connect(settings, Bucket(Watch(), per_minute={}))
        )
        assert sum(1 for batch in batches for one in batch.evidence if one.kind == "change_request") == 200
        assert forge.total <= 420


def test_nothing_new_costs_one_request_per_list_and_stores_nothing(collector: Collector, forge: GitLab) -> None:
    collector.run()
    before, asked = collector.cursor(), forge.total
    assert collector.run() == 0
    assert forge.total - asked == 2
    assert collector.cursor() == before


def test_one_changed_merge_request_costs_what_lies_under_it(collector: Collector, forge: GitLab) -> None:
    collector.run()
    forge.projects[0].population.touch(7)
    asked = forge.total
    assert collector.run() > 0
    assert forge.total - asked <= 6, "two lists, discussions, approvals, one more page, releases"


def test_a_note_of_the_same_minute_is_not_missed_though_it_does_not_move_the_merge_request(
    collector: Collector, forge: GitLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    population = forge.projects[0].population
    population.touch(5)
    monkeypatch.setattr(GitLab, "now", lambda _: population.updated_at(5))
    collector.run()
    moved = population.updated_at
    monkeypatch.setattr(GitLab, "now", lambda _: moved(5).replace(year=2031))
    population.touched[5] = (population.touched[5][0], population.touched[5][0])
    collector.run()
    comments = next(row for row in collector.evidence("change_request") if row["measures"]["number"] == 5)
    asked = forge.total
    assert comments["measures"]["comments"] == _comments(population, 5)
    collector.run()
    assert forge.total - asked == 2, "by then it has settled"


def _comments(population: Population, number: int) -> int:
    made = population.change(number)
    said = len(made.comments) + sum(len(thread.comments) for thread in made.threads) + 1
    return said + sum(bool(one.body) for one in made.reviews if one.at)


def test_a_merge_request_that_cannot_be_had_is_named_in_the_cursor_and_had_the_next_time(
    collector: Collector, forge: GitLab
) -> None:
    forge.plan = dict.fromkeys(range(3, 9), "500")
    with pytest.raises(Incomplete, match="1 merge requests could not be fetched whole"):
        collector.run()
    assert collector.cursor()["incomplete"] == {"1": 1}
    assert len(collector.evidence("change_request")) == 39
    collector.run()
    assert collector.cursor()["incomplete"] == {}
    assert len(collector.evidence("change_request")) == 40


def test_merge_requests_that_are_never_to_be_had_keep_no_other_from_being_collected(
    collector: Collector, forge: GitLab
) -> None:
    forge.broken = {2, 5, 8, 9}
    for tries in range(1, 5):
        with pytest.raises(Incomplete, match="4 merge requests could not be fetched whole"):
            collector.run()
        assert collector.cursor()["incomplete"] == dict.fromkeys("2589", tries)
        assert len(collector.evidence("change_request")) == 36
    collector.run()
    asked = forge.total
    collector.run()
    assert forge.total - asked == 2, "after five runs they are no longer asked for"
    forge.broken.clear()
    forge.projects[0].population.touch(5)
    collector.run()
    assert collector.cursor()["incomplete"] == dict.fromkeys("289", 5)
    assert len(collector.evidence("change_request")) == 37


def test_a_gitlab_that_is_down_is_left_alone_after_three_merge_requests(collector: Collector, forge: GitLab) -> None:
    forge.plan = dict.fromkeys(range(3, 10_000), "503")
    with pytest.raises(Incomplete, match="3 merge requests in a row"):
        collector.run()
    assert forge.total == 2 + 3 * (5 + 6), "each asked for in ever smaller pages, then six times"
    forge.plan = {}
    collector.run()
    assert len(collector.evidence("change_request")) == 40


def test_a_wait_longer_than_allowed_ends_the_run_with_what_came(collector: Collector, forge: GitLab) -> None:
    forge.plan = {60: "429"}
    collector.max_wait = 10.0
    with pytest.raises(Incomplete, match="10 s is the longest wait"):
        collector.run()
    assert 25 < len(collector.evidence("change_request")) < 40, "a batch, and what came of the next"
    collector.run()
    assert len(collector.evidence("change_request")) == 40


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"archived": True}, "archived"),
        ({"empty_repo": True, "default_branch": None}, "empty"),
        ({"merge_requests_access_level": "disabled"}, "changes_disabled"),
    ],
    ids=["archived", "empty", "without merge requests"],
)
def test_projects_of_every_kind_are_collected_as_far_as_they_go(
    collector: Collector, forge: GitLab, said: dict[str, Any], word: str
) -> None:
    forge.projects[0].said = said
    collector.run()
    assert collector.talk[word] == 1
    assert len(collector.evidence("issue")) == 11
    assert bool(collector.evidence("change_request")) is (word != "changes_disabled")


def test_merge_requests_switched_off_later_stay_stored(collector: Collector, forge: GitLab) -> None:
    collector.run()
    forge.projects[0].said = {"merge_requests_access_level": "disabled"}
    collector.run()
    assert collector.talk["changes_disabled"] == 1
    assert len(collector.evidence("change_request")) == 40


def test_a_renamed_project_is_found_and_gone_on_with_by_its_number(collector: Collector, forge: GitLab) -> None:
    collector.run()
    before = collector.exported()
    forge.projects[0].path, forge.projects[0].formerly = "initech/motor", "acme/engine"
    collector.run()
    assert collector.talk["renamed"] == 0
    assert collector.exported() == before
    (found,) = gitlab.repositories(client_of(forge), names=["acme/engine"])
    assert (found.name, found.key) == ("initech/motor", f"{forge.url.removeprefix('http://')}:project/42")


def test_a_project_that_is_gone_or_hidden_is_an_error_and_withdraws_nothing(
    collector: Collector, forge: GitLab
) -> None:
    collector.run()
    before = collector.exported()
    forge.projects[0].id = 43
    with pytest.raises(Gone):
        collector.run()
    assert collector.exported() == before
    with pytest.raises(Gone):
        list(gitlab.repositories(client_of(forge), names=["acme/nothing"]))


def test_a_deleted_account_s_work_stays_with_nobody_s_name(collector: Collector, forge: GitLab) -> None:
    collector.run()
    population = forge.projects[0].population
    author = population.change(3).author
    assert author is not None
    population.delete_person(author.id - 1_000)
    population.touch(3)
    collector.run()
    row = next(row for row in collector.evidence("change_request") if row["measures"]["number"] == 3)
    assert str(author.id) not in {key for _, _, key in row["participations"]}


def group(*sizes: int) -> GitLab:
    made = [
        Project(42 + at, f"acme/{'team/' * (at % 2)}p{at}", Population(size, seed=at, issues=size))
        for at, size in enumerate(sizes)
    ]
    return GitLab(made)


def test_all_projects_of_a_group_are_found_by_keyset() -> None:
    with serving(group(*([1] * 7))) as forge:
        forge.most = 3
        found = list(gitlab.repositories(client_of(forge), "acme"))
        assert [one.name for one in found] == [one.path for one in forge.projects]
        assert forge.requests == {"groups/projects": 3}
        assert all("pagination=keyset" in path for path in forge.asked)
        assert list(gitlab.repositories(client_of(forge))) == found


def test_a_group_tells_which_projects_were_touched_for_one_request_per_list() -> None:
    with serving(group(8, 8, 8)) as forge:
        client = client_of(forge)
        key = f"{client.host}:project/"
        first = gitlab.touched(client, "acme", None, gitlab.EXTRACTOR, ("changes", "issues"))
        assert first.projects is None
        assert forge.total == 2
        idle = gitlab.touched(client, "acme", first.cursor, gitlab.EXTRACTOR, ("changes", "issues"))
        assert (forge.total, idle.projects, idle.cursor) == (4, frozenset(), first.cursor)
        forge.projects[1].population.touch(2)
        touched = gitlab.touched(client, "acme", idle.cursor, gitlab.EXTRACTOR, ("changes", "issues"))
        assert touched.projects == {f"{key}43"}
        forge.projects[2].population.touch(1)
        later = gitlab.touched(client, "acme", touched.cursor, gitlab.EXTRACTOR, ("changes", "issues"))
        assert later.projects == {f"{key}44"}, "updated while others were collected"


def test_a_project_with_something_left_over_is_unfinished() -> None:
    done = {
        "extractor": gitlab.EXTRACTOR,
        "repository": "gitlab.com:project/42",
        "page_size": 25,
        "streams": {"changes": {"watermark": "2026-01-01T00:00:00+00:00", "walk": None, "etag": None}},
        "incomplete": {},
        "seen": {},
        "again": {},
    }
    assert not gitlab.unfinished(done)
    assert gitlab.unfinished({**done, "incomplete": {"5": 1}})
    assert gitlab.unfinished({**done, "again": {"changes": "2026-01-01T00:00:00.000Z"}})
    assert gitlab.unfinished({**done, "extractor": "gitlab/0"})
    assert gitlab.unfinished(None)


@pytest.mark.parametrize(
    ("scopes", "complaint"),
    [
        (("api",), r"this token may write \(api\)"),
        (("read_api", "write_repository"), r"this token may write \(write_repository\)"),
        (("read_api", "sudo", "admin_mode"), r"this token may write \(admin_mode, sudo\)"),
        (("read_repository",), "scope read_api is missing"),
    ],
)
def test_a_token_that_may_write_is_refused_with_how_to_make_one_that_may_not(
    forge: GitLab, scopes: tuple[str, ...], complaint: str
) -> None:
    forge.scopes = scopes
    with pytest.raises(Refusal, match=complaint + r".*read_api and read_repository alone"):
        gitlab.check_token(client_of(forge))


def test_a_token_that_may_only_read_passes(forge: GitLab) -> None:
    assert gitlab.check_token(client_of(forge)) is None


def test_a_wrong_token_is_refused_and_shown_nowhere(forge: GitLab) -> None:
    wrong = "glpat-wrong-wrong-wrong-00"
    settings = gitlab.Settings("acme/engine", Secret(wrong), forge.url)
    client = gitlab.connect(settings, Bucket(Watch()))
    with pytest.raises(Refusal, match="wrong, expired or revoked") as raised:
        gitlab.check_token(client)
    chain: list[BaseException | None] = [raised.value, raised.value.__cause__, raised.value.__context__]
    shown = [repr(settings), repr(client), *(f"{one} {vars(one) if one else ''}" for one in chain)]
    assert not any(wrong in text for text in shown)
    assert not any(isinstance(one, HttpFailure) and "authorization" in one.headers for one in chain)


def test_no_token_rests_in_the_ledger(collector: Collector, tmp_path: Path) -> None:
    collector.run()
    assert TOKEN.encode() not in (tmp_path / "ledger.db").read_bytes()


def test_streams_that_are_not_there_are_refused() -> None:
    with pytest.raises(Refusal, match="no such streams: pipelines"):
        gitlab.Settings("acme/engine", Secret(TOKEN), streams=("changes", "pipelines"))


_CHILD = """
import os, sys
from pathlib import Path
from db.ledger import Ledger
from tests.collectors.gitlab.running import Collector, Watch
ledger = Ledger(f"sqlite:///{sys.argv[2]}", clock=Watch().now, entropy=os.urandom, actor="test")
Collector(sys.argv[1], ledger).run()
"""


def killed_and_gone_on_with(forge: GitLab, folder: Path, blank: Path, kills: list[int]) -> None:
    """One process after another is killed at these requests, each counted from its own start."""
    whole = Collector(forge.url, ledger_at(folder, blank, "whole"))
    whole.run()
    killed = Collector(forge.url, ledger_at(folder, blank, "killed"))
    came = 0
    for at in kills:
        forge.forget()
        children: list[subprocess.Popen[bytes]] = []
        forge.happen = {at: lambda: os.kill(children[0].pid, signal.SIGKILL)}  # noqa: B023
        children.append(subprocess.Popen([sys.executable, "-c", _CHILD, forge.url, str(folder / "killed.db")]))
        assert children[0].wait(timeout=120) == -signal.SIGKILL
        came, before = len(killed.evidence("change_request")), came
        assert came > before
    forge.forget()
    killed.run()
    assert came < len(killed.evidence("change_request"))
    assert killed.exported() == whole.exported()


def test_a_process_killed_for_good_is_gone_on_with(tmp_path: Path, blank_sqlite: Path) -> None:
    with serving(made_up(changes=90, most=60)) as forge:
        killed_and_gone_on_with(forge, tmp_path, blank_sqlite, [120])


@pytest.mark.long
def test_ten_processes_killed_one_after_another_are_gone_on_with(tmp_path: Path, blank_sqlite: Path) -> None:
    with serving(made_up(changes=500)) as forge:
        killed_and_gone_on_with(forge, tmp_path, blank_sqlite, [70, 55, 80, 62, 75, 58, 90, 66, 71, 60])
