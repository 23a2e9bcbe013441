"""The second pass names what a patch adds, and is not fooled by what a patch says."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.git_content import MOST, names_in, reads
from db.records import Scalar
from tests.collectors.git_repository import Repository, evidence


def read(path: Path, *contents: dict[str, str]) -> list[tuple[Scalar, Scalar]]:
    repository = Repository(path / "r")
    for files in contents:
        repository.commit(files)
    oids = repository.write()
    found = evidence(repository.path, content=True)
    return [(found[oid].measures["imports"], found[oid].measures["tools"]) for oid in oids[1:]]


@pytest.mark.parametrize(
    ("path", "line", "names"),
    [
        ("a.py", "import numpy as np, os.path  # both", ["numpy", "os"]),
        ("a.py", "    from kfp.dsl import component", ["kfp"]),
        ("a.py", "from . import x", []),
        ("a.py", "from .sub import x", []),
        ("a.py", "import this and that", []),
        ("a.py", 'print("import os")', []),
        ("a.ipynb", '    "import torch\\n",', ["torch"]),
        ("a.ipynb", '    "!pip install -q mlflow==2.1 wandb\\n",', ["mlflow", "wandb"]),
        ("requirements-dev.txt", "Scikit_Learn[extra]>=1.2 ; python_version > '3'", ["scikit-learn"]),
        ("requirements.txt", "-r other.txt", []),
        ("requirements.txt", "# kfp", []),
        ("pyproject.toml", '    "kfp>=2.0", "dvc[s3]~=3",', ["kfp", "dvc"]),
        ("pyproject.toml", 'torch = "^2.1"', ["torch"]),
        ("pyproject.toml", 'requires-python = ">=3.11"', []),
        ("setup.cfg", "    airflow>=2", ["airflow"]),
        (
            "docker/Dockerfile.gpu",
            "FROM --platform=linux/amd64 nvcr.io/nvidia/tritonserver:24.01 AS base",
            ["tritonserver"],
        ),
        ("Dockerfile", "RUN pip install --no-cache-dir mlflow && pip install ./x", ["mlflow"]),
        ("deploy/x.yaml", "        image: gcr.io/ml-pipeline/api-server:2.0", ["api-server"]),
        ("deploy/x.yaml", "apiVersion: serving.kserve.io/v1beta1", ["kserve"]),
        ("deploy/x.yaml", "apiVersion: v1", []),
        (".github/workflows/x.yml", "      - uses: actions/setup-python@v5", ["actions/setup-python"]),
        (".pre-commit-config.yaml", "  - repo: https://github.com/astral-sh/ruff-pre-commit", ["ruff-pre-commit"]),
        ("environment.yml", "  - pandas=2.1", ["pandas"]),
        ("README.md", "import os", []),
    ],
)
def test_names_are_read_by_the_kind_of_file(path: str, line: str, names: list[str]) -> None:
    assert [name for _, name in names_in(path, line)] == names


def test_only_files_that_name_something_are_read() -> None:
    assert reads("x/Dockerfile")
    assert not reads("x/main.c")


def test_what_is_moved_is_not_added(tmp_path: Path) -> None:
    assert read(tmp_path, {"a.py": "import os\nx = 1\n"}, {"a.py": "x = 1\n", "b.py": "import os\n"})[1] == ([], [])


def test_code_that_looks_like_a_patch_is_code(tmp_path: Path) -> None:
    tricky = "++ b/evil.py\n-- a/evil.py\n@@ -1 +1,9 @@\ndiff --git a/x b/x\nimport spoofed\n"
    found = read(tmp_path, {"note.yaml": tricky}, {"note.yaml": "x: 1\n", "real.py": "import real"})
    assert found == [([], []), (["real"], [])]


def test_odd_names_of_files_are_read_too(tmp_path: Path) -> None:
    assert read(tmp_path, {'with "quote" and é .py': "import torch\n", "tab\there.py": "import jax\n"})[0] == (
        ["jax", "torch"],
        [],
    )


def test_names_and_lines_are_bounded(tmp_path: Path) -> None:
    many = "".join(f"import m{number:03}\n" for number in range(200)) + "import z" + "z" * 100_000 + "\n"
    ((imports, _),) = read(tmp_path, {"a.py": many})
    assert isinstance(imports, list)
    assert len(imports) == MOST
