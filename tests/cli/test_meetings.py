"""`rtk-usage meetings`: a meeting list with all meetings of the app."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from etl.meeting_list import read_meeting_list
from tests.cli.conftest import SECRET

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import OpenShell, Shell


def active(shell: Shell) -> list[str]:
    """Return the meetings of the world that can still be joined."""
    return [one.id for one in shell.api.world.all_meetings if one.payload()["status"] == "ACTIVE"]


@pytest.mark.parametrize("name", ["list.txt", "list", "list.csv", "list.tsv", "list.jsonl"])
def test_what_is_written_is_read_as_the_same_meetings(shell: Shell, name: str) -> None:
    """This holds for every format. The order is the API's, and titles stand beside the IDs."""
    result = shell.run("meetings", "--output", str(shell.directory / name))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "40 of the 40 meetings of app simulated-app\n"
    found = read_meeting_list(shell.directory / name, default_app_id="simulated-app")
    assert [meeting.meeting_id for meeting in found.meetings] == shell.api.world.meeting_ids
    assert {meeting.app_id for meeting in found.meetings} == {"simulated-app"}
    assert found.invalid == []


def test_without_a_file_the_list_goes_to_standard_output(shell: Shell) -> None:
    """The format is text, which a snapshot reads from a pipe."""
    result = shell.run("meetings")
    assert [line.split()[0] for line in result.stdout.splitlines()] == shell.api.world.meeting_ids


def test_meetings_that_nobody_can_join_can_be_left_out(shell: Shell) -> None:
    """`--active` takes only meetings with the status ACTIVE."""
    result = shell.run("meetings", "--active")
    assert [line.split()[0] for line in result.stdout.splitlines()] == active(shell)
    assert 0 < len(active(shell)) < 40


@pytest.mark.parametrize("fault", ["ok", "no_paging"])
def test_a_long_list_is_read_page_by_page(open_shell: OpenShell, fault: str) -> None:
    """The API may count the meetings or not."""
    shell = open_shell(meetings=95, script=itertools.repeat(fault))
    result = shell.run("meetings", "--page-size", "10")
    assert [line.split()[0] for line in result.stdout.splitlines()] == shell.api.world.meeting_ids


def test_a_list_that_is_not_whole_is_not_written(open_shell: OpenShell) -> None:
    """An existing file stays as it is."""
    shell = open_shell(script=itertools.repeat("count_too_high"))
    file = shell.directory / "meetings.txt"
    before = file.read_bytes()
    result = shell.run("meetings", "--output", str(file))
    assert result.exit_code == 69
    assert "nothing is written (the list contradicts itself: it counts 1,400 and shows 40)" in result.stderr
    assert file.read_bytes() == before


def test_a_list_that_is_replaced_stays_as_private_as_it_was(shell: Shell) -> None:
    """The permissions of the file do not change."""
    file = shell.directory / "meetings.txt"
    file.chmod(0o600)
    shell.run("meetings", "--output", str(file))
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ("authentication", 77, "refuses the API token"),
        ("forbidden_by_realtimekit", 77, "permission Realtime"),
        ("no_route", 78, "Look at the account ID, the app ID"),
        ("not_json", 69, "the API gives no valid answer"),
    ],
)
def test_a_refused_list_is_an_error_that_says_what_to_look_at(
    open_shell: OpenShell, fault: str, code: int, said: str
) -> None:
    """No file is left behind."""
    shell = open_shell(script=itertools.repeat(fault))
    result = shell.run("meetings", "--output", str(shell.directory / "new.txt"))
    assert result.exit_code == code
    assert said in result.stderr
    assert not (shell.directory / "new.txt").exists()


def test_an_unknown_format_is_refused_before_anything_is_asked(shell: Shell) -> None:
    """The message names the formats, and nothing is sent. It ends as every command does for a wrong ending."""
    result = shell.run("meetings", "--output", "list.xls")
    assert result.exit_code == 2
    assert "list.xls has the unknown ending .xls; expected .txt, .csv, .tsv, .jsonl or .ndjson." in result.stderr
    assert shell.api.app.state.requests == 0


def test_a_place_that_cannot_be_written_is_named(shell: Shell, tmp_path: Path) -> None:
    """The message names the path and another option."""
    (tmp_path / "file").write_text("")
    result = shell.run("meetings", "--output", str(tmp_path / "file" / "list.txt"))
    assert result.exit_code == 78
    assert "name another --output" in result.stderr


def test_an_app_is_needed(shell: Shell) -> None:
    """The API has no list of the meetings of all apps."""
    result = shell.run("meetings", REALTIMEKIT_APP_ID=None)
    assert result.exit_code == 78
    assert "the RealtimeKit app is missing" in result.stderr


def test_the_token_is_in_no_list(shell: Shell) -> None:
    """Titles come from the API, which may repeat anything."""
    assert SECRET not in shell.run("meetings").output
