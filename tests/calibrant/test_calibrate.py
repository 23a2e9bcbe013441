"""`calibrant calibrate`, the model card, and what its claims do to every report."""

import json
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from calibrant.assessing import assess_purposes, replay
from calibrant.calibrating import Calibrated, calibrate, version_of, write_card
from calibrant.cli import app
from calibrant.registered import model_for, model_text, not_used
from calibrant.reporting import write_gap, write_packet, write_self_check
from calibrant.reports import gap, packet, render, self_check, tables
from calibrant.reports.claims import BEYOND, CLAIMS, VALIDATED, reliable_for, standing
from db.errors import Refusal
from db.records import Assessment, ModelVersion, Purpose
from inference.learning import learn
from tests.calibrant.deciding import SKILLS, committees, decision, frames_over_time, two_skills
from tests.contract.department import AS_OF, instant
from tests.contract.hostile import HOSTILE, problems_of
from tests.contract.outputs import NOW, filled
from tests.contract.standard import write_standard

WITHDRAWN = "Model-based, not validated on decisions"


@pytest.fixture(scope="module", autouse=True)
def one_drawing():
    """The model is drawn anew once instead of eight times: what that shows has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inference.self_simulation._MOST_DRAWINGS", 1)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_standard(tmp_path_factory.mktemp("standard") / "two", SKILLS)


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory, folder):
    """(ledger URL, the ledger, what `calibrate` said) of 52 people decided on."""
    url = f"sqlite:///{tmp_path_factory.mktemp('calibrated') / 'ledger.db'}"
    ledger = filled(url, committees(56, 52, raters=3))
    found = calibrate(ledger, str(folder), purpose=Purpose.PROMOTION, as_of=AS_OF, known_at=NOW)
    return url, ledger, found


@pytest.fixture(scope="module")
def later(calibrated):
    """A moment at which the version is known."""
    return calibrated[1].models()[0].known_at


@lru_cache(maxsize=1)
def learned_few():
    """What is learned from a department with 10 people decided on."""
    return learn(two_skills(), frames_over_time(committees(14, 10)), as_of=AS_OF)


def carded(learned, **changes):
    """Version and card of what was learned, under a standard with changes."""
    standard = replace(two_skills(), **changes)
    return version_of(standard, learned, purpose=Purpose.PROMOTION, as_of=AS_OF, known_at=NOW)


@lru_cache(maxsize=1)
def few():
    return carded(learned_few())


# -- the version ---------------------------------------------------------------------------------------------


def test_a_version_is_json_with_a_hash_over_coefficients_card_and_claims(calibrated):
    _, ledger, found = calibrated
    (held,) = ledger.models()
    assert held.hash == found.version.hash
    assert found.registered
    assert found.new
    assert json.loads(json.dumps(held.coefficients)) == held.coefficients
    assert held.coefficients["purpose"] == "promotion"
    assert held.coefficients["recalibration"]["people"] == 52
    assert set(held.claims) == set(CLAIMS)
    assert held.card["data"]["labels"] == 104
    assert re.fullmatch("[0-9a-f]{64}", held.coefficients["card"])


def test_other_decisions_give_another_version_even_where_nothing_is_recalibrated():
    learned = learned_few()
    one, again = few()[0], carded(learned)[0]
    other = carded(replace(learned, labelled=learned.labelled.assign(level=3)))[0]
    assert one.coefficients["recalibration"] is None is other.coefficients["recalibration"]
    assert again == one
    assert one.coefficients != other.coefficients


def test_a_version_is_used_from_the_moment_it_is_known_for_its_standard_and_its_sources(calibrated, later):
    _, ledger, found = calibrated
    rubric = two_skills().hash
    assert model_for(ledger, Purpose.PROMOTION, rubric, known_at=later).hash == found.version.hash
    assert model_for(ledger, Purpose.DEVELOPMENT, rubric, known_at=later).hash == found.version.hash
    assert model_for(ledger, Purpose.PROMOTION, rubric, known_at=NOW.replace(year=2020)) is None
    assert model_for(ledger, Purpose.PROMOTION, "another standard", known_at=later) is None
    assert "development does not use" in not_used(ledger, Purpose.DEVELOPMENT, None, known_at=later)
    assert not_used(ledger, Purpose.DEVELOPMENT, ledger.models()[-1], known_at=later) == ""


def test_a_purpose_that_may_read_other_sources_does_not_use_the_version(tmp_path):
    ledger = filled(f"sqlite:///{tmp_path / 'ledger.db'}", committees(4, 2, raters=2))
    version, _ = few()
    ledger.register_model(version)
    known = ledger.models()[0].known_at
    assert model_for(ledger, Purpose.GAP_ANALYSIS, two_skills().hash, known_at=known) is not None
    (source,) = [one.source.id for one in ledger.sources() if one.source.kind == "feedback360"]
    ledger.revoke(source, [Purpose.GAP_ANALYSIS])
    now = ledger.models()[0].known_at.replace(year=2027)
    assert model_for(ledger, Purpose.GAP_ANALYSIS, two_skills().hash, known_at=now) is None
    assert model_for(ledger, Purpose.PROMOTION, two_skills().hash, known_at=now) is not None


@pytest.fixture(scope="module")
def assessed(calibrated, folder, later):
    _, ledger, _ = calibrated
    return assess_purposes(ledger, str(folder), purposes=tuple(Purpose), as_of=AS_OF, known_at=later)


def test_a_run_names_its_version_and_replays_with_it_whatever_is_registered_later(calibrated, assessed):
    _, ledger, found = calibrated
    assert {one.model for one in assessed} == {model_text(found.version)}
    assert found.version.hash[:12] in assessed[0].model
    run = next(one for one in ledger.runs() if one.id == assessed[0].run)
    assert run.details["model"]["hash"] == found.version.hash
    assert run.details["model"]["claims"] == {name: dict(claim) for name, claim in found.version.claims.items()}
    ledger.register_model(replace(found.version, coefficients={**found.version.coefficients, "support": None}))
    assert len(ledger.models()) == 2
    assert replay(ledger, run.id) == []


def test_a_run_whose_version_is_gone_says_so_instead_of_replaying(calibrated, assessed, monkeypatch):
    _, ledger, _ = calibrated
    monkeypatch.setattr(type(ledger), "models", lambda self, known_at=None: [])
    with pytest.raises(Refusal, match="does not hold"):
        replay(ledger, assessed[0].run)


def test_validated_is_left_out_of_the_model_text_until_it_is_true():
    bare = ModelVersion("facets/2", "", AS_OF, AS_OF, {}, hash="ab" * 32)
    assert "not validated on decisions" in model_text(bare)
    assert "not validated on decisions" in model_text(replace(bare, claims={VALIDATED: {"holds": None, "why": ""}}))
    assert model_text(replace(bare, claims={VALIDATED: {"holds": True, "why": ""}})) == "facets/2 abababababab"


# -- claims --------------------------------------------------------------------------------------------------


def test_well_predicted_decisions_validate_and_too_few_do_not(calibrated):
    _, _, found = calibrated
    assert found.version.claims[VALIDATED]["holds"] is True
    version, card = few()
    assert version.claims[VALIDATED]["holds"] is False
    assert "at least 50" in version.claims[VALIDATED]["why"]
    assert card.checks[0][3] is False


def test_of_fewer_than_five_people_decided_on_neither_how_often_nor_when_is_told():
    learned = learned_few()
    kept = set(sorted(learned.labelled["person"].unique())[:4])
    rows = learned.labelled["person"].isin(kept)
    sparse = replace(learned, labelled=learned.labelled[rows], served=learned.served[rows.to_numpy()])
    told = carded(sparse)[1].data, few()[1].data
    assert [(one.labels, bool(one.first), bool(one.last)) for one in told] == [(None, False, False), (20, True, True)]


def test_decisions_that_have_nothing_to_do_with_the_evidence_do_not_validate():
    rng = np.random.default_rng(0)
    made = committees(30, 28, raters=3)
    learned = learn(two_skills(), frames_over_time(made), as_of=AS_OF)
    drawn = {"level": rng.integers(1, 6, len(learned.labelled))}
    learned = replace(learned, labelled=learned.labelled.assign(**drawn), served=learned.served.assign(**drawn))
    version, card = carded(learned)
    assert version.claims[VALIDATED]["holds"] is False
    ((_, found, _, passed),) = [one for one in card.checks if "own distribution" in one[0]]
    assert "RPS skill -" in found
    assert passed is None
    assert "too few to tell" in render.card_html(card, "0" * 64)
    assert all(one.served_interval == one.raw_interval for one in card.metrics)


def test_without_decisions_nothing_is_validated_and_nothing_failed():
    learned = learn(two_skills(), frames_over_time(committees(8, 0)), as_of=AS_OF)
    version, card = carded(learned)
    assert version.claims[VALIDATED]["holds"] is None
    assert version.claims[BEYOND]["holds"] is None
    assert card.metrics == ()
    assert "Too few people" in render.card_html(card, "ab" * 32)


def test_only_blind_audits_carry_a_claim_beyond_the_nominated():
    made = committees(30, 0, raters=3)
    audits = [
        decision(
            f"a{one.key}", one, SKILLS[0], round(one.able), instant(4, 5), outcome="audit" if n % 5 else "confirmed"
        )
        for n, one in enumerate(made.people)
        if n % 3
    ]
    learned = learn(two_skills(), frames_over_time(made.with_source("table/decisions", audits)), as_of=AS_OF)
    version, card = carded(learned)
    assert learned.selection.audited == card.data.audited == 16
    assert "blind audit" in version.claims[BEYOND]["why"]
    none = replace(learned, selection=replace(learned.selection, audited=0))
    version, _ = carded(none)
    assert version.claims[BEYOND]["holds"] is False


# -- reports -------------------------------------------------------------------------------------------------


def with_claims(run, holds):
    """The run as if its version's checks had all come out so."""
    claims = {name: {"holds": holds, "why": "of the test"} for name in CLAIMS}
    kept = {"hash": "ab" * 32, "as_of": "2026-06-30T00:00:00+00:00", "claims": claims, "support": [-9, 9]}
    return replace(run, details={**run.details, "model": {**kept, "conformal": None}})


def built(case, gap_inputs, self_inputs, holds):
    """Every report that relies on claims: name -> (result, page)."""
    sealed = packet.build(replace(case, run=with_claims(case.run, holds))).sealed
    check = self_check.build(replace(self_inputs, run=with_claims(self_inputs.run, holds)))
    analysis = gap.build(replace(gap_inputs, run=with_claims(gap_inputs.run, holds)))
    return {
        "sealed": (sealed, render.sealed_html(sealed)),
        "self": (check, render.self_check_html(check)),
        "gap": (analysis, render.gap_html(analysis)),
    }


@pytest.fixture
def inputs(calibrated, assessed, tmp_path, monkeypatch):
    """The inputs that reporting gathered for each report of the calibrated department."""
    _, ledger, _ = calibrated
    kept = {}

    def catch(module, name):
        real = module.build
        monkeypatch.setattr(module, "build", lambda one: kept.setdefault(name, one) and real(one))

    catch(packet, "packet"), catch(self_check, "self"), catch(gap, "gap")
    person = "p03"
    write_packet(ledger, person, "ml-engineer", "senior", tmp_path, now=NOW, unseal="test")
    write_self_check(ledger, person, tmp_path, now=NOW)
    write_gap(ledger, tmp_path, now=NOW)
    monkeypatch.undo()
    return kept["packet"], kept["gap"], kept["self"]


@pytest.mark.parametrize("holds", [False, None])
def test_a_claim_that_failed_or_was_never_checked_is_withdrawn_in_every_report(inputs, holds):
    for name, (result, page) in built(*inputs, holds).items():
        assert result.standing == "model-based, not validated on decisions", name
        assert WITHDRAWN in page, name
        assert page.count("(claim withdrawn)") == len(result.claims) >= 4, name
        body = json.loads(render.json_text(result))
        assert body["claims"][0] == {
            "claim": VALIDATED,
            "holds": holds,
            "sentence": "model-based, not validated on decisions",
            "why": "of the test",
        }, name
        assert any("not yet checked against decisions" in text for text in body["limits"]), name


def test_a_claim_that_passed_stands_in_every_report(inputs):
    for name, (result, page) in built(*inputs, True).items():
        assert "validated on decisions of this organisation" in result.standing, name
        assert WITHDRAWN not in page, name
        assert "(claim withdrawn)" not in page, name
        assert any("checked against decisions of this organisation up to 2026-06-30" in text for text in result.limits)
    analysis = built(*inputs, True)["gap"][0]
    assert tables.gap_csv(analysis).count("validated on decisions of this organisation") == len(
        list(tables.gap_rows(analysis))
    )


def test_each_report_relies_on_what_its_use_asks_for(inputs):
    found = {name: {one.claim for one in result.claims} for name, (result, _) in built(*inputs, True).items()}
    assert reliable_for("promotion") in found["sealed"]
    assert {reliable_for("feedback"), reliable_for("development")} <= found["self"]
    assert reliable_for("development") in found["gap"]
    assert all({VALIDATED, BEYOND} <= claims for claims in found.values())


def test_a_run_without_a_version_withdraws_everything(inputs):
    case, _, _ = inputs
    bare = replace(case, run=replace(case.run, details={}))
    sealed = packet.build(bare).sealed
    assert [one.holds for one in sealed.claims] == [None] * len(sealed.claims)
    assert WITHDRAWN in render.sealed_html(sealed)
    assert all(skill.decision_set is None and not skill.unsupported for skill in sealed.skills)


def test_sets_about_decisions_stand_beside_the_posterior_set_under_their_own_name(calibrated, inputs):
    sealed = packet.build(inputs[0]).sealed
    shown = [skill for skill in sealed.skills if skill.decision_set is not None]
    assert shown
    assert all(skill.decision_set.share == 0.9 and skill.level_set for skill in shown)
    page = render.sealed_html(sealed)
    assert page.count("About decisions, not about ability") == len(shown)


def test_an_ability_where_no_committee_decided_is_said_to_be_unchecked(inputs):
    run = inputs[0].run
    low, high = run.details["model"]["support"]
    stands = standing(run, (VALIDATED,))
    one: Assessment = inputs[0].assessments[0]
    assert stands.unsupported(replace(one, theta=high + 1))
    assert stands.unsupported(replace(one, theta=low - 1))
    assert not stands.unsupported(replace(one, theta=(low + high) / 2))


# -- the card ------------------------------------------------------------------------------------------------


def test_the_card_tells_data_figures_floors_and_limits_in_page_and_json(calibrated, tmp_path):
    _, _, found = calibrated
    page, data = (path.read_text("utf-8") for path in write_card(found, tmp_path))
    body = json.loads(data)
    figures = {one["code"]: one for one in body["metrics"]}
    assert {"rps", "rps_reliability", "rps_resolution", "nll", "qwk", "cumulative_ece"} <= set(figures)
    assert figures["cumulative_ece"]["floor"] > 0
    for one in figures.values():
        assert one["raw_interval"][0] <= one["raw"] <= one["raw_interval"][1]
        assert f"{one['served']:.3f}" in page
    assert {one["kind"] for one in body["coverage"]} == {"all", "level", "tier", "selection"}
    assert len(body["thresholds"]) == 4
    assert body["curve"]
    assert "<svg" in page
    assert body["bounds"]["rps"][0] < body["bounds"]["rps"][1]
    assert 0.6 < body["itself"]["coverage"] < 1.0
    assert [one["uses"] for one in body["skills"]]
    for text in ("Ranking people", "must not be used for", "noise floor", "blind audit", found.version.hash):
        assert text in page
    assert problems_of("card.html", page.encode()) == []
    assert problems_of("card.json", data.encode()) == []


def test_small_groups_are_withheld_in_the_card():
    version, card = few()
    assert card.data.labelled == 10
    hidden = [one for one in card.data.by_level if one.people is None]
    assert hidden
    for body in (json.loads(render.json_text(card)), version.card):
        assert all(
            one["people"] is None or one["people"] >= 5 or one["people"] == 0 for one in body["data"]["by_level"]
        )
        assert all(one["people"] is None or one["people"] >= 5 for one in body["coverage"])
        assert all(point["n"] >= 5 for point in body["curve"])
    assert "withheld" in render.card_html(card, "ab" * 32)


@pytest.mark.parametrize("text", [one for one in HOSTILE if "\ud800" not in one])
def test_hostile_names_are_inert_in_the_card(calibrated, text):
    card = calibrated[2].card
    skills = tuple(replace(one, name=render_name(text)) for one in card.skills)
    groups = tuple(replace(one, group=render_name(text)) for one in card.data.by_skill)
    poisoned = replace(card, skills=skills, standard=render_name(text), data=replace(card.data, by_skill=groups))
    assert problems_of("card.html", render.card_html(poisoned, "ab" * 32).encode()) == []
    assert problems_of("card.json", render.json_text(poisoned).encode()) == []


def render_name(text):
    from calibrant.reports.inert import NAME_LIMIT, shown

    return shown(text, NAME_LIMIT)


def test_a_hostile_standard_reaches_the_card_inert():
    skills = {code: replace(one, name=HOSTILE[7]) for code, one in two_skills().skills.items()}
    _, card = carded(learned_few(), name=HOSTILE[14], skills=skills)
    page = render.card_html(card, "ab" * 32)
    assert "&lt;script&gt;" in page or "onerror" in page
    assert problems_of("card.html", page.encode()) == []


# -- the command ---------------------------------------------------------------------------------------------


def test_the_commands_register_list_and_show(tmp_path, folder):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    ledger = filled(url, committees(8, 6))
    runner = CliRunner(
        env={"CALIBRANT_LEDGER": url, "CALIBRANT_NOW": NOW.isoformat(), "CALIBRANT_STANDARD": str(folder)}
    )
    out = ["--as-of", AS_OF.date().isoformat(), "--out", str(tmp_path / "cards"), "--json"]
    dry = runner.invoke(app, ["calibrate", "--dry-run", *out])
    assert dry.exit_code == 0, dry.output
    assert ledger.models() == []
    done = runner.invoke(app, ["calibrate", *out])
    data = json.loads(done.stdout)
    assert data["registered"]
    assert data["new"]
    assert [Path(name).suffix for name in data["files"]] == [".html", ".json"]
    assert any("too few to recalibrate" in text for text in data["warnings"])
    assert json.loads(runner.invoke(app, ["calibrate", *out]).stdout)["new"] is False
    (row,) = json.loads(runner.invoke(app, ["models", "list", "--json"]).stdout)
    assert row["version"] == data["model"][:12]
    shown = runner.invoke(app, ["models", "show", data["model"][:8]])
    assert "validated_on_decisions: failed" in shown.stdout
    assert runner.invoke(app, ["models", "show", "nothing"]).exit_code == 1
    told = runner.invoke(app, ["assess", "--as-of", AS_OF.date().isoformat(), "--purpose", "promotion"])
    assert data["model"][:12] in told.stderr
    late = runner.invoke(app, ["calibrate", "--as-of", "2199-01-01"])
    assert late.exit_code == 1
    assert "not come yet" in late.stderr


@pytest.mark.postgres
def test_sqlite_and_postgresql_give_the_same_version(tmp_path, folder, postgres_url):
    made = committees(8, 6)
    hashes = {
        calibrate(filled(url, made), str(folder), purpose=Purpose.PROMOTION, as_of=AS_OF, known_at=NOW).version.hash
        for url in (f"sqlite:///{tmp_path / 'ledger.db'}", postgres_url)
    }
    assert len(hashes) == 1


def test_a_card_is_written_under_its_versions_hash(tmp_path):
    version, card = few()
    found = Calibrated(replace(version, hash="cd" * 32), card, registered=False, new=True, warnings=())
    assert [path.name for path in write_card(found, tmp_path)] == [
        "model-card-cdcdcdcdcdcd.html",
        "model-card-cdcdcdcdcdcd.json",
    ]
