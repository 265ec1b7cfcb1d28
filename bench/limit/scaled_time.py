"""A snapshot at Cloudflare's documented limit, in scaled time: `scaled_time.py WAY MEETINGS` prints JSON.

The real job sends its requests to the simulator over a socket. Both use a simulated clock, which moves only when the
job waits for the limit. So three quarters of an hour pass in seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from etl.jobs.snapshot import take_snapshot
from etl.settings import ApiSettings, SnapshotSettings
from etl.simulator.app import TOKEN, create_app
from etl.simulator.clock import SimulatedClock
from etl.simulator.server import serve
from etl.simulator.world import World
from etl.values.run import RunContext

if TYPE_CHECKING:
    from etl.simulator.server import RunningSimulator
    from etl.values.run import SnapshotSummary

START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
LIVE_SHARE = 0.03


def main() -> None:
    via, meetings = sys.argv[1], int(sys.argv[2])
    clock = SimulatedClock(START)
    world = World(seed=7, meetings=meetings, live_share=LIVE_SHARE, epoch=START - timedelta(days=2))
    app = create_app(world, now=clock.now)
    with serve(app) as simulator, tempfile.TemporaryDirectory() as folder:
        settings = settings_for(simulator, world, Path(folder), via)
        summary = asyncio.run(take_snapshot(settings, context_of(clock)))
    print(json.dumps(figures(summary, simulator, clock)))


def settings_for(simulator: RunningSimulator, world: World, folder: Path, via: str) -> SnapshotSettings:
    """Return the settings of a snapshot of all meetings, with the default limits."""
    meetings_file = folder / "meetings.txt"
    meetings_file.write_text("\n".join(world.meeting_ids) + "\n", encoding="utf-8")
    return SnapshotSettings(
        api=ApiSettings(token=TOKEN, account_id=world.account_id, base_url=simulator.base_url),
        meetings=meetings_file,
        app_id=world.app_id,
        database=folder / "usage.duckdb",
        via=via,  # type: ignore[arg-type] # a name from the command line
    )


def context_of(clock: SimulatedClock) -> RunContext:
    """Return a context in which a wait moves the clock."""

    async def sleep(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    return RunContext(now=clock.now, sleep=sleep)


def figures(summary: SnapshotSummary, simulator: RunningSimulator, clock: SimulatedClock) -> dict[str, object]:
    """Return the figures of the run: its own, those of the clock, and those of the simulator."""
    return {
        "seconds": (clock.now() - START).total_seconds(),
        "planned_seconds": summary.plan.seconds,
        "meetings": summary.run.meetings,
        "failed": summary.run.failed,
        "requests": simulator.app.state.requests,
        "refusals": simulator.app.state.refusals,
        "windows": simulator.app.state.let_in_by_window,
    }


if __name__ == "__main__":
    main()
