"""`identities list|suggest|merge|split`."""

from __future__ import annotations

import textwrap
from typing import Annotated, Any

import pandas as pd
import typer

from calibrant.cli.console import Session, command
from calibrant.cli.finding import find_identity, short_ids
from calibrant.suggestions import Suggestion, suggest
from db.records import LinkBasis, LinkState

__all__ = ["register"]

Who = Annotated[
    str,
    typer.Argument(help="The identity: its id or the beginning of it, or its key (an e-mail address or account id)."),
]
Person = Annotated[str, typer.Argument(help="The person's HR id.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the link.")]


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    group = typer.Typer(help="Raw identities and whose they are. Never merged by name alone.", no_args_is_help=True)
    app.add_typer(group, name="identities")
    _register_reading(group)
    _register_linking(group)


def _register_reading(group: typer.Typer) -> None:
    @command(group, "list")
    def list_identities(
        session: Session,
        unresolved: Annotated[
            bool, typer.Option("--unresolved", help="Only identities that are nobody's yet.")
        ] = False,
        person: Annotated[str | None, typer.Option("--person", help="Only this person's (HR id).")] = None,
    ) -> None:
        """List identities as seen, the person each is linked to and why, and how much evidence hangs on it."""
        frame = session.ledger.identities(known_at=session.now)
        people = session.ledger.people(as_of=session.now, known_at=session.now)
        keys = dict(zip(people["person"], people["key"], strict=True))
        short = short_ids(frame["identity"])
        if unresolved:
            frame = frame[frame["person"].isna() & ~frame["bot"].astype(bool)]
        if person is not None:
            frame = frame[frame["person"] == session.ledger.person_id(person)]
        data = _rows(frame.sort_values(["evidence", "identity"], ascending=[False, True]), keys)
        rows = [
            [
                short[one["identity"]],
                "bot" if one["bot"] else one["person"],
                one["basis"] or one["state"],
                one["artefacts"],
                one["provider"],
                " ".join(filter(None, [one["key"], f"({one['name']})" if one["name"] else ""])),
            ]
            for one in data
        ]
        session.table("Identities", ["identity", "person", "because of", "artefacts", "provider", "key"], rows, data)

    @command(group, "suggest")
    def suggest_links(session: Session) -> None:
        """Say whose the unresolved identities may be and why, for somebody to accept with `identities merge`.

        Two independent signs are needed; an equal name alone suggests nobody. What was split is not offered again.
        """
        frame = session.ledger.identities(known_at=session.now)
        people = session.ledger.people(as_of=session.now, known_at=session.now)
        found = suggest(frame, people, declined=session.ledger.declined(known_at=session.now))
        short = short_ids(frame["identity"])
        data = [
            {
                "identity": one.identity,
                "shown_as": one.shown,
                "person": one.person,
                "score": one.score,
                "because": list(one.reasons),
                "artefacts": one.evidence,
            }
            for one in found
        ]
        lines = [line for one in found for line in _suggested(one, short[one.identity])]
        session.emit(data, lines or ["nothing to suggest"])
        if found:
            session.say(f"accept one: calibrant identities merge {short[found[0].identity]} {found[0].person}")


def _suggested(one: Suggestion, short: str) -> list[str]:
    said = f"may be {one.person} (score {one.score:.2f}, {one.evidence} artefacts): {'; '.join(one.reasons)}"
    return [f"{short}  {one.shown}", *textwrap.wrap(said, 80, initial_indent="    ", subsequent_indent="    ")]


def _rows(frame: pd.DataFrame, keys: dict[Any, Any]) -> list[dict[str, Any]]:
    columns = ("identity", "provider", "key", "name", "basis", "state")
    return [
        {
            **{column: getattr(row, column) if isinstance(getattr(row, column), str) else None for column in columns},
            "person": keys.get(row.person),
            "bot": bool(row.bot),
            "artefacts": int(str(row.evidence)),
        }
        for row in frame.itertuples(index=False)
    ]


def _register_linking(group: typer.Typer) -> None:
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
