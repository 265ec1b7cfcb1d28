"""`rtk-usage check`."""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl.cli.build_settings import DEFAULT_LIST, api_settings, make_period, strip_or_none
from etl.cli.examples import examples
from etl.cli.options import APP, limited_api_options, make_period_options, watch_options, wide_option
from etl.cli.output import print_text
from etl.cli.terminal import terminal_width
from etl.errors import ConfigError
from etl.settings import ApiSettings
from etl.values.run import RunContext

if TYPE_CHECKING:
    from etl.watch.check import Ask, CheckSettings

_EXIT_CODES = """\b
Exit codes, as monitoring plugins have them:
  0  everything is fine
  1  there is a warning
  2  something is critical, or the command line is not valid

"""


@click.command(
    epilog=_EXIT_CODES
    + examples(
        "check",
        "check --json",
        "check --since all",
        "check --online --sample 50",
    )
)
@click.argument("meetings", type=click.Path(path_type=Path), required=False)
@click.option(
    "--online",
    is_flag=True,
    help="Also ask the API about the token, the app and the meetings of the list, and how fresh its list of live "
    "sessions is.",
)
@click.option(
    "--sample",
    type=click.IntRange(0, 1000),
    default=20,
    show_default=True,
    help="With --online: the number of meetings to ask for one by one, and to compare with the list of live sessions.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@wide_option
@make_period_options(
    since="24h",
    app=f"Only this app. Default: all apps in the database; the app of the list and of the API is {APP}.",
)
@watch_options
@limited_api_options()
def check(*, online: bool, sample: int, as_json: bool, wide: bool, **options: Any) -> None:
    """Tell whether the job is well, and what to do if it is not.

    MEETINGS is the meeting list; without it, the command reads data/meetings.txt. The command prints the state at a
    glance, and one line per finding, the worst first. It changes nothing. Without --online it sends no request.
    """
    from etl.watch.check import check_job
    from etl.watch.report import report_as_json, report_as_text

    width = None if wide else terminal_width(sys.stdout)
    settings = _settings(options, width)
    report = check_job(settings, _ask(settings, sample) if online else None)
    print_text(report_as_json(report) if as_json else report_as_text(report, settings.period.tz, width=width))
    click.get_current_context().exit(report.severity.exit_code)


def _settings(options: dict[str, Any], width: int | None) -> CheckSettings:
    from etl.watch.check import CheckSettings

    only_app_id = strip_or_none(options["app_id"])
    return CheckSettings(
        api=_api(options),
        app_id=only_app_id or strip_or_none(os.environ.get(APP)),
        only_app_id=only_app_id,
        meetings=options["meetings"] or DEFAULT_LIST,
        is_named=options["meetings"] is not None,
        database=options["database"],
        lock_timeout=options["lock_timeout"],
        period=make_period(options),
        now=datetime.now(UTC),
        width=width,
    )


def _ask(settings: CheckSettings, sample: int) -> Ask | None:
    """Return the function that asks the API, or None if the settings do not allow that."""
    import asyncio

    from etl.watch.online import ask_online, expect

    api = settings.api
    if not isinstance(api, ApiSettings):
        return None
    logging.getLogger("etl").addHandler(logging.NullHandler())  # the findings say what warnings would say
    context = RunContext(now=lambda: datetime.now(UTC), sleep=asyncio.sleep)
    return lambda listed, spent: ask_online(
        api, context, expect(settings.app_id, listed), sample=sample, spent=spent, tz=settings.period.tz
    )


def _api(options: dict[str, Any]) -> ApiSettings | ConfigError:
    """Build the settings of the API, or return the reason why they are not usable."""
    try:
        return api_settings(options)
    except ConfigError as error:
        return error
