from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from etl.cli.interview import choose_app
from etl.errors import ConfigError
from tests.cli.conftest import SECRET
from tests.cli.test_configuration import WRONG
from tests.cli.test_snapshot import mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.cli.conftest import OpenShell, Shell

NOTHING = dict.fromkeys(("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", "REALTIMEKIT_APP_ID", "RTK_USAGE_DATABASE"))


def answer(shell: Shell, answers: Sequence[tuple[str, str]], *arguments: str) -> tuple[int, str]:
    """Run `init` on a terminal, and give each answer when its question is there. Return its exit code and its output.

    The address of the API is the only setting that is named.
    """
    terminal, end = pty.openpty()
    streams = {"stdin": end, "stdout": end, "stderr": end}
    shown = ""
    with shell.start("init", *arguments, variables=dict(NOTHING), start_new_session=True, **streams) as process:
        os.close(end)
        for question, text in answers:
            seen = len(shown)
            while question not in shown[seen:]:
                shown += os.read(terminal, 65536).decode()
            os.write(terminal, f"{text}\n".encode())
        try:
            while chunk := os.read(terminal, 65536):
                shown += chunk.decode()
        except OSError:  # Linux says so that the other end is closed
            pass
        code = process.wait(timeout=20)
    os.close(terminal)
    return code, shown


def test_every_wrong_answer_gets_its_reason_and_is_asked_again(shell: Shell) -> None:
    """The token is not shown. The files are right, and the next two commands work as they are printed."""
    account, app, here = shell.api.world.account_id, shell.api.world.app_id, shell.directory
    answers = [
        ("ID of the Cloudflare account: ", "two words"),
        ("ID of the Cloudflare account: ", "another-account"),
        ("API token (not shown): ", "not a token"),
        ("API token (not shown): ", WRONG),
        ("ID of the Cloudflare account [another-account]: ", ""),
        ("API token (not shown): ", SECRET),
        ("ID of the Cloudflare account [another-account]: ", account),
        (f"ID of the app [{app}]: ", "simulated-ap"),
        (f"ID of the app [{app}]: ", ""),
        ("Meeting list to write [data/meetings.txt]: ", "list.xlsx"),
        ("Meeting list to write [data/meetings.txt]: ", ""),
    ]
    code, shown = answer(shell, answers)
    assert code == 0
    assert [secret for secret in (SECRET, WRONG) if secret in shown] == []
    reasons = [
        "'two words' is not a valid account ID",
        "holds characters that are not valid in a token",
        "Cloudflare refuses the API token",
        "Look at the account ID",
        f"the account has no app 'simulated-ap'; did you mean {app}?",
        "list.xlsx: a meeting list is written as .txt, .csv",
    ]
    places = [shown.find(f"{reason}") for reason in reasons]
    assert places == sorted(places)
    assert places[0] > 0
    assert (here / "environment").read_text().splitlines()[1:] == [
        f"CLOUDFLARE_ACCOUNT_ID={account}",
        f"REALTIMEKIT_APP_ID={app}",
        f"CLOUDFLARE_API_TOKEN_FILE={here}/token",
        f"CLOUDFLARE_API_BASE_URL={shell.api.base_url}",
    ]
    assert (here / "token").read_text() == f"{SECRET}\n"
    assert (mode(here / "environment"), mode(here / "token")) == (0o600, 0o600)
    listed = (here / "data" / "meetings.txt").read_text().splitlines()
    assert sorted(line.split()[0] for line in listed) == sorted(shell.api.world.meeting_ids)
    for command, expected in zip(shown.splitlines()[-2:], ("40 meetings: ", "exec timeout "), strict=True):
        done = run_as_printed(shell, command)
        assert (done.returncode, expected in done.stdout, done.stderr) == (0, True, "")


def run_as_printed(shell: Shell, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a shell without a setting, in which the program is on the path."""
    program = Path(sys.executable).parent
    variables = {"PATH": f"{program}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        ["sh", "-c", command], cwd=shell.directory, env=variables, capture_output=True, text=True, check=False
    )


def test_all_can_be_options(shell: Shell) -> None:
    """Nothing is asked. The file of the token stays where it is, and a list that exists is kept."""
    token, meetings = shell.directory / "secret token", shell.directory / "list.csv"
    token.write_text(SECRET)
    environment = shell.directory / "conf" / "env"
    named = ("--account-id", shell.api.world.account_id, "--app-id", shell.api.world.app_id, "--list", str(meetings))
    files = ("--api-token-file", str(token), "--environment", str(environment))
    result = shell.run("init", *named, *files, **NOTHING)
    assert result.exit_code == 0
    assert f"CLOUDFLARE_API_TOKEN_FILE='{token}'\n" in environment.read_text()
    assert meetings.read_text().startswith("meeting_id,app_id,title\n")
    assert result.stdout.splitlines()[1:] == [
        f"  set -a && . {environment} && set +a && rtk-usage snapshot {meetings}",
        f"  rtk-usage schedule {meetings} --every 5m --environment {environment}",
    ]
    before = environment.read_text()
    refused = shell.run("init", *named, *files, **NOTHING)
    assert (refused.exit_code, refused.stdout) == (78, "")
    assert f"{environment} exists, and nothing is written; replace it with --force" in refused.stderr
    meetings.write_text("mine\n")
    other = shell.run("init", *named, *files[:2], "--environment", str(shell.directory / "other"), **NOTHING)
    assert (other.exit_code, f"kept {meetings}" in other.stderr, meetings.read_text()) == (0, True, "mine\n")
    environment.chmod(0o644)
    forced = shell.run("init", *named, *files, "--force", **NOTHING)
    assert (forced.exit_code, environment.read_text(), mode(environment)) == (0, before, 0o600)
    assert meetings.read_text() != "mine\n"


@pytest.mark.parametrize(
    ("changes", "options", "code", "reason"),
    [
        ({"CLOUDFLARE_API_TOKEN": WRONG}, [], 77, "Cloudflare refuses the API token"),
        ({"CLOUDFLARE_API_TOKEN": "not a token"}, [], 78, "holds characters that are not valid in a token"),
        ({"CLOUDFLARE_API_TOKEN": None}, [], 78, "these settings are missing:\n  the API token: set"),
        ({"REALTIMEKIT_APP_ID": "other"}, [], 78, "the account has no app 'other'; it has simulated-app"),
        ({"CLOUDFLARE_ACCOUNT_ID": "another"}, [], 78, "the apps of account another can't be read"),
        ({"CLOUDFLARE_ACCOUNT_ID": None}, [], 78, "these settings are missing:\n  the Cloudflare account: set"),
        (
            {"REALTIMEKIT_APP_ID": "simulated"},
            [],
            78,
            "the account has no app 'simulated'; did you mean simulated-app?",
        ),
        ({}, ["--list", "list.xlsx"], 78, "list.xlsx: a meeting list is written as .txt, .csv"),
        ({}, ["--list", "."], 78, ". is a directory; name a file"),
        ({}, ["--base-url", "http://example.org"], 78, "would send the token where others can read it"),
        ({}, ["--base-url", "http://127.0.0.1:9/client/v4", "--attempts", "1"], 69, "Connection refused"),
    ],
)
def test_a_wrong_option_ends_with_its_exit_code(
    shell: Shell, changes: dict[str, str | None], options: list[str], code: int, reason: str
) -> None:
    """Nothing is written."""
    here = str(shell.directory / "environment")
    result = shell.run("init", "--environment", here, "--list", str(shell.directory / "new.txt"), *options, **changes)
    assert (result.exit_code, result.stdout) == (code, "")
    assert reason in result.stderr
    assert {path.name for path in shell.directory.iterdir()} <= {"meetings.txt", "usage.duckdb"}


def test_a_token_of_a_variable_is_written_beside_the_environment(shell: Shell) -> None:
    """A file of that name is not replaced without --force. The only app of the account needs no name."""
    environment, token = shell.directory / "environment", shell.directory / "token"
    named = ("--environment", str(environment), "--list", str(shell.directory / "new.txt"))
    token.write_text("another program's")
    result = shell.run("init", *named, REALTIMEKIT_APP_ID=None)
    assert (result.exit_code, token.read_text(), environment.exists()) == (78, "another program's", False)
    assert f"{token} exists, and nothing is written" in result.stderr
    assert shell.run("init", *named, "--force", REALTIMEKIT_APP_ID=None).exit_code == 0
    assert (token.read_text(), mode(token)) == (f"{SECRET}\n", 0o600)
    assert f"REALTIMEKIT_APP_ID={shell.api.world.app_id}\n" in environment.read_text()


def test_an_app_without_meetings_gets_no_list(open_shell: OpenShell) -> None:
    """The next commands record all meetings, because an empty list would be refused."""
    shell = open_shell(meetings=0)
    result = shell.run("init", "--environment", str(shell.directory / "environment"))
    assert (result.exit_code, result.stdout.count("--all-meetings")) == (0, 2)
    assert not (shell.directory / "data").exists()


@pytest.mark.parametrize(
    ("apps", "reason"),
    [
        ({"one": "Support", "two": "Sales\n"}, r"which app\? set .* to one of these:\n  one  Support\n  two  Sales "),
        ({}, "the account has no RealtimeKit app; create one in the Cloudflare dashboard"),
    ],
)
def test_an_account_with_several_apps_or_none_needs_an_answer(apps: dict[str, str], reason: str) -> None:
    """The message lists the apps that can be named."""
    with pytest.raises(ConfigError, match=reason):
        choose_app({"app_id": None}, apps)


def test_an_environment_that_exists_is_asked_for(shell: Shell) -> None:
    """No is the answer of somebody who only presses Enter, and nothing changes."""
    environment = shell.directory / "environment"
    environment.write_text("mine\n")
    code, shown = answer(shell, [("environment exists. Replace it? [y/N]: ", "")])
    assert (code, "Aborted!" in shown, environment.read_text()) == (1, True, "mine\n")
