"""The charts. Each is drawn for a wide page and for a phone; what it shows stands in a table, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from etl.page import sheet, words
from etl.page.colours import HEATS, SERIES, UNKNOWN, light
from etl.page.sheet import Size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from etl.page.daily import Bar
    from etl.page.found import MeetingKey
    from etl.page.sheet import Sheet
    from etl.page.spans import Span
    from etl.page.times import Hour, Series

_SEEN = 0.1
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WIDE, NARROW = Size("wide", 920, 290, 70, 13), Size("narrow", 340, 240, 56, 12)
LOW_WIDE, LOW_NARROW = Size("wide", 920, 120, 70, 13), Size("narrow", 340, 110, 56, 12)
_BARE: dict[str, Any] = {"labelAngle": 0, "ticks": False, "domain": False, "grid": False}
_APART = alt.Scale(paddingInner=0.07, paddingOuter=0)
WEEK_WIDE, WEEK_NARROW = Size("wide", 920, 250, 70, 13), Size("narrow", 340, 460, 56, 12)


def minutes(
    on: Sheet, bars: Sequence[Bar], unknown: Sequence[Span], names: Mapping[MeetingKey, str], *, by_day: bool
) -> dict[str, Any]:
    """Stacked bars in the order of `names`, all others on top; hatched where nothing is known."""
    keys = [*names, None]
    rows = [
        on.place(bar.span)
        | {"y": round(bar.base, 3), "y2": round(bar.base + bar.minutes, 3), "series": keys.index(bar.key)}
        | {"text": f"{bar.span.text}, {_named(bar, names)}: {words.count(bar.minutes)} minutes"}
        for bar in bars
    ]
    colours = [*(light(f"series-{place}") for place in range(len(names))), light("series-others")]
    edge: dict[str, Any] = {"stroke": light("edge"), "strokeWidth": 0.6} if _has_room(on, bars) else {}
    return on.drawn(on.unknown(unknown, by_day=by_day), _stacked(on, rows, colours, by_day=by_day, **edge))


def coverage(on: Sheet, shares: Sequence[tuple[Span, float | None]], *, by_day: bool) -> dict[str, Any]:
    """How much of each day or week is there, and what is missing above it; hatched where nothing was expected."""
    rows: list[dict[str, Any]] = []
    for span, share in shares:
        if share is not None:
            text = f"{span.text}: {words.percent(share)} of the snapshots"
            parts = [(0, 100 * share), (100 * share, 100)]
            rows += [
                on.place(span) | {"y": low, "y2": high, "series": place, "text": text}
                for place, (low, high) in enumerate(parts)
                if high > low
            ]
    unknown = on.unknown([span for span, share in shares if share is None], by_day=by_day)
    bars = _stacked(on, rows, [light("loaded"), light("missing")], by_day=by_day, most=100)
    return on.drawn(unknown, bars)


def concurrency(on: Sheet, series: Sequence[Series]) -> dict[str, Any]:
    """Steps that hold up to the next snapshot and break where it is missing; gaps are hatched, and marked below."""
    several = len(series) > 1
    rows = [{"series": place, **row} for place, own in enumerate(series) for row in _steps(own)]
    chart = on.of(rows).encode(x=on.x(), y=sheet.y())
    colours = [light(f"series-{place % SERIES}") for place in range(len(series))] if several else [light("stroke")]
    line = chart.mark_line(interpolate="step-after", strokeWidth=1.4).encode(color=sheet.colour(colours))
    area = chart.mark_area(interpolate="step-after", color=light("area"), opacity=1)
    gaps = _visible(on, [gap for own in series for gap in own.gaps])
    first = min((own.points[0].begin for own in series if own.points), default=0.0)
    broad = [gap for gap in [{"x": 0.0, "x2": first}, *gaps] if on.is_broad(gap["x2"] - gap["x"])]
    bands = [on.bands(broad, UNKNOWN), on.bands(gaps, light("missing"), low=True)]
    return on.drawn(bands[0], *([] if several else [area]), line, bands[1])


def week(on: Sheet, found: Sequence[Hour]) -> dict[str, Any]:
    """The week as a grid, an hour a cell; those that no snapshot fell into are hatched."""
    levels = levels_of(found)
    rows = [
        {"day": WEEKDAYS[one.weekday - 1], "hour": f"{one.hour:02}", "series": level, "text": _told(one)}
        for one, level in zip(found, levels, strict=True)
    ]
    is_tall = on.size.height > on.size.width
    day = ("day", alt.Axis(orient="top" if is_tall else "left", labelOverlap=False, **_BARE), list(WEEKDAYS))
    clock = [f"{hour:02}" for hour in range(24)]
    hour = ("hour", alt.Axis(orient="left" if is_tall else "top", values=clock[::3], **_BARE), clock)
    across, down = (day, hour) if is_tall else (hour, day)
    colours = [*(light(f"heat-{level}") for level in range(HEATS)), UNKNOWN]
    cells = on.of(rows).mark_rect(cornerRadius=2)
    grid = cells.encode(
        x=alt.X(f"{across[0]}:O", axis=across[1], sort=across[2], scale=_APART, title=None),
        y=alt.Y(f"{down[0]}:O", axis=down[1], sort=down[2], scale=_APART, title=None),
        color=sheet.colour(colours),
        description="text:N",
    )
    return on.drawn(grid)


def levels_of(found: Sequence[Hour]) -> list[int]:
    """Each hour's colour, by equal steps from nothing to the most; the one behind the last is for what is unknown."""
    most = max((one.mean for one in found if one.mean is not None), default=0.0) or 1.0
    return [HEATS if one.mean is None else min(HEATS - 1, int(one.mean / most * HEATS)) for one in found]


def _has_room(on: Sheet, bars: Sequence[Bar]) -> bool:
    """Whether bars, and the parts of the meetings that are named, are large enough to be told apart by an edge."""
    named = sum(bar.minutes for bar in bars if bar.key)
    return on.is_broad(max((bar.span.end - bar.span.begin for bar in bars), default=0.0)) and named > _SEEN * sum(
        bar.minutes for bar in bars
    )


def _named(bar: Bar, names: Mapping[MeetingKey, str]) -> str:
    return names[bar.key] if bar.key else "all others"


def _told(one: Hour) -> str:
    seen = "no snapshot" if one.mean is None else f"{words.tenths(one.mean)} participants on average"
    return f"{WEEKDAYS[one.weekday - 1]} {one.hour:02}:00: {seen}"


def _stacked(
    on: Sheet,
    rows: list[dict[str, Any]],
    colours: list[str],
    *,
    by_day: bool,
    most: float | None = None,
    **mark: Any,  # noqa: ANN401  # as Altair takes them
) -> alt.Chart:
    """Bars from y to y2."""
    chart: alt.Chart = on.of(rows).mark_rect(**mark)
    return chart.encode(
        x=on.x(by_day=by_day),
        x2="x2:Q",
        y=sheet.y(most=most),
        y2="y2:Q",
        color=sheet.colour(colours),
        description="text:N",
    )


def _steps(own: Series) -> list[dict[str, float | None]]:
    """The begin of each point, and its end where none follows at once; nothing where nothing is known."""
    rows: list[dict[str, float | None]] = []
    following = [*own.points[1:], None]
    for point, after in zip(own.points, following, strict=True):
        rows.append({"x": point.begin, "y": point.participants})
        if point.participants is not None and (after is None or after.participants is None):
            rows += [{"x": point.end, "y": point.participants}, {"x": point.end, "y": None}]
    return rows


def _visible(on: Sheet, gaps: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
    """Gaps at least as wide as can be seen; those that then meet are one."""
    least = 1.2 * on.seconds / on.size.width
    found: list[dict[str, float]] = []
    for begin, end in sorted(gaps):
        wide = max(end, begin + least)
        if found and begin <= found[-1]["x2"]:
            found[-1]["x2"] = max(found[-1]["x2"], wide)
        else:
            found.append({"x": begin, "x2": wide})
    return found
