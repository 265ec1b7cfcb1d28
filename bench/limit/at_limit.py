"""Every contender with a list that is longer than the limit, in real time, in the background.

Most of it is waiting for the next window, which is spent on other parts of the benchmark.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.measure import ContenderFailed, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.job.contenders import Contender

MEETINGS = 1_500
# By then every contender has sent what the first window lets in, and has failed, has ended, or waits.
BURST_SECONDS = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLimit:
    """The result of a contender: requests as the simulator counted them, rows as its database holds them."""

    label: str
    meetings: int
    seconds: float
    is_stopped: bool
    exit_code: int
    last_line: str
    rows: int
    requests: int
    refusals: int
    requested_meetings: int


class Attempt:
    """A contender that runs against the limit in a process of its own (`real_time.py`)."""

    def __init__(self, contender: Contender, via: str, patience: float) -> None:
        arguments = (contender.name, contender.python, via, str(MEETINGS), str(patience))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.limit.real_time", *arguments], stdout=subprocess.PIPE, env=environment()
        )

    def result(self) -> AtLimit:
        """Wait for its end, and return what it did."""
        printed, _ = self._process.communicate()
        if self._process.returncode != 0:
            raise ContenderFailed("bench.limit.real_time failed; its own message is above")
        result = AtLimit(**json.loads(printed))
        print(f"at the limit: {result}", flush=True)
        return result

    def stop(self) -> None:
        """End the process, unless it has ended."""
        self._process.terminate()
        self._process.wait()


@contextlib.contextmanager
def attempts_at_limit(contenders: list[Contender], *, patience: float) -> Iterator[list[Attempt]]:
    """Start every contender against the limit, the project both ways; enter the block after the first seconds."""
    ours, *peers = contenders
    ways = [(ours, "auto"), (ours, "meetings"), *((peer, "meetings") for peer in peers)]
    with contextlib.ExitStack() as stack:
        attempts = []
        for contender, via in ways:
            attempts.append(Attempt(contender, via, patience))
            stack.callback(attempts[-1].stop)
        time.sleep(min(BURST_SECONDS, patience))
        yield attempts


def section(results: list[AtLimit]) -> str:
    """Return the section of the results."""
    rows = "\n".join(map(row, results))
    meetings = results[0].meetings
    return f"""## What happens at the limit

{meetings:,} meetings, 3 % of them live, in real time. Each contender runs with its defaults against a simulator of its
own, which enforces the documented limit: 1,200 requests in 300 s, then 429 for every request during 300 s.

| | requests | refused | meetings requested | live sessions stored | how it ended |
|---|--:|--:|--:|--:|---|
{rows}

Run one contender alone: `.venv/bin/python -m bench.limit.real_time sdk $PWD/.venv/bin/python meetings {meetings} 400`
(its name, the interpreter that has the peers, the way, the number of meetings, the seconds after which it is stopped)
"""


def row(result: AtLimit) -> str:
    """Return the row of one contender."""
    requested = f"{result.requested_meetings:,}" if result.requested_meetings else "none: it read the list"
    if result.is_stopped:
        end = f"still waiting after {result.seconds:.0f} s, and stopped"
    elif result.exit_code:
        end = f"failed after {result.seconds:.0f} s: `{result.last_line.replace('|', ' ')}`"
    else:
        end = f"done after {result.seconds:.1f} s"
    return f"| {result.label} | {result.requests:,} | {result.refusals:,} | {requested} | {result.rows} | {end} |"
