"""Live sessions: each meeting is judged by the newest run that resolved it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.store.database import open_database
from tests.sql.rows import Usage, utc

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MEETINGS = ["a", "b", "c"]
EVER = {"since": NOON - timedelta(days=9), "until": NOON + timedelta(days=9)}
MARKS = "select session_id from live_now order by all"


def live(usage: Usage) -> list[str]:
    """List the sessions that are live now. Report live, report daily and the view agree."""
    sessions = [session for (session,) in usage.ask(MARKS)]
    assert sessions == reported(usage, **EVER)
    return sessions


def reported(usage: Usage, since: datetime, until: datetime) -> list[str]:
    """List the sessions that report live shows, after a comparison with report daily."""
    sessions = sorted(row["session_id"] for row in usage.report("live", since, until))
    assert sum(row["live_sessions"] or 0 for row in usage.report("daily", since, until)) == len(sessions)
    return sessions


def unfinished(usage: Usage) -> int:
    """Return the number of unfinished sessions of report daily."""
    return sum(row["unfinished_sessions"] or 0 for row in usage.report("daily", **EVER))


def test_a_run_with_another_list_ends_no_session(usage: Usage) -> None:
    """Two sessions are live. Five seconds later, a run asks for another meeting, which is idle."""
    usage.run("2026-11-02 12:00:00", meetings=["a", "b"], every=None)
    usage.observed("2026-11-02 12:00:00", 1, "first", meeting_id="a")
    usage.observed("2026-11-02 12:00:00", 1, "second", meeting_id="b")
    usage.run("2026-11-02 12:00:05", meetings=["c"], every=None)
    assert (live(usage), unfinished(usage)) == (["first", "second"], 0)
    usage.run("2026-11-02 12:00:10", meetings=["b", "c"], every=None)
    assert (live(usage), unfinished(usage)) == (["first"], 1)


def test_a_failure_ends_no_session(usage: Usage) -> None:
    """One of two meetings fails in two runs, and is idle afterwards. The other one is idle in all of them."""
    usage.run("2026-11-02 12:00", meetings=["a", "b"])
    usage.observed("2026-11-02 12:00", 1, "first", meeting_id="a")
    usage.observed("2026-11-02 12:00", 1, "second", meeting_id="b")
    for slot in ("12:05", "12:10"):
        usage.run(f"2026-11-02 {slot}", meetings=["a", "b"], failed=["a"])
    assert (live(usage), unfinished(usage)) == (["first"], 1)
    usage.run("2026-11-02 12:15", meetings=["a", "b"])
    assert (live(usage), unfinished(usage)) == ([], 2)


def test_a_failure_does_not_hide_that_a_session_had_ended(usage: Usage) -> None:
    """The meeting was idle at 12:05, and failed at 12:10."""
    usage.run("2026-11-02 12:00", meetings=["a"])
    usage.observed("2026-11-02 12:00", 1, "first", meeting_id="a")
    usage.run("2026-11-02 12:05", meetings=["a"])
    usage.run("2026-11-02 12:10", meetings=["a"], failed=["a"])
    assert live(usage) == []


def test_another_session_of_the_meeting_ends_the_first(usage: Usage) -> None:
    """A meeting has one live session."""
    usage.runs("2026-11-02 12:00", "2026-11-02 12:05", meetings=["a"])
    usage.observed("2026-11-02 12:00", 1, "first", meeting_id="a")
    usage.observed("2026-11-02 12:05", 1, "second", meeting_id="a", started_at="2026-11-02 12:03")
    assert (live(usage), unfinished(usage)) == (["second"], 1)


def test_a_list_of_all_live_sessions_resolves_every_meeting_of_its_app(usage: Usage) -> None:
    """If it could not be read completely, it resolves the meetings that it has."""
    usage.run("2026-11-02 12:00", meetings=["a", "b"])
    usage.observed("2026-11-02 12:00", 1, "first", meeting_id="a")
    usage.observed("2026-11-02 12:00", 1, "second", meeting_id="b")
    usage.run("2026-11-02 12:05", list_id="all:app", failed=["*"])
    usage.observed("2026-11-02 12:05", 1, "third", meeting_id="b", started_at="2026-11-02 12:03")
    assert (live(usage), unfinished(usage)) == (["first", "third"], 1)
    usage.run("2026-11-02 12:10", list_id="all:app", failed=["b"])
    assert (live(usage), unfinished(usage)) == (["third"], 2)
    usage.run("2026-11-02 12:15", list_id="all:other")
    assert live(usage) == ["third"]


def test_a_session_is_live_until_its_end_is_known(usage: Usage) -> None:
    """Its final figures were fetched after the last snapshot. It was live until 12:08."""
    usage.run("2026-11-02 12:05", meetings=["a"])
    usage.observed("2026-11-02 12:05", 1, "first", meeting_id="a")
    usage.final("2026-11-02 12:08", 3, "first", meeting_id="a", fetched_at="2026-11-02 12:20")
    assert (live(usage), unfinished(usage)) == ([], 0)
    assert reported(usage, NOON, utc("2026-11-02 12:08")) == ["first"]
    assert reported(usage, NOON, utc("2026-11-02 12:09")) == []


@pytest.mark.parametrize(("at", "sessions"), [("2026-11-03 11:59", ["first"]), ("2026-11-03 12:00", [])])
def test_a_meeting_that_nobody_asked_for_in_a_day_is_not_live(usage: Usage, at: str, sessions: list[str]) -> None:
    """The list changed, and a day later nothing is known of the meeting. Its session has no final total."""
    usage.run("2026-11-02 12:00", meetings=["a"])
    usage.observed("2026-11-02 12:00", 1, "first", meeting_id="a")
    usage.run(at, meetings=["b"])
    usage.run("2026-11-09 12:00", app="other")
    assert (live(usage), unfinished(usage)) == (sessions, 1 - len(sessions))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A run: it asks for meetings of a list, or reads all live sessions (None). `observed` has those live in it."""

    slot: datetime
    meetings: tuple[str, ...] | None
    failed: frozenset[str]
    observed: frozenset[str]

    def session(self, meeting: str) -> str | None:
        """Return the session of a meeting that the run observed, an empty text for nobody, or None if not resolved."""
        has_asked = meeting in self.meetings if self.meetings is not None else "*" not in self.failed
        has_seen = meeting in self.observed and meeting not in self.failed
        if self.meetings is not None and not has_asked:
            return None
        if has_seen:
            return f"{meeting}{self.slot.hour // 2}"
        return "" if has_asked and meeting not in self.failed else None


some_meetings = st.frozensets(st.sampled_from(MEETINGS))
asked = st.builds(
    Asked,
    slot=st.integers(0, 500).map(lambda tenth: NOON + timedelta(minutes=6 * tenth)),
    meetings=st.none() | st.sampled_from([("a", "b", "c"), ("a", "b"), ("c",)]),
    failed=st.frozensets(st.sampled_from([*MEETINGS, "*"]), max_size=2),
    observed=some_meetings,
)


@pytest.fixture(scope="module")
def shared_usage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Usage]:
    """A database that examples empty and fill again."""
    folder = tmp_path_factory.mktemp("live")
    with open_database(folder / "usage.duckdb") as connection:
        yield Usage(connection, folder)


@given(
    runs=st.lists(asked, min_size=1, max_size=8, unique_by=lambda run: run.slot),
    ended=st.dictionaries(st.sampled_from(MEETINGS), st.integers(0, 500), max_size=1),
    until=st.integers(0, 600),
)
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_meeting_is_judged_by_the_newest_run_that_resolved_it(
    shared_usage: Usage, runs: list[Asked], ended: dict[str, int], until: int
) -> None:
    """Random runs of several lists and of all live sessions, with failures, and one session that ended."""
    shared_usage.clear()
    runs = sorted(runs, key=lambda run: run.slot)
    ends: dict[str, datetime] = {}
    for run in runs:
        take(shared_usage, run)
        ends |= {run.session(one) or "": NOON + timedelta(minutes=6 * at) for one, at in ended.items()}
    for session, ended_at in ends.items():
        if session:
            final = {"meeting_id": session[0], "started_at": NOON - timedelta(hours=1)}
            shared_usage.final(ended_at, 1, session, **final)
    cut = NOON + timedelta(minutes=6 * until)
    known = [run for run in runs if run.slot < cut]
    expected = {session_at(known, meeting) for meeting in MEETINGS} - {""}
    assert reported(shared_usage, NOON - timedelta(days=1), cut) == sorted(
        session for session in expected if session not in ends or ends[session] >= cut
    )


def session_at(runs: list[Asked], meeting: str) -> str:
    """Return the session of the newest run that resolved a meeting, or an empty text."""
    for run in reversed(runs):
        session = run.session(meeting)
        if session is not None:
            return session if run.slot > runs[-1].slot - timedelta(days=1) else ""
    return ""


def take(shared_usage: Usage, run: Asked) -> None:
    """Insert a run and the sessions that it observed."""
    failed = sorted(run.failed & {*(run.meetings or ()), *(MEETINGS if run.meetings is None else ()), *star(run)})
    whole = {"list_id": "all:app"} if run.meetings is None else {"meetings": run.meetings}
    shared_usage.run(run.slot, failed=failed, **whole)
    for meeting in MEETINGS:
        if session := run.session(meeting):
            columns: dict[str, Any] = {"meeting_id": meeting, "started_at": NOON - timedelta(hours=1)}
            shared_usage.observed(run.slot, 1, session, **columns)


def star(run: Asked) -> set[str]:
    """Return the mark of a list of live sessions that could not be read completely."""
    return {"*"} if run.meetings is None else set()
