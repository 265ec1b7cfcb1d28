"""What charts are drawn on: a size, axes, and the colours of the page."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import altair as alt

from etl.page import spans
from etl.page.colours import UNKNOWN, light

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.page.spans import Span, Tick
    from etl.reports.periods import Period

_HALF_A_DAY = 43_200
_BROAD = 5  # pixels from which on there is room for an edge, or for hatching
_MARGIN = 60  # pixels beside what is drawn


@dataclass(frozen=True)
class Size:
    """How large a chart is, in pixels, how much room a text below it takes, and how large texts are."""

    name: str
    width: int
    height: int
    tick: int
    font: int

    @property
    def ticks(self) -> int:
        """How many texts fit below the chart."""
        return (self.width - _MARGIN) // self.tick


@dataclass(frozen=True)
class Sheet:
    """A chart over time: the seconds of a period from left to right. It keeps the rows that are drawn on it.

    Altair would copy, and look into, each of thousands of rows again and again: it knows them by name only.
    """

    period: Period
    size: Size
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long the period is."""
        return (self.period.until - self.period.since).total_seconds()

    def pixels(self, seconds: float) -> float:
        """How wide that is, about."""
        return seconds / self.seconds * (self.size.width - _MARGIN)

    def is_broad(self, seconds: float) -> bool:
        """Whether it is wide enough for more than a colour."""
        return self.pixels(seconds) > _BROAD

    def place(self, span: Span) -> dict[str, float]:
        """Where a span is drawn, with a gap beside it where there is room for one."""
        wide = span.end - span.begin
        gap = wide * 0.08 if self.is_broad(wide) else 0
        return {"x": round(span.begin + gap), "x2": round(span.end - gap)}

    def ticks(self, *, by_day: bool = False) -> list[Tick]:
        """What stands below: at midnights, or where each bar is a day, below the bars."""
        found = spans.ticks(self.period, most=self.size.ticks)
        shift = min(_HALF_A_DAY, self.seconds / 2) if by_day else 0
        return [tick._replace(second=tick.second + shift) for tick in found if tick.second + shift < self.seconds]

    def x(self, *, by_day: bool = False) -> alt.X:
        """The axis of time."""
        found = {str(round(tick.second)): tick.text for tick in self.ticks(by_day=by_day)}
        axis = alt.Axis(
            values=[int(second) for second in found],
            labelExpr=f"{json.dumps(found)}[datum.value]",
            labelFlush=not by_day,
            labelOverlap="greedy",
            grid=False,
            ticks=not by_day,
        )
        return alt.X("x:Q", axis=axis, scale=alt.Scale(domain=[0, self.seconds], nice=False), title=None)

    def of(self, rows: list[dict[str, Any]]) -> alt.Chart:
        """A chart of some rows."""
        name = f"rows-{len(self.rows)}"
        self.rows[name] = rows
        return alt.Chart(alt.NamedData(name=name))

    def unknown(self, found: Sequence[Span], *, by_day: bool) -> alt.Chart:
        """Spans of which nothing is known, hatched."""
        rows = [self.place(span) | {"text": f"{span.text}: nothing is known"} for span in found]
        return self.bands(rows, UNKNOWN, by_day=by_day).encode(description="text:N")

    def bands(self, rows: list[dict[str, Any]], colour: str, *, low: bool = False, by_day: bool = False) -> alt.Chart:
        """Areas from the top to the bottom, or low ones at the bottom."""
        top = alt.value(alt.ExprRef("height - 4")) if low else alt.value(0)
        chart: alt.Chart = self.of(rows).mark_rect(color=colour)
        return chart.encode(x=self.x(by_day=by_day), x2="x2:Q", y=top, y2=alt.value("height"))

    def drawn(self, *layers: alt.Chart) -> dict[str, Any]:
        """The layers as one chart of exactly that size: its specification in Vega-Lite, with the rows."""
        size = {"width": self.size.width, "height": self.size.height}
        chart = alt.layer(*layers).properties(
            **size, padding=2, background="transparent", autosize=alt.AutoSizeParams(type="fit", contains="padding")
        )
        # Tests look at whether charts are valid: here it would take longer than all else.
        specification: dict[str, Any] = chart.configure(**_look(self.size)).to_dict(validate=False)
        return specification | {"datasets": self.rows}


def _look(size: Size) -> dict[str, Any]:
    axis = alt.AxisConfig(
        labelColor=light("axis"),
        labelFontSize=size.font,
        gridColor=light("grid"),
        domainColor=light("grid"),
        tickColor=light("grid"),
        labelPadding=6,
    )
    return {"view": alt.ViewConfig(stroke=None), "axis": axis}


def y(*, most: float | None = None) -> alt.Y:
    """The axis of figures, from nothing on."""
    scale = alt.Scale(domain=[0, most]) if most else alt.Scale(zero=True, nice=True, domainMin=0)
    values = (
        {"values": [0, most / 2, most], "labelExpr": "datum.label + ' %'"}
        if most
        else {"format": "~s", "tickMinStep": 1, "labelExpr": "datum.value === 0 ? '0' : datum.label"}
    )
    return alt.Y("y:Q", axis=alt.Axis(tickCount=5, ticks=False, domain=False, **values), scale=scale, title=None)


def colour(colours: Sequence[str], field: str = "series") -> alt.Color:
    """A colour for each number of a field; what they mean stands beside the chart."""
    scale = alt.Scale(domain=list(range(len(colours))), range=list(colours))
    return alt.Color(f"{field}:N", scale=scale, legend=None)
