"""What a run will cost of the API's limit, told before its first request: pure, from what is known by then."""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import chain, count
from typing import TYPE_CHECKING, NamedTuple

from etl.realtimekit.limit.rolling_window import request_log, seconds_needed
from etl.settings import floor_to
from etl.values.fetch import Plan

if TYPE_CHECKING:
    from datetime import datetime

    from etl.settings import SnapshotSettings
    from etl.values.fetch import PriorState
    from etl.values.meetings import MeetingList

# Steps that a schedule may have: each divides a day.
_STEPS = [timedelta(minutes=minutes) for minutes in (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440)]
_BOUNDS = {"--deadline": "--deadline is {}", "--every": "the next slot begins in {}"}
# What is advised leaves room for answers that take their time, and for windows that the API ends a little later.
_MARGIN = 1.1
_LONGEST = timedelta(days=365).total_seconds()  # that an option takes


def make_plan(settings: SnapshotSettings, asked: MeetingList, known: PriorState, now: datetime) -> Plan:
    """The plan of a run that asks about these meetings, at the instant before it begins."""
    apps = 1 if asked.all_of else len({meeting.app_id for meeting in asked.meetings})
    case = _Case(settings, asked, known, now, apps)
    limits = settings.api.limits
    via, why = case.way()
    expected, most = case.requests(via)
    return Plan(
        via=via,
        why=why,
        may_ask_each=settings.via == "auto",
        meetings=None if asked.all_of else len(asked.meetings),
        requests=expected,
        most_requests=most,
        seconds=case.seconds(via),
        quota=limits.rate.requests,
        window_seconds=limits.rate.seconds,
        reserved=limits.rate.requests - limits.usable,
        spent=sum(spending.requests for spending in known.spent),
        remaining=request_log(limits, known.spent).remaining(now.timestamp()),
        warning=case.warning(via),
    )


def counted(requests: int) -> str:
    """So many requests, in words."""
    return f"{requests:,} request{'s'[: requests != 1]}"


def in_words(seconds: float) -> str:
    """A length of time as an option takes it, rounded up: 40s, 5m, 1h30m."""
    rest = math.ceil(seconds)
    if rest >= 600:  # noqa: PLR2004  # from ten minutes on, seconds say nothing
        rest = math.ceil(rest / 60) * 60
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


class _Case(NamedTuple):
    """All that a plan is made of."""

    settings: SnapshotSettings
    asked: MeetingList
    known: PriorState
    now: datetime
    apps: int

    def way(self) -> tuple[str, str]:
        """The way the run takes, and why."""
        if self.asked.all_of:
            return "list", "all live sessions are wanted"
        if not self.asked.meetings:
            return "meetings", "this slot has everything already"
        if self.settings.via != "auto":
            return self.settings.via, "as --via says"
        return self._fitting_way()

    def _fitting_way(self) -> tuple[str, str]:
        """A request each while the list fits into a window, else the list; unless only one of them can end in time."""
        meetings, window = len(self.asked.meetings), self.settings.api.limits.usable
        if self.apps == meetings:
            return "meetings", "a list for each app would take as many requests"
        if meetings > window:
            return "list", f"a request each would exceed the {window:,} of a window"
        if self.short("meetings") and not self.short("list"):
            return "list", "a request each would not end in time"
        return "meetings", f"a request each fits into the {window:,} of a window"

    def requests(self, via: str) -> tuple[int, int | None]:
        """How many requests a way takes: as far as is known, and if all these meetings are live and no others."""
        meetings = len(self.asked.meetings)
        if via == "meetings" or not self.apps:
            return meetings, meetings
        most = None if self.asked.all_of else self._pages(meetings)
        if self.known.live_before is not None:
            return self._pages(self.known.live_before), most
        return (self.apps, None) if most is None else (most, most)

    def seconds(self, via: str) -> float:
        """The least time that a way takes within the limit."""
        requests, _ = self.requests(via)
        limits = self.settings.api.limits
        log = request_log(limits, self.known.spent)
        return seconds_needed(requests, log, self.now.timestamp(), events_per_second=limits.requests_per_second)

    def short(self, via: str) -> dict[str, float]:
        """The options that leave a way less time than it takes, with the seconds they leave."""
        needed = self.seconds(via)
        return {option: left for option, left in self.settings.time_left(self.now).items() if left < needed}

    def warning(self, via: str) -> str | None:
        """Why the run can't end in time, and the flag that would make it fit; None where it can."""
        if not (short := self.short(via)):
            return None
        requests, _ = self.requests(via)
        limits, spent = self.settings.api.limits, sum(spending.requests for spending in self.known.spent)
        bounds = " and ".join(_BOUNDS[option].format(in_words(left)) for option, left in short.items())
        return (
            f"the run can't end in time: {counted(requests)} at {limits.usable:,} in {limits.rate.seconds:g} s "
            f"({limits.rate.requests:,} less a reserve of {limits.reserve:.0%}; earlier runs spent {spent:,} of them) "
            f"take at least {in_words(self.seconds(via))}, but {bounds}. {self._way_out(via, short)}"
        )

    def _way_out(self, via: str, short: dict[str, float]) -> str:
        if via == "meetings" and not self.short("list"):
            by_list, _ = self.requests("list")
            return f"With --via list the same meetings take {counted(by_list)}"
        needed = self.seconds(via) * _MARGIN
        if needed > _LONGEST:
            return "No option makes it fit: take a shorter list, or --via list"
        fits = {"--deadline": in_words(needed), "--every": in_words(_step_for(needed, self.now).total_seconds())}
        return "It fits with " + " and ".join(f"{option} {fits[option]}" for option in short)

    def _pages(self, live: int) -> int:
        """The most pages that so many sessions stand on; of a list of several pages the first is read twice."""
        size = self.settings.api.page_size
        return max(1, math.ceil(live / size)) + self.apps - 1 + min(self.apps, live // size)


def _step_for(seconds: float, now: datetime) -> timedelta:
    """The shortest usual step of a schedule, or number of days, whose slot leaves so many seconds from `now` on."""
    days = (timedelta(days=number) for number in count(max(2, math.ceil(seconds / 86400))))
    steps = (step for step in chain(_STEPS, days) if (step - (now - floor_to(now, step))).total_seconds() >= seconds)
    return next(steps)
