"""Standard-setting records and registered model versions: what the scale's levels and the model's coefficients rest on.

Neither may name anybody, because both stay for ever: judges are numbered, and people who rate vignettes are evidence
like any other rater, which can be erased. A record that holds a key, id or full name the ledger knows as a person's is refused, also
inside a longer text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from db.canonical import canonical, clean, from_micros, micros
from db.errors import BadInput, Refusal
from db.records import LEVELS, ModelVersion, StandardSetting
from db.tables import metadata
from db.transaction import Transaction

__all__ = ["METHODS", "models", "register_model", "save_standard_setting", "standard_settings"]

METHODS: Final = ("angoff", "bookmark", "decisions", "vignettes")
"""How a standard may have been set."""

_LEVEL_KEYS: Final = {str(level) for level in range(1, LEVELS + 1)}
"""Keys by which records name levels; a roster whose ids are small numbers must not make every record somebody's."""

_setting, _model, _event = (metadata.tables[name] for name in ("standard_setting", "model_version", "audit_event"))
_person, _person_name, _identity = (metadata.tables[name] for name in ("person", "person_name", "identity"))

_LEAST_TELLING: Final = 4
"""Characters of a key below which it is nobody's inside a longer text; so many digits alone may still be a year."""


def save_standard_setting(unit: Transaction, setting: StandardSetting) -> str:
    """See `Ledger.save_standard_setting`."""
    if setting.method not in METHODS:
        raise BadInput(f"there is no method {setting.method!r}", (), remedy=f"use one of {', '.join(METHODS)}")
    if setting.rounds < 0 or setting.judges < 0:
        raise BadInput("rounds and judges are counts", (), remedy="give whole numbers from 0")
    _refuse_names(unit.connection, setting.record)
    row = {
        "skill": clean(setting.skill),
        "method": setting.method,
        "rule": clean(setting.rule),
        "rounds": setting.rounds,
        "judges": setting.judges,
        "record": canonical(setting.record),
    }
    statement = select(_setting).where(_setting.c.skill == row["skill"], _setting.c.method == row["method"])
    standing = unit.connection.execute(_saved(statement, _setting).order_by(_event.c.seq.desc())).mappings().first()
    if standing is not None and all(standing[name] == value for name, value in row.items()):
        return str(standing["id"])
    unit.detail |= {"skill": row["skill"], "method": row["method"]}
    return unit.add(_setting, **row, known_at=unit.now)


def standard_settings(connection: Connection, known_at: datetime) -> list[StandardSetting]:
    """See `Ledger.standard_settings`."""
    statement = _saved(select(_setting).where(_setting.c.known_at <= micros(known_at)), _setting)
    return [
        StandardSetting(
            row.skill, row.method, row.rule, row.rounds, row.judges, json.loads(row.record), from_micros(row.known_at)
        )
        for row in connection.execute(statement.order_by(_event.c.seq))
    ]


def register_model(unit: Transaction, model: ModelVersion) -> str:
    """See `Ledger.register_model`."""
    coefficients = canonical(model.coefficients)
    hashed = hashlib.sha256(coefficients.encode()).hexdigest()
    if unit.connection.execute(select(_model.c.id).where(_model.c.hash == hashed)).first() is not None:
        return hashed
    unit.detail |= {"model": hashed}
    unit.add(
        _model,
        name=clean(model.name),
        rubric_hash=model.rubric_hash,
        fitted_at=micros(model.fitted_at),
        as_of=micros(model.as_of),
        coefficients=coefficients,
        hash=hashed,
        card=canonical(model.card),
        claims=canonical(model.claims),
        known_at=unit.now,
    )
    return hashed


def models(connection: Connection, known_at: datetime | None) -> list[ModelVersion]:
    """See `Ledger.models`."""
    statement = _saved(select(_model), _model).order_by(_event.c.seq)
    if known_at is not None:
        statement = statement.where(_model.c.known_at <= micros(known_at))
    return [
        ModelVersion(
            name=row.name,
            rubric_hash=row.rubric_hash,
            fitted_at=from_micros(row.fitted_at),
            as_of=from_micros(row.as_of),
            coefficients=json.loads(row.coefficients),
            card=json.loads(row.card),
            claims=json.loads(row.claims),
            hash=row.hash,
            known_at=from_micros(row.known_at),
        )
        for row in connection.execute(statement)
    ]


def _saved(statement: Any, table: Any) -> Any:
    """The statement with each row's audit event, for the order of saving."""
    return statement.join(_event, _event.c.batch == table.c.batch)


def _refuse_names(connection: Connection, record: Mapping[str, object]) -> None:
    keys, names = _people(connection)
    for where, text in _texts(record):
        if text in keys or any(_stands_in(key, text) for key in (*keys, *names) if _tells_inside(key)):
            raise Refusal(
                "a standard-setting record must not hold the key or name of a person: it cannot be erased later",
                where=where,
                remedy="number the judges (1, 2, ..), name vignettes after nobody, and keep the list of who they are outside the ledger",
            )


def _people(connection: Connection) -> tuple[set[str], set[str]]:
    """Keys and ids of everybody known, and their names of two words or more. Vignettes and bots are nobody."""
    somebody = _identity.c.bot == 0
    keys = (
        select(_person.c.key),
        select(_person.c.id),
        select(_identity.c.key).where(somebody),
        select(_identity.c.id).where(somebody),
    )
    names = (select(_person_name.c.name), select(_identity.c.name).where(somebody))
    found = [{str(text) for one in some for text in connection.scalars(one) if text} for some in (keys, names)]
    return found[0], {name for name in found[1] if len(name.split()) > 1}


def _tells_inside(word: str) -> bool:
    """Whether finding it inside a longer text tells anything: "2" or "2026" may stand for much."""
    return len(word) >= _LEAST_TELLING and not (word.isdigit() and len(word) <= _LEAST_TELLING)


def _stands_in(word: str, text: str) -> bool:
    """Whether a text holds a word or name whole, in capitals or not."""
    text, word = text.casefold(), word.casefold()
    return word in text and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _texts(value: object, where: str = "") -> Iterator[tuple[str, str]]:
    """(place by keys and numbers, text) of every text of a record, keys of mappings too."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            at = f"{where}.{key}" if where else str(key)
            if str(key) not in _LEVEL_KEYS:
                yield where, str(key)
            yield from _texts(item, at)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _texts(item, f"{where}[{number}]" if where else f"[{number}]")
