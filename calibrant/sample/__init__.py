"""A seeded, invented department as real files: git repositories, 360 feedback, scorecards, a roster, decisions.

It is written so that the demo and the benchmarks have something true to be measured against. Nothing in here knows
how Calibrant infers: what people do follows from habits and teams, what raters say from their own quirks.
docs/sample-department.md describes it.
"""

from calibrant.sample.repositories import Repository
from calibrant.sample.write import SampleDepartment, generate

__all__ = ["Repository", "SampleDepartment", "generate"]
