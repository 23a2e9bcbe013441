"""From a file and its mapping to canonical records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from collectors.form_json import of_json
from collectors.form_tables import of_table
from collectors.forms import FormSettings, Record
from collectors.mapping_schema import FileMapping
from collectors.problems import Problems, refuse

__all__ = ["records"]


def records(
    settings: FormSettings, mapping: FileMapping, needed: Collection[str], problems: Problems, talk: Counter[str]
) -> Iterator[Record]:
    """The canonical rows of a file.

    needed: fields that some column or constant must give. Mistakes go to `problems`, counts of skipped records to
    `talk`. Raises BadInput where the file as a whole cannot be read.
    """
    if mapping.format == "json":
        found = of_json(settings, mapping, problems, talk)
    else:
        found = of_table(settings, mapping, needed, problems, talk)
    for count, record in enumerate(found, start=1):
        if count > settings.limits.rows:
            refuse(problems.file, f"gives more than {settings.limits.rows:,} records", "split it", row=record.row)
        yield record
