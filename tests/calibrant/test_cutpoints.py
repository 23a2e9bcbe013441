"""From a file of agreed levels to reports that stop saying "relative to the average rater": through the real command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from calibrant.assessing import replay
from calibrant.cli import app
from db.ledger import Ledger
from tests.contract.outputs import filled, reopened
from tests.contract.standard import write_standard
from tests.inference.shy import DESCRIBED, SKILL, shy_department


class Place:
    """A ledger with shy raters and a standard of few skills, assessed once before and once after the vignettes' levels were agreed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.url = folder, f"sqlite:///{folder / 'ledger.db'}"
        filled(self.url, shy_department(4))
        self.standard = write_standard(folder / "small", (SKILL,))
        self.file = folder / "vignettes.yaml"
        listed = "\n".join(f"  - {{vignette: {code}, level: {level}}}" for code, level in DESCRIBED.items())
        self.file.write_text(f"method: vignettes\nskill: {SKILL}\njudges: 6\nrounds: 2\nvignettes:\n{listed}\n")
        self.before = self._assessed("2026-08-01")
        self.imported = self("cutpoints", "import", self.file)
        self.after = self._assessed("2026-08-02")

    def __call__(self, *words: object, now: str = "2026-08-01T12:00") -> Any:
        settings = {"CALIBRANT_LEDGER": self.url, "CALIBRANT_NOW": now, "CALIBRANT_STANDARD": str(self.standard)}
        done = CliRunner().invoke(app, [*(str(word) for word in words), "--json"], env=settings)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return json.loads(done.stdout)

    def _assessed(self, now: str) -> str:
        return str(self("assess", "--purpose", "promotion", "--as-of", "2026-06-30", now=now)[0]["run"])

    @property
    def ledger(self) -> Ledger:
        return reopened(self.url)


@pytest.fixture(scope="module", name="place")
def _place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("cutpoints"))


def test_agreed_levels_of_vignettes_change_the_next_run(place: Place) -> None:
    assert place.imported == [
        {"skill": SKILL, "method": "vignettes", "rule": "agreed-levels", "judges": 6, "rounds": 2}
    ]
    before, after = (
        next(run.details["cutpoints"][SKILL] for run in place.ledger.runs() if run.id == one)  # type: ignore[index]
        for one in (place.before, place.after)
    )
    assert before["anchored_by"] == []
    assert after["anchored_by"] == ["vignettes"]
    assert after["cuts"][3] < before["cuts"][3] - 0.5


def test_each_run_replays_with_what_was_agreed_by_then(place: Place) -> None:
    assert replay(place.ledger, place.before) == replay(place.ledger, place.after) == []


def test_show_tells_sources_rules_judges_and_errors(place: Place) -> None:
    told = place("cutpoints", "show", "--skill", SKILL)
    assert told["run"] == place.after
    sources = told["cutpoints"][SKILL]["by_source"]
    assert sources["vignettes"] | {"cuts": 0, "se": 0} == {
        "rule": "agreed-levels", "kind": "anchor", "used": True, "note": "", "cuts": 0, "se": 0,
        "judges": 6, "rounds": 2, "labels": 8,
    }  # fmt: skip
    assert sources["feedback360"]["used"] is False
    assert all(0.1 < error < 1.0 for error in told["cutpoints"][SKILL]["se"])


def test_the_table_stays_narrow_in_a_pipe(place: Place) -> None:
    settings = {"CALIBRANT_LEDGER": place.url, "CALIBRANT_STANDARD": str(place.standard)}
    now = {"CALIBRANT_NOW": "2026-08-03"}
    shown = CliRunner().invoke(app, ["cutpoints", "show"], env=settings | now)
    assert "= used" in shown.stdout
    assert max(len(line) for line in shown.stdout.splitlines()) <= 200


def test_a_vignette_named_like_a_person_is_refused_with_its_line(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "named.csv"
    person = shy_department(4).people[0].name
    file.write_text(
        f"method,skill,vignette,level,judges\nvignettes,{SKILL},v1,1,6\nvignettes,{SKILL},as {person} is,2,\n"
    )
    settings = {"CALIBRANT_LEDGER": place.url, "CALIBRANT_STANDARD": str(place.standard)}
    done = CliRunner().invoke(app, ["cutpoints", "import", str(file)], env=settings | {"CALIBRANT_NOW": "2026-08-03"})
    assert done.exit_code == 1
    assert f"{file}:3" in done.stderr.replace("\n", "")


def test_the_booklet_is_in_order(place: Place) -> None:
    pages = place("cutpoints", "booklet", "--skill", SKILL)["booklet"]
    assert [page["page"] for page in pages] == list(range(1, len(pages) + 1))
    assert [page["theta"] for page in pages] == sorted(page["theta"] for page in pages)


def test_effect_names_nobody_and_counts_no_fewer_than_five(place: Place) -> None:
    told = place("cutpoints", "effect")
    counts = [
        told["persons"],
        *(value for row in (*told["skills"], told["overall"]) for key, value in row.items() if key != "skill"),
    ]
    assert all(count is None or count == 0 or count >= 5 for count in counts)
    assert told["overall"]["people"] >= 5
    assert not any(one.key in json.dumps(told) for one in shy_department(4).people)


def test_the_packet_stops_saying_average_rater_and_tells_the_effect(place: Place) -> None:
    words = (
        "report",
        "packet",
        "p03",
        "--role",
        "ml-engineer",
        "--job-level",
        "senior",
        "--unseal",
        "--reason",
        "test",
    )
    files = place(*words, "--out", place.folder / "reports", now="2026-08-03")["files"]
    sealed = next(Path(file) for file in files if file.endswith("sealed.html")).read_text()
    assert "average rater" not in sealed
    assert "tied to this organisation&#39;s standard by vignettes" in sealed
    assert "Cutpoints one standard error" in sealed


def test_vignettes_are_nobody_in_lists_of_people_to_settle(place: Place) -> None:
    assert not [one for one in place("identities", "list", "--unresolved") if one.get("provider") == "vignette"]


def test_erasing_a_rater_takes_their_vignette_ratings_and_leaves_the_record(place: Place) -> None:
    ledger = place.ledger
    before = ledger.standard_settings(known_at=ledger._store.clock())
    report = ledger.erase_person("p00", reason="test")
    assert report.artefacts >= len(DESCRIBED)
    assert ledger.standard_settings(known_at=ledger._store.clock()) == before
    assert ledger.verify().sound


def test_nothing_assessed_and_unknown_skills_are_refused(place: Place, tmp_path: Path) -> None:
    assert "no such skill" in place("cutpoints", "show", "--skill", "nothing")["error"]
    assert "nothing has been assessed" in place("cutpoints", "show", "--purpose", "development")["error"]
