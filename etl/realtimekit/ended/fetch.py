"""Fetch final figures: the sessions that have ended, by list or one by one, and daily totals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from etl.errors import FailureKind, GiveUp
from etl.realtimekit.ended.sessions import EndedList
from etl.realtimekit.failure_messages import make_api_error
from etl.realtimekit.http.session import open_session
from etl.realtimekit.outcomes import make_failure
from etl.realtimekit.workers import Workers
from etl.values.fetch import FetchCounts, Observation
from etl.values.finals import DayTotals, Finals
from etl.values.meetings import ALL_MEETINGS, Meeting
from etl.values.session_status import has_ended, is_live

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from datetime import date, datetime

    from etl.errors import EtlError, RequestError
    from etl.realtimekit.http.client import RealtimeKit
    from etl.settings import ApiSettings
    from etl.values.finals import FinalsRequest
    from etl.values.run import RunContext

# The longest period of daily totals is documented nowhere; the API's own default is the last 30 days.
_DAYS_PER_REQUEST = 30
_OK = 200
_NO_END = (None, "", "null")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """A part of the final figures: its name, the meeting of a failure, and the call that fetches it."""

    name: str
    meeting: Meeting
    fetch: Callable[[RealtimeKit], Awaitable[None]]


async def fetch_finals(request: FinalsRequest, settings: ApiSettings, context: RunContext) -> Finals:
    """Fetch the final figures of the apps. What can't be fetched is among the failures.

    An open session is fetched by itself only if no list shows it. Never raises for what the API does: a refused token,
    an API that gives no answers, or an interruption end the fetch early.
    """
    finals = Finals(sessions=[], days=[], failures=[], counts=FetchCounts())

    def fail(task: _Task, error: RequestError, attempts: int) -> None:
        """Record the failure of a task, under its name."""
        finals.counts.failed += 1
        named = replace(error, message=f"{settings.mask(task.name)}: {error.message}")
        finals.failures.append(make_failure(task.meeting, named, attempts))

    async with open_session(settings, context, finals.counts, spent=request.spent) as session:
        workers = Workers(session)
        lists = [EndedList(app_id, request.since, session) for app_id in request.apps]
        tasks = [
            _Task(name="the list of ended sessions", meeting=Meeting(ended.app_id, ALL_MEETINGS), fetch=ended.read)
            for ended in lists
        ]
        tasks += _day_tasks(request, finals.days, context.now)
        await workers.run(tasks, fetch=lambda task, client: task.fetch(client), fail=fail, is_list=True)
        if session.early_end is None:
            finals.errors.extend(_list_errors(lists))
        tasks = list(_session_tasks(request, lists, finals, context.now))
        await workers.run(tasks, fetch=lambda task, client: task.fetch(client), fail=fail)
    for ended in lists:
        finals.sessions.extend(ended.observations.values())
    finals.errors.extend(session.errors)
    finals.defects.extend(session.defects)
    return finals


def _day_tasks(request: FinalsRequest, days: list[DayTotals], now: Callable[[], datetime]) -> Iterator[_Task]:
    """Yield a task for every period of days, from the first requested to today, in UTC."""

    async def fetch(app_id: str, first: date, last: date, client: RealtimeKit) -> None:
        """Fetch the totals of the days of a period."""
        entries = await client.daily_totals(app_id, first, last)
        totals = DayTotals(
            app_id=app_id, first=first, last=last, fetched_at=now(), entries=entries, attempts=client.attempts
        )
        days.append(totals)

    for app_id in request.apps:
        for first, last in _periods(request.since.date(), now().date()):
            yield _Task(
                name=f"the totals of the days {first} to {last}",
                meeting=Meeting(app_id, ALL_MEETINGS),
                fetch=partial(fetch, app_id, first, last),
            )


def _periods(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Divide days into periods that fit into one request each."""
    while first <= last:
        end = min(last, first + timedelta(days=_DAYS_PER_REQUEST - 1))
        yield first, end
        first = end + timedelta(days=1)


def _session_tasks(
    request: FinalsRequest, lists: Sequence[EndedList], finals: Finals, now: Callable[[], datetime]
) -> Iterator[_Task]:
    """Yield a task for every open session that no list shows."""

    async def fetch(meeting: Meeting, session_id: str, client: RealtimeKit) -> None:
        """Fetch the final figures of a session, unless it is live."""
        payload = await client.session(meeting.app_id, session_id)
        if payload.get("id") != session_id:
            raise GiveUp(FailureKind.MALFORMED, "the answer is about another session", http_status=_OK)
        if is_live(payload):  # it has no final figures, and that is not a failure
            return
        if not has_ended(payload) and payload.get("ended_at") in _NO_END:
            raise GiveUp(FailureKind.MALFORMED, "the answer does not say if the session has ended", http_status=_OK)
        finals.sessions.append(Observation(meeting, now(), payload, client.attempts))
        finals.counts.sessions += 1

    shown = {(ended.app_id, key) for ended in lists for key in ended.keys}
    for app_id, meeting_id, session_id in request.open_sessions:
        if (app_id, session_id) not in shown:
            meeting = Meeting(app_id, meeting_id)
            yield _Task(name=f"session {session_id}", meeting=meeting, fetch=partial(fetch, meeting, session_id))


def _list_errors(lists: Sequence[EndedList]) -> list[EtlError]:
    """Return the errors of lists of which nothing could be read: each one that is refused, or one for all."""
    unread = [(ended, ended.error) for ended in lists if ended.error and not ended.is_begun]
    refused = [(ended, error) for ended, error in unread if isinstance(error, GiveUp)]
    all_unread = unread[:1] if len(unread) == len(lists) else []
    return [
        make_api_error(error, f"the list of ended sessions of app {ended.app_id} can't be read ({error.message})")
        for ended, error in refused or all_unread
    ]
