"""Eleven days of snapshots of a simulated world, every three hours: the same at every run, and the truth about them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from etl.jobs.reconcile import reconcile_sessions
from etl.jobs.snapshot import take_snapshot
from etl.settings import ApiSettings, Limits, Rate, ReconcileSettings, SnapshotSettings
from etl.simulator.app import TOKEN, create_app
from etl.simulator.clock import SimulatedClock
from etl.simulator.server import serve
from etl.simulator.world import World
from etl.values.run import RunContext

if TYPE_CHECKING:
    from pathlib import Path

    from etl.simulator.sessions import Session

NO_LIMIT = Rate(requests=10**9, seconds=300.0)
STEP = timedelta(hours=3)
FIRST = datetime(2026, 10, 25, 3, 0, tzinfo=UTC)
LAST = datetime(2026, 11, 5, 0, 0, tzinfo=UTC)
# The machine was off: no run at all.
OFF = (datetime(2026, 10, 29, 6, 0, tzinfo=UTC), datetime(2026, 10, 29, 12, 0, tzinfo=UTC))
# There was no time: everything failed.
HURRIED = datetime(2026, 10, 28, 9, 0, tzinfo=UTC)
RENAMED_AT = datetime(2026, 11, 1, tzinfo=UTC)
RECONCILED_AT = datetime(2026, 11, 4, 12, 0, tzinfo=UTC)
UNKNOWN_MEETING, NO_ID = "retired-room", "two words"


@dataclass(frozen=True)
class Recorded:
    """The database, and the world that it was recorded from."""

    database: Path
    world: World

    def sessions(self, since: datetime, until: datetime = LAST) -> list[Session]:
        """The truth: the sessions under way at any time of a period."""
        return self.world.sessions_between(since, until)

    def slots(self) -> list[datetime]:
        """The slots of which a run was loaded."""
        steps = (LAST - FIRST) // STEP
        slots = [FIRST + number * STEP for number in range(steps + 1)]
        return [slot for slot in slots if not OFF[0] <= slot <= OFF[1]]

    def live(self, slot: datetime) -> list[Session]:
        """The truth of a slot whose run did not fail."""
        return [] if slot == HURRIED else self.world.sessions(slot, "LIVE")


def record(directory: Path) -> Recorded:
    """Take the snapshots, and the final figures of what had ended half a day before the last one."""
    world = World(seed=11, meetings=16, live_share=0.4, epoch=FIRST - timedelta(hours=3))
    recorded = Recorded(directory / "usage.duckdb", world)
    meetings = directory / "meetings.txt"
    meetings.write_text("\n".join([*world.meeting_ids, UNKNOWN_MEETING, NO_ID]), encoding="utf-8")
    clock = SimulatedClock(FIRST)
    with serve(create_app([world], now=clock.now, quota=NO_LIMIT)) as simulator:
        api = ApiSettings(
            token=TOKEN,
            account_id=world.account_id,
            base_url=simulator.base_url,
            limits=Limits(stated=NO_LIMIT, reserve=0.0),
        )
        settings = SnapshotSettings(
            api=api,
            meetings=meetings,
            app_id=world.app_id,
            database=recorded.database,
            via="meetings",
            every=STEP,
        )
        asyncio.run(_take_all(recorded, settings, clock))
    return recorded


async def _take_all(recorded: Recorded, settings: SnapshotSettings, clock: SimulatedClock) -> None:
    """One run after the other."""
    context = RunContext(now=clock.now, sleep=_no_time)
    for slot in recorded.slots():
        clock.set(slot)
        if slot == RENAMED_AT:
            _rename_a_meeting(recorded.world)
        if slot == RECONCILED_AT:
            await reconcile_sessions(_reconciliation(settings), context)
        await take_snapshot(replace(settings, deadline=timedelta() if slot == HURRIED else None), context)


async def _no_time(_seconds: float) -> None:
    """The clock stands still during a run, so that every snapshot is of the instant of its slot."""
    await asyncio.sleep(0)


def _reconciliation(settings: SnapshotSettings) -> ReconcileSettings:
    since = FIRST - timedelta(days=1)
    return ReconcileSettings(api=settings.api, app_id=settings.app_id, database=settings.database, since=since)


def _rename_a_meeting(world: World) -> None:
    """Give a meeting another title from now on; sessions that were asked for before keep theirs."""
    world.all_meetings[0] = replace(world.all_meetings[0], title="Renamed")
