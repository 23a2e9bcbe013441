"""Gathers from the ledger what each report is made of, builds it, and writes its files."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calibrant.report_files import Written, person_named, reported_run, safe_name, write_text
from calibrant.reports import gap, packet, render, self_check, tables
from calibrant.reports.case import PacketInputs
from calibrant.reports.gap import GapInputs, GapPerson
from calibrant.reports.identity_map import identity_rows
from calibrant.reports.inputs import Cutpoints, Profile
from calibrant.reports.narrowing import next_evidence
from calibrant.reports.self_check import SelfCheckInputs
from calibrant.standards import profile, profiles, standard_text
from db.errors import Refusal
from db.ledger import Ledger
from db.records import Assessment, JointPosterior, Purpose, Run
from models.cutpoints import probability_all

__all__ = ["Written", "stored_cutpoints", "write_gap", "write_packet", "write_self_check"]


def _cited(ledger: Ledger, run: Run, person: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    cited = ledger.cited(run.id, person)
    parts = ledger.participations(as_of=run.as_of, known_at=run.known_at, purpose=None)
    return cited, parts[parts["evidence"].isin(cited["evidence"])]


def stored_cutpoints(run: Run) -> dict[str, Cutpoints]:
    """The run's cutpoints per skill, as inference stored them."""
    stored: Any = run.details.get("cutpoints", {})
    return {
        skill: Cutpoints(one["rule"], tuple(one["cuts"]), tuple(one["se"]), tuple(one.get("seen_se", ())))
        for skill, one in stored.items()
    }


def _all_required(
    run: Run, posteriors: list[JointPosterior], assessments: tuple[Assessment, ...], wanted: Profile
) -> float | None:
    """P(every required level), jointly over skills; None where a required skill has no posterior."""
    cuts = stored_cutpoints(run)
    at_least = {one.skill: one.probabilities for one in assessments}
    if not posteriors or not wanted.required:
        return None
    one = posteriors[0]
    skills = sorted(wanted.required)
    if any(skill not in one.skills or skill not in cuts for skill in skills):
        return None
    index = [one.skills.index(skill) for skill in skills]
    return probability_all(
        np.asarray(one.mean)[index],
        np.asarray(one.covariance)[np.ix_(index, index)],
        [wanted.required[skill] for skill in skills],
        np.array([cuts[skill].cuts for skill in skills]),
        np.array([cuts[skill].standard_errors for skill in skills]),
        marginals=[sum(at_least[skill][wanted.required[skill] - 1 :]) for skill in skills],
    )


def write_packet(
    ledger: Ledger, person: str, role: str, job_level: str, folder: Path, *, now: datetime, unseal: str | None = None
) -> Written:
    """The reading copy of a promotion case; with a reason to `unseal`, also the sealed result and the verifiable packet."""
    run, standard = reported_run(ledger, Purpose.PROMOTION, now)
    wanted = profile(standard, role, job_level)
    found, key, name = person_named(ledger, person, now)
    cited, parts = _cited(ledger, run, found)
    assessments = tuple(ledger.assessments(run.id, found))
    inputs = PacketInputs(
        person=found,
        person_key=key,
        person_name=name,
        profile=wanted,
        standard=standard_text(standard),
        run=run,
        assessments=assessments,
        citations=tuple(ledger.citations(run.id, found)),
        cited=cited,
        participations=parts,
        generated_at=now,
        audit_head=ledger.head(),
        probability_all_required=_all_required(run, ledger.posteriors(run.id, found), assessments, wanted),
        cutpoints=stored_cutpoints(run),
        disputes=tuple(one for one in ledger.disputes() if one.person == found),
        replies=tuple(ledger.replies(found)),
    )
    built = packet.build(inputs)
    body = {"reading": render.as_mapping(built.reading), "sealed": render.as_mapping(built.sealed)}
    seal = ledger.seal_packet(
        run_id=run.id,
        person=found,
        role=role,
        job_level=job_level,
        reading=body["reading"],
        sealed=body["sealed"],
        cited=built.cited,
    )
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"packet-{safe_name(key)}-{safe_name(role)}-{safe_name(job_level)}"
    reading = replace(built.reading, heading=replace(built.reading.heading, audit_head=seal.head))
    files = [write_text(folder / f"{stem}-reading.html", render.reading_html(reading))]
    files.append(write_text(folder / f"{stem}-reading.json", render.json_text(reading)))
    if unseal:
        ledger.open_packet(seal.packet_id, unseal)
        sealed = replace(built.sealed, heading=replace(built.sealed.heading, audit_head=seal.head))
        files.append(write_text(folder / f"{stem}-sealed.html", render.sealed_html(sealed)))
        files.append(write_text(folder / f"{stem}.json", render.json_text({**body, "seal": seal.as_mapping()})))
    return Written(tuple(files), run.id, seal.head)


def write_self_check(ledger: Ledger, person: str, folder: Path, *, now: datetime) -> Written:
    """What the ledger holds about a person and what follows from it, for that person."""
    run, standard = reported_run(ledger, Purpose.SELF_CHECK, now)
    found, key, name = person_named(ledger, person, now)
    cited, parts = _cited(ledger, run, found)
    assessments = tuple(ledger.assessments(run.id, found))
    head = ledger.head()
    built = self_check.build(
        SelfCheckInputs(
            person=found,
            person_key=key,
            person_name=name,
            standard=standard_text(standard),
            run=run,
            assessments=assessments,
            citations=tuple(ledger.citations(run.id, found)),
            cited=cited,
            participations=parts,
            identities=_identity_map(ledger, found, now),
            generated_at=now,
            audit_head=head,
            next_evidence=next_evidence(assessments),
            disputes=tuple(one for one in ledger.disputes() if one.person == found),
            replies=tuple(ledger.replies(found)),
        )
    )
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"self-{safe_name(key)}"
    files = (
        write_text(folder / f"{stem}.html", render.self_check_html(built)),
        write_text(folder / f"{stem}.json", render.json_text(built)),
    )
    return Written(files, run.id, head)


def _identity_map(ledger: Ledger, person: str, now: datetime) -> pd.DataFrame:
    disputed = (one.target.removeprefix("identity:") for one in ledger.disputes() if one.person == person)
    return identity_rows(
        ledger.identities(known_at=now),
        ledger.identity_links(known_at=now),
        ledger.identity_evidence(known_at=now, purpose=Purpose.SELF_CHECK),
        frozenset(disputed),
        person,
    )


def write_gap(
    ledger: Ledger, folder: Path, *, now: datetime, department: str = "Department", lead_of: str | None = None
) -> Written:
    """The department's supply of skills against its role profiles; `lead_of` a team names single points of failure to its lead."""
    run, standard = reported_run(ledger, Purpose.GAP_ANALYSIS, now)
    people = ledger.people(as_of=run.as_of, known_at=run.known_at)
    present = people[people["role"].notna() & people["fte"].notna()]
    teams = set(present["team"].dropna())
    if lead_of is not None and lead_of not in teams:
        raise Refusal("no such team", where=lead_of, remedy=f"known: {', '.join(sorted(teams)) or 'none'}")
    head = ledger.head()
    built = gap.build(
        GapInputs(
            department=department,
            people=tuple(
                GapPerson(str(r.person), str(r.name), _text(r.team) or "no team", str(r.role), _text(r.job_level))
                for r in present.sort_values("key").itertuples(index=False)
            ),
            profiles=profiles(standard),
            standard=standard_text(standard),
            run=run,
            assessments=tuple(ledger.assessments(run.id)),
            generated_at=now,
            audit_head=head,
            lead_of=lead_of,
        )
    )
    folder.mkdir(parents=True, exist_ok=True)
    stem = "gap" if lead_of is None else f"gap-lead-{safe_name(lead_of)}"
    files = [
        write_text(folder / f"{stem}.html", render.gap_html(built)),
        write_text(folder / f"{stem}.json", render.json_text(built)),
    ]
    files.append(write_text(folder / f"{stem}.csv", tables.gap_csv(built)))
    (folder / f"{stem}.xlsx").write_bytes(tables.gap_xlsx(built))
    return Written((*files, folder / f"{stem}.xlsx"), run.id, head)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
