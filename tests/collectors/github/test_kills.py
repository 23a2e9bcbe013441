"""A run that is killed, anywhere, goes on where it was: the end is the same, and little is asked twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.github_server import Fault, GitHub, Reply, serving
from db.ledger import Ledger
from db.records import Batch
from tests.collectors.github.conftest import Expected
from tests.collectors.github.running import Collector, Watch, made_up

CHANGES = 90
SIZE = 5


def collect_until_killed(url: str, path: str, batches: int) -> None:
    """In a process of its own; it kills itself with the batch of that number half stored, where one is given."""
    ledger = Ledger(f"sqlite:///{path}", clock=Watch().now, entropy=os.urandom, actor="test")

    def spoil(made: Iterator[Batch]) -> Iterator[Batch]:
        for number, batch in enumerate(made, 1):
            yield batch
            if number == batches:
                os.kill(os.getpid(), signal.SIGKILL)

    Collector(url, ledger, given={"page_size": SIZE}).run(spoil)


@pytest.fixture(scope="module")
def processes() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.collectors.github.test_kills"])
    return context


def killed_at_request(github: GitHub, at: int, victim: dict[str, int]) -> Fault:
    def kill(_: GitHub, reply: Reply) -> None:
        os.kill(victim["pid"], signal.SIGKILL)
        reply.drop = True

    return Fault(kill, at)


@pytest.mark.parametrize("at", [1, 2, 9, 16, 17, 18, 19, 20])
def test_killed_in_the_middle_of_a_request(
    at: int,
    faultless: Expected,
    ledger_at: Callable[[str], Ledger],
    tmp_path: Path,
    processes: multiprocessing.context.ForkServerContext,
) -> None:
    expected, log = faultless(CHANGES, page_size=SIZE)
    ledger = ledger_at("one")
    victim: dict[str, int] = {}
    server = made_up(changes=CHANGES)
    server.faults.append(killed_at_request(server, at, victim))
    with serving(server) as url:
        process = processes.Process(target=collect_until_killed, args=(url, str(tmp_path / "one.db"), 0))
        process.start()
        victim["pid"] = process.pid or 0
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        collector = Collector(url, ledger, given={"page_size": SIZE})
        collector.run()
    assert collector.exported() == expected
    assert len(server.log) <= len(log) + 20  # at most the pages of one batch again, and what they cut off


@pytest.mark.parametrize("batches", [1, 2, 3, 4, 5])
def test_killed_between_two_batches(
    batches: int,
    faultless: Expected,
    ledger_at: Callable[[str], Ledger],
    tmp_path: Path,
    processes: multiprocessing.context.ForkServerContext,
) -> None:
    expected, _ = faultless(CHANGES, page_size=SIZE)
    ledger = ledger_at("one")
    server = made_up(changes=CHANGES)
    with serving(server) as url:
        process = processes.Process(target=collect_until_killed, args=(url, str(tmp_path / "one.db"), batches))
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        server.rows.people.touch(50)  # life goes on
        collector = Collector(url, ledger, given={"page_size": SIZE})
        server.log.clear()
        collector.run()
    assert server.log.count("Changes") <= 4  # not from the beginning: one batch holds sixteen pages
    assert collector.exported() == faultless(CHANGES, (50,), page_size=SIZE)[0]
    assert expected != collector.exported()


def test_a_first_run_that_is_killed_at_once_has_said_which_repository_it_is_of(
    ledger_at: Callable[[str], Ledger],
) -> None:
    with serving(made_up(changes=250)) as url:
        first = next(Collector(url, ledger_at("one"), given={"page_size": 25}).batches(None))
    assert first.cursor["repository"]
