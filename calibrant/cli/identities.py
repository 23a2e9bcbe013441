"""`identities list|suggest|history`; what changes them is in `identity_links`."""

from __future__ import annotations

import textwrap
from typing import Annotated, Any

import pandas as pd
import typer

from calibrant.cli import identity_links
from calibrant.cli.console import Session, command
from calibrant.cli.finding import find_identity, short_ids
from calibrant.resolving import suggestions
from calibrant.suggestions import Suggestion

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    group = typer.Typer(help="Raw identities and whose they are. Never merged by name alone.", no_args_is_help=True)
    app.add_typer(group, name="identities")
    _register_listing(group)
    _register_suggesting(group)
    identity_links.register(group)


def _register_listing(group: typer.Typer) -> None:
    @command(group, "list")
    def list_identities(
        session: Session,
        unresolved: Annotated[
            bool,
            typer.Option("--unresolved", help="Only identities that are nobody's yet and on which evidence hangs."),
        ] = False,
        person: Annotated[str | None, typer.Option("--person", help="Only this person's (HR id).")] = None,
    ) -> None:
        """List identities as seen, the person each is linked to and why, and how much evidence hangs on it."""
        frame = session.ledger.identities(known_at=session.now)
        people = session.ledger.people(as_of=session.now, known_at=session.now)
        keys = dict(zip(people["person"], people["key"], strict=True))
        short = short_ids(frame["identity"])
        if unresolved:
            frame = frame[frame["person"].isna() & ~frame["bot"].astype(bool) & (frame["evidence"] > 0)]
        if person is not None:
            frame = frame[frame["person"] == session.ledger.person_id(person)]
        hanging = session.ledger.identity_evidence(known_at=session.now, purpose=None)
        data = _rows(frame.sort_values(["evidence", "identity"], ascending=[False, True]), keys, hanging)
        rows = [
            [
                short[one["identity"]],
                "bot" if one["bot"] else one["person"],
                one["basis"] or one["state"],
                one["artefacts"],
                one["last"],
                one["provider"],
                " ".join(filter(None, [one["key"], f"({one['name']})" if one["name"] else ""])),
            ]
            for one in data
        ]
        heads = ["identity", "person", "because of", "artefacts", "last", "provider", "key"]
        session.table("Identities", heads, rows, data)

    @command(group, "history")
    def history(
        session: Session,
        identity: Annotated[str, typer.Argument(help="The identity: its id or the beginning of it, or its key.")],
    ) -> None:
        """Show every link an identity ever had: since when, to whom, why, and who decided it. Nothing is ever overwritten."""
        found = find_identity(session, identity)
        links = session.ledger.identity_links(known_at=session.now)
        people = session.ledger.people(as_of=session.now, known_at=session.now)
        frame = session.ledger.identities(known_at=session.now)
        shown = dict(zip(people["person"], people["key"], strict=True))
        shown |= {one: f"{provider} {key}" for one, provider, key in frame[["identity", "provider", "key"]].to_numpy()}
        data = [_link(row, shown) for row in links[links["identity"] == found].to_dict("records")]
        heads = ["known at", "state", "whose", "because of", "for work of", "reason", "score", "by"]
        rows = [
            [
                one["known_at"],
                one["state"],
                one["whose"],
                one["basis"],
                one["span"],
                one["reason"],
                one["score"],
                one["by"],
            ]
            for one in data
        ]
        session.table("Links", heads, rows, data)


def _register_suggesting(group: typer.Typer) -> None:
    @command(group, "suggest")
    def suggest_links(session: Session) -> None:
        """Say whose the unresolved identities may be and why, for somebody to accept with `identities accept`.

        Two independent signs are needed; an equal name alone suggests nobody. What was rejected or split is not offered again.
        """
        found = suggestions(session.ledger, now=session.now)
        short = short_ids(one.id for one in found)
        data = [
            {
                "suggestion": one.id,
                "identity": one.identity,
                "shown_as": one.shown,
                "person": one.person,
                "score": one.score,
                "because": list(one.reasons),
                "artefacts": one.evidence,
                "rivals": one.rivals,
            }
            for one in found
        ]
        lines = [line for one in found for line in _suggested(one, short[one.id])]
        session.emit(data, lines or ["nothing to suggest"])
        if found:
            first = short[found[0].id]
            session.say(f"settle one: calibrant identities accept {first}, or calibrant identities reject {first}")


def _suggested(one: Suggestion, short: str) -> list[str]:
    rivals = f", fits {one.rivals} others as well" if one.rivals else ""
    said = f"may be {one.person} (score {one.score:.2f}, {one.evidence} artefacts{rivals}): {'; '.join(one.reasons)}"
    return [f"{short}  {one.shown}", *textwrap.wrap(said, 80, initial_indent="    ", subsequent_indent="    ")]


def _rows(frame: pd.DataFrame, keys: dict[Any, Any], hanging: pd.DataFrame) -> list[dict[str, Any]]:
    columns = ("identity", "provider", "key", "name", "basis", "state")
    by_kind: dict[str, dict[str, int]] = {}
    for identity, kind, artefacts in hanging[["identity", "kind", "artefacts"]].itertuples(index=False):
        by_kind.setdefault(identity, {})[kind] = int(artefacts)
    last = {str(identity): at.date().isoformat() for identity, at in hanging.groupby("identity")["last"].max().items()}
    return [
        {
            **{column: getattr(row, column) if isinstance(getattr(row, column), str) else None for column in columns},
            "person": keys.get(row.person),
            "bot": bool(row.bot),
            "artefacts": int(str(row.evidence)),
            "kinds": by_kind.get(str(row.identity), {}),
            "last": last.get(str(row.identity)),
        }
        for row in frame.itertuples(index=False)
    ]


def _link(row: dict[Any, Any], shown: dict[Any, Any]) -> dict[str, Any]:
    text = {name: value if isinstance(value, str) else None for name, value in row.items()}
    span = f"{text['valid_from'] or ''}..{text['valid_to'] or ''}" if text["valid_from"] or text["valid_to"] else None
    return {
        "known_at": row["known_at"].isoformat(timespec="seconds"),
        "state": text["state"],
        "whose": shown.get(text["person"] or text["proper"], "erased"),
        "basis": text["basis"],
        "span": span,
        "reason": text["reason"],
        "score": None if pd.isna(row["score"]) else float(row["score"]),
        "by": text["actor"],
    }
