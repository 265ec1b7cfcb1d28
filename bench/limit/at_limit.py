"""What every contender really does with a list that is longer than the limit, in real time, in the background.

All of it is waiting, save the first seconds and the last: whoever waits for the limit takes five minutes, which are
spent on the rest of the benchmark.
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
# By then everyone has sent what is let in, and has failed, is done, or waits.
BURST_SECONDS = 25.0


@dataclass(frozen=True, kw_only=True)
class AtLimit:
    """What a contender did: requests as the simulator counted them, rows as its database holds them."""

    label: str
    meetings: int
    seconds: float
    is_stopped: bool
    exit_code: int
    said: str
    rows: int
    requests: int
    refusals: int
    asked: int


class Attempt:
    """A contender that is let loose on the limit."""

    def __init__(self, contender: Contender, patience: float) -> None:
        arguments = (contender.name, contender.python, str(MEETINGS), str(patience))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.limit.real_time", *arguments], stdout=subprocess.PIPE, env=environment()
        )

    def result(self) -> AtLimit:
        """Wait for its end, and return what it did."""
        told, _ = self._process.communicate()
        if self._process.returncode != 0:
            raise ContenderFailed("limit.py failed; its own message is above")
        result = AtLimit(**json.loads(told))
        print(f"at the limit: {result}", flush=True)
        return result

    def stop(self) -> None:
        """End it, unless it has ended."""
        self._process.terminate()
        self._process.wait()


@contextlib.contextmanager
def let_loose(contenders: list[Contender], *, patience: float) -> Iterator[list[Attempt]]:
    """Let every contender run against the limit; the block is entered once their first seconds are over."""
    with contextlib.ExitStack() as stack:
        attempts = []
        for one in contenders:
            attempts.append(Attempt(one, patience))
            stack.callback(attempts[-1].stop)
        time.sleep(BURST_SECONDS)
        yield attempts
