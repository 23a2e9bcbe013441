"""Every script says what it is, and what it was not given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=FOLDER.parent, check=False)


@pytest.mark.parametrize("script", sorted(path.name for path in FOLDER.glob("*_*.py") if path.name != "facets_peer.py"))
def test_a_part_names_the_benchmark_it_belongs_to(script: str) -> None:
    text = (FOLDER / script).read_text(encoding="utf-8")
    if f"`python benchmarks/{script}" in README:
        return
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


def test_every_benchmark_stands_in_the_table() -> None:
    for path in sorted(FOLDER.glob("*.py")):
        assert f"benchmarks/{path.name}" in README or f"`{path.name}`" in README
