"""Standard-setting files: YAML and tables say the same, and every mistake is told with its line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import calibrant
from calibrant.standard_files import read_standard
from db.errors import BadInput
from db.records import StandardSetting

SKILLS = ("containers", "code-review")

BOOKMARK_YAML = """
method: bookmark
skill: containers
booklet:
  - {source: feedback360, item: q1, at_least: 2}
  - {source: feedback360, item: q1, at_least: 3}
rounds:
  - {2: [1, 1, 2], 3: [2, null, 2]}
  - {2: [1, 1, 1], 3: [2, 2, 2]}
"""
BOOKMARK_CSV = """method,skill,round,judge,level,page,source,item,at_least
bookmark,containers,,,,1,feedback360,q1,2
bookmark,containers,,,,2,feedback360,q1,3
bookmark,containers,1,1,2,1,,,
bookmark,containers,1,2,2,1,,,
bookmark,containers,1,3,2,2,,,
bookmark,containers,1,1,3,2,,,
bookmark,containers,1,3,3,2,,,
bookmark,containers,2,1,2,1,,,
bookmark,containers,2,2,2,1,,,
bookmark,containers,2,3,2,1,,,
bookmark,containers,2,1,3,2,,,
bookmark,containers,2,2,3,2,,,
bookmark,containers,2,3,3,2,,,
"""
ANGOFF_YAML = """
method: angoff
skill: code-review
items: [{source: feedback360, item: a}, {source: feedback360, item: b}]
rounds:
  - {4: [[3.5, 4], [3, 4.25], null]}
"""
ANGOFF_CSV = """method;skill;round;judge;level;source;item;expected
angoff;code-review;1;1;4;feedback360;b;4
angoff;code-review;1;1;4;feedback360;a;3.5
angoff;code-review;1;2;4;feedback360;a;3
angoff;code-review;1;2;4;feedback360;b;4.25
angoff;code-review;1;3;4;feedback360;a;2
"""
VIGNETTES_YAML = """
method: vignettes
skill: containers
judges: 6
rounds: 2
vignettes:
  - {vignette: v1, level: 2}
  - {vignette: v2, level: 4}
"""


def read(folder: Path, text: str, name: str = "panel.yaml") -> list[StandardSetting]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return [one.record for one in read_standard(path, SKILLS)]


def mistakes(folder: Path, text: str, name: str = "panel.yaml") -> list[tuple[int, str, str]]:
    with pytest.raises(BadInput) as caught:
        read(folder, text, name)
    return [(one.row, one.column, one.message) for one in caught.value.problems]


@pytest.mark.parametrize(("yaml", "table"), [(BOOKMARK_YAML, BOOKMARK_CSV), (ANGOFF_YAML, ANGOFF_CSV)])
def test_a_table_says_what_yaml_says(tmp_path: Path, yaml: str, table: str) -> None:
    assert read(tmp_path, yaml) == read(tmp_path, table, "panel.csv")


def test_a_bookmark_file_is_kept_whole_with_its_rule_and_judges(tmp_path: Path) -> None:
    (found,) = read(tmp_path, BOOKMARK_YAML)
    assert (found.skill, found.method, found.rule, found.rounds, found.judges) == (
        "containers",
        "bookmark",
        "rp-67",
        2,
        3,
    )
    record: Any = found.record
    assert record["statistic"] == "median"
    assert record["rounds"][0] == {"2": [1, 1, 2], "3": [2, None, 2]}


def test_vignettes_and_one_table_of_many_skills(tmp_path: Path) -> None:
    (found,) = read(tmp_path, VIGNETTES_YAML)
    assert found.record == {"vignettes": [{"vignette": "v1", "level": 2}, {"vignette": "v2", "level": 4}]}
    text = "method,skill,vignette,level,judges\nvignettes,containers,v1,2,6\nvignettes,code-review,v1,3,6\n"
    assert [one.skill for one in read(tmp_path, text, "all.csv")] == ["containers", "code-review"]


def test_records_can_be_withdrawn_and_decisions_refused(tmp_path: Path) -> None:
    (gone,) = read(tmp_path, "method: bookmark\nskill: containers\nwithdraw: true\n")
    assert gone.record == {"withdrawn": True}
    (refused,) = read(tmp_path, 'method: decisions\nskill: "*"\nuse: false\n')
    assert (refused.skill, refused.record) == ("*", {"use": False})


@pytest.mark.parametrize(
    ("change", "row", "column", "message"),
    [
        (("method: bookmark", "method: bookmarks"), 2, "method", "'bookmarks' is no method"),
        (("skill: containers", "skill: container"), 3, "skill", "the standard has no skill 'container'"),
        (("at_least: 3", "at_leest: 3"), 6, "booklet[1]", "key `at_least` is missing"),
        (("at_least: 3", "at_least: high"), 6, "booklet[1].at_least", "valid number"),
        (("2: [1, 1, 1]", "6: [1, 1, 1]"), 9, "rounds[1].6", "level 6 has no beginning to set"),
        (("2: [1, 1, 1]", "2: [1, 1, 3]"), 9, "rounds[1].2", "pages are 0 (none) to 2"),
        (("skill: containers", "skill: containers\nrule: rp-66"), 4, "rule", "'rp-66'"),
    ],
)
def test_a_mistake_in_yaml_names_its_line(
    tmp_path: Path, change: tuple[str, str], row: int, column: str, message: str
) -> None:
    found = mistakes(tmp_path, BOOKMARK_YAML.replace(*change))
    assert any(one[0] == row and one[1] == column and message in one[2] for one in found), found


@pytest.mark.parametrize(
    ("change", "row", "column", "message"),
    [
        (("1,1,2,1,,,", "1,1,2,x,,,"), 4, "page", "'x' is not a number"),
        (("1,1,2,1,,,", "1.5,1,2,1,,,"), 4, "round", "not a whole number"),
        (("2,feedback360,q1,3", "3,feedback360,q1,3"), 3, "page", "page 2 is missing"),
        (("1,2,2,1,,,", "1,1,2,1,,,"), 5, "judge", "judge 1 speaks twice"),
        (("at_least", "at_leest"), 1, "at_leest", "unknown column"),
    ],
)
def test_a_mistake_in_a_table_names_its_row(
    tmp_path: Path, change: tuple[str, str], row: int, column: str, message: str
) -> None:
    found = mistakes(tmp_path, BOOKMARK_CSV.replace(change[0], change[1], 1), "panel.csv")
    assert any(one[0] == row and one[1] == column and message in one[2] for one in found), found


def test_an_item_without_a_score_from_a_judge_leaves_that_judge_out(tmp_path: Path) -> None:
    record: Any = read(tmp_path, ANGOFF_CSV, "panel.csv")[0].record
    assert record["rounds"][0]["4"] == [[3.5, 4.0], [3.0, 4.25], None]
    assert read(tmp_path, ANGOFF_CSV, "panel.csv")[0].judges == 2


def test_a_vignette_that_stands_twice_is_refused(tmp_path: Path) -> None:
    ((row, _, message),) = mistakes(tmp_path, VIGNETTES_YAML.replace("v2", "v1"))
    assert row == 8
    assert "vignette v1 stands twice" in message


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        read(tmp_path, "")
    assert mistakes(tmp_path, "- a\n")[0][2] == "does not hold keys with values"
    assert mistakes(tmp_path, "method,skill\n", "panel.csv")[0][2] == "holds no rows"


def test_every_file_printed_in_the_how_to_can_be_imported(tmp_path: Path) -> None:
    page = (Path(calibrant.__file__).parents[1] / "docs" / "standard-setting.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(yaml|csv)\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    methods = {one.method for kind, text in blocks for one in read(tmp_path, text, f"printed.{kind}")}
    assert methods == {"vignettes", "bookmark", "angoff", "decisions"}


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        (VIGNETTES_YAML, "panel.yaml", 8),
        (
            "method,skill,vignette,level,judges\nvignettes,containers,v1,2,6\nvignettes,containers,v2,4,\n",
            "panel.csv",
            3,
        ),
    ],
)
def test_a_part_of_a_record_is_found_again_in_its_file(tmp_path: Path, text: str, name: str, line: int) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    (one,) = read_standard(path, SKILLS)
    assert one.place("vignettes[1].vignette") == f"{path}:{line}"
    assert one.place("vignettes[1]") == f"{path}:{line}"
    assert one.place("elsewhere") == f"{path}:{one.document.lines[()]}"
