"""Text from any source is inert in every output: contract test 8."""

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from calibrant.cli import app
from collectors import feedback360
from db.errors import BadInput
from db.records import Purpose
from inference.engine import infer
from tests.contract.department import AS_OF, SKILLS, department
from tests.contract.files import collect_files, write_files
from tests.contract.frames import frames_of
from tests.contract.hostile import HOSTILE, MARKUP, PROMPTS, poisoned, problems_of, steering
from tests.contract.outputs import NOW, assess, exports, filled, reports


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, standard_folder):
    """(ledger URL, outputs) of a department whose every text is an attack, with a hostile dispute and reply."""
    folder = tmp_path_factory.mktemp("hostile")
    url = f"sqlite:///{folder / 'ledger.db'}"
    made = poisoned(department(1, raters=5))
    ledger = filled(url, made)
    for number, text in enumerate(HOSTILE):
        ledger.add_reply("p03", text)
        evidence = ledger.evidence(as_of=NOW, known_at=NOW, purpose=None)
        own = sorted(evidence.loc[evidence["kind"] == "commit", "evidence"])
        ledger.open_dispute("p03", own[number], text)
    assess(ledger, standard_folder)
    team = made.people[3].team
    found = {
        **reports(ledger, folder / "reports", "p03", team),
        **{f"{k}.export": v for k, v in exports(ledger).items()},
    }
    return url, found


def test_no_report_and_no_export_holds_anything_that_acts(hostile):
    _, outputs = hostile
    assert len(outputs) == 21
    assert {name: problems_of(name, content) for name, content in outputs.items() if problems_of(name, content)} == {}


def test_the_attacks_did_reach_the_outputs(hostile):
    """Else there would be nothing to make inert."""
    _, outputs = hostile
    pages = b"".join(content for name, content in outputs.items() if name.endswith(".html")).decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages
    assert "\\x1b[2J" in pages
    assert "\\u202e" in pages
    assert PROMPTS[0] in pages
    assert "'=cmd" in outputs["gap.csv"].decode()


def test_the_detector_finds_what_is_not_inert():
    assert problems_of("a.html", b"<p onclick=x><script>1</script><a href='javascript:1'>")
    assert problems_of("a.csv", b"skill,team\r\nx,=1+1\r\n")
    assert problems_of("a.json", b'{"a": "<b>"}')
    assert problems_of("a.html", "\u202e".encode())


def commands():
    """Every command that prints what sources wrote."""
    yield from (
        ["people", "list"],
        ["identities", "list"],
        ["identities", "suggest"],
        ["disputes"],
        ["sources", "list"],
    )
    yield from (["identities", "list", "--person", "p03"], ["export", "evidence"], ["export", "assessments"])
    yield from (["audit", "verify"], ["report", "raters", "--department", "=1+1", "--out", "reports"])
    for text in HOSTILE:
        if "\ud800" not in text:
            yield ["report", "self", text, "--out", "reports"]
            yield ["report", "raters", f"--rater={text}", "--out", "reports"]
            yield ["dispute", text, text, "--reason", text]


@pytest.mark.parametrize("as_json", [False, True])
def test_no_command_sends_a_terminal_anything_but_text(hostile, tmp_path, monkeypatch, as_json):
    url, _ = hostile
    monkeypatch.chdir(tmp_path)
    runner = CliRunner(env={"CALIBRANT_LEDGER": url, "CALIBRANT_NOW": NOW.isoformat(), "COLUMNS": "200"})
    printed = 0
    for words in commands():
        separated = (
            [*words[:2], *(["--json"] if as_json else []), *words[2:]]
            if words[0] != "dispute"
            else ["dispute", *(["--json"] if as_json else []), "--reason", words[-1], "--", *words[1:3]]
        )
        if words[:2] == ["report", "self"]:
            separated = ["report", "self", *(["--json"] if as_json else []), "--out", "reports", "--", words[2]]
        result = runner.invoke(app, separated)
        assert result.exception is None or isinstance(result.exception, SystemExit), separated
        assert steering(result.output) == [], separated
        printed += len(result.output)
    assert printed > 10_000


def test_a_forced_colour_terminal_gets_no_escape_of_a_sources_making(hostile, tmp_path):
    """On a terminal our own colours may be sent; nothing that a source wrote may."""
    url, _ = hostile
    told = subprocess.run(
        [sys.executable, "-m", "calibrant", "people", "list"],
        env={
            **os.environ,
            "CALIBRANT_LEDGER": url,
            "CALIBRANT_NOW": NOW.isoformat(),
            "FORCE_COLOR": "1",
            "COLUMNS": "400",
            "TERM": "xterm",
        },
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
    )
    text = told.stdout.decode()
    assert "\x1b[2J" not in text
    assert "\x1b]0;" not in text
    assert "\\x1b[2J" in text


def test_words_change_no_figure(standard):
    """No prompt, formula or markup in any text says anything to the model."""
    made = department(1)
    turned = poisoned(made)
    plain = {name: turned.sources[other] for name, other in zip(made.sources, turned.sources, strict=True)}
    kept = {
        name: tuple(
            replace(
                one, excerpt=hostile.excerpt, url=hostile.url, measures={**one.measures, "subject": hostile.excerpt}
            )
            for one, hostile in zip(held, plain[name], strict=True)
            if "\ud800" not in hostile.excerpt
        )
        for name, held in made.sources.items()
    }
    stored = {one.artefact for held in kept.values() for one in held}
    same = {name: tuple(one for one in held if one.artefact in stored) for name, held in made.sources.items()}
    figures = [
        [
            (one.person, one.skill, one.theta, one.theta_sd, one.probabilities)
            for one in infer(standard, frames_of(held), as_of=AS_OF).assessments
        ]
        for held in (replace(made, sources=same), replace(made, sources=kept))
    ]
    assert figures[0] == figures[1]


# -- through real files --------------------------------------------------------------------------------------


def test_hostile_files_are_refused_with_a_reason_or_become_inert(tmp_path, standard_folder):
    """The same attacks as a roster, forms and git histories: what a collector takes in comes out harmless."""
    made = department(1, count=9)
    turned = replace(
        made,
        people=tuple(
            replace(one, name=f"{attack} {one.key}") for one, attack in zip(made.people, _storable(), strict=False)
        ),
        sources={
            name: tuple(replace(one, excerpt=_storable()[number % len(_storable())]) for number, one in enumerate(held))
            for name, held in made.sources.items()
        },
    )
    ledger = filled(f"sqlite:///{tmp_path / 'ledger.db'}", replace(made, people=(), sources={}))
    collect_files(ledger, write_files(turned, _made(tmp_path / "files")))
    assess(ledger, standard_folder, (Purpose.PROMOTION, Purpose.SELF_CHECK, Purpose.GAP_ANALYSIS))
    outputs = reports(ledger, tmp_path / "reports", "p03", made.people[3].team)
    assert {name: found for name in outputs if (found := problems_of(name, outputs[name]))} == {}
    text = json.dumps(list(ledger.export_evidence(as_of=NOW, known_at=NOW)), ensure_ascii=False)
    assert steering(text) == []


@pytest.mark.parametrize("field", ["subject_id", "competency_code", "relationship", "rating", "scale", "cycle"])
@pytest.mark.parametrize("attack", [MARKUP[1], "=cmd|' /C calc'!A0", "\x1b[2J", "a\u202eb"])
def test_a_hostile_code_is_refused_in_words_that_are_inert_or_tagged_with_no_skill(tmp_path, standard, field, attack):
    row = {
        "cycle": "2026",
        "subject_id": "p01",
        "rater_id": "p02",
        "relationship": "peer",
        "competency_code": SKILLS[0],
        "rating": "4",
        "scale": "1-5",
        "comment": attack,
        "submitted_at": "2026-05-01",
    } | {field: attack}
    path = tmp_path / "feedback.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([list(row), list(row.values())])
    try:
        held = list(feedback360.collect(feedback360.Settings(path=path, source="x"), None, now=NOW))
    except BadInput as error:
        said = "\n".join([str(error), *map(str, error.problems)])
        assert steering(said) == []
        assert "row 2" in said
    else:
        texts = json.dumps([dict(one.measures) for batch in held for one in batch.evidence], ensure_ascii=False)
        assert steering(texts) == []


def _storable():
    """Attacks that a file can hold: no lone surrogate, no line break."""
    return [text for text in HOSTILE if "\ud800" not in text and "\r" not in text and "\x85" not in text]


def _made(folder):
    folder.mkdir()
    return folder
