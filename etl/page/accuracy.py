"""The rows of the report accuracy: each day, or their sums by month if there are many days."""

from __future__ import annotations

from typing import Any

import polars as pl

_MOST_DAYS = 31
_FINAL = ("snapshot_minutes", "reconciled_minutes")
_TOTALLED = ("utc_minutes", "utc_cloudflare_minutes", "utc_difference_minutes")


def sum_months(accuracy: pl.DataFrame) -> list[dict[str, Any]]:
    """Add up the days of each month and app, if there are more than 31 days.

    Minutes in UTC are those of the days that Cloudflare has totalled, so that the difference is that of the sums.
    """
    if accuracy["day"].n_unique() <= _MOST_DAYS:
        return []
    is_totalled = pl.col("utc_cloudflare_minutes").is_not_null()
    totalled = [pl.when(is_totalled.any()).then(pl.col(name).filter(is_totalled).sum()) for name in _TOTALLED]
    months = accuracy.group_by(pl.col("day").dt.truncate("1mo"), "app_id").agg(pl.col(*_FINAL).sum(), *totalled)
    return months.sort("day", "app_id").to_dicts()
