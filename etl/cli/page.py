"""`rtk-usage page`: usage as one HTML file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from etl.cli.periods import period_options
from etl.cli.reports import period_from, prices_option, source_from, source_options
from etl.cli.types import NewFile
from etl.errors import ConfigError
from etl.files import refuse_database_as_output, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from etl.reports.ask import Source
    from etl.settings import Period

TITLE = "RealtimeKit usage"


@click.command()
@click.option(
    "--output", type=NewFile(dir_okay=False), required=True, help="The file to write; one that is there is replaced."
)
@click.option("--title", default=TITLE, show_default=True, help="What stands at the top.")
@period_options
@prices_option
@source_options
def page(*, output: Path, title: str, **options: Any) -> None:  # noqa: ANN401  # as click gives them
    """Write usage as one HTML file that needs nothing else: no script, no request to anywhere.

    It opens offline and from an e-mail, on a phone and in print. It names meetings: mind whom you send it to.
    """
    refuse_database_as_output(options["database"], output)
    period = period_from(options)
    content = page_of(source_from(options), period, title=title, app_id=options["app_id"], prices=options["prices"])
    write_whole(output, content)
    click.echo(f"{output}: {len(content) / 1e6:.2f} MB", err=True)


def page_of(source: Source, period: Period, *, title: str, app_id: str | None, prices: Path | None) -> bytes:
    """The page as it is now. Raises ConfigError where what draws its charts is not installed."""
    from datetime import UTC, datetime  # noqa: PLC0415  # `--help` needs none of it

    from etl import __version__  # noqa: PLC0415  # only when needed
    from etl.reports.catalogue import parameters  # noqa: PLC0415  # only when needed

    try:
        from etl.page.found import Asked  # noqa: PLC0415  # only when needed
        from etl.page.html import Made  # noqa: PLC0415  # needs the extra
        from etl.page.make import make_page  # noqa: PLC0415  # needs the extra
    except ModuleNotFoundError as error:
        raise ConfigError(f'{error.name} is missing: pip install "realtimekit-usage[page]"') from error
    bound = parameters(period, app_id=app_id, prices=prices)
    asked = Asked(period=period, app_id=app_id, prices=str(bound["prices"]))
    made = Made(at=datetime.now(UTC), database=source.database.name, version=__version__, title=title)
    return make_page(source, asked, made)
