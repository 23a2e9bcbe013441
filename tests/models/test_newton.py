"""Steps keep the pace that shrinking ones allow."""

from __future__ import annotations

import pytest

from models.newton import _Pacer


@pytest.mark.parametrize("pace", [0.05, 0.2, 1.0])
def test_steps_that_shrink_as_fast_as_their_pace_lets_them_are_lengthened(pace: float) -> None:
    pacer = _Pacer(pace, before=1.0)
    pacer.after(1.0 - 0.5 * pace)
    assert pacer.pace == min(1.0, 1.3 * pace)


def test_steps_that_do_not_shrink_are_halved() -> None:
    pacer = _Pacer(0.8, before=1.0)
    pacer.after(1.0)
    assert pacer.pace == 0.4
