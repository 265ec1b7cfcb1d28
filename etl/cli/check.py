"""`rtk-usage check`."""

from __future__ import annotations

import sys
from typing import Any

import click

from etl.cli.build_settings import make_period, read_settings
from etl.cli.examples import examples
from etl.cli.options import period_options, read_options, wide_option
from etl.cli.output import print_text
from etl.cli.terminal import terminal_width
from etl.errors import CheckFailed
from etl.reports.counts import format_count
from etl.reports.parameters import query_parameters


@click.command(
    epilog=examples(
        "check",
        "check --since all --json",
    )
)
@click.option("--json", "as_json", is_flag=True, help="Print all rules, and all rows that break them, as JSON.")
@wide_option
@period_options
@read_options
def check(*, as_json: bool, wide: bool, **options: Any) -> None:
    """Check that the stored figures can be trusted.

    For example, the total of a session never falls, and no meeting has two snapshots in a slot. The command prints the
    rows that break a rule, and ends with exit code 1.
    """
    from etl.cli.answer import explain_no_data
    from etl.reports import checks

    period = make_period(options)
    parameters = query_parameters(period, app_id=options["app_id"])
    results, data_range = checks.run_checks(read_settings(options), parameters)
    if as_json:
        print_text(checks.results_as_json(results, period.tz))
    else:
        width = None if wide else terminal_width(sys.stdout)
        print_text(checks.results_as_text(results, period.tz, width=width))
    explain_no_data(data_range, period)
    broken = [result.name for result in results if not result.is_passed]
    if broken:
        verb = "is" if len(broken) == 1 else "are"
        raise CheckFailed(f"{len(broken)} of {format_count(len(results), 'rule')} {verb} broken: {', '.join(broken)}")
