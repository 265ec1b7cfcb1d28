"""`rtk-usage check`."""

from __future__ import annotations

from typing import Any

import click

from etl.cli.build_settings import make_period, read_settings
from etl.cli.examples import examples
from etl.cli.options import period_options, read_options
from etl.cli.output import print_text
from etl.errors import CheckFailed
from etl.reports.parameters import query_parameters


@click.command(
    epilog=examples(
        "check",
        "check --since all --json",
    )
)
@click.option("--json", "as_json", is_flag=True, help="Print all rules, and all rows that break them, as JSON.")
@period_options
@read_options
def check(*, as_json: bool, **options: Any) -> None:
    """Check that the stored figures can be trusted.

    For example, the total of a session never falls, and no meeting has two snapshots in a slot. The command prints the
    rows that break a rule, and ends with exit code 1.
    """
    from etl.cli.answer import explain_no_data
    from etl.reports import checks

    period = make_period(options)
    parameters = query_parameters(period, app_id=options["app_id"])
    results, data_range = checks.run_checks(read_settings(options), parameters)
    print_text((checks.results_as_json if as_json else checks.results_as_text)(results, period.tz))
    explain_no_data(data_range, period)
    broken = [result.name for result in results if not result.is_passed]
    if broken:
        raise CheckFailed(f"{len(broken)} of {len(results)} rules are broken: {', '.join(broken)}")
