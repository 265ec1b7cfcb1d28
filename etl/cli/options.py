"""The options that several commands share. Each group is declared once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from etl.cli.types import (
    CleanText,
    DatabaseFile,
    Duration,
    NewFile,
    OutputFile,
    RateLimit,
    Share,
    WatchedDatabase,
    format_rate,
    output_or_none,
)
from etl.reports.periods import format_duration
from etl.settings import CLOUDFLARE_RATE, ApiSettings, Limits, ReadSettings, SnapshotSettings

if TYPE_CHECKING:
    from collections.abc import Callable

_Command = TypeVar("_Command", bound="Callable[..., Any]")

# Names of environment variables.
TOKEN, TOKEN_FILE, APP = "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_TOKEN_FILE", "REALTIMEKIT_APP_ID"
FORMATS = ("table", "csv", "json", "jsonl", "markdown", "parquet", "xlsx")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutput:
    """The options for what a run prints beside its result."""

    quiet: bool
    log_file: Path | None
    verbose: bool = False


def default_of(settings: type, name: str) -> Any:
    """Return the default of a setting, so that it is written in one place. A length of time is text, for `--help`."""
    default = next(field.default for field in fields(settings) if field.name == name)
    return format_duration(default.total_seconds()) if isinstance(default, timedelta) else default


def _group(*options: Callable[[Any], Any]) -> Callable[[_Command], _Command]:
    """Combine options into one decorator that adds them to a command in this order."""

    def add(command: _Command) -> _Command:
        """Add the options; the last one first, because click puts each new option in front."""
        for option in reversed(options):
            command = option(command)
        return command

    return add


def make_database_option(*, purpose: str, kind: DatabaseFile | None = None) -> Callable[[_Command], _Command]:
    """Declare the database of a command."""
    return click.option(
        "--database",
        type=kind or DatabaseFile(),
        default="data/usage.duckdb",
        show_default=True,
        envvar="RTK_USAGE_DATABASE",
        show_envvar=True,
        help=f"The DuckDB file {purpose}.",
    )


def _database_options(
    *, purpose: str, lock_timeout: str, waits_while: str, kind: DatabaseFile | None = None
) -> Callable[[_Command], _Command]:
    """Declare the database of a command, and how long the command waits for it."""
    return _group(
        make_database_option(purpose=purpose, kind=kind),
        click.option(
            "--lock-timeout",
            type=Duration(shortest=timedelta()),
            default=lock_timeout,
            show_default=True,
            help=f"How long to wait while another program {waits_while}.",
        ),
    )


_connection_options = _group(
    click.option(
        "--api-token-file",
        type=click.Path(path_type=Path),
        help=f"A file that holds the API token. Without it, the token is in {TOKEN}, or in the file that {TOKEN_FILE} "
        "names.",
    ),
    click.option(
        "--account-id",
        type=CleanText(),
        envvar="CLOUDFLARE_ACCOUNT_ID",
        show_envvar=True,
        help="The Cloudflare account.",
    ),
    click.option(
        "--base-url",
        type=CleanText(),
        envvar=["CLOUDFLARE_API_BASE_URL", "CLOUDFLARE_BASE_URL"],
        show_envvar=True,
        help="Another address of the API: https, or http on this machine.",
    ),
    click.option(
        "--concurrency",
        type=click.IntRange(1, 256),
        default=default_of(ApiSettings, "concurrency"),
        show_default=True,
        help="Requests at the same time.",
    ),
    click.option(
        "--attempts",
        type=click.IntRange(1, 100),
        default=default_of(ApiSettings, "attempts"),
        show_default=True,
        help="The maximum number of attempts per request, including the first. A refusal of the token is asked once "
        "more in any case.",
    ),
    click.option(
        "--timeout",
        type=Duration(),
        default=default_of(ApiSettings, "timeout"),
        show_default=True,
        help="How long a request may take.",
    ),
)


def limited_api_options(reserve: float = Limits().reserve) -> Callable[[_Command], _Command]:
    """Declare how a command reaches the API, and how much of the limit it leaves free."""
    return _group(
        _connection_options,
        click.option(
            "--rate",
            type=RateLimit(),
            help=f"Another limit than Cloudflare's {format_rate(CLOUDFLARE_RATE)}. It holds even if the API reports a "
            "higher one.",
        ),
        click.option(
            "--reserve",
            type=Share(),
            default=f"{reserve:.0%}",
            show_default=True,
            help="The share of the limit that stays free for everything else that uses the token.",
        ),
        click.option(
            "--page-size",
            type=click.IntRange(1, 1000),
            default=default_of(ApiSettings, "page_size"),
            show_default=True,
            help="Entries per page of a list.",
        ),
    )


def api_options(*, app: str, reserve: float = Limits().reserve) -> Callable[[_Command], _Command]:
    """Declare how a command reaches the API, what its app is for, and how much of the limit it leaves free."""
    return _group(
        click.option("--app-id", type=CleanText(), envvar=APP, show_envvar=True, help=app),
        limited_api_options(reserve),
    )


write_options = _database_options(
    purpose="to write to; it is created if it does not exist",
    lock_timeout=default_of(SnapshotSettings, "lock_timeout"),
    waits_while="has the database open",
)
erase_options = _database_options(
    purpose="to erase from",
    lock_timeout=default_of(SnapshotSettings, "lock_timeout"),
    waits_while="has the database open",
)
compact_options = _database_options(
    purpose="to compact",
    lock_timeout=default_of(SnapshotSettings, "lock_timeout"),
    waits_while="has the database open",
)
read_options = _database_options(
    purpose="to read", lock_timeout=default_of(ReadSettings, "lock_timeout"), waits_while="writes to the database"
)
watch_options = _database_options(
    purpose="to look at",
    lock_timeout=default_of(ReadSettings, "lock_timeout"),
    waits_while="writes to the database",
    kind=WatchedDatabase(),
)

log_options = _group(
    click.option(
        "--quiet",
        is_flag=True,
        help="Print nothing when all is well. Print a problem when it begins or grows, once per day while it lasts, "
        "and when it ends.",
    ),
    click.option(
        "--log-file",
        type=NewFile(dir_okay=False),
        help="Append the summary and all warnings of every run to this file, also with --quiet.",
    ),
)
summary_options = _group(
    click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object."),
    log_options,
    click.option("--verbose", is_flag=True, help="Log what happens to every meeting."),
)

zone_option = click.option(
    "--tz",
    type=CleanText(),
    default="UTC",
    show_default=True,
    envvar="RTK_USAGE_TZ",
    show_envvar=True,
    help="The time zone of days and hours, such as Europe/Berlin.",
)


def make_period_options(
    *, since: str = "30d", app: str = "Only this app. Default: all apps in the database."
) -> Callable[[_Command], _Command]:
    """Declare the period of a command with its usual start, its time zone and its app."""
    return _group(
        click.option(
            "--since",
            default=since,
            show_default=True,
            metavar="30d|DATE|INSTANT|all",
            help="The start of the period. 7d starts seven days before today's midnight; a date starts at its "
            "midnight.",
        ),
        click.option(
            "--until",
            metavar="DATE|INSTANT|1d",
            help="The end of the period, not included: --since 2026-11-01 --until 2026-12-01 is November. 1d ends "
            "where --since 1d starts. Default: now.",
        ),
        zone_option,
        click.option("--app-id", help=app),
    )


period_options = make_period_options()

prices_option = click.option(
    "--prices",
    type=NewFile(),
    envvar="RTK_USAGE_PRICES",
    show_envvar=True,
    help="A CSV file with your own prices; its columns are type, low_usd_per_minute, high_usd_per_minute, note.",
)

wide_option = click.option(
    "--wide",
    is_flag=True,
    help="Show all columns of a table, also those that do not fit the terminal or have one value in every row.",
)

answer_options = _group(
    period_options,
    read_options,
    click.option(
        "--format",
        "format_name",
        type=click.Choice(FORMATS),
        help="The format of the answer. Default: by the ending of --output, otherwise a table.",
    ),
    click.option(
        "--output",
        type=OutputFile(),
        callback=output_or_none,
        help="Write the answer to this file, or - for standard output. The endings .csv, .json, .jsonl, .md, .parquet, "
        ".xlsx and .txt choose the format. An existing file is replaced.",
    ),
    wide_option,
    prices_option,
)
