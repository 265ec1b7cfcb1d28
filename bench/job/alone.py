"""The project alone: connections over https, lists too long for its peers, and parts of the job (`parts.py`)."""

from __future__ import annotations

import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.goal import Goal
from bench.job.job import UNLIMITED, Shape
from bench.measure import run_measured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.job.contenders import Contender
    from bench.job.job import JobResult, JobRunner

CONNECTIONS = 32
SECURE_MEETINGS = 10_000
LONG_LIST = 100_000
LONGEST_LIST = 1_000_000
PARTS = Path(__file__).with_name("parts.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Medians of `--help`, of reading a list of a million IDs, of the time the database is open, and of a loop."""

    help_seconds: float
    list_seconds: float
    list_mb: float
    open_ms: float
    loop_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """Single runs of three shapes, and parts of the job."""

    runs: dict[Shape, JobResult]
    secure: Shape
    each: Shape
    by_list: Shape
    parts: Parts


def measure_alone(ours: Contender, runner: JobRunner, *, rounds: int, shrink: int) -> Alone:
    """Run the project in shapes of its own; `shrink` divides the lengths of the lists."""
    options = ("--via", "meetings", *UNLIMITED)
    secure = Shape(meetings=SECURE_MEETINGS // shrink, via="meetings", options=options, is_secure=True)
    each = Shape(meetings=LONG_LIST // shrink, via="meetings", options=options)
    by_list = Shape(meetings=LONGEST_LIST // shrink, via="list", options=("--via", "list", *UNLIMITED))
    return Alone(
        runs={shape: runner.run(ours, shape) for shape in (secure, each, by_list)},
        secure=secure,
        each=each,
        by_list=by_list,
        parts=measure_parts(runner.folder, rounds),
    )


def measure_parts(folder: Path, rounds: int) -> Parts:
    """Measure parts of the job on their own."""
    command = Path(sys.executable).with_name("rtk-usage")
    helps = [run_measured([command, "--help"], log=folder / "help.txt") for _ in range(rounds)]
    meetings_file = folder / "million.txt"
    with meetings_file.open("w", encoding="utf-8") as file:
        file.writelines(f"{uuid.UUID(int=number << 64)}\n" for number in range(1_000_000))
    lists = [measure_part("list", meetings_file, folder) for _ in range(rounds)]
    opens = [measure_part("load", folder / f"load-{number}", folder) for number in range(rounds)]
    return Parts(
        help_seconds=median(cost.cpu_seconds for cost in helps),
        list_seconds=median(seconds for seconds, _ in lists),
        list_mb=median(peak_mb for _, peak_mb in lists),
        open_ms=median(seconds for seconds, _ in opens) * 1000,
        loop_seconds=median(time_loop() for _ in range(rounds)),
    )


def measure_part(name: str, path: Path, folder: Path) -> tuple[float, float]:
    """Run a part of the job; return the seconds it prints, and the peak memory of its process in megabytes."""
    log = folder / f"{name}.txt"
    cost = run_measured([sys.executable, PARTS, name, path], log=log)
    return float(log.read_text(encoding="utf-8")), cost.peak_mb


def time_loop() -> float:
    """Return the CPU seconds of a loop that is the same everywhere, to compare machines by."""
    started = time.process_time()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - started


def section(alone: Alone) -> str:
    """Return the section of the results."""
    texts = {alone.secure: "over https", alone.each: "one request each", alone.by_list: "as one list"}
    rows = "\n".join(row(text, shape, alone.runs[shape]) for shape, text in texts.items())
    return f"""## Long lists, and https

`rtk-usage` alone, against the same nginx without a limit, one run each. Over https, nginx shows a certificate that the
client trusts through `SSL_CERT_FILE`. nginx counts the connections.

| | CPU ms per meeting | peak MB | requests | connections |
|---|--:|--:|--:|--:|
{rows}

Run this part alone: `.venv/bin/python -m bench.run --only alone`
"""


def row(text: str, shape: Shape, result: JobResult) -> str:
    """Return a row of the table."""
    cpu_ms = result.cost.cpu_seconds / shape.meetings * 1000
    return (
        f"| {shape.meetings:,} meetings, {text} | {cpu_ms:.3f} | {result.cost.peak_mb:.0f} "
        f"| {result.requests:,} | {result.connections} |"
    )


def goals(alone: Alone) -> Iterator[Goal]:
    """Judge connections, requests, memory, and the parts of the job."""
    secure, each, by_list = (alone.runs[shape] for shape in (alone.secure, alone.each, alone.by_list))
    yield Goal(
        text=f"{alone.secure.meetings:,} meetings over https: at most {CONNECTIONS} connections",
        measured=secure.connections,
        limit=CONNECTIONS,
    )
    text = f"{alone.each.meetings:,} meetings, one request each, under 250 MB"
    yield Goal(text=text, measured=each.cost.peak_mb, limit=250, unit=" MB")
    text = f"{alone.by_list.meetings:,} meetings as one list: at most 302 requests"
    yield Goal(text=text, measured=by_list.requests, limit=302)
    yield Goal(text="and under 400 MB", measured=by_list.cost.peak_mb, limit=400, unit=" MB")
    parts = alone.parts
    yield Goal(text="`rtk-usage --help` under 0.15 s of CPU", measured=parts.help_seconds, limit=0.15, unit=" s")
    yield Goal(text="a list of a million IDs read in under 2 s", measured=parts.list_seconds, limit=2, unit=" s")
    yield Goal(text="and under 300 MB", measured=parts.list_mb, limit=300, unit=" MB")
    text = "the database open for under 100 ms per run (1,000 live sessions)"
    yield Goal(text=text, measured=parts.open_ms, limit=100, unit=" ms")
