"""The roster: people, spans and identity links, with every contradiction named."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.roster import ROSTER_FIELDS, read, read_absences, with_absences
from db.errors import BadInput, Problem
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
)

NOW = datetime(2026, 11, 20, tzinfo=UTC)
COLUMNS = list(ROSTER_FIELDS)
ADA = {
    "person_id": "E1",
    "name": "Ada Example",
    "emails": "Ada@example.org; ada@old.example",
    "github_id": "17",
    "team": "platform",
    "role": "mlops-engineer",
    "job_level": "senior",
    "hired_on": "2022-01-10",
    "fte": "0.8",
}


def form(folder: Path, *rows: dict[str, str], name: str = "roster.csv") -> Path:
    path = folder / name
    lines = [",".join(COLUMNS), *(",".join(f'"{row.get(column, "")}"' for column in COLUMNS) for row in rows)]
    path.write_text("\n".join(lines))
    return path


def problems(path: Path, **options: Any) -> tuple[Problem, ...]:
    with pytest.raises(BadInput) as caught:
        read(path, now=NOW, **options)
    return caught.value.problems


def test_a_row_is_a_person_with_spans_and_links(tmp_path: Path) -> None:
    found = read(form(tmp_path, ADA), now=NOW)
    hired = date(2022, 1, 10)
    assert found.persons == (Person("E1", "Ada Example"),)
    assert found.employments == (Employment("E1", hired, None, 0.8),)
    assert found.memberships == (Membership("E1", "platform", hired),)
    assert found.role_assignments == (RoleAssignment("E1", "mlops-engineer", "senior", hired),)
    assert {(link.identity.provider, link.identity.key) for link in found.links} == {
        ("hr", "E1"),
        ("email", "ada@example.org"),
        ("email", "ada@old.example"),
        ("git", "Ada@example.org"),
        ("git", "ada@example.org"),
        ("git", "ada@old.example"),
        ("github.com", "17"),
    }
    assert all(link.basis == LinkBasis.ROSTER and link.person == "E1" for link in found.links)


def test_a_login_is_only_suggested(tmp_path: Path) -> None:
    found = read(form(tmp_path, {**ADA, "github_login": "Ada-L", "gitlab_login": "Git.Example.org/ada"}), now=NOW)
    suggested = {link.identity for link in found.links if link.state == LinkState.SUGGESTED}
    assert suggested == {
        Identity("login:github.com", "ada-l", "Ada-L"),
        Identity("login:git.example.org", "ada", "ada"),
    }


def test_repeated_rows_are_dated_history(tmp_path: Path) -> None:
    junior = {**ADA, "job_level": "middle", "valid_to": "2024-01-01"}
    senior = {**ADA, "valid_from": "2024-01-01"}
    found = read(form(tmp_path, senior, junior), now=NOW)
    start, change = date(2022, 1, 10), date(2024, 1, 1)
    assert found.employments == (Employment("E1", start, None, 0.8),)
    assert found.memberships == (Membership("E1", "platform", start),)
    assert found.role_assignments == (
        RoleAssignment("E1", "mlops-engineer", "middle", start, change),
        RoleAssignment("E1", "mlops-engineer", "senior", change),
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [("yes", True), ("TRUE", True), ("1", True), ("no", False), ("false", False), ("0", False), ("", None)],
)
def test_remote_is_yes_no_or_not_said(tmp_path: Path, written: str, meant: bool | None) -> None:
    found = read(form(tmp_path, {**ADA, "remote": written}), now=NOW)
    assert found.employments == (Employment("E1", date(2022, 1, 10), None, 0.8, meant),)


def test_working_remotely_begins_a_span_of_employment(tmp_path: Path) -> None:
    office = {**ADA, "remote": "no", "valid_to": "2024-01-01"}
    found = read(form(tmp_path, office, {**ADA, "remote": "yes", "valid_from": "2024-01-01"}), now=NOW)
    start, change = date(2022, 1, 10), date(2024, 1, 1)
    assert found.employments == (
        Employment("E1", start, change, 0.8, False),
        Employment("E1", change, None, 0.8, True),
    )
    assert found.memberships == (Membership("E1", "platform", start),)


def test_row_order_changes_nothing(tmp_path: Path) -> None:
    bob = {**ADA, "person_id": "E2", "name": "Bob", "emails": "bob@example.org", "github_id": ""}
    assert read(form(tmp_path, ADA, bob), now=NOW) == read(form(tmp_path, bob, ADA), now=NOW)


@pytest.mark.parametrize(
    ("rows", "column", "words"),
    [
        ([{"person_id": ""}], "person_id", "empty"),
        ([{"person_id": "a@b.org"}], "person_id", "e-mail"),
        ([{"name": ""}], "name", "empty"),
        ([{"hired_on": ""}], "hired_on", "empty"),
        ([{"hired_on": "10.01.2022"}], "hired_on", "not a day"),
        ([{"hired_on": "2062-01-10"}], "hired_on", "two years ahead"),
        ([{"left_on": "2021-01-01"}], "left_on", "not after"),
        ([{"valid_from": "2021-01-01"}], "valid_from", "outside"),
        ([{"valid_from": "2024-01-01", "valid_to": "2023-01-01"}], "valid_to", "not after"),
        ([{"fte": "80"}], "fte", "outside"),
        ([{"fte": "0"}], "fte", "outside"),
        ([{"fte": "80%"}], "fte", "not a number"),
        ([{"remote": "sometimes"}], "remote", "neither true nor false"),
        ([{"job_level": ""}], "role", "together"),
        ([{"emails": "nobody"}], "emails", "not an e-mail"),
        ([{"emails": "a@b, c@d"}], "emails", "not an e-mail"),
        ([{"github_id": "ada"}], "github_id", "not a numeric id"),
        ([{"gitlab_login": "not a login"}], "gitlab_login", "not a login"),
        ([{}, {"person_id": "E2", "github_id": ""}], "emails", "is also"),
        ([{}, {"person_id": "E2", "emails": "ADA@OLD.example", "github_id": ""}], "emails", "is also"),
        ([{}, {"person_id": "E2", "emails": ""}], "github.com", "is also"),
        ([{}, {"valid_from": "2024-01-01"}], "valid_from", "overlaps"),
        ([{"valid_to": "2024-01-01"}, {"valid_from": "2024-01-01", "name": "Other"}], "person_id", "disagrees"),
    ],
)
def test_a_contradiction_names_its_place(tmp_path: Path, rows: list[dict[str, str]], column: str, words: str) -> None:
    found = problems(form(tmp_path, *({**ADA, **row} for row in rows)))
    problem = found[0]
    assert (problem.row, problem.column) == (len(rows) + 1, column)
    assert words in problem.message
    assert problem.remedy


def test_every_mistake_is_listed_at_once(tmp_path: Path) -> None:
    found = problems(form(tmp_path, {**ADA, "fte": "2"}, {**ADA, "name": ""}))
    assert [(problem.row, problem.column) for problem in found] == [(2, "fte"), (3, "name")]


def test_a_column_of_its_own_is_refused_unless_mapped(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Staff No,Full name,Start,Salary\n9,Eve,01.02.2024,90000\n")
    assert {problem.column for problem in problems(path)} >= {"Salary"}
    mapping = tmp_path / "hr.yaml"
    mapping.write_text(
        "schema: calibrant/mapping/1\nname: hr\ndescription: own\ncollector: roster\n"
        "columns: {person_id: Staff No, name: Full name, hired_on: Start}\ndate_formats: ['%d.%m.%Y']\n"
    )
    found = read(path, now=NOW, mapping=mapping)
    assert found.employments == (Employment("9", date(2024, 2, 1)),)
    assert "90000" not in repr(found)


def test_ids_of_other_hosts_name_the_host(tmp_path: Path) -> None:
    found = read(form(tmp_path, {**ADA, "gitlab_id": "GitLab.example.org/5"}), now=NOW)
    assert IdentityLink(Identity("gitlab.example.org", "5"), "E1", LinkBasis.ROSTER) in found.links


def test_a_roster_in_json_may_list_addresses(tmp_path: Path) -> None:
    path = tmp_path / "roster.json"
    path.write_text('[{"person_id": 7, "name": "Eve", "emails": ["eve@x.org", "e@x.org"], "hired_on": "2024-02-01"}]')
    found = read(path, now=NOW)
    assert found.persons == (Person("7", "Eve"),)
    assert {link.identity.key for link in found.links if link.identity.provider == "email"} == {"eve@x.org", "e@x.org"}


def test_hostile_names_become_inert_text(tmp_path: Path) -> None:
    found = read(form(tmp_path, {**ADA, "name": "Eve\u202e\x1b[31m<script>"}), now=NOW)
    assert found.persons[0].name == "Eve\\u202e\\x1b[31m<script>"


def absences(folder: Path, text: str) -> Path:
    path = folder / "absences.csv"
    path.write_text("person_id,absent_from,absent_to\n" + text)
    return path


def test_absences_are_spans_without_reasons(tmp_path: Path) -> None:
    path = absences(tmp_path, "E1,2026-03-01,2026-09-01\nE1,2026-03-01,2026-09-01\n")
    expected = (Absence("E1", date(2026, 3, 1), date(2026, 9, 1)),)
    assert read_absences(path, now=NOW) == expected
    assert with_absences(Roster(persons=(Person("E1", "Ada"),)), path, now=NOW).absences == expected


def test_a_reason_in_an_absences_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "absences.csv"
    path.write_text("person_id,absent_from,absent_to,reason\nE1,2026-03-01,2026-09-01,private\n")
    with pytest.raises(BadInput, match="reason"):
        read_absences(path, now=NOW)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("E1,2026-09-01,2026-03-01", "not after"),
        ("E1,2026-09-01,2026-09-01", "not after"),
        ("E1,2036-09-01,2036-10-01", "two years ahead"),
        ("E2,2026-03-01,2026-09-01", "not in the roster"),
        (",2026-03-01,2026-09-01", "empty"),
        ("E1,2026-03-01,", "empty"),
    ],
)
def test_a_wrong_absence_is_refused(tmp_path: Path, row: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_absences(absences(tmp_path, row + "\n"), now=NOW, people={"E1"})
