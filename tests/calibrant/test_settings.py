"""The table of settings: read once, at the edge."""

from pathlib import Path

from calibrant.settings import read_settings


def test_a_password_in_the_ledgers_address_is_in_no_repr(tmp_path: Path) -> None:
    read = read_settings({"CALIBRANT_LEDGER": "postgresql://ann:hunter2@db/calibrant"}, tmp_path)
    assert read.ledger.endswith("@db/calibrant")
    assert "hunter2" not in repr(read)
