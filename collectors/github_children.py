"""What a page of change requests cuts off: more reviews and comments, and threads with theirs. Many change requests in one request.

Requests are packed by what GitHub charges for (connections) and by how many rows are expected to come. A pack that fails is
halved until single questions fail; a question that keeps failing leaves its change request incomplete, and no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from collectors.forge_failure import Gone, OutOfTries, PageFailed, QueryFailure
from collectors.github_client import Answer, Client
from collectors.github_parse import MALFORMED
from collectors.github_query import Ask, Connection, children

__all__ = ["complete"]

_CALLS: Final = 150
_ROWS: Final = 1_000
_ASKS: Final = 50
_ROUNDS: Final = 4
"""How often a question is asked that comes back with an error of its own."""
_PAGES: Final = 500
"""Most pages of one connection: what goes on longer is no change request."""
_ORDER: Final[dict[Connection, int]] = {"reviews": 0, "comments": 1, "reviewThreads": 2, "threadComments": 3}


@dataclass
class _Open:
    """A connection still to be read on. rows: where its rows go; change: the change request that waits for it."""

    ask: Ask
    rows: list[Any]
    change: str
    pages: int = 0
    tries: int = 0

    @property
    def of_thread(self) -> bool:
        """Threads are asked for apart: only where there are any, and counted so."""
        return self.ask.connection in ("reviewThreads", "threadComments")


@dataclass
class _Work:
    """open: what is left to ask. failed: change requests that stay incomplete."""

    client: Client
    open: list[_Open] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)


def complete(client: Client, changes: Sequence[dict[str, Any]]) -> set[str]:
    """Reads on, in place, whatever the nodes of change requests do not hold yet; node ids of those that stayed incomplete.

    Raises Incomplete where the forge asks for a longer wait than allowed, Refusal where asking is no use.
    """
    work = _Work(client)
    for change in changes:
        try:
            work.open += _opened(change)
        except MALFORMED:
            work.failed.add(str(change.get("id")))
    while work.open:
        pack = _pack(work)
        if pack[0].tries:
            client.bucket.wait(2.0 ** (pack[0].tries - 1), "the forge failed; trying again")
        _ask(work, pack)
    return work.failed


def _opened(change: dict[str, Any]) -> Iterator[_Open]:
    for name in ("reviews", "comments"):
        yield from _rest(change[name], change["id"], name, change["id"], change[name]["nodes"])
    total = change["reviewThreads"]["totalCount"]
    threads: list[Any] = []
    change["reviewThreads"] = {"nodes": threads}
    if total:
        yield _Open(Ask(change["id"], "reviewThreads", None, total), threads, change["id"])


def _rest(
    connection: dict[str, Any], node: str, name: Connection, change: str, rows: list[Any], pages: int = 0
) -> Iterator[_Open]:
    """What is left of a connection."""
    page = connection["pageInfo"]
    if page["hasNextPage"]:
        left = connection["totalCount"] - len(rows)
        yield _Open(Ask(node, name, page["endCursor"], left), rows, change, pages)


def _pack(work: _Work) -> list[_Open]:
    """Takes the next questions, reviews first, as many as one request may hold."""
    calls = rows = 0
    pack: list[_Open] = []
    rest: list[_Open] = []
    for one in sorted(work.open, key=lambda one: _ORDER[one.ask.connection]):
        fits = not pack or (
            one.of_thread == pack[0].of_thread
            and len(pack) < _ASKS
            and calls + one.ask.calls <= _CALLS
            and rows + one.ask.first <= _ROWS
        )
        (pack if fits else rest).append(one)
        calls, rows = (calls + one.ask.calls, rows + one.ask.first) if fits else (calls, rows)
    work.open = rest
    return pack


def _operation(pack: list[_Open]) -> str:
    """What the request is called, for whoever counts them."""
    if pack[0].of_thread:
        return "Threads"
    return "Reviews" if any(one.ask.connection == "reviews" for one in pack) else "Comments"


def _ask(work: _Work, pack: list[_Open]) -> None:
    document, variables = children([one.ask for one in pack], _operation(pack))
    try:
        answer = work.client.query(document, variables, divisible=len(pack) > 1)
    except PageFailed:
        _ask(work, pack[: len(pack) // 2])
        _ask(work, pack[len(pack) // 2 :])
    except (OutOfTries, QueryFailure, Gone):
        work.failed.update(one.change for one in pack)
    else:
        _take(work, pack, answer)


def _take(work: _Work, pack: list[_Open], answer: Answer) -> None:
    spoilt = answer.failed_under() | {path[0] for path in answer.gone if path}
    for i, one in enumerate(pack):
        if one.change in work.failed:
            continue
        try:
            found = None if f"n{i}" in spoilt else _connection(answer.data[f"n{i}"], one.ask.connection)
            follows = list(_follow(one, found)) if found else []
        except MALFORMED:
            found = None
        if found is not None:
            one.rows += found["nodes"]
            work.open += follows
        elif one.tries + 1 < _ROUNDS:
            work.open.append(_Open(one.ask, one.rows, one.change, one.pages, one.tries + 1))
        else:
            work.failed.add(one.change)


def _connection(node: Any, name: Connection) -> dict[str, Any]:
    found: dict[str, Any] = node["comments" if name == "threadComments" else name]
    return found


def _follow(one: _Open, found: dict[str, Any]) -> Iterator[_Open]:
    """What an answer opens in its turn. Raises ValueError where it leads nowhere."""
    page = found["pageInfo"]
    if page["hasNextPage"] and (one.pages >= _PAGES or not found["nodes"] or page["endCursor"] == one.ask.after):
        raise ValueError("the list does not get on")
    held = one.rows + found["nodes"]
    yield from (
        _Open(rest.ask, one.rows, one.change, one.pages + 1)
        for rest in _rest(found, one.ask.node, one.ask.connection, one.change, held)
    )
    if one.ask.connection == "reviewThreads":
        for thread in found["nodes"]:
            comments = thread["comments"]
            yield from _rest(comments, thread["id"], "threadComments", one.change, comments["nodes"])
