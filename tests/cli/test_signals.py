from __future__ import annotations

import io
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
    """Wait until the run waits for nothing but the meetings that do not answer."""
    until(lambda: shell.api.app.state.requests == 40)


@pytest.mark.parametrize("number", NUMBERS)
def test_an_interrupted_run_stores_what_there_is(halting: Shell, number: signal.Signals) -> None:
    """It ends with 128 and the signal's number, within seconds; the rows of those that answered are stored."""
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
    """They are not idle and not missing: each is a row that says why it has no outcome."""

    def interrupt(counts: FetchCounts) -> None:
        if counts.done == 1:
            signal.raise_signal(signal.SIGTERM)

    summary, _ = run_job.run_snapshot(settings(shell), progress=interrupt)
    run = summary.run
    assert (run.meetings, run.live + run.idle + run.failed) == (40, 40)
    assert shell.rows("select kind, count(*) from fetch_failures group by all") == [("interrupted", run.failed)]


def test_the_next_run_of_the_slot_asks_for_the_rest(halting: Shell) -> None:
    """An interrupted slot is mended like any other: only what has no outcome is asked for."""
    slot = ("--slot", "2026-11-23T12:00:00Z")
    with halting.start(*COMMAND, *slot) as process:
        all_asked(halting)
        process.send_signal(signal.SIGINT)
        finish(process, seconds=5)
    summary = halting.summary(*slot, "--deadline", "0.2s")
    assert (summary["already_resolved"], summary["meetings"]) == (ANSWERED, 40 - ANSWERED)


def test_a_second_signal_ends_at_once(halting: Shell) -> None:
    """Who insists does not wait for anything to be stored: 130, and no traceback."""
    with halting.start(*COMMAND) as process:
        all_asked(halting)
        # Stopped, it finds both when it wakes: no race with how fast it would be after the first one.
        for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
            process.send_signal(number)
        code, stdout, stderr = finish(process, seconds=5)
    assert (code, stdout) == (130, "")
    assert "Traceback" not in stderr


def test_a_second_signal_does_not_claim_that_nothing_is_lost(halting: Shell) -> None:
    """Twenty meetings had answered and nothing of it is stored: the message must not deny it."""
    with halting.start(*COMMAND) as process:
        all_asked(halting)
        for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
            process.send_signal(number)
        _, _, stderr = finish(process, seconds=5)
    assert halting.staged() == []
    assert "nothing was under way that could be lost" not in stderr


@pytest.mark.parametrize("number", NUMBERS)
def test_waiting_for_a_locked_database_can_be_ended(shell: Shell, number: signal.Signals) -> None:
    """The run is safe on disk by then: a signal ends the wait, long before --lock-timeout."""
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
    """Nothing was cut short: the run is whole, and its exit code is that of a good one."""

    def interrupt(counts: FetchCounts) -> None:
        if counts.done == counts.meetings:
            signal.raise_signal(signal.SIGTERM)

    summary, received = run_job.run_snapshot(settings(shell), progress=interrupt)
    assert (summary.was_interrupted, summary.run.failed) == (False, 0)
    assert run_job.exit_code(summary, received) == 0


def test_handlers_are_put_back(shell: Shell) -> None:
    """After the run a signal means what it did before."""
    before = [signal.getsignal(number) for number in NUMBERS]
    run_job.run_snapshot(settings(shell))
    assert [signal.getsignal(number) for number in NUMBERS] == before


class Insistent(io.BytesIO):
    """Standard input at which somebody presses Ctrl-C while the list is read."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Be interrupted, unless it is only asked what it is."""
        if size != 0:
            signal.raise_signal(signal.SIGINT)
        return super().read(size)


def test_ctrl_c_before_the_first_request_is_no_traceback(shell: Shell) -> None:
    """It ends with 130, says that it was interrupted, and nothing was asked."""
    result = shell.run("snapshot", "-", stdin=Insistent(b"a-meeting\n"))
    assert (result.exit_code, result.stdout, shell.api.app.state.requests) == (130, "", 0)
    assert "interrupted" in result.stderr


def settings(shell: Shell) -> SnapshotSettings:
    """What the command line makes of the shell's environment."""
    api = ApiSettings(token=SECRET, account_id=shell.api.world.account_id, base_url=shell.api.base_url)
    meetings = Path(shell.directory / "meetings.txt")
    return SnapshotSettings(api=api, meetings=meetings, app_id=shell.api.world.app_id, database=shell.database)
