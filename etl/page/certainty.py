"""The sentence on how sure the figures of the page are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.page import text
from etl.reports.counts import format_count

if TYPE_CHECKING:
    from etl.page.query import PageData
    from etl.page.totals import Totals


def describe_certainty(data: PageData, totals: Totals) -> str:
    """Say which share of the minutes is final, and how exact hours are. Few snapshots are said first."""
    if not totals.has_figures:
        return ""
    few = [f"Seen in {format_count(totals.covered_snapshots, 'snapshot')} only: what happened between is not known."]
    sentences = [*(few if totals.has_few_snapshots else []), *_final_share(totals), *_exactness(data)]
    return f"How sure is this? {' '.join(sentences)}" if sentences else ""


def _final_share(totals: Totals) -> list[str]:
    if not totals.minutes:
        return []
    if totals.final_minutes >= totals.minutes:
        is_open = totals.live_sessions or totals.unfinished_sessions
        return [f"All minutes {'known so far ' if is_open else ''}come from final totals."]
    if not totals.final_minutes:
        return ["No minutes come from final totals yet: all of them may still grow."]
    share = text.percent(totals.final_minutes / totals.minutes)
    return [f"{share} of the minutes come from final totals. The others may still grow."]


def _exactness(data: PageData) -> list[str]:
    """Return how exact the minutes of an hour are."""
    if not data.snapshots:
        return ["Without snapshots, the minutes of a session are spread evenly over its time."]
    steps = [snapshot.step_seconds for snapshot in data.newest_snapshots if snapshot.step_seconds]
    if not steps:
        return []
    step = text.duration(max(steps) / 60)
    return [f"Snapshots are {step} apart, so the minutes of one hour are less exact than those of the period."]
