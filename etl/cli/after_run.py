"""The steps after a run, once its rows are stored. None of them fails the run: an error is a warning."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from etl.cli.output import print_warning
from etl.errors import EtlError
from etl.settings import ReadSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta
    from pathlib import Path

    from etl.values.run import RunSummary


def finish_run(summary: RunSummary, options: dict[str, Any]) -> None:
    """Take the steps that the options of a run ask for. Each is tried, also after another has failed."""
    for name, step in _steps(summary, options):
        try:
            step()
        except EtlError as error:
            print_warning(f"the run is not affected, but {name} failed: {error}")
        except Exception as error:  # noqa: BLE001  # the rows are stored, whatever defect a step has
            print_warning(f"the run is not affected, but {name} failed: {type(error).__name__}: {error}")


def _steps(summary: RunSummary, options: dict[str, Any]) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield the steps of a run with their names."""
    for destination in options["exports"]:
        export = partial(_export, summary.database, destination, every=options["export_every"])
        yield f"the export to {destination}", export


def _export(database: Path, destination: Path, *, every: timedelta | None) -> None:
    """Export if an export is due."""
    from etl.jobs.export import export_database, is_due

    now = datetime.now(UTC)
    if every is None or is_due(database, destination, every=every, now=now):
        export_database(ReadSettings(database=database), destination, now=now)
