"""Small groups and raters stay hidden: contract test 7."""

import csv
import io
import json
import re
from dataclasses import replace
from itertools import combinations

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibrant.reporting import write_packet, write_self_check
from calibrant.reports.gap import GapInputs, GapPerson, build
from calibrant.reports.inputs import Profile
from calibrant.reports.render import gap_html, json_text
from calibrant.reports.suppression import MINIMUM_CELL
from calibrant.reports.tables import GAP_COLUMNS, gap_csv, gap_rows, gap_xlsx
from calibrant.standards import standard_text
from db.records import Assessment, Purpose, Run, State
from tests.contract.department import AS_OF, SKILLS, department
from tests.contract.outputs import JOB_LEVEL, NOW, ROLE, assess, filled
from tests.contract.standard import small_standard

SUBJECT = "p03"


def text_of(name, content):
    """All that a reader of the file can read, hidden parts included."""
    if not name.endswith(".xlsx"):
        return content.decode("utf-8")
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = [str(cell.value) for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    return " ".join([*cells, str(vars(book.properties))])


@pytest.fixture(scope="module")
def files(walked):
    """name -> text of every report's file."""
    return {name: text_of(name, content) for name, content in walked.outputs.items() if "." in name}


@pytest.fixture(scope="module")
def raters(walked):
    """Everything by which somebody other than the subject could be told: words to look for, by person key."""
    ledger = walked.ledger
    identities = ledger.identities(known_at=NOW)
    found = {}
    for one in walked.made.people:
        if one.key != SUBJECT:
            opaque = ledger.person_id(one.key)
            own = identities[identities["person"] == opaque]
            hr = own.loc[own["provider"] == "hr", "identity"]
            found[one.key] = {one.key, one.name, one.git.key, opaque, *hr}
    return found


def test_no_file_tells_who_rated(files, raters):
    told = {
        (name, word)
        for name, text in files.items()
        if "lead" not in name
        for words in raters.values()
        for word in words
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)
    }
    assert told == set()


def test_the_search_finds_the_subject(files):
    """Else it would find nobody anywhere."""
    personal = {name: text for name, text in files.items() if not name.startswith(("gap", "raters"))}
    assert len(personal) == 8
    assert all(re.search(rf"(?<!\w)({SUBJECT}|Person 03)(?!\w)", text) for text in personal.values())


def test_no_file_holds_the_id_of_a_rating_of_the_subject_but_the_closed_list_of_the_seal(walked, files):
    ledger = walked.ledger
    run = ledger.latest_run(Purpose.PROMOTION)
    cited = ledger.cited(run.id, ledger.person_id(SUBJECT))
    ratings = set(cited.loc[cited["kind"].isin(["rating", "scorecard_rating"]), "evidence"])
    assert ratings
    for name, text in files.items():
        if "seal" not in (json.loads(text) if name.endswith(".json") else {}):
            assert not ratings & set(re.findall(r"[0-9a-f]{32}", text)), name
    seal = json.loads(next(text for name, text in files.items() if re.fullmatch(r"packet-[\w-]+senior\.json", name)))
    opened = {one["evidence"] for one in seal["seal"]["cited"] if "content" in one}
    assert not ratings & opened


def test_a_lone_managers_comment_is_withheld_and_peers_are_quoted(walked, files):
    remarks = {}
    for one in walked.made.sources["feedback360/2026"]:
        if one.artefact.startswith(f"rating/{SUBJECT} "):
            remarks.setdefault(one.measures["relationship"], set()).add(one.excerpt)
    text = "".join(files.values())
    assert len(remarks["manager"]) == len(SKILLS)
    assert not [remark for remark in remarks["manager"] if remark in text]
    assert [remark for remark in remarks["peer"] if remark in text]


@pytest.mark.parametrize("peers", [2, 3])
def test_a_group_is_quoted_from_three_raters_on(tmp_path, standard_folder, peers):
    """One manager, and so many peers."""
    made = department(3, count=6, raters=peers + 1, interviewers=2)
    ledger = filled(f"sqlite:///{tmp_path / 'ledger.db'}", made)
    assess(ledger, standard_folder, (Purpose.PROMOTION, Purpose.SELF_CHECK))
    written = [
        *write_packet(ledger, SUBJECT, ROLE, JOB_LEVEL, tmp_path, now=NOW, unseal="test").files,
        *write_self_check(ledger, SUBJECT, tmp_path, now=NOW).files,
    ]
    text = "".join(path.read_text(encoding="utf-8") for path in written)
    own = [
        one
        for held in made.sources.values()
        for one in held
        if one.artefact.startswith(f"rating/{SUBJECT} ") and one.measures["relationship"] == "peer"
    ]
    assert bool([one for one in own if one.excerpt in text]) is (peers >= 3)


def test_leaving_out_one_of_few_is_never_printed(walked, files):
    """The subject has one manager, four peers, three interviewers: only ranges over three or more are printed."""
    sealed = next(json.loads(text) for name, text in files.items() if name.endswith(f"{JOB_LEVEL}.json"))["sealed"]
    for skill in sealed["skills"]:
        for entry in skill["rests_on"]["ranges"]:
            assert "manager" not in entry["group"]
            assert "rater" not in entry["group"]
            count = re.search(r"any one of (\d+) (peers|interviewers)", entry["group"])
            assert count is None or int(count[1]) >= 3


# -- the department ------------------------------------------------------------------------------------------


def one_assessment(person, skill, state, chance):
    low = [0.02, 0.03, 0.05, 0.3, 0.6] if chance else [0.6, 0.3, 0.05, 0.03, 0.02]
    return Assessment(
        person, skill, state, tuple(low), (1, 2), 0.95, 4 if chance else 1, False, 0.0, 0.5, 1.2, 0.8, 4, 3,
        {"peer": 3}, ("feedback360",), tuple(low),
    )  # fmt: skip


@st.composite
def departments(draw):
    """(inputs of a gap analysis, per team and skill how many are known and unknown)."""
    teams = draw(st.lists(st.sampled_from(["red", "blue", "green", "grey"]), min_size=4, max_size=48))
    profile = Profile("r", "Role", "l", {"ml-pipelines": 3, "code-review": 2}, {})
    people, assessed = [], []
    for number, team in enumerate(teams):
        people.append(GapPerson(f"id{number}", f"Name{number} Surname{number}", team, "r", "l"))
        for skill in profile.required:
            state = draw(st.sampled_from([State.INFERRED, State.INFERRED, State.UNDETERMINED, State.INSUFFICIENT]))
            assessed.append(one_assessment(f"id{number}", skill, state, draw(st.booleans())))
    return GapInputs(
        department="Department",
        people=tuple(people),
        profiles={("r", "l"): profile},
        standard=standard_text(small_standard()),
        run=Run("run", Purpose.GAP_ANALYSIS, AS_OF, NOW, "hash", "model"),
        assessments=tuple(assessed),
        generated_at=NOW,
        audit_head="head",
    )


several = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def small(count):
    return 0 < count < MINIMUM_CELL


@several
@given(departments())
def test_no_cell_under_five_can_be_read_or_found_by_subtracting(inputs):
    """Every published number, every sum of a skill's published teams, and every total less such a sum."""
    rows = [dict(zip(GAP_COLUMNS, row, strict=True)) for row in gap_rows(build(inputs))]
    for skill in {row["skill"] for row in rows}:
        for column in ("known_people", "unknown_people"):
            cells = [row[column] for row in rows if row["skill"] == skill and row["team"] != "All teams"]
            total = next(row[column] for row in rows if row["skill"] == skill and row["team"] == "All teams")
            parts = [count for count in cells if count is not None]
            sums = {sum(some) for size in range(len(parts) + 1) for some in combinations(parts, size)}
            assert not [count for count in sums if small(count)]
            if total is not None and None in cells:
                assert not [count for count in sums if small(total - count)]
            assert total is None or not small(total)


@several
@given(departments())
def test_figures_of_a_withheld_cell_are_withheld_in_every_format(inputs):
    gap = build(inputs)
    held = [[str(value) if value is not None else "" for value in row] for row in gap_rows(gap)]
    table = list(csv.reader(io.StringIO(gap_csv(gap))))[1:]
    book = openpyxl.load_workbook(io.BytesIO(gap_xlsx(gap))).active
    sheet = [[cell.value for cell in row] for row in book.iter_rows(min_row=2)]
    for row, cells, line in zip(held, table, sheet, strict=True):
        assert [cell == "" for cell in row] == [cell == "" for cell in cells]
        assert [cell == "" for cell in row] == [value is None or value == "" for value in line]
        if "known" in row[-1] or row[-1] == "both":
            assert row[-1] == "unknown" or cells[5:10] == [""] * 5


@settings(several, max_examples=6)
@given(departments(), st.booleans())
def test_only_a_team_leads_copy_names_and_only_people_of_that_team(inputs, lead):
    team = inputs.people[0].team
    gap = build(replace(inputs, lead_of=team if lead else None))
    names = {person.name: person.team for person in inputs.people}
    shown = gap_html(gap) + json_text(gap) + gap_csv(gap) + text_of("x.xlsx", gap_xlsx(gap))
    told = {name for name in names if re.search(rf"{name}\b", shown)}
    if not lead:
        assert told == set()
    assert {names[name] for name in told} <= {team}
    assert told == {entry.person for entry in gap.rests_on_one}
    assert not re.search(r"\bid\d+\b", shown)


def test_in_a_department_of_nine_no_figure_of_a_team_is_printed(files):
    rows = list(csv.DictReader(io.StringIO(files["gap.csv"])))
    teams = [row for row in rows if row["team"] != "All teams"]
    assert len(teams) == 3 * len(SKILLS)
    assert {row["known_people"] for row in teams} <= {"", "0"}
