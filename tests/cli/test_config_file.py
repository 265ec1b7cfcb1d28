from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from etl.cli import cli
from tests.cli.conftest import SECRET, meeting_ids
from tests.cli.test_configuration import WRONG
from tests.test_docs import COMMANDS, blocks

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

SLOT = "2026-11-23T12:00:00Z"
CONFIG = """
[snapshot]
every = "5m"
meetings = "{meetings}"
account-id = "{account}"
api-token-file = "{token}"
attempts = 2
quiet = true

[reconcile]
since = 2026-11-01
"""


@pytest.fixture
def config(shell: Shell) -> str:
    """The path of a file with settings for two commands."""
    token = shell.directory / "token"
    token.write_text(SECRET)
    path = shell.directory / "settings.toml"
    meetings, account = shell.directory / "meetings.txt", shell.api.world.account_id
    path.write_text(CONFIG.format(meetings=meetings, account=account, token=token))
    return str(path)


def test_a_file_holds_the_options_of_commands(shell: Shell, config: str) -> None:
    """Options, flags and the argument of a command come from its section. The file can be named by a variable."""
    without = {"CLOUDFLARE_API_TOKEN": None, "CLOUDFLARE_ACCOUNT_ID": None}
    result = shell.run("--config", config, "snapshot", **without)
    assert (result.exit_code, result.output) == (0, "")
    assert shell.rows("select meetings, every_seconds from runs") == [(40, 300.0)]
    other = shell.run("snapshot", "--slot", SLOT, RTK_USAGE_CONFIG=config, **without)
    assert (other.exit_code, other.output) == (0, "")


def test_options_and_variables_win_over_the_file(shell: Shell, config: str) -> None:
    """An option of the command line also leaves out what it excludes, and a variable another way to the token."""
    one = shell.directory / "one.txt"
    one.write_text(meeting_ids()[0])
    argument = shell.run("--config", config, "snapshot", str(one), "--slot", SLOT.replace("23T", "22T"))
    everything = shell.run("--config", config, "snapshot", "--all-meetings")
    assert (argument.exit_code, everything.exit_code) == (0, 0)
    query = "select meetings, every_seconds from runs order by slot"
    assert shell.rows(query) == [(1, None), (len(shell.api.live()), 300.0)]
    (shell.directory / "token").write_text(WRONG)
    assert shell.run("--config", config, "snapshot").exit_code == 0
    assert shell.run("--config", config, "snapshot", "--slot", SLOT, CLOUDFLARE_API_TOKEN=None).exit_code == 77
    assert (
        shell.run(
            "--config", config, "snapshot", "--slot", SLOT.replace("23T", "24T"), CLOUDFLARE_ACCOUNT_ID="x"
        ).exit_code
        != 0
    )


def test_both_of_two_options_that_exclude_each_other_are_refused(shell: Shell) -> None:
    """In the file, neither wins."""
    path = shell.directory / "settings.toml"
    path.write_text('[snapshot]\nevery = "5m"\nslot = 2026-11-23T12:00:00Z\n')
    result = shell.run("--config", str(path), "snapshot")
    assert (result.exit_code, "exclude each other" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('[snapshots]\nevery = "5m"', "[snapshots] is not the name of a command; did you mean snapshot?"),
        ("[other]", "[other] is not the name of a command; expected one of init, schedule, snapshot, "),
        ('every = "5m"', "every stands in no section; write it below one such as [snapshot]"),
        ('[snapshot]\nevry = "5m"', "[snapshot] has no option evry; did you mean every?"),
        ('[snapshot]\nlock_timeout = "5s"', "[snapshot] has no option lock_timeout; did you mean lock-timeout?"),
        ('[snapshot]\napi-token = "x"', "[snapshot] has no option api-token; did you mean api-token-file?"),
        ('[snapshot]\nevery = "7m"', "[snapshot] every: '7m' does not divide a day; did you mean 6m or 8m?"),
        ("[snapshot]\nlock-timeout = 30", "[snapshot] lock-timeout: '30' has a number without a unit"),
        ("[snapshot]\nattempts = 0", "[snapshot] attempts: 0 is not in the range 1<=x<=100."),
        ("[snapshot]\nevery = ['5m']", "[snapshot] every: expected one value"),
        ("[snapshot.every]\nminutes = 5", "[snapshot] every: expected one value"),
        ('[load]\ndatabase = "s3://x"', "[load] database: --database 's3://x' is not the path of a file"),
        ("[snapshot]\nevery = 5m", "not valid TOML: "),
        ("\xff", "not valid TOML: "),
    ],
)
def test_a_wrong_file_is_refused_with_its_reason(shell: Shell, content: str, reason: str) -> None:
    """The message names the file, the section and the option, whatever command is run."""
    path = shell.directory / "settings.toml"
    path.write_bytes(content.encode("latin-1"))
    result = shell.run("--config", str(path), "meetings")
    assert (result.exit_code, result.stdout, shell.api.app.state.requests) == (78, "", 0)
    assert result.stderr.startswith(f"rtk-usage: {path}: {reason}")
    assert result.stderr.count("\n") == 1


def test_a_file_that_is_not_there_is_named(shell: Shell) -> None:
    """This holds for a directory, too."""
    for name in ("absent.toml", "."):
        result = shell.run("--config", str(shell.directory / name), "meetings")
        assert (result.exit_code, "the file of --config can't be read: " in result.stderr) == (78, True)


def test_the_place_of_the_option_is_said(shell: Shell) -> None:
    """It is an option of rtk-usage, and not of a command."""
    result = shell.run("snapshot", "--config", "settings.toml")
    assert result.exit_code == 2
    assert "--config stands before the command: rtk-usage --config FILE COMMAND." in result.stderr


def test_several_values_are_a_list(shell: Shell) -> None:
    """An option that can be given several times takes them."""
    path = shell.directory / "settings.toml"
    path.write_text('[erase]\nrun = ["019a", "019b"]\n')
    shell.snapshot("--quiet")
    result = shell.run("--config", str(path), "erase", "--dry-run")
    assert (result.exit_code, "019a" in result.stderr) == (78, True)


def test_the_file_of_the_documentation_is_valid(shell: Shell) -> None:
    """It stands in docs/cli.md."""
    (block,) = blocks("toml", COMMANDS)
    path = shell.directory / "settings.toml"
    path.write_text(block)
    assert shell.run("--config", str(path), "query", "--list").exit_code == 0


def test_every_option_of_every_command_can_stand_in_the_file() -> None:
    """No two parameters of a command have the same name in it."""
    for command in cli.commands.values():
        names = [name.removeprefix("--") for parameter in command.params for name in parameter.opts]
        assert len(names) == len(set(names))
