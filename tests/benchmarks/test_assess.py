import json
import os
import subprocess
import sys
from pathlib import Path

from assess_department import SKILLS, Department

import rubrics

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "assess.py"


def test_the_department_is_made_of_the_skills_that_are_shipped() -> None:
    assert sorted(SKILLS) == sorted(rubrics.load("aiml").skills)


def test_one_seed_makes_one_department() -> None:
    made = [Department(12, 4_000, 3) for _ in range(2)]
    assert made[0].feedback == made[1].feedback
    assert made[0].commits == made[1].commits > 0
    histories = [list(one.history(one.repositories[0], 50)) for one in made]
    assert histories[0] == histories[1]


def test_it_runs_alone_and_says_where_the_time_went() -> None:
    command = [sys.executable, str(SCRIPT), "--people", "12", "--rows", "4000", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[1])}
    found = json.loads(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)
    assessed = found["assessed"]
    assert (assessed["people"], assessed["evidence"], assessed["skills"]) == (12, 4_000, 14)
    assert sum(assessed["states"].values()) == 12 * 14
    assert {"read", "attribute", "tag", "evaluate", "fit", "leave one out", "judge", "cite", "save"} <= set(
        assessed["stages"]
    )
    assert sum(stage["cpu_seconds"] for stage in assessed["stages"].values()) <= assessed["cpu_seconds"] + 0.01
