"""Same inputs, same bytes: contract test 5 (one process and many, row orders, back ends; a cluster comes with the cluster)."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from inference.engine import infer
from tests.contract.department import AS_OF, SKILLS, department
from tests.contract.frames import frames_of
from tests.contract.outputs import assess, everything, exports, filled
from tests.contract.standard import small_standard

ROOT = Path(__file__).parents[2]
FRAMES = ("evidence", "participations", "reverts", "reviewed", "people", "employments", "memberships", "absences")
WORDS = ("person", "skill", "purpose", "state", "level_set", "modal", "high_confidence", "sources")
few = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def canonical(found):
    """All of an inference as bytes."""
    kept = [[asdict(one) for one in part] for part in (found.assessments, found.citations, found.posteriors)]
    return json.dumps([kept, found.details, found.warnings], sort_keys=True, default=str).encode()


def shuffled(frames, chance):
    """The same rows in another order, with another index."""
    return replace(
        frames,
        **{
            name: getattr(frames, name).sample(frac=1.0, random_state=chance.randrange(2**32))
            for name in FRAMES
            if chance.random() < 0.9
        },
    )


def check_order(seed, shuffle):
    frames = frames_of(department(seed))
    once, again = (infer(small_standard(), held, as_of=AS_OF) for held in (frames, shuffled(frames, Random(shuffle))))
    assert canonical(again) == canonical(once)


@few
@given(seed=st.integers(0, 5), shuffle=st.integers(0, 2**32))
def test_the_order_of_rows_changes_no_byte_of_an_inference(seed, shuffle):
    check_order(seed, shuffle)


@pytest.mark.long
@settings(few, max_examples=100)
@given(seed=st.integers(0, 1000), shuffle=st.integers(0, 2**32))
def test_the_order_of_rows_changes_no_byte_of_an_inference_in_many_departments(seed, shuffle):
    check_order(seed, shuffle)


def test_another_process_with_another_hash_seed_writes_the_same_bytes(walked, standard_folder, tmp_path):
    command = [sys.executable, "-m", "tests.contract.outputs", "0", f"sqlite:///{tmp_path / 'ledger.db'}"]
    told = subprocess.run(
        [*command, str(standard_folder), str(tmp_path / "reports")],
        env={**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": str(ROOT), "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    there = json.loads(told.stdout)
    assert there == {name: hashlib.sha256(text).hexdigest() for name, text in walked.outputs.items()}


@pytest.mark.postgres
def test_sqlite_and_postgresql_write_the_same_bytes(walked, postgres_url, standard_folder, tmp_path):
    there = everything(postgres_url, walked.made, standard_folder, tmp_path / "reports")
    assert list(there) == list(walked.outputs)
    assert [name for name in there if there[name] != walked.outputs[name]] == []


def test_the_outputs_hold_what_they_should(walked):
    """So that the comparisons above compare something."""
    kinds = {Path(name).suffix for name in walked.outputs}
    assert kinds == {".html", ".json", ".csv", ".xlsx", ""}
    rows = json.loads(walked.outputs["assessments"])
    assert len(rows) == 4 * len(walked.made.people) * len(SKILLS)
    assert len(json.loads(walked.outputs["evidence"])) == sum(map(len, walked.made.sources.values()))


def test_salts_and_the_order_of_collection_change_no_evidence_and_hardly_a_figure(walked, standard_folder, tmp_path):
    """Opaque ids, and so the order of sums, differ from ledger to ledger; what is inferred of a person does not."""
    made = replace(walked.made, sources={name: held[::-1] for name, held in walked.made.sources.items()})
    ledger = filled(f"sqlite:///{tmp_path / 'ledger.db'}", made, salt="other salts")
    assess(ledger, standard_folder)
    there = exports(ledger)
    assert there["evidence"] == walked.outputs["evidence"]
    pairs = zip(json.loads(there["assessments"]), json.loads(walked.outputs["assessments"]), strict=True)
    for one, other in pairs:
        assert [one[name] for name in WORDS] == [other[name] for name in WORDS]
        assert one["theta"] == pytest.approx(other["theta"], abs=1e-4)
