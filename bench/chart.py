"""The time to cover a list within Cloudflare's limit, as an SVG that a page can show in light and in dark."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.limit.coverage import Coverage

WIDTH, LEFT, RIGHT, TOP = 720, 262, 532, 82
ROW, GAP = 22, 22
SHORTEST = 0.2
TICKS = (1, 10, 60, 600, 3600, 36_000)
MINUTE, HOUR = 60, 3600
PRECISE_BELOW = 10

SUBTITLE = "1,200 requests in 300 s, the peers as if held to it; 3 % of the meetings live; logarithmic"

STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
.title { font-size: 16px; font-weight: 600; }
.size { font-weight: 600; }
.ours { font-weight: 600; }
.quiet { fill: #59636e; }
.tick { font-size: 12px; fill: #59636e; }
.ground { fill: #ffffff; }
.figure { stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; paint-order: stroke; }
.grid { stroke: #d1d9e0; }
.row { stroke: #d1d9e0; stroke-dasharray: 1 4; }
.dot-ours { fill: #0969da; }
.dot-way { fill: #ffffff; stroke: #0969da; stroke-width: 2; }
.dot-peer { fill: #818b98; }
@media (prefers-color-scheme: dark) {
  .ground { fill: #0d1117; }
  .figure { stroke: #0d1117; }
  text { fill: #f0f6fc; }
  .quiet, .tick { fill: #9198a1; }
  .grid, .row { stroke: #3d444d; }
  .dot-ours { fill: #4493f8; }
  .dot-way { fill: #0d1117; stroke: #4493f8; }
  .dot-peer { fill: #9198a1; }
}
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One dot: who, how long, with how many requests."""

    label: str
    kind: str
    seconds: float
    requests: int

    @property
    def figure(self) -> str:
        """The time in words, and what it is made of."""
        requests = f"{self.requests:,} request{'s'[: self.requests != 1]}"
        return f'<tspan class="size">{in_words(self.seconds)}</tspan> <tspan class="quiet">· {requests}</tspan>'


def draw(coverage: list[Coverage], peers: Iterable[str]) -> str:
    """Return the chart of all contenders and sizes; peers that take the same time share a row."""
    names = set(peers)
    groups = {size: rows_of(some, names) for size, some in groupby(coverage, lambda one: one.meetings)}
    top, drawn = TOP, []
    for size, rows in groups.items():
        drawn.append(draw_group(size, rows, top))
        top += ROW * len(rows) + GAP
    axis = "".join(draw_tick(seconds, top - GAP) for seconds in TICKS)
    height = top + 16
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" \
aria-labelledby="title desc">
<title id="title">Time to cover a list of meetings within Cloudflare's limit</title>
<desc id="desc">{escape(described(groups))}</desc>
<style>{STYLE}</style>
<rect class="ground" width="{WIDTH}" height="{height}" rx="6"/>
<text class="title" x="16" y="28">Time to cover a list within Cloudflare's limit</text>
<text class="quiet" x="16" y="48">{SUBTITLE}</text>
{axis}
{"".join(drawn)}</svg>
"""


def rows_of(coverage: Iterable[Coverage], peers: set[str]) -> list[Row]:
    """Return a size's rows: the project's, then the peers', together where they take the same."""
    rows: dict[tuple[bool, float, str], Row] = {}
    for one in coverage:
        is_peer = one.label in peers
        kind = "peer" if is_peer else "way" if "--via" in one.label else "ours"
        key = (is_peer, one.seconds, "" if is_peer else one.label)
        label = f"{rows[key].label}, {one.label}" if key in rows else one.label
        rows[key] = Row(label=label, kind=kind, seconds=one.seconds, requests=one.requests)
    return list(rows.values())


def draw_group(size: int, rows: list[Row], top: int) -> str:
    """Draw the rows of a size under each other."""
    heading = (
        f'<text class="size" x="16" y="{top + 5}">{size:,}</text>\n'
        f'<text class="quiet" x="16" y="{top + ROW + 5}">meetings</text>\n'
    )
    return heading + "".join(draw_row(row, top + number * ROW) for number, row in enumerate(rows))


def draw_row(row: Row, y: int) -> str:
    """Draw a dot where its time is on the scale, with its name on the left and its figure beside it."""
    x = place(row.seconds)
    name = "ours" if row.kind == "ours" else "quiet"
    return (
        f'<text class="{name}" x="{LEFT - 14}" y="{y + 5}" text-anchor="end">{escape(row.label)}</text>\n'
        f'<line class="row" x1="{LEFT}" y1="{y}" x2="{x:.1f}" y2="{y}"/>\n'
        f'<circle class="dot-{row.kind}" cx="{x:.1f}" cy="{y}" r="5.5"/>\n'
        f'<text class="figure" x="{x + 12:.1f}" y="{y + 5}">{row.figure}</text>\n'
    )


def draw_tick(seconds: int, bottom: int) -> str:
    """Draw a line of the scale with its time."""
    x = place(seconds)
    return (
        f'<line class="grid" x1="{x:.1f}" y1="{TOP - 10}" x2="{x:.1f}" y2="{bottom - 4}"/>\n'
        f'<text class="tick" x="{x:.1f}" y="{bottom + 14}" text-anchor="middle">{in_words(seconds)}</text>\n'
    )


def place(seconds: float) -> float:
    """Return where a time stands on the logarithmic scale."""
    share = math.log(max(seconds, SHORTEST) / SHORTEST) / math.log(TICKS[-1] / SHORTEST)
    return LEFT + share * (RIGHT - LEFT)


def in_words(seconds: float) -> str:
    """Return a time as people say it: 0.4 s, 45 min, 7.6 h."""
    if round(seconds) < MINUTE:
        value, unit = seconds, "s"
    elif round(seconds / MINUTE) < HOUR / MINUTE:
        value, unit = seconds / MINUTE, "min"
    else:
        value, unit = seconds / HOUR, "h"
    return f"{value:.1f}".removesuffix(".0") + f" {unit}" if value < PRECISE_BELOW else f"{value:.0f} {unit}"


def described(groups: dict[int, list[Row]]) -> str:
    """Return the chart in sentences, for those who can't see it."""
    return " ".join(
        f"{size:,} meetings: " + "; ".join(f"{row.label} {in_words(row.seconds)}" for row in rows) + "."
        for size, rows in groups.items()
    )
