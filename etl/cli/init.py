"""`rtk-usage init`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl.cli import interview
from etl.cli.build_settings import DEFAULT_LIST
from etl.cli.examples import examples
from etl.cli.logs import log_to_stderr
from etl.cli.meetings import WRITERS, fetch_listed
from etl.cli.options import TOKEN_FILE, api_options
from etl.cli.output import print_text
from etl.cli.types import NewFile
from etl.errors import ConfigError
from etl.files import PRIVATE_FILE, as_store_error, make_directory, write_whole
from etl.reports.counts import format_count
from etl.settings import CLOUDFLARE_BASE_URL
from etl.setup.environment import format_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.cli.interview import Account
    from etl.realtimekit.meetings import ListedMeeting

_DEFAULT_ENVIRONMENT = Path("environment")
_TOKEN_NAME = "token"  # noqa: S105  # the name of a file


@click.command(
    epilog=examples(
        "init",
        "init --account-id ACCOUNT --app-id APP --api-token-file token --list data/meetings.csv",
    )
)
@click.option(
    "--list",
    "meetings",
    type=NewFile(),
    help="The meeting list to write: .txt, .csv, .tsv or .jsonl. A list that exists is kept. Default: "
    "data/meetings.txt.",
)
@click.option(
    "--environment",
    type=NewFile(),
    default=_DEFAULT_ENVIRONMENT,
    show_default=True,
    help="The file to write with account, app and the path of the token.",
)
@click.option("--force", is_flag=True, help="Replace files that exist, without a question.")
@api_options(app="The RealtimeKit app. Default: the only app of the account.")
def init(*, meetings: Path | None, environment: Path, force: bool, **options: Any) -> None:
    """Set up the job: ask for account, token, app and list, check each with the API, and write the files.

    What an option or a variable names is not asked for. Without a terminal, all of it has to be named. A token that is
    typed, or comes from a variable, is written to the file `token` beside the environment.
    """
    log_to_stderr(verbose=False)
    given_list = meetings and _check_list(str(meetings))
    _require_replaceable(environment, "--environment", is_forced=force)
    account = interview.open_account(options)
    app_id = interview.choose_app(options, account.apps)
    listed = fetch_listed(account.settings, app_id)
    click.echo(f"app {app_id} has {format_count(len(listed), 'meeting')}", err=True)
    meetings = given_list or _choose_list()
    token_file = _write_token(account, environment, is_forced=force)
    _write_list(meetings, app_id, listed, is_forced=force)
    _write(environment, format_environment(_variables(account, app_id, token_file)), "--environment", mode=PRIVATE_FILE)
    print_text(_describe_next(environment, meetings, has_meetings=bool(listed)))


def _check_list(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in WRITERS:
        raise ConfigError(f"{text}: a meeting list is written as {', '.join(filter(None, WRITERS))}")
    if path.is_dir():
        raise ConfigError(f"{text} is a directory; name a file for the meeting list")
    return path


def _choose_list() -> Path:
    if not interview.is_possible():
        return DEFAULT_LIST
    return interview.ask("Meeting list to write", _check_list, default=str(DEFAULT_LIST))


def _require_replaceable(path: Path, option: str, *, is_forced: bool) -> None:
    """Raise ConfigError for a file that exists, unless it may be replaced. On a terminal, ask."""
    if is_forced or not path.exists():
        return
    if not interview.is_possible():
        raise ConfigError(f"{path} exists, and nothing is written; replace it with --force, or name another {option}")
    click.confirm(f"{path} exists. Replace it?", abort=True, err=True)


def _write_token(account: Account, environment: Path, *, is_forced: bool) -> Path:
    """Return the file with the token: the one it came from, or a new one beside the environment."""
    if account.token_file:
        return account.token_file
    path = environment.absolute().with_name(_TOKEN_NAME)
    _require_replaceable(path, "--environment", is_forced=is_forced)
    _write(path, f"{account.settings.token}\n", "--environment", mode=PRIVATE_FILE)
    return path


def _write_list(path: Path, app_id: str, meetings: Sequence[ListedMeeting], *, is_forced: bool) -> None:
    is_kept = path.exists() and not is_forced
    if is_kept and interview.is_possible():
        is_kept = not click.confirm(f"{path} exists. Replace it?", err=True)
    if is_kept:
        click.echo(f"kept {path}", err=True)
    elif meetings:  # a list without a meeting would be refused
        _write(path, WRITERS[path.suffix.lower()](app_id, meetings), "--list")


def _write(path: Path, text: str, option: str, *, mode: int | None = None) -> None:
    with as_store_error(path.parent):
        make_directory(path.absolute().parent)
    write_whole(path, text.encode(errors="replace"), mode=mode, option=option)
    click.echo(f"wrote {path}", err=True)


def _variables(account: Account, app_id: str, token_file: Path) -> dict[str, str]:
    settings = account.settings
    variables = {
        "CLOUDFLARE_ACCOUNT_ID": settings.account_id,
        "REALTIMEKIT_APP_ID": app_id,
        TOKEN_FILE: str(token_file),
    }
    is_usual = settings.base_url == CLOUDFLARE_BASE_URL
    return variables if is_usual else variables | {"CLOUDFLARE_API_BASE_URL": settings.base_url}


def _describe_next(environment: Path, meetings: Path, *, has_meetings: bool) -> str:
    """Describe the next two commands."""
    listed = [] if meetings == DEFAULT_LIST else [str(meetings)]
    listed = listed if has_meetings else ["--all-meetings"]
    named = [] if environment == _DEFAULT_ENVIRONMENT else ["--environment", str(environment)]
    source = str(environment) if environment.is_absolute() else f"./{environment}"
    return (
        "next, take a snapshot, and let it be taken every five minutes:\n"
        f"  set -a && . {shlex.quote(source)} && set +a && {shlex.join(['rtk-usage', 'snapshot', *listed])}\n"
        f"  {shlex.join(['rtk-usage', 'schedule', *listed, '--every', '5m', *named])}"
    )
