"""What goes wrong with GitHub, as functions for `github_server.Fault`: each changes a good reply, or makes another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.github_server import PRIMARY, SECONDARY, TIMEOUT, GitHub, Reply

Apply = Callable[[GitHub, Reply], Reply | None]


def drop(_: GitHub, reply: Reply) -> None:
    """The connection ends before an answer."""
    reply.drop = True


def cut(_: GitHub, reply: Reply) -> None:
    """The connection ends in the middle of the answer."""
    reply.cut = True


def truncated(_: GitHub, reply: Reply) -> Reply:
    """Half of the JSON, called whole."""
    import json

    content = json.dumps(reply.body).encode()
    return Reply(reply.status, reply.headers, content[: len(content) // 2])


def status(code: int, message: str, **headers: str) -> Apply:
    """Another status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _, reply: Reply(code, reply.headers | named, {"message": message})


bad_gateway = status(502, "Server Error")
gateway_timeout = status(504, "We couldn't respond to your request in time.")
secondary = status(403, SECONDARY)
secondary_after = status(403, SECONDARY, Retry_After="30")
too_many = status(429, SECONDARY)
too_many_after = status(429, SECONDARY, Retry_After="30")


def primary(github: GitHub, reply: Reply) -> Reply:
    """The hour's quota is spent."""
    spent = {"X-RateLimit-Remaining": "0"}
    return Reply(403, reply.headers | spent, {"message": PRIMARY})


def primary_429(github: GitHub, reply: Reply) -> Reply:
    return Reply(429, reply.headers | {"X-RateLimit-Remaining": "0"}, {"message": PRIMARY})


def rate_limited(_: GitHub, reply: Reply) -> Reply:
    """GraphQL's own way to say so: 200, and no data."""
    error = {"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}
    return Reply(200, reply.headers | {"X-RateLimit-Remaining": "0"}, {"errors": [error]})


def errors(_: GitHub, reply: Reply) -> Reply:
    """200, errors, no data: a time-out inside."""
    return Reply(200, reply.headers, {"data": None, "errors": [{"message": TIMEOUT}]})


def hole(_: GitHub, reply: Reply) -> Reply:
    """One row of a good answer is missing, and an error says which."""
    return _without(reply, lambda nodes, index: nodes.__setitem__(index, None), ())


def childless(_: GitHub, reply: Reply) -> Reply:
    """The reviews of one row are missing, and an error says so."""
    return _without(reply, lambda nodes, index: nodes[index].__setitem__("reviews", None), ("reviews",))


def _without(reply: Reply, spoil: Callable[[list[Any], int], None], rest: tuple[str, ...]) -> Reply:
    data = reply.body["data"]
    page = (data.get("repository") or {}).get("pullRequests") or {}
    nodes, path = page.get("nodes"), ["repository", "pullRequests", "nodes"]
    if nodes:
        spoil(nodes, len(nodes) // 2)
        path = [*path, len(nodes) // 2, *rest]
    else:
        alias = next((name for name in data if name.startswith("n")), None)
        if alias is None:
            return reply
        data[alias], path = None, [alias]
    reply.body["errors"] = [{"message": "Something went wrong.", "path": path, "type": "SERVICE_UNAVAILABLE"}]
    return reply


def elsewhere(url: str) -> Apply:
    """A redirect to another host."""
    return lambda _, reply: Reply(302, reply.headers | {"Location": url}, {})


def linked_elsewhere(url: str) -> Apply:
    """The next page of a list is said to be on another host."""
    return lambda _, reply: Reply(200, reply.headers | {"Link": f'<{url}>; rel="next"'}, reply.body)


def touch(number: int) -> Apply:
    """Somebody reviews a change request right after this answer, which moves it to the top of the list."""

    def apply(github: GitHub, _: Reply) -> None:
        github.rows.people.touch(number)

    return apply


if __name__ == "__main__":
    print(f"{__doc__}\nA part of `python benchmarks/collect_forge.py`: run that.")
