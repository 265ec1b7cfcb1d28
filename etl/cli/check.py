"""`rtk-usage check`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from etl.cli.periods import period_options
from etl.cli.reports import period_from, source_from, source_options

if TYPE_CHECKING:
    from etl.reports.checks import Checked

_SHOWN = 20


@click.command()
@click.option("--data", "is_data", is_flag=True, help="Check the rules that the figures in the database keep.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@period_options
@source_options
def check(*, is_data: bool, as_json: bool, **options: Any) -> None:  # noqa: ANN401  # as click gives them
    """Check that the figures can be trusted: totals never fall, no meeting is twice in a slot, and so on.

    Rows that break a rule are named, and the exit code is 1.
    """
    if not is_data:
        raise click.UsageError("What is to be checked? --data checks the figures in the database.")
    from etl.errors import CheckFailed  # noqa: PLC0415  # only when needed
    from etl.reports.catalogue import parameters  # noqa: PLC0415  # only when needed
    from etl.reports.checks import check_data  # noqa: PLC0415  # `--help` needs none of it

    period = period_from(options)
    checked = check_data(source_from(options), parameters(period, app_id=options["app_id"], prices=None))
    click.echo(_as_json(checked, period.tz) if as_json else _as_text(checked, period.tz))
    broken = [one.name for one in checked if not one.is_kept]
    if broken:
        raise CheckFailed(f"{len(broken)} of {len(checked)} rules are broken: {', '.join(broken)}")


def _as_text(checked: list[Checked], tz: str) -> str:
    """A line a rule, and the first rows that break it."""
    from etl.reports.formats import as_table  # noqa: PLC0415  # only when needed

    lines = []
    for one in checked:
        if one.is_kept:
            lines.append(f"ok      {one.name}: {one.rule}")
        else:
            shown = as_table(one.broken.head(_SHOWN), tz, width=None)
            lines.append(f"BROKEN  {one.name}: {one.rule}; not so in {one.broken.height:,} rows\n{shown}")
    return "\n".join(lines)


def _as_json(checked: list[Checked], tz: str) -> str:
    """All rules with all rows that break them."""
    from etl.reports.formats import records  # noqa: PLC0415  # only when needed

    rules = [{"name": one.name, "rule": one.rule, "broken": records(one.broken, tz)} for one in checked]
    return json.dumps({"checks": rules}, indent=1, ensure_ascii=False)
