import json
from pathlib import Path

import numpy as np
import ordinal
import pytest
from scipy.special import expit


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """Two tables of ordered levels, with and without a header, and three files of other kinds."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 9, (200, 2))
    level = (rng.random((200, 1)) > expit(np.array([-2.0, 2.0]) - 0.6 * (X - 4).sum(axis=1)[:, None])).sum(axis=1)
    rows = [",".join(map(str, row)) for row in np.column_stack([X, level])]
    colour = rng.choice(["red", "blue"], 200)
    named = [f"{a};{word};{k}" for (a, _), word, k in zip(X, colour, level + 3, strict=True)]
    (tmp_path / "bare.csv").write_text("\n".join(["200,2,0,1,2", *rows]))
    (tmp_path / "named.csv").write_text("\n".join(["a;colour;quality", *named]))
    (tmp_path / "short.csv").write_text("\n".join(["a,b,y", *rows[:50]]))
    (tmp_path / "ratings.csv").write_text("\n".join(["rater,item,score", *rows]))
    (tmp_path / "bare.expected.csv").write_text("\n".join(["a,b,y", *rows]))
    return tmp_path


def test_tables_of_ordered_levels_are_told_from_others(folder: Path) -> None:
    assert ordinal.read(folder / "short.csv") is None
    assert ordinal.read(folder / "ratings.csv") is None
    bare, named = ordinal.read(folder / "bare.csv"), ordinal.read(folder / "named.csv")
    assert (bare.X.shape, bare.levels, bare.level.min(), bare.level.max()) == ((200, 2), (0, 1, 2), 1, 3)
    assert (named.X.shape, named.levels) == ((200, 2), (3, 4, 5))
    np.testing.assert_array_equal(bare.level, named.level)


def test_all_ways_are_judged_on_the_same_folds_and_the_gate_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ordinal, "peers", lambda: {"shares of levels": ordinal.prior})
    monkeypatch.setattr(ordinal, "HALVES", 3)
    monkeypatch.setattr("sys.argv", ["ordinal.py", "--data", str(folder), "--sets", "bare", "--folds", "2", "--json"])
    assert ordinal.main() == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["bare"]
    rows = {row["model"]: row for row in found["bare"]["models"]}
    prior, ours = rows["shares of levels"], rows[ordinal.OURS]
    assert prior["gain"] == 0.0
    assert ours["rps"] < prior["rps"] - 5 * ours["se"]
    assert len(ours["choices"]) == 2
    assert all(0.0 <= row["untied"] <= 1.0 and row["floor"] < row["floor_p95"] for row in rows.values())


def test_a_series_of_binary_classifiers_survives_levels_it_has_not_seen() -> None:
    from sklearn.linear_model import LogisticRegression

    X = np.linspace(-1, 1, 40)[:, None]
    share = ordinal.series(LogisticRegression())(X, np.repeat([2, 4], 20), X, 5)
    np.testing.assert_allclose(share.sum(axis=1), 1.0)
    assert share[:, [0, 2, 4]].max() < 1e-6


def test_a_folder_without_tables_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["ordinal.py", "--data", str(tmp_path)])
    with pytest.raises(SystemExit, match="2"):
        ordinal.main()
    (tmp_path / "words.csv").write_text("a,b\nx,y\n")
    assert ordinal.main() == 1
