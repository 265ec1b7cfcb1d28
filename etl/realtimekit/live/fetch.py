"""Fetch live sessions the way that was planned, with exactly one outcome for every meeting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.realtimekit.http.session import open_session
from etl.realtimekit.live.by_list import fetch_by_list
from etl.realtimekit.live.by_meeting import fetch_each
from etl.realtimekit.outcomes import Outcomes
from etl.realtimekit.workers import Workers
from etl.values.fetch import FetchCounts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from etl.settings import ApiSettings
    from etl.values.fetch import FetchResult, Plan, Spending
    from etl.values.meetings import MeetingList
    from etl.values.run import RunContext


async def fetch_sessions(  # noqa: PLR0913  # each is a value of its own, and the last two are keywords
    meeting_list: MeetingList,
    plan: Plan,
    settings: ApiSettings,
    context: RunContext,
    *,
    spent: Iterable[Spending] = (),
    deadline: timedelta | None = None,
) -> FetchResult:
    """Fetch the active session of each meeting, as planned, and return an outcome for every meeting.

    Never raises for what the API does. A refused token, an API that gives no answers, the `deadline` or an interruption
    end the fetch early. The remaining meetings are then among the failures.
    """
    outcomes = Outcomes(counts=FetchCounts(meetings=len(meeting_list.meetings)), via=plan.via)
    async with open_session(settings, context, outcomes.counts, spent=spent, deadline=deadline) as session:
        workers = Workers(session)
        meetings = meeting_list.meetings
        if plan.via == "list":
            meetings = await fetch_by_list(meeting_list, outcomes, workers, may_ask_each=plan.may_ask_each)
        await fetch_each(meetings, outcomes, workers)
    outcomes.errors.extend(session.errors)
    outcomes.defects.extend(session.defects)
    return outcomes
