"""What a benchmark found out, as a page: ratios against the peers first, then each part, then the goals."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from bench.goals import goals
from bench.job import contenders
from bench.job.alone import MORE_CONNECTIONS
from bench.limit import coverage_page as covering_page
from bench.nginx import workload
from bench.reports import usage as reports

if TYPE_CHECKING:
    from bench.figures import Figures, Measured
    from bench.job.alone import Costs
    from bench.job.job import Done

COLUMNS = (
    "requests/s",
    "lowest to highest",
    "CPU ms a meeting",
    "peak MB",
    "CPU s for one meeting",
    "our requests/s : its",
    "its CPU : ours",
)


def table(figures: list[Figures], ours: Figures | None) -> str:
    """Return the Markdown table of the contenders; the ratios only if the project took part."""
    lines = [
        "| | " + " | ".join(COLUMNS) + " |",
        "|---" + "|--:" * len(COLUMNS) + "|",
    ]
    for one in figures:
        faster = f"{ours.rate / one.rate:.1f}" if ours and one is not ours else ""
        thriftier = f"{one.cpu_ms / ours.cpu_ms:.1f}" if ours and one is not ours else ""
        lines.append(
            f"| {one.contender.label} | {one.rate:,.0f} | {min(one.rates):,.0f} to {max(one.rates):,.0f} "
            f"| {one.cpu_ms:.2f} | {one.peak_mb:.0f} | {one.start_seconds:.2f} | {faster} | {thriftier} |"
        )
    return "\n".join(lines)


def versions(measured: Measured) -> str:
    """Return what ran: the machine, the interpreter, and each contender's packages."""
    installed = "\n".join(
        f"- {one.contender.label}: " + ", ".join(f"{name} {v}" for name, v in one.contender.versions().items())
        for one in measured.figures
    )
    return (
        f"- {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"{platform.python_implementation()} {platform.python_version()}, {measured.nginx_version}\n{installed}"
    )


def page(measured: Measured) -> str:
    """Return `RESULTS.md`."""
    sections = (
        speed(measured.figures),
        covering_page.coverage(measured.coverage, measured.checks),
        covering_page.at_limit(measured.at_limit),
        costs(measured.figures[0], measured.costs),
        reports.section(measured.reports),
        judged(measured),
        ran(measured),
        AGAIN,
    )
    return "# Results\n\nWritten by `make bench`, not by hand.\n\n" + "\n".join(sections)


def speed(figures: list[Figures]) -> str:
    """Say what the whole job costs beside the peers."""
    ours = figures[0]
    return f"""## The whole job, beside the peers

A snapshot of {ours.meetings:,} meetings ({workload.live_in(ours.meetings):,} of them live), each contender as a whole \
process from start
to end, at most {contenders.CONCURRENCY} requests under way, against a local nginx with one worker that answers from \
memory. Every figure
is the median of {len(ours.rounds)} rounds, in which the contenders took turns; those for one meeting and for `--help` \
are medians of
{len(ours.starts)} runs. CPU is user plus system time, peak memory the kernel's. A round counts only if the server saw \
exactly one request a
meeting and the database holds exactly the live sessions. `rtk-usage` asks meeting by meeting here, as its peers do, and
is told that this server has no limit (`--via meetings --rate 1000000/1s`): they know none.

{table(figures, ours)}

Again, by itself: `.venv/bin/python -m bench.run --only ours,sdk,dlt`
"""


def costs(ours: Figures, costs: Costs) -> str:
    """Say what the job costs in other shapes."""
    sample = costs.secure.sample
    return f"""## Other shapes of the job

`rtk-usage` alone, against the same nginx. Over https, nginx shows a certificate that the client trusts through
`SSL_CERT_FILE`; its `accepts` says how many connections were opened. The long lists are one run each.

| | CPU ms a meeting | peak MB | requests | connections |
|---|--:|--:|--:|--:|
| {ours.meetings:,} meetings, {costs.most_secure_connections} connections | {ours.cpu_ms:.2f} | {ours.peak_mb:.0f} \
| {ours.meetings:,} | |
| {costs.meetings:,} meetings, {MORE_CONNECTIONS} connections | {costs.cpu_ms_more:.2f} | | {costs.meetings:,} | |
| {costs.meetings:,} meetings, {costs.most_secure_connections} connections, https | {costs.cpu_ms_secure:.2f} \
| {sample.peak_bytes / 1e6:.0f} | {costs.secure.requests:,} | {costs.secure.connections} |
{long_list(costs.meetings_each, costs.each, "a request each")}
{long_list(costs.meetings_by_list, costs.by_list, "one list")}

Again, by itself: `.venv/bin/python -m bench.run --only ours`
"""


def long_list(meetings: int, done: Done, way: str) -> str:
    """Return a row of the table."""
    sample = done.sample
    cpu_ms = sample.cpu_seconds / meetings * 1000
    return (
        f"| {meetings:,} meetings, {way} | {cpu_ms:.3f} | {sample.peak_bytes / 1e6:.0f} "
        f"| {done.requests:,} | {done.connections} |"
    )


def judged(measured: Measured) -> str:
    """Say which goals are reached."""
    rows = "\n".join(str(goal) for goal in goals(measured))
    return f"""## Goals

| goal | measured | |
|---|--:|---|
{rows}
"""


def ran(measured: Measured) -> str:
    """Say what ran, and what that means for the figures."""
    return f"""## What ran

{versions(measured)}
- ten million additions in a Python loop took {measured.parts.loop_seconds:.2f} s of CPU: what a second of CPU is \
worth here

Without a limit each contender waits for nothing but the server, so those are costs of the client: against Cloudflare
the distance and the rate limit set the pace, and the CPU and memory columns are what remains.
The SDK runs with its default HTTP client; its aiohttp transport is an option with an extra of its own, and
faster. dlt runs with its default number of threads: as many as the others have requests under way are slower
against a server this near. Both peers store the live sessions only; `rtk-usage` also keeps the list, the run
and the failures, and stages the run on disk before it loads it.
"""


AGAIN = """## Again

    sudo apt-get install nginx-light
    make bench

`.venv/bin/python -m bench.run --help` lists the options. Other work on the machine shows in these figures: the ratios
suffer less than the rates. Requests, refusals and the times at the limit do not depend on the machine.
"""
