"""Participants over time, with gaps as gaps, and over the hours of the week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from datetime import date

    from etl.page.found import Usage

# Seconds that one point may stand for, so that no more are drawn than can be seen.
_STEPS = (0, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800)
_ALONE = 300.0  # seconds for which a snapshot stands that is the only one


@dataclass(frozen=True)
class Point:
    """The most participants from one second of the period to another; None where nothing is known."""

    begin: float
    end: float
    participants: int | None


@dataclass(frozen=True)
class Series:
    """One app's participants over time, and the seconds from which to which no snapshot is there."""

    app_id: str
    step: float
    points: list[Point]
    gaps: list[tuple[float, float]]


@dataclass(frozen=True)
class Peak:
    """An app's day: the most participants, None where nothing is known, and for how long snapshots are missing."""

    day: date
    app_id: str
    participants: int | None
    missing_minutes: float


@dataclass(frozen=True)
class Hour:
    """An hour of the week (1 is Monday): the mean of participants; None where no snapshot ever fell into it."""

    weekday: int
    hour: int
    mean: float | None
    peak: int | None


def held(usage: Usage) -> pl.DataFrame:
    """The slots with the seconds of the period for which each stands: up to the next one, loaded or missing."""
    end = (usage.period.until - usage.period.since).total_seconds()
    begin = (pl.col("slot") - pl.lit(usage.period.since)).dt.total_microseconds() / 1e6
    following = pl.col("begin").shift(-1).over("app_id")
    usual = (following - pl.col("begin")).median().over("app_id").fill_null(_ALONE)
    return (
        usage.slots.sort("app_id", "slot")
        .with_columns(begin=begin)
        .with_columns(end=pl.coalesce(following, pl.min_horizontal(pl.col("begin") + usual, pl.lit(end))))
    )


def series(usage: Usage, *, most: int) -> list[Series]:
    """Each app's, of at most so many points."""
    slots = held(usage)
    step = _step(slots, most)
    return [_series(app_id, own, step) for (app_id,), own in _apart(slots)]


def peaks(usage: Usage) -> list[Peak]:
    """A row a day and app."""
    missing = pl.when(~pl.col("is_loaded")).then(pl.col("end") - pl.col("begin"))
    daily = (
        held(usage)
        .group_by(pl.col("slot").dt.convert_time_zone(usage.period.tz).dt.date().alias("day"), "app_id")
        .agg(pl.col("participants").max(), (missing.sum() / 60).alias("missing_minutes"))
        .sort("day", "app_id")
    )
    return [Peak(**row) for row in daily.iter_rows(named=True)]


def hours_of_week(usage: Usage) -> list[Hour]:
    """All 168; the mean is of what was seen in each hour, however often it was looked at."""
    local = pl.col("slot").dt.convert_time_zone(usage.period.tz)
    hourly = (
        usage.slots.filter("is_loaded")
        .group_by("slot")
        .agg(pl.col("participants").sum())
        .group_by(local.dt.weekday().alias("weekday"), local.dt.hour().alias("hour"))
        .agg(mean=pl.col("participants").mean(), peak=pl.col("participants").max())
    )
    found = {(weekday, hour): (mean, peak) for weekday, hour, mean, peak in hourly.iter_rows()}
    nothing = (None, None)
    return [Hour(day, hour, *found.get((day, hour), nothing)) for day in range(1, 8) for hour in range(24)]


def covered_seconds(usage: Usage) -> float:
    """For how long of the period something is known, by the app of which least is."""
    own = held(usage).filter("is_loaded").group_by("app_id").agg(seconds=(pl.col("end") - pl.col("begin")).sum())
    least = own["seconds"].min() if usage.slots["app_id"].n_unique() == own.height else 0.0
    return float(least or 0.0)  # type: ignore[arg-type]  # a number: the column's own


def _apart(slots: pl.DataFrame) -> list[tuple[tuple[str], pl.DataFrame]]:
    return list(slots.group_by("app_id", maintain_order=True))


def _step(slots: pl.DataFrame, most: int) -> float:
    """The seconds of a point; 0 where every slot is one."""
    longest = max((len(own) for _, own in _apart(slots)), default=0)
    if longest <= most:
        return 0.0
    length = float(slots["end"].max())  # type: ignore[arg-type]  # a number: the column's own
    return float(next((one for one in _STEPS[1:] if length / one <= most), _STEPS[-1]))


def _series(app_id: str, own: pl.DataFrame, step: float) -> Series:
    missing = own.filter(~pl.col("is_loaded"))
    gaps = _merged(list(missing.select("begin", "end").iter_rows()))
    if not step:
        return Series(
            app_id, step, [Point(*row) for row in own.select("begin", "end", "participants").iter_rows()], gaps
        )
    places = (pl.col("begin") // step).alias("place")
    rows = own.group_by(places).agg(pl.col("participants").max(), end=pl.col("end").max()).sort("place")
    points = [
        Point(place * step, min((place + 1) * step, end), participants) for place, participants, end in rows.iter_rows()
    ]
    return Series(app_id, step, points, gaps)


def _merged(gaps: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Gaps that meet are one."""
    merged: list[tuple[float, float]] = []
    for begin, end in gaps:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((begin, end))
    return merged
