"""Collecting by the command line: which source a clone belongs to."""

from pathlib import Path

from typer.testing import CliRunner

from calibrant.cli import app
from tests.collectors.git_repository import Repository


def test_two_histories_whose_folders_have_one_name_do_not_withdraw_each_other(tmp_path: Path) -> None:
    clones = [tmp_path / team / "service.git" for team in ("red", "blue")]
    for clone in clones:
        clone.parent.mkdir()
        repository = Repository(clone)
        repository.commit({f"{clone.parent.name}.py": "one\n"}, clone.parent.name)
        repository.write()

    def calibrant(*words: object) -> tuple[int, str]:
        ledger = {"CALIBRANT_LEDGER": f"sqlite:///{tmp_path / 'calibrant.db'}"}
        done = CliRunner().invoke(app, [str(word) for word in words], env=ledger)
        return done.exit_code, done.stdout + done.stderr

    assert calibrant("init")[0] == 0
    assert calibrant("collect", "git", clones[0])[0] == 0
    code, said = calibrant("collect", "git", clones[1])
    assert (code, "another history" in said, "--name" in said) == (1, True, True)
    assert calibrant("collect", "git", clones[1], "--name", "service-blue")[0] == 0
    assert len(calibrant("export", "evidence")[1].splitlines()) == 2
