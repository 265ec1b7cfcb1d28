from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from etl.errors import ApiUnavailable, ConfigError, StoreError, StoreLocked
from etl.watch.news import Problem, choose_news, make_error_problem, read_known, stable_text, write_known

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from etl.errors import EtlError
    from etl.watch.news import KnownProblem

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
STEP, DAY = timedelta(minutes=5), timedelta(days=1)
DEAD = Problem(key="not_found app dead-id", line="not_found (1): dead-id: HTTP 404", group="not_found")
OUTAGE = Problem(key="ApiUnavailable", line="the API is down")

ZONELESS = (
    b'{"a": {"line": "", "began_at": "2026-11-23T12:00:00", "seen_at": "2026-11-23T12:00:00", "said_at": '
    b'"2026-11-23T12:00:00", "count": 1, "group": "", "ended_at": null, "has_returned": false}}'
)


def said_in(
    runs: int, problems_of: Callable[[int], Sequence[Problem]], *, step: timedelta = STEP
) -> list[tuple[int, str]]:
    """Return what a schedule of runs says, each line with the number of its run."""
    known: dict[str, KnownProblem] = {}
    said = []
    for number in range(runs):
        news = choose_news(known, problems_of(number), START + number * step, is_complete=True)
        said += [(number, line) for line in news.lines]
        known = news.known
    return said


def test_runs_without_a_problem_say_nothing() -> None:
    """Nothing is said in a day of 288 runs, and nothing is kept."""
    assert said_in(288, lambda _: []) == []


def test_a_dead_id_is_said_when_it_begins_once_per_day_and_when_it_ends() -> None:
    """It is dead for two days and an hour: four lines in 1,000 runs."""
    said = said_in(1000, lambda number: [DEAD] if 10 <= number < 10 + 2 * 288 + 12 else [])
    assert said == [
        (10, "not_found (1): dead-id: HTTP 404"),
        (10 + 288, "still: not_found (1): dead-id: HTTP 404 (since 2026-11-23T12:50:00Z)"),
        (10 + 2 * 288, "still: not_found (1): dead-id: HTTP 404 (since 2026-11-23T12:50:00Z)"),
        (10 + 2 * 288 + 12, "ended: not_found (1): dead-id: HTTP 404 (2026-11-23T12:50:00Z to 2026-11-25T13:45:00Z)"),
    ]


@pytest.mark.parametrize("period", [2, 3, 12])
def test_a_dead_id_that_comes_and_goes_all_day_is_three_messages(period: int) -> None:
    """In 288 runs of a day, it is said to begin, to end, and to be back."""
    said = said_in(288, lambda number: [DEAD] if number % period == 0 else [])
    assert [line.partition("not_found")[0] for _, line in said] == ["", "ended: ", "again: "]
    assert [number for number, _ in said] == [0, 1, period]


@pytest.mark.parametrize("step", [timedelta(minutes=1), timedelta(minutes=15), timedelta(hours=1)])
def test_a_problem_of_every_second_run_is_a_few_messages_per_day(step: timedelta) -> None:
    """This holds for every interval: after the first day it is said once per day."""
    said = said_in(7 * DAY // step, lambda number: [DEAD] if number % 2 else [], step=step)
    assert len(said) <= 3 + 7


def test_the_end_of_an_unsteady_problem_is_said_after_two_hours() -> None:
    """From then on, it counts as a new one after a day."""
    bad = {0, 2, 4, 6}
    said = said_in(288 * 3, lambda number: [DEAD] if number in bad or number == 700 else [])
    assert [number for number, _ in said] == [0, 1, 2, 6 + 24, 700, 701]
    assert said[3][1].startswith("ended: ")
    assert said[4][1] == DEAD.line


def test_a_second_dead_id_is_said_alone() -> None:
    """The first one is not said again with it."""
    other = Problem(key="not_found app other", line="not_found (1): other: HTTP 404", group="not_found")
    said = said_in(20, lambda number: [DEAD, other] if number >= 10 else [DEAD])
    assert said == [(0, DEAD.line), (10, other.line)]


def test_all_problems_are_repeated_together() -> None:
    """Problems that began at different hours are one message per day."""
    others = [Problem(key=f"id {number}", line=f"line {number}") for number in range(5)]
    said = said_in(3 * 288, lambda number: [other for place, other in enumerate(others) if number >= 50 * place])
    runs = sorted({number for number, line in said if line.startswith("still: ")})
    assert runs == [288, 576]
    assert len([line for number, line in said if number == 576]) == 5


def test_ten_times_as_many_failures_are_a_change() -> None:
    """Fewer are not: the number of failures of a faulty API changes with every run."""
    counts = [3, 5, 2, 29, 30, 31, 299, 300, 4]
    said = said_in(9, lambda number: [Problem(key="timeout", line=f"timeout ({counts[number]})", count=counts[number])])
    assert [line for _, line in said] == ["timeout (3)", "timeout (30)", "timeout (300)"]


def test_a_list_of_dead_ids_is_a_few_lines() -> None:
    """Five of them are named, at the beginning and at the end. A problem of another kind is said in any case."""
    dead = [Problem(key=f"not_found {number}", line=f"{number}: 404", group="not_found") for number in range(1000)]
    said = said_in(3, lambda number: [*dead, OUTAGE] if number == 0 else [OUTAGE] if number == 1 else [])
    assert [line for number, line in said if number == 0] == [
        *(f"{number}: 404" for number in range(5)),
        "not_found: 995 more; the table fetch_failures has all of them",
        OUTAGE.line,
    ]
    assert len([line for number, line in said if number == 1]) == 6


def test_a_run_that_has_not_looked_at_everything_ends_no_problem() -> None:
    """While the API is down, no dead ID is said to be alive."""
    first = choose_news({}, [DEAD], START, is_complete=True)
    second = choose_news(first.known, [OUTAGE], START + STEP, is_complete=False)
    third = choose_news(second.known, [DEAD], START + 2 * STEP, is_complete=True)
    assert second.lines == [OUTAGE.line]
    assert [line.partition(OUTAGE.line)[0] for line in third.lines] == ["ended: "]


def test_a_clock_that_was_in_the_future_silences_nothing() -> None:
    """What was said in the future is said again once the clock is right, and its end is said at once."""
    known = choose_news({}, [DEAD], START + 365 * DAY, is_complete=True).known
    again = choose_news(known, [DEAD], START, is_complete=True)
    assert [line.partition("not_found")[0] for line in again.lines] == ["still: "]
    assert choose_news(again.known, [DEAD], START + STEP, is_complete=True).lines == []
    assert len(choose_news(known, [], START, is_complete=True).lines) == 1


def test_the_state_is_kept_in_a_file_of_the_owner(tmp_path: Path) -> None:
    """What is read is what was written, to the second."""
    path = tmp_path / "snapshot.news.json"
    known = choose_news({}, [DEAD, OUTAGE], START, is_complete=True).known
    known = choose_news(known, [DEAD], START + STEP, is_complete=True).known
    write_known(path, known)
    assert read_known(path) == known
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"a": 1}',
        b'{"a": {}}',
        b'{"a": {"line": "x", "began_at": 3}}',
        ZONELESS,
    ],
)
def test_a_damaged_state_only_means_that_a_problem_is_said_once_more(tmp_path: Path, content: bytes) -> None:
    """A lost one means the same."""
    path = tmp_path / "snapshot.news.json"
    assert read_known(path) == {}
    path.write_bytes(content)
    assert read_known(path) == {}


@pytest.mark.parametrize(
    ("error", "later", "is_same"),
    [
        (StoreLocked("open in python (PID 12)"), StoreLocked("open in duckdb (PID 345)"), True),
        (ApiUnavailable("HTTP 502: <html>"), ApiUnavailable("HTTP 503: nothing"), True),
        (ConfigError("list.txt: No such file"), ConfigError("token: No such file"), False),
        (StoreError("/data/x.partial-1: No space left"), StoreError("/data/x.partial-2: No space left"), True),
        (StoreError("/data: No space left"), StoreError("/data: Permission denied"), False),
        (StoreError("the same"), ConfigError("the same"), False),
    ],
)
def test_an_error_changes_when_its_cause_does(error: EtlError, later: EtlError, *, is_same: bool) -> None:
    """Instants, numbers and the name of the other program are no change."""
    assert (make_error_problem(error).key == make_error_problem(later).key) is is_same


def test_words_with_digits_are_not_part_of_a_key() -> None:
    """They are counts, instants and IDs."""
    texts = ["of the 40 meetings, 3 are", "of the 1,040 meetings, 12 are"]
    assert all(stable_text(one) == stable_text(two) for one, two in pairwise(texts))
    assert stable_text("slot 2026-11-23T12:00Z is late") == "slot # is late"


def test_a_problem_is_one_line() -> None:
    """An error that lists several things has several lines. A log and the end of a problem are read by the line."""
    error = ConfigError("these settings are missing:\n  the token\n  the account")
    assert make_error_problem(error).line == "these settings are missing: the token; the account"
