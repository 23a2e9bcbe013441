"""Rows that are dated in the future, cannot be read, or are too many for one page: what else there is comes all the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.forge_population import Population
from benchmarks.gitlab_server import TOKEN, GitLab, Project, serving
from collectors import gitlab
from collectors.forge_limits import Bucket
from collectors.forge_secret import Secret
from tests.collectors.gitlab.running import Collector, Watch, ledger_at, made_up

FUTURE = "2031-01-01T00:00:00.000Z"


@pytest.fixture
def forge() -> Iterator[GitLab]:
    with serving(made_up(changes=12, issues=5, releases=2)) as forge:
        yield forge


@pytest.fixture
def collector(forge: GitLab, tmp_path: Path, blank_sqlite: Path) -> Collector:
    return Collector(forge.url, ledger_at(tmp_path, blank_sqlite))


def numbers(collector: Collector, kind: str = "change_request") -> list[int]:
    return sorted(row["measures"]["number"] for row in collector.evidence(kind))


def test_a_merge_request_dated_in_the_future_is_collected_and_hides_no_later_work(
    collector: Collector, forge: GitLab
) -> None:
    forge.said = {4: {"updated_at": FUTURE}}
    collector.run()
    assert numbers(collector) == list(range(1, 13))
    assert collector.cursor()["streams"]["changes"]["watermark"] < FUTURE
    before = collector.evidence("change_request")
    forge.projects[0].population.touch(9, timedelta(days=1))
    assert collector.run() > 0
    later = collector.evidence("change_request")
    assert [row["measures"]["number"] for row in later if row not in before] == [9]


def test_a_run_broken_off_behind_rows_of_the_future_goes_on_before_them(collector: Collector, forge: GitLab) -> None:
    forge.most = 3
    forge.said = {at: {"updated_at": f"2031-01-{at:02}T00:00:00.000Z"} for at in range(3, 11)}
    forge.plan = dict.fromkeys(range(20, 400), "500")
    with pytest.raises(gitlab.Incomplete):
        collector.run()
    forge.plan = {}
    forge.projects[0].population.touch(1, timedelta(days=1))
    collector.run()
    touched = next(row for row in collector.evidence("change_request") if row["measures"]["number"] == 1)
    assert "touched" in touched["measures"]["labels"]
    assert numbers(collector) == list(range(1, 13))


def test_a_row_dated_in_the_future_hides_no_project_of_a_group() -> None:
    projects = [Project(42 + at, f"acme/p{at}", Population(4, seed=at)) for at in range(2)]
    with serving(GitLab(projects)) as forge:
        settings = gitlab.Settings("acme/p0", Secret(TOKEN), forge.url)
        client = gitlab.connect(settings, Bucket(Watch(), per_minute={}))
        cursor, forge.said = None, {2: {"updated_at": FUTURE}}
        for _ in range(2):
            cursor = gitlab.touched(client, "acme", cursor, gitlab.EXTRACTOR, ("changes",)).cursor
        projects[1].population.touch(3, timedelta(days=1))
        found = gitlab.touched(client, "acme", cursor, gitlab.EXTRACTOR, ("changes",))
        assert f"{client.host}:project/43" in (found.projects or ())


def test_a_server_that_fails_at_pages_of_more_than_forty_rows_is_collected_whole_and_remembered(
    tmp_path: Path, blank_sqlite: Path
) -> None:
    with serving(made_up(changes=60, issues=50, releases=45, too_many=41)) as forge:
        collector = Collector(forge.url, ledger_at(tmp_path, blank_sqlite))
        collector.run()
        assert numbers(collector) == list(range(1, 61))
        assert len(collector.evidence("issue")) == 45
        assert len(collector.evidence("release")) == 45
        assert 5 <= collector.cursor()["page_size"] <= 40
        asked = forge.total
        collector.run()
        assert forge.total - asked == 2
        assert collector.watch.slept == 0


@pytest.mark.parametrize(
    "said",
    [{"id": None}, {"iid": "2/../../../x"}, {"updated_at": "yesterday"}, {"created_at": "0001-01-01T00:00:00+14:00"}],
    ids=["no id", "a path as number", "no moment", "no such moment"],
)
def test_a_row_that_cannot_be_read_is_told_and_stops_nothing(
    collector: Collector, forge: GitLab, said: dict[str, object]
) -> None:
    forge.said = {5: said, -2: said}
    for _ in range(2):
        collector.run()
        assert numbers(collector) == [1, 2, 3, 4, *range(6, 13)]
        assert numbers(collector, "issue") == [1, 3, 4, 5]
        assert len(collector.evidence("release")) == 2
    assert collector.cursor()["incomplete"] == {}
    assert collector.talk["unreadable"] >= 2
    assert any(word.startswith("unreadable_changes_i") for word in collector.talk)
    assert not any(".." in path for path in forge.asked)


def test_merge_requests_of_a_foreign_shape_are_named_and_the_rest_is_collected(
    collector: Collector, forge: GitLab
) -> None:
    forge.said = {at: {"author": "ada", "labels": 3} for at in (2, 3, 4, 5)}
    collector.settle()
    assert numbers(collector) == [1, *range(6, 13)]
    assert collector.cursor()["incomplete"] == dict.fromkeys("2345", 5)


def test_a_cursor_with_what_is_no_number_waits_for_none(collector: Collector) -> None:
    collector.run()
    stored = {**collector.cursor(), "incomplete": {"2/../../../x": 1, "7": 1}}
    assert gitlab.Position.read(stored, gitlab.EXTRACTOR, stored["repository"]).waiting == ("7",)
