"""The page of a database as HTML."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from etl import __version__
from etl.page import calendar, charts, concurrency, text
from etl.page.daily import bars, daily
from etl.page.interactive import days_of_meetings, hash_script
from etl.page.query import compute_costs, compute_totals, fetch_page_data
from etl.reports.age import describe_age
from etl.reports.ask import read_database
from etl.reports.periods import BEGINNING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from etl.page.calendar import Span
    from etl.page.canvas import Chart
    from etl.page.concurrency import Hour
    from etl.page.daily import Day
    from etl.page.query import MeetingKey, PageData, PageOptions, PeriodReports, Totals
    from etl.settings import ReadSettings

_LONGEST_NAME = 40  # characters, in charts
_MOST_DAYS = {"wide": 190, "narrow": 62}  # with more days, a bar is a week
_MOST_POINTS = {"wide": 1_000, "narrow": 400}
_A_FEW_DAYS = 4_320  # minutes
# A period with fewer of its snapshots is not compared with another: sessions may have come and gone unseen.
_COMPARABLE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart in each of its sizes, and its label for screen readers.

    The legend says what the colours mean, which are CSS classes.
    """

    label: str
    charts: Sequence[Chart]
    legend: Mapping[str, str]


def make_page(settings: ReadSettings, options: PageOptions) -> bytes:
    """Make the content of the file. The database is open only while its rows are read.

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
    formats = (text.count, text.tenths, text.hundredths, text.percent, text.usd, text.change, text.duration, text.day)
    environment.filters |= {function.__name__: function for function in (*formats, text.name)}
    environment.filters["instant"] = partial(text.instant, tz=data.current.period.tz)
    environment.globals["nothing"] = text.NOTHING
    provenance = {
        "title": text.name(options.title, "Usage"),
        "database": text.name(database, "a database"),
        "made_at": made_at,
        "age": _age(data, made_at),
        "version": __version__,
    }
    script = _read("page.js") if options.is_interactive else ""
    context = _context(data) | {"style": _read("page.css"), "script": script, "script_hash": hash_script(script)}
    context["meeting_days"] = days_of_meetings(data, context["days"][0].day) if script else {}
    return environment.get_template("page.html.jinja").render(**provenance, **context)


def _age(data: PageData, made_at: datetime) -> str:
    """Return the sentence on how old the data was when the page was made."""
    age = describe_age(data.newest_snapshots, until=data.current.period.until, now=made_at, always=True)
    return text.name(f"When this page was made: {age}.") if age else "There is no snapshot of this period."


def _read(name: str) -> str:
    return resources.files("etl.page").joinpath(name).read_text(encoding="utf-8")


def _context(data: PageData) -> dict[str, Any]:
    """Return everything else that the template shows."""
    period, hours = data.current.period, concurrency.hours_of_week(data.current)
    days = daily(data.drawn, [span.first for span in calendar.days(data.drawn.period)])
    apps = {app_id: text.name(app_id, most=_LONGEST_NAME) for app_id in _app_ids(data)}
    names = _meeting_names(data)
    incomparable = _why_incomparable(data)
    return {
        "data": data,
        "period": period,
        "totals": compute_totals(data.current),
        "previous": compute_totals(data.previous) if data.previous and not incomparable else None,
        "incomparable": incomparable,
        "has_beginning": period.since > BEGINNING,
        "drawn_since": data.drawn.period.since,
        "snapshots_not_drawn": _count_snapshots(data.current) - _count_snapshots(data.drawn),
        "apps": apps,
        "days": days,
        "peaks": concurrency.peaks(data.drawn).to_dicts(),
        "hours": hours,
        "minutes": _minutes(data, days, names),
        "concurrency": _concurrency(data, apps),
        "week": _week(hours),
        "coverage": _coverage(data, days),
        "meetings": data.meetings.to_dicts(),
        "names": names,
        "longest": data.longest.to_dicts(),
        "costs": compute_costs(data.current),
        "accuracy": data.accuracy.to_dicts() if data.accuracy is not None else None,
        **_phrases(data, days=len(days), meetings=len(names)),
    }


def _why_incomparable(data: PageData) -> str:
    """Return the reason why the previous period can't be compared with, or an empty text if it can."""
    if data.previous is None:
        return "there are no snapshots of the period before"
    if data.drawn.period.since > data.current.period.since:
        return "there is a gap of more than 366 days in this period"
    before = concurrency.covered_time_share(data.previous)
    if before < _COMPARABLE:
        return f"snapshots cover only {text.percent(before)} of the period before"
    now = compute_totals(data.current).covered_share
    return f"snapshots cover only {text.percent(now)} of this period" if now < _COMPARABLE else ""


def _phrases(data: PageData, *, days: int, meetings: int) -> dict[str, str]:
    """Return the parts of sentences that depend on the data."""
    period, most = data.current.period, charts.SERIES_COLORS
    minutes = (period.until - period.since).total_seconds() / 60
    wide_step, narrow_step = (_step_text(data, most) for most in _MOST_POINTS.values())
    days_as_bars = "per day" if days <= _MOST_DAYS["narrow"] else "per day (on a phone, per week)"
    return {
        "length": text.duration(minutes) if minutes < _A_FEW_DAYS else f"{minutes / 1440:.0f} days",
        "bar_is": days_as_bars if days <= _MOST_DAYS["wide"] else "per week",
        "step_is": wide_step if wide_step == narrow_step else f"{wide_step} (on a phone, {narrow_step})",
        "named_meetings": f"{most} busiest meetings and all others" if meetings > most else "meetings",
    }


def _step_text(data: PageData, most: int) -> str:
    """Return what a step of the line of participants is, if it has at most so many."""
    step = max((line.step for line in concurrency.series(data.drawn, most=most)), default=0.0)
    return f"the peak of {text.duration(step / 60)}" if step else "a snapshot"


def _meeting_names(data: PageData) -> dict[MeetingKey, str]:
    """Return a name for each meeting. Meetings with the same title have the beginning of their ID in it."""
    rows = data.meetings.select("app_id", "meeting_id", "meeting").iter_rows()
    titles = {(app_id, meeting_id): text.name(title, meeting_id) for app_id, meeting_id, title in rows}
    count = Counter(titles.values())
    return {key: f"{title} ({key[1][:8]})" if count[title] > 1 else title for key, title in titles.items()}


def _minutes(data: PageData, days: Sequence[Day], names: Mapping[MeetingKey, str]) -> Figure:
    shown = {key: text.name(names[key], "", most=_LONGEST_NAME) for key in list(names)[: charts.SERIES_COLORS]}
    drawings = []
    for size in charts.SIZES:
        spans = calendar.days_or_weeks(data.drawn.period, most=_MOST_DAYS[size.name])
        unknown = [span for span in spans if all(day.is_unknown for day in _within(span, days))]
        stacked = bars(data.drawn, spans, list(shown))
        drawings.append(
            charts.minutes(data.drawn.period, size, spans=spans, unknown=unknown, bars=stacked, names=shown)
        )
    return Figure(
        label=f"Minutes by day and meeting, {text.count(compute_totals(data.current).minutes)} in all.",
        charts=drawings,
        legend={charts.series_color(place): name for place, name in enumerate(shown.values())}
        | ({charts.OTHERS: "all others"} if len(names) > len(shown) else {})
        | _hatching(drawings),
    )


def _concurrency(data: PageData, apps: Mapping[str, str]) -> Figure:
    period, figures = data.drawn.period, compute_totals(data.current)
    names = {charts.series_color(place): name for place, name in enumerate(apps.values())}
    legend = names | ({charts.OTHERS: "all others"} if charts.OTHERS in names else {})
    lines = {size: concurrency.series(data.drawn, most=_MOST_POINTS[size.name]) for size in charts.SIZES}
    drawings = [charts.concurrency(period, size, series) for size, series in lines.items()]
    return Figure(
        label=f"Participants over time, {text.count(figures.peak_participants)} at most.",
        charts=drawings,
        legend=(legend if len(apps) > 1 else {}) | _not_covered(figures) | _hatching(drawings),
    )


def _week(hours: Sequence[Hour]) -> Figure:
    most = max((hour.mean_participants or 0.0 for hour in hours), default=0.0)
    drawings = [charts.week(size, hours) for size in charts.WEEK_SIZES]
    texts = ["0", *[""] * (charts.HEAT_COLORS - 2), text.tenths(most)] if most else ["0"]
    ramp = {f"heat-{level}": label for level, label in enumerate(texts)}
    return Figure(
        label="Participants by hour of the week, on average.",
        charts=drawings,
        legend=(ramp if any(hour.mean_participants is not None for hour in hours) else {}) | _hatching(drawings),
    )


def _coverage(data: PageData, days: Sequence[Day]) -> Figure:
    period, figures = data.drawn.period, compute_totals(data.current)
    drawings = []
    for size in charts.LOW_SIZES:
        spans = calendar.days_or_weeks(period, most=_MOST_DAYS[size.name])
        drawings.append(charts.coverage(period, size, [(span, _covered_share(_within(span, days))) for span in spans]))
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


def _within(span: Span, days: Sequence[Day]) -> list[Day]:
    return [day for day in days if span.first <= day.day <= span.last]


def _covered_share(days: Sequence[Day]) -> float | None:
    expected = sum(day.expected_snapshots for day in days)
    return sum(day.covered_snapshots for day in days) / expected if expected else None


def _count_snapshots(reports: PeriodReports) -> int:
    return int(reports.coverage["loaded_snapshots"].sum())


def _app_ids(data: PageData) -> list[str]:
    """Return the apps with snapshots, or else those with minutes."""
    frames = (data.current.concurrency, data.current.meeting_days)
    return next((sorted(frame["app_id"].unique()) for frame in frames if not frame.is_empty()), [])
