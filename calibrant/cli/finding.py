"""Things a person names on the command line: by id, by the beginning of an id, or by what they are called."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from calibrant.cli.console import Session
from db.errors import Refusal
from db.records import Purpose, Source

__all__ = ["find_dispute", "find_identity", "find_run", "find_source", "find_target", "one_beginning", "short_ids"]

_SHORTEST = 8
"""Characters of an id that tables show at least."""

_ACCEPTED = 4
"""The fewest characters of an id that are taken for its beginning."""


def short_ids(ids: Iterable[str]) -> dict[str, str]:
    """Each id by its beginning: as long as it takes to tell all of them apart, and at least eight characters.

    >>> short_ids(["0123456789ab", "0123456789cd", "ffff00001111"])
    {'0123456789ab': '0123456789a', '0123456789cd': '0123456789c', 'ffff00001111': 'ffff0000111'}
    """
    unique = list(dict.fromkeys(ids))
    length = _SHORTEST
    while len({one[:length] for one in unique}) < len(unique):
        length += 1
    return {one: one[:length] for one in unique}


def find_identity(session: Session, text: str) -> str:
    """The opaque id of an identity given by its id, the beginning of it, its key, or PROVIDER/KEY as rosters write accounts. Raises Refusal."""
    frame = session.ledger.identities(known_at=session.now)
    wanted = text.removeprefix("identity:")
    whole = frame["provider"].astype(str) + "/" + frame["key"].astype(str)
    same = (frame["key"] == wanted) | (whole == wanted)
    alike = frame["key"].str.casefold().eq(wanted.casefold()) | whole.str.casefold().eq(wanted.casefold())
    exact = [str(one) for one in frame.loc[same if same.any() else alike, "identity"]]
    if len(exact) > 1:
        raise Refusal(
            "several providers have that key",
            where=text,
            remedy="give PROVIDER/KEY, or the id from `calibrant identities list`",
        )
    return (
        exact[0]
        if exact
        else one_beginning("identity", wanted, map(str, frame["identity"]), "calibrant identities list")
    )


def find_target(session: Session, person: str, text: str) -> str:
    """What a dispute is about: `identity:<id>`, or evidence; the beginning of an id will do for evidence that the person's
    latest results cite. Raises Refusal."""
    if text.startswith("identity:"):
        return f"identity:{find_identity(session, text)}"
    ledger = session.ledger
    who = ledger.person_id(person)
    latest = [run for run in (ledger.latest_run(purpose) for purpose in Purpose) if run is not None]
    cited = {str(one) for run in latest for one in ledger.cited(run.id, who)["evidence"]}
    found = _matching(text, cited)
    return found[0] if len(found) == 1 else text


def find_run(session: Session, text: str) -> str:
    """The id of a stored run given by the beginning of it. Raises Refusal naming the latest."""
    ids = [run.id for run in session.ledger.runs()]
    found = _matching(text, ids)
    if len(found) == 1:
        return found[0]
    short = short_ids(ids)
    held = [run for run in (session.ledger.latest_run(purpose) for purpose in Purpose) if run is not None]
    latest = ", ".join(f"{run.purpose.value} {short[run.id]}" for run in held) or "none yet"
    problem = "several ids of a run begin like that" if found else "no such run"
    raise Refusal(problem, where=text, remedy=f"the latest are {latest}")


def find_dispute(session: Session, text: str) -> str:
    """The id of a dispute given by the beginning of it. Raises Refusal."""
    return one_beginning("dispute", text, (one.id for one in session.ledger.disputes()), "calibrant disputes")


def find_source(session: Session, text: str) -> Source:
    """A source given by its name, its id or the beginning of it. Raises Refusal naming those there are."""
    held = {status.source.id: status.source for status in session.ledger.sources()}
    named = [source for source in held.values() if source.name == text]
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(f"{source.kind} {source.id}" for source in named)
        raise Refusal("several sources have that name", where=text, remedy=f"give the id: {ids}")
    matching = _matching(text, held)
    if len(matching) == 1:
        return held[matching[0]]
    known = ", ".join(sorted({source.name for source in held.values()})) or "none yet"
    raise Refusal("no such source", where=text, remedy=f"known: {known}")


def one_beginning(what: str, text: str, ids: Iterable[str], shown_by: str) -> str:
    """The one id that is, or begins with, the text. Raises Refusal naming the command that shows them."""
    found = _matching(text, set(ids))
    if len(found) == 1:
        return found[0]
    problem = f"several ids of a {what} begin like that" if found else f"no such {what}"
    raise Refusal(problem, where=text, remedy=f"`{shown_by}` shows them")


def _matching(text: str, ids: Collection[str]) -> list[str]:
    if text in ids:
        return [text]
    return sorted(one for one in ids if len(text) >= _ACCEPTED and one.startswith(text))
