"""Participants over time with their gaps, and by hour of the week."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import polars as pl

from etl.page.totals import sum_participants

if TYPE_CHECKING:
    from etl.page.query import PeriodReports

# Seconds that one point of a line may stand for, so that no more points are drawn than can be seen.
_STEPS = (900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800)
_LENGTH_OF_SINGLE_SNAPSHOT = 300.0  # seconds that a snapshot without a neighbour stands for
_IS_KNOWN = pl.col("participants").is_not_null()


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The most participants between two seconds of the period; None if nothing is known."""

    begin: float
    end: float
    participants: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The participants of one app over time, and the seconds of the slots of which nothing is known.

    Each point stands for `step` seconds, or for one snapshot if the step is 0.
    """

    app_id: str
    step: float
    points: list[Point]
    gaps: list[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """An hour of the week (weekday 1 is Monday), with the number of snapshots that know of it.

    The mean is None if none does.
    """

    weekday: int
    hour: int
    mean_participants: float | None
    snapshots: int


def series(reports: PeriodReports, *, most: int) -> list[Series]:
    """Return one line per app, of at most so many points."""
    slots = _with_seconds(reports)
    step = _step(slots, most)
    return [_series(str(app_id), rows, step) for (app_id,), rows in slots.group_by("app_id", maintain_order=True)]


def peaks(reports: PeriodReports) -> pl.DataFrame:
    """Return the most participants of each day and app, and the minutes of which nothing is known."""
    unknown = pl.when(~_IS_KNOWN).then(pl.col("end") - pl.col("begin"))
    local_day = pl.col("slot").dt.convert_time_zone(reports.period.tz).dt.date().alias("day")
    by_day = _with_seconds(reports).group_by(local_day, "app_id")
    return by_day.agg(pl.col("participants").max(), unknown_minutes=unknown.sum() / 60).sort("day", "app_id")


def hours_of_week(reports: PeriodReports) -> list[Hour]:
    """Return all 168 hours of a week, each with the mean of its snapshots."""
    local = pl.col("slot").dt.convert_time_zone(reports.period.tz)
    by_hour = sum_participants(reports).group_by(weekday=local.dt.weekday(), hour=local.dt.hour())
    rows = by_hour.agg(pl.col("participants").mean(), snapshots=pl.len()).iter_rows()
    means = {(weekday, hour): (mean, snapshots) for weekday, hour, mean, snapshots in rows}
    return [
        Hour(weekday=weekday, hour=hour, mean_participants=mean, snapshots=snapshots)
        for weekday, hour in product(range(1, 8), range(24))
        for mean, snapshots in [means.get((weekday, hour), (None, 0))]
    ]


def covered_time_share(reports: PeriodReports) -> float:
    """Return the share of the period that snapshots cover, of the app with the smallest share."""
    length = (reports.period.until - reports.period.since).total_seconds()
    covered = pl.when(_IS_KNOWN).then(pl.col("end") - pl.col("begin")).sum()
    seconds = _with_seconds(reports).group_by("app_id").agg(covered.alias("seconds"))["seconds"].to_list()
    return min(seconds, default=0.0) / length


def _with_seconds(reports: PeriodReports) -> pl.DataFrame:
    """Return the slots with the seconds of the period that each stands for: up to the app's next slot."""
    length = (reports.period.until - reports.period.since).total_seconds()
    begin = (pl.col("slot") - pl.lit(reports.period.since)).dt.total_microseconds() / 1e6
    next_begin = pl.col("begin").shift(-1).over("app_id")
    usual = (next_begin - pl.col("begin")).median().over("app_id").fill_null(_LENGTH_OF_SINGLE_SNAPSHOT)
    last_end = pl.min_horizontal(pl.col("begin") + usual, pl.lit(length))
    slots = reports.concurrency.sort("app_id", "slot").with_columns(begin=begin)
    return slots.with_columns(end=pl.coalesce(next_begin, last_end))


def _step(slots: pl.DataFrame, most: int) -> float:
    """Return the seconds of a point, or 0 if each slot can be a point."""
    if max(slots.group_by("app_id").len()["len"].to_list(), default=0) <= most:
        return 0.0
    length = max(slots["end"].to_list())
    return float(next((step for step in _STEPS if length / step <= most), _STEPS[-1]))


def _series(app_id: str, slots: pl.DataFrame, step: float) -> Series:
    gaps = list(slots.filter(~_IS_KNOWN).select("begin", "end").iter_rows())
    rows = slots.select("begin", "end", "participants")
    if step:
        number = (pl.col("begin") // step).alias("number")
        most = rows.group_by(number).agg(pl.col("end").max(), pl.col("participants").max()).sort("number")
        begin, end = pl.col("number") * step, pl.min_horizontal((pl.col("number") + 1) * step, "end")
        rows = most.select(begin.alias("begin"), end.alias("end"), "participants")
    return Series(app_id=app_id, step=step, points=[Point(**row) for row in rows.iter_rows(named=True)], gaps=gaps)
