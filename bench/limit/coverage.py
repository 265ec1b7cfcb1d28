"""Covering lists of meetings within Cloudflare's documented limit: requests counted, time computed, both checked."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.job.alone import repeat
from bench.job.contenders import as_it_comes
from bench.measure import ContenderFailed, environment
from etl.realtimekit.limit.rolling_window import RollingWindow, request_log, seconds_needed
from etl.settings import CLOUDFLARE_RATE, Limits

if TYPE_CHECKING:
    from bench.job.contenders import Contender
    from bench.job.job import Job

SIZES = (1_000, 10_000, 100_000)
CHECKED = 10_000

# Cloudflare's limit of requests a second for an address: nothing of the peers keeps below it, but let it be so.
MOST_A_SECOND = 200
# The pages of a list are read one after the other. A request a meeting goes beside others: it waits for the limit only.
ROUND_TRIP_SECONDS = 0.1
# How far the computed time may be from the one in scaled time.
TOLERANCE, TOLERANCE_SECONDS = 0.05, 1.0
PLAIN_RATIO = 10

Requests = dict[tuple[str, int], int]
"""Requests that were counted, by contender and meetings."""


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What one way takes to cover a list: requests, counted or (for the peers' longest list) computed, and seconds."""

    label: str
    meetings: int
    requests: int
    seconds: float
    is_counted: bool = True


@dataclass(frozen=True, kw_only=True)
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
        """The share of what the reserve leaves that was used, in the fullest of all windows but the last."""
        return min(self.windows[:-1], default=0) / Limits().usable


def measure_coverage(contenders: list[Contender], job: Job, counted: Requests, *, shrink: int) -> list[Coverage]:
    """Count the requests of every contender and size, those `counted` already apart, and compute the time."""
    ours, *peers = contenders
    covered = []
    for size in (size // shrink for size in SIZES):
        sized = replace(job, meetings=size)
        requests = repeat(as_it_comes(ours), sized, 1, "as it comes")[0].requests
        seconds = seconds_of_ours(requests)
        if requests < size:
            seconds = max(seconds, requests * ROUND_TRIP_SECONDS)
        covered.append(Coverage(label="rtk-usage", meetings=size, requests=requests, seconds=seconds))
        requests = count(ours, sized, counted)
        label = "rtk-usage --via meetings"
        covered.append(Coverage(label=label, meetings=size, requests=requests, seconds=seconds_of_ours(requests)))
        covered += [cover(peer, sized, counted, is_longest=size == SIZES[-1] // shrink) for peer in peers]
    return covered


def cover(peer: Contender, job: Job, counted: Requests, *, is_longest: bool) -> Coverage:
    """Cover a list with a peer; for the longest, take the request a meeting that it took for the others."""
    requests = job.meetings if is_longest else count(peer, job, counted)
    seconds = seconds_of_peer(requests)
    return Coverage(
        label=peer.label, meetings=job.meetings, requests=requests, seconds=seconds, is_counted=not is_longest
    )


def count(contender: Contender, job: Job, counted: Requests) -> int:
    """Return how many requests the contender takes, as nginx counts them."""
    known = counted.get((contender.name, job.meetings))
    return repeat(contender, job, 1, "counted")[0].requests if known is None else known


def seconds_of_ours(requests: int) -> float:
    """Return the least time for so many requests, as the project's own plan computes it, reserve and all."""
    limits = Limits()
    return seconds_needed(requests, request_log(limits, []), 0.0, events_per_second=limits.requests_per_second)


def seconds_of_peer(requests: int) -> float:
    """Return the time if something kept a peer exactly at the limit, without a reserve; nothing does."""
    limit = RollingWindow(CLOUDFLARE_RATE.requests, CLOUDFLARE_RATE.seconds)
    return seconds_needed(requests, limit, 0.0, events_per_second=MOST_A_SECOND)


def check_coverage(shrink: int) -> list[Check]:
    """Take snapshots in scaled time, both ways; fail if one was refused, or took another time than computed."""
    checks = [check(via, CHECKED // shrink) for via in ("meetings", "list")]
    for one in checks:
        print(f"scaled time, via {one.via}: {one.requests:,} requests, {one.refusals} refused, {one.seconds:,.1f} s")
        off = abs(one.seconds - one.computed_seconds)
        if one.refusals:
            raise ContenderFailed(f"{one.refusals} requests via {one.via} were refused at the documented limit")
        if off > max(TOLERANCE_SECONDS, TOLERANCE * one.seconds):
            raise ContenderFailed(f"via {one.via}: {one.computed_seconds:.0f} s computed, {one.seconds:.0f} s taken")
    return checks


def check(via: str, meetings: int) -> Check:
    """Take a snapshot in scaled time."""
    told = ask("scaled.py", via, str(meetings))
    if told["failed"] or told["meetings"] != meetings:
        raise ContenderFailed(f"the snapshot in scaled time is not whole: {told}")
    return Check(
        via=via,
        meetings=meetings,
        requests=told["requests"],
        refusals=told["refusals"],
        windows=told["windows"],
        seconds=told["seconds"],
        computed_seconds=seconds_of_ours(told["requests"]),
    )


def ask(program: str, *arguments: str) -> dict[str, Any]:
    """Run a program of the benchmark that prints JSON."""
    command = [sys.executable, str(Path(__file__).with_name(program)), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment())
    if done.returncode != 0:
        raise ContenderFailed(f"{program} {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(done.stdout)
    print(f"{program} {' '.join(arguments[:1])}: {done.stdout.strip()}", flush=True)
    return told
