"""The figures of the page: each is a chart in two sizes, with a label and a legend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.page import calendar, charts, concurrency, text
from etl.page.coverage import covered_shares
from etl.page.daily import bars, hour_bars
from etl.page.totals import compute_totals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from etl.page.canvas import Chart
    from etl.page.concurrency import Hour
    from etl.page.daily import Bar, Day
    from etl.page.query import PageData
    from etl.page.totals import Totals

MOST_DAYS = {"wide": 190, "narrow": 62}  # with more days, a bar is a week
MOST_POINTS = {"wide": 1_000, "narrow": 400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart in each of its sizes, and its label for screen readers.

    The legend says what the colours mean, which are CSS classes.
    """

    label: str
    charts: Sequence[Chart]
    legend: Mapping[str, str]


def minutes_figure(data: PageData, bars: Mapping[str, Sequence[Bar]]) -> Figure:
    """Draw the minutes of each day, week or hour. `bars` are those of each size of the chart, by its name."""
    drawings = [charts.minutes(data.drawn.period, size, bars[size.name]) for size in charts.SIZES]
    return Figure(
        label=f"Minutes in meetings, {text.count(compute_totals(data.current).minutes)} in all.",
        charts=drawings,
        legend=_hatching(drawings),
    )


def minute_bars(data: PageData, days: Sequence[Day]) -> dict[str, list[Bar]]:
    """Return the bars of each size: hours if there are at most two days, else days, or weeks if there are many."""
    if data.hourly_minutes is not None:
        by_hour = hour_bars(data.drawn, data.hourly_minutes, calendar.hours(data.drawn.period))
        return {size.name: by_hour for size in charts.SIZES}
    return {
        size.name: bars(days, calendar.days_or_weeks(data.drawn.period, most=MOST_DAYS[size.name]))
        for size in charts.SIZES
    }


def concurrency_figure(data: PageData, apps: Mapping[str, str]) -> Figure:
    """Draw the participants over time, one line per app."""
    period, figures = data.drawn.period, compute_totals(data.current)
    names = {charts.series_color(place): name for place, name in enumerate(apps.values())}
    legend = names | ({charts.OTHERS: "all others"} if charts.OTHERS in names else {})
    lines = {size: concurrency.series(data.drawn, most=MOST_POINTS[size.name]) for size in charts.SIZES}
    drawings = [charts.concurrency(period, size, series) for size, series in lines.items()]
    return Figure(
        label=f"Participants over time, {text.count(figures.peak_participants)} at most.",
        charts=drawings,
        legend=(legend if len(apps) > 1 else {}) | _not_covered(figures) | _hatching(drawings),
    )


def week_figure(hours: Sequence[Hour]) -> Figure:
    """Draw the hours of the week."""
    most = max((hour.mean_participants or 0.0 for hour in hours), default=0.0)
    drawings = [charts.week(size, hours) for size in charts.WEEK_SIZES]
    texts = ["0", *[""] * (charts.HEAT_COLORS - 2), text.tenths(most)] if most else ["0"]
    ramp = {f"heat-{level}": label for level, label in enumerate(texts)}
    return Figure(
        label="Participants by hour of the week, on average.",
        charts=drawings,
        legend=(ramp if any(hour.mean_participants is not None for hour in hours) else {}) | _hatching(drawings),
    )


def coverage_figure(data: PageData, days: Sequence[Day]) -> Figure:
    """Draw the covered share of each day or week."""
    period, figures = data.drawn.period, compute_totals(data.current)
    drawings = []
    for size in charts.LOW_SIZES:
        spans = calendar.days_or_weeks(period, most=MOST_DAYS[size.name])
        drawings.append(charts.coverage(period, size, covered_shares(data, days, spans)))
    return Figure(
        label=f"Coverage by day, {text.percent(figures.covered_share)} of the snapshots in all.",
        charts=drawings,
        legend={"covered": "covered"} | _not_covered(figures) | _hatching(drawings),
    )


def _hatching(drawings: Sequence[Chart]) -> dict[str, str]:
    """Return the entry of the legend for hatched spans, if a chart has one."""
    return {"unknown": "nothing is known"} if any(chart.has("unknown") for chart in drawings) else {}


def _not_covered(figures: Totals) -> dict[str, str]:
    is_complete = figures.covered_snapshots == figures.expected_snapshots
    return {} if is_complete else {"missing": "not covered"}
