"""The sentence at the top of the page: how much, against the time before, when it was busiest, and the cost."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from etl.page import text
from etl.page.totals import sum_participants
from etl.reports.counts import format_count

if TYPE_CHECKING:
    from etl.page.query import PageData
    from etl.page.totals import Totals

_SAME = 0.005  # a smaller change is not mentioned


def make_headline(data: PageData, totals: Totals, previous: Totals | None) -> str:
    """Return the figures of the period as one plain sentence."""
    if not totals.has_figures:
        return "Nothing is known of this period."
    minutes = f"{format_count(round(totals.minutes), 'minute')}{_compared(totals.minutes, previous)}"
    parts = [
        f"{minutes} in {format_count(totals.sessions, 'session')}",
        _busiest(data, totals),
        f"for an estimated {_range(totals)}" if totals.high_usd else "",
    ]
    return f"{', '.join(part for part in parts if part)}."


def _compared(minutes: float, previous: Totals | None) -> str:
    if previous is None:
        return ""
    if not previous.minutes:
        return " (after none in the same time before)"
    share = minutes / previous.minutes - 1
    if abs(share) < _SAME:
        return " (as many as in the same time before)"
    return f" ({text.percent_change(share)} {'more' if share > 0 else 'fewer'} than in the same time before)"


def _busiest(data: PageData, totals: Totals) -> str:
    """Return when most participants were there. A few snapshots do not know that."""
    if totals.has_few_snapshots:
        return f"seen in {format_count(totals.covered_snapshots, 'snapshot')} only"
    peak = totals.peak_participants
    if not peak:
        return ""
    participants = sum_participants(data.current)
    (at,) = participants.filter(participants["participants"] == peak)["slot"].head(1)
    local = at.astimezone(ZoneInfo(data.current.period.tz))
    moment = f"{local:%A}, {local.day} {local:%B} at {local:%H:%M}"
    return f"busiest on {moment} with {format_count(peak, 'participant')}"


def _range(totals: Totals) -> str:
    """Return the cost, which is of all types of sessions."""
    low, is_range, high = text.usd(totals.low_usd, totals.high_usd).partition(text.NOTHING)
    others = sum(totals.other_minutes.values())
    with_others = f", with {format_count(round(others), 'minute')} of other types" if others else ""
    return f"{low.strip()} (audio only) to {high.strip()} (video{with_others})" if is_range else f"{low}{with_others}"
