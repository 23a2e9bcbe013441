"""Vega-Lite to SVG, reduced to what a report may hold.

The renderer's output is parsed and written anew from an allowed list of elements and attributes: no script, style,
link, id or event can pass, whatever name a team was given, and the same chart gives the same bytes. What screen
readers need stands in the figure's caption and in the table beside it, so the drawing is one image with one label.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape
from xml.etree.ElementTree import Element  # the type only; parsing is defusedxml's

import vl_convert
from defusedxml.ElementTree import fromstring

__all__ = ["clean_svg", "draw"]

_ELEMENTS = frozenset({"g", "path", "rect", "line", "text", "tspan", "circle"})
_ATTRIBUTES = (
    "transform", "x", "y", "x1", "x2", "y1", "y2", "dx", "dy", "cx", "cy", "r", "width", "height", "d", "fill",
    "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "stroke-linecap", "stroke-miterlimit",
    "opacity", "text-anchor", "font-family", "font-size", "font-weight", "font-style",
)  # fmt: skip


@lru_cache(maxsize=32)
def draw(specification: str, label: str) -> str:
    """The chart of a Vega-Lite specification (JSON text) as an inline SVG element labelled for screen readers."""
    return clean_svg(vl_convert.vegalite_to_svg(specification), label)


def clean_svg(drawn: str, label: str) -> str:
    """An SVG document rewritten from allowed elements and attributes only."""
    root = fromstring(drawn)
    width, height = (float(root.get(name, "0")) for name in ("width", "height"))
    box = escape(root.get("viewBox", f"0 0 {width:g} {height:g}"), quote=True)
    body = "".join(_written(child) for child in root)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(label, quote=True)}" '
        f'width="{width:g}" height="{height:g}" viewBox="{box}">{body}</svg>'
    )


def _written(element: Element) -> str:
    name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
    if name not in _ELEMENTS or element.get("display") == "none":
        return ""
    inner = "".join(_written(child) for child in element)
    if name in {"text", "tspan"}:
        inner = escape(element.text or "", quote=False) + inner
    if not inner and (name in {"g", "text", "tspan"} or element.get("d", "x") in {"", "M0,0h0v0h0Z"}):
        return ""
    attributes = "".join(
        f' {attribute}="{escape(element.attrib[attribute], quote=True)}"'
        for attribute in _ATTRIBUTES
        if attribute in element.attrib and "url(" not in element.attrib[attribute]
    )
    if name == "g" and not attributes:
        return inner
    return f"<{name}{attributes}>{inner}</{name}>" if inner else f"<{name}{attributes}/>"
