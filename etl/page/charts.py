"""The four charts. Each is drawn for a wide page and for a phone, and has a table with the same figures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from etl.page import text
from etl.page.canvas import Box, Canvas, Chart, Label, Path, Size, value_steps
from etl.reports.counts import format_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.page.calendar import Span
    from etl.page.concurrency import Hour, Point, Series
    from etl.page.daily import Bar
    from etl.reports.periods import Period

SERIES_COLORS = 8  # CSS classes series-0 to series-7
OTHERS = "series-others"  # the CSS class of all meetings or apps without a colour of their own
HEAT_COLORS = 7  # CSS classes heat-0 to heat-6
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SIZES = (
    Size(name="wide", width=920, height=290, font=13, tick_width=70),
    Size(name="narrow", width=340, height=240, font=12, tick_width=56),
)
LOW_SIZES = (
    Size(name="wide", width=920, height=120, font=13, tick_width=70),
    Size(name="narrow", width=340, height=110, font=12, tick_width=56),
)
WEEK_SIZES = (
    Size(name="wide", width=920, height=250, font=13),
    Size(name="narrow", width=340, height=460, font=12),
)
_WHOLE = 100
_MARK = 4  # the height of the mark of a gap, in pixels
_GAP_WIDTH = 1.2  # the least width of the mark of a gap, in pixels
_WEEK_LEFT, _WEEK_TOP, _CELL_GAP = 40, 22, 2


def minutes(period: Period, size: Size, bars: Sequence[Bar]) -> Chart:
    """Draw the minutes of each span. Spans of which nothing is known are hatched."""
    known = [(bar.span, bar.minutes) for bar in bars if bar.minutes is not None]
    values = value_steps(max((height for _, height in known), default=0.0))
    canvas = Canvas(period=period, size=size, most=values[-1])
    boxes = []
    for span, height in known:
        color = "series-0 edged" if canvas.is_broad(span.end - span.begin) else "series-0"
        if height > 0:
            boxes.append(canvas.box(color, span, (0.0, height), f"{span.text}: {text.count(height)} minutes"))
    unknown = _hatched(canvas, [bar.span for bar in bars if bar.minutes is None])
    return canvas.chart([*unknown, *boxes], values, by_day=_are_days([bar.span for bar in bars]))


def coverage(period: Period, size: Size, shares: Sequence[tuple[Span, float | None]]) -> Chart:
    """Draw the covered share of each span, and the rest above it. Spans without expected snapshots are hatched."""
    canvas = Canvas(period=period, size=size, most=_WHOLE)
    boxes = _hatched(canvas, [span for span, share in shares if share is None])
    for span, share in shares:
        if share is not None:
            title = f"{span.text}: {text.percent(share)} covered"
            parts = [("covered", (0, _WHOLE * share)), ("missing", (_WHOLE * share, _WHOLE))]
            boxes += [canvas.box(color, span, part, title) for color, part in parts if part[0] < part[1]]
    by_day = _are_days([span for span, _ in shares])
    return canvas.chart(boxes, [0, _WHOLE / 2, _WHOLE], by_day=by_day, unit=" %")


def concurrency(period: Period, size: Size, series: Sequence[Series]) -> Chart:
    """Draw steps up to the next snapshot. The line breaks at a gap, which is hatched and marked on the axis.

    The time before the first snapshot and after the last one is hatched as well.
    """
    points = [point for app in series for point in app.points]
    values = value_steps(max((point.participants or 0 for point in points), default=0))
    canvas = Canvas(period=period, size=size, most=values[-1])
    start, end = min((point.begin for point in points), default=0.0), max((point.end for point in points), default=0.0)
    gaps = _visible(canvas, [gap for app in series for gap in app.gaps])
    shapes: list[Box | Path] = [
        *(
            canvas.band("unknown", *gap)
            for gap in [(0.0, start), *gaps, (end, canvas.seconds)]
            if canvas.is_broad(gap[1] - gap[0])
        ),
        *([Path(classes="area", path=_steps(canvas, points, is_area=True))] if len(series) == 1 else []),
        *(
            Path(classes=f"line {series_color(place)}", path=_steps(canvas, app.points))
            for place, app in enumerate(series)
        ),
        *(canvas.band("missing", *gap, height=_MARK) for gap in gaps),
    ]
    return canvas.chart(shapes, values)


def week(size: Size, hours: Sequence[Hour]) -> Chart:
    """Draw each hour of the week as a cell. Days are the columns of a tall chart, and the rows of a wide one."""
    is_tall = size.height > size.width
    columns, rows = (7, 24) if is_tall else (24, 7)
    width, height = (size.width - _WEEK_LEFT) / columns, (size.height - _WEEK_TOP) / rows
    cells = [
        Box(
            classes=f"cell {'unknown' if level is None else f'heat-{level}'}",
            x=round(_WEEK_LEFT + (hour.weekday - 1 if is_tall else hour.hour) * width, 1),
            y=round(_WEEK_TOP + (hour.hour if is_tall else hour.weekday - 1) * height, 1),
            width=round(width - _CELL_GAP, 1),
            height=round(height - _CELL_GAP, 1),
            title=_hour_title(hour),
        )
        for hour, level in zip(hours, heat_levels(hours), strict=True)
    ]
    clock = [f"{hour:02}" if hour % 3 == 0 else "" for hour in range(24)]
    above, beside = (WEEKDAYS, clock) if is_tall else (clock, WEEKDAYS)
    left, top = _WEEK_LEFT - 8, _WEEK_TOP + height / 2 + size.font / 3
    labels = [
        Label(x=round(_WEEK_LEFT + (place + 0.5) * width, 1), y=14, text=name) for place, name in enumerate(above)
    ] + [Label(x=left, y=round(top + place * height, 1), text=name, anchor="end") for place, name in enumerate(beside)]
    return Chart(size=size, shapes=cells, labels=[label for label in labels if label.text])


def series_color(place: int) -> str:
    """Return the CSS class of a meeting or an app by its place. After the last colour, all share one."""
    return f"series-{place}" if place < SERIES_COLORS else OTHERS


def heat_levels(hours: Sequence[Hour]) -> list[int | None]:
    """Return the colour of each hour, in equal steps up to the greatest mean; None if nothing is known.

    The first colour is of hours with nobody alone.
    """
    most = max((hour.mean_participants or 0.0 for hour in hours), default=0.0) or 1.0
    steps = HEAT_COLORS - 1
    means = [hour.mean_participants for hour in hours]
    return [None if mean is None else math.ceil(mean / most * steps) for mean in means]


def _hatched(canvas: Canvas, spans: Sequence[Span]) -> list[Box]:
    whole = (0.0, canvas.most)
    return [canvas.box("unknown", span, whole, f"{span.text}: nothing is known") for span in spans]


def _are_days(spans: Sequence[Span]) -> bool:
    return all(span.first == span.last and span.hour is None for span in spans)


def _hour_title(hour: Hour) -> str:
    mean = hour.mean_participants
    figure = "nothing is known" if mean is None else f"{text.tenths(mean)} participants on average"
    if mean is not None and hour.snapshots == 1:
        figure = f"{format_count(round(mean), 'participant')} in one snapshot"
    return f"{WEEKDAYS[hour.weekday - 1]} {hour.hour:02}:00: {figure}"


def _steps(canvas: Canvas, points: Sequence[Point], *, is_area: bool = False) -> str:
    """Return the path of a step line, or of the area below it, with a part of its own after each gap."""
    parts: list[str] = []
    is_open = False
    for point in points:
        if point.participants is not None:
            y = f"{canvas.y(point.participants):g}"
            start = (
                f"M{canvas.x(point.begin):g} {canvas.bottom:g}V{y}" if is_area else f"M{canvas.x(point.begin):g} {y}"
            )
            parts.append(f"V{y}" if is_open else start)
            parts.append(f"H{canvas.x(point.end):g}")
        elif is_open and is_area:
            parts.append(f"V{canvas.bottom:g}Z")
        is_open = point.participants is not None
    return "".join(parts) + (f"V{canvas.bottom:g}Z" if is_open and is_area else "")


def _visible(canvas: Canvas, gaps: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Widen gaps until they can be seen. Those that then meet become one."""
    least = _GAP_WIDTH / canvas.pixels_per_second
    visible: list[tuple[float, float]] = []
    for begin, end in sorted(gaps):
        if visible and begin <= visible[-1][1]:
            visible[-1] = (visible[-1][0], max(visible[-1][1], end))
        else:
            visible.append((begin, max(end, begin + least)))
    return visible
