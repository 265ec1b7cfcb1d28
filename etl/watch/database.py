"""Findings about the database, the rules of its figures, and the space on its disk."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from etl.errors import StoreLocked
from etl.reports.checks import offenders_as_text
from etl.reports.counts import format_count
from etl.reports.formats import records
from etl.watch.findings import Finding, Severity, judge, worst_severity
from etl.watch.state import RECENT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from etl.errors import EtlError
    from etl.reports.ask import DataRange
    from etl.reports.checks import CheckResult
    from etl.reports.periods import Period
    from etl.watch.state import History, Version

_DAY = timedelta(days=1)
_WARNING_DAYS, _CRITICAL_DAYS = 30, 3
_WARNING_BYTES, _CRITICAL_BYTES = 200_000_000, 50_000_000
_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSpace:
    """The free bytes of the file system that holds a directory."""

    directory: Path
    device: int
    free_bytes: int


def find_closed_database(error: EtlError) -> Finding:
    """Judge a database that can't be read. What depends on it is not checked."""
    is_locked = isinstance(error, StoreLocked)
    rest = "Snapshots, completeness and figures are not checked"
    return Finding(
        severity=Severity.WARNING if is_locked else Severity.CRITICAL,
        subject="database",
        message=str(error),
        advice=f"Runs stay staged meanwhile. {rest}" if is_locked else rest,
    )


def find_database(database: Path, history: History, *, version: Version) -> Finding:
    """Describe a database that could be read."""
    size = database.stat().st_size
    rows = format_count(history.stored_rows, "snapshot of a session", "snapshots of sessions")
    return Finding(
        severity=Severity.FINE,
        subject="database",
        message=f"{database} has {format_bytes(size)} with {rows}, the schema {version.schema_version}, and opens with "
        f"DuckDB {version.duckdb_version}",
        details={"bytes": size, "rows": history.stored_rows, **asdict(version)},
    )


def find_figures(
    results: Sequence[CheckResult], data_range: DataRange, period: Period, *, width: int | None
) -> list[Finding]:
    """Judge the rules of the figures: one finding per broken rule, or one if all rules hold."""
    broken = [_find_broken(result, period, width) for result in results if not result.is_passed]
    if broken:
        return broken
    first, last = data_range.first, data_range.last
    if first is None or last is None or last < period.since or first >= period.until:
        return [
            Finding(
                severity=Severity.WARNING,
                subject="figures",
                message=f"no {data_range.subject} from {period}, so no rule was tried",
                advice="Name a period with data, such as --since all",
            )
        ]
    message = f"all {len(results)} rules hold from {period}"
    return [Finding(severity=Severity.FINE, subject="figures", message=message)]


def find_erasure(*, is_pending: bool) -> list[Finding]:
    """Find an erasure that was interrupted. The rows that it has erased are still in a file somewhere."""
    if not is_pending:
        return []
    return [
        Finding(
            severity=Severity.CRITICAL,
            subject="erasure",
            message="an erasure was interrupted, and has not reached every file",
            advice="Run rtk-usage compact, which completes it",
        )
    ]


def read_disk_space(directories: Sequence[Path]) -> list[DiskSpace]:
    """Read the free space of directories, or of the nearest directory above that exists. Each disk counts once."""
    spaces: dict[int, DiskSpace] = {}
    for directory in directories:
        existing = next(path for path in (directory, *directory.absolute().parents) if path.is_dir())
        device, free = existing.stat().st_dev, shutil.disk_usage(existing).free
        spaces.setdefault(device, DiskSpace(directory=existing, device=device, free_bytes=free))
    return list(spaces.values())


def bytes_per_day(history: History, database_bytes: int, now: datetime) -> float:
    """Estimate how much the database grows per day, from the snapshots of the last seven days."""
    if history.first_slot is None or not history.stored_rows:
        return 0.0
    days = max(min(now - history.first_slot, RECENT) / _DAY, 1.0)
    return history.recent_rows / days * database_bytes / history.stored_rows


def find_disk_space(space: DiskSpace, growth: float) -> Finding:
    """Judge free space: whether it lasts at the present growth, and whether any is left."""
    days = space.free_bytes / growth if growth else None
    severity = worst_severity(
        [
            judge(-space.free_bytes, warning=-_WARNING_BYTES, critical=-_CRITICAL_BYTES),
            judge(-days, warning=-_WARNING_DAYS, critical=-_CRITICAL_DAYS) if days is not None else Severity.FINE,
        ]
    )
    message = f"{format_bytes(space.free_bytes)} free in {space.directory}"
    if days is not None:
        message += f", enough for {_describe_days(days)} at the present growth of {format_bytes(growth)} per day"
    return Finding(
        severity=severity,
        subject="disk",
        message=message,
        advice="" if severity == Severity.FINE else "Free space there, or move the database to a larger disk",
        details={"free_bytes": space.free_bytes, "bytes_per_day": round(growth), "days": days and round(days, 1)},
    )


def format_bytes(count: float) -> str:
    """Format a number of bytes in its largest unit: `3.1 GB`."""
    for size, unit in _UNITS:
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} bytes"


def _describe_days(days: float) -> str:
    if days >= 3650:  # noqa: PLR2004  # nobody plans for longer than ten years
        return "more than ten years"
    return format_count(int(days), "day")


def _find_broken(result: CheckResult, period: Period, width: int | None) -> Finding:
    offenders = result.offenders.height
    rows = "1 row breaks" if offenders == 1 else f"{offenders:,} rows break"
    return Finding(
        severity=Severity.WARNING,
        subject="figures",
        message=f"{rows} the rule {result.name}: {result.rule}",
        advice=f"sql/checks/{result.name}.sql says what it means; the rows are below",
        details={"rule": result.name, "rows": offenders, "first": records(result.offenders.head(1), period.tz)},
        table=offenders_as_text(result, period.tz, width=width),
    )
