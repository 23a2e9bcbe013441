"""The facets of an earlier fit, where another frame has the same raters, items, formats and sources, to start from."""

from __future__ import annotations

import numpy as np

from models.design import Design
from models.problem import Facets, Priors, free_slopes, start_facets
from models.whatif import Fitted

__all__ = ["carried_over"]


def carried_over(before: Fitted, design: Design, priors: Priors) -> Facets:
    """Facets of `design`: those of the earlier fit where it had them, else where a fit without one starts."""
    facets, old = before.solution.facets, before.design.vocabulary
    blank, words = start_facets(design, priors), design.vocabulary
    scale = dict(zip(old.raters, facets.log_scale, strict=False))
    known = dict(zip(old.sources[free_slopes(before.design, priors)], facets.log_slope, strict=False))
    slope = np.array([known.get(key, 0.0) for key in words.sources[free_slopes(design, priors)]])
    severity = dict(zip(old.severities, facets.severity, strict=True))
    item = dict(zip(old.items, facets.item, strict=True))
    steps = dict(zip(old.formats, facets.steps, strict=True))
    items = np.array([item.get(key, 0.0) for key in words.items])
    kept = [steps.get(key, start) for key, start in zip(words.formats, blank.steps, strict=True)]
    return Facets(
        np.array([severity.get(key, 0.0) for key in words.severities]),
        items - items.mean(),
        tuple(one if len(one) == len(start) else start for one, start in zip(kept, blank.steps, strict=True)),
        facets.mean,
        np.array([scale.get(key, 0.0) for key in words.raters[: len(blank.log_scale)]]),
        blank.rater,
        slope,
        blank.source,
    )
