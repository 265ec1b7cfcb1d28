"""The plan of a run before it begins: the cost, and the way."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import meeting_ids, summary_of
from tests.samples import held_open

if TYPE_CHECKING:
    from tests.cli.conftest import OpenShell, Shell

NOBODY = {"CLOUDFLARE_API_TOKEN": None, "CLOUDFLARE_ACCOUNT_ID": None, "REALTIMEKIT_APP_ID": None}


@pytest.mark.usefixtures("no_database")
def test_a_dry_run_says_what_the_run_would_cost_and_does_nothing(shell: Shell) -> None:
    """The command sends no request and creates no file. It needs neither token nor account nor app."""
    result = shell.snapshot("--dry-run", **NOBODY)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        (
            "plan:  40 meetings via meetings, the number of live sessions is not known, and "
            "one request per meeting costs at most a tenth of the 1,080 requests per window"
        ),
        "cost:  40 requests; they take less than a second within the limit",
        (
            "limit: 1,200 requests in 300 s, less 120 in reserve and 0 spent by earlier runs; "
            "1,080 remain now, 1,040 after this run"
        ),
    ]
    assert shell.api.app.state.requests == 0
    assert [path.name for path in shell.directory.iterdir()] == ["meetings.txt"]


@pytest.mark.parametrize(
    "variables",
    [{"CLOUDFLARE_API_TOKEN": None, "CLOUDFLARE_API_TOKEN_FILE": "missing"}, {"CLOUDFLARE_API_TOKEN": "not valid"}],
)
def test_a_dry_run_does_not_read_the_token(shell: Shell, variables: dict[str, str | None]) -> None:
    """The run sends nothing, so a token that can't be read or is not valid does not stop it."""
    result = shell.snapshot("--dry-run", **variables)
    assert (result.exit_code, result.stderr) == (0, "")
    assert shell.snapshot(**variables).exit_code == 78


def test_a_plan_knows_what_earlier_runs_spent(shell: Shell) -> None:
    """Requests of the last five minutes count, because the limit is per token."""
    shell.snapshot("--slot", "2026-11-02T10:00:00Z")
    result = shell.snapshot("--dry-run", "--slot", "2026-11-02T11:00:00Z")
    assert "40 spent by earlier runs; 1,040 remain now, 1,000 after this run" in result.stdout


def test_a_plan_by_list_knows_how_many_were_live(shell: Shell) -> None:
    """Before the first count, all meetings could be live."""
    by_list = ("--dry-run", "--via", "list", "--page-size", "10", "--slot", "2026-11-02T11:00:00Z")
    assert "cost:  5 requests if all of these and no other meetings are live; " in shell.snapshot(*by_list).stdout
    shell.snapshot("--slot", "2026-11-02T10:00:00Z")
    assert "cost:  5 requests if all" in shell.snapshot(*by_list).stdout, "who asks for each sees no others"
    shell.snapshot("--via", "list")
    expected = -(-len(shell.api.live()) // 10) + 1
    said = f"cost:  {expected} requests expected, 5 if all of these and no other meetings are live; "
    assert said in shell.snapshot(*by_list).stdout


def test_a_plan_as_json_is_one_object(shell: Shell) -> None:
    """The object is the one that the summary of a run holds as `plan`."""
    plan = json.loads(shell.snapshot("--dry-run", "--json").stdout)
    assert plan == shell.summary()["plan"]
    assert (plan["via"], plan["requests"], plan["remaining"], plan["warning"]) == ("meetings", 40, 1080, None)
    assert plan["reason"] == "live_sessions_unknown"
    assert plan["why"].startswith("the number of live sessions is not known, and one request per meeting costs ")


def test_a_dry_run_on_a_database_that_is_held_plans_without_it(shell: Shell) -> None:
    """A message says so, and the command does not wait. The plan does not claim that earlier runs spent nothing."""
    shell.snapshot()
    with held_open(shell.database, "write"):
        result = shell.snapshot("--dry-run")
        assert result.exit_code == 0
        assert "what earlier runs spent, which is not known; at most 1,080 remain" in result.stdout
        shell.snapshot("--lock-timeout", "0s")
        plan = shell.snapshot("--dry-run").stdout
    assert "what earlier runs spent, which is not known beside the 40 of staged runs; at most 1,040 remain now" in plan
    assert "planned without what the database knows" in result.stderr


def test_a_dry_run_changes_nothing_of_a_database(shell: Shell) -> None:
    """The bytes of the file are the same."""
    shell.snapshot()
    before = shell.database.read_bytes()
    shell.snapshot("--dry-run")
    assert shell.database.read_bytes() == before


def test_a_run_that_cannot_end_in_time_says_so_before_it_begins(shell: Shell) -> None:
    """The message has the arithmetic and the option that makes it fit. Then the run does what it can."""
    result = shell.snapshot("--rate", "10/300s", "--via", "meetings", "--deadline", "1s", "--attempts", "1")
    assert result.stderr.startswith(
        "rtk-usage: the run can't end in time: 40 requests take at least 21m, but --deadline is 1s. "
        "The limit allows 9 requests in 300 s (10 less 1 in reserve), and earlier runs spent 0. "
        "With --via list the same meetings take 2 requests\n"
    )
    assert result.exit_code == 3
    assert "31 failed (deadline 31)" in result.stdout


def test_a_warning_is_printed_with_a_plan_as_json_too(shell: Shell) -> None:
    """The warning is in the object and on standard error."""
    result = shell.snapshot("--dry-run", "--json", "--rate", "10/300s", "--via", "meetings", "--deadline", "1s")
    warning = json.loads(result.stdout)["warning"]
    assert warning.startswith("the run can't end in time")
    assert result.stderr == f"rtk-usage: {warning}\n"


def test_the_plan_is_shown_where_everything_is(shell: Shell) -> None:
    """The plan is on standard error with --verbose, before the first meeting."""
    lines = shell.snapshot("--verbose").stderr.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["plan:", "cost:", "limit:"]


@pytest.mark.parametrize("via", ["meetings", "list"])
def test_the_way_can_be_chosen(shell: Shell, via: str) -> None:
    """Both ways find the same sessions, and the summary and the ledger name the way."""
    result = shell.snapshot("--via", via)
    live = len(shell.api.live())
    assert f"40 meetings: {live} live, {40 - live} idle, 0 failed; via {via};" in result.stdout
    assert shell.rows("select via, live, idle, unlisted from runs") == [
        (via, live, 40 - live, 0 if via == "list" else None)
    ]


def test_more_than_a_tenth_of_a_window_goes_by_the_list_of_live_sessions(shell: Shell) -> None:
    """The run chooses it by itself. The plan gives the reason, and the summary only the way."""
    result = shell.snapshot("--rate", "30/300s", "--verbose")
    assert (
        "via list, the number of live sessions is not known, and "
        "one request per meeting would cost more than a tenth of the 27 requests per window\n" in result.stderr
    )
    assert "0 failed; via list; 1 request in " in result.stdout
    assert result.exit_code == 0


def test_live_sessions_outside_the_list_are_mentioned(shell: Shell) -> None:
    """They are counted, but not stored."""
    listed = meeting_ids()[:10]
    (shell.directory / "meetings.txt").write_text("\n".join(listed))
    live = shell.api.live().keys()
    result = shell.snapshot("--via", "list")
    assert f"; {len(live - set(listed))} more live outside the list;" in result.stdout
    assert shell.rows("select count(*) from session_snapshots") == [(len(live & set(listed)),)]
    assert result.stderr == ""


def write_idle_list(shell: Shell, *others: str) -> int:
    """Write a list of meetings that are all idle, after other lines. Return the number of live meetings."""
    live = shell.api.live().keys()
    idle = [meeting_id for meeting_id in shell.api.world.meeting_ids if meeting_id not in live]
    (shell.directory / "meetings.txt").write_text("\n".join([*others, *idle]))
    return len(live)


@pytest.mark.parametrize("options", [[], ["--quiet"], ["--json"]])
def test_a_list_without_a_live_meeting_is_a_warning_if_others_are_live(shell: Shell, options: list[str]) -> None:
    """A wrong list looks so. The warning has both numbers and what to look at. The exit code says nothing of it."""
    live = write_idle_list(shell)
    result = shell.snapshot("--via", "list", *options)
    idle = 40 - live
    assert (result.exit_code, result.stderr.count("rtk-usage: ")) == (0, 1)
    assert result.stderr.startswith(
        f"rtk-usage: of the {idle} meetings in the list, not one is live, but {live} outside the list are. "
    )
    assert "Look at the IDs of the list and at the ID of the app" in result.stderr


def test_lines_that_are_not_valid_do_not_hide_the_warning(shell: Shell) -> None:
    """They have no outcome of their own."""
    write_idle_list(shell, "not an id")
    result = shell.snapshot("--via", "list")
    assert (result.exit_code, "not one is live" in result.stderr) == (3, True)


def test_one_live_meeting_in_the_list_is_no_reason_for_a_warning(shell: Shell) -> None:
    """The list is then of this app, however many sessions are outside it."""
    write_idle_list(shell, next(iter(shell.api.live())))
    assert shell.snapshot("--via", "list").stderr == ""


def test_one_request_per_meeting_sees_no_other_sessions(shell: Shell) -> None:
    """A run by meeting can't know if others are live, so it says nothing."""
    write_idle_list(shell)
    assert shell.snapshot("--via", "meetings").stderr == ""


@pytest.mark.parametrize("arguments", [["--all-meetings"], ["meetings.txt"]])
def test_an_app_without_live_sessions_gives_no_warning(open_shell: OpenShell, arguments: list[str]) -> None:
    """At night nobody meets, and a run without a list has no wrong list."""
    shell = open_shell(live_share=0.0)
    arguments = [str(shell.directory / each) if each == "meetings.txt" else each for each in arguments]
    result = shell.run("snapshot", *arguments, "--via", "list")
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_meeting_that_failed_may_be_live(open_shell: OpenShell) -> None:
    """Only its failure is printed, not a warning that is perhaps wrong."""
    sessions = sorted(open_shell().api.live().items(), key=lambda item: item[1]["created_at"])
    unread = sessions[7][0]  # of the second page of five
    shell = open_shell(by_page={2: ["internal_error"]}, by_meeting={unread: ["internal_error"]})
    write_idle_list(shell, unread)
    result = shell.snapshot("--via", "list", "--page-size", "5", "--attempts", "1")
    assert result.exit_code == 3
    assert shell.rows("select live, idle > 0, failed, unlisted > 0 from runs") == [(0, True, 1, True)]
    assert "not one is live" not in result.stderr


def test_a_second_run_of_a_slot_does_not_warn_about_the_rest(shell: Shell) -> None:
    """A live meeting of the list was stored by the first run. The second asks only for the others."""
    slot = ("--via", "list", "--slot", "2026-11-23T12:00:00Z")
    live = next(iter(shell.api.live()))
    (shell.directory / "meetings.txt").write_text(live)
    assert shell.snapshot(*slot).stderr == ""
    write_idle_list(shell, live)
    second = shell.snapshot(*slot)
    assert shell.rows("select live, idle > 0, unlisted > 0 from runs order by run_id desc limit 1") == [(0, True, True)]
    assert (second.exit_code, second.stderr) == (0, "")


def test_all_meetings_need_no_list(shell: Shell) -> None:
    """Every live session of the app is a row."""
    result = shell.run("snapshot", "--all-meetings")
    live = shell.api.live().keys()
    assert result.exit_code == 0
    assert f" {len(live)} meetings: {len(live)} live, 0 idle, 0 failed; via list;" in (result.stdout)
    assert {meeting_id for (meeting_id,) in shell.rows("select meeting_id from session_snapshots")} == live


def test_all_meetings_of_a_slot_are_asked_for_once(shell: Shell) -> None:
    """A second run sends nothing, and the summary says so."""
    shell.run("snapshot", "--all-meetings", "--slot", "2026-11-02T10:00:00Z")
    before = shell.api.app.state.requests
    result = shell.run("snapshot", "--all-meetings", "--slot", "2026-11-02T10:00:00Z")
    assert "this slot already has every outcome; 0 requests" in result.stdout
    assert shell.api.app.state.requests == before


def test_the_list_is_taken_where_only_it_can_end_in_time(shell: Shell) -> None:
    """Earlier runs left three requests of the window, and four meetings are few enough to be asked one by one."""
    shell.snapshot("--slot", "2026-11-02T10:00:00Z")
    (shell.directory / "meetings.txt").write_text("\n".join(meeting_ids()[:4]))
    again = ("--rate", "48/300s", "--slot", "2026-11-02T11:00:00Z")
    assert "plan:  4 meetings via meetings, " in shell.snapshot(*again, "--dry-run").stdout
    in_time = shell.snapshot(*again, "--dry-run", "--deadline", "1m").stdout
    assert "via list, one request per meeting would not end in time" in in_time
    result = shell.snapshot(*again, "--deadline", "1m")
    assert "; via list; " in result.stdout
    assert result.exit_code == 0


@pytest.mark.usefixtures("no_database")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--all-meetings", "x.txt"], "--all-meetings needs no meeting list: leave out x.txt"),
        (["--all-meetings", "--via", "meetings"], "use --via list or --via auto"),
        (["--rate", "0/300s"], "'0/300s' is out of range"),
        (["--rate", "many"], "write requests and a window, like 1200/300s"),
        (["--rate", "1200/0s"], "out of range"),
        (["--reserve", "100%"], "'100%' is out of range"),
        (["--reserve", "a bit"], "write it like 10% or 0.1"),
        (["--page-size", "0"], "0 is not in the range"),
        (["--via", "pigeon"], "'pigeon' is not one of"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_done(shell: Shell, arguments: list[str], said: str) -> None:
    """The message names the option and the problem, and the exit code is 2."""
    result = shell.run("snapshot", *arguments)
    assert result.exit_code == 2
    assert said in re.sub(r"\s+", " ", result.stderr)
    assert shell.api.app.state.requests == 0
    assert not shell.database.exists()


@pytest.mark.usefixtures("no_database")
@pytest.mark.parametrize(("app", "said"), [(None, "the RealtimeKit app is missing"), ("a b", "is not a valid app ID")])
def test_all_meetings_of_no_app_are_asked_for_nowhere(shell: Shell, app: str | None, said: str) -> None:
    """`--all-meetings` needs an app."""
    result = shell.run("snapshot", "--all-meetings", REALTIMEKIT_APP_ID=app)
    assert result.exit_code == 78
    assert said in result.stderr


@pytest.mark.parametrize(
    ("fault", "code", "kind"),
    [("forbidden_by_realtimekit", 77, "forbidden"), ("no_route", 78, "not_found"), ("success_false", 69, "malformed")],
)
def test_a_list_that_the_api_refuses_is_no_empty_list(open_shell: OpenShell, fault: str, code: int, kind: str) -> None:
    """Every meeting fails and none is idle. The message names the way that needs no list."""
    shell = open_shell(by_page={1: [fault] * 2})
    result = shell.snapshot("--via", "list", "--json")
    assert result.exit_code == code
    assert "the API does not give the list of live sessions of app simulated-app" in result.stderr
    assert "use --via meetings" in result.stderr
    assert (summary_of(result.stdout)["failures"], summary_of(result.stdout)["idle"]) == ({kind: 40}, 0)
    assert shell.api.app.state.requests == 1 + (code == 77)  # a refusal of the token is confirmed
