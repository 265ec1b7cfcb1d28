"""The page of a database as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from etl import __version__
from etl.page import calendar, charts, concurrency, tables, text
from etl.page.daily import bars, daily
from etl.page.query import fetch_page_data, totals
from etl.reports.ask import read_database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.page.canvas import Chart, Size
    from etl.page.daily import Day
    from etl.page.query import MeetingKey, PageData, PageOptions
    from etl.page.tables import Table
    from etl.reports.periods import Period
    from etl.settings import ReadSettings

_LONGEST_NAME = 40  # characters, in charts
_MOST_DAYS = {"wide": 190, "narrow": 62}  # with more days, a bar is a week
_MOST_POINTS = {"wide": 1_000, "narrow": 400}
_A_FEW_DAYS = 4_320  # minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class LegendEntry:
    """A colour, as a CSS class, and its meaning."""

    color: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart in each of its sizes, with a label for screen readers, a legend, and a table of the same figures."""

    label: str
    charts: Sequence[Chart]
    table: Table
    legend: Sequence[LegendEntry] = ()


def make_page(settings: ReadSettings, options: PageOptions) -> bytes:
    """Make the page as the bytes of a file. The database is open only while its rows are read.

    Raises ConfigError if there are no snapshots, StoreLocked if another program writes for too long.
    """
    data = read_database(settings, partial(fetch_page_data, database=settings.database, options=options))
    return render(data, options, database=settings.database.name, made_at=datetime.now(UTC)).encode()


def render(data: PageData, options: PageOptions, *, database: str, made_at: datetime) -> str:
    """Render the template. It escapes every text."""
    environment = Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": text.count,
        "percent": text.percent,
        "instant": partial(text.instant, tz=data.current.period.tz),
        "name": partial(text.name, instead="unknown"),
    }
    provenance = {
        "title": text.name(options.title, "Usage"),
        "database": text.name(database, "a database"),
        "made_at": made_at,
        "version": __version__,
    }
    template = environment.get_template("page.html.jinja")
    return template.render(**provenance, **_context(data), style=_read("page.css"))


def _read(name: str) -> str:
    return resources.files("etl.page").joinpath(name).read_text(encoding="utf-8")


def _context(data: PageData) -> dict[str, Any]:
    """Return everything else that the template shows."""
    period = data.current.period
    days = daily(data.current, [span.first for span in calendar.days(period)])
    names = meeting_names(data)
    incomparable = tables.why_incomparable(data)
    current = totals(data.current)
    previous = totals(data.previous) if data.previous and not incomparable else None
    return {
        "data": data,
        "period": period,
        "length": _length(period),
        "totals": current,
        "incomparable": incomparable,
        "tiles": tables.tiles(current, previous),
        "cost_range": text.usd(current.low_usd, current.high_usd).replace(text.NOTHING, "and"),
        "apps": _apps(data),
        "bar_is": _bar_is(len(days)),
        "named_meetings": _named_meetings(len(names)),
        "step_is": _step_is(data),
        "minutes": _minutes(data, days, names),
        "concurrency": _concurrency(data),
        "week": _week(data),
        "coverage": _coverage(data, days),
        "busiest": tables.busiest(data, names),
        "longest": tables.longest(data.longest, period.tz),
        "costs": tables.costs(data),
        "accuracy": tables.accuracy(data.accuracy) if data.accuracy is not None else None,
    }


def meeting_names(data: PageData) -> dict[MeetingKey, str]:
    """Return a name for each of the busiest meetings. Meetings with the same title have their ID in it."""
    titles = {meeting.key: text.name(meeting.title, meeting.key.meeting_id) for meeting in data.busiest}
    all_titles = list(titles.values())
    return {
        key: f"{title} ({key.meeting_id[:8]})" if all_titles.count(title) > 1 else title
        for key, title in titles.items()
    }


def _minutes(data: PageData, days: Sequence[Day], names: dict[MeetingKey, str]) -> Figure:
    shown = {key: text.name(names[key], "", most=_LONGEST_NAME) for key in list(names)[: charts.SERIES_COLORS]}

    def draw(size: Size) -> Chart:
        spans = calendar.days_or_weeks(data.current.period, most=_MOST_DAYS[size.name])
        unknown = [span for span in spans if all(day.is_unknown for day in _within(span, days))]
        stacked = bars(data.current, spans, list(shown))
        return charts.minutes(data.current.period, size, spans=spans, unknown=unknown, bars=stacked, names=shown)

    legend = [LegendEntry(color=f"series-{place}", text=name) for place, name in enumerate(shown.values())]
    if len(names) > len(shown):
        legend.append(LegendEntry(color="series-others", text="all others"))
    if any(day.is_unknown for day in days):
        legend.append(LegendEntry(color="unknown", text="nothing is known"))
    return Figure(
        label=f"Minutes by day and meeting, {text.count(totals(data.current).minutes)} in all.",
        charts=[draw(size) for size in charts.SIZES],
        table=tables.daily_usage(days),
        legend=legend,
    )


def _concurrency(data: PageData) -> Figure:
    names = {app_id: text.name(app_id, "unknown", most=_LONGEST_NAME) for app_id in _apps(data)}
    colors = [f"series-{place % charts.SERIES_COLORS}" for place in range(len(names))]
    legend = [LegendEntry(color=color, text=name) for color, name in zip(colors, names.values(), strict=True)]
    figures = totals(data.current)
    is_complete = figures.covered_snapshots == figures.expected_snapshots
    peak = text.count(figures.peak_participants)
    return Figure(
        label=f"Participants over time, {peak} at most. The line breaks where nothing is known.",
        charts=[
            charts.concurrency(
                data.current.period, size, concurrency.series(data.current, most=_MOST_POINTS[size.name])
            )
            for size in charts.SIZES
        ],
        table=tables.participants(concurrency.peaks(data.current), names),
        legend=[
            *(legend if len(names) > 1 else []),
            *([] if is_complete else [LegendEntry(color="missing", text="not covered")]),
        ],
    )


def _week(data: PageData) -> Figure:
    hours = concurrency.hours_of_week(data.current)
    most = max((hour.mean_participants or 0.0 for hour in hours), default=0.0)
    texts = ["0", *[""] * (charts.HEAT_COLORS - 2), text.tenths(most)]
    legend = [LegendEntry(color=f"heat-{level}", text=label) for level, label in enumerate(texts)]
    if any(hour.mean_participants is None for hour in hours):
        legend.append(LegendEntry(color="unknown", text="nothing is known"))
    return Figure(
        label="Participants by hour of the week, on average.",
        charts=[charts.week(size, hours) for size in charts.WEEK_SIZES],
        table=tables.week(hours),
        legend=legend,
    )


def _coverage(data: PageData, days: Sequence[Day]) -> Figure:
    def draw(size: Size) -> Chart:
        spans = calendar.days_or_weeks(data.current.period, most=_MOST_DAYS[size.name])
        shares = [(span, _covered_share(_within(span, days))) for span in spans]
        return charts.coverage(data.current.period, size, shares)

    share = totals(data.current).covered_share
    return Figure(
        label=f"Coverage by day, {text.percent(share)} of the snapshots in all.",
        charts=[draw(size) for size in charts.LOW_SIZES],
        table=tables.daily_coverage(days),
        legend=[
            LegendEntry(color="covered", text="covered"),
            *([LegendEntry(color="missing", text="not covered")] if share < 1 else []),
        ],
    )


def _within(span: calendar.Span, days: Sequence[Day]) -> list[Day]:
    return [day for day in days if span.first <= day.day <= span.last]


def _covered_share(days: Sequence[Day]) -> float | None:
    expected = sum(day.expected_snapshots for day in days)
    return sum(day.covered_snapshots for day in days) / expected if expected else None


def _apps(data: PageData) -> list[str]:
    return sorted(data.current.concurrency["app_id"].unique().to_list())


def _length(period: Period) -> str:
    minutes = (period.until - period.since).total_seconds() / 60
    return text.duration(minutes) if minutes < _A_FEW_DAYS else f"{minutes / 1440:.0f} days"


def _bar_is(days: int) -> str:
    if days > _MOST_DAYS["wide"]:
        return "per week"
    return "per day" if days <= _MOST_DAYS["narrow"] else "per day (on a phone, per week)"


def _named_meetings(count: int) -> str:
    most = charts.SERIES_COLORS
    return f"{most} busiest meetings and all others" if count > most else "meetings"


def _step_is(data: PageData) -> str:
    lines = concurrency.series(data.current, most=_MOST_POINTS["wide"])
    step = max((line.step for line in lines), default=0.0)
    return f"the peak of {text.duration(step / 60)}" if step else "a snapshot"
