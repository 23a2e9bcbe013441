"""Commands load what they need, and no more."""

import subprocess
import sys
from importlib import import_module

import typer
from typer.main import get_command

from calibrant.cli import COMMANDS, app


def test_every_command_is_found_by_its_first_word() -> None:
    for module, words in COMMANDS.items():
        made = typer.Typer()
        import_module(f"calibrant.cli.{module}").register(made)
        made.callback()(lambda: None)
        assert set(get_command(made).commands) == set(words), module  # type: ignore[attr-defined]
    assert set(get_command(app).commands) == {word for words in COMMANDS.values() for word in words}  # type: ignore[attr-defined]


def test_collecting_does_not_load_the_mathematics() -> None:
    code = "import sys; from calibrant.cli import build; build('collect'); print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "collectors.github" in loaded
    assert [name for name in ("sklearn", "scipy", "altair") if name in loaded] == []


def test_an_unknown_word_is_refused_by_the_whole_application() -> None:
    done = subprocess.run([sys.executable, "-m", "calibrant", "collcet"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "collcet" in done.stderr
