"""Mapping files are data, checked in full, and mistakes in them name file, line and remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collectors import feedback360, mapping, roster, scorecards
from collectors.mapping_schema import FileMapping, MeasureOf, Participant, Rule, ScaleOf, View, Wide
from db.errors import BadInput

FIELDS = {"feedback360": feedback360.FIELDS, "scorecards": scorecards.FIELDS, "table": None}
SHIPPED = {
    "ashby": "scorecards",
    "culture-amp": "feedback360",
    "decisions": "table",
    "greenhouse": "scorecards",
    "incidents": "table",
    "lattice": "feedback360",
    "learning": "table",
    "lever": "scorecards",
    "quantum-workplace": "feedback360",
    "successfactors-ratings": "feedback360",
    "surveymonkey": "feedback360",
}
HEAD = "schema: calibrant/mapping/1\nname: own\ndescription: mine\ncollector: feedback360\n"


def load(folder: Path, text: str, collector: str = "feedback360") -> FileMapping:
    path = folder / "own.yaml"
    path.write_text(text)
    return mapping.load(path, collector=collector, fields=FIELDS[collector])


def refusal(folder: Path, text: str, collector: str = "feedback360") -> str:
    with pytest.raises(BadInput) as caught:
        load(folder, text, collector)
    assert "own.yaml" in str(caught.value)
    return " / ".join(map(str, caught.value.problems))


def test_every_shipped_mapping_is_one_of_these() -> None:
    assert set(mapping.shipped()) == set(SHIPPED)


@pytest.mark.parametrize(("name", "collector"), SHIPPED.items())
def test_every_shipped_mapping_is_valid(name: str, collector: str) -> None:
    found = mapping.load(name, collector=collector, fields=FIELDS[collector])
    assert found.name == name


@pytest.mark.parametrize("name", SHIPPED)
def test_no_shipped_mapping_reads_addresses_of_devices_or_private_notes(name: str) -> None:
    path = Path(mapping.__file__).parent / "mappings" / f"{name}.yaml"
    columns = mapping.load(name, collector=SHIPPED[name], fields=FIELDS[SHIPPED[name]])._paths()
    assert not [column for column in columns if "IP" in column or "questions" in column]
    assert path.is_file()


def test_an_unknown_key_is_named_with_its_line(tmp_path: Path) -> None:
    message = refusal(tmp_path, HEAD + "colums: {cycle: c}\n")
    assert "row 5" in message
    assert "colums" in message
    assert "spelling" in message


def test_an_unknown_field_is_named_with_the_nearest(tmp_path: Path) -> None:
    message = refusal(tmp_path, HEAD + "columns:\n  cycle: c\n  relationshp: r\n")
    assert "row 7" in message
    assert "did you mean relationship?" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("columns: {cycle: a}\ncolumns: {cycle: b}\n", "again"),
        ("columns: &x {cycle: a}\n", "anchor"),
        ("columns: *x\n", "alias"),
        ("columns: !!python/object:os.system {}\n", "tag"),
        ("columns: [\n", "not YAML"),
        ("scales: {s: {minimum: 5, maximum: 1}}\n", "below maximum"),
        ("scales: {s: {minimum: 1, maximum: 2, words: {yes: 3}}}\n", "outside the scale"),
        ("date_formats: ['%H']\n", "date format"),
        ("utc_offset: CET\n", "pattern"),
        ("rows: [{unfold: [{a: b}]}]\n", "format: json"),
        ("format: json\nrows: [{wide: {pattern: '{item_code}'}}]\n", "format: table"),
        ("format: json\ncolumns: {cycle: 'a..b'}\n", "path"),
        ("rows: [{wide: {pattern: '{item_code}{rating}'}}]\n", "text between"),
        ("rows: [{wide: {pattern: 'no field'}}]\n", "fields"),
        ("columns: {cycle: {column: a, template: b}}\n", "either"),
        ("skip: [{column: a}]\n", "either"),
        ("kind: decision\n", "only for collector: table"),
        ("columns: {Cycle: a}\n", "pattern"),
        ("header_rows: 3\n", "1 or 2"),
    ],
)
def test_a_mistake_is_refused_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    message = refusal(tmp_path, HEAD + text)
    assert words in message


def test_an_alias_bomb_costs_nothing(tmp_path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{now}: &{now} [{', '.join(['*' + before] * 9)}]" for before, now in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    assert "anchor" in refusal(tmp_path, "\n".join(lines))


def test_words_that_yaml_takes_for_booleans_stay_words(tmp_path: Path) -> None:
    found = load(tmp_path, HEAD + "scales: {s: {minimum: 1, maximum: 2, words: {no: 1, yes: 2}}}\nmissing: [off, 0]\n")
    scale = found.scale("s")
    assert scale is not None
    assert (scale.score("No"), scale.score("YES")) == (1, 2)
    assert found.missing == ["off", "0"]


def test_a_mapping_of_another_collector_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is for scorecards"):
        mapping.load("greenhouse", collector="feedback360", fields=feedback360.FIELDS)


def test_an_unknown_name_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="did you mean greenhouse"):
        mapping.load("greenhose", collector="scorecards", fields=scorecards.FIELDS)
    with pytest.raises(BadInput, match="does not exist"):
        mapping.load(tmp_path / "none.yaml", collector="scorecards", fields=scorecards.FIELDS)


TABLE = "schema: calibrant/mapping/1\nname: own\ndescription: mine\ncollector: table\nkind: learning\nkey: [course]\n"


def test_a_table_needs_every_field_it_uses(tmp_path: Path) -> None:
    text = TABLE + "occurred_at: day\nparticipants: {subject: {field: who}}\ncolumns: {course: Course, who: Who}\n"
    assert "comes from no column" in refusal(tmp_path, text, "table")
    assert load(tmp_path, text.replace("{course", "{day: Day, course"), "table").kind == "learning"


@pytest.mark.parametrize("kind", ["rating", "scorecard_rating", "commit", "gossip"])
def test_kinds_with_a_collector_of_their_own_are_no_tables(tmp_path: Path, kind: str) -> None:
    assert "kind" in refusal(tmp_path, TABLE.replace("learning", kind) + "occurred_at: day\n", "table")


def test_roles_of_participants_are_a_closed_list(tmp_path: Path) -> None:
    text = TABLE + "occurred_at: day\nparticipants: {boss: {field: who}}\ncolumns: {course: a, who: b, day: c}\n"
    assert "boss" in refusal(tmp_path, text, "table")


# -- the documentation

DOCS = Path(__file__).parents[2] / "docs"


def test_every_field_mapping_and_key_is_documented() -> None:
    text = (DOCS / "collect-files.md").read_text()
    fields = {*feedback360.FIELDS, *scorecards.FIELDS, *roster.ROSTER_FIELDS, *roster.ABSENCE_FIELDS}
    models = (FileMapping, View, Wide, Rule, ScaleOf, MeasureOf, Participant)
    keys = {field.alias or name for model in models for name, field in model.model_fields.items()}
    missing = {name for name in {*fields, *keys, *mapping.shipped()} if not re.search(rf"\b{re.escape(name)}\b", text)}
    assert not missing


def test_the_documented_mapping_works(tmp_path: Path) -> None:
    text = (DOCS / "collect-files.md").read_text().split("```yaml\n")[1].split("```")[0]
    assert load(tmp_path, text).name == "our-survey"


@pytest.mark.parametrize("name", [name for name, collector in SHIPPED.items() if collector == "table"])
def test_every_measure_of_a_shipped_table_is_documented(name: str) -> None:
    text = (DOCS / "evidence.md").read_text()
    assert not [measure for measure in mapping.load(name, collector="table").measures if f"`{measure}`" not in text]
