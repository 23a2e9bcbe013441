"""A standard loads from a folder, a library's code and its own text, always to the same thing."""

import copy
import json
import pickle
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import rubrics
from db.errors import BadInput, Refusal
from rubrics.catalogue import Catalogue

Broken = Callable[[str, str, str], Path]


def test_the_text_reads_back_to_an_equal_standard(small: rubrics.Standard) -> None:
    again = rubrics.Standard.from_text(small.text())
    assert again == small
    assert again.hash == small.hash
    assert again.text() == small.text()


def test_a_standard_pickles_and_copies(small: rubrics.Standard) -> None:
    assert pickle.loads(pickle.dumps(small)) == small
    assert copy.deepcopy(small) == small
    assert {small: 1}[copy.copy(small)] == 1


def reordered(value: object, draw: Callable[[list[object]], list[object]]) -> object:
    if isinstance(value, dict):
        return {key: reordered(value[key], draw) for key in draw(list(value))}
    return [reordered(entry, draw) for entry in value] if isinstance(value, list) else value


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_key_order_and_yaml_style_do_not_reach_the_hash(
    data: st.DataObject, small: rubrics.Standard, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source, target = Path(__file__).parent / "fixtures" / "small", tmp_path_factory.mktemp("styled")
    for file in source.rglob("*.yaml"):
        content = yaml.load(file.read_text(), Loader=yaml.BaseLoader)
        typed = yaml.safe_load(file.read_text())
        assert len(content) == len(typed)
        shuffled = reordered(typed, lambda keys: data.draw(st.permutations(keys)))
        (target / file.relative_to(source)).parent.mkdir(exist_ok=True)
        style = data.draw(st.sampled_from([True, False, None]))
        width = data.draw(st.sampled_from([40, 1000]))
        text = yaml.safe_dump(shuffled, sort_keys=False, default_flow_style=style, width=width)
        (target / file.relative_to(source)).write_text(text)
    assert rubrics.load(target).hash == small.hash


def test_order_within_signals_and_criteria_does_not_reach_the_hash(small: rubrics.Standard, broken: Broken) -> None:
    folder = broken("skills/pipelines.yaml", "imports: [airflow, kfp]", "imports: [kfp, airflow, kfp]")
    file = folder / "skills" / "pipelines.yaml"
    text = file.read_text()
    first, second, end = (
        text.index(mark) for mark in ("      - code: pipelines.1.a", "      - code: pipelines.1.b", "  2:\n")
    )
    file.write_text(text[:first] + text[second:end] + text[first:second] + text[end:])
    assert rubrics.load(folder).hash == small.hash


def test_a_default_written_out_is_no_change(small: rubrics.Standard, broken: Broken) -> None:
    folder = broken("standard.yaml", "half_life_months: 12", "half_life_months: 12.0\nwaivers: []")
    assert rubrics.load(folder).hash == small.hash


def test_every_word_people_are_judged_by_reaches_the_hash(small: rubrics.Standard, broken: Broken) -> None:
    seen = {small.hash}
    for old, new in [
        ("Works alone", "Mostly works alone"),
        ("half_life_months: 12", "half_life_months: 13"),
    ]:
        seen.add(rubrics.load(broken("standard.yaml", old, new)).hash)
    for old, new in [
        ("at_least: 9", "at_least: 8"),
        ("window_months: 24", "window_months: 25"),
        ("tools: [dvc]", "tools: [dvc, make]"),
        ("Lands a pipeline change", "Lands a pipeline change or two"),
    ]:
        seen.add(rubrics.load(broken("skills/pipelines.yaml", old, new)).hash)
    assert len(seen) == 7


def test_what_the_files_say_is_what_the_objects_hold(small: rubrics.Standard) -> None:
    skill = small.skills["pipelines"]
    assert skill.description == "Builds pipelines that others can rely on."
    assert [criterion.code for criterion in skill.items[2].criteria] == [
        "pipelines.1.a",
        "pipelines.2.a",
        "pipelines.3.a",
    ]
    assert skill.measures["reviewed-months"].facts == ("reviewed", "survived")
    assert small.items["review/people-helped"].measure.unit == "people"
    assert (small.half_life("pipelines"), small.half_life("review")) == (12, 18)
    assert small.roles["builder"].job_levels["senior"].required == {"pipelines": 3, "review": 2}
    assert list(small.roles["builder"].job_levels) == ["junior", "senior"]
    assert small.criteria["review.4.a"].examples is not None


def test_a_waiver_holds_from_its_first_day_to_the_day_before_its_last(broken: Broken) -> None:
    waiver = "waivers: [{criterion: pipelines.1.a, reason: Moving forges., from: 2026-01-01, until: 2026-02-01}]\n"
    standard = rubrics.load(broken("standard.yaml", "half_life_months: 12\n", f"half_life_months: 12\n{waiver}"))
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)]
    assert [bool(standard.waived(day)) for day in days] == [False, True, True, False]
    assert standard.without_waivers().waivers == ()


def test_an_unsound_standard_is_refused_with_every_mistake(broken: Broken) -> None:
    broken("skills/pipelines.yaml", "unit: months", "unit: lines")
    folder = broken("skills/review.yaml", "name: Review", "nmae: Review")
    with pytest.raises(BadInput, match=r"skills/pipelines.yaml, row 21, .*lines and commits never count") as caught:
        rubrics.load(folder)
    assert {problem.file for problem in caught.value.problems} == {"skills/pipelines.yaml", "skills/review.yaml"}


def test_a_place_without_a_standard_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"standard\.yaml is missing"):
        rubrics.load(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense", "[" * 100_000, '{"standard": {"code": 1}}', "null"])
def test_a_text_that_is_no_standard_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="stored standard cannot be read"):
        rubrics.Standard.from_text(text)


def test_a_stored_standard_with_unknown_keys_is_refused(small: rubrics.Standard) -> None:
    payload = json.loads(small.text())
    payload["standard"]["more"] = 1
    with pytest.raises(BadInput, match="unknown key `more`"):
        rubrics.Standard.from_text(json.dumps(payload))


def test_a_catalogue_cannot_be_written_to(small: rubrics.Standard) -> None:
    with pytest.raises(TypeError, match="item assignment"):
        small.skills["other"] = small.skills["review"]  # type: ignore[index]
    assert "Catalogue" in repr(Catalogue({"a": 1}))
