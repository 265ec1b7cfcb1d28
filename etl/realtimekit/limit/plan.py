"""Plan a run before its first request: the way that is expected to cost fewer requests, and what it costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import chain, count
from typing import TYPE_CHECKING

from etl.realtimekit.limit.rolling_window import request_log, seconds_needed
from etl.realtimekit.pages.backward import requests_to_read
from etl.settings import floor_to
from etl.values.fetch import Plan, TimeShortage, ViaReason

if TYPE_CHECKING:
    from datetime import datetime

    from etl.settings import Limits, SnapshotSettings
    from etl.values.fetch import PriorState
    from etl.values.meetings import MeetingList

# Without a count of live sessions, more meetings than one part in so many of a window are fetched by list.
_PARTS_OF_WINDOW = 10
# Usual steps of a schedule. Each divides a day.
_STEPS = [timedelta(minutes=minutes) for minutes in (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440)]
# Advised times are longer than needed by this factor, because responses take time and windows may end later.
_MARGIN = 1.1
_LONGEST_SECONDS = timedelta(days=365).total_seconds()  # the longest value of an option


@dataclass(frozen=True, slots=True, kw_only=True)
class _Estimate:
    """The estimated cost of a way: requests, shortest time, and the options that leave less time than that."""

    via: str
    requests: int
    most_requests: int | None
    seconds: float
    shortages: list[TimeShortage]


def make_plan(settings: SnapshotSettings, meeting_list: MeetingList, prior: PriorState, now: datetime) -> Plan:
    """Plan a run that fetches these meetings, at the instant before it begins."""
    limits, meetings = settings.api.limits, len(meeting_list.meetings)
    estimate = partial(_estimate, settings, prior, now)
    by_meeting = estimate("meetings", meetings, meetings)
    by_list = estimate("list", *_list_requests(settings, meeting_list, prior))
    via, reason = _required_way(settings, meeting_list) or _cheaper_way(
        by_meeting, by_list, limits, is_live_known=prior.live_sessions is not None
    )
    chosen, other = (by_list, by_meeting) if via == "list" else (by_meeting, by_list)
    has_other = bool(meeting_list.meetings)
    return Plan(
        via=via,
        reason=reason,
        may_ask_each=settings.via == "auto",
        meetings=None if meeting_list.all_of else meetings,
        requests=chosen.requests,
        most_requests=chosen.most_requests,
        other_requests=other.requests if has_other else None,
        seconds=chosen.seconds,
        quota=limits.rate.requests,
        window_seconds=limits.rate.seconds,
        reserved=limits.rate.requests - limits.usable,
        spent=sum(spending.requests for spending in prior.spent),
        remaining=request_log(limits, prior.spent).remaining(now.timestamp()),
        is_spending_known=prior.is_spending_known,
        shortages=chosen.shortages,
        is_other_in_time=has_other and not other.shortages,
    )


def _required_way(settings: SnapshotSettings, meeting_list: MeetingList) -> tuple[str, ViaReason] | None:
    """Return the way and its reason if the settings and the meetings leave no choice, or else None."""
    if meeting_list.all_of:
        return "list", ViaReason.ALL_MEETINGS
    if not meeting_list.meetings:
        return "meetings", ViaReason.NOTHING_TO_FETCH
    if settings.via != "auto":
        return settings.via, ViaReason.REQUESTED
    if _count_apps(meeting_list) == len(meeting_list.meetings):
        return "meetings", ViaReason.ONE_MEETING_PER_APP
    return None


def _cheaper_way(
    by_meeting: _Estimate, by_list: _Estimate, limits: Limits, *, is_live_known: bool
) -> tuple[str, ViaReason]:
    """Choose the way that is expected to cost fewer requests, unless only the other one can end in time."""
    if is_live_known:
        is_list_cheaper, reason = by_list.requests < by_meeting.requests, ViaReason.FEWER_REQUESTS
    else:
        is_list_cheaper = by_meeting.requests > limits.usable // _PARTS_OF_WINDOW
        reason = ViaReason.LIVE_SESSIONS_UNKNOWN
    cheaper, other = (by_list, by_meeting) if is_list_cheaper else (by_meeting, by_list)
    if cheaper.shortages and not other.shortages:
        return other.via, ViaReason.ONLY_WAY_IN_TIME
    return cheaper.via, reason


def _list_requests(settings: SnapshotSettings, meeting_list: MeetingList, prior: PriorState) -> tuple[int, int | None]:
    """Return how many requests the lists are expected to take, and how many if all meetings and no others are live."""
    apps = _count_apps(meeting_list)
    requests = partial(_requests_by_list, apps=apps, page_size=settings.api.page_size)
    most = None if meeting_list.all_of else requests(len(meeting_list.meetings))
    if prior.live_sessions is not None:
        return requests(prior.live_sessions), most
    return apps if most is None else most, most


def _requests_by_list(live_sessions: int, *, apps: int, page_size: int) -> int:
    """Return how many requests read the lists of live sessions of some apps.

    The number is exact for one app. For several apps it is the most that their pages can take, because nobody knows
    which app the sessions belong to. It leaves out the requests that check a count.
    """
    if apps <= 1:
        return apps * requests_to_read(live_sessions, page_size)
    pages = max(1, math.ceil(live_sessions / page_size)) + apps - 1
    return pages + min(apps, live_sessions // page_size)  # the first page of several is read twice


def _count_apps(meeting_list: MeetingList) -> int:
    return 1 if meeting_list.all_of else len({meeting.app_id for meeting in meeting_list.meetings})


def _estimate(  # noqa: PLR0913, PLR0917  # the first three are bound by `partial`
    settings: SnapshotSettings, prior: PriorState, now: datetime, via: str, requests: int, most_requests: int | None
) -> _Estimate:
    """Estimate the time of a way within the limit, and compare it with the time that the options leave."""
    limits = settings.api.limits
    log = request_log(limits, prior.spent)
    seconds = seconds_needed(requests, log, now.timestamp(), events_per_second=limits.requests_per_second)
    shortages = [
        TimeShortage(option=option, seconds_left=left, sufficient_seconds=_sufficient_seconds(option, seconds, now))
        for option, left in settings.time_left(now).items()
        if left < seconds
    ]
    return _Estimate(via=via, requests=requests, most_requests=most_requests, seconds=seconds, shortages=shortages)


def _sufficient_seconds(option: str, seconds: float, now: datetime) -> float | None:
    """Return a value of an option that leaves so many seconds and a margin, or None if that is over a year."""
    needed = seconds * _MARGIN
    if needed > _LONGEST_SECONDS:
        return None
    return _step_for(needed, now).total_seconds() if option == "every" else needed


def _step_for(seconds: float, now: datetime) -> timedelta:
    """Return the shortest usual step, or number of days, whose slot leaves so many seconds from `now` on."""
    days = (timedelta(days=number) for number in count(max(2, math.ceil(seconds / 86400))))
    steps = (step for step in chain(_STEPS, days) if (step - (now - floor_to(now, step))).total_seconds() >= seconds)
    return next(steps)
