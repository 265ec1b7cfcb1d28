"""The canvas of a chart: its size, its axes, and the shapes drawn on it, all in pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.page import calendar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.page.calendar import Span
    from etl.reports.periods import Period

_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 10, 28
_BROAD = 5  # pixels from which on a shape has room for an edge or for hatching
_HALF_A_DAY = 43_200
_CHARACTER = 0.56  # the width of a character of a label, as a share of its height
_VALUE_STEPS = 5  # the most grid lines above zero
_THOUSAND = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The size of a chart. `name` is its CSS class, `tick_width` the room that a label of the time axis needs."""

    name: str
    width: int
    height: int
    font: int
    tick_width: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle. Its CSS classes give it its colour; browsers show its title under the pointer."""

    classes: str
    x: float
    y: float
    width: float
    height: float
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A line or an area, as an SVG path."""

    classes: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A text beside an axis."""

    x: float
    y: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing for the template: the shapes in the order in which they cover each other."""

    size: Size
    shapes: Sequence[Box | Path]
    labels: Sequence[Label]

    def has(self, css_class: str) -> bool:
        """Return True if a shape has a CSS class."""
        return any(css_class in shape.classes.split() for shape in self.shapes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """A chart over the time of a period, with values from 0 to `most`."""

    period: Period
    size: Size
    most: float

    @property
    def bottom(self) -> float:
        """The y coordinate of zero."""
        return self.size.height - _BOTTOM

    @property
    def seconds(self) -> float:
        """The length of the period."""
        return (self.period.until - self.period.since).total_seconds()

    def x(self, second: float) -> float:
        """Return the x coordinate of a second of the period."""
        return round(_LEFT + second * self.pixels_per_second, 1)

    def y(self, value: float) -> float:
        """Return the y coordinate of a value."""
        return round(self.bottom - value / self.most * (self.bottom - _TOP), 1)

    def is_broad(self, seconds: float) -> bool:
        """Return True if a length of time is wide enough for an edge or for hatching."""
        return seconds * self.pixels_per_second > _BROAD

    @property
    def pixels_per_second(self) -> float:
        """The width of a second."""
        return (self.size.width - _LEFT - _RIGHT) / self.seconds

    def box(self, classes: str, span: Span, values: tuple[float, float], title: str) -> Box:
        """Draw two values of a span as a box, with a gap beside it if there is room for one."""
        gap = 0.08 * (span.end - span.begin) if self.is_broad(span.end - span.begin) else 0
        left, right = self.x(span.begin + gap), self.x(span.end - gap)
        top, bottom = self.y(values[1]), self.y(values[0])
        width, height = round(right - left, 1), round(bottom - top, 1)
        return Box(classes=classes, x=left, y=top, width=width, height=height, title=title)

    def band(self, classes: str, begin: float, end: float, *, height: float = 0) -> Box:
        """Draw a length of time as a band over the whole height, or of some height above the axis."""
        left, top = self.x(begin), self.bottom - height if height else _TOP
        return Box(classes=classes, x=left, y=top, width=round(self.x(end) - left, 1), height=self.bottom - top)

    def chart(
        self, shapes: Sequence[Box | Path], values: Sequence[float], *, by_day: bool = False, unit: str = ""
    ) -> Chart:
        """Draw the shapes over a grid of values, with labels of the values and of the time."""
        line = f"h{self.size.width - _LEFT - _RIGHT}"
        down = self.size.font / 3
        grid = [Path(classes="grid", path=f"M{_LEFT} {self.y(value):g}{line}") for value in values]
        labels = [
            Label(x=_LEFT - 8, y=round(self.y(value) + down, 1), text=f"{_short(value)}{unit}", anchor="end")
            for value in values
        ]
        return Chart(size=self.size, shapes=[*grid, *shapes], labels=[*labels, *self._time_labels(by_day=by_day)])

    def _time_labels(self, *, by_day: bool) -> list[Label]:
        """Label the midnights below the chart, or the middle of the days if each day has a bar."""
        shift = min(_HALF_A_DAY, self.seconds / 2) if by_day else 0
        labels: list[Label] = []
        right = 0.0
        most = (self.size.width - _LEFT - _RIGHT) // self.size.tick_width
        for tick in calendar.ticks(self.period, most=most, by_day=by_day):
            half = len(tick.text) * _CHARACTER * self.size.font / 2
            x = min(self.x(tick.second + shift), self.size.width - half)
            if tick.second + shift < self.seconds and x - half > right:
                labels.append(Label(x=round(x, 1), y=self.size.height - 8, text=tick.text))
                right = x + half
        return labels


def value_steps(most: float) -> list[float]:
    """Return round whole values from 0 to one that is not below the greatest value."""
    rough = max(most / _VALUE_STEPS, 1)
    magnitude = 10 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough)
    return [step * number for number in range(max(1, math.ceil(most / step)) + 1)]


def _short(value: float) -> str:
    """Return a round value as a short text: 250, 2.5k, 1M."""
    for unit in ("", "k", "M"):
        if value < _THOUSAND:
            return f"{value:g}{unit}"
        value /= _THOUSAND
    return f"{value:g}G"
