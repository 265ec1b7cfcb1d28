"""The page of a database as HTML."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FunctionLoader, StrictUndefined

from etl import __version__
from etl.page import calendar, concurrency, text
from etl.page.accuracy import conclude, sum_months
from etl.page.certainty import describe_certainty
from etl.page.coverage import covered_shares
from etl.page.daily import daily
from etl.page.figures import (
    MOST_DAYS,
    MOST_POINTS,
    concurrency_figure,
    coverage_figure,
    minute_bars,
    minutes_figure,
    week_figure,
)
from etl.page.headline import make_headline
from etl.page.histograms import make_histograms
from etl.page.interactive import days_of_meetings, hash_script
from etl.page.query import fetch_page_data
from etl.page.ranking import count_listed, draw_sparks, find_changes, spark_spans
from etl.page.totals import compute_costs, compute_totals
from etl.reports.age import format_age
from etl.reports.ask import read_database
from etl.reports.periods import BEGINNING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from etl.page.daily import Day
    from etl.page.query import MeetingKey, PageData, PageOptions, PeriodReports
    from etl.page.totals import Totals
    from etl.settings import ReadSettings

_LONGEST_NAME = 40  # characters, in charts
_RANKED = 20  # meetings in the table of the busiest
_A_FEW_DAYS = 4_320  # minutes
# A period with fewer of its snapshots is not compared with another: sessions may have come and gone unseen.
_COMPARABLE = 0.95


def make_page(settings: ReadSettings, options: PageOptions) -> bytes:
    """Make the content of the file. The database is open only while its rows are read.

    Raises ConfigError if there are no snapshots, StoreLocked if another program writes for too long.
    """
    data = read_database(settings, partial(fetch_page_data, database=settings.database, options=options))
    return render(data, options, database=settings.database.name, made_at=datetime.now(UTC)).encode()


def render(data: PageData, options: PageOptions, *, database: str, made_at: datetime) -> str:
    """Render the template. It escapes every text."""
    environment = make_environment(data.current.period.tz)
    provenance = {
        "title": text.name(options.title, "Usage"),
        "database": text.name(database, "a database"),
        "made_at": made_at,
        "age": _age(data, made_at),
        "index": options.index,
    }
    script = read_resource("page.js") if options.is_interactive else ""
    context = _context(data, is_over=data.current.period.until <= made_at) | {
        "style": read_resource("page.css"),
        "script": script,
        "script_hash": hash_script(script),
    }
    context["meeting_days"] = days_of_meetings(data, context["days"][0].day) if script else {}
    return environment.get_template("page.html.jinja").render(**provenance, **context)


def make_environment(tz: str) -> Environment:
    """Make the environment of the templates: instants are shown in a zone."""
    environment = Environment(
        loader=FunctionLoader(read_resource),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    formats = (
        text.count,
        text.tenths,
        text.hundredths,
        text.percent,
        text.rounded_percent,
        text.usd,
        text.change,
        text.duration,
        text.day,
        text.month,
    )
    environment.filters |= {function.__name__: function for function in (*formats, text.name)}
    environment.filters["exactly"] = text.exact_period
    environment.filters["instant"] = partial(text.instant, tz=tz)
    environment.globals |= {"nothing": text.NOTHING, "version": __version__}
    return environment


def _age(data: PageData, made_at: datetime) -> str:
    """Return the sentences on how old the data was when the page was made. Several apps are named."""
    of_app = " of app {}" if len(data.newest_snapshots) > 1 else ""
    at = min(data.current.period.until, made_at)
    sentences = [
        f"The newest snapshot{of_app.format(newest.app_id)} was {format_age(made_at - newest.slot)} old when this page "
        f"was made{'; later ones are missing' if newest.is_old(at) else ''}."
        for newest in data.newest_snapshots
    ]
    return text.name(" ".join(sentences), "There is no snapshot of this period.")


def read_resource(name: str) -> str:
    """Read a file of this package."""
    return resources.files("etl.page").joinpath(name).read_text(encoding="utf-8")


def _context(data: PageData, *, is_over: bool) -> dict[str, Any]:
    """Return everything else that the template shows. A period that is not over is compared with no other."""
    period = data.current.period
    days = daily(data.drawn, [span.first for span in calendar.days(data.drawn.period)])
    apps = {app_id: text.name(app_id, most=_LONGEST_NAME) for app_id in _app_ids(data)}
    bars = minute_bars(data, days)
    names = _meeting_names(data)
    incomparable = _why_incomparable(data) if is_over else "this period is not over"
    totals = compute_totals(data.current)
    previous = compute_totals(data.previous) if data.previous and not incomparable else None
    return {
        "data": data,
        "period": period,
        "is_over": is_over,
        "totals": totals,
        "previous": previous,
        "incomparable": incomparable,
        "has_beginning": period.since > BEGINNING,
        "drawn_since": data.drawn.period.since,
        "snapshots_not_drawn": _count_snapshots(data.current) - _count_snapshots(data.drawn),
        "apps": apps,
        "days": days,
        "peaks": concurrency.peaks(data.drawn).to_dicts(),
        "minutes": minutes_figure(data, bars),
        "bars": bars,
        "concurrency": concurrency_figure(data, apps),
        "changes": find_changes(data, names) if not incomparable else None,
        "histograms": make_histograms(data.session_ranges),
        "sessions_since": _since(data),
        "longest": data.longest.to_dicts(),
        "costs": compute_costs(data.current),
        **_sentences(data, totals, previous),
        **_hours(data),
        **_coverage(data, days),
        **_accuracy(data),
        **_ranked(data, names),
        **_phrases(data, days=len(days)),
    }


def _sentences(data: PageData, totals: Totals, previous: Totals | None) -> dict[str, str]:
    """Return the sentences at the top, and those of the tile of the cost."""
    return {
        "headline": make_headline(data, totals, previous),
        "certainty": describe_certainty(data, totals),
        "cost_is": _cost_is(totals),
        "cost_change": _cost_change(totals, previous) if previous else "",
    }


def _hours(data: PageData) -> dict[str, Any]:
    """Return the hours of the week, their chart, and if no hour has more than one snapshot."""
    hours = concurrency.hours_of_week(data.current)
    is_single = max(hour.snapshots for hour in hours) == 1
    return {"hours": hours, "week": week_figure(hours), "has_single_snapshots": is_single}


def _coverage(data: PageData, days: Sequence[Day]) -> dict[str, Any]:
    """Return the chart of coverage, and which parts of days have snapshots."""
    shares = covered_shares(data, days, calendar.days(data.drawn.period))
    parts = {span.first: span.part for span, share in shares if share is not None}
    return {"coverage": coverage_figure(data, days), "day_parts": parts}


def _accuracy(data: PageData) -> dict[str, Any]:
    """Return the rows of accuracy by day and by month, and what they come to."""
    if data.accuracy is None:
        return {"accuracy": None, "accuracy_is": "", "accuracy_months": []}
    return {
        "accuracy": data.accuracy.to_dicts(),
        "accuracy_is": conclude(data.accuracy),
        "accuracy_months": sum_months(data.accuracy),
    }


def _cost_is(totals: Totals) -> str:
    """Return what the ends of the cost are. Minutes of other types are part of the upper one."""
    others = sum(totals.other_minutes.values())
    if not others:
        return "from audio only to video"
    return f"from meetings with audio only to video with {text.count(others)} minutes of other types"


def _cost_change(now: Totals, before: Totals) -> str:
    return text.change_of_range((now.low_usd, now.high_usd), (before.low_usd, before.high_usd))


def _ranked(data: PageData, names: Mapping[MeetingKey, str]) -> dict[str, Any]:
    """Return what the template shows of single meetings."""
    spans = spark_spans(data.drawn)
    return {
        "meetings": data.meetings.to_dicts(),
        "names": names,
        "sparks": draw_sparks(data.drawn, list(names)[:_RANKED]) if len(spans) > 1 else {},
        "spark_width": len(spans),
        "spark_is": "by day" if all(span.first == span.last for span in spans) else "by week",
        "listed": count_listed(data),
    }


def _since(data: PageData) -> str:
    """Return since when sessions are in the histograms, or an empty text if that is the whole period."""
    since, period = data.session_ranges.since, data.current.period
    return f"since {text.day(since.astimezone(ZoneInfo(period.tz)))}" if since > period.since else ""


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


def _phrases(data: PageData, *, days: int) -> dict[str, str]:
    """Return the parts of sentences that depend on the data."""
    period = data.current.period
    minutes = (period.until - period.since).total_seconds() / 60
    wide_step, narrow_step = (_step_text(data, most) for most in MOST_POINTS.values())
    bars = "per day" if days <= MOST_DAYS["narrow"] else "per day (on a phone, per week)"
    bars = bars if days <= MOST_DAYS["wide"] else "per week"
    return {
        "length": text.duration(minutes) if minutes < _A_FEW_DAYS else f"{minutes / 1440:.0f} days",
        "bar_is": "per hour" if data.hourly_minutes is not None else bars,
        "step_is": wide_step if wide_step == narrow_step else f"{wide_step} (on a phone, {narrow_step})",
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


def _count_snapshots(reports: PeriodReports) -> int:
    return int(reports.coverage["loaded_snapshots"].sum())


def _app_ids(data: PageData) -> list[str]:
    """Return the apps with snapshots, or else those with minutes."""
    frames = (data.current.concurrency, data.current.meeting_days)
    return next((sorted(frame["app_id"].unique()) for frame in frames if not frame.is_empty()), [])
