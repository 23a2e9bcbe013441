"""What is installed is this project, whole: names, package data, layers, the script of continuous integration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import rubrics

ROOT = Path(rubrics.__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = ["calibrant", "inference", "collectors", "rubrics", "models", "db"]


@pytest.fixture(scope="module")
def packaged() -> set[str]:
    """The files that a wheel would hold, as setuptools finds them."""
    pytest.importorskip("setuptools", minversion="77", reason="older ones do not read this pyproject.toml")
    from setuptools import Distribution
    from setuptools.config.pyprojecttoml import apply_configuration

    before = Path.cwd()
    os.chdir(ROOT)
    try:
        distribution = apply_configuration(Distribution({"script_name": "setup.py"}), "pyproject.toml")
        # what the last build listed must not hide a missing pattern
        distribution.include_package_data = False
        build = distribution.get_command_obj("build_py")
        build.ensure_finalized()
        modules = [str(Path(path).resolve().relative_to(ROOT)) for _, _, path in build.find_all_modules()]
        data = [f"{folder}/{name}" for _, folder, _, names in build.data_files for name in names]
    finally:
        os.chdir(before)
    return {Path(name).as_posix() for name in [*modules, *data]}


def test_our_names_mean_our_packages_also_from_elsewhere(tmp_path: Path) -> None:
    code = f"import json; print(json.dumps([__import__(name).__file__ for name in {PACKAGES!r}]))"
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [Path(file).parent for file in json.loads(done.stdout)] == [ROOT / name for name in PACKAGES]


def test_the_command_is_installed(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("calibrant")
    done = subprocess.run([script, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"calibrant {PROJECT['project']['version']}\n"


def test_a_wheel_holds_every_module_and_no_test(packaged: set[str]) -> None:
    ours = {path.relative_to(ROOT).as_posix() for name in PACKAGES for path in (ROOT / name).rglob("*.py")}
    assert ours - packaged == set()
    assert {name.partition("/")[0] for name in packaged} == set(PACKAGES)


def test_a_wheel_holds_all_data_that_the_packages_read(packaged: set[str]) -> None:
    patterns = {
        "calibrant": ["templates/**/*"],
        "collectors": ["mappings/*.yaml"],
        "rubrics": ["library/**/*.yaml"],
        **{name: ["py.typed"] for name in PACKAGES if name not in ("calibrant", "collectors", "rubrics")},
    }
    for name, globs in patterns.items():
        found = [path for glob in globs for path in (ROOT / name).glob(glob) if path.is_file()]
        assert found, name
        assert {path.relative_to(ROOT).as_posix() for path in found} - packaged == set()
    assert {f"{name}/py.typed" for name in PACKAGES} <= packaged


def test_no_package_holds_a_file_that_a_wheel_would_lose(packaged: set[str]) -> None:
    kept = {path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.is_file()}
    files = {path.relative_to(ROOT).as_posix() for path in kept if "__pycache__" not in path.parts}
    assert files - packaged == set()


def test_the_layers_are_held_by_import_linter() -> None:
    contracts = {one["name"]: one for one in PROJECT["tool"]["importlinter"]["contracts"]}
    layers = contracts["Imports go down only"]["layers"]
    assert layers == ["calibrant", "inference | collectors", "rubrics | models", "db"]
    alone = contracts["The mathematics imports none of ours"]
    assert (alone["source_modules"], set(alone["forbidden_modules"])) == (["models"], {*PACKAGES} - {"models"})


def test_tests_have_no_package_of_their_own() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_constraints_pin_versions_and_name_no_index() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all("==" in line for line in pins)
    assert [line for line in lines if "://" in line or line.startswith("-")] == []


def test_pythons_and_extras_are_declared() -> None:
    project = PROJECT["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    assert {"web", "postgres", "dask", "test"} <= project["optional-dependencies"].keys()
    assert project["scripts"] == {"calibrant": "calibrant.cli:main"}
