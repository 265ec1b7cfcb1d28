"""Reports on 100 million snapshots, each as a whole process, beside the usual query for the same figures."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.goal import Goal
from bench.measure import NO_VARIABLES, run_measured

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from bench.measure import ProcessCost

DAYS = 348
SHORT_DAYS = 31
ROUNDS = 3
ROWS_PER_DAY = 288_000
SESSIONS_PER_DAY = 24_000
LISTED = 1_000
FOLDER = Path(__file__).parent
COMMAND = Path(sys.executable).with_name("rtk-usage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Histories:
    """A database with a year of snapshots, the same with final figures, and one with the last month alone."""

    year: Path
    year_with_finals: Path
    month: Path
    days: int
    short_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The cost of each report, and of `check`. `daily_on_short` reads the database of the last month."""

    histories: Histories
    daily: ProcessCost
    daily_with_finals: ProcessCost
    daily_on_short: ProcessCost
    everything: ProcessCost
    everything_with_finals: ProcessCost
    page: ProcessCost
    page_bytes: int
    peer: ProcessCost
    check: ProcessCost
    database_bytes: int


def make_histories(folder: Path, *, shrink: int) -> Histories:
    """Make the databases, unless they are there, each in a process of its own, so that this one stays small."""
    folder.mkdir(exist_ok=True)
    days, short_days = max(3, DAYS // shrink), max(2, SHORT_DAYS // shrink)
    histories = Histories(
        year=folder / f"{days}-days.duckdb",
        year_with_finals=folder / f"{days}-days-with-finals.duckdb",
        month=folder / f"{short_days}-days.duckdb",
        days=days,
        short_days=short_days,
    )
    make_database(histories.year, days)
    make_database(histories.year_with_finals, days, "--finals")
    make_database(histories.month, short_days)
    return histories


def make_database(database: Path, days: int, *options: str) -> None:
    """Make a database, unless it is there."""
    if database.exists():
        return
    unfinished = database.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    command: list[str | Path] = [sys.executable, FOLDER / "history.py", unfinished, str(days), *options]
    cost = run_measured(command, log=database.with_name("history.txt"))
    unfinished.rename(database)
    print(f"{database.name} made in {cost.wall_seconds:.0f} s", flush=True)


def measure_reports(histories: Histories, folder: Path) -> Reports:
    """Read reports from both databases."""
    page = folder / "usage.html"
    year = histories.year
    make_page: list[str | Path] = [COMMAND, "page", "--since", "all", "--database", year, "--output", page]
    log = folder / "report.txt"
    return Reports(
        histories=histories,
        daily=middle_of_rounds(report(year, "30d"), log),
        daily_with_finals=middle_of_rounds(report(histories.year_with_finals, "30d"), log),
        daily_on_short=middle_of_rounds(report(histories.month, "30d"), log),
        everything=run_shown(report(year, "all"), log),
        everything_with_finals=run_shown(report(histories.year_with_finals, "all"), log),
        page=run_shown(make_page, log),
        page_bytes=page.stat().st_size,
        peer=middle_of_rounds([sys.executable, FOLDER / "peer_lag.py", year], log),
        check=measure_check(year, folder),
        database_bytes=year.stat().st_size,
    )


def measure_check(database: Path, folder: Path) -> ProcessCost:
    """Return the cost of `check` over the last whole day, the median of some runs.

    It ends with 2, because the history ends at midnight: the newest snapshot is old.
    """
    meetings = folder / "check-meetings.txt"
    meetings.write_text("".join(f"meeting-{number:04}\n" for number in range(LISTED)), encoding="utf-8")
    command = [COMMAND, "check", meetings, "--since", "1d", "--database", database]
    variables = {"CLOUDFLARE_ACCOUNT_ID": "account", "REALTIMEKIT_APP_ID": "app"}
    return middle_of_rounds(command, folder / "check.txt", variables=variables, accepted=(2,))


def report(database: Path, since: str) -> list[str | Path]:
    """Return the command of the report by day."""
    return [COMMAND, "report", "daily", "--since", since, "--database", database]


def middle_of_rounds(
    command: Sequence[str | Path],
    log: Path,
    *,
    variables: Mapping[str, str] = NO_VARIABLES,
    accepted: Collection[int] = (0,),
) -> ProcessCost:
    """Run a command some times; return the cost of the run with the median wall time."""
    costs = [run_shown(command, log, variables=variables, accepted=accepted) for _ in range(ROUNDS)]
    middle = median(cost.wall_seconds for cost in costs)
    return next(cost for cost in costs if cost.wall_seconds == middle)


def run_shown(
    command: Sequence[str | Path],
    log: Path,
    *,
    variables: Mapping[str, str] = NO_VARIABLES,
    accepted: Collection[int] = (0,),
) -> ProcessCost:
    """Run a command, and print its cost."""
    cost = run_measured(command, log=log, variables=variables, accepted=accepted)
    name = " ".join(Path(part).name for part in command)
    print(f"{name}: {cost.wall_seconds:.2f} s, {cost.cpu_seconds:.2f} s of CPU, {cost.peak_mb:.0f} MB", flush=True)
    return cost


def section(reports: Reports) -> str:
    """Return the section of the results."""
    histories = reports.histories
    sessions = histories.days * SESSIONS_PER_DAY / 1e6
    rows = histories.days * ROWS_PER_DAY / 1e6
    faster = reports.peer.wall_seconds / reports.daily.wall_seconds
    return f"""## Reports

{rows:,.0f} million snapshots ({reports.database_bytes / 1e9:.1f} GB): 1,000 sessions live at a time, a slot every five
minutes, new sessions every hour (`bench/reports/history.py`). With final figures, each of the {sessions:.1f}
million sessions has them. Each report is a whole process. The figures are medians of {ROUNDS} runs, and those of all
history are one run. The peer is the usual query over the same 30 days, `lag()` over every row
(`bench/reports/peer_lag.py`). It splits nothing at midnight.

| | wall s | CPU s | peak MB | its wall : ours |
|---|--:|--:|--:|--:|
{row("`report daily --since 30d`", reports.daily)} |
{row(f"the same, in a database of {histories.short_days} days", reports.daily_on_short)} |
{row("the same, with final figures", reports.daily_with_finals)} |
{row("the peer", reports.peer)} {faster:.1f} |
{row("`report daily --since all`", reports.everything)} |
{row("the same, with final figures", reports.everything_with_finals)} |
{row(f"`page --since all`, {reports.page_bytes / 1e6:.2f} MB", reports.page)} |
{row("`check --since 1d`: its rules cover a whole day", reports.check)} |

Run this part alone: `.venv/bin/python -m bench.run --only reports`
"""


def row(text: str, cost: ProcessCost) -> str:
    """Return a row of the table, up to its last column."""
    return f"| {text} | {cost.wall_seconds:.2f} | {cost.cpu_seconds:.2f} | {cost.peak_mb:.0f} |"


def goals(reports: Reports) -> Iterator[Goal]:
    """Judge the time and the memory of reports."""
    on_short = reports.daily.wall_seconds / reports.daily_on_short.wall_seconds
    yield Goal(text="30 days by day under 1.5 s", measured=reports.daily.wall_seconds, limit=1.5, unit=" s")
    yield Goal(
        text="at most 1.3 times the time that a database of these days alone takes", measured=on_short, limit=1.3
    )
    yield Goal(
        text="30 days by day with final figures under 1.5 s",
        measured=reports.daily_with_finals.wall_seconds,
        limit=1.5,
        unit=" s",
    )
    yield Goal(
        text="all history by day with final figures under 20 s",
        measured=reports.everything_with_finals.wall_seconds,
        limit=20,
        unit=" s",
    )
    yield Goal(text="all history by day under 20 s", measured=reports.everything.wall_seconds, limit=20, unit=" s")
    yield Goal(text="and under 2 GB", measured=reports.everything.peak_mb / 1000, limit=2, unit=" GB")
    yield Goal(text="the page of all history under 15 s", measured=reports.page.wall_seconds, limit=15, unit=" s")
    yield Goal(text="and under 3 MB", measured=reports.page_bytes / 1e6, limit=3, unit=" MB")
    yield Goal(text="check under 1 s", measured=reports.check.wall_seconds, limit=1, unit=" s")
