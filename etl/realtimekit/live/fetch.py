"""The fetch: the way that was planned, one budget and one end for all, and exactly one outcome for every meeting."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

from etl.errors import FailureKind
from etl.realtimekit.http.client import ApiSession, RealtimeKit
from etl.realtimekit.http.transport import open_transport
from etl.realtimekit.limit.budget import RequestBudget
from etl.realtimekit.live.by_list import read_lists
from etl.realtimekit.live.by_meeting import ask_each
from etl.realtimekit.outcomes import End, Outcomes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
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
    end the fetch early; the remaining meetings are then among the failures.
    """
    outcomes = Outcomes(meeting_list, context)
    async with reach(outcomes, settings, context, spent=spent, deadline=deadline) as access:
        if plan.via == "list":
            await read_lists(meeting_list, outcomes, access, may_ask_each=plan.may_ask_each)
        if outcomes.ended is None:
            await ask_each(outcomes, access)
    return outcomes.result(plan.via)


@asynccontextmanager
async def reach(
    outcomes: Outcomes,
    settings: ApiSettings,
    context: RunContext,
    *,
    spent: Iterable[Spending] = (),
    deadline: timedelta | None = None,
) -> AsyncIterator[ApiSession]:
    """The way to the API, within one budget, until the deadline or an interruption ends the fetch."""
    budget = RequestBudget(
        outcomes.counts,
        settings.limits,
        now=context.now,
        sleep=context.sleep,
        spent=spent,
        on_pause_change=outcomes.tell,
    )
    async with nullcontext(context.transport) if context.transport else open_transport(settings) as connections:
        connect = partial(RealtimeKit, settings, transport=connections, budget=budget, sleep=context.sleep)
        async with _ended_from_outside(outcomes, context, deadline):
            yield ApiSession(connect, budget, settings.concurrency)
    budget.close()


@asynccontextmanager
async def _ended_from_outside(
    outcomes: Outcomes, context: RunContext, deadline: timedelta | None
) -> AsyncIterator[None]:
    """Meanwhile, let the deadline and an interruption end the fetch."""

    async def watch(event: Callable[[], Awaitable[object]], end: End) -> None:
        await event()
        outcomes.end(end)

    watchers = []
    if deadline is not None:
        seconds = deadline.total_seconds()
        message = f"no answer before the run's deadline of {seconds:g} s"
        watchers.append(watch(partial(context.sleep, seconds), End(FailureKind.DEADLINE, message)))
    if context.interrupted is not None:
        message = "no answer before the run was interrupted"
        watchers.append(watch(context.interrupted.wait, End(FailureKind.INTERRUPTED, message)))
    watching = [asyncio.ensure_future(watcher) for watcher in watchers]
    try:
        yield
    finally:
        for one in watching:
            one.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
