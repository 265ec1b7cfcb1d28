"""What the period may cost: an estimate, by the prices in a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What minutes of a type may cost; nothing is known where the file names no price."""

    type: str
    minutes: float
    low_usd: float | None
    high_usd: float | None
    note: str


def cost_of(growth: pl.DataFrame, prices: pl.DataFrame) -> list[Cost]:
    """The cost of each type of session, that with the most minutes first."""
    minutes = growth.group_by("type").agg(pl.col("minutes").sum()).sort(["minutes", "type"], descending=[True, False])
    priced = minutes.join(prices, on="type", how="left", maintain_order="left")
    return [_cost(row) for row in priced.iter_rows(named=True)]


def _cost(row: Mapping[str, Any]) -> Cost:
    minutes, low, high = row["minutes"], row["low_usd_per_minute"], row["high_usd_per_minute"]
    return Cost(
        type=row["type"],
        minutes=minutes,
        low_usd=None if low is None else minutes * low,
        high_usd=None if high is None else minutes * high,
        note=row["note"] or ("no price in the file" if low is None else ""),
    )
