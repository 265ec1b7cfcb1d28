"""Inspect what the API knows of the token, the apps and the meetings, and how fresh its list of live sessions is.

Every step keeps to the limit. A step whose requests do not fit into the present window is not asked, and says so: an
inspection does not wait for the next window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import anyio

from etl.errors import FailureKind, GiveUp, RequestError
from etl.realtimekit.http.responses import REFUSED, TokenCheck
from etl.realtimekit.http.session import open_session
from etl.realtimekit.live.by_list import fetch_by_list
from etl.realtimekit.live.by_meeting import fetch_each
from etl.realtimekit.meetings import read_apps, read_meetings
from etl.realtimekit.outcomes import Outcomes
from etl.realtimekit.workers import Workers
from etl.values.fetch import FetchCounts
from etl.values.meetings import Meeting, MeetingList

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from etl.realtimekit.http.client import RealtimeKit
    from etl.realtimekit.http.session import ApiSession
    from etl.realtimekit.meetings import ListedMeeting
    from etl.settings import ApiSettings
    from etl.values.fetch import Spending
    from etl.values.run import RunContext

_T = TypeVar("_T")
# The result of a step, or the error that left it without one.
Step: TypeAlias = _T | RequestError

_TIME_LIMIT = timedelta(minutes=1)  # for all steps together
_LONGEST_WAIT_SECONDS = 15.0  # a retry waits for less


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A meeting in the list of live sessions and asked by itself: the ID of its session, or None if it is idle."""

    meeting: Meeting
    listed: str | None
    asked: str | None


@dataclass(slots=True, kw_only=True)
class Inspection:
    """The results of the steps so far. None stands for a step that was not reached.

    `apps` are the names of apps by their IDs. `meetings` are those of each app. `failed` counts the meetings of the
    sample that gave no answer.
    """

    token: Step[TokenCheck] | None = None
    apps: Step[dict[str, str]] | None = None
    meetings: dict[str, Step[list[ListedMeeting]]] = field(default_factory=dict)
    comparisons: Step[list[Comparison]] | None = None
    failed: int = 0
    requests: int = 0


async def inspect_account(  # noqa: PLR0913  # each by its name
    settings: ApiSettings,
    context: RunContext,
    *,
    app_ids: Sequence[str],
    meetings: Sequence[Meeting],
    sample: int,
    spent: Iterable[Spending] = (),
    time_limit: timedelta = _TIME_LIMIT,
) -> Inspection:
    """Inspect the token, the account, some of its apps and their meetings. The time limit ends it with what there is.

    The sample is taken from `meetings`, or else from all meetings of the apps. Raises ConfigError if the
    base URL or its proxy is not usable.
    """
    inspection, counts = Inspection(), FetchCounts()
    async with open_session(settings, _impatient(context), counts, spent=spent) as session:
        with anyio.move_on_after(time_limit.total_seconds()):
            async with session.client() as client:
                await _inspect(inspection, session, client, app_ids)
            if _is_readable(inspection):
                await _compare(inspection, session, _choose_meetings(inspection, meetings), sample)
    inspection.requests = counts.requests
    return inspection


def _impatient(context: RunContext) -> RunContext:
    """Return a context that waits for a retry, but not for the next window of the limit."""

    async def sleep(seconds: float) -> None:
        """Wait, unless the wait is for the next window."""
        if seconds > _LONGEST_WAIT_SECONDS:
            message = f"the limit leaves no request in this window, which ends in {seconds:.0f} s"
            raise GiveUp(FailureKind.NOT_ASKED, message)
        await context.sleep(seconds)

    return replace(context, sleep=sleep)


async def _inspect(inspection: Inspection, session: ApiSession, client: RealtimeKit, app_ids: Sequence[str]) -> None:
    """Ask about the token, and about the apps and meetings if it is accepted."""
    inspection.token = await _try(session, client.check_token, requests=2)
    if isinstance(inspection.token, TokenCheck) and inspection.token.status == REFUSED:
        return
    inspection.apps = await _try(session, partial(read_apps, client), requests=2)
    if isinstance(inspection.apps, RequestError):
        return
    for app_id in app_ids:
        if app_id in inspection.apps:
            inspection.meetings[app_id] = await _try(session, partial(_read_meetings, session, client, app_id))


async def _read_meetings(session: ApiSession, client: RealtimeKit, app_id: str) -> list[ListedMeeting]:
    """Read the meetings of an app if all pages fit into the window. The first page says how many there are."""
    first = await client.meetings(app_id, 1)
    pages = math.ceil((first.total or 0) / max(len(first.entries), 1)) + 1
    _require_budget(session, pages)
    return await read_meetings(client, app_id)


def _is_readable(inspection: Inspection) -> bool:
    """Return True if the meetings of an app could be read, so that the token is accepted and the app is there."""
    return any(not isinstance(meetings, RequestError) for meetings in inspection.meetings.values())


def _choose_meetings(inspection: Inspection, meetings: Sequence[Meeting]) -> list[Meeting]:
    """Return the meetings to compare: those that the API knows, and that are in the list if there is one."""
    known = {
        Meeting(app_id, meeting.meeting_id): None
        for app_id, listed in inspection.meetings.items()
        if not isinstance(listed, RequestError)
        for meeting in listed
    }
    return [meeting for meeting in meetings if meeting in known] if meetings else list(known)


async def _compare(inspection: Inspection, session: ApiSession, meetings: Sequence[Meeting], sample: int) -> None:
    """Read the list of live sessions, and ask for some meetings one by one right after."""

    async def compare() -> list[Comparison]:
        """Return the comparisons of the meetings that gave an answer."""
        workers = Workers(session)
        listed, asked = Outcomes(counts=FetchCounts()), Outcomes(counts=FetchCounts())
        unread = await fetch_by_list(MeetingList(meetings=meetings), listed, workers, may_ask_each=False)
        if unread or listed.failures:
            raise GiveUp(FailureKind.MALFORMED, _describe_unread(listed))
        sessions = {one.meeting: str(one.payload.get("id")) for one in listed.observations}
        chosen = choose_sample(meetings, sessions, min(sample, session.budget.remaining()))
        await fetch_each(chosen, asked, workers)
        live = {one.meeting: str(one.payload.get("id")) for one in asked.observations}
        failed = {failure.meeting_id for failure in asked.failures}
        inspection.failed = len(failed)
        return [
            Comparison(meeting=meeting, listed=sessions.get(meeting), asked=live.get(meeting))
            for meeting in chosen
            if meeting.meeting_id not in failed
        ]

    inspection.comparisons = await _try(session, compare, requests=2) if meetings and sample else []


def choose_sample(meetings: Sequence[Meeting], live: Iterable[Meeting], size: int) -> list[Meeting]:
    """Choose meetings from all over the list: half of them live if there are so many, and the others idle."""
    is_live = set(live)
    lively = [meeting for meeting in meetings if meeting in is_live]
    idle = [meeting for meeting in meetings if meeting not in is_live]
    lively_size = max(min(len(lively), size // 2), size - len(idle))
    chosen = _spread(lively, lively_size)
    return [*chosen, *_spread(idle, size - len(chosen))]


def _spread(meetings: Sequence[Meeting], size: int) -> list[Meeting]:
    """Choose meetings at equal distances."""
    size = max(0, min(size, len(meetings)))
    return [meetings[place * len(meetings) // size] for place in range(size)]


def _describe_unread(listed: Outcomes) -> str:
    why = listed.failures[0].message if listed.failures else "it can't be read to its end"
    return f"the list of live sessions: {why}"


async def _try(session: ApiSession, ask: Callable[[], Awaitable[_T]], *, requests: int = 1) -> Step[_T]:
    """Ask if so many requests fit into the present window. Return the answer, or the error."""
    try:
        _require_budget(session, requests)
        return await ask()
    except RequestError as error:
        return error


def _require_budget(session: ApiSession, requests: int) -> None:
    remaining = session.budget.remaining()
    if requests > remaining:
        message = f"{requests:,} requests do not fit into the {remaining:,} that the limit leaves in this window"
        raise GiveUp(FailureKind.NOT_ASKED, message)
