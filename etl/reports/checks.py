"""The rules that stored figures keep. Each file in `sql/checks/` selects the rows that break one rule."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.reports.ask import read_data_range, read_database
from etl.reports.catalogue import describe
from etl.reports.fit import as_fitted_table
from etl.reports.formats import records
from etl.reports.table import as_table
from etl.store import sql_files
from etl.store.apps import require_known_app
from etl.store.read import run_query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from polars import DataFrame

    from etl.reports.ask import DataRange
    from etl.settings import ReadSettings
    from etl.store.database import Connection

_FOLDER = "checks"
_SHOWN_ROWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """A rule, and the rows that break it."""

    name: str
    rule: str
    offenders: DataFrame

    @property
    def is_passed(self) -> bool:
        """True if no row breaks the rule."""
        return self.offenders.is_empty()


def run_checks(settings: ReadSettings, parameters: Mapping[str, object]) -> tuple[list[CheckResult], DataRange]:
    """Run every check on the period of the parameters. Also return the range of the data in the database.

    Raises ConfigError if the database or the app has no data.
    """

    def use(connection: Connection) -> tuple[list[CheckResult], DataRange]:
        data_range = read_data_range(connection, settings.database)
        require_known_app(connection, settings.database, parameters["app_id"])
        return [_run_check(connection, name, parameters) for name in sql_files.names(_FOLDER)], data_range

    return read_database(settings, use)


def results_as_text(results: Sequence[CheckResult], tz: str, *, width: int | None) -> str:
    """Format one line per rule, with the first rows that break it: all columns, or those that fit the `width`."""
    return "\n".join(_result_as_text(result, tz, width) for result in results)


def results_as_json(results: Sequence[CheckResult], tz: str) -> str:
    """Format all rules, with all rows that break them, as one JSON object."""
    rules = [{"name": result.name, "rule": result.rule, "broken": records(result.offenders, tz)} for result in results]
    return json.dumps({"checks": rules}, indent=1, ensure_ascii=False)


def _run_check(connection: Connection, name: str, parameters: Mapping[str, object]) -> CheckResult:
    offenders = run_query(connection, sql_files.text(name), parameters, where=name)
    return CheckResult(name=name.partition("/")[2], rule=describe(name), offenders=offenders)


def _result_as_text(result: CheckResult, tz: str, width: int | None) -> str:
    if result.is_passed:
        return f"ok      {result.name}: {result.rule}"
    shown = result.offenders.head(_SHOWN_ROWS)
    table = as_table(shown, tz) if width is None else as_fitted_table(shown, tz, width=width)
    offenders = result.offenders.height
    rows = "1 row breaks" if offenders == 1 else f"{offenders:,} rows break"
    return f"BROKEN  {result.name}: {result.rule}; {rows} this rule\n{table}"
