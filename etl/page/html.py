"""What was found becomes the page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from etl.page import charts, colours, costs, daily, headline, spans, svg, tables, times, words
from etl.page.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from etl.page.found import Found, MeetingKey
    from etl.page.sheet import Size
    from etl.page.tables import Table

_NAMED = colours.SERIES
_LONGEST_NAME = 40
_BARS = {"wide": 190, "narrow": 62}  # days; where there are more, bars are weeks
_A_FEW_DAYS = 4_320  # minutes
_POINTS = {"wide": 1_000, "narrow": 400}


@dataclass(frozen=True, kw_only=True)
class Made:
    """When, from what and by which version the page is made; `title` stands at its top."""

    at: datetime
    database: str
    version: str
    title: str


@dataclass(frozen=True)
class Key:
    """A colour and what it stands for."""

    role: str
    text: str


@dataclass(frozen=True)
class Figure:
    """A chart, wide and narrow, with the figures behind it."""

    drawings: Sequence[Markup]
    table: Table
    legend: Sequence[Key] = ()


def page(found: Found, made: Made) -> str:
    """The whole page. Texts are escaped by the template, those in charts by what draws them."""
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": words.count, "percent": words.percent, "tenths": words.tenths}
    view = View(found, made)
    return environment.get_template("page.html.jinja").render(view=view, style=_style())


def _template(name: str) -> str:
    return resources.files("etl.page").joinpath(name).read_text(encoding="utf-8")


def _style() -> Markup:
    light, dark = (colours.declarations(is_dark=is_dark) for is_dark in (False, True))
    style = _template("page.css").replace("/*light*/", light).replace("/*dark*/", dark)
    return Markup(style + colours.classes())  # noqa: S704  # nothing of it comes from outside


class View:
    """What the template shows."""

    def __init__(self, found: Found, made: Made) -> None:
        self.found = found
        self.made = replace(
            made, title=words.name(made.title, "Usage"), database=words.name(made.database, "a database")
        )
        self.period = found.now.period
        self.totals = headline.totals(found.now, found.prices)
        self.incomparable = headline.why_incomparable(found, self.totals)
        self.days = spans.days(self.period)
        self.daily = daily.by_day(found.now, [one.first for one in self.days])

    @cached_property
    def names(self) -> dict[MeetingKey, str]:
        """The busiest meetings by name, the busiest first; those of the same name with their ID."""
        own = {key: words.name(name, key.meeting_id) for key, name in self.found.names.items()}
        alike = [name for name in own.values() if list(own.values()).count(name) > 1]
        return {key: f"{name} ({key.meeting_id[:8]})" if name in alike else name for key, name in own.items()}

    @property
    def apps(self) -> list[str]:
        """The apps that were watched."""
        return sorted(self.found.now.slots["app_id"].unique().to_list())

    @property
    def tiles(self) -> list[headline.Tile]:
        """The headline."""
        before = None if self.incomparable or not self.found.before else self.found.before
        return headline.tiles(self.totals, headline.totals(before, self.found.prices) if before else None)

    @property
    def unknown_days(self) -> int:
        """Days of which nothing is known."""
        return sum(one.minutes is None for one in self.daily)

    @cached_property
    def minutes(self) -> Figure:
        """Minutes a day by meeting."""
        keys = list(self.names)[:_NAMED]
        names = {key: words.name(self.names[key], "", most=_LONGEST_NAME) for key in keys}

        def draw(on: Sheet) -> dict[str, Any]:
            parts = spans.spans(self.period, most=_BARS[on.size.name])
            unknown = [part for part in parts if self._is_unknown(part)]
            bars = daily.bars(self.found.now, parts, keys)
            return charts.minutes(on, bars, unknown, names, by_day=len(parts) == len(self.days))

        legend = [Key(f"series-{place}", name) for place, name in enumerate(names.values())]
        others = [Key("series-others", "all others")] if len(self.found.names) > _NAMED else []
        missing = [Key("unknown", "nothing known")] if self.unknown_days else []
        label = f"Minutes by day and meeting: {words.count(self.totals.minutes)} in all; the table below has each day."
        drawings = self._drawn("minutes", label, (charts.WIDE, charts.NARROW), draw)
        return Figure(drawings, tables.days(self.daily), [*legend, *others, *missing])

    @cached_property
    def concurrency(self) -> Figure:
        """Participants over time."""

        def draw(on: Sheet) -> dict[str, Any]:
            return charts.concurrency(on, times.series(self.found.now, most=_POINTS[on.size.name]))

        names = {app_id: words.name(app_id, "unknown", most=_LONGEST_NAME) for app_id in self.apps}
        several = [Key(f"series-{place % _NAMED}", name) for place, name in enumerate(names.values())]
        missing = [Key("missing", "snapshots missing")] if self.totals.loaded < self.totals.expected else []
        label = f"Participants over time, {words.count(self.totals.participants)} at most; gaps are shown as gaps."
        drawings = self._drawn("concurrency", label, (charts.WIDE, charts.NARROW), draw)
        return Figure(
            drawings,
            tables.participants(times.peaks(self.found.now), names),
            [*(several if len(names) > 1 else []), *missing],
        )

    @cached_property
    def week(self) -> Figure:
        """The hours of the week."""
        hours = times.hours_of_week(self.found.now)
        most = max((one.mean for one in hours if one.mean is not None), default=0.0)
        wide, narrow = (
            self._svg(
                charts.week(Sheet(self.period, size), hours),
                f"week-{size.name}",
                "Participants by hour of the week, on average.",
            )
            for size in (charts.WEEK_WIDE, charts.WEEK_NARROW)
        )
        legend = [Key(f"heat-{level}", "") for level in range(colours.HEATS)]
        legend[0], legend[-1] = replace(legend[0], text="0"), replace(legend[-1], text=words.tenths(most))
        unknown = [Key("unknown", "no snapshot")] if any(one.mean is None for one in hours) else []
        return Figure([wide, narrow], tables.week(hours), [*legend, *unknown])

    @cached_property
    def coverage(self) -> Figure:
        """Snapshots that are there, by day."""

        def draw(on: Sheet) -> dict[str, Any]:
            parts = spans.spans(self.period, most=_BARS[on.size.name])
            shares = [(part, self._covered(part.first, part.last)) for part in parts]
            return charts.coverage(on, shares, by_day=len(parts) == len(self.days))

        legend = [Key("loaded", "loaded")]
        legend += [Key("missing", "missing")] if self.totals.loaded < self.totals.expected else []
        label = f"Coverage by day: {words.percent(self.totals.covered)} of the snapshots in all."
        drawings = self._drawn("coverage", label, (charts.LOW_WIDE, charts.LOW_NARROW), draw)
        return Figure(drawings, tables.coverage(self.daily), legend)

    @property
    def busiest(self) -> Table:
        """The busiest meetings."""
        return tables.busiest(self.found, self.names)

    @property
    def longest(self) -> Table:
        """The longest sessions."""
        return tables.longest(self.found.longest, self.period.tz)

    @property
    def costs(self) -> Table:
        """The estimate."""
        return tables.costs(
            costs.cost_of(self.found.now.growth, self.found.prices), self.totals.low_usd, self.totals.high_usd
        )

    @property
    def accuracy(self) -> Table | None:
        """Snapshots against final figures against Cloudflare's totals."""
        return tables.accuracy(self.found.accuracy) if self.found.accuracy else None

    @property
    def length(self) -> str:
        """How long the period is."""
        minutes = (self.period.until - self.period.since).total_seconds() / 60
        return words.duration(minutes) if minutes < _A_FEW_DAYS else f"{minutes / 1440:.0f} days"

    @property
    def cost_range(self) -> str:
        """The lower and the upper end."""
        return words.usd(self.totals.low_usd, self.totals.high_usd).replace(words.NOTHING, "and")

    @property
    def minutes_by(self) -> str:
        """What a bar is."""
        if len(self.days) > _BARS["wide"]:
            return "a week"
        return "a day" if len(self.days) <= _BARS["narrow"] else "a day (on a phone, a week)"

    @property
    def minutes_named(self) -> str:
        """Which meetings are told apart."""
        named = min(_NAMED, len(self.names))
        return f"{named} busiest meetings and all others" if len(self.names) > _NAMED else "meetings"

    @property
    def concurrency_caption(self) -> str:
        """What a step is."""
        step = max((own.step for own in times.series(self.found.now, most=_POINTS["wide"])), default=0.0)
        each = f"each step is the most of {words.duration(step / 60)}" if step else "each step is a snapshot"
        return f"Participants at a time; {each}. Where snapshots are missing, the line breaks."

    @staticmethod
    def clean(text: str) -> str:
        """A name out of the database."""
        return words.name(text, "unknown")

    def instant(self, at: datetime) -> str:
        """An instant in the page's zone."""
        return words.instant(at, self.period.tz)

    def _is_unknown(self, part: spans.Span) -> bool:
        return all(one.minutes is None for one in self.daily if part.first <= one.day <= part.last)

    def _covered(self, first: date, last: date) -> float | None:
        own = [one for one in self.daily if first <= one.day <= last]
        expected = sum(one.expected for one in own)
        return sum(one.loaded for one in own) / expected if expected else None

    def _drawn(
        self, name: str, label: str, sizes: tuple[Size, Size], draw: Callable[[Sheet], dict[str, Any]]
    ) -> list[Markup]:
        return [self._svg(draw(Sheet(self.period, size)), f"{name}-{size.name}", label) for size in sizes]

    @staticmethod
    def _svg(chart: dict[str, Any], name: str, label: str) -> Markup:
        return Markup(svg.drawn(chart, name=name, label=label))  # noqa: S704  # its texts are escaped where it is written
