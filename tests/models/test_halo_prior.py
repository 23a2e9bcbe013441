"""How firmly halos are held to where they start: firmly they stay, loosely they vanish where nobody carries impressions over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models.facets import FacetsModel


def test_halos_held_loosely_vanish_where_there_are_none(simulate: Callable) -> None:
    none = simulate(4, persons=80, skills=3, raters=20, items=2, halo_sd=0.0, halo_skill_sd=0.0).ratings
    firm = FacetsModel(log_sd_prior=0.3).fit(none).standard_deviations_
    loose = FacetsModel(log_sd_prior=0.3, halo_log_sd_prior=1.5).fit(none).standard_deviations_
    assert loose["halo"] ** 2 + loose["halo_skill"] ** 2 < 0.6 * (firm["halo"] ** 2 + firm["halo_skill"] ** 2)


def test_by_default_halos_are_held_like_everything_else(simulate: Callable) -> None:
    ratings = simulate(4, persons=30, skills=2, raters=10, items=2).ratings
    silent = FacetsModel(log_sd_prior=0.4).fit(ratings).standard_deviations_
    said = FacetsModel(log_sd_prior=0.4, halo_log_sd_prior=0.4).fit(ratings).standard_deviations_
    assert said["halo"] == silent["halo"]


def test_a_prior_has_a_positive_width(simulate: Callable) -> None:
    with pytest.raises(ValueError, match=r"halo_log_sd_prior=0.0 must be positive, or None"):
        FacetsModel(halo_log_sd_prior=0.0).fit(simulate(1, persons=5).ratings)
