"""The cookbook: what its queries say about a simulated world is the truth about it."""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from etl.store import sql_files
from tests.sql.cookbook import DOCUMENT, answer, document
from tests.sql.observed_sessions import observed_sessions
from tests.sql.recorded import FIRST, HURRIED, LAST, NO_ID, OFF, RENAMED_AT, UNKNOWN_MEETING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.sql.observed_sessions import ObservedSession
    from tests.sql.recorded import Recorded
    from tests.sql.rows import Usage

    Ask = Callable[[str], list[dict[str, Any]]]

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NAMES = [name.partition("/")[2] for name in sql_files.names("cookbook")]


@pytest.fixture(scope="session")
def observed(recorded: Recorded) -> list[ObservedSession]:
    """Every session with a row in the database."""
    return observed_sessions(recorded)


@pytest.fixture
def ask(recorded: Recorded) -> Ask:
    """The rows of a query."""
    return lambda name: answer(recorded, name).to_dicts()


def meetings(observed: list[ObservedSession]) -> list[ObservedSession]:
    """Return the sessions of the type meeting."""
    return [one for one in observed if one.session.type == "meeting"]


def top(figures: dict[Any, float]) -> list[tuple[Any, float]]:
    """The ten with the most, rounded as the queries round."""
    return [(key, round(figure, 1)) for key, figure in sorted(figures.items(), key=lambda one: -one[1])[:10]]


def by_meeting(observed: list[ObservedSession], since: datetime, until: datetime) -> dict[str, float]:
    """The minutes of the meetings in a period."""
    found: dict[str, float] = defaultdict(float)
    for one in meetings(observed):
        found[one.session.meeting_id] += one.minutes_between(since, until)
    return found


def pairs(rows: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of the rows; decimals as floats."""
    return [
        tuple(one if isinstance(one := row[name], str | date | None) else float(one) for name in columns)
        for row in rows
    ]


def midnight(day: date) -> datetime:
    """When a day begins."""
    return datetime.combine(day, time(), UTC)


def almost(rows: list[tuple[Any, ...]]) -> list[Any]:
    """The rows, in which floats may differ by what rounding may do to two that are as good as the same."""
    return [tuple(pytest.approx(cell, abs=0.11) if isinstance(cell, float) else cell for cell in row) for row in rows]


def test_busiest_hours(ask: Ask, observed: list[ObservedSession]) -> None:
    """The minutes of an hour are those placed in it."""
    minutes: dict[datetime, float] = defaultdict(float)
    sessions: Counter[datetime] = Counter()
    for one in meetings(observed):
        hour = one.session.started_at.replace(minute=0, second=0, microsecond=0)
        while hour < one.last_at:
            minutes[hour] += one.minutes_between(hour, hour + HOUR)
            sessions[hour] += 1
            hour += HOUR
    truth = [(hour.replace(tzinfo=None), figure, float(sessions[hour])) for hour, figure in top(minutes)]
    assert pairs(ask("busiest_hours"), "hour_utc", "minutes", "sessions") == almost(truth)


def test_top_meetings_last_week(ask: Ask, observed: list[ObservedSession]) -> None:
    """From Monday to Sunday; a session belongs to the week in which it began."""
    since, until = midnight(date(2026, 10, 26)), midnight(date(2026, 11, 2))
    begun = Counter(one.session.meeting_id for one in meetings(observed) if since <= one.session.started_at < until)
    truth = [(key, minutes, float(begun[key])) for key, minutes in top(by_meeting(observed, since, until))]
    assert pairs(ask("top_meetings_last_week"), "meeting_id", "minutes", "sessions") == almost(truth)


def test_growth_by_month(ask: Ask, observed: list[ObservedSession]) -> None:
    """October as far as it was recorded, and November so far."""
    november = midnight(date(2026, 11, 1))
    october = sum(one.minutes_between(FIRST - DAY, november) for one in meetings(observed))
    since = sum(one.minutes_between(november, LAST) for one in meetings(observed))
    begun = Counter(one.session.started_at.month for one in meetings(observed))
    assert pairs(ask("growth_by_month"), "month", "minutes", "sessions", "growth_percent") == almost(
        [
            (date(2026, 10, 1), october, float(begun[10]), None),
            (date(2026, 11, 1), since, float(begun[11]), 100 * (since / october - 1)),
        ]
    )


def test_growth_by_week(ask: Ask, observed: list[ObservedSession]) -> None:
    """Weeks begin on Monday. The first and the last were not recorded as a whole."""
    mondays = [date(2026, 10, 19), date(2026, 10, 26), date(2026, 11, 2)]
    weeks = [
        sum(one.minutes_between(midnight(monday), midnight(monday + 7 * DAY)) for one in meetings(observed))
        for monday in mondays
    ]
    begun = Counter(
        one.session.started_at.date() - one.session.started_at.weekday() * DAY for one in meetings(observed)
    )
    assert pairs(ask("growth_by_week"), "week", "minutes", "sessions", "growth_percent") == almost(
        [
            (mondays[0], weeks[0], float(begun[mondays[0]]), None),
            (mondays[1], weeks[1], float(begun[mondays[1]]), 100 * (weeks[1] / weeks[0] - 1)),
            (mondays[2], weeks[2], float(begun[mondays[2]]), 100 * (weeks[2] / weeks[1] - 1)),
        ]
    )


def test_growth_by_meeting(ask: Ask, observed: list[ObservedSession]) -> None:
    """The last whole week against the week before it, which was recorded from its Saturday on."""
    first, second, third = (midnight(date(2026, 10, 19) + week * 7 * DAY) for week in range(3))
    before, last = by_meeting(observed, first, second), by_meeting(observed, second, third)
    changes = {key: last.get(key, 0.0) - before.get(key, 0.0) for key in before | last if before[key] or last[key]}
    answered = ask("growth_by_meeting")
    assert sorted(pairs(answered, "meeting_id", "change")) == almost(sorted(changes.items()))
    assert [abs(row["change"]) for row in answered] == sorted((abs(row["change"]) for row in answered), reverse=True)


def test_daily_moving_average(ask: Ask, observed: list[ObservedSession]) -> None:
    """The average of up to seven days; the day that is not over is left out."""
    days = [date(2026, 10, 24) + number * DAY for number in range(12)]
    minutes = [
        sum(one.minutes_between(midnight(day), midnight(day) + DAY) for one in meetings(observed)) for day in days
    ]
    means = [statistics.fmean(minutes[max(0, end - 7) : end]) for end in range(1, 13)]
    found = pairs(ask("daily_moving_average"), "day", "minutes", "seven_day_minutes")
    assert found == almost(list(zip(days, minutes, means, strict=True)))


def test_cost_by_meeting(ask: Ask, observed: list[ObservedSession]) -> None:
    """October's minutes at the high price of the tool's own price file."""
    since, until = midnight(date(2026, 10, 1)), midnight(date(2026, 11, 1))
    truth = [(key, minutes, 0.002 * minutes) for key, minutes in top(by_meeting(observed, since, until))]
    assert pairs(ask("cost_by_meeting"), "meeting_id", "minutes", "at_most_usd") == almost(truth)


def test_cost_by_meeting_follows_the_price_file(recorded: Recorded, tmp_path: Path) -> None:
    """With a high price of 1 USD, the cost is the number of minutes. Prices of other types do not count."""
    prices = tmp_path / "prices.csv"
    columns = "type,low_usd_per_minute,high_usd_per_minute,note"
    prices.write_text(f"{columns}\nmeeting,0,1,mine\nlivestream,5,7,mine\n", encoding="utf-8")
    rows = answer(recorded, "cost_by_meeting", prices=prices).to_dicts()
    assert rows
    assert pairs(rows, "at_most_usd") == almost(pairs(rows, "minutes"))


def test_long_sessions(ask: Ask, observed: list[ObservedSession]) -> None:
    """Sessions of more than three hours, the longest first."""
    lengths = {one.session.started_at: (one.last_at - one.session.started_at) / HOUR for one in meetings(observed)}
    longest = sorted((-round(hours, 2), at) for at, hours in lengths.items() if hours > 3)[:10]
    assert [(-row["hours"], row["started_at"]) for row in ask("long_sessions")] == longest


def test_session_lengths(ask: Ask, observed: list[ObservedSession]) -> None:
    """Every session with a known end is in one range; their minutes are their totals."""
    finals = [one for one in meetings(observed) if one.is_final]
    limits = [(0, 5), (5, 30), (30, 60), (60, 120), (120, math.inf)]
    truth = []
    for least, most in limits:
        within = [
            one for one in finals if least * 60 <= (one.last_at - one.session.started_at).total_seconds() < most * 60
        ]
        truth.append((float(len(within)), sum(one.minutes for one in within)))
    assert pairs(ask("session_lengths"), "sessions", "minutes") == almost(truth)


def test_single_participant_sessions(ask: Ask, observed: list[ObservedSession]) -> None:
    """By the most at a time."""
    sessions = Counter(one.session.meeting_id for one in meetings(observed))
    alone = Counter(one.session.meeting_id for one in meetings(observed) if one.max_participants <= 1)
    truth = sorted(((-count, key) for key, count in alone.items()))[:10]
    answered = ask("single_participant_sessions")
    assert pairs(answered, "meeting_id", "single_participant_sessions", "sessions") == [
        (key, float(-count), float(sessions[key])) for count, key in truth
    ]
    minutes: dict[str, float] = defaultdict(float)
    for one in meetings(observed):
        minutes[one.session.meeting_id] += one.minutes if one.max_participants <= 1 else 0.0
    assert pairs(answered, "meeting_id", "single_participant_minutes") == almost(
        [(key, minutes[key]) for _, key in truth]
    )


def test_unfinished_sessions(ask: Ask, observed: list[ObservedSession]) -> None:
    """Seen, not in the last snapshot, and not final: those that ended after the last final figures were taken."""
    truth = {one.session.id for one in observed if not one.is_final and one.last_at < LAST}
    assert sorted(row["session_id"] for row in ask("unfinished_sessions")) == sorted(truth)


def test_sessions_without_snapshot(ask: Ask, observed: list[ObservedSession]) -> None:
    """Sessions that started and ended between two snapshots."""
    days = sorted({one.session.started_at.date() for one in observed if one.is_final})
    truth = []
    for day in days:
        begun = [one for one in observed if one.is_final and one.session.started_at.date() == day]
        unseen = [one for one in begun if not one.observed_at]
        truth.append((day, float(len(begun)), float(len(unseen)), sum(one.minutes for one in unseen)))
    assert pairs(
        ask("sessions_without_snapshot"), "day", "sessions", "sessions_without_snapshot", "minutes_without_snapshot"
    ) == almost(truth)


def test_live_at_an_instant(ask: Ask, recorded: Recorded) -> None:
    """At 14:05 the last snapshot is that of noon."""
    slot = datetime(2026, 11, 4, 12, tzinfo=UTC)
    truth = sorted((slot, -one.live_participants(slot), one.started_at, one.type) for one in recorded.live(slot))
    found = ask("live_at_an_instant")
    assert [(row["slot"], -row["participants"], row["started_at"], row["type"]) for row in found] == truth


def counts(recorded: Recorded) -> dict[datetime, tuple[int, int]]:
    """Sessions and participants of meetings, in every slot but the one in which everything failed."""
    found = {}
    for slot in recorded.slots():
        live = [one for one in recorded.live(slot) if one.type == "meeting"]
        found[slot] = len(live), sum(one.live_participants(slot) for one in live)
    return {slot: one for slot, one in found.items() if slot != HURRIED}


def test_participants_by_weekday(ask: Ask, recorded: Recorded) -> None:
    """On average over the snapshots, empty ones included, failed ones not."""
    truth = []
    for day in range(1, 8):
        both = [one for slot, one in counts(recorded).items() if slot.isoweekday() == day]
        sessions, participants = zip(*both, strict=True)
        means = statistics.fmean(sessions), statistics.fmean(participants)
        truth.append((float(len(both)), *means, float(max(participants))))
    rows = ask("participants_by_weekday")
    assert [row["weekday"] for row in rows][::6] == ["Monday", "Sunday"]
    assert pairs(rows, "snapshots", "mean_sessions", "mean_participants", "most_participants") == almost(truth)


def test_concurrency_percentiles(ask: Ask, recorded: Recorded) -> None:
    """Each is a count that was seen: half, 95 or 99 of a hundred snapshots have no more."""
    truth = []
    for place in (0, 1):
        ordered = sorted(both[place] for both in counts(recorded).values())
        truth.append(tuple(float(ordered[math.ceil(share * len(ordered)) - 1]) for share in (0.5, 0.95, 0.99, 1)))
    assert pairs(ask("concurrency_percentiles"), "median", "p95", "p99", "most") == truth


def test_unused_meetings(ask: Ask, recorded: Recorded, observed: list[ObservedSession]) -> None:
    """A meeting that does not exist is unused. A line that is not an ID is left out."""
    used = {one.session.meeting_id for one in observed}
    truth = sorted({*recorded.world.meeting_ids, UNKNOWN_MEETING} - used)
    assert [row["meeting_id"] for row in ask("unused_meetings")] == truth


def test_idle_share(ask: Ask, recorded: Recorded) -> None:
    """Of those that answered."""
    days: dict[date, Counter[str]] = defaultdict(Counter)
    for slot in recorded.slots():
        live, hurried = len(recorded.live(slot)), slot == HURRIED
        days[slot.date()] += Counter(live=live, idle=0 if hurried else 16 - live, failed=18 if hurried else 2)
    truth = [
        (
            day,
            *(float(one[name]) for name in ("live", "idle", "failed")),
            100 * one["idle"] / (one["idle"] + one["live"]),
        )
        for day, one in days.items()
    ]
    assert pairs(ask("idle_share"), "day", "live", "idle", "failed", "idle_percent") == almost(truth)


def test_changed_titles(ask: Ask, recorded: Recorded) -> None:
    """One meeting got another title. Sessions without a title do not count as a change."""
    first, second = ask("changed_titles")
    assert {first["meeting_id"], second["meeting_id"]} == {recorded.world.meeting_ids[0]}
    assert (first["meeting"], second["meeting"]) == ("Daily 0", "Renamed")
    assert first["last_observed_at"] < RENAMED_AT <= second["first_observed_at"]


def test_failures_by_day(ask: Ask, recorded: Recorded) -> None:
    """A meeting that does not exist, a line that is not an ID, and a run with a deadline of 0 s."""
    days = Counter(slot.date() for slot in recorded.slots())
    truth = {(day, "invalid_id"): (count, 1) for day, count in days.items()}
    truth |= {(day, "not_found"): (count - (day == HURRIED.date()), 1) for day, count in days.items()}
    truth |= {(HURRIED.date(), "deadline"): (17, 17)}
    rows = ask("failures_by_day")
    assert {(row["day"], row["kind"]): (row["failures"], row["meetings"]) for row in rows} == truth


def test_failing_meetings(ask: Ask, recorded: Recorded) -> None:
    """The meeting that does not exist and the line that is not an ID come first."""
    runs = len(recorded.slots())
    first, second, *others = pairs(ask("failing_meetings"), "meeting_id", "kind", "failures")
    assert (first, second) == ((NO_ID, "invalid_id", runs), (UNKNOWN_MEETING, "not_found", runs - 1))
    assert {row[1:] for row in others} == {("deadline", 1)}


def test_longest_gaps(ask: Ask) -> None:
    """Three slots at a time."""
    assert ask("longest_gaps") == [
        {"app_id": "simulated-app", "missing_from": OFF[0], "missing_to": OFF[1], "missing_snapshots": 3}
    ]


def test_requests_by_day(ask: Ask, recorded: Recorded) -> None:
    """One request per meeting, also for an unknown meeting. A line that is not an ID needs no request."""
    week = [slot.date() for slot in recorded.slots() if slot >= LAST - 7 * DAY + timedelta(minutes=10)]
    truth = [(day, runs, 17 * runs) for day, runs in Counter(week).items()]
    snapshots = [row for row in ask("requests_by_day") if row["kind"] == "snapshot"]
    assert [(row["day"], row["runs"], row["requests"]) for row in snapshots] == truth


def test_every_query_is_compared_with_the_truth() -> None:
    """Each query has a test of its own name."""
    assert len(NAMES) >= 14
    assert {f"test_{name}" for name in NAMES} <= globals().keys()


@pytest.mark.parametrize("name", NAMES)
def test_a_query_begins_with_its_question(name: str) -> None:
    """Then comes what a row is; it runs as it stands, without a parameter."""
    sql = sql_files.text(f"cookbook/{name}")
    assert re.match(r"-- [^\n]+\?\n-- Grain: one row ", sql)
    assert "$" not in sql


def test_the_document_shows_the_queries_and_what_they_say(recorded: Recorded) -> None:
    """The same text as the files, and the answers about the recorded world."""
    shown = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
    assert shown == document(recorded), "write it anew: .venv/bin/python -m tests.sql.cookbook"


def test_a_day_whose_sessions_all_have_a_snapshot_missed_zero_minutes(usage: Usage) -> None:
    """Zero is not missing."""
    at = datetime.now(UTC) - timedelta(hours=1)
    usage.observed(at, 3, started_at=at - timedelta(minutes=5))
    usage.final(at, 4, started_at=at - timedelta(minutes=5), fetched_at=at + timedelta(minutes=1))
    columns = "sessions, sessions_without_snapshot, minutes_without_snapshot, percent_without_snapshot"
    query = sql_files.text("cookbook/sessions_without_snapshot").rstrip().rstrip(";")
    assert usage.ask(f"select {columns} from ({query})") == [(1, 0, 0, 0)]  # noqa: S608  # our own
