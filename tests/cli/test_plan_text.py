"""The text about a plan: lines, reasons, warnings and lengths of time."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from etl.cli.plan_text import format_plan, format_reason, format_warning, plan_document
from etl.cli.types import Duration
from etl.reports.periods import format_duration
from etl.values.fetch import PriorState, Spending, ViaReason
from tests.realtimekit.limit.plan_case import ALL_MEETINGS, NOON, live, meetings, plan, rate

if TYPE_CHECKING:
    from etl.values.fetch import Plan

DAY = 86400
SOON = timedelta(seconds=0.1)


def warning_of(made: Plan) -> str:
    """Return the warning of a plan that must have one."""
    warning = format_warning(made)
    assert warning is not None
    return warning


# The reason and the lines

UNKNOWN = "the number of live sessions is not known, and"
REASONS = [
    (plan(ALL_MEETINGS), "the only way to fetch all live sessions"),
    (plan(0), "this slot already has every outcome"),
    (plan(40, via="list"), "as --via says"),
    (plan(1), "one list per app would cost as many requests"),
    (plan(10_000, prior=live(350)), "one request per meeting would cost 10,000 requests"),
    (plan(150, prior=live(20_000)), "the list would cost 202 requests"),
    (
        plan(40),
        f"{UNKNOWN} one request per meeting costs at most a tenth of the 1,080 requests per window",
    ),
    (
        plan(10_000),
        f"{UNKNOWN} one request per meeting would cost more than a tenth of the 1,080 requests per window",
    ),
    (plan(95, deadline=SOON), "one request per meeting would not end in time"),
    (plan(150, deadline=timedelta(seconds=0.79), page_size=1), "reading the list would not end in time"),
]


@pytest.mark.parametrize(("made", "clause"), REASONS)
def test_the_reason_for_the_way_is_one_clause(made: Plan, clause: str) -> None:
    """The clause follows the way in the plan and in the summary."""
    assert format_reason(made) == clause


def test_every_reason_has_a_clause() -> None:
    """The cases above cover all reasons."""
    assert {made.reason for made, _ in REASONS} == set(ViaReason)


def test_a_plan_is_three_lines() -> None:
    """They state what is fetched, what it costs, and what the limit leaves."""
    spent = PriorState(live_sessions=350, spent=[Spending(finished_at=NOON, requests=80)])
    assert format_plan(plan(10_000, prior=spent)).splitlines() == [
        "plan:  10,000 meetings via list, one request per meeting would cost 10,000 requests",
        (
            "cost:  5 requests expected, 102 if all of these and no other meetings are live; "
            "they take less than a second within the limit"
        ),
        (
            "limit: 1,200 requests in 300 s, less 120 in reserve and 80 spent by earlier runs; "
            "1,000 remain now, 995 after this run"
        ),
    ]


@pytest.mark.parametrize("width", [30, 80, 100, 200])
def test_a_plan_is_wrapped_between_words_with_a_hanging_indent(width: int) -> None:
    """The lines continue below their first words."""
    made = plan(40, via="list")
    lines = format_plan(made, width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert [line[:7] for line in lines if line[0] != " "] == ["plan:  ", "cost:  ", "limit: "]
    assert {line[:8] != " " * 8 and line[:7] == " " * 7 for line in lines if line[0] == " "} <= {True}
    assert re.sub(r"\n {7}", " ", "\n".join(lines)) == format_plan(made)
    assert len(lines) == 3 or width < 200


@pytest.mark.parametrize(
    ("made", "cost"),
    [
        (plan(40), "40 requests; they take less than a second within the limit"),
        (plan(10_000, via="meetings"), "10,000 requests; they take at least 46m within the limit"),
        (plan(10_001), "102 requests if all of these and no other meetings are live; they take less than a second"),
        (plan(ALL_MEETINGS), "at least 1 request; it takes less than a second within the limit"),
    ],
)
def test_the_cost_is_a_number_of_requests_and_a_time(made: Plan, cost: str) -> None:
    """The number is a lower bound if nobody knows how many sessions are live."""
    assert f"\ncost:  {cost}" in format_plan(made)


def test_one_request_of_one_meeting_is_singular() -> None:
    """This holds for the plan and for the warning."""
    lines = format_plan(plan(1, deadline=SOON)).splitlines()
    assert lines[0].startswith("plan:  1 meeting via meetings, ")
    assert lines[1] == "cost:  1 request; it takes less than a second within the limit"
    assert "\nlimit: 1 request in 60 s, less 0 in reserve" in format_plan(plan(1, limits=rate(1, 60, 0)))
    spent = PriorState(spent=[Spending(finished_at=NOON, requests=1079)])
    assert "; 1 remains now, 0 after this run" in format_plan(plan(1, prior=spent))
    spent = PriorState(spent=[Spending(finished_at=NOON, requests=1080)])
    assert "can't end in time: 1 request takes at least " in warning_of(plan(1, prior=spent, deadline=SOON))


def test_a_run_that_exceeds_the_window_leaves_none_of_it() -> None:
    """The remaining number is never negative."""
    assert format_plan(plan(1081, via="meetings")).endswith("; 1,080 remain now, none after this run")
    assert format_plan(plan(1080, via="meetings")).endswith("; 1,080 remain now, 0 after this run")


def test_all_live_sessions_have_no_number() -> None:
    """The line names them instead."""
    assert format_plan(plan(ALL_MEETINGS)).startswith("plan:  all live sessions via list, the only way ")


def test_the_document_of_a_plan_has_codes_and_sentences() -> None:
    """Programs read the codes and numbers, and can show the sentences."""
    document = json.loads(json.dumps(plan_document(plan(2, via="list", deadline=SOON / 5, prior=live(400)))))
    assert (document["via"], document["reason"], document["why"]) == ("list", "requested", "as --via says")
    assert (document["requests"], document["other_requests"], document["is_other_in_time"]) == (5, 2, True)
    (shortage,) = document["shortages"]
    assert (shortage["option"], shortage["seconds_left"]) == ("deadline", 0.02)
    assert document["warning"].startswith("the run can't end in time: ")
    assert plan_document(plan(2))["warning"] is None


# The warning


def test_a_run_that_can_end_in_time_has_no_warning() -> None:
    """The deadline is longer than the run."""
    assert format_warning(plan(1100, via="meetings", deadline=timedelta(seconds=302))) is None


def test_the_warning_states_the_arithmetic_and_the_option_that_helps() -> None:
    """The whole text is compared."""
    made = plan(10_000, via="meetings", deadline=timedelta(minutes=10), prior=live(300))
    assert warning_of(made) == (
        "the run can't end in time: 10,000 requests take at least 46m, but --deadline is 10m. The limit allows 1,080 "
        "requests in 300 s (1,200 less 120 in reserve), and earlier runs spent 0. "
        "With --via list the same meetings take 4 requests"
    )
    made = plan(5000, via="meetings", every=timedelta(seconds=1), limits=rate(50, 60, 0.5))
    assert warning_of(made) == (
        "the run can't end in time: 5,000 requests take at least 3h21m, but the next slot begins in 1s. The limit "
        "allows 25 requests in 60 s (50 less 25 in reserve), and earlier runs spent 0. It fits with --every 4h"
    )


def test_the_warning_states_the_requests_of_earlier_runs() -> None:
    """They explain why few requests take long."""
    prior = PriorState(spent=[Spending(finished_at=NOON - timedelta(seconds=300), requests=1080)])
    made = plan(meetings(1080, 1080), prior=prior, deadline=timedelta(seconds=5), every=timedelta(minutes=5))
    assert warning_of(made).endswith("and earlier runs spent 1,080. It fits with --deadline 8s")


def test_several_options_may_be_too_short() -> None:
    """The run fits if all of them are changed."""
    made = plan(meetings(2000, 2000), deadline=timedelta(seconds=5), every=timedelta(minutes=5))
    warning = warning_of(made)
    assert "take at least 5m6s, but --deadline is 5s and the next slot begins in 5m. " in warning
    assert warning.endswith(". It fits with --deadline 5m37s and --every 10m")


def test_the_other_way_is_advised_if_it_can_end_in_time() -> None:
    """This holds for both ways."""
    warning = warning_of(plan(10_000, via="meetings", deadline=timedelta(minutes=10), prior=live(0)))
    assert warning.endswith(". With --via list the same meetings take 1 request")
    warning = warning_of(plan(2, via="list", deadline=SOON / 5, prior=live(400)))
    assert warning.endswith(". With --via meetings the same meetings take 2 requests")


def test_if_no_option_helps_the_warning_says_so() -> None:
    """The limit allows one request per hour, and a year has fewer hours."""
    made = plan(meetings(9600, 9600), limits=rate(1, 3600), every=timedelta(hours=1))
    assert warning_of(made).endswith(". No option makes it fit: shorten the meeting list")


OPTIONS = re.compile(r"--(deadline|every|via) (\w+)")


def follow(warning: str) -> dict[str, Any]:
    """Read the options of the last sentence of a warning, as the command line does."""
    options = dict(OPTIONS.findall(warning.rpartition(". ")[2]))
    return {name: text if name == "via" else Duration().convert(text, None, None) for name, text in options.items()}


@given(
    st.integers(1, 400),
    st.integers(1, 400),
    st.tuples(st.integers(1, 60), st.integers(1, 600)),
    st.none() | st.integers(1, 3_000_000).map(lambda milliseconds: timedelta(milliseconds=milliseconds)),
    st.none() | st.integers(1, 3000).map(lambda seconds: timedelta(seconds=seconds)),
    st.sampled_from(["auto", "meetings", "list"]),
    st.none() | st.integers(0, 500),
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 80)), max_size=3),
    st.integers(0, 2 * DAY),
)
@settings(deadline=None, max_examples=300)
def test_a_run_that_follows_its_warning_has_none(  # noqa: PLR0913, PLR0917  # all that a plan depends on
    number: int,
    apps: int,
    limit: tuple[int, int],
    deadline: timedelta | None,
    every: timedelta | None,
    via: str,
    live_sessions: int | None,
    spent: list[tuple[int, int]],
    later: int,
) -> None:
    """The named options make the run fit at the same instant. A run without a warning fits already."""
    now = NOON + timedelta(seconds=later)
    spendings = [Spending(finished_at=now - timedelta(seconds=ago), requests=requests) for ago, requests in spent]
    prior = PriorState(live_sessions=live_sessions, spent=spendings)
    bounds: dict[str, Any] = {"deadline": deadline, "every": every, "via": via}
    case: dict[str, Any] = {"limits": rate(*limit), "page_size": 10, "prior": prior, "now": now}
    made = plan(meetings(number, apps), **case, **bounds)
    warning = format_warning(made)
    if warning is None:
        assert made.seconds <= min(bound.total_seconds() for bound in (deadline, every, timedelta(days=999)) if bound)
        return
    assume(made.seconds < 300 * DAY)
    assert format_warning(plan(meetings(number, apps), **case, **(bounds | follow(warning)))) is None


# Lengths of time


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.2, "1s"),
        (40, "40s"),
        (59.01, "1m"),
        (60, "1m"),
        (90, "1m30s"),
        (599, "9m59s"),
        (599.5, "10m"),
        (600, "10m"),
        (601, "11m"),
        (3600, "1h"),
        (5400, "1h30m"),
        (3601, "1h1m"),
        (86400, "1d"),
        (90000, "1d1h"),
        (86401, "1d1m"),
        (400 * 86400, "400d"),
    ],
)
def test_a_length_of_time_is_written_as_an_option_takes_it(seconds: float, text: str) -> None:
    """The text is rounded up: to seconds below ten minutes, to minutes above."""
    assert format_duration(seconds) == text


@given(st.floats(0.001, 365 * DAY))
def test_a_written_length_of_time_is_long_enough(seconds: float) -> None:
    """Read back as an option it is not shorter, and longer by less than a second or a minute."""
    read_back = Duration().convert(format_duration(seconds), None, None).total_seconds()
    assert seconds <= read_back < seconds + (60 if seconds > 599 else 1)
