"""Fits what can be learned from committees' decisions, checks it, and registers it as a model version with its card."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

import rubrics
from calibrant.assessing import read_frames
from calibrant.card_figures import card_of
from calibrant.checking import claims_of, validation_checks
from calibrant.registered import MODEL
from calibrant.reports import render
from calibrant.reports.model_card import ModelCard
from db.canonical import canonical
from db.ledger import Ledger
from db.records import ModelVersion, Purpose
from inference.learning import Learned, learn
from inference.levels import PROBABILITIES
from inference.recalibration import LEAST_PEOPLE
from inference.self_simulation import simulate_itself
from inference.validation import coverage_by_group, set_coverage, skill_gain, skill_quality
from inference.versions import FORMAT
from models.calibration import reliability
from rubrics import Standard

__all__ = ["Calibrated", "calibrate", "version_of", "write_card"]

_BOOTSTRAP: Final = 200


@dataclass(frozen=True, slots=True)
class Calibrated:
    """version: as registered, or as it would be. new: False where the same version stood already. warnings: for people."""

    version: ModelVersion
    card: ModelCard
    registered: bool
    new: bool
    warnings: tuple[str, ...]


def calibrate(
    ledger: Ledger,
    where: str,
    *,
    purpose: Purpose,
    as_of: datetime,
    known_at: datetime,
    dry_run: bool = False,
    on_step: Callable[[int, str], None] | None = None,
) -> Calibrated:
    """Learns from the decisions that the purpose may read, as known at a moment, and registers the version unless dry_run."""
    standard = rubrics.load(where)

    def frames_at(moment: datetime) -> Any:
        return read_frames(ledger, purpose, as_of=moment, known_at=known_at)

    learned = learn(standard, frames_at, ledger.decisions(), as_of=as_of, on_step=on_step)
    version, card = version_of(standard, learned, purpose=purpose, as_of=as_of, known_at=known_at)
    known = {one.hash: one for one in ledger.models()}
    hashed = hashlib.sha256(canonical(version.coefficients).encode()).hexdigest()
    if not dry_run:
        ledger.save_rubric(hash=standard.hash, name=standard.name, version=standard.version, text=standard.text())
        ledger.register_model(version)
    return Calibrated(
        replace(version, hash=hashed), card, not dry_run, hashed not in known, _warnings(learned, version.claims)
    )


def version_of(
    standard: Standard, learned: Learned, *, purpose: Purpose, as_of: datetime, known_at: datetime
) -> tuple[ModelVersion, ModelCard]:
    """The version and its card. Pure: what was learned decides every digit, the drawings' seed included."""
    rng = np.random.default_rng(int(learned.digest()[:16], 16))
    figures = _figures(standard, learned, rng)
    checks = validation_checks(learned.people, figures["served"], set_coverage("all", learned.served), figures["gain"])
    claims = claims_of(
        checks, len(learned.labelled), figures["skills"], learned.selection, figures["itself"], learned.fitted.validity
    )
    card = card_of(standard, learned, figures, checks, claims, purpose=purpose, as_of=as_of, name=MODEL)
    body = render.as_mapping(card)
    coefficients: dict[str, object] = {
        "format": FORMAT,
        "purpose": purpose.value,
        "recalibration": None if learned.recalibration is None else learned.recalibration.as_mapping(),
        "activity": None if learned.activity is None else learned.activity.as_mapping(),
        "git": learned.fitted.validity.verdicts(),
        "conformal": None if learned.conformal is None else learned.conformal.as_mapping(),
        "support": _support(learned),
        "card": hashlib.sha256(canonical([body, claims]).encode()).hexdigest(),
    }
    version = ModelVersion(MODEL, standard.hash, known_at, as_of, coefficients, body, claims)
    return version, card


def _figures(standard: Standard, learned: Learned, rng: np.random.Generator) -> dict[str, Any]:
    """Everything that the card prints and the claims are checked on; None or {} where there is nothing to tell."""
    model, labelled = learned.fitted.model, learned.labelled
    evident = learned.current[learned.current["raters"] > 0]
    skills = [
        skill_quality(skill, evident[evident["skill"] == skill], learned.fitted.cuts[skill].cut, rng)
        for skill in standard.skills
    ]
    known = learned.people > 0
    raw = _reliability(labelled, rng) if known else {}
    served = raw if learned.recalibration is None else _reliability(learned.served, rng)
    return {
        "raw": raw,
        "served": served,
        "apart": _reliability(learned.apart, rng) if learned.apart["person"].nunique() else {},
        "gain": skill_gain(learned.served, rng) if known else None,
        "coverage": coverage_by_group(learned.served) if known else {},
        "skills": skills,
        "itself": None if model is None else simulate_itself(model, learned.fitted.observed.observations, rng),
        "rng": rng,
    }


def _reliability(rows: Any, rng: np.random.Generator) -> Mapping[str, Any]:
    found = reliability(
        rows[PROBABILITIES].to_numpy(dtype=np.float64),
        rows["level"].to_numpy(),
        groups=rows["person"].to_numpy(),
        rng=rng,
        bootstrap=_BOOTSTRAP,
    )
    return found.as_mapping()


def _support(learned: Learned) -> list[float] | None:
    """Thetas between which committees decided: what is said of anybody outside was not checked."""
    if learned.people < 5:
        return None
    theta = learned.labelled["theta"]
    return [round(float(theta.min()), 1), round(float(theta.max()), 1)]


def _warnings(learned: Learned, claims: Mapping[str, Mapping[str, object]]) -> tuple[str, ...]:
    said = []
    if learned.people == 0:
        said.append(
            "no committee's decision on a skill's level may be read: nothing was recalibrated and nothing checked"
        )
    elif learned.recalibration is None:
        said.append(
            f"under {LEAST_PEOPLE} people are labelled, too few to recalibrate by: probabilities stay as the model gives them"
        )
    if learned.people and learned.selection.audited == 0:
        said.append(
            "labels come from people somebody nominated: have a panel decide blind on some whom nobody did (outcome `audit`)"
        )
    if len(learned.apart):
        said.append(f"{len(learned.apart)} decisions were taken with an estimate in sight and are kept out of training")
    withdrawn = sorted(name for name, claim in claims.items() if claim["holds"] is not True)
    if withdrawn:
        said.append(f"claims withdrawn in every report: {', '.join(withdrawn)}")
    return tuple(said)


def write_card(found: Calibrated, folder: Path) -> tuple[Path, ...]:
    """The card as HTML and JSON, under the version's hash."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"model-card-{found.version.hash[:12]}"
    page, data = folder / f"{stem}.html", folder / f"{stem}.json"
    page.write_text(render.card_html(found.card, found.version.hash), encoding="utf-8", newline="")
    data.write_text(render.json_text(found.card), encoding="utf-8", newline="")
    return page, data
