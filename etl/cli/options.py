"""The options that several commands share, and how they become settings."""

from __future__ import annotations

import io
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from etl.cli.types import Duration, Instant, NewFile, RateLimit, Share
from etl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from etl.settings import ApiSettings, ReconcileSettings, SnapshotSettings

_C = TypeVar("_C", bound="Callable[..., Any]")

DEFAULT_LIST = Path("data/meetings.txt")
_NOT_NEEDED = "not-needed"  # in the place of a token, an account or an app that nothing is sent with
TOKEN, TOKEN_FILE = "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_TOKEN_FILE"  # the names of variables

_API = (
    click.option(
        "--api-token-file",
        type=click.Path(path_type=Path),
        help=f"A file that holds the API token; the token itself comes from {TOKEN} or the file {TOKEN_FILE} names.",
    ),
    click.option("--account-id", envvar="CLOUDFLARE_ACCOUNT_ID", show_envvar=True, help="The Cloudflare account."),
    click.option(
        "--app-id",
        envvar="REALTIMEKIT_APP_ID",
        show_envvar=True,
        help="The RealtimeKit app of the meetings that name none.",
    ),
    click.option(
        "--base-url",
        envvar=["CLOUDFLARE_API_BASE_URL", "CLOUDFLARE_BASE_URL"],
        show_envvar=True,
        help="Another address for the API; https, or loopback.",
    ),
    click.option(
        "--concurrency", type=click.IntRange(1, 256), default=32, show_default=True, help="Requests at a time."
    ),
    click.option(
        "--attempts", type=click.IntRange(1, 100), default=5, show_default=True, help="Attempts a meeting in all."
    ),
    click.option("--timeout", type=Duration(), default="10s", show_default=True, help="How long a request may take."),
)

_LIMIT = (
    click.option(
        "--rate",
        type=RateLimit(),
        help="The API's limit, if it is not Cloudflare's 1200/300s. It is kept even where the API would allow more.",
    ),
    click.option(
        "--reserve",
        type=Share(),
        default="10%",
        show_default=True,
        help="The share of the limit that is left to everything else that uses the token.",
    ),
    click.option(
        "--page-size",
        type=click.IntRange(1, 1000),
        default=100,
        show_default=True,
        help="Entries on a page of a list.",
    ),
)

_WAY = (
    click.option(
        "--via",
        type=click.Choice(["auto", "meetings", "list"]),
        default="auto",
        show_default=True,
        help="Send one request per meeting, or read the list of live sessions. auto takes the way that is expected to "
        "cost fewer requests.",
    ),
    click.option("--all-meetings", is_flag=True, help="Record every live meeting of the app; no meeting list needed."),
    click.option("--dry-run", is_flag=True, help="Print what the run would cost, and stop. Needs no token."),
)

_STORE = (
    click.option(
        "--database",
        envvar="RTK_USAGE_DATABASE",
        show_envvar=True,
        type=NewFile(dir_okay=False),
        default="data/usage.duckdb",
        show_default=True,
        help="The DuckDB file; made if it is not there.",
    ),
    click.option(
        "--lock-timeout",
        type=Duration(least=timedelta()),
        default="30s",
        show_default=True,
        help="How long to wait while another program has the database open.",
    ),
)

_SLOT = (
    click.option(
        "--every",
        type=Duration(least=timedelta(seconds=1)),
        help="The schedule's step, which should divide a day (5m, 1h): the slot is now, rounded down.",
    ),
    click.option("--slot", type=Instant(), help="The slot itself. Without either, the start second is the slot."),
    click.option("--deadline", type=Duration(), help="How long the fetch may take; the rest fails with `deadline`."),
)

_OUTPUT = (
    click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object."),
    click.option("--quiet", is_flag=True, help="Print no summary and no progress."),
    click.option("--verbose", is_flag=True, help="Log what happens to every meeting."),
)


def api_options(command: _C) -> _C:
    """How to reach the API."""
    return _add(_API, command)


def limit_options(command: _C) -> _C:
    """What may be asked of the API."""
    return _add(_LIMIT, command)


def way_options(command: _C) -> _C:
    """What is asked about, and how."""
    return _add(_WAY, command)


def store_options(command: _C) -> _C:
    """Where rows end."""
    return _add(_STORE, command)


def slot_options(command: _C) -> _C:
    """When the run is for."""
    return _add(_SLOT, command)


def output_options(command: _C) -> _C:
    """What is said, and how."""
    return _add(_OUTPUT, command)


def snapshot_settings(options: dict[str, Any]) -> SnapshotSettings:
    """The settings of a snapshot, from its options and the environment."""
    from etl.settings import SnapshotSettings  # noqa: PLC0415  # only when needed

    _refuse_contradictions(options)
    return SnapshotSettings(
        api=api_settings(options, is_planned=options["dry_run"]),
        meetings=_meetings(options),
        via=options["via"],
        app_id=_stripped(options["app_id"]) or (_NOT_NEEDED if options["dry_run"] else None),
        database=options["database"],
        every=options["every"],
        slot=options["slot"],
        deadline=options["deadline"],
        lock_timeout=options["lock_timeout"],
    )


def reconcile_settings(options: dict[str, Any]) -> ReconcileSettings:
    """The settings of a run for final figures, from its options and the environment."""
    from etl.settings import ReconcileSettings  # noqa: PLC0415  # only when needed

    return ReconcileSettings(
        api=api_settings(options),
        app_id=_stripped(options["app_id"]),
        database=options["database"],
        since=options["since"],
        lock_timeout=options["lock_timeout"],
    )


def _refuse_contradictions(options: dict[str, Any]) -> None:
    if options["every"] and options["slot"]:
        raise click.UsageError("--every and --slot exclude each other: both say which slot the run is for.")
    if options["all_meetings"] and options["meetings"]:
        raise click.UsageError(f"--all-meetings needs no meeting list: leave out {options['meetings']}.")
    if options["all_meetings"] and options["via"] == "meetings":
        raise click.UsageError("--all-meetings is read from a list: --via meetings would need to know the meetings.")


def _meetings(options: dict[str, Any]) -> Path | TextIO | None:
    """The meeting list; None where all meetings are wanted."""
    if options["all_meetings"]:
        return None
    meetings: Path = options["meetings"] or DEFAULT_LIST
    return _standard_input() if str(meetings) == "-" else meetings


def _standard_input() -> TextIO:
    """Standard input, read to its end before the run begins, so that Ctrl-C still ends the wait for it."""
    if sys.stdin is None:
        raise ConfigError("standard input is closed; expected one meeting ID a line")
    return io.StringIO(sys.stdin.buffer.read().decode("utf-8-sig", "surrogateescape"), newline="")


def api_settings(options: dict[str, Any], *, is_planned: bool = False) -> ApiSettings:
    """How to reach the API, from its options and the environment; where it `is_planned` only, nothing is sent."""
    from etl.settings import CLOUDFLARE_BASE_URL, ApiSettings, Limits  # noqa: PLC0415  # only when needed

    account_id = _stripped(options["account_id"]) or (_NOT_NEEDED if is_planned else None)
    if not account_id:
        raise ConfigError("which Cloudflare account? Set CLOUDFLARE_ACCOUNT_ID or --account-id")
    return ApiSettings(
        token=_NOT_NEEDED if is_planned else _token(options["api_token_file"]),
        account_id=account_id,
        base_url=_stripped(options["base_url"]) or CLOUDFLARE_BASE_URL,
        concurrency=options["concurrency"],
        attempts=options["attempts"],
        timeout=options["timeout"],
        limits=Limits(stated=options["rate"], reserve=options["reserve"]),
        page_size=options["page_size"],
    )


def app_id_of(options: dict[str, Any]) -> str:
    """The app, where a command needs one."""
    from etl.settings import require_app  # noqa: PLC0415  # `--help` does without

    return require_app(_stripped(options["app_id"]))


def _stripped(value: str | None) -> str | None:
    """A setting without the white space that a file of variables may leave at its end; None where nothing is left."""
    return (value or "").strip() or None


def _token(option: Path | None) -> str:
    """The API token: from the file named by option, from the variable, or from the file that a variable names.

    It is never an option itself: every user of a machine can read the arguments of its processes.
    """
    token, file = _stripped(os.environ.get(TOKEN)), _stripped(os.environ.get(TOKEN_FILE))
    if option is None and token:
        return token
    if option is None and not file:
        raise ConfigError(f"no API token: set {TOKEN}, or {TOKEN_FILE} or --api-token-file to a file that holds it")
    path, named_by = (option, "--api-token-file") if option else (Path(file or ""), TOKEN_FILE)
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        # Who put the token itself there must not find it in a log: what can't be a path is not quoted.
        shown = path if path.is_absolute() or len(path.parts) > 1 else named_by
        why = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(f"{shown}: the file with the API token can't be read: {why}") from None


def _add(options: tuple[Callable[[Any], Any], ...], command: _C) -> _C:
    for option in reversed(options):
        command = option(command)
    return command
