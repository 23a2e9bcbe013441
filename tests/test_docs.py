"""What the documentation says is so: commands, settings, collectors, criteria, links and the first screen's commands."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import pytest

import rubrics
from calibrant.cli import app
from calibrant.cli.reference import commands_page, walk
from calibrant.cli.rubric import Collector
from calibrant.collecting import DEFAULT_PURPOSES, collect_into
from calibrant.describing import COLLECTS
from calibrant.settings import SETTINGS, settings_table
from collectors import exports
from db.ledger import Ledger
from db.records import Batch, Purpose

ROOT = Path(rubrics.__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS.glob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
COMMANDS = dict(walk(app))


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(text: str) -> Iterator[str]:
    yield from re.findall(r"^```\w*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def typed(text: str) -> Iterator[list[str]]:
    """Every calibrant command somebody is told to type."""
    inline = re.findall(r"`(calibrant [a-z][^`]*)`", re.sub(r"\s+", " ", text))
    for line in [*(line for block in blocks(text) for line in block.splitlines()), *inline]:
        for part in re.split(r"&&|\||(?<=\s)#", line.removeprefix("$ ").strip()):
            if re.match(r"(\.venv/bin/)?calibrant [a-z]", part.strip()):
                yield shlex.split(part.replace("...", ""))[1:]


def command_of(words: list[str]) -> str | None:
    """The full name of the longest command the words begin with."""
    names = [f"calibrant {' '.join(words[:length])}" for length in (2, 1)]
    return next((name for name in names if name in COMMANDS), None)


def test_the_page_of_commands_is_the_one_the_program_writes() -> None:
    assert page("commands.md") == commands_page(app), "python -m calibrant.cli.reference > docs/commands.md"


def test_the_page_of_settings_holds_the_table_of_settings() -> None:
    assert settings_table() in page("settings.md")
    assert all(setting.variable in page("settings.md") for setting in SETTINGS)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_command_in_a_page_exists_with_its_options(path: Path) -> None:
    for words in typed(path.read_text(encoding="utf-8")):
        if "|" in words[-1] or (words[-1].islower() and "|" in " ".join(words)):
            continue
        name = command_of(words)
        groups = {" ".join(one.split()[1:2]) for one in COMMANDS}
        assert name or words[0] in groups, words
        if name:
            known = {option for one in COMMANDS[name].params for option in one.opts}
            assert [word for word in words if word.startswith("--") and word not in known] == []


def test_every_collector_and_mapping_is_described() -> None:
    told = page("collect-files.md") + page("collect-git.md") + page("collect-forges.md")
    collected = {name.removeprefix("calibrant collect ") for name in COMMANDS if name.startswith("calibrant collect ")}
    shipped = {path.stem for path in (Path(exports.__file__).parent / "mappings").glob("*.yaml")}
    assert {name for name in {*collected, *shipped} if not re.search(rf"\b{name}\b", told)} == set()


def test_every_criterion_role_and_skill_is_in_the_page_of_the_standard() -> None:
    book, told = rubrics.load("aiml"), page("aiml-standard.md")
    assert [code for code in (*book.skills, *book.roles, *book.criteria) if f"`{code}`" not in told] == []


def test_every_page_is_in_the_index_and_every_link_leads_somewhere() -> None:
    index = page("README.md")
    assert [one.name for one in DOCS.glob("*.md") if one.name != "README.md" and f"({one.name})" not in index] == []
    for path in PAGES:
        text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]
        local = [link for link in links if link and not link.startswith("http")]
        assert [link for link in local if not (path.parent / link).exists()] == [], path.name


def test_the_readme_s_commands_are_the_makefile_s_and_continuous_integration_s() -> None:
    makefile, ci = ((ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", ".ci/run"))
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    told = re.findall(r"^\$ (make [a-z-]+)$", README, flags=re.MULTILINE)
    assert told == ["make demo", "make test"]
    for text in (README, CONTRIBUTING):
        assert set(re.findall(r"\bmake ([a-z-]+)`", text)) <= targets
    assert re.findall(r"^make ([a-z-]+)$", ci, flags=re.MULTILINE) == ["lint", "test"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_first_screen_says_what_it_is_what_it_will_not_claim_and_maps_the_folders() -> None:
    first = README.partition("## Use it on your own data")[0]
    for words in ("What it claims.", "What it does not claim.", "make demo", "make test", "docs/pictures/packet.png"):
        assert words in first
    rows = re.findall(r"^(\w+)/ +\S", first, flags=re.MULTILINE)
    assert rows == ["calibrant", "inference", "collectors", "rubrics", "models", "db"]
    assert all((ROOT / row).is_dir() for row in rows)
    assert (DOCS / "pictures" / "packet.png").stat().st_size < 200_000


def test_the_readme_s_demo_output_is_what_the_demo_runs() -> None:
    shown = next(block for block in blocks(README) if block.startswith("$ make demo"))
    lines = [line.removeprefix("$ calibrant ") for line in shown.splitlines() if line.startswith("$ calibrant ")]
    assert lines
    assert all(command_of(shlex.split(line)) for line in lines)


def test_no_page_names_a_place_on_somebody_s_machine() -> None:
    for path in PAGES:
        found = re.findall(r"(?<![\w.])/(?:home|Users|root|tmp|work|opt)/\S*", path.read_text(encoding="utf-8"))
        assert found == [], path.name


def test_the_whole_collector_in_contributing_collects_and_the_second_time_adds_nothing(
    tmp_path: Path, clock: Callable[[], datetime], entropy: Callable[[int], bytes]
) -> None:
    code = next(block for block in blocks(CONTRIBUTING) if "def collect(" in block)
    (tmp_path / "courses.py").write_text(code, encoding="utf-8")
    specification = importlib.util.spec_from_file_location("courses", tmp_path / "courses.py")
    assert specification is not None
    assert specification.loader is not None
    courses = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(courses)
    file = tmp_path / "courses.jsonl"
    file.write_text('{"person": "E1", "course": "Causal inference", "day": "2025-11-03"}\n', encoding="utf-8")
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=clock, entropy=entropy)
    ledger.init()

    def run() -> int:
        def collect(cursor: Mapping[str, object] | None, now: datetime) -> Iterator[Batch]:
            batches: Iterator[Batch] = courses.collect(courses.Settings(file), cursor, now=now)
            return batches

        given = {"extractor": courses.EXTRACTOR, "now": clock(), "purposes": [Purpose.SELF_CHECK]}
        return collect_into(ledger, "courses", "courses", collect, **given).rows

    assert run() > 0
    assert run() == 0


def test_the_lists_of_collectors_are_the_same_everywhere() -> None:
    collected = {name.removeprefix("calibrant collect ") for name in COMMANDS if name.startswith("calibrant collect ")}
    assert collected - {"all"} == {*DEFAULT_PURPOSES} == {*COLLECTS} == {one.value for one in Collector}


def test_contributing_names_files_that_exist() -> None:
    named = re.findall(r"`((?:calibrant|collectors|rubrics|tests|docs)/[\w./]+)`", CONTRIBUTING)
    assert len(named) > 15
    assert [name for name in named if "NAME" not in name and not (ROOT / name).exists()] == []
