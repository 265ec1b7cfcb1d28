"""What lists take at Cloudflare's limit, as sections of the page."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from bench.chart import in_words
from bench.limit import coverage as covering

if TYPE_CHECKING:
    from bench.limit.at_limit import AtLimit
    from bench.limit.coverage import Check, Coverage

CHART = "coverage.svg"


def coverage(covered: list[Coverage], checks: list[Check]) -> str:
    """Say how many requests and how long each contender takes to cover a list."""
    rows = "\n".join(row for _, some in groupby(covered, lambda one: one.meetings) for row in rows_of(list(some)))
    checked = "\n".join(map(check_row, checks))
    round_trip = in_words(covering.ROUND_TRIP_SECONDS)
    return f"""## Covering a list within Cloudflare's limit

![Time to cover a list within Cloudflare's limit]({CHART})

3 % of the meetings are live. Requests are counted by nginx, except where "computed" stands: the peers' longest list is
taken as a request a meeting, which is what they took for the others. The time is computed from the requests, at the
documented limit of 1,200 in 300 s. For `rtk-usage` it is its own plan's: 1,080 in 300 s, since a tenth is left to the
token's other users, and 190 a second at most; the pages of a list are read one after the other and count {round_trip}
each at least. For the peers it is the most favourable there can be: as if something kept them at exactly 1,200 in
300 s. What happens really is in the next section.

| meetings | | requests | time | its requests : ours | its time : ours |
|--:|---|--:|--:|--:|--:|
{rows}

Checked in scaled time: the real job against the simulator over a socket, with the documented limit and a clock that
both go by and that moves on when the job waits.

| | requests | refused | most in a window | time taken | time computed |
|---|--:|--:|--:|--:|--:|
{checked}

Again, by itself: `.venv/bin/python bench/limit/scaled.py meetings 10000`, or `list` in the place of `meetings`
"""


def rows_of(some: list[Coverage]) -> list[str]:
    """Return the rows of a size; the ratios are those to the first, which is the project as it comes."""
    ours = some[0]
    rows = []
    for one in some:
        requests = f"{one.requests:,}" + ("" if one.is_counted else " (computed)")
        more, longer = ratio(one.requests, ours.requests), ratio(one.seconds, ours.seconds)
        ratios = "| | |" if one is ours else f"| {more} | {longer} |"
        rows.append(f"| {one.meetings:,} | {one.label} | {requests} | {in_words(one.seconds)} {ratios}")
    return rows


def ratio(one: float, other: float) -> str:
    """Return how many times the other goes into the one."""
    times = one / other
    return f"{times:,.0f}" if times >= covering.PLAIN_RATIO else f"{times:.2g}"


def check_row(check: Check) -> str:
    """Return what scaled time showed for one way."""
    return (
        f"| {check.meetings:,} meetings via {check.via} | {check.requests:,} | {check.refusals} "
        f"| {max(check.windows):,} | {check.seconds:,.1f} s | {check.computed_seconds:,.1f} s |"
    )


def at_limit(ran: list[AtLimit]) -> str:
    """Say what every contender really does when its list is longer than the limit."""
    rows = "\n".join(map(at_limit_row, ran))
    meetings = ran[0].meetings
    return f"""## What happens at the limit

{meetings:,} meetings, 3 % of them live, in real time, each contender with its defaults against a simulator of its own
that enforces the documented limit: 1,200 requests in 300 s, then nothing but 429 for 300 s, for everything the token
does.

| | requests | refused | meetings asked | live sessions stored | how it ended |
|---|--:|--:|--:|--:|---|
{rows}

Again, by itself: `.venv/bin/python -m bench.limit.real_time sdk $PWD/.venv/bin/python {meetings} 400` (who,
the interpreter that has the peers, how many meetings, the seconds after which it is stopped)
"""


def at_limit_row(one: AtLimit) -> str:
    """Return what one contender did."""
    asked = f"{one.asked:,}" if one.asked else "a list of the live ones"
    if one.is_stopped:
        ended = f"still waiting after {one.seconds:.0f} s, and stopped"
    elif one.exit_code:
        ended = f"failed after {one.seconds:.0f} s: `{one.said.replace('|', ' ')}`"
    else:
        ended = f"done after {one.seconds:.1f} s"
    return f"| {one.label} | {one.requests:,} | {one.refusals:,} | {asked} | {one.rows} | {ended} |"
