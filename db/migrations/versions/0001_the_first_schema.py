"""The first schema: every table of `db.tables` as it was at revision 0001.

Generated once and never edited again, so it is long and plain.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


_APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER audit_event_no_{verb} BEFORE {verb} ON audit_event "
        "BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END"
        for verb in ("update", "delete")
    ],
    "postgresql": [
        "CREATE FUNCTION audit_event_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit_event is append-only'; END $$",
        "CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_event_append_only()",
    ],
}


def _sealed(table: str) -> list[SchemaItem]:
    """The salt, the batch and the key that every row with a commitment has."""
    return [
        sa.Column("salt", TEXT, nullable=True),
        sa.Column("batch", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    ]


def upgrade() -> None:
    op.create_table(
        "artefact",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=True),
        sa.Column("kind", TEXT, nullable=True),
        *_sealed("artefact"),
        sa.UniqueConstraint("key", name=op.f("uq_artefact_key")),
    )
    op.create_table(
        "assessment_run",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("run", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("rubric_hash", TEXT, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("details", TEXT, nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        *_sealed("assessment_run"),
        sa.UniqueConstraint("run", name=op.f("uq_assessment_run_run")),
    )
    op.create_table(
        "audit_event",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("root", TEXT, nullable=False),
        sa.Column("prev", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_event")),
        sa.UniqueConstraint("batch", name=op.f("uq_audit_event_batch")),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "identity",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("provider", TEXT, nullable=True),
        sa.Column("key", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("bot", sa.SmallInteger(), nullable=False),
        *_sealed("identity"),
        sa.UniqueConstraint("key", "provider", name=op.f("uq_identity_key_provider")),
    )
    op.create_table(
        "ledger_key",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        *_sealed("ledger_key"),
        sa.UniqueConstraint("name", name=op.f("uq_ledger_key_name")),
    )
    op.create_table(
        "person",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=True),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("person"),
        sa.UniqueConstraint("key", name=op.f("uq_person_key")),
    )
    op.create_table(
        "rubric_snapshot",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("rubric_snapshot"),
        sa.UniqueConstraint("hash", name=op.f("uq_rubric_snapshot_hash")),
    )
    op.create_table(
        "source",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        *_sealed("source"),
        sa.UniqueConstraint("kind", "name", name=op.f("uq_source_kind_name")),
    )
    op.create_table(
        "team",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("team"),
        sa.UniqueConstraint("name", name=op.f("uq_team_name")),
    )
    op.create_table(
        "tombstone",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("of_table", TEXT, nullable=False),
        sa.Column("row_id", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_sealed("tombstone"),
        sa.UniqueConstraint("row_id", name=op.f("uq_tombstone_row_id")),
    )
    op.create_table(
        "absence",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("valid_from", TEXT, nullable=True),
        sa.Column("valid_to", TEXT, nullable=True),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("absence"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_absence_person_id")),
    )
    op.create_index(op.f("ix_absence_person_id"), "absence", ["person_id"], unique=False)
    op.create_table(
        "assessment",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("run", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("skill", TEXT, nullable=True),
        sa.Column("state", TEXT, nullable=True),
        sa.Column("modal", sa.Integer(), nullable=True),
        sa.Column("theta", sa.Float(precision=53), nullable=True),
        sa.Column("theta_sd", sa.Float(precision=53), nullable=True),
        sa.Column("payload", TEXT, nullable=True),
        *_sealed("assessment"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_assessment_person_id")),
        sa.ForeignKeyConstraint(["run"], ["assessment_run.run"], name=op.f("fk_assessment_run")),
        sa.UniqueConstraint("run", "person_id", "skill", name=op.f("uq_assessment_run_person_id_skill")),
    )
    op.create_table(
        "collection",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", TEXT, nullable=False),
        sa.Column("extractor", TEXT, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        *_sealed("collection"),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_collection_source_id")),
    )
    op.create_table(
        "decision",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("payload", TEXT, nullable=True),
        *_sealed("decision"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_decision_person_id")),
    )
    op.create_index(op.f("ix_decision_person_id"), "decision", ["person_id"], unique=False)
    op.create_table(
        "dispute",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("dispute", TEXT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("target", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("dispute"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_dispute_person_id")),
        sa.UniqueConstraint("dispute", "sequence", name=op.f("uq_dispute_dispute_sequence")),
    )
    op.create_table(
        "employment",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("valid_from", TEXT, nullable=True),
        sa.Column("valid_to", TEXT, nullable=True),
        sa.Column("fte", sa.Float(precision=53), nullable=True),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("employment"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_employment_person_id")),
    )
    op.create_index(op.f("ix_employment_person_id"), "employment", ["person_id"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("artefact_id", TEXT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("content_hash", TEXT, nullable=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=True),
        sa.Column("collected_at", sa.BigInteger(), nullable=False),
        sa.Column("extractor", TEXT, nullable=True),
        sa.Column("measures", TEXT, nullable=True),
        sa.Column("paths", TEXT, nullable=True),
        sa.Column("excerpt", TEXT, nullable=True),
        sa.Column("url", TEXT, nullable=True),
        sa.Column("retention", TEXT, nullable=False),
        sa.Column("withdrawn", sa.SmallInteger(), nullable=False),
        *_sealed("evidence"),
        sa.ForeignKeyConstraint(["artefact_id"], ["artefact.id"], name=op.f("fk_evidence_artefact_id")),
        sa.UniqueConstraint("artefact_id", "sequence", name=op.f("uq_evidence_artefact_id_sequence")),
    )
    op.create_table(
        "identity_link",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("identity_id", TEXT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("proper_id", TEXT, nullable=True),
        sa.Column("basis", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("valid_from", TEXT, nullable=True),
        sa.Column("valid_to", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("score", sa.Float(precision=53), nullable=True),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("identity_link"),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_identity_link_identity_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_identity_link_person_id")),
        sa.ForeignKeyConstraint(["proper_id"], ["identity.id"], name=op.f("fk_identity_link_proper_id")),
        sa.UniqueConstraint("identity_id", "sequence", name=op.f("uq_identity_link_identity_id_sequence")),
    )
    op.create_table(
        "identity_name",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("identity_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("bot", sa.SmallInteger(), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("identity_name"),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_identity_name_identity_id")),
        sa.UniqueConstraint("identity_id", "name", "bot", name=op.f("uq_identity_name_identity_id_name_bot")),
    )
    op.create_table(
        "joint_posterior",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("run", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("payload", TEXT, nullable=True),
        *_sealed("joint_posterior"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_joint_posterior_person_id")),
        sa.ForeignKeyConstraint(["run"], ["assessment_run.run"], name=op.f("fk_joint_posterior_run")),
        sa.UniqueConstraint("run", "person_id", name=op.f("uq_joint_posterior_run_person_id")),
    )
    op.create_table(
        "membership",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("valid_from", TEXT, nullable=True),
        sa.Column("valid_to", TEXT, nullable=True),
        sa.Column("team_id", TEXT, nullable=True),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("membership"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_membership_person_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_membership_team_id")),
    )
    op.create_index(op.f("ix_membership_person_id"), "membership", ["person_id"], unique=False)
    op.create_table(
        "packet",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("packet", TEXT, nullable=False),
        sa.Column("run", TEXT, nullable=True),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("role", TEXT, nullable=True),
        sa.Column("job_level", TEXT, nullable=True),
        sa.Column("body_hash", TEXT, nullable=True),
        sa.Column("sealed_at", sa.BigInteger(), nullable=False),
        *_sealed("packet"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_packet_person_id")),
        sa.UniqueConstraint("packet", name=op.f("uq_packet_packet")),
    )
    op.create_table(
        "person_name",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("person_name"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_name_person_id")),
        sa.UniqueConstraint("person_id", "sequence", name=op.f("uq_person_name_person_id_sequence")),
    )
    op.create_table(
        "reply",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("text", TEXT, nullable=True),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("reply"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_reply_person_id")),
    )
    op.create_table(
        "role_assignment",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("valid_from", TEXT, nullable=True),
        sa.Column("valid_to", TEXT, nullable=True),
        sa.Column("role", TEXT, nullable=True),
        sa.Column("job_level", TEXT, nullable=True),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("role_assignment"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_role_assignment_person_id")),
    )
    op.create_index(op.f("ix_role_assignment_person_id"), "role_assignment", ["person_id"], unique=False)
    op.create_table(
        "same_as",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("artefact_id", TEXT, nullable=False),
        sa.Column("other_id", TEXT, nullable=False),
        sa.Column("relation", TEXT, nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("same_as"),
        sa.ForeignKeyConstraint(["artefact_id"], ["artefact.id"], name=op.f("fk_same_as_artefact_id")),
        sa.ForeignKeyConstraint(["other_id"], ["artefact.id"], name=op.f("fk_same_as_other_id")),
        sa.UniqueConstraint(
            "artefact_id", "other_id", "relation", name=op.f("uq_same_as_artefact_id_other_id_relation")
        ),
    )
    op.create_table(
        "sighting",
        sa.Column("artefact_id", TEXT, nullable=False),
        sa.Column("source_id", TEXT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("present", sa.SmallInteger(), nullable=False),
        sa.Column("batch", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["artefact_id"], ["artefact.id"], name=op.f("fk_sighting_artefact_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_sighting_source_id")),
        sa.PrimaryKeyConstraint("artefact_id", "source_id", "sequence", name=op.f("pk_sighting")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "source_lineage",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", TEXT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("lineage", TEXT, nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("source_lineage"),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_source_lineage_source_id")),
        sa.UniqueConstraint("source_id", "sequence", name=op.f("uq_source_lineage_source_id_sequence")),
    )
    op.create_table(
        "source_purpose",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("granted", sa.SmallInteger(), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("source_purpose"),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_source_purpose_source_id")),
        sa.UniqueConstraint(
            "source_id", "purpose", "sequence", name=op.f("uq_source_purpose_source_id_purpose_sequence")
        ),
    )
    op.create_table(
        "suppression",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("hmac", TEXT, nullable=False),
        sa.Column("identity_id", TEXT, nullable=True),
        *_sealed("suppression"),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_suppression_identity_id")),
        sa.UniqueConstraint("hmac", name=op.f("uq_suppression_hmac")),
    )
    op.create_table(
        "citation",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("run", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=True),
        sa.Column("skill", TEXT, nullable=True),
        sa.Column("evidence_id", TEXT, nullable=True),
        sa.Column("stance", TEXT, nullable=True),
        sa.Column("criterion", TEXT, nullable=True),
        *_sealed("citation"),
        sa.ForeignKeyConstraint(["evidence_id"], ["evidence.id"], name=op.f("fk_citation_evidence_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_citation_person_id")),
        sa.ForeignKeyConstraint(["run"], ["assessment_run.run"], name=op.f("fk_citation_run")),
    )
    op.create_index(op.f("ix_citation_run_person_id"), "citation", ["run", "person_id"], unique=False)
    op.create_table(
        "collection_cursor",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("source_id", TEXT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("collection_id", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("cursor", TEXT, nullable=False),
        sa.Column("counts", TEXT, nullable=False),
        sa.Column("done", sa.SmallInteger(), nullable=False),
        *_sealed("collection_cursor"),
        sa.ForeignKeyConstraint(["collection_id"], ["collection.id"], name=op.f("fk_collection_cursor_collection_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_collection_cursor_source_id")),
        sa.UniqueConstraint("source_id", "sequence", name=op.f("uq_collection_cursor_source_id_sequence")),
    )
    op.create_table(
        "packet_opening",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("packet", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_sealed("packet_opening"),
        sa.ForeignKeyConstraint(["packet"], ["packet.packet"], name=op.f("fk_packet_opening_packet")),
    )
    op.create_table(
        "participation",
        sa.Column("evidence_id", TEXT, nullable=False),
        sa.Column("identity_id", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["evidence_id"], ["evidence.id"], name=op.f("fk_participation_evidence_id")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_participation_identity_id")),
        sa.PrimaryKeyConstraint("evidence_id", "identity_id", "role", name=op.f("pk_participation")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "supersession",
        sa.Column("old", TEXT, nullable=False),
        sa.Column("new", TEXT, nullable=False),
        sa.Column("collected_at", sa.BigInteger(), nullable=False),
        sa.Column("batch", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["new"], ["evidence.id"], name=op.f("fk_supersession_new")),
        sa.ForeignKeyConstraint(["old"], ["evidence.id"], name=op.f("fk_supersession_old")),
        sa.PrimaryKeyConstraint("old", name=op.f("pk_supersession")),
        sqlite_with_rowid=False,
    )
    for statement in _APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a ledger is never taken back; restore a copy instead")
