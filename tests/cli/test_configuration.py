from __future__ import annotations

from dataclasses import MISSING, fields
from datetime import UTC, datetime, timedelta
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

from etl.cli import cli
from etl.settings import ApiSettings, Limits, ReadSettings, ReconcileSettings, SnapshotSettings
from tests.cli.conftest import SECRET, meeting_ids

if TYPE_CHECKING:
    from tests.cli.conftest import OpenShell, Shell

WRONG = "another-token"


def defaults() -> dict[str, Any]:
    """Return the default parameters of `snapshot`."""
    with CliRunner().isolation(env={"RTK_USAGE_DATABASE": None}), cli.make_context("rtk-usage", ["snapshot"]) as group:
        return cli.commands["snapshot"].make_context("snapshot", [], parent=group).params


def test_the_defaults_are_those_of_the_documentation() -> None:
    """A user needs to set only the token, the account, the app and the meetings."""
    expected = {
        "database": Path("data/usage.duckdb"),
        "every": None,
        "slot": None,
        "concurrency": 32,
        "attempts": 5,
        "timeout": timedelta(seconds=10),
        "deadline": None,
        "lock_timeout": timedelta(seconds=30),
        "via": "auto",
        "rate": None,
        "reserve": 0.1,
        "page_size": 100,
        "all_meetings": False,
        "dry_run": False,
        "as_json": False,
        "quiet": False,
        "verbose": False,
    }
    assert {name: value for name, value in defaults().items() if name in expected} == expected


@pytest.mark.parametrize("name", ["snapshot", "reconcile", "meetings", "report", "query", "page", "check", "load"])
def test_the_defaults_of_options_are_those_of_settings(name: str) -> None:
    """Each is written once, in the settings. Only `reconcile` leaves another share of the limit free."""
    kinds: list[type] = [ApiSettings, Limits, SnapshotSettings if name in {"snapshot", "load"} else ReadSettings]
    if name == "reconcile":
        kinds = [ApiSettings, ReconcileSettings]
    settings = {
        setting.name: setting.default
        for kind in kinds
        for setting in fields(kind)
        if setting.default is not MISSING and setting.name not in {"base_url", "limits", "stated"}
    }
    with cli.make_context("rtk-usage", [name], resilient_parsing=True) as group:
        options = {
            option.name: option
            for option in cli.commands[name].params
            if isinstance(option, click.Option) and option.show_default
        }
        context = click.Context(cli.commands[name], parent=group)
        shared = options.keys() & settings.keys()
        assert shared
        for option in shared:
            value = options[option].type_cast_value(context, options[option].default)
            assert value == settings[option], option


def test_the_token_is_no_option() -> None:
    """Every user of a machine can read the arguments of its processes, so an option holds only the name of a file."""
    options = {option for parameter in cli.commands["snapshot"].params for option in parameter.opts}
    assert {option for option in options if "token" in option} == {"--api-token-file"}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"CLOUDFLARE_API_TOKEN": None}, ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_TOKEN_FILE", "--api-token-file"]),
        ({"CLOUDFLARE_API_TOKEN": ""}, ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_TOKEN_FILE", "--api-token-file"]),
        ({"CLOUDFLARE_ACCOUNT_ID": None}, ["CLOUDFLARE_ACCOUNT_ID", "--account-id"]),
        ({"CLOUDFLARE_ACCOUNT_ID": ""}, ["CLOUDFLARE_ACCOUNT_ID", "--account-id"]),
        ({"REALTIMEKIT_APP_ID": None}, ["REALTIMEKIT_APP_ID", "--app-id", "app_id"]),
        ({"REALTIMEKIT_APP_ID": ""}, ["REALTIMEKIT_APP_ID", "--app-id", "app_id"]),
    ],
)
def test_a_missing_setting_is_named(shell: Shell, changes: dict[str, str | None], named: list[str]) -> None:
    """Without token, account or app the command ends with 78, names the setting, and sends nothing."""
    result = shell.snapshot(**changes)
    assert (result.exit_code, result.stdout, shell.api.app.state.requests) == (78, "", 0)
    assert result.stderr.startswith("rtk-usage: ")
    assert [name for name in named if name not in result.stderr] == []


def test_a_list_that_names_its_apps_needs_no_app(shell: Shell) -> None:
    """The app is required only for meetings without an app in the list."""
    app_id = shell.api.world.app_id
    meetings = shell.directory / "meetings.csv"
    meetings.write_text("meeting_id,app_id\n" + "".join(f"{one},{app_id}\n" for one in meeting_ids()), encoding="utf-8")
    assert shell.run("snapshot", str(meetings), REALTIMEKIT_APP_ID=None).exit_code == 0


def test_one_row_without_an_app_needs_one(shell: Shell) -> None:
    """If one row of a list has no app, the message names its line."""
    meetings = shell.directory / "meetings.csv"
    meetings.write_text("meeting_id,app_id\none,an-app\ntwo,\n", encoding="utf-8")
    result = shell.run("snapshot", str(meetings), REALTIMEKIT_APP_ID=None)
    assert result.exit_code == 78
    assert "line 3" in result.stderr


def test_account_and_app_can_be_options(shell: Shell) -> None:
    """An option replaces its variable."""
    world = shell.api.world
    options = ["--account-id", world.account_id, "--app-id", world.app_id, "--base-url", shell.api.base_url]
    others = {"CLOUDFLARE_ACCOUNT_ID": "x", "REALTIMEKIT_APP_ID": "x", "CLOUDFLARE_API_BASE_URL": "https://x.invalid"}
    assert shell.snapshot(*options, **others).exit_code == 0


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "  \n\n"])
def test_a_token_file_may_end_with_a_line_break(shell: Shell, ending: str) -> None:
    """Editors and `echo` add a line break, which is not part of the token."""
    file = shell.directory / "token"
    file.write_bytes(f"{SECRET}{ending}".encode())
    assert shell.snapshot(CLOUDFLARE_API_TOKEN=None, CLOUDFLARE_API_TOKEN_FILE=str(file)).exit_code == 0


def test_the_option_wins_over_the_variables(shell: Shell) -> None:
    """The file of the option is used, whatever token the environment has."""
    right, wrong = shell.directory / "right", shell.directory / "wrong"
    right.write_text(SECRET, encoding="utf-8")
    wrong.write_text(WRONG, encoding="utf-8")
    result = shell.snapshot(
        "--api-token-file", str(right), CLOUDFLARE_API_TOKEN=WRONG, CLOUDFLARE_API_TOKEN_FILE=str(wrong)
    )
    assert result.exit_code == 0


def test_the_variable_wins_over_the_file_that_a_variable_names(shell: Shell) -> None:
    """The token itself is more direct than the name of a file."""
    wrong = shell.directory / "wrong"
    wrong.write_text(WRONG, encoding="utf-8")
    assert shell.snapshot(CLOUDFLARE_API_TOKEN_FILE=str(wrong)).exit_code == 0


@pytest.mark.parametrize(
    ("name", "why"), [("absent", "No such file"), (".", "Is a directory"), ("image", "it is not text")]
)
def test_a_token_file_that_cannot_be_read_is_named(shell: Shell, name: str, why: str) -> None:
    """The command ends with 78 and says which file and why."""
    (shell.directory / "image").write_bytes(b"\x89PNG\xff")
    file = shell.directory / name
    result = shell.snapshot("--api-token-file", str(file))
    assert result.exit_code == 78
    assert str(file) in result.stderr
    assert why in result.stderr


def test_an_empty_token_file_is_refused(shell: Shell) -> None:
    """An empty token is a wrong setting, and no request is sent."""
    file = shell.directory / "token"
    file.touch()
    assert shell.snapshot("--api-token-file", str(file)).exit_code == 78
    assert shell.api.app.state.requests == 0


@pytest.mark.parametrize("name", ["CLOUDFLARE_API_BASE_URL", "CLOUDFLARE_BASE_URL"])
def test_both_variables_name_the_address_of_the_api(shell: Shell, name: str) -> None:
    """Cloudflare's documentation uses one name and its libraries the other."""
    changes = {"CLOUDFLARE_API_BASE_URL": None, "CLOUDFLARE_BASE_URL": None} | {name: shell.api.base_url}
    assert shell.snapshot(**changes).exit_code == 0


def test_the_official_variable_of_the_address_wins(shell: Shell) -> None:
    """If both are set, CLOUDFLARE_API_BASE_URL is used."""
    assert shell.snapshot(CLOUDFLARE_BASE_URL="http://127.0.0.1:9/client/v4").exit_code == 0


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.cloudflare.com/client/v4",
        "http://192.0.2.1:8787/client/v4",
        "http://localhost.example/client/v4",
        "http://127.0.0.1@example.com/",
        "ftp://127.0.0.1/",
        "api.cloudflare.com/client/v4",
        "https://",
        "https://[::1",
        "https://api.cloudflare.com:port/",
        "https://api.cloudflare.com/client/v4?x=1",
        "https://exa mple.com/client/v4",
    ],
)
def test_an_address_that_others_could_listen_at_is_refused(shell: Shell, base_url: str) -> None:
    """The token goes only over https or to this machine. Any other address ends with 78 before a byte is sent."""
    result = shell.snapshot("--base-url", base_url, "--attempts", "1")
    assert (result.exit_code, result.stdout) == (78, "")
    assert "--base-url" in result.stderr


@pytest.mark.parametrize("mark", ["\r", "\n", " ", "\t", "\x7f"])
def test_an_address_with_a_stray_mark_is_refused_or_mended(shell: Shell, mark: str) -> None:
    """A setting with a Windows line end or a space at its end works, or gives a plain message."""
    assert shell.snapshot(CLOUDFLARE_API_BASE_URL=f"{shell.api.base_url}{mark}").exit_code in {0, 78}


@pytest.mark.usefixtures("no_database")
def test_the_database_can_be_an_option(shell: Shell) -> None:
    """The option replaces RTK_USAGE_DATABASE, and missing directories are created."""
    database = shell.directory / "deep" / "down" / "there.duckdb"
    assert shell.snapshot("--database", str(database)).exit_code == 0
    assert database.exists()
    assert not shell.database.exists()


def test_list_and_database_have_a_place_of_their_own(shell: Shell) -> None:
    """By default the list is data/meetings.txt and the database data/usage.duckdb, in the working directory."""
    (shell.directory / "data").mkdir()
    shell.api.write_list(shell.directory / "data" / "meetings.txt")
    code, stdout, stderr = shell.process("snapshot", variables={"RTK_USAGE_DATABASE": None})
    assert (code, stderr) == (0, "")
    assert stdout.endswith(f"in the new database {shell.directory / 'data' / 'usage.duckdb'}\n")
    assert (shell.directory / "data" / "usage.duckdb").exists()


@pytest.mark.parametrize(
    "options",
    [
        ["--concurrency", "0"],
        ["--concurrency", "many"],
        ["--attempts", "0"],
        ["--timeout", "0"],
        ["--timeout", "soon"],
        ["--deadline", "0"],
        ["--lock-timeout", "-1"],
        ["--lock-timeout", "30"],
        ["--every", "0"],
        ["--every", "5s"],
        ["--every", "5min"],
        ["--every", "5"],
        ["--every", "7m"],
        ["--every", "2d"],
        ["--deadline", "4"],
        ["--slot", "now"],
        ["--slot", "2026-11-23T12:00:00"],
        ["--every", "5m", "--slot", "2026-11-23T12:00:00Z"],
        ["--no-such-option"],
        ["one-argument-too-many"],
    ],
)
def test_a_wrong_option_is_a_wrong_call(shell: Shell, options: list[str]) -> None:
    """A value that can't be parsed ends with 2 and a message that names the option. Nothing is sent."""
    result = shell.snapshot(*options)
    assert (result.exit_code, result.stdout, shell.api.app.state.requests) == (2, "", 0)
    assert options[0] in result.stderr


@pytest.mark.parametrize("command", ["snapshot", "load"])
def test_a_database_without_a_name_is_refused(shell: Shell, command: str) -> None:
    """`--database "$UNSET"` ends with a message, not with a traceback."""
    arguments = [str(shell.directory / "meetings.txt")] if command == "snapshot" else []
    assert shell.run(command, *arguments, "--database", "").exit_code in {2, 78}


@pytest.mark.parametrize(("every", "seconds"), [("5m", 300), ("1h", 3600), ("1d", 86400), ("90s", 90), ("1h30m", 5400)])
def test_the_slot_is_now_rounded_down_to_the_schedule(shell: Shell, every: str, seconds: int) -> None:
    """The slot is the start of the run, rounded down to `--every`."""
    before = datetime.now(UTC)
    slot = datetime.fromisoformat(shell.summary("--every", every)["slot"])
    assert slot.timestamp() % seconds == 0
    assert before - timedelta(seconds=seconds) < slot <= datetime.now(UTC)


def test_the_slot_can_be_said(shell: Shell) -> None:
    """`--slot` is the slot itself, in any zone. It is stored in UTC."""
    summary = shell.summary("--slot", "2026-11-23T13:00:00+01:00")
    assert summary["slot"] == "2026-11-23T12:00:00Z"
    assert shell.rows("select epoch(slot) from runs") == [(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp(),)]


def test_without_a_schedule_the_start_second_is_the_slot(shell: Shell) -> None:
    """The slot is then the second of the start, so every run has its own."""
    summary = shell.summary()
    assert summary["slot"] == summary["started_at"].partition(".")[0].removesuffix("Z") + "Z"


def test_attempts_are_a_meetings_in_all(open_shell: OpenShell) -> None:
    """`--attempts 2` allows the first request and one retry."""
    broken = meeting_ids()[0]
    shell = open_shell(by_meeting={broken: repeat("internal_error")})
    summary = shell.summary("--attempts", "2")
    assert (summary["failed"], summary["retries"]) == (1, 1)
    assert shell.api.app.state.requests_by_meeting[broken] == 2


def test_the_timeout_is_a_requests(open_shell: OpenShell) -> None:
    """`--timeout` ends only the request that is late."""
    shell = open_shell(by_meeting={meeting_ids()[0]: repeat("slow")})
    summary = shell.summary("--attempts", "1", "--timeout", "0.5s")
    assert summary["failures"] == {"timeout": 1}


def test_concurrency_bounds_the_requests_at_a_time(open_shell: OpenShell) -> None:
    """A run with one request at a time takes as long as all its answers together."""
    summary = open_shell(meetings=10, latency=0.03).summary("--concurrency", "1")
    started, finished = (datetime.fromisoformat(summary[name]) for name in ("started_at", "finished_at"))
    assert finished - started >= timedelta(seconds=0.3)


def test_all_missing_settings_are_named_at_once(shell: Shell) -> None:
    """A first user does not meet them one by one. What is set is not named."""
    without = dict.fromkeys(("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", "REALTIMEKIT_APP_ID"))
    result = shell.snapshot(**without)
    assert result.exit_code == 78
    assert result.stderr == (
        "rtk-usage: these settings are missing:\n"
        "  the API token: set CLOUDFLARE_API_TOKEN, or name a file with CLOUDFLARE_API_TOKEN_FILE or --api-token-file\n"
        "  the Cloudflare account: set CLOUDFLARE_ACCOUNT_ID or --account-id\n"
        "  the RealtimeKit app, unless the list or the database names it: set REALTIMEKIT_APP_ID or --app-id\n"
    )
    only_account = shell.snapshot(CLOUDFLARE_ACCOUNT_ID=None).stderr
    assert only_account == (
        "rtk-usage: these settings are missing:\n  the Cloudflare account: set CLOUDFLARE_ACCOUNT_ID or --account-id\n"
    )
