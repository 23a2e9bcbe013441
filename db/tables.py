"""The tables of the ledger, the same on SQLite and PostgreSQL.

Instants are BIGINT microseconds since 1970 UTC, days ISO text, JSON canonical text, flags 0 or 1. Text sorts by
code point on both back ends.

Every table made by `_ledger` has `id` (a salted commitment to the row's other columns, see `canonical.commitment`),
`salt` and `batch` (the transaction that added it: one `audit_event` each). The columns named in ERASABLE are set to NULL, with
the salt, when a row is erased; the id stays, so the chain still verifies. `participation` is part of its
evidence's commitment; `sighting` and `supersession` hold opaque ids only, so they are their own commitment.

The file is long because it is one list: a reader looks a table up here and nowhere else.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = ["ADDED", "ERASABLE", "REVISION", "metadata", "rests_on_id"]

REVISION: Final = "0003"
"""The migration that leaves the tables as they are described here. Revisions are numbered, so that later sorts after earlier."""

TEXT: Final = Text().with_variant(Text(collation="C"), "postgresql")
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, *constraints: Any, null: bool = False) -> Column[Any]:
    return Column(name, TEXT, *constraints, nullable=null)


def _instant(name: str, null: bool = False) -> Column[Any]:
    return Column(name, BigInteger, nullable=null)


def _count(name: str, null: bool = False) -> Column[Any]:
    return Column(name, Integer, nullable=null)


def _flag(name: str, null: bool = False) -> Column[Any]:
    return Column(name, SmallInteger, nullable=null)


def _to(name: str, target: str, null: bool = False) -> Column[Any]:
    return Column(name, TEXT, ForeignKey(f"{target}.id"), nullable=null)


def _ledger(name: str, *parts: Any) -> Table:
    return Table(
        name,
        metadata,
        Column("id", TEXT, primary_key=True),
        *parts,
        Column("salt", TEXT, nullable=True),
        Column("batch", TEXT, nullable=False),
    )


# -- sources -------------------------------------------------------------------------------------------------

source = _ledger("source", _text("kind"), _text("name"), UniqueConstraint("kind", "name"))
source_lineage = _ledger(
    "source_lineage",
    _to("source_id", "source"),
    _count("sequence"),
    _text("lineage"),
    _instant("known_at"),
    UniqueConstraint("source_id", "sequence"),
)
source_purpose = _ledger(
    "source_purpose",
    _to("source_id", "source"),
    _text("purpose"),
    _count("sequence"),
    _flag("granted"),
    _instant("known_at"),
    UniqueConstraint("source_id", "purpose", "sequence"),
)
collection = _ledger("collection", _to("source_id", "source"), _text("extractor"), _instant("started_at"))
collection_cursor = _ledger(
    "collection_cursor",
    _to("source_id", "source"),
    _count("sequence"),
    _to("collection_id", "collection"),
    _instant("at"),
    _text("cursor"),
    _text("counts"),
    _flag("done"),
    UniqueConstraint("source_id", "sequence"),
)

# -- identities ----------------------------------------------------------------------------------------------

identity = _ledger(
    "identity",
    _text("provider", null=True),
    _text("key", null=True),
    _text("name", null=True),
    _flag("bot"),
    UniqueConstraint("key", "provider"),
)
identity_name = _ledger(
    "identity_name",
    _to("identity_id", "identity"),
    _text("name", null=True),
    _flag("bot"),
    _instant("known_at"),
    UniqueConstraint("identity_id", "name", "bot"),
)

# -- evidence ------------------------------------------------------------------------------------------------

artefact = _ledger("artefact", _text("key", null=True), _text("kind", null=True), UniqueConstraint("key"))
evidence = _ledger(
    "evidence",
    _to("artefact_id", "artefact"),
    _count("sequence"),
    _text("content_hash", null=True),
    _text("kind"),
    _instant("occurred_at", null=True),
    _instant("collected_at"),
    _text("extractor", null=True),
    _text("measures", null=True),
    _text("paths", null=True),
    _text("excerpt", null=True),
    _text("url", null=True),
    _text("retention"),
    _flag("withdrawn"),
    UniqueConstraint("artefact_id", "sequence"),
)
participation = Table(
    "participation",
    metadata,
    _to("evidence_id", "evidence"),
    _to("identity_id", "identity"),
    _text("role"),
    PrimaryKeyConstraint("evidence_id", "identity_id", "role"),
    sqlite_with_rowid=False,
)
sighting = Table(
    "sighting",
    metadata,
    _to("artefact_id", "artefact"),
    _to("source_id", "source"),
    _count("sequence"),
    _instant("at"),
    _flag("present"),
    _text("batch"),
    PrimaryKeyConstraint("artefact_id", "source_id", "sequence"),
    sqlite_with_rowid=False,
)
supersession = Table(
    "supersession",
    metadata,
    _to("old", "evidence"),
    _to("new", "evidence"),
    _instant("collected_at"),
    _text("batch"),
    PrimaryKeyConstraint("old"),
    sqlite_with_rowid=False,
)
same_as = _ledger(
    "same_as",
    _to("artefact_id", "artefact"),
    _to("other_id", "artefact"),
    _text("relation"),
    _instant("known_at"),
    UniqueConstraint("artefact_id", "other_id", "relation"),
)

# -- people --------------------------------------------------------------------------------------------------

person = _ledger("person", _text("key", null=True), _instant("known_at"), UniqueConstraint("key"))
person_name = _ledger(
    "person_name",
    _to("person_id", "person"),
    _count("sequence"),
    _text("name", null=True),
    _instant("known_at"),
    UniqueConstraint("person_id", "sequence"),
)
team = _ledger("team", _text("name"), _instant("known_at"), UniqueConstraint("name"))


def _span(name: str, *facts: Column[Any], added: tuple[Column[Any], ...] = ()) -> Table:
    return _ledger(
        name,
        _to("person_id", "person", null=True),
        _count("revision"),
        _text("valid_from", null=True),
        _text("valid_to", null=True),
        *facts,
        _instant("known_at"),
        *added,
        Index(None, "person_id"),
    )


employment = _span("employment", Column("fte", Float(53), nullable=True), added=(_flag("remote", null=True),))
membership = _span("membership", _to("team_id", "team", null=True))
role_assignment = _span("role_assignment", _text("role", null=True), _text("job_level", null=True))
absence = _span("absence")
identity_link = _ledger(
    "identity_link",
    _to("identity_id", "identity"),
    _count("sequence"),
    _to("person_id", "person", null=True),
    _to("proper_id", "identity", null=True),
    _text("basis"),
    _text("state"),
    _text("valid_from", null=True),
    _text("valid_to", null=True),
    _text("reason", null=True),
    Column("score", Float(53), nullable=True),
    _instant("known_at"),
    UniqueConstraint("identity_id", "sequence"),
)

# -- assessment ----------------------------------------------------------------------------------------------

rubric_snapshot = _ledger(
    "rubric_snapshot",
    _text("hash"),
    _text("name"),
    _text("version"),
    _text("text"),
    _instant("known_at"),
    UniqueConstraint("hash"),
)
assessment_run = _ledger(
    "assessment_run",
    _text("run"),
    _text("purpose"),
    _instant("as_of"),
    _instant("known_at"),
    _text("rubric_hash"),
    _text("model"),
    _text("details"),
    _instant("saved_at"),
    UniqueConstraint("run"),
)
assessment = _ledger(
    "assessment",
    _text("run", ForeignKey("assessment_run.run")),
    _to("person_id", "person", null=True),
    _text("skill", null=True),
    _text("state", null=True),
    _count("modal", null=True),
    Column("theta", Float(53), nullable=True),
    Column("theta_sd", Float(53), nullable=True),
    _text("payload", null=True),
    UniqueConstraint("run", "person_id", "skill"),
)
joint_posterior = _ledger(
    "joint_posterior",
    _text("run", ForeignKey("assessment_run.run")),
    _to("person_id", "person", null=True),
    _text("payload", null=True),
    UniqueConstraint("run", "person_id"),
)
citation = _ledger(
    "citation",
    _text("run", ForeignKey("assessment_run.run")),
    _to("person_id", "person", null=True),
    _text("skill", null=True),
    _to("evidence_id", "evidence", null=True),
    _text("stance", null=True),
    _text("criterion", null=True),
    Index(None, "run", "person_id"),
)
standard_setting = _ledger(
    "standard_setting",
    _text("skill"),
    _text("method"),
    _text("rule"),
    _count("rounds"),
    _count("judges"),
    _text("record"),
    _instant("known_at"),
)
model_version = _ledger(
    "model_version",
    _text("name"),
    _text("rubric_hash"),
    _instant("fitted_at"),
    _instant("as_of"),
    _text("coefficients"),
    _text("hash"),
    _text("card"),
    _text("claims"),
    _instant("known_at"),
    UniqueConstraint("hash"),
)

# -- people decide -------------------------------------------------------------------------------------------

decision = _ledger(
    "decision",
    _to("person_id", "person", null=True),
    _instant("decided_at", null=True),
    _text("payload", null=True),
    Index(None, "person_id"),
)
dispute = _ledger(
    "dispute",
    _text("dispute"),
    _count("sequence"),
    _to("person_id", "person", null=True),
    _text("target", null=True),
    _text("reason", null=True),
    _text("state"),
    _instant("known_at"),
    UniqueConstraint("dispute", "sequence"),
)
reply = _ledger("reply", _to("person_id", "person", null=True), _text("text", null=True), _instant("known_at"))
packet = _ledger(
    "packet",
    _text("packet"),
    _text("run", null=True),
    _to("person_id", "person", null=True),
    _text("role", null=True),
    _text("job_level", null=True),
    _text("body_hash", null=True),
    _instant("sealed_at"),
    UniqueConstraint("packet"),
)
packet_opening = _ledger(
    "packet_opening",
    _text("packet", ForeignKey("packet.packet")),
    _text("actor"),
    _text("reason"),
    _instant("at"),
)

# -- erasure and audit ---------------------------------------------------------------------------------------

suppression = _ledger(
    "suppression",
    _text("hmac"),
    _to("identity_id", "identity", null=True),
    UniqueConstraint("hmac"),
)
tombstone = _ledger("tombstone", _text("of_table"), _text("row_id"), _instant("at"), UniqueConstraint("row_id"))
ledger_key = _ledger("ledger_key", _text("name"), _text("value"), UniqueConstraint("name"))
audit_event = Table(
    "audit_event",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _text("batch"),
    _instant("at"),
    _text("actor"),
    _text("action"),
    _text("detail"),
    _count("rows"),
    _text("root"),
    _text("prev"),
    _text("hash"),
    UniqueConstraint("batch"),
)
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    _text("hash"),
)

_SPAN: Final = ("person_id", "valid_from", "valid_to")
ERASABLE: Final[dict[str, tuple[str, ...]]] = {
    "artefact": ("key",),
    "evidence": ("content_hash", "occurred_at", "extractor", "measures", "paths", "excerpt", "url"),
    "identity": ("provider", "key", "name"),
    "identity_name": ("name",),
    "identity_link": ("person_id", "proper_id", "valid_from", "valid_to", "reason", "score"),
    "person": ("key",),
    "person_name": ("name",),
    "employment": (*_SPAN, "fte", "remote"),
    "membership": (*_SPAN, "team_id"),
    "role_assignment": (*_SPAN, "role", "job_level"),
    "absence": _SPAN,
    "assessment": ("person_id", "skill", "state", "modal", "theta", "theta_sd", "payload"),
    "joint_posterior": ("person_id", "payload"),
    "citation": ("person_id", "skill", "evidence_id", "stance", "criterion"),
    "decision": ("person_id", "decided_at", "payload"),
    "dispute": ("person_id", "target", "reason"),
    "reply": ("person_id", "text"),
    "packet": ("run", "person_id", "role", "job_level", "body_hash"),
}
"""What erasing a row destroys, beside its salt."""

ADDED: Final[dict[str, int]] = {"employment": 1}
"""How many columns a table that held rows has been given since, the last before salt and batch. A row commits to them only as far as they say something,
so that rows stored before still verify."""


def rests_on_id(table: Table) -> bool:
    """Is the row's leaf in the audit tree its id? (Else the row itself, which then holds opaque values only.)"""
    return "salt" in table.c
