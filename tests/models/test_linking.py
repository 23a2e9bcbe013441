from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.linking import linking


def rated(*pairs: tuple[str, str]) -> pd.DataFrame:
    """person, rater."""
    return pd.DataFrame(pairs, columns=["person", "rater"])


TWO_TEAMS = [(f"a{n}", f"x{m}") for n in range(6) for m in range(4)] + [
    (f"b{n}", f"y{m}") for n in range(6) for m in range(4)
]
TEAM = {f"{team}{n}": {"a": "A", "b": "B", "x": "A", "y": "B"}[team] for team in "abxy" for n in range(6)}


def test_two_teams_who_rate_themselves_are_apart() -> None:
    found = linking(rated(*TWO_TEAMS), group_of_person=TEAM, group_of_rater=TEAM)
    assert (found.components, found.minimum_cut, found.bridge_raters) == (2, None, ())
    assert found.algebraic_connectivity == pytest.approx(0.0, abs=1e-9)
    assert [(one.bridges, one.shared, one.thin) for one in found.boundaries] == [(0, 0, True)]


def test_one_rater_who_joins_them_is_the_bridge_and_the_cut() -> None:
    joined = linking(rated(*TWO_TEAMS, ("b0", "x0"), ("b1", "x0")), group_of_person=TEAM, group_of_rater=TEAM)
    assert (joined.components, joined.bridge_raters, joined.minimum_cut, joined.cut_off) == (1, ("x0",), 1, 6)
    assert [(one.bridges, one.shared, one.thin) for one in joined.boundaries] == [(1, 2, True)]


def test_more_bridges_tie_tighter() -> None:
    more = [(f"b{n}", f"x{n % 3}") for n in range(6)]
    loose, tight = (linking(rated(*TWO_TEAMS, *links), group_of_person=TEAM) for links in (more[:1], more))
    assert (tight.minimum_cut, tight.cut_off) == (3, 6)
    assert tight.algebraic_connectivity > loose.algebraic_connectivity > 0
    assert not tight.boundaries[0].thin
    assert tight.boundaries[0].shared is None


def test_everybody_rated_by_everybody_cannot_be_cut() -> None:
    full = linking(rated(*[(f"p{n}", f"r{m}") for n in range(5) for m in range(4)]))
    assert (full.minimum_cut, full.cut_off, full.bridge_raters) == (None, None, ())
    assert full.algebraic_connectivity == pytest.approx(1.0)


def test_a_person_whom_two_raters_rated_can_be_cut_off_by_two() -> None:
    table = rated(*[(f"p{n}", f"r{m}") for n in range(5) for m in range(4)], ("q", "r0"), ("q", "r1"))
    found = linking(table)
    assert (found.minimum_cut, found.cut_off) == (2, 1)


def test_the_order_of_rows_does_not_matter_and_one_person_is_no_design() -> None:
    table = rated(*TWO_TEAMS, ("b0", "x0"))
    assert linking(table) == linking(table.sample(frac=1.0, random_state=2))
    alone = linking(rated(("a", "x")))
    assert (alone.minimum_cut, alone.bridge_raters) == (None, ())


def test_large_designs_take_the_sparse_way_to_the_same_number() -> None:
    rng = np.random.default_rng(0)
    table = rated(*{(f"p{p}", f"r{r}") for p in range(60) for r in rng.choice(40, 3, replace=False)})
    import models.linking as module

    dense = linking(table).algebraic_connectivity
    before, module._DENSE = module._DENSE, 10
    try:
        assert linking(table).algebraic_connectivity == pytest.approx(dense, abs=1e-6)
    finally:
        module._DENSE = before
