"""`identities accept|reject|claim|merge|split`: what people decide about whose an identity is."""

from __future__ import annotations

from typing import Annotated

import typer

from calibrant.cli.console import Session, command
from calibrant.cli.finding import find_identity, one_beginning
from calibrant.resolving import suggestions
from calibrant.suggestions import Suggestion
from db.errors import Refusal
from db.records import LinkBasis, LinkState

__all__ = ["register"]

Who = Annotated[
    str,
    typer.Argument(help="The identity: its id or the beginning of it, or its key (an e-mail address or account id)."),
]
Person = Annotated[str, typer.Argument(help="The person's HR id.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the link.")]
Offered = Annotated[
    list[str], typer.Argument(metavar="SUGGESTION...", help="Ids from `identities suggest`, or the beginnings of them.")
]


def register(group: typer.Typer) -> None:
    """Adds the commands to the group."""
    _register_answers(group)
    _register_links(group)


def _register_answers(group: typer.Typer) -> None:
    @command(group, "accept")
    def accept(session: Session, suggestion: Offered, reason: Reason = "") -> None:
        """Accept suggestions: each identity is the person's from now on. Undo with `identities split`."""
        _settle(session, suggestion, LinkState.LINKED, reason or "accepted")

    @command(group, "reject")
    def reject(session: Session, suggestion: Offered, reason: Reason = "") -> None:
        """Reject suggestions: they are not offered again, and no rule links the two."""
        _settle(session, suggestion, LinkState.REJECTED, reason or "rejected")

    @command(group, "claim")
    def claim(session: Session, identity: Who, person: Person, reason: Reason = "says that it is theirs") -> None:
        """Keep a person's word that an identity is theirs: a sign for `identities suggest`, no link until it is accepted."""
        found = find_identity(session, identity)
        frame = session.ledger.identities(known_at=session.now).set_index("identity")
        if isinstance(frame.at[found, "person"], str):
            remedy = "if it is wrong, contest it: calibrant dispute"
            raise Refusal("the identity is already somebody's", where=identity, remedy=remedy)
        session.ledger.link(found, person, basis=LinkBasis.SUGGESTED, state=LinkState.SUGGESTED, reason=reason)
        session.emit(
            {"identity": found, "person": person, "state": "suggested"}, [f"{identity} is claimed for {person}"]
        )


def _settle(session: Session, wanted: list[str], state: LinkState, reason: str) -> None:
    """Answer suggestions; all of them are looked up before the first is stored."""
    offered = {one.id: one for one in suggestions(session.ledger, now=session.now)}
    chosen = [offered[one_beginning("suggestion", text, offered, "calibrant identities suggest")] for text in wanted]
    for one in chosen:
        said = f"{reason}: {'; '.join(one.reasons)}"
        session.ledger.link(
            one.identity, one.person, basis=LinkBasis.ACCEPTED, state=state, reason=said, score=one.score
        )
    data = [{"identity": one.identity, "person": one.person, "state": state.value} for one in chosen]
    session.emit(data, [_answered(one, state) for one in chosen])


def _answered(one: Suggestion, state: LinkState) -> str:
    return f"{one.shown} is {'now' if state is LinkState.LINKED else 'not'} {one.person}'s"


def _register_links(group: typer.Typer) -> None:
    @command(group, "merge")
    def merge(session: Session, identity: Who, person: Person, reason: Reason = "accepted by hand") -> None:
        """Link an identity to a person. Undo with `identities split`; both stay in the history."""
        found = find_identity(session, identity)
        session.ledger.link(found, person, basis=LinkBasis.ACCEPTED, state=LinkState.LINKED, reason=reason)
        state, _ = _held(session, found)
        said = f"{identity} is now {person}'s"
        if state == LinkState.CONTESTED:
            said = f"{identity} is disputed or linked to others too, so it is nobody's: see to that with `dispute` or `split`"
        session.emit({"identity": found, "person": person, "state": state}, [said])

    @command(group, "split")
    def split(session: Session, identity: Who, person: Person, reason: Reason = "split by hand") -> None:
        """Undo a link from now on. Runs as known before stay reproducible."""
        found = find_identity(session, identity)
        state, holder = _held(session, found)
        theirs = state == LinkState.CONTESTED or holder == session.ledger.person_id(person)
        session.ledger.link(found, person, basis=LinkBasis.ACCEPTED, state=LinkState.UNLINKED, reason=reason)
        said = f"{identity} is no longer {person}'s" if theirs else f"{identity} was not {person}'s and stays so"
        session.emit({"identity": found, "person": person, "state": "unlinked"}, [said])


def _held(session: Session, identity: str) -> tuple[object, object]:
    """The identity's state and the person it is linked to, as known now."""
    frame = session.ledger.identities(known_at=session.now).set_index("identity")
    return frame.at[identity, "state"], frame.at[identity, "person"]
