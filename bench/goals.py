"""What the project set out to reach, judged on the figures as measured, not as rounded for print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.goal import Goal
from bench.job.alone import MORE_CONNECTIONS
from bench.reports import usage as reports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.figures import Figures, Measured, Parts
    from bench.job.alone import Costs
    from bench.limit.coverage import Check

TIMES_FASTER = 3


def goals(measured: Measured) -> list[Goal]:
    """Return every goal, in the order in which the results tell of them."""
    ours, *peers = measured.figures
    return [
        *against_peers(ours, peers),
        *within_limit(measured.checks, measured.costs),
        *of_cpu(ours, measured.costs),
        *of_memory(ours, measured.costs),
        *of_parts(ours, measured.parts),
        *reports.goals(measured.reports),
    ]


def against_peers(ours: Figures, peers: list[Figures]) -> Iterator[Goal]:
    """How many times faster than each peer."""
    for peer in peers:
        text = f"at least {TIMES_FASTER} times the requests a second of {peer.contender.label}"
        yield Goal(text=text, measured=ours.rate / peer.rate, limit=TIMES_FASTER, unit=" times", is_least=True)


def within_limit(checks: list[Check], costs: Costs) -> Iterator[Goal]:
    """What a list takes at the documented limit."""
    each, by_list = checks
    yield Goal(
        text=f"{each.meetings:,} meetings, a request each, at the documented limit: at least 95 % of what the reserve "
        "leaves of a window is used",
        measured=each.used_share * 100,
        limit=95,
        unit=" %",
        is_least=True,
    )
    yield Goal(text="and requests refused", measured=each.refusals, limit=0)
    yield Goal(
        text=f"{by_list.meetings:,} meetings as one list: requests, 4 at most", measured=by_list.requests, limit=4
    )
    text = f"{costs.meetings_by_list:,} meetings as one list: requests, 302 at most"
    yield Goal(text=text, measured=costs.by_list.requests, limit=302)


def of_cpu(ours: Figures, costs: Costs) -> Iterator[Goal]:
    """CPU a meeting, and what keeps it low."""
    text = "at most {limit} ms of CPU a meeting, all in, at {connections} connections"
    at_32 = text.format(limit=0.45, connections=costs.most_secure_connections)
    at_64 = text.format(limit=0.45, connections=MORE_CONNECTIONS)
    yield Goal(text=at_32, measured=ours.cpu_ms, limit=0.45, unit=" ms")
    yield Goal(text=at_64, measured=costs.cpu_ms_more, limit=0.45, unit=" ms")
    most = costs.most_secure_connections
    text = f"{costs.meetings:,} meetings over https: connections, {most} at most"
    yield Goal(text=text, measured=costs.secure.connections, limit=most)


def of_memory(ours: Figures, costs: Costs) -> Iterator[Goal]:
    """Peak memory."""
    yield Goal(text=f"{ours.meetings:,} meetings under 200 MB", measured=ours.peak_mb, limit=200, unit=" MB")
    text = f"{costs.meetings_each:,} meetings, a request each, under 250 MB"
    yield Goal(text=text, measured=costs.each_mb, limit=250, unit=" MB")
    text = f"{costs.meetings_by_list:,} meetings as one list under 400 MB"
    yield Goal(text=text, measured=costs.by_list_mb, limit=400, unit=" MB")


def of_parts(ours: Figures, parts: Parts) -> Iterator[Goal]:
    """Start-up, and parts of the job on their own."""
    yield Goal(text="`rtk-usage --help` under 0.15 s of CPU", measured=parts.help_seconds, limit=0.15, unit=" s")
    text = "a snapshot of one meeting under 0.7 s of CPU"
    yield Goal(text=text, measured=ours.start_seconds, limit=0.7, unit=" s")
    yield Goal(text="a list of a million IDs read in under 2 s", measured=parts.list_seconds, limit=2, unit=" s")
    yield Goal(text="reading it, under 300 MB", measured=parts.list_mb, limit=300, unit=" MB")
    text = "the database open for under 100 ms a run (1,000 live sessions)"
    yield Goal(text=text, measured=parts.hold_ms, limit=100, unit=" ms")
