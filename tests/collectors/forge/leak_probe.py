"""Every known way of getting a client to hand its token to another host, tried; prints what came of it as JSON.

Run by the tests here as it is and under `python -O`, where asserts are gone. Also tried: the same with the clients alone, so that
the probe is known to be able to find a leak.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable

import github
import gitlab
import requests
from github.PaginatedList import PaginatedList
from github.Repository import Repository

from collectors.forge_secret import Secret
from collectors.forge_session import GuardedSession, TokenCredential, guarded_session
from collectors.github_requester import client, requester
from tests.collectors.forge.servers import Answer, Asked, Server, json_answer, serving

TOKEN = "glpat-DoNotShowThisToken0123"


def _forge(other: Server) -> Callable[[Asked], Answer]:
    """A forge that sends its callers elsewhere in every way there is."""

    def reply(asked: Asked) -> Answer:
        away = f"{other.url}{asked.path}"
        if "redirect" in asked.path:
            return int(asked.path.split("redirect-")[1][:3]), [("Location", away)], b""
        if "page=2" in asked.path:
            return json_answer(b'[{"id": 2}]')
        if "payload" in asked.path:
            return json_answer(json.dumps({"id": 1, "full_name": "o/r", "url": away, "pulls_url": away}).encode())
        query = "&" if "?" in asked.path else "?"
        return json_answer(b'[{"id": 1, "full_name": "o/r"}]', ("Link", f'<{away}{query}page=2>; rel="next"'))

    return reply


def _session(url: str) -> GuardedSession:
    return guarded_session(url, TokenCredential(Secret(TOKEN)))


def _gitlab(url: str, **options: object) -> gitlab.Gitlab:
    return gitlab.Gitlab(url, session=_session(url), **options)  # type: ignore[arg-type]


CASES: dict[str, Callable[[str], object]] = {
    **{
        f"gitlab redirect {status}": lambda url, status=status: _gitlab(url).http_get(f"/redirect-{status}")  # type: ignore[misc]
        for status in (301, 302, 303, 307, 308)
    },
    "gitlab post redirect 307": lambda url: _gitlab(url).http_post("/redirect-307"),
    "gitlab link": lambda url: _gitlab(url).projects.list(get_all=True),
    "gitlab link, private token given": lambda url: _gitlab(url, private_token=TOKEN).projects.list(get_all=True),
    "gitlab link, oauth token given": lambda url: _gitlab(url, oauth_token=TOKEN).projects.list(get_all=True),
    "gitlab redirect, private token given": lambda url: _gitlab(url, private_token=TOKEN).http_get("/redirect-302"),
    "gitlab redirect, oauth token given": lambda url: _gitlab(url, oauth_token=TOKEN).http_get("/redirect-302"),
    **{
        f"github redirect {status}": lambda url, status=status: requester(_session(url)).requestJsonAndCheck(  # type: ignore[misc]
            "GET", f"/redirect-{status}"
        )
        for status in (301, 302, 303, 307, 308)
    },
    "github link": lambda url: list(client(_session(url)).get_user().get_repos()),
    "github link, list by hand": lambda url: list(PaginatedList(Repository, requester(_session(url)), "/repos", {})),
    "github link, lazy copy": lambda url: list(client(_session(url)).withLazy(False).get_user().get_repos()),
    "github payload": lambda url: client(_session(url)).withLazy(False).get_repo("payload/r").get_pull(1),
    "github download": lambda url: requester(_session(url)).getStream("/redirect-302"),
    "plain request": lambda url: _session(url).get(f"{url}/redirect-302"),
    "userinfo": lambda url: _session(url).get(url.replace("://", "://ada:secret@") + "/x"),
}

ALONE: dict[str, Callable[[str], object]] = {
    "gitlab redirect, private token given": lambda url: gitlab.Gitlab(url, private_token=TOKEN).http_get(
        "/redirect-302"
    ),
    "gitlab link, oauth token given": lambda url: gitlab.Gitlab(url, oauth_token=TOKEN).projects.list(get_all=True),
    "github link": lambda url: list(
        github.Github(base_url=url, auth=github.Auth.Token(TOKEN), retry=None).get_user().get_repos()
    ),
}


def tried(cases: dict[str, Callable[[str], object]]) -> dict[str, dict[str, object]]:
    """Per case: what was raised, how often the other host was asked, and whether it saw the token."""
    found: dict[str, dict[str, object]] = {}
    for name, case in cases.items():
        with serving(lambda _: json_answer(b"[]"), "127.0.0.2") as other, serving(_forge(other)) as forge:
            try:
                case(forge.url)
                raised = ""
            except Exception as error:  # noqa: BLE001
                raised = type(error).__name__
            found[name] = {"raised": raised, "asked": len(other.asked), "leaked": other.saw(TOKEN)}
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    json.dump({"asserts": __debug__, "guarded": tried(CASES), "alone": tried(ALONE)}, sys.stdout)
    requests.Session().close()
