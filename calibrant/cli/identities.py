"""`identities list|suggest|merge|split`."""

from __future__ import annotations

from typing import Annotated

import typer

from calibrant.cli.console import Session, command
from calibrant.suggestions import suggest
from db.errors import Refusal
from db.records import LinkBasis, LinkState

__all__ = ["register"]

Who = Annotated[str, typer.Argument(help="The identity: its id, or its key (an e-mail address or account id).")]
Person = Annotated[str, typer.Argument(help="The person's HR id.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the link.")]


def _identity(session: Session, text: str) -> str:
    frame = session.ledger.identities(known_at=session.now)
    found = frame[(frame["identity"] == text) | (frame["key"] == text)]
    if len(found) != 1:
        what = "no such identity" if found.empty else "several providers have that key"
        raise Refusal(what, where=text, remedy="give the id from `calibrant identities list`")
    return str(found["identity"].iloc[0])


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    group = typer.Typer(help="Raw identities and whose they are. Never merged by name alone.", no_args_is_help=True)
    app.add_typer(group, name="identities")

    @command(group, "list")
    def list_identities(
        session: Session,
        unresolved: Annotated[
            bool, typer.Option("--unresolved", help="Only identities that are nobody's yet.")
        ] = False,
        person: Annotated[str | None, typer.Option("--person", help="Only this person's (HR id).")] = None,
    ) -> None:
        """Identities as seen, the person each is linked to and why, and how much evidence hangs on it."""
        frame = session.ledger.identities(known_at=session.now)
        people = session.ledger.people(as_of=session.now, known_at=session.now)
        names = dict(zip(people["person"], people["key"], strict=True))
        if unresolved:
            frame = frame[frame["person"].isna() & ~frame["bot"].astype(bool)]
        if person is not None:
            frame = frame[frame["person"] == session.ledger.person_id(person)]
        frame = frame.sort_values(["evidence", "identity"], ascending=[False, True])
        rows = [
            [
                r.identity,
                r.provider,
                r.key,
                r.name,
                "bot" if r.bot else names.get(r.person),
                r.basis if isinstance(r.basis, str) else None,
                r.state if isinstance(r.state, str) else None,
                int(r.evidence),
            ]
            for r in frame.itertuples(index=False)
        ]
        session.table(
            "Identities", ["identity", "provider", "key", "name", "person", "basis", "state", "artefacts"], rows
        )

    @command(group, "suggest")
    def suggest_links(session: Session) -> None:
        """Whose the unresolved identities may be, with reasons. Accept one with `identities merge`."""
        found = suggest(
            session.ledger.identities(known_at=session.now),
            session.ledger.people(as_of=session.now, known_at=session.now),
        )
        rows = [[s.identity, s.shown, s.person, f"{s.score:.2f}", "; ".join(s.reasons), s.evidence] for s in found]
        session.table("Suggestions", ["identity", "shown as", "person", "score", "because", "artefacts"], rows)

    @command(group, "merge")
    def merge(session: Session, identity: Who, person: Person, reason: Reason = "accepted by hand") -> None:
        """Link an identity to a person. Undo with `identities split`; both stay in the history."""
        session.ledger.link(
            _identity(session, identity), person, basis=LinkBasis.ACCEPTED, state=LinkState.LINKED, reason=reason
        )
        session.emit({"identity": identity, "person": person, "state": "linked"}, [f"{identity} is now {person}'s"])

    @command(group, "split")
    def split(session: Session, identity: Who, person: Person, reason: Reason = "split by hand") -> None:
        """Undo a link from now on. Runs as known before stay reproducible."""
        session.ledger.link(
            _identity(session, identity), person, basis=LinkBasis.ACCEPTED, state=LinkState.UNLINKED, reason=reason
        )
        session.emit(
            {"identity": identity, "person": person, "state": "unlinked"}, [f"{identity} is no longer {person}'s"]
        )
