"""Reports on 100 million snapshots, each as a whole process: `reports.py`, or as a part of the benchmark.

`reports.py FILE` measures on a history that is there already, `history.py FILE DAYS` makes one.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.goal import Goal
from bench.measure import run_measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.measure import Sample

DAYS = 348
SHORT_DAYS = 31
ROUNDS = 3
ROWS_A_DAY = 288_000
BENCH = Path(__file__).parent
OURS = Path(sys.executable).with_name("rtk-usage")


@dataclass(frozen=True, kw_only=True)
class Reports:
    """What reports cost on a history of so many `rows`; `short` has the last month of it alone."""

    rows: int
    daily: Sample
    daily_on_short: Sample
    everything: Sample
    page: Sample
    page_bytes: int
    peer: Sample
    database_bytes: int


def measure_reports(folder: Path, *, shrink: int = 1, history: Path | None = None) -> Reports:
    """Make a year and a month of history, unless a year is there, and read reports from both."""
    year, month = history or folder / "year.duckdb", folder / "month.duckdb"
    if history is None:
        make(year, DAYS // shrink, folder)
    make(month, SHORT_DAYS, folder)
    page = folder / "usage.html"
    log = folder / "report.txt"
    return Reports(
        rows=DAYS // shrink * ROWS_A_DAY,
        daily=repeated(report(year, "30d"), log),
        daily_on_short=repeated(report(month, "30d"), log),
        everything=run_measured(report(year, "all"), log=log),
        page=run_measured([OURS, "page", "--since", "all", "--database", year, "--output", page], log=log),
        page_bytes=page.stat().st_size,
        peer=repeated([sys.executable, BENCH / "peer_lag.py", year], log),
        database_bytes=year.stat().st_size,
    )


def make(database: Path, days: int, folder: Path) -> None:
    """Make a history in a process of its own, so that this one stays small."""
    run_measured([sys.executable, BENCH / "history.py", database, str(days)], log=folder / "history.txt")


def report(database: Path, since: str) -> list[str | Path]:
    """Return the command of the report by day."""
    return [OURS, "report", "daily", "--since", since, "--database", database]


def repeated(command: Sequence[str | Path], log: Path) -> Sample:
    """Run a command some times; the sample with the median of the wall times."""
    samples = [run_measured(command, log=log) for _ in range(ROUNDS)]
    middle = median(one.wall_seconds for one in samples)
    return next(one for one in samples if one.wall_seconds == middle)


def section(reports: Reports) -> str:
    """Say what reports cost."""
    return f"""## Reports

{reports.rows / 1e6:,.0f} million snapshots ({reports.database_bytes / 1e9:.1f} GB): 1,000 sessions live at a time, \
a slot every five minutes, new sessions
every hour (`bench/reports/history.py`).
Each report is a whole process; medians of {ROUNDS}, those of all history are one run.
The peer is the usual query over the same 30 days,
`lag()` over every row (`bench/reports/peer_lag.py`), which splits nothing
at midnight.

| | wall s | CPU s | peak MB | its wall : ours |
|---|--:|--:|--:|--:|
{row("`report daily --since 30d`", reports.daily)} |
{row(f"the same, where there are {SHORT_DAYS} days of history only", reports.daily_on_short)} |
{row("the peer", reports.peer)} {reports.peer.wall_seconds / reports.daily.wall_seconds:.1f} |
{row("`report daily --since all`", reports.everything)} |
{row(f"`page --since all`, {reports.page_bytes / 1e6:.2f} MB", reports.page)} |

Again, by itself: `.venv/bin/python -m bench.reports.usage`
"""


def row(text: str, sample: Sample) -> str:
    """Return a row of the table, up to its last column."""
    return f"| {text} | {sample.wall_seconds:.2f} | {sample.cpu_seconds:.2f} | {sample.peak_bytes / 1e6:.0f} |"


def goals(reports: Reports) -> list[Goal]:
    """Return what reports set out to reach."""
    on_short = reports.daily.wall_seconds / reports.daily_on_short.wall_seconds
    return [
        Goal(text="30 days by day under 1.5 s", measured=reports.daily.wall_seconds, limit=1.5, unit=" s"),
        Goal(text="which is 1.3 times its time without the rest of the year, at most", measured=on_short, limit=1.3),
        Goal(text="all history by day under 20 s", measured=reports.everything.wall_seconds, limit=20, unit=" s"),
        Goal(text="and under 2 GB", measured=reports.everything.peak_bytes / 1e9, limit=2, unit=" GB"),
        Goal(text="the page of all history under 15 s", measured=reports.page.wall_seconds, limit=15, unit=" s"),
        Goal(text="and under 3 MB", measured=reports.page_bytes / 1e6, limit=3, unit=" MB"),
    ]


def main() -> None:
    """Measure, and print the section."""
    with tempfile.TemporaryDirectory(prefix="bench-reports-", dir=BENCH) as name:
        history = Path(sys.argv[1]) if len(sys.argv) > 1 else None
        measured = measure_reports(Path(name), history=history)
        print(section(measured), *goals(measured), sep="\n")
        shutil.rmtree(name, ignore_errors=True)


if __name__ == "__main__":
    main()
