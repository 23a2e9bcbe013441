"""Fits of the smallest departments settle, and one that does not is no Python warning but said in the assessment."""

from __future__ import annotations

from functools import partial

import pytest

from inference import fitting
from inference.engine import infer
from models.facets import FacetsModel
from tests.contract.department import AS_OF
from tests.contract.frames import frames_of
from tests.contract.gaming import thinly_rated
from tests.contract.standard import small_standard


@pytest.mark.parametrize("seed", range(4))
def test_the_tiniest_departments_settle(seed: int) -> None:
    """Nine people, two raters each: the likelihood hardly tells a small halo from a large one."""
    model = fitting.fit(small_standard(), frames_of(thinly_rated(seed)), as_of=AS_OF).model
    assert model is not None
    assert model.converged_


def test_an_assessment_that_did_not_settle_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "measurement_model", partial(FacetsModel, max_iterations=2))
    found = infer(small_standard(), frames_of(thinly_rated(0)), as_of=AS_OF)
    assert "the model did not converge; its results are not to be used" in found.warnings
