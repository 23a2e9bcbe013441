"""What all repositories of one forge share: the token of an App, and the way through a proxy."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from calibrant.forges import ForgeSite
from calibrant.source_settings import ForgeSource
from collectors.forge_limits import Bucket, SystemClock
from collectors.forge_records import Repository
from collectors.github_app import App, PrivateKey
from tests.collectors.forge.servers import json_answer, serving

WEB = "http://forge.example.org"


def test_an_app_clones_through_the_proxy_with_one_token_for_all_repositories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("github.Auth.AppAuth.token", "signed")
    key = PrivateKey("-----BEGIN RSA PRIVATE KEY-----\n")
    answer = json_answer(json.dumps({"token": "ghs_one"}).encode(), status=201)
    with serving(lambda _: answer) as proxy:
        spec = ForgeSource.model_validate(
            {
                "kind": "github",
                "organisation": "acme",
                "base_url": WEB,
                "plain_http": True,
                "proxy": proxy.url,
                "token": {"env": "X"},
            }
        )
        site = ForgeSite(spec, App("1", 2, key), tmp_path, Bucket(SystemClock()))
        met = threading.Barrier(4)

        def token(number: int) -> str:
            repository = Repository(
                f"k{number}", f"acme/r{number}", False, False, True, "main", f"{WEB}/acme/r{number}.git", False
            )
            mirror = site._mirror(repository, repository.name)
            met.wait()
            assert mirror is not None
            assert mirror.token is not None
            return mirror.token().reveal()

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(token, range(4))) == ["ghs_one"] * 4
    assert [(asked.method, asked.path) for asked in proxy.asked] == [
        ("POST", f"{WEB}:80/api/v3/app/installations/2/access_tokens")
    ]
