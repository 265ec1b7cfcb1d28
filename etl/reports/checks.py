"""The rules that stored figures keep. Each file in `sql/checks/` selects the rows that break one rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.reports.catalogue import describe
from etl.reports.fit import as_fitted_table
from etl.reports.formats import records
from etl.reports.table import as_table
from etl.store import sql_files
from etl.store.read import run_query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from polars import DataFrame

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


def run_checks(connection: Connection, parameters: Mapping[str, object]) -> list[CheckResult]:
    """Run every check on the period of the parameters."""
    return [_run_check(connection, name, parameters) for name in sql_files.names(_FOLDER)]


def offenders_as_text(result: CheckResult, tz: str, *, width: int | None) -> str:
    """Format the first rows that break a rule: all columns, or those that fit the `width`."""
    shown = result.offenders.head(_SHOWN_ROWS)
    return as_table(shown, tz) if width is None else as_fitted_table(shown, tz, width=width)


def results_as_records(results: Sequence[CheckResult], tz: str) -> list[dict[str, object]]:
    """Return all rules, with all rows that break them, as JSON can hold them."""
    return [{"name": result.name, "rule": result.rule, "broken": records(result.offenders, tz)} for result in results]


def _run_check(connection: Connection, name: str, parameters: Mapping[str, object]) -> CheckResult:
    offenders = run_query(connection, sql_files.text(name), parameters, where=name)
    return CheckResult(name=name.partition("/")[2], rule=describe(name), offenders=offenders)
