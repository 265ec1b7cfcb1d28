"""A chart becomes SVG that goes into the page: its colours follow the page's, its text is the page's."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import vl_convert

from etl.page.colours import COLOURS, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMESPACE = "{http://www.w3.org/2000/svg}"
_ROLES = {pair[0]: role for role, pair in COLOURS.items()}
# What Vega says for its own runtime or for readers of single marks, who are better served by the table.
_NEEDLESS = (
    "role",
    "aria-roledescription",
    "aria-hidden",
    "pointer-events",
    "font-family",
    "stroke-miterlimit",
    "version",
)
_DEFAULTS = {"opacity": "1", "stroke-width": "1", "transform": "translate(0,0)"}


def drawn(chart: Mapping[str, Any], *, name: str, label: str) -> str:
    """A chart in Vega-Lite as an `<svg>` that says in words what it shows; `name` tells its IDs from others."""
    root = ET.fromstring(vl_convert.vegalite_to_svg(dict(chart), allowed_base_urls=[]))  # noqa: S314  # made here
    _prune(root)
    for element in root.iter():
        _titled(element)
        _coloured(element)
        _named_apart(element, name)
        element.tag = element.tag.removeprefix(_NAMESPACE)
    width, height = root.attrib.pop("width"), root.attrib.pop("height")
    root.attrib = {"viewBox": f"0 0 {width} {height}", "class": name.rpartition("-")[2], "role": "img"}
    root.attrib["aria-label"] = label
    return ET.tostring(root, encoding="unicode")


def _prune(parent: ET.Element) -> None:
    """Without what is not seen: empty paths, hidden texts, the grounds of groups."""
    for child in list(parent):
        _prune(child)
        kind = child.get("class", "")
        is_unseen = (
            child.get("display") == "none" or child.get("opacity") == "0" or kind in {"background", "foreground"}
        )
        if (is_unseen and not len(child)) or (child.tag == f"{_NAMESPACE}g" and not len(child)):
            parent.remove(child)


def _titled(element: ET.Element) -> None:
    """What a mark is described as becomes its title, which browsers show under the pointer."""
    label = element.attrib.pop("aria-label", None)
    if label and element.tag == f"{_NAMESPACE}path":
        title = ET.SubElement(element, f"{_NAMESPACE}title")
        title.text = label


def _coloured(element: ET.Element) -> None:
    """Colours of roles are classes, too, so that the page's style can change them; where it can't, they stay light."""
    is_mark = "role-mark" in element.get("class", "")
    kinds = ["mark"] if is_mark else []
    for needless in ("class", *_NEEDLESS):
        element.attrib.pop(needless, None)
    for name, value in _DEFAULTS.items():
        if element.get(name) == value:
            del element.attrib[name]
    for attribute in ("fill", "stroke"):
        colour = element.get(attribute, "")
        if colour == UNKNOWN:
            element.set(attribute, "url(#unknown)")
        elif colour in _ROLES:
            kinds.append(f"{attribute[0]}-{_ROLES[colour]}")
    if kinds:
        element.set("class", " ".join(kinds))


def _named_apart(element: ET.Element, name: str) -> None:
    """IDs, and what refers to them, are the chart's own."""
    if "id" in element.attrib:
        element.set("id", f"{name}-{element.attrib['id']}")
    clip = element.get("clip-path", "")
    if clip.startswith("url(#"):
        element.set("clip-path", f"url(#{name}-{clip[5:]}")
