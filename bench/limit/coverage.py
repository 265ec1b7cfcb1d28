"""Lists of meetings within Cloudflare's documented limit: requests counted, time computed, and both checked."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.chart import in_words
from bench.goal import Goal
from bench.job.job import UNLIMITED, Shape
from bench.measure import ContenderFailed, environment
from etl.realtimekit.limit.rolling_window import RollingWindow, request_log, seconds_needed
from etl.settings import CLOUDFLARE_RATE, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.job.contenders import Contender
    from bench.job.job import JobRunner

CHART = "coverage.svg"
SIZES = (1_000, 10_000, 100_000)
CHECKED_MEETINGS = 10_000
SCALED_TIME = Path(__file__).with_name("scaled_time.py")

# Cloudflare's limit of requests per second for an address; the peers are taken to keep to it.
PEERS_PER_SECOND = 200
# The pages of a list are read one after the other. Requests per meeting run side by side, so only the limit counts.
ROUND_TRIP_SECONDS = 0.1
# How far the computed time may differ from the one in scaled time.
TOLERANCE, TOLERANCE_SECONDS = 0.05, 1.0
PRECISE_BELOW = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The requests and the seconds that one way takes for a list; without `is_counted`, requests are computed."""

    label: str
    meetings: int
    requests: int
    seconds: float
    is_counted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A snapshot in scaled time at the documented limit, beside what is computed for its requests."""

    via: str
    meetings: int
    requests: int
    refusals: int
    windows: list[int]
    seconds: float
    computed_seconds: float

    @property
    def used_share(self) -> float:
        """The share of the usable requests that was used, in the emptiest of all windows but the last."""
        return min(self.windows[:-1], default=0) / Limits().usable


def measure_coverage(contenders: list[Contender], runner: JobRunner, *, shrink: int) -> list[Coverage]:
    """Count the requests of the project and of its peers for each size, and compute the time."""
    ours, *peers = contenders
    sizes = [size // shrink for size in SIZES]
    covered: list[Coverage] = []
    for size in sizes:
        covered += cover_by_project(ours, runner, size, is_longest=size == sizes[-1])
        covered += [cover_by_peer(peer, runner, size, is_longest=size == sizes[-1]) for peer in peers]
    return covered


def cover_by_project(ours: Contender, runner: JobRunner, size: int, *, is_longest: bool) -> Iterator[Coverage]:
    """Cover a list with the project, the way it chooses itself and one request per meeting."""
    requests = runner.run(ours, Shape(meetings=size, via="auto")).requests
    seconds = seconds_of_project(requests)
    if requests < size:
        seconds = max(seconds, requests * ROUND_TRIP_SECONDS)
    yield Coverage(label=ours.label, meetings=size, requests=requests, seconds=seconds)
    options = ("--via", "meetings", *UNLIMITED)
    requests = count_each(ours, runner, Shape(meetings=size, via="meetings", options=options), is_longest=is_longest)
    yield Coverage(
        label=f"{ours.label} --via meetings",
        meetings=size,
        requests=requests,
        seconds=seconds_of_project(requests),
        is_counted=not is_longest,
    )


def cover_by_peer(peer: Contender, runner: JobRunner, size: int, *, is_longest: bool) -> Coverage:
    """Cover a list with a peer, one request per meeting."""
    requests = count_each(peer, runner, Shape(meetings=size, via="meetings"), is_longest=is_longest)
    seconds = seconds_of_peer(requests)
    return Coverage(label=peer.label, meetings=size, requests=requests, seconds=seconds, is_counted=not is_longest)


def count_each(contender: Contender, runner: JobRunner, shape: Shape, *, is_longest: bool) -> int:
    """Return the requests of one request per meeting: counted by nginx, or computed for the longest list."""
    return shape.meetings if is_longest else runner.run(contender, shape).requests


def seconds_of_project(requests: int) -> float:
    """Return the least time for so many requests, as the project's own plan computes it, with its reserve."""
    limits = Limits()
    window = request_log(limits, [])
    return seconds_needed(requests, window, 0.0, events_per_second=limits.requests_per_second)


def seconds_of_peer(requests: int) -> float:
    """Return the time if something kept a peer exactly at the limit, without a reserve; nothing does."""
    window = RollingWindow(CLOUDFLARE_RATE.requests, CLOUDFLARE_RATE.seconds)
    return seconds_needed(requests, window, 0.0, events_per_second=PEERS_PER_SECOND)


def check_coverage(shrink: int) -> list[Check]:
    """Take snapshots in scaled time, both ways; fail if one was refused, or took another time than computed."""
    checks = [check(via, CHECKED_MEETINGS // shrink) for via in ("meetings", "list")]
    for each in checks:
        difference = abs(each.seconds - each.computed_seconds)
        if each.refusals:
            raise ContenderFailed(f"{each.refusals} requests via {each.via} were refused at the documented limit")
        if difference > max(TOLERANCE_SECONDS, TOLERANCE * each.seconds):
            raise ContenderFailed(f"via {each.via}: {each.computed_seconds:.0f} s computed, {each.seconds:.0f} s taken")
    return checks


def check(via: str, meetings: int) -> Check:
    """Take a snapshot in scaled time."""
    figures = run_scaled(via, meetings)
    if figures["failed"] or figures["meetings"] != meetings:
        raise ContenderFailed(f"the snapshot in scaled time is not complete: {figures}")
    return Check(
        via=via,
        meetings=meetings,
        requests=figures["requests"],
        refusals=figures["refusals"],
        windows=figures["windows"],
        seconds=figures["seconds"],
        computed_seconds=seconds_of_project(figures["requests"]),
    )


def run_scaled(via: str, meetings: int) -> dict[str, Any]:
    """Run `scaled_time.py` and return the figures that it prints."""
    command = [sys.executable, str(SCALED_TIME), via, str(meetings)]
    process = subprocess.run(command, check=False, capture_output=True, text=True, env=environment())
    if process.returncode != 0:
        raise ContenderFailed(f"the snapshot via {via} in scaled time failed:\n{process.stderr[-2000:]}")
    figures: dict[str, Any] = json.loads(process.stdout)
    print(f"scaled time, {meetings:,} meetings via {via}: {figures}", flush=True)
    return figures


def section(covered: list[Coverage], checks: list[Check]) -> str:
    """Return the section of the results."""
    rows = "\n".join(row for _, group in groupby(covered, lambda each: each.meetings) for row in rows_of(list(group)))
    checked = "\n".join(map(check_row, checks))
    return f"""## Covering a list within Cloudflare's limit

![Time to cover a list within Cloudflare's limit]({CHART})

3 % of the meetings are live. Requests are counted by nginx. "Computed" means one request per meeting, as counted for
the shorter lists. The peers send one request per meeting here. If their user lets them read the list, as above, they
need as many requests as `rtk-usage`. The HTTP client of the SDK makes no difference to these figures.

The time is computed from the requests, at the documented limit of 1,200 in 300 s. For `rtk-usage` it is the time that
its own plan gives: 1,080 in 300 s, since a tenth is left to the token's other users, and at most 190 per second. The
pages of a list are read one after the other and take at least {in_words(ROUND_TRIP_SECONDS)} each. For the peers it is
the best possible time, as if something kept them at exactly 1,200 in 300 s. The next section shows what really happens.

| meetings | | requests | time | its requests : ours | its time : ours |
|--:|---|--:|--:|--:|--:|
{rows}

Checked in scaled time: the real job runs against the simulator over a socket, with the documented limit. Both use a
clock that moves on when the job waits.

| | requests | refused | most in a window | time taken | time computed |
|---|--:|--:|--:|--:|--:|
{checked}

Run the check alone: `.venv/bin/python bench/limit/scaled_time.py meetings 10000`, or with `list` instead of `meetings`
"""


def rows_of(group: Sequence[Coverage]) -> Iterator[str]:
    """Return the rows of a size; the ratios are those to the first, which is the project's own choice."""
    ours = group[0]
    for each in group:
        requests = f"{each.requests:,}" + ("" if each.is_counted else " (computed)")
        more, longer = ratio(each.requests, ours.requests), ratio(each.seconds, ours.seconds)
        ratios = "| | |" if each is ours else f"| {more} | {longer} |"
        yield f"| {each.meetings:,} | {each.label} | {requests} | {in_words(each.seconds)} {ratios}"


def ratio(numerator: float, denominator: float) -> str:
    """Return a ratio, with two digits where it is small."""
    times = numerator / denominator
    return f"{times:,.0f}" if times >= PRECISE_BELOW else f"{times:.2g}"


def check_row(check: Check) -> str:
    """Return what scaled time showed for one way."""
    return (
        f"| {check.meetings:,} meetings via {check.via} | {check.requests:,} | {check.refusals} "
        f"| {max(check.windows):,} | {check.seconds:,.1f} s | {check.computed_seconds:,.1f} s |"
    )


def goals(checks: list[Check]) -> Iterator[Goal]:
    """Judge how well the limit is used, and that it is kept."""
    each, by_list = checks
    yield Goal(
        text=f"{each.meetings:,} meetings, one request each, at the documented limit: at least 95 % of the usable "
        "requests of a window are used",
        measured=each.used_share * 100,
        limit=95,
        unit=" %",
        is_least=True,
    )
    yield Goal(text="and requests refused", measured=each.refusals, limit=0)
    text = f"{by_list.meetings:,} meetings as one list: at most 4 requests"
    yield Goal(text=text, measured=by_list.requests, limit=4)
