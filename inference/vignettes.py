"""Vignettes: described persons whom every rater rates on the same forms, so that raters of different people can be compared.

A vignette enters the fit as a person of its own, never of the roster. Its ratings do not age, because its description does not
change. What level it describes is not read here: that is for the standard-setting record to say.
"""

from __future__ import annotations

from typing import Final

import pandas as pd

__all__ = ["PREFIX", "is_vignette", "vignette_subjects"]

PREFIX: Final = "vignette:"
"""Before the vignette's code, where a person's id stands for real people."""


def is_vignette(persons: pd.Series) -> pd.Series:
    """Which entries of a person column are vignettes.

    >>> is_vignette(pd.Series(["3fa9", "vignette:v1"])).tolist()
    [False, True]
    """
    return persons.astype("string").str.startswith(PREFIX).fillna(False).astype(bool)


def vignette_subjects(evidence: pd.Series, codes: pd.Series) -> pd.DataFrame:
    """evidence, person: the evidence whose subject is a vignette, by the code each states (missing elsewhere)."""
    stated = codes.notna()
    return pd.DataFrame({"evidence": evidence[stated], "person": PREFIX + codes[stated].astype("string")})
