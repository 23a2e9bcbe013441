"""The roster and the absences: who works here, since when, in which team and role, and when they were away.

Canonical forms, as CSV, XLSX or JSON:

- roster: person_id, name, emails (several separated by ";"), github_id, gitlab_id, github_login, gitlab_login, team, role,
  job_level, hired_on, left_on, fte, remote; for dated history the person's row is repeated with valid_from and valid_to.
- absences: person_id, absent_from, absent_to. The reason is not asked for and never stored.

Spans of days are half-open: left_on, valid_to and absent_to are the first day no longer in them. A person's HR id,
addresses and forge ids become identity links on the roster's word. An e-mail address links both the addresses in forms
(provider "email", lower case) and those in commits (provider "git", as written and in lower case).

A login is only a suggestion: it can have been given up since the roster was written, and taken by somebody else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from collectors import mapping as mappings
from collectors.exports import records
from collectors.fields import Reader, identity_of
from collectors.forms import FormSettings, Record
from collectors.problems import Problems
from collectors.text import quote
from db.addresses import LOGIN, login_provider
from db.records import (
    Absence,
    Employment,
    Identity,
    IdentityLink,
    LinkBasis,
    LinkState,
    Membership,
    Person,
    RoleAssignment,
    Roster,
)  # fmt: skip

__all__ = ["ABSENCE_FIELDS", "ROSTER_FIELDS", "read", "read_absences", "with_absences"]

ROSTER_FIELDS: Mapping[str, bool] = {
    "person_id": True,
    "name": True,
    "emails": False,
    "github_id": False,
    "gitlab_id": False,
    "github_login": False,
    "gitlab_login": False,
    "team": False,
    "role": False,
    "job_level": False,
    "hired_on": True,
    "left_on": False,
    "fte": False,
    "remote": False,
    "valid_from": False,
    "valid_to": False,
}
ABSENCE_FIELDS: Mapping[str, bool] = {"person_id": True, "absent_from": True, "absent_to": True}

Span = TypeVar("Span", Employment, Membership, RoleAssignment)

_FORGES = {"github_id": "github.com", "gitlab_id": "gitlab.com"}
_LOGINS = {"github_login": "github.com", "gitlab_login": "gitlab.com"}
_COLUMN = {"email": "emails", "hr": "person_id"}
_A_LOGIN = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,254}")
_AHEAD = timedelta(days=730)
"""Starting and leaving dates may lie this far ahead; later ones are mistyped."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One row of the roster."""

    row: int
    person: Person
    hired_on: date
    left_on: date | None
    valid_from: date
    valid_to: date | None
    fte: float
    remote: bool | None
    team: str | None
    role: str | None
    job_level: str | None
    identities: tuple[Identity, ...]


def read(
    path: Path,
    *,
    now: datetime,
    mapping: str | Path | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Roster:
    """A roster file as one import. Raises BadInput with every mistake in it.

    Mistakes are, among others: an address or forge id given for two people, spans that overlap or leave employment,
    repeated rows that disagree about name or employment, a role without a job level, a start more than two years ahead.
    """
    problems = Problems(str(path))
    settings = FormSettings(path=path, source="roster", mapping=mapping, encoding=encoding, sheet=sheet)
    form = mappings.form(mapping, ROSTER_FIELDS, "roster")
    reader = Reader(form, problems, now)
    needed = [name for name, required in ROSTER_FIELDS.items() if required]
    entries: dict[str, list[_Entry]] = {}
    for record in records(settings, form, needed, problems, Counter()):
        entry = _entry(record, reader, now.date())
        if entry is not None:
            entries.setdefault(entry.person.key, []).append(entry)
    for history in entries.values():
        history.sort(key=lambda entry: (entry.valid_from, entry.row))
        _check_history(history, problems)
    _check_identities(entries.values(), problems)
    if problems:
        raise problems.refusal()
    return _roster([entries[key] for key in sorted(entries)])


def read_absences(
    path: Path,
    *,
    now: datetime,
    people: Collection[str] | None = None,
    mapping: str | Path | None = None,
    encoding: str | None = None,
) -> tuple[Absence, ...]:
    """An absences file, sorted, repeated rows once. people: the keys that may occur, if they are to be checked.

    Raises BadInput with every mistake in it.
    """
    problems = Problems(str(path))
    settings = FormSettings(path=path, source="absences", mapping=mapping, encoding=encoding)
    form = mappings.form(mapping, ABSENCE_FIELDS, "absences")
    reader = Reader(form, problems, now)
    found: set[Absence] = set()
    for record in records(settings, form, [*ABSENCE_FIELDS], problems, Counter()):
        person = reader.code(record, "person_id")
        start = reader.day(record, "absent_from", required=True)
        end = reader.day(record, "absent_to", required=True)
        if person is None or start is None or end is None:
            continue
        if not start < end:
            reader.wrong(record, "absent_to", "is not after absent_from", "write the first day back at work")
        elif start > now.date() + _AHEAD:
            reader.wrong(record, "absent_from", f"{start} is more than two years ahead", "correct the year")
        elif people is not None and person not in people:
            reader.wrong(
                record, "person_id", f"{quote(person)} is not in the roster", "add the person, or correct the id"
            )
        else:
            found.add(Absence(person, start, end))
    if problems:
        raise problems.refusal()
    return tuple(sorted(found, key=lambda absence: (absence.person, absence.valid_from, absence.valid_to)))


def with_absences(roster: Roster, path: Path, *, now: datetime) -> Roster:
    """The roster with the absences of a file, all of which must be of its people."""
    people = {person.key for person in roster.persons}
    return replace(roster, absences=read_absences(path, now=now, people=people))


def _entry(record: Record, reader: Reader, today: date) -> _Entry | None:
    key = reader.code(record, "person_id")
    name = reader.text(record, "name", required=True)
    hired_on = reader.day(record, "hired_on", required=True)
    left_on = reader.day(record, "left_on")
    valid_from = reader.day(record, "valid_from")
    valid_to = reader.day(record, "valid_to")
    fte = reader.number(record, "fte", low=0.01, high=1)
    remote = reader.boolean(record, "remote")
    team = reader.code(record, "team", required=False)
    role = reader.code(record, "role", required=False)
    job_level = reader.code(record, "job_level", required=False)
    identities = tuple(_identities(record, reader))
    if (role is None) != (job_level is None):
        reader.wrong(record, "role", "role and job_level must be given together", "fill in both, or neither")
    if key is None or name is None or hired_on is None:
        return None
    start, end = valid_from or hired_on, valid_to or left_on
    if hired_on > today + _AHEAD:
        reader.wrong(record, "hired_on", f"{hired_on} is more than two years ahead", "correct the year")
    if left_on is not None and left_on <= hired_on:
        reader.wrong(record, "left_on", "is not after hired_on", "write the first day no longer employed")
    elif end is not None and end <= start:
        reader.wrong(record, "valid_to", "is not after valid_from", "write the first day no longer in it")
    elif start < hired_on or (left_on is not None and end is not None and end > left_on):
        reader.wrong(record, "valid_from", "lies outside hired_on to left_on", "correct one of them")
    if "@" in key:
        reader.wrong(record, "person_id", "is an e-mail address", "use the HR system's id, which never changes")
    return _Entry(
        record.row, Person(key, name), hired_on, left_on, start, end, fte or 1.0, remote, team, role, job_level,
        (Identity("hr", key), *identities),
    )  # fmt: skip


def _identities(record: Record, reader: Reader) -> Iterable[Identity]:
    found = record.fields.get("emails")
    cell = found.cell if found else None
    texts = cell if isinstance(cell, list) else str(cell or "").split(";")
    for text in (str(text).strip() for text in texts):
        if not text:
            continue
        try:
            if identity_of(text).provider != "email":
                raise ValueError(f"{quote(text)} is not an e-mail address")
        except ValueError as error:
            reader.wrong(record, "emails", str(error), 'separate several addresses by ";"')
            continue
        yield Identity("email", text.lower())
        for written in sorted({text, text.lower()}):
            yield Identity("git", written)
    for field, host in _FORGES.items():
        number = reader.code(record, field, required=False)
        if number is None:
            continue
        at, _, digits = number.rpartition("/")
        if digits.isascii() and digits.isdigit():
            yield Identity(at.lower() or host, digits)
        else:
            remedy = f"write the account's number, or HOST/number if it is not on {host}"
            reader.wrong(record, field, f"{quote(number)} is not a numeric id", remedy)
    for field, host in _LOGINS.items():
        shown = reader.code(record, field, required=False)
        if shown is None:
            continue
        forge, _, login = shown.casefold().rpartition("/")
        if _A_LOGIN.fullmatch(login):
            yield Identity(login_provider(forge or host), login, shown.rpartition("/")[2])
        else:
            remedy = f"write the login, or HOST/login if it is not on {host}"
            reader.wrong(record, field, f"{quote(shown)} is not a login", remedy)


def _check_history(history: list[_Entry], problems: Problems) -> None:
    first = history[0]
    for entry in history[1:]:
        if (entry.person, entry.hired_on, entry.left_on) != (first.person, first.hired_on, first.left_on):
            message = f"disagrees with row {first.row} about this person's name, hired_on or left_on"
            problems.add(entry.row, "person_id", message, "make them equal; only the dated columns may differ")
    for earlier, later in pairwise(history):
        if earlier.valid_to is None or earlier.valid_to > later.valid_from:
            message = f"overlaps row {earlier.row} for the same person"
            problems.add(later.row, "valid_from", message, "give valid_from and valid_to without overlap")


def _check_identities(histories: Iterable[list[_Entry]], problems: Problems) -> None:
    owners: dict[tuple[str, str], _Entry] = {}
    for entry in (entry for history in histories for entry in history):
        for identity in entry.identities:
            if identity.provider == "git":
                continue  # the same addresses as provider email
            owner = owners.setdefault((identity.provider, identity.key.casefold()), entry)
            if owner.person.key != entry.person.key:
                column = _COLUMN.get(identity.provider, identity.provider)
                message = f"{quote(identity.key)} is also {quote(owner.person.key)}'s (row {owner.row})"
                problems.add(entry.row, column, message, "an identity belongs to one person; remove it from the other")


def _roster(histories: list[list[_Entry]]) -> Roster:
    employments: list[Employment] = []
    memberships: list[Membership] = []
    roles: list[RoleAssignment] = []
    links: dict[IdentityLink, None] = {}
    for history in histories:
        for entry in history:
            person, start, end = entry.person.key, entry.valid_from, entry.valid_to
            _append(employments, Employment(person, start, end, entry.fte, entry.remote))
            if entry.team:
                _append(memberships, Membership(person, entry.team, start, end))
            if entry.role and entry.job_level:
                _append(roles, RoleAssignment(person, entry.role, entry.job_level, start, end))
            for identity in entry.identities:
                state = LinkState.SUGGESTED if identity.provider.startswith(LOGIN) else LinkState.LINKED
                links[IdentityLink(identity, person, LinkBasis.ROSTER, state)] = None
    return Roster(
        persons=tuple(history[0].person for history in histories),
        employments=tuple(employments),
        memberships=tuple(memberships),
        role_assignments=tuple(roles),
        links=tuple(links),
    )


def _append(spans: list[Span], span: Span) -> None:
    """Add a span, or lengthen the last one if it goes on unchanged."""
    if spans:
        last = spans[-1]
        if last.valid_to == span.valid_from and replace(span, valid_from=last.valid_from) == replace(
            last, valid_to=span.valid_to
        ):
            spans[-1] = replace(last, valid_to=span.valid_to)
            return
    spans.append(span)
