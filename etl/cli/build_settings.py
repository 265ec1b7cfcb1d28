"""From the options of a command, and the environment, to frozen settings."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click
from click.core import ParameterSource

from etl.cli.options import TOKEN, TOKEN_FILE
from etl.cli.types import clean_text
from etl.errors import ConfigError, WrongQuery
from etl.files import parse_local_path
from etl.reports.periods import BEGINNING, PeriodError, parse_period, parse_since, parse_zone
from etl.settings import CLOUDFLARE_BASE_URL, ApiSettings, Limits, ReadSettings, ReconcileSettings, SnapshotSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from etl.reports.periods import Period

DEFAULT_LIST = Path("data/meetings.txt")
_NOT_NEEDED = "not-needed"  # stands for the token, the account or the app if nothing is sent


def snapshot_settings(options: dict[str, Any]) -> SnapshotSettings:
    """Build the settings of a snapshot. Raises click.UsageError if options contradict each other."""
    options = _leave_out_overruled(options)
    _refuse_contradictions(options)
    is_dry_run = options["dry_run"]
    return SnapshotSettings(
        api=api_settings(options, is_dry_run=is_dry_run),
        meetings=_meetings(options),
        via=options["via"],
        app_id=strip_or_none(options["app_id"]) or (_NOT_NEEDED if is_dry_run else None),
        database=options["database"],
        every=options["every"],
        slot=options["slot"],
        deadline=options["deadline"],
        lock_timeout=options["lock_timeout"],
    )


def reconcile_settings(options: dict[str, Any]) -> ReconcileSettings:
    """Build the settings of a reconciliation. Raises click.UsageError if its start is not valid."""
    since = _reconcile_since(options["since"], options["tz"])
    return ReconcileSettings(
        api=api_settings(options),
        app_id=strip_or_none(options["app_id"]),
        database=options["database"],
        since=since,
        lock_timeout=options["lock_timeout"],
    )


def api_settings(options: dict[str, Any], *, is_dry_run: bool = False) -> ApiSettings:
    """Build the settings of the API. A dry run sends nothing, so it needs neither a token nor an account."""
    account_id = strip_or_none(options["account_id"]) or (_NOT_NEEDED if is_dry_run else None)
    token = _NOT_NEEDED if is_dry_run else read_token(options)
    if not (account_id and token):
        raise make_missing_settings_error(token=token, account_id=account_id, app_id=strip_or_none(options["app_id"]))
    return make_api_settings(options, account_id=account_id, token=token)


def make_api_settings(options: dict[str, Any], *, account_id: str, token: str) -> ApiSettings:
    """Build the settings of the API for an account and a token, which may not come from options."""
    return ApiSettings(
        token=token,
        account_id=account_id,
        base_url=strip_or_none(options["base_url"]) or CLOUDFLARE_BASE_URL,
        concurrency=options["concurrency"],
        attempts=options["attempts"],
        timeout=options["timeout"],
        limits=Limits(stated=options["rate"], reserve=options["reserve"]),
        page_size=options["page_size"],
    )


def read_settings(options: dict[str, Any]) -> ReadSettings:
    """Build the settings of a command that reads the database."""
    return ReadSettings(database=options["database"], lock_timeout=options["lock_timeout"])


def make_period(options: dict[str, Any]) -> Period:
    """Parse the period that the options describe now. Raises click.UsageError if it is not valid."""
    with usage_errors():
        return parse_period(since=options["since"], until=options["until"], tz=options["tz"], now=datetime.now(UTC))


def _reconcile_since(text: str, tz: str) -> datetime:
    """Parse --since as reports do. A reconciliation needs a start in the past, and not the beginning of time."""
    now = datetime.now(UTC)
    with usage_errors():
        since = parse_since(text, parse_zone(tz), now)
        if since >= now:
            raise PeriodError(f"{text!r} is in the future; name an instant in the past.", option="--since")
        if since == BEGINNING:
            raise PeriodError(f"{text!r} is too long ago; name the day of your first session.", option="--since")
        return since


@contextlib.contextmanager
def usage_errors() -> Iterator[None]:
    """Turn an error in the text of the command line into a usage error, so that the command ends with 2."""
    try:
        yield
    except PeriodError as error:
        if error.option:
            raise click.BadParameter(str(error), param_hint=error.option) from error
        raise click.UsageError(str(error)) from error
    except WrongQuery as error:
        raise click.UsageError(str(error)) from error


def strip_or_none(value: str | None) -> str | None:
    """Remove white space and quotes, which files of variables add to a value. None if nothing is left."""
    return clean_text(value or "") or None


def _leave_out_overruled(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out what stands in the file of --config if an option that excludes it is on the command line."""
    pairs = (("every", "slot"), ("slot", "every"), ("meetings", "all_meetings"), ("all_meetings", "meetings"))
    overruled = {name for name, other in pairs if _is_in_config(name) and options[other] and not _is_in_config(other)}
    return options | dict.fromkeys(overruled)


def _is_in_config(name: str) -> bool:
    """Return True if a parameter of this command has its value from the file of --config."""
    context = click.get_current_context(silent=True)
    return context is not None and context.get_parameter_source(name) is ParameterSource.DEFAULT_MAP


def _refuse_contradictions(options: dict[str, Any]) -> None:
    if options["every"] and options["slot"]:
        raise click.UsageError("--every and --slot exclude each other: both say which slot the run is for.")
    if options["all_meetings"] and options["meetings"]:
        raise click.UsageError(f"--all-meetings needs no meeting list: leave out {options['meetings']}.")
    if options["all_meetings"] and options["via"] == "meetings":
        raise click.UsageError("--all-meetings reads the list of live sessions: use --via list or --via auto.")


def _meetings(options: dict[str, Any]) -> Path | BinaryIO | None:
    """Return the meeting list, or None for all meetings."""
    if options["all_meetings"]:
        return None
    meetings: Path = options["meetings"] or DEFAULT_LIST
    return _standard_input() if str(meetings) == "-" else meetings


def _standard_input() -> BinaryIO:
    """Read standard input to its end before the run begins, so that Ctrl-C ends the wait for it."""
    if sys.stdin is None:
        raise ConfigError("standard input is closed; expected one meeting ID per line")
    return io.BytesIO(sys.stdin.buffer.read())


def make_missing_settings_error(*, token: str | None, account_id: str | None, app_id: str | None) -> ConfigError:
    """Make the error for settings that are missing. It names all of them, so that nobody meets them one by one."""
    missing = [] if token else [f"the API token: set {TOKEN}, or name a file with {TOKEN_FILE} or --api-token-file"]
    missing += [] if account_id else ["the Cloudflare account: set CLOUDFLARE_ACCOUNT_ID or --account-id"]
    missing += (
        []
        if app_id
        else ["the RealtimeKit app, unless the list or the database names it: set REALTIMEKIT_APP_ID or --app-id"]
    )
    return ConfigError("these settings are missing:" + "".join(f"\n  {line}" for line in missing))


def read_token(options: dict[str, Any]) -> str | None:
    """Read the API token from the file of the option, else from the variable, else from the variable's file.

    The token itself is never an option, because every user of a machine can read the arguments of its processes.
    """
    source = find_token_file(options)
    return _read_token_file(*source) if source else strip_or_none(os.environ.get(TOKEN))


def find_token_file(options: dict[str, Any]) -> tuple[str, str] | None:
    """Return the file that holds the token, and the name of the setting that names it.

    None if the variable holds the token itself, or nothing names it.
    """
    token, file = strip_or_none(os.environ.get(TOKEN)), strip_or_none(os.environ.get(TOKEN_FILE))
    option: Path | None = options["api_token_file"]
    if option and not ((token or file) and _is_in_config("api_token_file")):
        return str(option), "--api-token-file"
    return (file, TOKEN_FILE) if file and not token else None


def _read_token_file(text: str, source: str) -> str:
    """Read the token from a file. The token itself may stand in its place, so only what is a path is quoted."""
    try:
        path = parse_local_path(clean_text(text))
    except ValueError:
        raise ConfigError(f"{source} is not the path of a file; expected a file with the API token") from None
    try:
        return clean_text(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        shown = path if path.is_absolute() or len(path.parts) > 1 else source
        why = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(f"{shown}: the file with the API token can't be read: {why}") from None
