"""The rows of the report accuracy: each day, or their sums by month if there are many days."""

from __future__ import annotations

from typing import Any

import polars as pl

from etl.page import text

_MOST_DAYS = 31
_FINAL = ("snapshot_minutes", "reconciled_minutes")
_TOTALLED = ("utc_minutes", "utc_cloudflare_minutes", "utc_difference_minutes")
_IS_TOTALLED = pl.col("utc_cloudflare_minutes").is_not_null()


def conclude(accuracy: pl.DataFrame) -> str:
    """Say how much final totals have changed, and how far Cloudflare's own totals are from the minutes here."""
    snapshots, final = (float(accuracy[name].sum()) for name in _FINAL)
    sums = f"{text.count(final)} minutes in place of {text.count(snapshots)} from snapshots alone"
    change = f": {text.change(final, snapshots)}" if snapshots else ""
    first = "Final totals changed nothing." if final == snapshots else f"Final totals made it {sums}{change}."
    return f"{first} {_compare_with_cloudflare(accuracy.filter(_IS_TOTALLED))}"


def _compare_with_cloudflare(totalled: pl.DataFrame) -> str:
    if totalled.is_empty():
        return "Cloudflare has totalled none of these days yet."
    ours, theirs = (float(totalled[name].sum()) for name in _TOTALLED[:2])
    if round(ours, 2) == round(theirs, 2):
        return "Cloudflare\N{RIGHT SINGLE QUOTATION MARK}s own totals are the same."
    distance = text.percent_change(theirs / ours - 1) if ours else text.count(theirs) + " minutes"
    return f"Cloudflare\N{RIGHT SINGLE QUOTATION MARK}s own totals differ by {distance}."


def sum_months(accuracy: pl.DataFrame) -> list[dict[str, Any]]:
    """Add up the days of each month and app, if there are more than 31 days.

    Minutes in UTC are those of the days that Cloudflare has totalled, so that the difference is that of the sums.
    """
    if accuracy["day"].n_unique() <= _MOST_DAYS:
        return []
    totalled = [pl.when(_IS_TOTALLED.any()).then(pl.col(name).filter(_IS_TOTALLED).sum()) for name in _TOTALLED]
    months = accuracy.group_by(pl.col("day").dt.truncate("1mo"), "app_id").agg(pl.col(*_FINAL).sum(), *totalled)
    return months.sort("day", "app_id").to_dicts()
