from __future__ import annotations

import io
import re
import signal
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from etl.cli import run_job
from etl.settings import ApiSettings, SnapshotSettings
from tests.cli.conftest import SECRET, finish, meeting_ids, summary_of, until

if TYPE_CHECKING:
    from etl.values.fetch import FetchCounts
    from tests.cli.conftest import OpenShell, Shell

NUMBERS = [signal.SIGINT, signal.SIGTERM]
# As many workers as there are meetings that answer: once the others are asked, each of those has its outcome.
ANSWERED = 20


@pytest.fixture
def halting(open_shell: OpenShell) -> Shell:
    """An API that answers for the first twenty meetings and keeps the others waiting."""
    waiting = meeting_ids()[ANSWERED:]
    return open_shell(by_meeting={one: repeat("slow") for one in waiting}, slow_seconds=30.0)


COMMAND = ("snapshot", "meetings.txt", "--json", "--concurrency", str(ANSWERED), "--timeout", "1m")


def all_asked(shell: Shell) -> None:
    """Wait until the run waits only for the meetings that do not answer."""
    until(lambda: shell.api.app.state.requests == 40)


@pytest.mark.parametrize("number", NUMBERS)
def test_an_interrupted_run_stores_what_there_is(halting: Shell, number: signal.Signals) -> None:
    """The exit code is 128 plus the number of the signal. The rows of the meetings that answered are stored."""
    with halting.start(*COMMAND) as process:
        all_asked(halting)
        process.send_signal(number)
        code, stdout, _ = finish(process, seconds=5)
    summary = summary_of(stdout)
    live = halting.api.live().keys() & set(meeting_ids()[:ANSWERED])
    assert code == 128 + number
    assert (summary["interrupted"], summary["live"] + summary["idle"]) == (True, ANSWERED)
    assert {one for (one,) in halting.rows("select meeting_id from session_snapshots")} == live


def test_meetings_without_an_answer_fail_as_interrupted(shell: Shell) -> None:
    """Each meeting without an answer is a failure with its reason. It is neither idle nor missing."""

    def interrupt(counts: FetchCounts) -> None:
        if counts.done == 1:
            signal.raise_signal(signal.SIGTERM)

    summary, _ = run_job.run_snapshot(settings(shell), progress=interrupt)
    run = summary.run
    assert (run.meetings, run.live + run.idle + run.failed) == (40, 40)
    assert shell.rows("select kind, count(*) from fetch_failures group by all") == [("interrupted", run.failed)]


def test_the_next_run_of_the_slot_asks_for_the_rest(halting: Shell) -> None:
    """A second run of an interrupted slot asks only for meetings without an outcome."""
    slot = ("--slot", "2026-11-23T12:00:00Z")
    with halting.start(*COMMAND, *slot) as process:
        all_asked(halting)
        process.send_signal(signal.SIGINT)
        finish(process, seconds=5)
    summary = halting.summary(*slot, "--deadline", "0.2s")
    assert (summary["already_resolved"], summary["meetings"]) == (ANSWERED, 40 - ANSWERED)


@pytest.mark.parametrize(
    ("schedule", "instead"),
    [((), ""), (("--every", "1h"), " instead of --every"), (("--slot", "2026-11-23T12:00:00Z"), "")],
)
def test_an_interrupted_run_says_how_to_fetch_the_rest(halting: Shell, schedule: tuple[str, ...], instead: str) -> None:
    """The advice is true: the command that it names asks only for the rest."""
    with halting.start("snapshot", "meetings.txt", "--concurrency", str(ANSWERED), *schedule) as process:
        all_asked(halting)
        process.send_signal(signal.SIGINT)
        _, _, stderr = finish(process, seconds=5)
    advice = re.search(
        r"^rtk-usage: interrupted: 20 of 40 meetings have no outcome\. To fetch the rest of this slot, run the same "
        rf"command with (--slot \S+){instead}$",
        stderr,
        flags=re.MULTILINE,
    )
    assert advice, stderr
    summary = halting.summary(*advice[1].split(), "--deadline", "0.2s")
    assert (summary["already_resolved"], summary["meetings"]) == (ANSWERED, 40 - ANSWERED)


def test_an_interrupted_list_of_all_meetings_says_how_to_fetch_the_rest(open_shell: OpenShell) -> None:
    """The advice names the list, and not a number of meetings, which nobody knows. The command stores the rest."""
    shell = open_shell(by_page={2: ["slow"]}, slow_seconds=30.0)
    command = ("snapshot", "--all-meetings", "--page-size", "4", "--timeout", "1m")
    with shell.start(*command, "--every", "1h") as process:
        until(lambda: shell.api.app.state.requests_by_page[2] == 1)
        process.send_signal(signal.SIGINT)
        code, _, stderr = finish(process, seconds=5)
    advice = re.search(
        r"^rtk-usage: interrupted: the list of live sessions was not read to its end\. To fetch the rest of this slot, "
        r"run the same command with (--slot \S+) instead of --every$",
        stderr,
        flags=re.MULTILINE,
    )
    assert advice, stderr
    stored = "select meeting_id from session_snapshots"
    live = shell.api.live().keys()
    assert (code, {one for (one,) in shell.rows(stored)} < live) == (130, True)
    assert shell.run(*command, *advice[1].split()).exit_code == 0
    assert sorted(one for (one,) in shell.rows(stored)) == sorted(live)


def test_a_second_signal_ends_at_once(halting: Shell) -> None:
    """A second signal ends the run with 130, without a traceback."""
    with halting.start(*COMMAND) as process:
        all_asked(halting)
        # Stopped, it finds both when it wakes: no race with how fast it would be after the first one.
        for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
            process.send_signal(number)
        code, stdout, stderr = finish(process, seconds=5)
    assert (code, stdout) == (130, "")
    assert "Traceback" not in stderr


def test_a_second_signal_does_not_claim_that_nothing_is_lost(halting: Shell) -> None:
    """Twenty meetings had answered and nothing is stored, so the message must not say "stored"."""
    with halting.start(*COMMAND) as process:
        all_asked(halting)
        for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
            process.send_signal(number)
        _, _, stderr = finish(process, seconds=5)
    assert halting.staged() == []
    assert "nothing was under way that could be lost" not in stderr


@pytest.mark.parametrize("number", NUMBERS)
def test_waiting_for_a_locked_database_can_be_ended(shell: Shell, number: signal.Signals) -> None:
    """The run is staged by then, so a signal ends the wait before --lock-timeout."""
    shell.snapshot()
    with shell.database_held(), shell.start("snapshot", "meetings.txt", "--lock-timeout", "1m") as process:
        until(shell.staged)
        process.send_signal(number)
        code, _, _ = finish(process, seconds=3)
    assert (code, len(shell.staged())) == (128 + number, 1)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_is_an_interruption_also_within_the_process(shell: Shell, number: signal.Signals) -> None:
    """The summary says that the run was interrupted, and the signal gives the exit code."""

    def interrupt(counts: FetchCounts) -> None:
        if counts.done == 1:
            signal.raise_signal(number)

    one_by_one = replace(settings(shell).api, concurrency=1)
    summary, received = run_job.run_snapshot(replace(settings(shell), api=one_by_one), progress=interrupt)
    assert (summary.was_interrupted, received) == (True, number)
    assert run_job.exit_code(summary, received) == 128 + number


def test_a_signal_after_the_last_answer_changes_nothing(shell: Shell) -> None:
    """The signal came after the last outcome, so the run is complete and succeeds."""

    def interrupt(counts: FetchCounts) -> None:
        if counts.done == counts.meetings:
            signal.raise_signal(signal.SIGTERM)

    summary, received = run_job.run_snapshot(settings(shell), progress=interrupt)
    assert (summary.was_interrupted, summary.run.failed) == (False, 0)
    assert run_job.exit_code(summary, received) == 0


def test_handlers_are_put_back(shell: Shell) -> None:
    """The handlers of the signals are restored after the run."""
    before = [signal.getsignal(number) for number in NUMBERS]
    run_job.run_snapshot(settings(shell))
    assert [signal.getsignal(number) for number in NUMBERS] == before


class Insistent(io.BytesIO):
    """Standard input of a user who presses Ctrl-C while the list is read."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Be interrupted by every call, except for questions about the type of the stream."""
        if size != 0:
            signal.raise_signal(signal.SIGINT)
        return super().read(size)


def test_ctrl_c_before_the_first_request_is_no_traceback(shell: Shell) -> None:
    """The command ends with 130 and a message. Nothing was sent."""
    result = shell.run("snapshot", "-", stdin=Insistent(b"a-meeting\n"))
    assert (result.exit_code, result.stdout, shell.api.app.state.requests) == (130, "", 0)
    assert "interrupted" in result.stderr


def settings(shell: Shell) -> SnapshotSettings:
    """Build the settings that the command line would build from the shell's environment."""
    api = ApiSettings(token=SECRET, account_id=shell.api.world.account_id, base_url=shell.api.base_url)
    meetings = Path(shell.directory / "meetings.txt")
    return SnapshotSettings(api=api, meetings=meetings, app_id=shell.api.world.app_id, database=shell.database)
