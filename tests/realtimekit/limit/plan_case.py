"""Meeting lists, limits and settings to make plans of."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.realtimekit.limit.plan import make_plan
from etl.settings import ApiSettings, Limits, Rate, SnapshotSettings
from etl.values.fetch import PriorState
from etl.values.meetings import Meeting, MeetingList

if TYPE_CHECKING:
    from etl.values.fetch import Plan

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ALL_MEETINGS = MeetingList(meetings=[], all_of="app")


@cache
def meetings(number: int, apps: int = 1) -> MeetingList:
    """Make a list of so many meetings that belong to the apps in turn."""
    return MeetingList(meetings=[Meeting(f"app-{index % apps}", f"meeting-{index}") for index in range(number)])


def live(sessions: int) -> PriorState:
    """Make the state after a run that counted so many live sessions."""
    return PriorState(live_sessions=sessions)


def rate(requests: int, seconds: float, reserve: float = 0.0) -> Limits:
    """State a limit."""
    return Limits(stated=Rate(requests=requests, seconds=seconds), reserve=reserve)


def plan(
    meeting_list: MeetingList | int,
    *,
    limits: Limits | None = None,
    page_size: int = 100,
    now: datetime = NOON,
    prior: PriorState | None = None,
    **changes: Any,
) -> Plan:
    """Plan a run at noon."""
    api = ApiSettings(token="token", account_id="account", limits=limits or Limits(), page_size=page_size)  # noqa: S106  # not a real token
    given: dict[str, Any] = {"api": api, "meetings": None, "app_id": "app", "database": Path("usage.duckdb")}
    meeting_list = meetings(meeting_list) if isinstance(meeting_list, int) else meeting_list
    return make_plan(SnapshotSettings(**(given | changes)), meeting_list, prior or PriorState(), now)
