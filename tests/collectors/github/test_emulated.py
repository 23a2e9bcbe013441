"""A real stateful GitHub, filled through PyGithub, is collected completely; also as an App; also what changed afterwards."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from graphql import GraphQLSchema

from collectors import github
from collectors.forge_limits import Bucket
from collectors.forge_secret import Secret
from collectors.github_app import PrivateKey
from db.ledger import Ledger
from tests.collectors.github.emulated import APP, INSTALLATION, Facade, all_of, emulating, facing, token
from tests.collectors.github.filling import ISSUES, PULLS, RELEASES, REVIEWS, fill
from tests.collectors.github.running import LATE, Collector, Watch


@dataclass
class Emulated:
    """url: of the facade. rest: of the emulator. key: of the App."""

    url: str
    rest: str
    facade: Facade
    key: str

    def collector(self, ledger: Ledger) -> Collector:
        return Collector(self.url, ledger, given={"token": Secret(token("maintainer")), "page_size": 25})


@pytest.fixture(scope="module")
def emulated(packages: Path, schema: GraphQLSchema, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    key = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    with emulating(packages, tmp_path_factory.mktemp("emulated"), key) as rest:
        fill(rest)
        facade = Facade(schema, rest)
        with facing(facade) as url:
            yield Emulated(url, rest, facade, key)


@pytest.fixture(scope="module")
def collected(
    emulated: Emulated, tmp_path_factory: pytest.TempPathFactory, blank_sqlite: Path
) -> tuple[Collector, Counter[str]]:
    path = tmp_path_factory.mktemp("collected") / "ledger.db"
    path.write_bytes(blank_sqlite.read_bytes())
    collector = emulated.collector(Ledger(f"sqlite:///{path}", clock=Watch().now, entropy=os.urandom, actor="test"))
    emulated.facade.requests.clear()
    collector.run()
    return collector, Counter(emulated.facade.requests)


def test_everything_is_collected(emulated: Emulated, collected: tuple[Collector, Counter[str]]) -> None:
    kinds = Counter(row["kind"] for row in collected[0].evidence())
    pulls = [emulated.facade.pull(number) for number in range(1, PULLS + 1)]
    dismissed = sum(review["state"] == "DISMISSED" for pull in pulls for review in pull["reviews"])
    assert sum(len(pull["reviews"]) for pull in pulls) == REVIEWS
    assert dismissed > 0
    said = sum(len(thread["comments"]) for pull in pulls for thread in pull["reviewThreads"])
    assert kinds["change_request"] == PULLS
    assert kinds["review"] == REVIEWS - dismissed  # dismissed ones are there, withdrawn
    assert kinds["review_comment"] == said + sum(len(pull["comments"]) for pull in pulls)
    assert (kinds["issue"], kinds["release"]) == (ISSUES, RELEASES)


def test_250_pull_requests_take_few_requests(collected: tuple[Collector, Counter[str]]) -> None:
    requests = collected[1]
    assert set(requests) == {"POST /api/graphql"}
    assert requests["POST /api/graphql"] <= PULLS / 25 + 1 + 5 + 2  # pages, the top again, threads, issues and releases
    assert collected[0].watch.slept == 0


def test_every_fact_is_what_the_rest_api_says(emulated: Emulated, collected: tuple[Collector, Counter[str]]) -> None:
    changes = {row["measures"]["number"]: row for row in collected[0].evidence("change_request")}
    for one in all_of(f"{emulated.rest}/repos/acme/engine/pulls?state=all"):
        change = changes[one["number"]]
        measures = change["measures"]
        assert measures["merged"] == (one["merged_at"] is not None)
        assert measures["labels"] == sorted(label["name"] for label in one["labels"])
        assert measures["merge_oid"] == (one["merge_commit_sha"] if one["merged_at"] else None)
        assert measures["ai_assist"] == ("declared" if "Claude Code" in one["body"] else None)
        assert ["author", "127.0.0.1", str(one["user"]["id"])] in change["participations"]
        assert change["excerpt"] == one["title"]


def test_what_changes_afterwards_is_found_with_one_page(emulated: Emulated, ledger_at: Callable[[str], Ledger]) -> None:
    collector = emulated.collector(ledger_at("one"))
    collector.run()
    emulated.facade.requests.clear()
    assert collector.run() == 0
    assert emulated.facade.requests == ["POST /api/graphql"]


def test_repositories_of_an_organisation_are_listed(emulated: Emulated, ledger_at: Callable[[str], Ledger]) -> None:
    settings = emulated.collector(ledger_at("one")).settings()
    client = github.connect(settings, Bucket(Watch()))
    (found,) = github.repositories(client, "127.0.0.1", "acme")
    (named,) = github.repositories(client, "127.0.0.1", names=["acme/engine"])
    assert found == named
    assert (found.name, found.archived, found.empty, found.default_branch) == ("acme/engine", False, False, "main")


def test_an_app_reads_with_tokens_of_an_hour_that_may_only_read(
    emulated: Emulated, ledger_at: Callable[[str], Ledger]
) -> None:
    app = github.App(str(APP), INSTALLATION, PrivateKey(emulated.key))
    collector = Collector(emulated.url, ledger_at("one"), given={"token": app})
    client = github.connect(collector.settings(), Bucket(Watch()))
    (found,) = github.repositories(client, "127.0.0.1", names=["acme/engine"])
    assert found.name == "acme/engine"
    assert f"POST /api/v3/app/installations/{INSTALLATION}/access_tokens" in emulated.facade.requests
    held = next(iter(client.session._adapter._credential.secrets()))
    assert held.reveal().startswith("ghs_")
    assert held.reveal() not in repr(client) + repr(collector.settings())
    assert "PRIVATE KEY" not in repr(app)
    first = next(iter(github.collect(collector.settings(), None, now=LATE, client=client)))
    assert first.evidence
