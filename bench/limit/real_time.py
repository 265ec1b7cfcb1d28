"""One contender at Cloudflare's documented limit: `real_time.py NAME PEER_PYTHON WAY MEETINGS SECONDS`.

Runs the contender in real time against the simulator, each in a process of its own, and stops it after so many seconds.
Prints JSON.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse
from starlette.routing import Route

from bench.job.contenders import all_contenders
from bench.job.job import snapshot_command, stored_meetings
from bench.measure import TOKEN, ContenderFailed, environment
from etl.simulator.app import create_app
from etl.simulator.server import serve_in_process
from etl.simulator.world import World

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request

    from bench.job.contenders import Contender

COUNTS_PATH = "/counts"
LONGEST_QUOTE = 110
STOPPED = -9


def main() -> None:
    name, peer_python, via, meetings, seconds = sys.argv[1:]
    # On SIGTERM, the contender is ended as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    contender = next(each for each in all_contenders(peer_python) if each.name == name)
    world = World(seed=7, meetings=int(meetings), live_share=0.03, epoch=datetime.now(UTC) - timedelta(days=2))
    with serve_in_process(partial(make_app, world)) as base_url, tempfile.TemporaryDirectory() as folder:
        figures = run(contender, via, world, base_url=base_url, folder=Path(folder), seconds=float(seconds))
        print(json.dumps(figures | counts(base_url)))


def make_app(world: World) -> Starlette:
    """Make the API with the documented limit, and a page that shows what was requested."""
    app = create_app(world, now=partial(datetime.now, UTC), token=TOKEN)

    def show_counts(_request: Request) -> JSONResponse:
        state = app.state
        requested = len(state.requests_by_meeting)
        return JSONResponse({"requests": state.requests, "refusals": state.refusals, "requested_meetings": requested})

    app.router.routes.insert(0, Route(COUNTS_PATH, show_counts))
    return app


def run(  # noqa: PLR0913 - a job needs all of these
    contender: Contender, via: str, world: World, *, base_url: str, folder: Path, seconds: float
) -> dict[str, Any]:
    """Let the contender do the job; return how and when it ended, and how many rows it stored."""
    meetings_file, database, log = folder / "meetings.txt", folder / "bench.duckdb", folder / "log.txt"
    meetings_file.write_text("\n".join(world.meeting_ids) + "\n", encoding="utf-8")
    command = snapshot_command(
        contender,
        meetings_file,
        database,
        account_id=world.account_id,
        app_id=world.app_id,
        base_url=base_url,
        options=("--via", via),
    )
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment())
        try:
            exit_code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            exit_code = STOPPED
        finally:
            process.kill()
            process.wait()
    return {
        "label": contender.label if contender.is_peer or via == "auto" else f"{contender.label} --via {via}",
        "meetings": world.meetings,
        "seconds": time.monotonic() - started,
        "is_stopped": exit_code == STOPPED,
        "exit_code": exit_code,
        "last_line": last_line(log),
        "rows": count_rows(contender, database),
    }


def last_line(log: Path) -> str:
    """Return the last line of a log, shortened."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    text = lines[-1].strip().partition(" - {")[0] if lines else ""  # without the response that it quotes
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "..."


def count_rows(contender: Contender, database: Path) -> int:
    """Return how many sessions are stored; none without a database or a table."""
    try:
        return len(stored_meetings(contender, database)) if database.exists() else 0
    except ContenderFailed:
        return 0


def counts(base_url: str) -> dict[str, int]:
    """Return what was requested from the simulator."""
    address = base_url.removesuffix("/client/v4") + COUNTS_PATH
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=10) as response:
        counted: dict[str, int] = json.load(response)
        return counted


if __name__ == "__main__":
    main()
