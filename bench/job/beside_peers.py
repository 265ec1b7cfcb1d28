"""Four shapes of the job as whole processes, by this project beside its peers and an earlier commit of it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from bench.goal import Goal
from bench.job.job import UNLIMITED, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.job.contenders import Contender
    from bench.job.job import JobResult, JobRunner

# What a window of Cloudflare's limit allows: 1,200 requests less the reserve of 10 %.
WINDOW_MEETINGS = 1_080
LONG_LIST = 10_000
TIMES_FASTER = 1.5
# The peers that the rate without a limit is compared with; the third is reported without a goal.
FASTER_THAN = ("sdk", "dlt")
MOST_MB = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class ContenderResults:
    """All rounds of one contender in one shape; each figure is the median of the rounds."""

    contender: Contender
    meetings: int
    rounds: list[JobResult]

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of the process."""
        return median(each.cost.cpu_seconds for each in self.rounds)

    @property
    def cpu_range(self) -> str:
        """The lowest and the highest CPU seconds of the rounds."""
        seconds = [each.cost.cpu_seconds for each in self.rounds]
        return f"{min(seconds):.2f} to {max(seconds):.2f}"

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of CPU per meeting: the CPU of the process, divided by its meetings."""
        return self.cpu_seconds / self.meetings * 1000

    @property
    def wall_seconds(self) -> float:
        """Seconds from the start of the process to its end."""
        return median(each.cost.wall_seconds for each in self.rounds)

    @property
    def rate(self) -> float:
        """Requests per second, over the whole process."""
        return self.meetings / self.wall_seconds

    @property
    def peak_mb(self) -> float:
        """Peak memory in megabytes."""
        return median(each.cost.peak_mb for each in self.rounds)

    @property
    def requests(self) -> int:
        """The highest number of requests of a round."""
        return max(each.requests for each in self.rounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One shape, done by all contenders in turns."""

    shape: Shape
    results: list[ContenderResults]

    def of(self, name: str) -> ContenderResults | None:
        """Return the results of a contender, or None if it did not take part."""
        return next((each for each in self.results if each.contender.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparisons:
    """All four shapes: what users have, and a long list without a limit."""

    one_meeting: Comparison
    list_run: Comparison
    window: Comparison
    unlimited: Comparison


def compare(
    contenders: list[Contender], runner: JobRunner, *, rounds: int, short_rounds: int, shrink: int
) -> Comparisons:
    """Let the contenders do all shapes in turns; the short shapes have more rounds."""
    one = Shape(meetings=1, via="meetings")
    listed = Shape(meetings=LONG_LIST // shrink, via="list")
    each = ("--via", "meetings")
    window = Shape(meetings=WINDOW_MEETINGS // shrink, via="meetings", options=each)
    unlimited = Shape(meetings=LONG_LIST // shrink, via="meetings", options=(*each, *UNLIMITED))
    for contender in contenders:
        runner.run(contender, one)  # compiles what will be imported, and is not measured
    return Comparisons(
        one_meeting=take_turns(contenders, runner, one, short_rounds),
        list_run=take_turns(contenders, runner, listed, short_rounds),
        window=take_turns(contenders, runner, window, rounds),
        unlimited=take_turns(contenders, runner, unlimited, rounds),
    )


def take_turns(contenders: list[Contender], runner: JobRunner, shape: Shape, rounds: int) -> Comparison:
    """Run every contender once per round; each round begins with another contender."""
    results: dict[str, list[JobResult]] = {each.name: [] for each in contenders}
    for number in range(rounds):
        first = number % len(contenders)
        for contender in contenders[first:] + contenders[:first]:
            results[contender.name].append(runner.run(contender, shape))
    return Comparison(
        shape=shape,
        results=[
            ContenderResults(contender=each, meetings=shape.meetings, rounds=results[each.name]) for each in contenders
        ],
    )


def section(comparisons: Comparisons) -> str:
    """Return the section of the results."""
    one, listed, window = comparisons.one_meeting, comparisons.list_run, comparisons.window
    return f"""## The whole job, beside the peers

Each figure is that of a whole process, from its start to its end. CPU is user plus system time, and memory is the peak
that the kernel counts. The contenders take turns, and each figure is the median of their rounds:
{len(one.results[0].rounds)} for one meeting and for the list run, {len(window.results[0].rounds)} for the others. They
talk to a local nginx with one worker, which answers from memory. A round counts only if the database holds exactly the
live sessions. Where meetings are requested one by one, nginx must have counted exactly one request per meeting.

### One meeting

A list of one meeting, which has a live session: `rtk-usage snapshot`, with its defaults.

{table(one)}

### A list run: {listed.shape.meetings:,} meetings, {listed.shape.live} of them live

`rtk-usage snapshot` with its defaults reads the app's list of live sessions (`--via auto`), 100 sessions per request.
The peers do the same with what they offer. The SDK calls `sessions.get_sessions(status="LIVE")` page by page; dlt reads
the same endpoint with its `page_number` paginator, which ends with an empty page. Both then keep the sessions of the
meetings that are watched.

{table(listed)}

### {window.shape.meetings:,} meetings, one request each

All that one window of Cloudflare's limit allows, less the reserve of 10 %: `rtk-usage snapshot --via meetings`. It
sends at most 190 requests per second, because Cloudflare allows 200 per address. The peers know no limit, so they end
earlier here.

{table(window)}

{unlimited_section(comparisons)}
Run this part alone: `.venv/bin/python -m bench.run --only peers`
"""


def unlimited_section(comparisons: Comparisons) -> str:
    """Return the part of the section on the shape without a limit, and what plain httpx costs."""
    unlimited = comparisons.unlimited
    return f"""### {unlimited.shape.meetings:,} meetings, one request each, without a limit

`rtk-usage snapshot --via meetings --rate 1000000/1s`, which says that this server has no limit.

{rates_table(unlimited)}
{against_before(comparisons)}"""


def table(comparison: Comparison) -> str:
    """Return the Markdown table of a shape."""
    ours = comparison.of("ours")
    lines = [
        "| | CPU s | lowest to highest | wall s | peak MB | requests | its CPU : ours |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for each in comparison.results:
        ratio = f"{each.cpu_seconds / ours.cpu_seconds:.2f}" if ours and each is not ours else ""
        lines.append(
            f"| {each.contender.label} | {each.cpu_seconds:.2f} | {each.cpu_range} | {each.wall_seconds:.2f} "
            f"| {each.peak_mb:.0f} | {each.requests:,} | {ratio} |"
        )
    return "\n".join(lines)


def rates_table(comparison: Comparison) -> str:
    """Return the Markdown table of the shape without a limit, where the rate counts."""
    ours = comparison.of("ours")
    lines = [
        "| | requests per second | CPU ms per meeting | peak MB | our requests per second : its | its CPU : ours |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for each in comparison.results:
        is_other = ours and each is not ours
        faster = f"{ours.rate / each.rate:.2f}" if ours and is_other else ""
        cpu = f"{each.cpu_ms / ours.cpu_ms:.2f}" if ours and is_other else ""
        lines.append(
            f"| {each.contender.label} | {each.rate:,.0f} | {each.cpu_ms:.2f} | {each.peak_mb:.0f} | {faster} | {cpu} |"
        )
    return "\n".join(lines)


def against_before(comparisons: Comparisons) -> str:
    """Say what plain httpx costs against the earlier commit; nothing if that did not take part."""
    ours, before = comparisons.unlimited.of("ours"), comparisons.unlimited.of("before")
    window, window_before = comparisons.window.of("ours"), comparisons.window.of("before")
    if not (ours and before and window and window_before):
        return ""
    return f"""
### What plain httpx costs

`rtk-usage before` is an earlier commit: {before.contender.versions["realtimekit-usage"]}. It sent its requests with
aiohttp, through a transport of the project's own. Now each worker has an `httpx.AsyncClient`, used as its documentation
shows.

| | before | now | difference |
|---|--:|--:|--:|
| CPU ms per meeting, {ours.meetings:,} meetings without a limit | {difference(before.cpu_ms, ours.cpu_ms)} |
| requests per second, in the same run | {before.rate:,.0f} | {ours.rate:,.0f} | {ours.rate - before.rate:+,.0f} |
| CPU s per window of Cloudflare's limit, {window.meetings:,} meetings in 300 s \
| {difference(window_before.cpu_seconds, window.cpu_seconds)} |
"""


def difference(before: float, now: float) -> str:
    """Return the columns of a figure before and now."""
    return f"{before:.2f} | {now:.2f} | {now - before:+.2f}"


def goals(comparisons: Comparisons) -> Iterator[Goal]:
    """Judge the CPU in the shapes that users have, and the rate and the memory of a long list."""
    shapes = {
        "one meeting": comparisons.one_meeting,
        f"a list run of {comparisons.list_run.shape.meetings:,} meetings": comparisons.list_run,
        f"{comparisons.window.shape.meetings:,} meetings, one request each": comparisons.window,
    }
    for text, comparison in shapes.items():
        yield from less_cpu_than_peers(text, comparison)
    for text, comparison in list(shapes.items())[:2]:
        yield from no_more_cpu_than_before(text, comparison)
    yield from rate_and_memory(comparisons.unlimited)


def less_cpu_than_peers(text: str, comparison: Comparison) -> Iterator[Goal]:
    """Compare the CPU with that of each peer."""
    ours = comparison.of("ours")
    for each in comparison.results:
        if ours and each.contender.is_peer:
            yield Goal(
                text=f"{text}: less CPU than {each.contender.label}",
                measured=ours.cpu_seconds / each.cpu_seconds,
                limit=1,
                unit=" times its CPU",
            )


def no_more_cpu_than_before(text: str, comparison: Comparison) -> Iterator[Goal]:
    """Compare the CPU with that of the earlier commit."""
    ours, before = comparison.of("ours"), comparison.of("before")
    if ours and before:
        ratio = ours.cpu_seconds / before.cpu_seconds
        yield Goal(text=f"{text}: no more CPU than before", measured=ratio, limit=1, unit=" times its CPU")


def rate_and_memory(comparison: Comparison) -> Iterator[Goal]:
    """Compare the rate with that of two peers, and the memory with its limit."""
    ours = comparison.of("ours")
    for peer in map(comparison.of, FASTER_THAN):
        if ours and peer:
            yield Goal(
                text=f"{ours.meetings:,} meetings without a limit: at least {TIMES_FASTER} times the requests per "
                f"second of {peer.contender.label}",
                measured=ours.rate / peer.rate,
                limit=TIMES_FASTER,
                unit=" times",
                is_least=True,
            )
    if ours:
        yield Goal(
            text=f"{ours.meetings:,} meetings, one request each, under {MOST_MB} MB",
            measured=ours.peak_mb,
            limit=MOST_MB,
            unit=" MB",
        )
