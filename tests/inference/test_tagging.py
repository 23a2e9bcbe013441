import json

import pandas as pd

import rubrics
from inference.tagging import tag_ratings, unplaced


def test_ratings_that_no_skill_takes_are_counted_by_name_but_not_overall_recommendations() -> None:
    measures = [
        {"competency": "code-review"},
        {"competency": "Cooking"},
        {"competency": "Cooking"},
        {"competency": "overall", "overall": True},
    ]
    evidence = pd.DataFrame(
        {"evidence": [f"e{n}" for n in range(4)], "measures": [json.dumps(one) for one in measures]}
    )
    tags = tag_ratings(rubrics.load("aiml"), evidence)
    assert tags["skill"].tolist() == ["code-review"]
    assert unplaced(evidence, tags) == {"Cooking": 2}
