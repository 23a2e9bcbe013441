import csv
import io
from itertools import combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibrant.reports.gap import build
from calibrant.reports.render import gap_html, json_text
from calibrant.reports.tables import GAP_COLUMNS, gap_csv, gap_rows
from db.records import State

sizes = st.dictionaries(
    st.sampled_from(["red", "blue", "green", "grey"]), st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=4
)  # fmt: skip


@given(sizes)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
def test_published_figures_never_single_out_fewer_than_five_people(hand, teams):
    """Over atoms (team, known or unknown): no union of one to four people lies in the span of the printed head counts."""
    teams = {team: size for team, size in teams.items() if sum(size)}
    atoms = [(team, part) for team in sorted(teams) for part in (0, 1) if teams[team][part]]
    skill = next(iter(build(hand.gap(teams)).skills), None)
    rows = []
    for cell in (*skill.teams, skill.department) if skill else ():
        for part, shown in ((0, cell.known), (1, cell.unknown)):
            if shown is not None:
                rows.append([float(kind == part and cell.team in (team, "All teams")) for team, kind in atoms])
    table = np.array(rows).reshape(len(rows), len(atoms))
    rank = np.linalg.matrix_rank(table) if table.size else 0
    for size in range(1, min(5, len(atoms) + 1)):
        for union in combinations(atoms, size):
            people = sum(teams[team][part] for team, part in union)
            if people < 5:
                wanted = np.array([[float(atom in union) for atom in atoms]])
                assert np.linalg.matrix_rank(np.vstack([table, wanted])) > rank, union


def test_unknown_people_are_told_apart_from_absent_skill(hand):
    team = build(hand.gap({"red": (6, 5), "blue": (7, 6)})).skills[0].department
    assert (team.known.people, team.unknown) == (13, 11)
    assert team.known.expected < 13


def test_conflicting_evidence_and_no_assessment_are_unknown(hand):
    inputs = hand.gap({"red": (6, 0)})
    conflicting = tuple(hand.assessment(a.skill, person=a.person, state=State.CONFLICTING) for a in inputs.assessments)
    for assessments in (conflicting, ()):
        cell = build(hand.gap({"red": (6, 0)}, assessments=assessments)).skills[0].department
        assert (cell.known.people, cell.unknown) == (0, 6)


def test_nobody_is_named_unless_the_teams_lead_reads(hand):
    inputs = hand.gap({"red": (6, 0), "blue": (6, 0)})
    one = inputs.people[0]
    able = tuple(
        hand.assessment(
            skill, person=person.person, probabilities=(0, 0, 0, 0, 1.0) if person == one else (1.0, 0, 0, 0, 0)
        )
        for person in inputs.people
        for skill in hand.skills
    )
    general = build(hand.gap({"red": (6, 0), "blue": (6, 0)}, assessments=able))
    assert general.rests_on_one == ()
    assert not any(person.name in gap_html(general) + json_text(general) + gap_csv(general) for person in inputs.people)
    lead = build(hand.gap({"red": (6, 0), "blue": (6, 0)}, assessments=able, lead_of=one.team))
    assert {entry.person for entry in lead.rests_on_one} == {one.name}
    other = build(
        hand.gap({"red": (6, 0), "blue": (6, 0)}, assessments=able, lead_of="blue" if one.team == "red" else "red")
    )
    assert one.name not in gap_html(other)


def test_an_unknown_team_is_refused(hand):
    with pytest.raises(ValueError, match="expected a team of the department"):
        build(hand.gap({"red": (6, 0)}, lead_of="violet"))


def test_people_whose_role_asks_for_nothing_are_not_counted(hand):
    assert build(hand.gap({"red": (6, 0)}, profiles={})).skills == ()


def test_the_table_has_numbers_as_numbers_and_says_what_is_withheld(hand):
    gap = build(hand.gap({"red": (7, 2), "blue": (6, 5), "green": (0, 7)}))
    rows = list(csv.DictReader(io.StringIO(gap_csv(gap))))
    assert tuple(rows[0]) == GAP_COLUMNS
    assert len(rows) == len(gap.skills) * 4
    assert {row["withheld"] for row in rows} == {"", "unknown"}
    assert all(isinstance(row[6], float) for row in gap_rows(gap) if row[6] is not None)


def test_thin_supply_is_read_off_published_figures_only(hand):
    none_able = tuple(
        hand.assessment(skill, person=person.person, probabilities=(1.0, 0, 0, 0, 0))
        for person in hand.gap({"red": (4, 0)}).people
        for skill in hand.skills
    )
    assert not any(skill.thin for skill in build(hand.gap({"red": (4, 0)}, assessments=none_able)).skills)
    none_able = tuple(
        hand.assessment(skill, person=person.person, probabilities=(1.0, 0, 0, 0, 0))
        for person in hand.gap({"red": (6, 0)}).people
        for skill in hand.skills
    )
    assert all(skill.thin for skill in build(hand.gap({"red": (6, 0)}, assessments=none_able)).skills)
