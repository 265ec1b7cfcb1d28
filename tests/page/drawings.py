"""Turns a chart of the page back into figures: its shapes are measured against its own scales."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    from tests.page.parsed_page import ParsedPage

NEAR = 0.11  # pixels: coordinates are rounded to a tenth, and so is their difference
BROAD = 5  # pixels from which on a bar has a gap beside it, and a band is hatched
GAP = 0.08  # the share of a broad bar that is left free on each side
_UNITS = {"": 1, "%": 1, "k": 1e3, "M": 1e6, "G": 1e9}


@dataclass(frozen=True, kw_only=True)
class DrawnBox:
    """A rectangle in pixels, with its CSS classes and its title."""

    classes: frozenset[str]
    left: float
    top: float
    width: float
    height: float
    title: str

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """The coordinates of its edges: left, top, right and bottom."""
        return (self.left, self.top, self.left + self.width, self.top + self.height)


@dataclass(frozen=True, kw_only=True)
class DrawnText:
    """A text beside an axis, with the place that its anchor stands at."""

    text: str
    x: float
    y: float
    anchor: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """A level piece of a line: from one second of the period to another, at a value."""

    begin: float
    end: float
    value: float


class Drawing:
    """A chart of a period of so many seconds. Its grid is its scale: each line of it has a label with its value."""

    def __init__(self, svg: Element, seconds: float) -> None:
        self.label = svg.attrib["aria-label"]
        self.name = svg.attrib["class"]
        self.width, self.height = (float(number) for number in svg.attrib["viewBox"].split()[2:])
        self.boxes = [_box(rect) for rect in svg.iter("rect")]
        self.texts = [_text(text) for text in svg.iter("text")]
        self.paths = [(frozenset(path.attrib["class"].split()), path.attrib["d"]) for path in svg.iter("path")]
        (axis,) = svg.iter("g")
        self.font = float(axis.attrib["font-size"])
        self.seconds = seconds
        self._grid = [re.fullmatch(r"M(\S+) (\S+)h(\S+)", d) for d in self.paths_of("grid")]

    @property
    def values(self) -> dict[str, float]:
        """The y coordinates of the grid by their labels, each of which stands left of its line and at its height."""
        labels = [text for text in self.texts if text.anchor == "end"]
        lines = [float(match[2]) for match in self._grid if match]
        assert [label.y for label in labels] == pytest.approx([y + self.font / 3 for y in lines], abs=NEAR)
        assert {label.x for label in labels} == {self.left - 8}
        return dict(zip((label.text for label in labels), lines, strict=True))

    @property
    def ticks(self) -> list[tuple[str, float]]:
        """The labels of the time axis and their seconds, which all stand in a row below the grid."""
        labels = [text for text in self.texts if text.anchor == "middle"]
        assert {label.y for label in labels} <= {self.height - 8}
        assert self.height - 8 - self.font >= max(self.values.values())
        return [(label.text, self.second(label.x)) for label in labels]

    @property
    def left(self) -> float:
        """The x coordinate of the beginning of the period."""
        (left,) = {float(match[1]) for match in self._grid if match}
        return left

    @property
    def right(self) -> float:
        """The x coordinate of the end of the period."""
        (length,) = {float(match[3]) for match in self._grid if match}
        return self.left + length

    @property
    def second_of_a_pixel(self) -> float:
        """The seconds that a pixel stands for."""
        return self.seconds / (self.right - self.left)

    def bar(self, begin: float, end: float, low: float, high: float) -> tuple[float, float, float, float]:
        """Return the edges of the bar of some seconds and values: left, top, right and bottom."""
        length = (end - begin) / self.second_of_a_pixel
        gap = GAP * length if length > BROAD else 0
        return (self.x(begin) + gap, self.y(high), self.x(end) - gap, self.y(low))

    def second(self, x: float) -> float:
        """Return the second of the period at an x coordinate."""
        return (x - self.left) * self.second_of_a_pixel

    def x(self, second: float) -> float:
        """Return the x coordinate of a second of the period."""
        return self.left + second / self.second_of_a_pixel

    @property
    def zero(self) -> float:
        """The y coordinate of zero, which is the lowest line of the grid."""
        return next(iter(self.values.values()))

    @property
    def value_of_a_pixel(self) -> float:
        """The value that a pixel stands for. All lines of the grid agree on it."""
        (_, zero), *others = self.values.items()
        scales = [_value(label) / (zero - y) for label, y in others]
        assert scales == pytest.approx([scales[-1]] * len(scales), rel=0.01)
        return scales[-1]

    def value(self, y: float) -> float:
        """Return the value at a y coordinate."""
        return (self.zero - y) * self.value_of_a_pixel

    def y(self, value: float) -> float:
        """Return the y coordinate of a value."""
        return self.zero - value / self.value_of_a_pixel

    def boxes_of(self, css_class: str) -> list[DrawnBox]:
        """Return the rectangles with a CSS class, in the order in which they cover each other."""
        return [box for box in self.boxes if css_class in box.classes]

    def paths_of(self, css_class: str) -> list[str]:
        """Return the paths with a CSS class."""
        return [d for classes, d in self.paths if css_class in classes]

    def steps(self, path: str) -> list[list[Step]]:
        """Return the level pieces of a line, with a list of its own for each part after a break."""
        return [self._part(part) for part in path.split("M")[1:]]

    def outline(self, path: str) -> list[list[Step]]:
        """Return the upper edge of an area, as level pieces. Each of its parts stands on the axis."""
        parts = path.split("M")[1:]
        foot = f"V{self.zero:g}"
        assert all(re.match(rf"\S+ {self.zero:g}V", part) and part.endswith(f"{foot}Z") for part in parts)
        return [self._part(re.sub(r" \S+?V", " ", part.removesuffix(f"{foot}Z"), count=1)) for part in parts]

    def _part(self, part: str) -> list[Step]:
        begin, y = (float(number) for number in re.split("[HV]", part, maxsplit=1)[0].split())
        steps = []
        for command, number in re.findall(r"([HV])([\d.]+)", part):
            if command == "V":
                y = float(number)
            else:
                steps.append(Step(begin=self.second(begin), end=self.second(float(number)), value=self.value(y)))
                begin = float(number)
        return steps


@dataclass(frozen=True, kw_only=True)
class DrawnFigure:
    """A figure of the page: its caption, its legend by CSS class, and its chart in both sizes."""

    caption: str
    legend: dict[str, str]
    legend_classes: str
    wide: Drawing
    narrow: Drawing

    @property
    def drawings(self) -> Sequence[Drawing]:
        """Both sizes."""
        return (self.wide, self.narrow)


def read_figure(page: ParsedPage, name: str, *, days: float) -> DrawnFigure:
    """Read the figure of a section, whose charts are over so many days."""
    (source,) = re.findall(rf'<figure id="{name}-figure">.*?</figure>', page.html, re.DOTALL)
    figure = ET.fromstring(source)  # noqa: S314  # a page that the test made itself
    entries = [(item.find("i"), "".join(item.itertext())) for item in figure.iter("li")]
    wide, narrow = (Drawing(svg, days * 86_400) for svg in figure.iter("svg"))
    assert (wide.name, narrow.name) == ("wide", "narrow")
    return DrawnFigure(
        caption="".join(figure.findtext("figcaption") or ""),
        legend={swatch.attrib["class"]: text for swatch, text in entries if swatch is not None},
        legend_classes=next((item.attrib["class"] for item in figure.iter("ul")), ""),
        wide=wide,
        narrow=narrow,
    )


def check_bars(drawing: Drawing, css_class: str, expected: Sequence[tuple[float, float, float, float]]) -> None:
    """Compare the bars of a class with seconds and values, to a tenth of a pixel: begin, end, low, high."""
    drawn = [box.edges for box in drawing.boxes_of(css_class)]
    assert len(drawn) == len(expected)
    for edges, (begin, end, low, high) in zip(drawn, expected, strict=True):
        assert edges == pytest.approx(drawing.bar(begin, end, low, high), abs=NEAR)


def _box(rect: Element) -> DrawnBox:
    left, top, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
    classes = frozenset(rect.attrib["class"].split())
    return DrawnBox(classes=classes, left=left, top=top, width=width, height=height, title=rect.findtext("title") or "")


def _text(text: Element) -> DrawnText:
    place = {name: float(text.attrib[name]) for name in ("x", "y")}
    return DrawnText(text=text.text or "", anchor=text.attrib["text-anchor"], **place)


def _value(label: str) -> float:
    """Return the value of a label such as 250, 2.5k or 50 %."""
    match = re.fullmatch(r"([\d.]+) ?([%kMG]?)", label)
    assert match, label
    return float(match[1]) * _UNITS[match[2]]
