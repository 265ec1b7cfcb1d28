"""`rtk-usage page`: usage as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from etl.cli.files import replace
from etl.cli.periods import period_options
from etl.cli.reports import period_from, source_from, source_options
from etl.cli.types import NewFile
from etl.errors import ConfigError


@click.command()
@click.option(
    "--output", type=NewFile(dir_okay=False), required=True, help="The file to write; one that is there is replaced."
)
@click.option("--title", default="RealtimeKit usage", show_default=True, help="What stands at the top.")
@period_options
@click.option(
    "--prices",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="RTK_USAGE_PRICES",
    show_envvar=True,
    help="A CSV file of your own prices: type, low_usd_per_minute, high_usd_per_minute, note.",
)
@source_options
def page(*, output: Path, title: str, **options: Any) -> None:  # noqa: ANN401  # as click gives them
    """Write usage as one HTML file that needs nothing else: no script, no request to anywhere.

    It opens offline and from an e-mail, on a phone and in print. It names meetings: mind whom you send it to.
    """
    content = _page(title, options)
    replace(output, content)
    click.echo(f"{output}: {len(content) / 1e6:.2f} MB", err=True)


def _page(title: str, options: dict[str, Any]) -> bytes:
    """The page that the options mean, made now."""
    from datetime import UTC, datetime  # noqa: PLC0415  # `--help` needs none of it

    from etl import __version__, queries  # noqa: PLC0415  # only when needed

    try:
        from etl.page.found import Asked  # noqa: PLC0415  # only when needed
        from etl.page.html import Made  # noqa: PLC0415  # needs the extra
        from etl.page.make import make_page  # noqa: PLC0415  # needs the extra
    except ModuleNotFoundError as error:
        raise ConfigError(f'{error.name} is missing: pip install "realtimekit-usage[page]"') from error
    prices = options["prices"] or queries.file("prices.csv")
    asked = Asked(period=period_from(options), app_id=options["app_id"], prices=prices)
    made = Made(at=datetime.now(UTC), database=options["database"].name, version=__version__, title=title)
    return make_page(source_from(options), asked, made)
