"""Evidence finds its skills by any one signal."""

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rubrics
from db.errors import Refusal
from rubrics import tagger


def tags(standard: rubrics.Standard, **columns: object) -> list[str]:
    frame = pd.DataFrame({"evidence": ["e"], **{name: [value] for name, value in columns.items()}})
    return rubrics.tag(standard, frame)["skill"].astype("str").tolist()


@pytest.mark.parametrize(
    ("columns", "skills"),
    [
        ({"paths": ["src/pipelines/train.sql"]}, ["pipelines"]),
        ({"paths": ["README.md", "DAGS/daily.py"]}, ["pipelines", "review"]),
        ({"paths": ["README.md"]}, []),
        ({"paths": []}, []),
        ({"paths": None}, []),
        ({"paths": "null"}, []),
        ({"paths": [["dvc.lock", 1, 0, None]]}, ["pipelines"]),
        ({"paths": [["attic/x.sql", 0, 0, "a/pipelines/x.sql"]]}, ["pipelines"]),
        ({"paths": '[["dvc.lock",1,0,null]]'}, ["pipelines"]),
        ({"imports": ["kfp.dsl"]}, ["pipelines"]),
        ({"imports": ["kfpx", "os.kfp"]}, []),
        ({"imports": '["airflow"]'}, ["pipelines"]),
        ({"tools": ["DVC"]}, ["pipelines"]),
        ({"labels": ["Pipeline"]}, ["pipelines"]),
        ({"competency": "Review"}, ["review"]),
        ({"item": "helps-others", "competency": "other"}, ["review"]),
        ({"competency": None, "item": None}, []),
        ({"source": "pipelines"}, []),
    ],
    ids=str,
)
def test_any_one_signal_is_enough(small: rubrics.Standard, columns: dict[str, object], skills: list[str]) -> None:
    assert tags(small, **columns) == skills


def test_repositories_are_globs(small: rubrics.Standard) -> None:
    text = small.text().replace('"tools":["dvc"]', '"repositories":["*/ml-*"],"tools":["dvc"]')
    standard = rubrics.Standard.from_text(text)
    assert tags(standard, source="acme/ML-platform") == ["pipelines"]
    assert tags(standard, source="acme/web") == []


def test_pairs_come_in_order_of_the_evidence_and_once(small: rubrics.Standard) -> None:
    frame = pd.DataFrame({"evidence": ["b", "a", "b"], "paths": [["dags/x.py"], ["x.py"], ["dvc.yaml"]]})
    found = rubrics.tag(small, frame)
    assert list(found.astype("str").itertuples(index=False, name=None)) == [
        ("b", "pipelines"),
        ("b", "review"),
        ("a", "review"),
    ]


def test_no_evidence_has_no_tags(small: rubrics.Standard) -> None:
    assert rubrics.tag(small, pd.DataFrame({"evidence": pd.Series([], dtype="str"), "paths": []})).empty


words = st.sampled_from(["pipelines", "dags", "a", "dvc.yaml", "x.py", "kfp", "Airflow", "dvc", "review"])
changes = st.lists(st.lists(words, min_size=1, max_size=3).map("/".join), max_size=3)
rows = st.fixed_dictionaries(
    {"paths": st.none() | changes, "imports": st.none() | st.lists(words, max_size=2), "item": st.none() | words}
)


@settings(max_examples=40, deadline=None)
@given(st.lists(rows, max_size=12), st.booleans())
def test_tags_are_those_of_matching_one_by_one(
    small: rubrics.Standard, drawn: list[dict[str, list[str] | None]], as_json: bool
) -> None:
    frame = pd.DataFrame(drawn, columns=["paths", "imports", "item"]).assign(
        evidence=[f"e{i}" for i in range(len(drawn))]
    )
    one_by_one = []
    for number, row in enumerate(drawn):
        matched = rubrics.match_paths(small, row["paths"] or []).any()
        for code, skill in small.skills.items():
            imported = any(word.lower() in skill.signals.imports for word in row["imports"] or [])
            if matched[code] or imported or row["item"] in skill.signals.items:
                one_by_one.append((f"e{number}", code))
    if as_json:
        texts = {name: [v and json.dumps(v) for v in frame[name]] for name in ("paths", "imports")}
        frame = frame.assign(**texts)
    found = rubrics.tag(small, frame).astype("str")
    assert list(found.itertuples(index=False, name=None)) == one_by_one


def test_chunks_join_without_a_seam(small: rubrics.Standard, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [None, '[["dvc.yaml",1,0,null]]', '[["x.py",1,0,null],["y.md",1,1,null]]', "[]", '[["dags/a.py",0,0,null]]']
    frame = pd.DataFrame({"evidence": list("abcde"), "paths": pd.Series(paths, dtype="str")})
    whole = rubrics.tag(small, frame)
    for size in (1, 2, 3):
        monkeypatch.setattr(tagger, "_CHUNK", size)
        pd.testing.assert_frame_equal(rubrics.tag(small, frame), whole)
    arrow = frame.convert_dtypes(dtype_backend="pyarrow")
    assert rubrics.tag(small, arrow)["evidence"].tolist() == whole["evidence"].tolist()


@pytest.mark.parametrize("cell", ["not json", '{"a": 1}', "[1]", '[["a"]]', 5, "[],[]"])
def test_a_column_of_something_else_is_refused(small: rubrics.Standard, cell: object) -> None:
    with pytest.raises(Refusal, match="column paths holds something other"):
        tags(small, paths=cell)


def test_a_frame_without_evidence_is_refused(small: rubrics.Standard) -> None:
    with pytest.raises(Refusal, match="lacks evidence"):
        rubrics.tag(small, pd.DataFrame({"paths": []}))
