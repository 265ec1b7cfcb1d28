"""What the page is made from: all that is asked of the database, in one sitting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import polars as pl

from etl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from etl.reports.periods import Period

# Growth of a year at once is a table of millions of sessions, most of it spilled; month by month it is the same to the
# last digit (periods that meet share the total between them), in an eighth of the memory and a tenth of the time.
_AT_ONCE = timedelta(days=28)
# How many meetings are named in tables; charts name fewer.
BUSIEST = 20


class Read(Protocol):
    """Reads the rows of `sql/<name>.sql`, with bound parameters."""

    def __call__(self, name: str, **parameters: object) -> pl.DataFrame: ...  # noqa: D102


class MeetingKey(NamedTuple):
    """What a meeting is known by."""

    app_id: str
    meeting_id: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the page is about; `app_id` None stands for all apps."""

    period: Period
    app_id: str | None
    prices: str


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Growth by day, meeting and type (`sql/page/growth.sql`), and slots (`sql/page/slots.sql`), of one period."""

    period: Period
    growth: pl.DataFrame
    slots: pl.DataFrame


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Growth by day in UTC as snapshots alone and as final figures tell it, and Cloudflare's own totals."""

    observed: pl.DataFrame
    reconciled: pl.DataFrame
    totals: pl.DataFrame


@dataclass(frozen=True, kw_only=True)
class State:
    """What the database holds for the period."""

    snapshots: int
    last_slot: datetime
    finals: int
    reconciles: int
    schema: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """The answers; `before` is the period of the same length before, None where no snapshot reaches into it."""

    now: Usage
    before: Usage | None
    names: dict[MeetingKey, str | None]
    peaks: dict[MeetingKey, int | None]
    longest: pl.DataFrame
    prices: pl.DataFrame
    accuracy: Accuracy | None
    state: State


def find(read: Read, asked: Asked, *, first: datetime, prices: pl.DataFrame) -> Found:
    """Ask the database; the period begins with the day of its first snapshot where it would begin before.

    Raises ConfigError where there is no snapshot in the period.
    """
    period = _from(first, asked.period)
    state = State(**read("page/state", since=period.since, until=period.until).row(0, named=True))
    if not state.snapshots:
        raise ConfigError(
            f"there is no snapshot from {asked.period.since.isoformat()} to {asked.period.until.isoformat()}, the "
            f"first is of {first.isoformat()}; name another period with --since and --until"
        )
    now = _usage(read, period, asked.app_id)
    busiest = busiest_of(now.growth)
    names, peaks = _named(read, period, busiest)
    return Found(
        now=now,
        before=_before(read, period, asked.app_id, first),
        names=names,
        peaks=peaks,
        longest=read("page/longest", since=period.since, until=period.until, app_id=asked.app_id),
        prices=prices,
        accuracy=_accuracy(read, now, asked.app_id, state),
        state=state,
    )


def busiest_of(growth: pl.DataFrame, most: int = BUSIEST) -> list[MeetingKey]:
    """The meetings with the most minutes of the type meeting, the first of them first."""
    minutes = growth.filter(pl.col("type") == "meeting").group_by("app_id", "meeting_id").agg(pl.col("minutes").sum())
    ranked = minutes.sort(["minutes", "app_id", "meeting_id"], descending=[True, False, False]).head(most)
    return [MeetingKey(app_id, meeting_id) for app_id, meeting_id, _ in ranked.iter_rows()]


def _from(first: datetime, period: Period) -> Period:
    """The period from the day of the first snapshot on."""
    midnight = first.astimezone(ZoneInfo(period.tz)).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return replace(period, since=max(period.since, min(midnight.astimezone(UTC), period.until)))


def _usage(read: Read, period: Period, app_id: str | None) -> Usage:
    slots = read("page/slots", since=period.since, until=period.until, app_id=app_id)
    return Usage(period=period, growth=_growth(read, period, app_id), slots=slots)


def _growth(read: Read, period: Period, app_id: str | None, *, with_finals: bool = True) -> pl.DataFrame:
    """Growth by day, meeting and type, asked for a month at a time."""
    parts = [
        read("page/growth", since=since, until=until, tz=period.tz, app_id=app_id, with_finals=with_finals)
        for since, until in _parts(period)
    ]
    figures = [pl.col(name).sum() for name in ("minutes", "sessions", "unfinished")]
    return pl.concat(parts).group_by("day", "app_id", "meeting_id", "type").agg(figures)


def _parts(period: Period) -> Iterator[tuple[datetime, datetime]]:
    since = period.since
    while since < period.until:
        until = min(since + _AT_ONCE, period.until)
        yield since, until
        since = until


def _before(read: Read, period: Period, app_id: str | None, first: datetime) -> Usage | None:
    if first >= period.since:
        return None
    length = period.until - period.since
    return _usage(read, replace(period, since=period.since - length, until=period.since), app_id)


def _named(
    read: Read, period: Period, meetings: list[MeetingKey]
) -> tuple[dict[MeetingKey, str | None], dict[MeetingKey, int | None]]:
    """The latest name, and the most participants of a session, of each of the meetings."""
    meeting_ids = [one.meeting_id for one in meetings]
    rows = read("page/meetings", since=period.since, until=period.until, meeting_ids=meeting_ids).iter_rows(named=True)
    found = {MeetingKey(row["app_id"], row["meeting_id"]): row for row in rows}
    return (
        {key: found[key]["meeting"] if key in found else None for key in meetings},
        {key: found[key]["peak_participants"] if key in found else None for key in meetings},
    )


def _accuracy(read: Read, now: Usage, app_id: str | None, state: State) -> Accuracy | None:
    """Growth by days in UTC, which is asked for again only where it is not at hand; None before any reconcile."""
    if not state.reconciles:
        return None
    period = _whole_days(now.period)
    totals = read("page/totals", since=period.since, until=period.until, app_id=app_id)
    reconciled = now.growth if period == now.period else _growth(read, period, app_id)
    observed = _growth(read, period, app_id, with_finals=False) if state.finals else reconciled
    return Accuracy(observed=observed, reconciled=reconciled, totals=totals)


def _whole_days(period: Period) -> Period:
    """The days in UTC, whole ones, that the period touches: by such days Cloudflare totals."""
    first = period.since.astimezone(UTC).date()
    last = (period.until - timedelta(microseconds=1)).astimezone(UTC).date()
    since, until = (datetime.combine(day, time(), tzinfo=UTC) for day in (first, last + timedelta(days=1)))
    return replace(period, since=since, until=until, tz="UTC")
