"""A token reaches the configured host and nobody else, and nothing shows it."""

from __future__ import annotations

import copy
import gzip
import json
import logging
import os
import pickle
import subprocess
import sys
import traceback
from contextlib import suppress
from pathlib import Path

import gitlab
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import HTTPConnectionPool

from collectors.forge_failure import ConnectionLost, ForeignHost, HttpFailure, TooLarge
from collectors.forge_secret import Secret, scrub
from collectors.forge_session import GuardedSession, TokenCredential, guarded_session
from collectors.github_requester import client, requester
from db.errors import Refusal
from tests.collectors.forge import leak_probe
from tests.collectors.forge.servers import Answer, Asked, json_answer, serving

TOKEN = "ghp_DoNotShowThisToken0123456789abcd"
ROOT = Path(__file__).parents[3]


def session(url: str, **options: object) -> GuardedSession:
    return guarded_session(url, TokenCredential(Secret(TOKEN)), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("optimised", [False, True])
def test_no_client_asks_another_host_for_anything(optimised: bool) -> None:
    program = [sys.executable, *(["-O"] if optimised else []), leak_probe.__file__]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(program, capture_output=True, text=True, check=True, env=environment)
    found = json.loads(done.stdout)
    assert found["asserts"] is not optimised
    for name, case in found["guarded"].items():
        assert case == {"raised": "ForeignHost", "asked": 0, "leaked": False}, name
    alone = {name: case["leaked"] for name, case in found["alone"].items()}
    assert alone.pop("github link") is optimised  # PyGithub's check is an assert
    assert all(alone.values())  # else the probe could not find a leak


def test_redirects_on_the_host_are_followed_with_the_token() -> None:
    def reply(asked: Asked) -> Answer:
        if asked.path.startswith("/repos/old"):
            return 301, [("Location", "/repositories/7")], b""
        return json_answer(b'{"id": 7, "full_name": "new/name", "url": "/repositories/7"}')

    with serving(reply) as forge:
        assert client(session(forge.url)).withLazy(False).get_repo("old/name").full_name == "new/name"
        assert [asked.headers["Authorization"] for asked in forge.asked] == [f"Bearer {TOKEN}"] * 2


def test_endless_redirects_end() -> None:
    with serving(lambda _: (302, [("Location", "/again")], b"")) as forge:
        with pytest.raises(ConnectionLost, match="more than 5 redirects"):
            session(forge.url).get(f"{forge.url}/x")
        assert len(forge.asked) == 6


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://127.0.0.1:1/",
        "http://127.0.0.1:{port}@127.0.0.2/",
        "http://127.0.0.1.:{port}/",
        "ftp://127.0.0.1:{port}/",
        "//127.0.0.2/",
        "http://[::1]:{port}/",
        "http://127.0.0.1:{port}:{port}/",
        "nonsense",
    ],
)
def test_scheme_host_and_port_are_all_held_to(url: str) -> None:
    with serving(lambda _: json_answer(b"{}")) as forge:
        with pytest.raises(ForeignHost):
            session(forge.url).get(url.format(port=forge.port))
        assert not forge.asked


_WORDS = (
    "http https HTTP // %2f %40 127.0.0.1 127.0.0.2 localhost 0x7f.1 2130706433 evil.example.org [::1] 80 8080 .. ⓔvil"
)
_PIECES = st.sampled_from([*_WORDS.split(), *"\\@#?/:.a \t\n\0。"])


@given(pieces=st.lists(_PIECES, min_size=1, max_size=12))
def test_whatever_an_address_looks_like_only_the_forge_is_called(pieces: list[str]) -> None:
    called: list[tuple[str, int | None]] = []

    def call(pool: HTTPConnectionPool, *_: object, **__: object) -> None:
        called.append((pool.host, pool.port))
        raise requests.exceptions.ConnectionError("not in a test")

    asking = session("http://127.0.0.1:8080")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HTTPConnectionPool, "urlopen", call)
        for url in ("".join(pieces), "http://127.0.0.1:8080" + "".join(pieces), "http://" + "".join(pieces)):
            with suppress(ForeignHost, ConnectionLost):
                asking.get(url)
    assert set(called) <= {("127.0.0.1", 8080)}


@pytest.mark.parametrize(
    "url",
    ["http://forge.example.org", "https://169.254.169.254", "https://[fe80::1]", "https://0.0.0.0", "https://ada:x@h"],
)
def test_addresses_that_cannot_be_a_forges_are_refused(url: str) -> None:
    with pytest.raises(Refusal) as refused:
        session(url)
    assert "ada" not in str(refused.value)


@pytest.mark.parametrize(
    "host",
    [
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "169.254.169.254.",
        "[::ffff:169.254.169.254]",
        "[::169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
        "[fe80::1%25eth0]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "0",
        "[::]",
        "224.0.0.1",
        "metadata.google.internal",
        "METADATA.google.internal.",
        "１６９.254.169.254",
    ],
)
def test_where_clouds_keep_credentials_is_refused_in_any_spelling(host: str) -> None:
    with pytest.raises(Refusal):
        session(f"https://{host}", plain_http=True)


@pytest.mark.parametrize("host", ["10.1.2.3", "192.168.0.9", "[fd12::1]", "[::1]", "[::ffff:127.0.0.1]", "git.corp"])
def test_forges_of_ones_own_network_are_allowed(host: str) -> None:
    assert session(f"https://{host}").origin.host == host.strip("[]")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_leads_where_no_forge_can_be_is_sent_nothing(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setattr("collectors.forge_adapter.is_no_forge", lambda address: address == "127.0.0.1")
    with serving(lambda _: json_answer(b"{}")) as forge:
        asking = session(f"{scheme}://localhost:{forge.port}")
        with pytest.raises(Refusal, match=r"leads to 127\.0\.0\.1") as refused:
            asking.get(f"{asking.base_url}/x")
        assert not forge.asked
    assert TOKEN not in str(refused.value)


def test_plain_http_beyond_this_machine_needs_to_be_said() -> None:
    assert session("http://forge.example.org", plain_http=True).origin.port == 80


def test_the_environment_takes_no_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ada password fromnetrc\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.2:9")
    with serving(lambda _: json_answer(b"{}", ("Set-Cookie", "a=b"))) as forge:
        asking = guarded_session(forge.url)
        asking.get(f"{forge.url}/x")
        asking.get(f"{forge.url}/x")
        assert all({"Authorization", "Cookie"}.isdisjoint(asked.headers) for asked in forge.asked)


def test_tls_is_verified_whatever_a_client_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def send(*_: object, verify: object, **__: object) -> requests.Response:
        asked.append(verify)
        raise requests.exceptions.SSLError("self-signed")

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", send)
    for bundle in (None, "authority.pem"):
        guarded = session("https://forge.example.org", ca_bundle=bundle)
        with pytest.raises(Refusal, match="not trusted"):
            gitlab.Gitlab(guarded.base_url, session=guarded, ssl_verify=False).http_get("/x")
    assert asked == [True, "authority.pem"]


def test_a_small_answer_that_unpacks_to_much_is_stopped() -> None:
    packed = gzip.compress(bytes(30 << 20))
    with serving(lambda _: json_answer(packed, ("Content-Encoding", "gzip"))) as forge:
        asking = session(forge.url, max_bytes=1_000_000)
        with pytest.raises(TooLarge, match="larger than 1,000,000 bytes"):
            asking.get(f"{forge.url}/x")
    assert len(packed) < 100_000


@pytest.mark.parametrize("sent", [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,", b"", b"HTTP/1.1 2"])
def test_an_answer_cut_short_is_no_answer(sent: bytes) -> None:
    with serving(lambda _: sent) as forge, pytest.raises(ConnectionLost):
        session(forge.url).get(f"{forge.url}/x")


def test_a_trickle_is_given_up() -> None:
    def trickle(_: Asked) -> Answer:
        return json_answer(b" " * 500_000)

    with serving(trickle) as forge, pytest.raises(ConnectionLost, match="not whole after"):
        session(forge.url, patience=-1.0).get(f"{forge.url}/x")


def test_connections_are_kept() -> None:
    with serving(lambda _: json_answer(b"{}")) as forge:
        asking = session(forge.url)
        for _ in range(3):
            requester(asking).requestJsonAndCheck("GET", "/x")
        assert asking.answers == 3
        assert len({asked.line for asked in forge.asked}) == 1


def test_failures_keep_what_the_forge_said_and_lose_the_token() -> None:
    said = json.dumps({"message": f"bad\x1b[31m {TOKEN}\n"}).encode()
    path = "/x?private_token=" + "glpat" + "-0123456789abcdef"
    with serving(lambda _: json_answer(said, ("Retry-After", "7"), ("X-Echo", TOKEN), status=403)) as forge:
        asking = requester(session(forge.url))
        with pytest.raises(HttpFailure) as failed:
            asking.requestJsonAndCheck("GET", path)
    failure = failed.value
    assert (failure.status, failure.headers["retry-after"]) == (403, "7")
    assert failure.message == "bad\\x1b[31m [hidden]"
    shown = f"{failure} {failure!r} {vars(failure)} {''.join(traceback.format_exception(failure))}"
    assert TOKEN not in shown
    assert path[-16:] not in shown


@pytest.mark.parametrize("reply", [json_answer(b"{}", status=502), b"", json_answer(b"no json")])
def test_nothing_that_is_raised_knows_the_token(reply: Answer | bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(lambda _: reply) as forge:
        for call in (
            lambda: requester(session(forge.url)).requestJsonAndCheck("GET", "/x"),
            lambda: gitlab.Gitlab(forge.url, session=session(forge.url)).projects.list(get_all=True),
        ):
            try:
                call()
            except Exception as error:  # noqa: BLE001
                chain = [error, error.__context__, error.__cause__]
                for link in filter(None, chain):
                    assert TOKEN not in f"{link} {link!r} {vars(link)} {''.join(traceback.format_exception(link))}"
                    held = getattr(link, "request", None)
                    assert held is None or TOKEN not in str(held.headers)
        assert forge.saw(TOKEN)
    assert caplog.text
    assert TOKEN not in caplog.text


def test_an_answer_does_not_carry_the_request_with_its_token() -> None:
    with serving(lambda _: json_answer(b"{}")) as forge:
        answer = session(forge.url).get(f"{forge.url}/x")
    assert TOKEN not in str(answer.request.headers)


def test_a_secret_hides_itself() -> None:
    secret = Secret(f" {TOKEN}\n")
    assert secret.reveal() == TOKEN
    credential = TokenCredential(secret)
    for shown in (repr(secret), str(secret), f"{secret:>40}", f"{[secret]}", repr(credential)):
        assert TOKEN not in shown
    assert copy.deepcopy(secret) is secret
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="never written down"):
            pickle.dumps(secret, protocol)
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert TOKEN not in repr(session("https://forge.example.org"))


@pytest.mark.parametrize("value", ["", "  ", "abc", "two words", "naïve-token", "with\nnewline"])
def test_what_is_no_token_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(Refusal) as refused:
        Secret(value)
    assert not value.strip() or value.strip() not in str(refused.value)


@pytest.mark.parametrize(
    "leak",
    [
        "github_pat_11ABCDEFG0123456789_abcdefghijklmnop",
        "ghs_0123456789abcdefghijklmnopqrstuvwxyz",
        "glpat-0123456789abcdefghij",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0In0.c2lnbmF0dXJl",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_texts_lose_whatever_looks_like_a_token(leak: str) -> None:
    assert scrub(f"see {leak} there") == "see [hidden] there"


def test_texts_lose_headers_and_logins_but_not_words() -> None:
    assert scrub("{'PRIVATE-TOKEN': 'abc', 'Accept': 'x'}") == "{'PRIVATE-TOKEN': '[hidden]', 'Accept': 'x'}"
    assert scrub("https://h/x?private_token=abc&page=2") == "https://h/x?private_token=[hidden]&page=2"
    assert scrub("the bearer of bad news; token bucket") == "the bearer of bad news; token bucket"
