"""Every script says what it is, and what it was not given."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=FOLDER.parent, check=False)


PARTS = sorted(
    {name for name in re.findall(r"`([a-z_]+\.py)`", README) if (FOLDER / name).exists()} - {"facets_peer.py"}
)
"""Scripts that the README calls parts of others; `facets_peer.py` is run by itself, with its own usage."""


@pytest.mark.parametrize("script", [name for name in PARTS if f"benchmarks/{name}" not in README])
def test_a_part_names_the_benchmark_it_belongs_to(script: str) -> None:
    text = (FOLDER / script).read_text(encoding="utf-8")
    assert 'if __name__ == "__main__":' in text
    assert "run that." in text


def test_help_of_a_part_tells_what_it_is() -> None:
    told = run("benchmarks/ledger_ways.py", "--help")
    assert "python benchmarks/ledger.py" in told.stdout
    assert "compares" in told.stdout


@pytest.mark.parametrize("empty", [False, True])
def test_a_folder_that_is_not_there_is_said_and_not_traced_back(tmp_path: Path, empty: bool) -> None:
    folder = tmp_path if empty else tmp_path / "nope"
    told = run("benchmarks/agreement.py", "--data", str(folder))
    assert told.returncode == 2
    assert str(folder) in told.stderr
    assert "Traceback" not in told.stderr
