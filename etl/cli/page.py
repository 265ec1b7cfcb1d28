"""`rtk-usage page`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from etl.cli.build_settings import make_period, read_settings
from etl.cli.examples import examples
from etl.cli.options import period_options, prices_option, read_options
from etl.cli.output import check_output, note_output, print_answer
from etl.cli.types import PageOutput, SiteDirectory, output_or_none
from etl.files import write_whole
from etl.reports.counts import format_count

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
        "page --output site/ --tz Europe/Berlin",
    )
)
@click.option(
    "--output",
    type=PageOutput(),
    callback=output_or_none,
    default="usage.html",
    show_default=True,
    help="The file to write, .html or .htm, or - for standard output. An existing file is replaced. A name with a "
    "final / is a directory for a page per week and month, and an index.",
)
@click.option("--rebuild", is_flag=True, help="Make all pages of a directory again, also those of past months.")
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
def page(*, output: Path | SiteDirectory | None, rebuild: bool, **options: Any) -> None:
    """Write usage as one HTML file, or as a small site.

    The file needs no network: it opens offline, from an e-mail, on a phone and in print. It has no script without
    --interactive. It contains the names of meetings, so consider whom you send it to. A site has pages of this week,
    this month, the last month and each month before, and an index. The page of a past month is made once.
    """
    if isinstance(output, SiteDirectory):
        _write_site(output.path, options, rebuild=rebuild)
        return
    if rebuild:
        raise click.UsageError("--rebuild is for the directory of a site: write --output site/")
    check_output(output, database=options["database"], endings=(".html", ".htm"))
    content = render_page(read_settings(options), make_period(options), **_choices(options))
    if output is None:
        print_answer(content)
    else:
        note_output(options["database"], output, kind="page")
        write_whole(output, content)
        click.echo(f"Wrote {output} ({len(content) / 1e6:.2f} MB)", err=True)


def _write_site(directory: Path, options: dict[str, Any], *, rebuild: bool) -> None:
    from etl.page.query import PageOptions
    from etl.page.site import write_site

    context = click.get_current_context()
    if any(context.get_parameter_source(name) == ParameterSource.COMMANDLINE for name in ("since", "until")):
        raise click.UsageError("The pages of a site have their own periods: leave out --since and --until.")
    check_output(directory)
    period = make_period(options | {"since": "all", "until": None})
    note_output(options["database"], directory, kind="site")
    pages = write_site(
        read_settings(options), directory, PageOptions(period=period, **_choices(options)), rebuild=rebuild
    )
    made, kept = format_count(pages.made, "page"), f"; {pages.kept} of past months were there" if pages.kept else ""
    click.echo(f"Wrote {made} and the index into {directory}/{kept}", err=True)


def _choices(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that a page and a site have in common."""
    return {name: options[name] for name in ("title", "app_id", "prices", "is_interactive")}


def render_page(settings: ReadSettings, period: Period, *, title: str = TITLE, **options: Any) -> bytes:
    """Render the page of a database."""
    from etl.page import html, query

    return html.make_page(settings, query.PageOptions(period=period, title=title, **options))
