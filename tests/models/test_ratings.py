from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.facets import FacetsModel
from models.ratings import RatingError

GOOD = {"person": ["a", "b"], "item": ["x", "x"], "rater": ["r", "r"], "score": [1, 2]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": [1, 2.5]}, "score 2.5 in row 1 is not a whole number"),
        ({"score": [1, None]}, "column 'score' is empty in row 1"),
        ({"person": ["a", None]}, "column 'person' is empty in row 1"),
        ({"person": ["a", 1]}, "column 'person' mixes types"),
        ({"weight": [1.0, 0.0]}, r"weight 0.0 in row 1 is not positive"),
        ({"weight": [1.0, np.inf]}, r"weight inf in row 1 is not positive"),
        ({"rater_class": ["human", "robot"]}, r"rater_class \['robot'\] is unknown"),
        ({"rater_class": ["human", "machine"]}, "rater 'r' is both human and machine"),
        ({"score": [1, 9], "categories": [5, 5]}, "where its 5 categories begin|do not fit"),
        ({"score": [2, 3], "categories": [5, 5]}, "give column `lowest`"),
        ({"score": [0, 3], "categories": [3, 3], "lowest": [1, 1]}, "do not fit 3 categories from 1"),
        ({"categories": [5, 4], "scale": ["one", "one"]}, "several numbers of categories"),
    ],
)
def test_unusable_frames_are_refused_with_place_and_reason(change: dict[str, object], message: str) -> None:
    with pytest.raises(RatingError, match=message):
        FacetsModel().fit(pd.DataFrame({**GOOD, **change}))


def test_an_empty_frame_is_refused() -> None:
    with pytest.raises(RatingError, match="the rating frame is empty"):
        FacetsModel().fit(pd.DataFrame(GOOD).iloc[:0])


def test_missing_columns_are_named() -> None:
    with pytest.raises(RatingError, match=r"columns \['rater', 'score'\] are missing"):
        FacetsModel().fit(pd.DataFrame(GOOD)[["person", "item"]])


def test_formats_are_told_apart_by_source_scale_and_number_of_categories() -> None:
    table = pd.DataFrame(
        {
            "person": list("abcd") * 3,
            "item": ["x"] * 8 + ["measure"] * 4,
            "rater": ["r"] * 8 + ["grader"] * 4,
            "rater_class": ["human"] * 8 + ["machine"] * 4,
            "source": ["feedback360"] * 4 + ["interview"] * 4 + ["git"] * 4,
            "score": [1, 2, 3, 5, 1, 2, 3, 4, 0, 1, 2, 1],
            "categories": [5] * 4 + [4] * 4 + [3] * 4,
        }
    )
    formats = FacetsModel().fit(table).thresholds_.index.droplevel("step").unique()
    assert list(formats) == [("feedback360", "5 categories"), ("git", "measure"), ("interview", "4 categories")]
