"""The database of a command: decided before the first request, wherever the setting comes from."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import duckdb
import pytest

from etl.store.database import open_database
from tests.store.test_path import OTHER_FILES

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

COMMANDS = [["load"], ["report", "daily"], ["query", "select 1"], ["page", "--output", "page.html"]]


@pytest.mark.usefixtures("no_database")
@pytest.mark.parametrize("text", [":memory:", "md:usage", "s3://bucket/x", "file:x", "-", "$HOME/x", "~nobody-here/x"])
@pytest.mark.parametrize("source", ["option", "variable"])
def test_a_wrong_database_ends_a_snapshot_before_its_first_request(shell: Shell, text: str, source: str) -> None:
    """The command ends with 78, and keeps nothing in memory that it reports as stored."""
    result = shell.snapshot("--database", text) if source == "option" else shell.snapshot(RTK_USAGE_DATABASE=text)
    assert (result.exit_code, result.stdout, shell.api.app.state.requests) == (78, "", 0)
    assert "rtk-usage: --database" in result.stderr
    assert text in result.stderr
    assert [path.name for path in shell.directory.iterdir()] == ["meetings.txt"]


@pytest.mark.usefixtures("no_database")
@pytest.mark.parametrize("arguments", COMMANDS)
def test_every_command_decides_alike(shell: Shell, arguments: list[str]) -> None:
    """One place knows the path of a database."""
    result = shell.run(*arguments, "--database", ":memory:")
    assert (result.exit_code, result.stdout) == (78, "")
    assert "--database ':memory:' is not the path of a file on this machine" in result.stderr


@pytest.mark.usefixtures("no_database")
def test_check_finds_that_a_text_is_no_path(shell: Shell) -> None:
    """It is a critical finding like others."""
    result = shell.run("check", "--database", ":memory:")
    assert result.exit_code == 2
    assert "--database ':memory:' is not the path of a file" in " ".join(result.stdout.split())


@pytest.mark.usefixtures("no_database")
@pytest.mark.parametrize("description", OTHER_FILES)
def test_another_file_ends_a_snapshot_before_its_first_request(shell: Shell, description: str) -> None:
    """A snapshot of hours must not end with the news that its rows can't be stored."""
    OTHER_FILES[description](shell.database)
    result = shell.snapshot()
    assert (result.exit_code, result.stdout, shell.api.app.state.requests) == (78, "", 0)
    assert f"{shell.database.name} is {description}" in result.stderr.replace(f"{shell.database.parent}/", "").replace(
        "/dev/null", "usage.duckdb"
    )
    assert not shell.staging.exists()


@pytest.mark.usefixtures("no_database")
@pytest.mark.parametrize("command", ["snapshot", "reconcile", "load"])
def test_a_run_that_cannot_start_leaves_no_directory(shell: Shell, command: str) -> None:
    """Another program or a newer version made the database. Nothing is made beside it, and nothing is sent."""
    foreign, newer = shell.directory / "foreign.duckdb", shell.directory / "newer.duckdb"
    with duckdb.connect(foreign) as connection:
        connection.execute("create table runs (id integer)")
    with open_database(newer) as connection:
        connection.execute("insert into schema_migrations (name) values ('9999_from_the_future')")
    before = sorted(shell.directory.iterdir())
    for database, why in ((foreign, "was not made by realtimekit-usage"), (newer, "was made by a newer version")):
        meetings = (str(shell.directory / "meetings.txt"),) if command == "snapshot" else ()
        result = shell.run(command, *meetings, "--database", str(database))
        assert (result.exit_code, result.stdout, shell.api.app.state.requests) == (78, "", 0)
        assert why in result.stderr
        assert sorted(shell.directory.iterdir()) == before


@pytest.mark.parametrize("is_locked", [False, True])
def test_a_database_without_tables_and_a_locked_one_are_not_foreign(shell: Shell, *, is_locked: bool) -> None:
    """The first gets its tables. The second may be ours, so the run is staged for it."""
    with duckdb.connect(shell.database) as connection:
        connection.execute("checkpoint")
    with shell.database_held() if is_locked else nullcontext():
        result = shell.snapshot("--lock-timeout", "0s")
    assert (result.exit_code, len(shell.staged())) == ((75, 1) if is_locked else (0, 0))


@pytest.mark.parametrize("quote", ["", '"', "'"])
@pytest.mark.parametrize("end", ["", "\r", " "])
def test_a_home_directory_in_a_variable_is_found(shell: Shell, quote: str, end: str) -> None:
    """Docker and systemd pass `~` on as it is, Docker the quotes as well, and Windows adds a line end."""
    value = f"{quote}~/here/usage.duckdb{quote}{end}"
    result = shell.snapshot(RTK_USAGE_DATABASE=value, HOME=str(shell.directory))
    assert result.exit_code == 0
    assert (shell.directory / "here" / "usage.duckdb").is_file()
    assert shell.run("query", "from runs", RTK_USAGE_DATABASE=value, HOME=str(shell.directory)).exit_code == 0


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize(
    "name",
    [
        "CLOUDFLARE_API_TOKEN",
        "CLOUDFLARE_ACCOUNT_ID",
        "CLOUDFLARE_API_BASE_URL",
        "REALTIMEKIT_APP_ID",
        "RTK_USAGE_DATABASE",
    ],
)
def test_quotes_in_a_file_of_variables_are_removed(shell: Shell, name: str, quote: str) -> None:
    """`docker run --env-file` passes them on. The stored rows are those of the value without quotes."""
    quoted = f"{quote}{shell.variables[name]}{quote}"
    assert shell.snapshot(**{name: quoted}).exit_code == 0
    assert shell.rows("select distinct account_id from runs") == [(shell.variables["CLOUDFLARE_ACCOUNT_ID"],)]
    assert shell.rows("select distinct app_id from meeting_lists") == [(shell.variables["REALTIMEKIT_APP_ID"],)]


@pytest.mark.parametrize("name", ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", "REALTIMEKIT_APP_ID"])
@pytest.mark.parametrize("pattern", ['"{}', "{}'", "\"{}'", '""{}""'])
def test_quotes_that_are_not_a_pair_are_refused(shell: Shell, name: str, pattern: str) -> None:
    """The value has been copied wrongly. Nothing is sent."""
    result = shell.snapshot("--all-meetings", **{name: pattern.format(shell.variables[name])})
    assert shell.api.app.state.requests == 0
    assert result.exit_code in {2, 78}


def test_quotes_around_the_name_of_the_token_file_are_removed(shell: Shell) -> None:
    """The file may also be in the home directory."""
    (shell.directory / "token").write_text(f'"{shell.variables["CLOUDFLARE_API_TOKEN"]}"\r\n', encoding="utf-8")
    variables = {"CLOUDFLARE_API_TOKEN": None, "CLOUDFLARE_API_TOKEN_FILE": '"~/token"', "HOME": str(shell.directory)}
    assert shell.snapshot(**variables).exit_code == 0
    assert shell.snapshot("--api-token-file", "~/token", **variables).exit_code == 0


def test_quotes_around_the_time_zone_are_removed(shell: Shell) -> None:
    """So are those around the name of the file with prices."""
    assert shell.snapshot().exit_code == 0
    assert "2026" in shell.run("report", "daily", RTK_USAGE_TZ='"Europe/Berlin"').stdout
    header = "type,low_usd_per_minute,high_usd_per_minute,note\n"
    (shell.directory / "prices.csv").write_text(header + "meeting,1,2,mine\n", encoding="utf-8")
    result = shell.run("report", "cost", RTK_USAGE_PRICES='"~/prices.csv"', HOME=str(shell.directory))
    assert result.exit_code == 0
