"""The time to cover a list within Cloudflare's limit, as an SVG with a light and a dark scheme."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.limit.coverage import Coverage

TEMPLATE = Path(__file__).with_name("chart.svg.jinja")
WIDTH, LEFT, RIGHT, TOP = 720, 262, 532, 82
ROW_HEIGHT, GAP, BOTTOM = 22, 22, 16
SHORTEST = 0.2
TICKS = (1, 10, 60, 600, 3600, 36_000)
MINUTE, HOUR = 60, 3600
PRECISE_BELOW = 10

SUBTITLE = "1,200 requests in 300 s, the peers as if held to it; 3 % of the meetings live; logarithmic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One dot: the contenders, the seconds they take, and their requests in words."""

    label: str
    kind: str
    seconds: float
    requests: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The rows of one size of list, from a y coordinate on."""

    title: str
    y: int
    rows: Sequence[Row]


def draw(coverage: list[Coverage], peers: Iterable[str]) -> str:
    """Return the chart of all contenders and sizes. Peers that take the same time share a row."""
    names = set(peers)
    groups = []
    top = TOP
    for size, some in groupby(coverage, lambda each: each.meetings):
        groups.append(Group(title=f"{size:,}", y=top, rows=rows_of(some, names)))
        top += ROW_HEIGHT * len(groups[-1].rows) + GAP
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"x": place, "duration": in_words}
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        groups=groups,
        width=WIDTH,
        height=top + BOTTOM,
        left=LEFT,
        top=TOP,
        row_height=ROW_HEIGHT,
        subtitle=SUBTITLE,
        ticks=TICKS,
    )


def rows_of(coverage: Iterable[Coverage], peers: set[str]) -> list[Row]:
    """Return the rows of one size: the project's, then the peers', who share a row if they take the same time."""
    rows: dict[tuple[bool, float, str], Row] = {}
    for each in coverage:
        is_peer = each.label in peers
        kind = "peer" if is_peer else "way" if "--via" in each.label else "ours"
        key = (is_peer, each.seconds, "" if is_peer else each.label)
        label = f"{rows[key].label}, {each.label}" if key in rows else each.label
        requests = f"{each.requests:,} request{'' if each.requests == 1 else 's'}"
        rows[key] = Row(label=label, kind=kind, seconds=each.seconds, requests=requests)
    return list(rows.values())


def place(seconds: float) -> float:
    """Return the x coordinate of a time on the logarithmic scale."""
    share = math.log(max(seconds, SHORTEST) / SHORTEST) / math.log(TICKS[-1] / SHORTEST)
    return round(LEFT + share * (RIGHT - LEFT), 1)


def in_words(seconds: float) -> str:
    """Return a time as people say it: 0.4 s, 45 min, 7.6 h."""
    if round(seconds) < MINUTE:
        value, unit = seconds, "s"
    elif round(seconds / MINUTE) < HOUR / MINUTE:
        value, unit = seconds / MINUTE, "min"
    else:
        value, unit = seconds / HOUR, "h"
    return f"{value:.1f}".removesuffix(".0") + f" {unit}" if value < PRECISE_BELOW else f"{value:.0f} {unit}"
