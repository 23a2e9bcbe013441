"""The standard as data: loader, validator, tagger, pure evaluator, structural diff."""
