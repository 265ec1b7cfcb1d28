"""`rtk-usage report`."""

from __future__ import annotations

from typing import Any

import click

from etl.cli.build_settings import usage_errors
from etl.cli.completion import complete_report
from etl.cli.examples import examples
from etl.cli.options import answer_options
from etl.cli.output import print_entry, print_text
from etl.reports.catalogue import find_report, report_descriptions


@click.command(
    epilog=examples(
        "report",
        "report daily --since 7d --tz Europe/Berlin",
        "report meetings --since 2026-11-01 --until 2026-12-01 --output november.csv",
    )
)
@click.argument("name", required=False, shell_complete=complete_report)
@answer_options
def report(*, name: str | None, **options: Any) -> None:
    """Show a usage report.

    NAME is a report, or a SQL file of your own, which can use $since, $until, $tz, $app_id and $prices. Without NAME,
    the command lists the reports.
    """
    if name is None:
        _list_reports()
    else:
        _show_report(name, options)


def _list_reports() -> None:
    for name, description in report_descriptions().items():
        print_entry(f"{name:12} ", description)
    print_text("\nrtk-usage report NAME shows one; --since, --until and --tz choose the period.")


def _show_report(name: str, options: dict[str, Any]) -> None:
    from etl.cli.answer import show_report

    with usage_errors():
        query = find_report(name)
    show_report(query, options)
