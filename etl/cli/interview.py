"""Questions on a terminal. Each answer is checked at once; after a wrong one, the question is repeated."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from etl.cli.build_settings import (
    find_token_file,
    make_api_settings,
    make_missing_settings_error,
    read_token,
    strip_or_none,
)
from etl.cli.types import clean_text
from etl.errors import ConfigError, EtlError, TokenRejected
from etl.reports.counts import format_count
from etl.values.run import RunContext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from etl.settings import ApiSettings

_T = TypeVar("_T")
_SHOWN_APPS = 20
_PLACEHOLDER = "unknown"  # stands for the account or the token while the other one is checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account that the API lets the token read: its settings, and the names of its apps by their IDs.

    `token_file` is the file that holds the token already, or None.
    """

    settings: ApiSettings
    apps: Mapping[str, str]
    token_file: Path | None


def is_possible() -> bool:
    """Return True if somebody can answer."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def open_account(options: dict[str, Any]) -> Account:
    """Ask for the account and the token, as far as options and variables do not name them, and check both.

    Raises the error of what was named, and of an API that does not answer.
    """
    given_account, given_token, source = (
        strip_or_none(options["account_id"]),
        read_token(options),
        find_token_file(options),
    )
    make_api_settings(options, account_id=_PLACEHOLDER, token=_PLACEHOLDER)  # the base URL is not asked for
    if not (given_account and given_token) and not is_possible():
        raise make_missing_settings_error(token=given_token, account_id=given_account, app_id=_PLACEHOLDER)
    account_id, token = given_account, given_token
    while True:
        account_id = given_account or _ask_account(options, account_id)
        token = token or _ask_token(options)
        settings = make_api_settings(options, account_id=account_id, token=token)
        try:
            token_file = Path(clean_text(source[0])).expanduser().absolute() if source else None
            return Account(settings=settings, apps=_fetch_apps(settings), token_file=token_file)
        except (ConfigError, TokenRejected) as error:
            if given_token if isinstance(error, TokenRejected) else given_account:
                raise
            _say(error)
            if isinstance(error, TokenRejected):
                token = None


def choose_app(options: dict[str, Any], apps: Mapping[str, str]) -> str:
    """Ask for the app, unless an option or a variable names it, or it is the only one and nobody can answer.

    Raises ConfigError if the account does not have the app that was named, or has none.
    """

    def check(app_id: str) -> str:
        """Return the app if the account has it."""
        if app_id not in apps:
            near = get_close_matches(app_id, list(apps), n=1)
            rest = f"did you mean {near[0]}?" if near else f"it has {', '.join(list(apps)[:_SHOWN_APPS])}"
            raise ConfigError(f"the account has no app {app_id!r}; {rest}")
        return app_id

    given = strip_or_none(options["app_id"])
    if not apps:
        raise ConfigError("the account has no RealtimeKit app; create one in the Cloudflare dashboard, then run again")
    if given:
        return check(given)
    only = next(iter(apps)) if len(apps) == 1 else None
    shown = "".join(f"\n  {app_id}  {_printable(name)}" for app_id, name in list(apps.items())[:_SHOWN_APPS])
    if not is_possible():
        if only is None:
            raise ConfigError(f"which app? set REALTIMEKIT_APP_ID or --app-id to one of these:{shown}")
        return only
    click.echo(f"The account has {format_count(len(apps), 'app')}:{shown}", err=True)
    return ask("ID of the app", check, default=only)


def ask(label: str, check: Callable[[str], _T], *, default: str | None = None, is_hidden: bool = False) -> _T:
    """Ask until an answer passes its check, which raises an EtlError with the reason."""
    while True:
        answer: str = click.prompt(label, default=default, hide_input=is_hidden, err=True)
        try:
            return check(clean_text(answer))
        except EtlError as error:
            _say(error)


def _ask_account(options: dict[str, Any], default: str | None) -> str:
    def check(account_id: str) -> str:
        """Return the account if its ID can be one."""
        return make_api_settings(options, account_id=account_id, token=_PLACEHOLDER).account_id

    return ask("ID of the Cloudflare account", check, default=default)


def _ask_token(options: dict[str, Any]) -> str:
    def check(token: str) -> str:
        """Return the token if it can be one."""
        return make_api_settings(options, account_id=_PLACEHOLDER, token=token).token

    return ask("API token (not shown)", check, is_hidden=True)


def _fetch_apps(settings: ApiSettings) -> dict[str, str]:
    import asyncio

    from etl.realtimekit.meetings import fetch_apps

    context = RunContext(now=lambda: datetime.now(UTC), sleep=asyncio.sleep)
    return asyncio.run(fetch_apps(settings, context))


def _say(error: EtlError) -> None:
    click.echo(f"rtk-usage: {error}", err=True)


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else " " for character in name)
