"""What collecting from a forge costs: the script's keys, counted by the servers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "collect_forge.py"


@pytest.mark.parametrize(("forge", "most"), [("github", 100), pytest.param("gitlab", 2_400, marks=pytest.mark.long)])
def test_the_whole_command_is_measured(forge: str, most: int) -> None:
    command = [sys.executable, str(SCRIPT), "--json", "--changes", "30", "--latency", "0", "--only", forge]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)[forge]
    assert {"requests_per_1000", "points_per_1000", "requests_when_idle", "seconds_per_1000"} <= set(figures)
    assert figures["artefacts"] > 30
    assert 0 < figures["requests_per_1000"] <= most
    if forge == "github":
        assert figures["requests_when_idle"] <= 2
