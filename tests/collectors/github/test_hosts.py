"""No request follows a foreign host, and the token goes nowhere else: not by redirects, links, addresses in payloads, or errors."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks import github_faults as faults
from benchmarks.github_server import Fault, GitHub, Reply, serving
from collectors import github
from collectors.forge_failure import ForeignHost
from collectors.forge_limits import Bucket
from db.errors import Refusal
from db.ledger import Ledger
from tests.collectors.github.conftest import Expected
from tests.collectors.github.running import TOKEN, Collector, Watch, made_up


def test_a_redirect_elsewhere_at_any_request_is_refused_and_what_came_before_is_kept(
    faultless: Expected, ledger_at: Callable[[str], Ledger]
) -> None:
    expected, log = faultless(14, page_size=6)
    stranger = made_up(changes=14)
    with serving(stranger, "127.0.0.2") as elsewhere:
        for at in range(1, len(log) + 1):
            server = made_up(Fault(faults.elsewhere(f"{elsewhere}/api/graphql"), at), changes=14)
            with serving(server) as url:
                collector = Collector(url, ledger_at(f"at-{at}"), given={"page_size": 6})
                with pytest.raises(ForeignHost, match=r"127\.0\.0\.2.*if the forge has moved"):
                    collector.run()
                collector.run()
                assert collector.exported() == expected
                assert server.tokens == {f"Bearer {TOKEN}"}
    assert not stranger.hosts


def test_a_link_to_the_next_page_elsewhere_is_refused() -> None:
    stranger = made_up()
    with serving(stranger, "127.0.0.2") as elsewhere:
        lead = faults.linked_elsewhere(f"{elsewhere}/orgs/acme/repos?page=2")
        server = made_up(Fault(lead, path="/orgs/acme/repos"))
        with serving(server) as url:
            settings = Collector(url, None).settings()  # type: ignore[arg-type]
            client = github.connect(settings, Bucket(Watch()))
            listing = github.repositories(client, "127.0.0.1", "acme")
            with pytest.raises(ForeignHost, match=r"127\.0\.0\.2"):
                list(listing)
    assert not stranger.hosts


def test_a_redirect_on_the_same_host_is_followed_for_repositories_that_moved() -> None:
    def moved(_: GitHub, reply: Reply) -> Reply:
        return Reply(
            301, reply.headers | {"Location": "{base}/api/v3/repos/acme/engine"}, {"message": "Moved Permanently"}
        )

    server = made_up(Fault(moved, path="/repos/acme/motor"))
    with serving(server) as url:
        settings = Collector(url, None).settings()  # type: ignore[arg-type]
        client = github.connect(settings, Bucket(Watch()))
        (found,) = github.repositories(client, "127.0.0.1", names=["acme/motor"])
    assert (found.key, found.name) == ("127.0.0.1:R_engine", "acme/engine")


@pytest.mark.parametrize(
    "apply", [faults.status(401, f"Bad credentials {TOKEN}"), faults.status(403, f"Resource not accessible by {TOKEN}")]
)
def test_what_a_server_repeats_of_the_token_is_not_shown(
    apply: faults.Apply, ledger_at: Callable[[str], Ledger]
) -> None:
    server = made_up(Fault(apply))
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"))
        with pytest.raises(Refusal) as caught:
            collector.run()
    assert TOKEN not in f"{caught.value!r} {caught.value}"
    assert "read" in str(caught.value)


def test_nothing_shows_the_token(ledger_at: Callable[[str], Ledger]) -> None:
    server = made_up(changes=5)
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"))
        collector.run()
        settings = collector.settings()
        client = github.connect(settings, Bucket(Watch()))
    assert TOKEN not in f"{settings!r}{client!r}{client.session!r}{collector.cursor()!r}"
    assert TOKEN.encode() not in collector.exported()


@pytest.mark.parametrize("scopes", ["repo", "read:org, public_repo", "admin:org"])
def test_a_classic_token_that_may_write_is_refused_at_the_first_answer(
    scopes: str, ledger_at: Callable[[str], Ledger]
) -> None:
    server = made_up(changes=5, scopes=scopes)
    with serving(server) as url:
        collector = Collector(url, ledger_at("one"))
        with pytest.raises(Refusal, match=r"may do more than read.*fine-grained token"):
            collector.run()
        assert collector.cursor() is None
        Collector(url, ledger_at("two"), given={"may_write": True}).run()


@pytest.mark.parametrize("scopes", ["", "read:org", "read:org, read:user"])
def test_a_token_that_may_only_read_is_taken(scopes: str, ledger_at: Callable[[str], Ledger]) -> None:
    server = made_up(changes=5, scopes=scopes)
    with serving(server) as url:
        assert Collector(url, ledger_at("one")).run() > 5


@pytest.mark.parametrize(
    ("given", "api", "host"),
    [
        ("https://api.github.com", "https://api.github.com", "github.com"),
        ("https://github.com/", "https://api.github.com", "github.com"),
        ("https://git.example.org", "https://git.example.org/api/v3", "git.example.org"),
        ("https://git.example.org/api/v3/", "https://git.example.org/api/v3", "git.example.org"),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com", "acme.ghe.com"),
    ],
)
def test_addresses_as_people_give_them_lead_to_the_api(given: str, api: str, host: str) -> None:
    assert (github.api(given), github.host(given)) == (api, host)


def test_plain_http_beyond_this_machine_is_refused() -> None:
    settings = Collector("http://git.example.org", None).settings()  # type: ignore[arg-type]
    with pytest.raises(Refusal, match="must not travel unencrypted"):
        github.connect(settings, Bucket(Watch()))
