"""`rtk-usage page`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from etl.cli.build_settings import make_period, read_settings
from etl.cli.examples import examples
from etl.cli.options import period_options, prices_option, read_options
from etl.cli.output import check_output, print_answer
from etl.cli.types import OutputFile, output_or_none
from etl.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from etl.reports.periods import Period
    from etl.settings import ReadSettings

TITLE = "RealtimeKit usage"


@click.command(
    epilog=examples(
        "page",
        "page --since 7d --tz Europe/Berlin --output week.html",
        "page --interactive",
    )
)
@click.option(
    "--output",
    type=OutputFile(),
    callback=output_or_none,
    default="usage.html",
    show_default=True,
    help="The file to write, .html or .htm, or - for standard output. An existing file is replaced.",
)
@click.option("--title", default=TITLE, show_default=True, help="The title of the page.")
@click.option(
    "--interactive",
    "is_interactive",
    is_flag=True,
    help="Add a script to the page: search all meetings, sort each table, see the days of a meeting.",
)
@period_options
@prices_option
@read_options
def page(*, output: Path | None, title: str, is_interactive: bool, **options: Any) -> None:
    """Write usage as one HTML file.

    The file needs no network: it opens offline, from an e-mail, on a phone and in print. It has no script without
    --interactive. It contains the names of meetings, so consider whom you send it to.
    """
    check_output(output, database=options["database"], endings=(".html", ".htm"))
    period = make_period(options)
    content = render_page(
        read_settings(options),
        period,
        title=title,
        app_id=options["app_id"],
        prices=options["prices"],
        is_interactive=is_interactive,
    )
    if output is None:
        print_answer(content)
    else:
        write_whole(output, content)
        click.echo(f"Wrote {output} ({len(content) / 1e6:.2f} MB)", err=True)


def render_page(settings: ReadSettings, period: Period, *, title: str = TITLE, **options: Any) -> bytes:
    """Render the page of a database."""
    from etl.page import html, query

    return html.make_page(settings, query.PageOptions(period=period, title=title, **options))
