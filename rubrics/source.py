"""YAML files as plain data with line numbers, read so that a hostile file can only be refused.

The YAML here is a small, dull subset: mappings, lists and scalars of one UTF-8 document. Anchors, aliases, tags,
duplicate keys, control and bidirectional characters are refused, and size, node count and depth are capped, so that
neither an alias bomb nor a deep nest costs more than reading the file. Scalars follow YAML 1.2: only `true` and `false`
are booleans (`no` is text), dates stay text. Mapping keys are always text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from typing import NoReturn

import yaml

from db.errors import BadInput, Problem

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Document", "Location", "parse", "read"]

MAX_BYTES = 512 * 1024
MAX_NODES = 20_000
MAX_DEPTH = 12

Location = tuple[str | int, ...]
"""Where a value stands in a document: keys and list positions from the root."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]{1,15}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,15}\.[0-9]{0,15}|\.[0-9]{1,15})(?:[eE][-+]?[0-9]{1,2})?")
_WORDS: Mapping[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INVISIBLE = frozenset("\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file. lines: the line (from 1) of every key and list entry, by location."""

    file: str
    data: object
    lines: Mapping[Location, int] = field(default_factory=dict)

    def line(self, location: Location) -> int:
        """Line of a location, or of its nearest known ancestor; parts that are not in the file are skipped.

        >>> parse("a:\\n  b: 1\\n", "x.yaml").line(("a", "missing"))
        1
        """
        return self.lines[self.known(location)]

    def known(self, location: Location) -> Location:
        """The part of a location that exists in the file."""
        known: Location = ()
        for part in location:
            if (*known, part) in self.lines:
                known = (*known, part)
        return known


def read(file: Traversable, name: str) -> Document:
    """Read and parse one file. name: how messages call it. Raises BadInput (see `parse`)."""
    with file.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        _refuse(name, 0, f"larger than {MAX_BYTES} bytes", "split it; a skill file is some hundred lines")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        _refuse(name, line, f"not UTF-8 (byte {error.start})", "save the file as UTF-8")
    return parse(text, name)


def parse(text: str, name: str) -> Document:
    """Parse YAML text.

    Raises BadInput with one problem (file, line, remedy) for anything but one plain document within the caps.

    >>> parse("a: [1, no]", "x.yaml").data
    {'a': [1, 'no']}
    """
    if len(text) > MAX_BYTES:
        _refuse(name, 0, f"larger than {MAX_BYTES} characters", "split it; a skill file is some hundred lines")
    lines: dict[Location, int] = {(): 1}
    events = _events(text, name)
    first = next(events, None)
    if first is None:
        _refuse(name, 0, "is empty", "write the keys that docs/rubric-format.md lists")
    data = _value(first, events, (), lines, name)
    if next(events, None) is not None:
        _refuse(name, 0, "holds more than one document", "keep one document per file; remove the second `---`")
    return Document(name, data, lines)


def _events(text: str, name: str) -> Iterator[yaml.Event]:
    """The parser's node events, with everything refused that could make a file mean more than it says."""
    nodes = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.AliasEvent):
                _refuse(name, _line(event), f"alias `*{event.anchor}`", "write the value out")
            if isinstance(event, yaml.NodeEvent):
                nodes += 1
                if event.anchor is not None:
                    _refuse(name, _line(event), f"anchor `&{event.anchor}`", "remove it and write values out")
                if (tag := getattr(event, "tag", None)) is not None:
                    _refuse(name, _line(event), f"tag `{tag}`", "remove it; values are plain")
                if nodes > MAX_NODES:
                    _refuse(name, _line(event), f"more than {MAX_NODES} values", "split the file")
            if isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                yield event
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        _refuse(name, line, f"not YAML: {error.problem}", "check indentation, quotes and colons on that line")
    except yaml.YAMLError as error:
        _refuse(name, 0, f"not YAML: {' '.join(str(error).split())}", "remove the characters it names")


def _value(
    event: yaml.Event, events: Iterator[yaml.Event], at: Location, lines: dict[Location, int], name: str
) -> object:
    if len(at) > MAX_DEPTH:
        _refuse(name, _line(event), f"nested deeper than {MAX_DEPTH}", "flatten it")
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(events, at, lines, name)
    if isinstance(event, yaml.SequenceStartEvent):
        entries: list[object] = []
        while not isinstance(entry := next(events), yaml.SequenceEndEvent):
            here = (*at, len(entries))
            lines[here] = _line(entry)
            entries.append(_value(entry, events, here, lines, name))
        return entries
    assert isinstance(event, yaml.ScalarEvent)
    return _scalar(event, name)


def _mapping(events: Iterator[yaml.Event], at: Location, lines: dict[Location, int], name: str) -> dict[str, object]:
    entries: dict[str, object] = {}
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        if not isinstance(key, yaml.ScalarEvent):
            _refuse(name, _line(key), "a key that is a list or mapping", "use text as key")
        text = str(_checked(key.value, key, name))
        if text in entries:
            first = lines[(*at, text)]
            _refuse(name, _line(key), f"key `{text}` again (first on line {first})", "keep one of them")
        here = (*at, text)
        lines[here] = _line(key)
        entries[text] = _value(next(events), events, here, lines, name)
    return entries


def _scalar(event: yaml.ScalarEvent, name: str) -> object:
    text = str(_checked(event.value, event, name))
    if event.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _checked(text: str, event: yaml.Event, name: str) -> str:
    for character in text:
        if character in _INVISIBLE or (unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t"):
            what = f"invisible character U+{ord(character):04X}"
            _refuse(name, _line(event), what, "remove it; text must read as it is stored")
    return text


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _refuse(name: str, line: int, what: str, remedy: str) -> NoReturn:
    raise BadInput(
        f"{name} cannot be read", [Problem(name, line, "", what, remedy)], remedy=f"line {line}: {what}; {remedy}"
    )
