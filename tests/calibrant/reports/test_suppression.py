from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from calibrant.reports.suppression import MINIMUM_CELL, suppress

teams = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 12), min_size=1, max_size=6)


def revealed(counts, published):
    """Every non-empty union of teams whose head count follows linearly from the published cells, with its people."""
    names = sorted(name for name in counts if counts[name])
    rows = [[float(name == part) for name in names] for part in sorted(published.parts)]
    rows += [[1.0] * len(names)] if published.total else []
    table = np.array(rows).reshape(len(rows), len(names))
    rank = np.linalg.matrix_rank(table) if table.size else 0
    for size in range(1, len(names) + 1):
        for union in combinations(names, size):
            wanted = np.array([[float(name in union) for name in names]])
            if np.linalg.matrix_rank(np.vstack([table, wanted])) == rank:
                yield union, sum(counts[name] for name in union)


@given(teams)
def test_no_cell_and_no_difference_of_cells_speaks_of_fewer_than_five_people(counts):
    for union, people in revealed(counts, suppress(counts)):
        assert people >= MINIMUM_CELL, union


@given(teams, st.integers(2, 6))
def test_any_minimum_is_kept(counts, minimum):
    for union, people in revealed(counts, suppress(counts, minimum)):
        assert people >= minimum, union


@given(teams)
def test_nothing_is_withheld_where_nobody_is_few(counts):
    large = {name: count + 5 for name, count in counts.items()}
    assert suppress(large).parts == set(large)


def test_one_small_team_takes_the_smallest_other_with_it():
    published = suppress({"red": 9, "blue": 6, "green": 2})
    assert published.total
    assert published.parts == {"red"}


def test_a_department_of_four_shows_nothing():
    published = suppress({"red": 4, "blue": 0})
    assert not published.total
    assert not published.parts
