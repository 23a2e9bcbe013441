"""One fit in a process of its own, so that its memory is its own: `facets.py` runs this file, and reads the JSON it prints.

    python benchmarks/facets_peer.py calibrant|raschpy RATINGS.npz [--halo]

CPU seconds are those of the fit alone, with everything it needs for estimates and standard errors, but without imports and reading. For
raschpy: `MFRM(..)`, `calibrate` and `person_estimates`; then `std_errors` as well.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def peak_megabytes() -> float:
    """Largest resident memory of this process; ru_maxrss would count the parent's before the program was loaded."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if found:
            return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def calibrant(ratings: pd.DataFrame, *, halo: bool) -> dict[str, Any]:
    """Our own model, with its defaults."""
    from models.facets import FacetsModel

    start = time.process_time()
    model = FacetsModel(halo=halo).fit(ratings)
    cpu = time.process_time() - start
    return {
        "cpu_s": cpu,
        "theta": model.persons_["estimate"].to_dict(),
        "theta_sd": model.persons_["sd"].to_dict(),
        "severity": model.raters_["estimate"].to_dict(),
        "iterations": model.n_iter_,
        "converged": model.converged_,
    }


def raschpy(ratings: pd.DataFrame, *, halo: bool) -> dict[str, Any]:
    """The many-facet model of raschpy, one severity per rater; it knows no halo."""
    from raschpy import MFRM

    warnings.simplefilter("ignore")
    wide = ratings.pivot(index=["rater", "person"], columns="item", values="score").astype(float)
    wide.index.names, wide.columns = ["Rater", "Person"], pd.Index([f"item {item}" for item in wide.columns])
    start = time.process_time()
    model = MFRM(wide, max_score=int(ratings["score"].max()))
    model.calibrate(model="global")
    model.person_estimates(model="global")
    cpu = time.process_time() - start
    model.std_errors(model="global")
    both = time.process_time() - start
    theta, severity = dict(model.persons_global), dict(model.raters_global)
    return {"cpu_s": cpu, "cpu_with_errors_s": both, "theta": theta, "severity": severity}


def main() -> None:
    """Fit what the arguments name and print a JSON object."""
    if len(sys.argv) < 3 or sys.argv[1] not in ("calibrant", "raschpy"):
        raise SystemExit("usage: facets_peer.py calibrant|raschpy RATINGS.npz [--halo]")
    who, path = sys.argv[1], sys.argv[2]
    ratings = pd.DataFrame(dict(np.load(path)))
    found = {"calibrant": calibrant, "raschpy": raschpy}[who](ratings, halo="--halo" in sys.argv)
    print(json.dumps({**found, "peak_mb": peak_megabytes()}, default=float))


if __name__ == "__main__":
    main()
