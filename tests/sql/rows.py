"""Rows of the tables, written straight into a database, so that a test reads like a worked example.

Instants are texts in UTC, "2026-11-02 12:00". What a test does not name is the same for all of its rows.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.normalize.finals import DAY_SCHEMA, FINAL_SCHEMA
from etl.normalize.ledger import FAILURE_SCHEMA, RUN_SCHEMA
from etl.normalize.snapshots import SNAPSHOT_SCHEMA
from etl.store import sql_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from etl.store.database import Connection

EVER = ("-infinity", "infinity")

_SCHEMAS = {
    "meeting_lists": {"list_id": pl.String, "app_id": pl.String, "meeting_id": pl.String},
    "runs": RUN_SCHEMA,
    "session_snapshots": SNAPSHOT_SCHEMA,
    "fetch_failures": FAILURE_SCHEMA,
    "session_finals": FINAL_SCHEMA,
    "daily_totals": DAY_SCHEMA,
}
_SESSION = {
    "app_id": "app",
    "meeting_id": "m",
    "meeting_display_name": "Weekly",
    "type": "meeting",
    "status": "LIVE",
    "live_participants": 1,
    "max_concurrent_participants": 1,
    "started_at": datetime(2026, 11, 2, 12, tzinfo=UTC),
}
_MINUTES = """
select strftime(bucket, $shown) as bucket, sum(minutes) as minutes
from minutes_between(cast($since as timestamptz), cast($until as timestamptz), $tz, $unit, $finals)
where session_id = coalesce($session, session_id)
group by bucket
order by bucket
"""
_FILE_NUMBERS = itertools.count()
_SHOWN = {"day": "%m-%d", "hour": "%m-%d %H"}


def utc(instant: str | datetime) -> datetime:
    """The instant of a text, which is in UTC."""
    return datetime.fromisoformat(instant).replace(tzinfo=UTC) if isinstance(instant, str) else instant


class Usage:
    """A database to fill and to ask. Rows wait until the first question after them."""

    def __init__(self, connection: Connection, folder: Path) -> None:
        self.connection = connection
        self._folder = folder
        self._waiting: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._runs = 0
        self._listed: set[str] = set()

    def observed(self, at: str | datetime, minutes: float, session: str = "s", **columns: Any) -> None:
        """A session as it was seen in a snapshot; `started_at` is noon of 2 November 2026 unless it is named."""
        row = {"run_id": str(uuid.UUID(int=0)), "slot": utc(at), "observed_at": utc(at)}
        self.add("session_snapshots", row | self._session(session, minutes, columns))

    def final(self, ended_at: str | datetime | None, minutes: float, session: str = "s", **columns: Any) -> None:
        """A session as it was reported after its end, fetched on 24 November 2026 unless another day is named."""
        row = {"run_id": str(uuid.UUID(int=0)), "fetched_at": "2026-11-24 00:00", "status": "ENDED"}
        ended = {"ended_at": ended_at} if ended_at else {}
        self.add("session_finals", self._session(session, minutes, row | ended | columns))

    def total(self, day: str, minutes: float, sessions: int, *, app: str = "app", at: str = "2027-12-01 00:00") -> None:
        """A day of an app as Cloudflare totals it."""
        row = {"app_id": app, "day": date.fromisoformat(day), "sessions": sessions, "minutes": minutes}
        self.add("daily_totals", {"run_id": str(uuid.UUID(int=0)), "fetched_at": utc(at)} | row)

    def run(  # noqa: PLR0913  # what differs between runs, each by its name
        self,
        slot: str | datetime,
        *,
        every: float | None = 300,
        app: str = "app",
        meetings: Sequence[str] = ("m",),
        failed: Sequence[str] = (),
        list_id: str | None = None,
        kind: str = "snapshot",
    ) -> None:
        """A loaded run: each starts after the one before; meetings of its list may have failed.

        Lists of the same meetings are one. A `list_id` of its own, as all:app is, has no meetings.
        """
        self._runs += 1
        run_id, at = str(uuid.UUID(int=self._runs)), utc(slot)
        self.add("runs", _run(run_id, at, kind, list_id or f"{app}: {sorted(meetings)}", every))
        if list_id is None and kind == "snapshot":
            self._list(app, meetings)
        for meeting_id in failed:
            failure = {"app_id": app, "meeting_id": meeting_id, "kind": "timeout", "message": "late", "attempts": 1}
            self.add("fetch_failures", {"run_id": run_id, "slot": at} | failure)

    def runs(
        self, first: str | datetime, last: str | datetime, *, without: Sequence[str | datetime] = (), **options: Any
    ) -> None:
        """A run every five minutes, or as `every` says (s), from the first slot to the last one, both included."""
        at, left_out = utc(first), {utc(one) for one in without}
        while at <= utc(last):
            if at not in left_out:
                self.run(at, **options)
            at += timedelta(seconds=options.get("every") or 300)

    def add(self, table: str, row: Mapping[str, Any]) -> None:
        """A row as the table has it; columns that it lacks are empty."""
        self._waiting[table].append(row)

    def ask(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query; of the parameters those that it names are bound."""
        return self.frame(sql, **parameters).rows()

    def frame(self, sql: str, **parameters: Any) -> pl.DataFrame:
        """The rows of a query as a frame."""
        self.write()
        named = self.connection.extract_statements(sql)[0].named_parameters
        return pl.DataFrame(self.connection.sql(sql, params={name: parameters[name] for name in named}))

    def minutes(  # noqa: PLR0913  # a report's own parameters, each by its name
        self,
        tz: str = "UTC",
        since: str = EVER[0],
        until: str = EVER[1],
        *,
        unit: str = "day",
        finals: bool = True,
        session: str | None = None,
    ) -> dict[str, Any]:
        """Return the minutes of the period by local day, as {"11-02": 6.5}, or by hour, as {"11-02 23": 6.5}.

        They are exact: decimals of six places.
        """
        asked = {"tz": tz, "since": _instant(since), "until": _instant(until), "unit": unit, "finals": finals}
        return dict(self.ask(_MINUTES, **asked, session=session, shown=_SHOWN[unit]))

    def report(
        self, name: str, since: str | datetime, until: str | datetime, **parameters: Any
    ) -> list[dict[str, Any]]:
        """The rows of a report, in UTC and of all apps unless others are named, with the prices it comes with."""
        standard = {"tz": "UTC", "app_id": None, "prices": str(sql_files.file("prices.csv"))}
        sql = sql_files.text(f"reports/{name}")
        return self.frame(sql, **standard | {"since": utc(since), "until": utc(until)} | parameters).to_dicts()

    def write(self) -> None:
        """Insert what waits."""
        for table, rows in self._waiting.items():
            file = str(self._folder / f"{next(_FILE_NUMBERS)}.parquet")  # DuckDB may remember a file by its name
            pl.DataFrame(rows, schema=_SCHEMAS[table], orient="row").write_parquet(file)
            insert = f"insert into {table} by name select * from read_parquet($file)"  # noqa: S608  # a table of ours
            self.connection.execute(insert, {"file": file})
            Path(file).unlink()
        self._waiting.clear()

    def clear(self) -> None:
        """Empty every table."""
        self._waiting.clear()
        self._listed.clear()
        for table in _SCHEMAS:
            self.connection.execute(f"delete from {table}")  # noqa: S608  # a table of ours

    def _session(self, session: str, minutes: float, columns: Mapping[str, Any]) -> dict[str, Any]:
        row = _SESSION | {"session_id": session, "minutes_consumed": minutes} | dict(columns)
        instants = {name: utc(value) for name, value in row.items() if name.endswith("_at") and isinstance(value, str)}
        rooms = {"breakout_rooms": json.dumps(columns["breakout_rooms"])} if "breakout_rooms" in columns else {}
        return row | instants | rooms

    def _list(self, app: str, meetings: Sequence[str]) -> None:
        list_id = f"{app}: {sorted(meetings)}"
        if list_id not in self._listed:
            rows = [{"list_id": list_id, "app_id": app, "meeting_id": one} for one in meetings]
            self._waiting["meeting_lists"] += rows
        self._listed.add(list_id)


def _instant(text: str) -> str:
    return text if text in EVER else utc(text).isoformat()


def _run(run_id: str, slot: datetime, kind: str, list_id: str, every: float | None) -> dict[str, Any]:
    counts = dict.fromkeys(("meetings", "live", "idle", "failed", "requests", "retries", "waited_seconds"), 0)
    texts = {"via": "meetings", "account_id": "account", "tool_version": "0", "host": "here"}
    instants = {"slot": slot, "started_at": slot, "finished_at": slot}
    return {"run_id": run_id, "kind": kind, "list_id": list_id, "every_seconds": every} | counts | texts | instants
