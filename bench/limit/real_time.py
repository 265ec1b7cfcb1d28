"""What a contender really does at Cloudflare's documented limit: `limit.py NAME PEER_PYTHON MEETINGS SECONDS`.

Runs it, in real time, against the simulator in a process of its own, and ends it after so many seconds. Prints JSON.
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

from bench.job.contenders import BENCH, all_contenders, as_it_comes, snapshot_command
from bench.measure import TOKEN, environment
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
    name, peer_python, meetings, seconds = sys.argv[1:]
    # Told to end, it still ends the contender.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    everyone = {one.name: one for one in all_contenders(peer_python)}
    contender = as_it_comes(everyone[name]) if name == "ours" else everyone[name]
    world = World(7, int(meetings), live_share=0.03, epoch=datetime.now(UTC) - timedelta(days=2))
    with serve_in_process(partial(make_app, world)) as base_url, tempfile.TemporaryDirectory() as folder:
        figures = run(contender, world, base_url, Path(folder), float(seconds))
        print(json.dumps(figures | counts(base_url)))


def make_app(world: World) -> Starlette:
    """Make the API with the documented quota, and a page that tells what was asked for."""
    app = create_app(world, now=partial(datetime.now, UTC), token=TOKEN)

    def tell(_request: Request) -> JSONResponse:
        state = app.state
        return JSONResponse(
            {"requests": state.requests, "refusals": state.refusals, "asked": len(state.requests_by_meeting)}
        )

    app.router.routes.insert(0, Route(COUNTS_PATH, tell))
    return app


def run(contender: Contender, world: World, base_url: str, folder: Path, seconds: float) -> dict[str, Any]:
    """Let the contender do the job; how it ended, after how many seconds, and how many rows it stored."""
    meetings_file, database, log = folder / "meetings.txt", folder / "bench.duckdb", folder / "log.txt"
    meetings_file.write_text("\n".join(world.meeting_ids) + "\n", encoding="utf-8")
    command = snapshot_command(
        contender, meetings_file, database, account_id=world.account_id, app_id=world.app_id, base_url=base_url
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
        "label": contender.label,
        "meetings": world.meetings,
        "seconds": time.monotonic() - started,
        "is_stopped": exit_code == STOPPED,
        "exit_code": exit_code,
        "said": last_line(log),
        "rows": rows_in(contender, database),
    }


def last_line(log: Path) -> str:
    """Return the last thing that was said, shortened."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    said = lines[-1].strip().partition(" - {")[0] if lines else ""  # an answer that is quoted says nothing more
    return said if len(said) <= LONGEST_QUOTE else said[:LONGEST_QUOTE] + "..."


def rows_in(contender: Contender, database: Path) -> int:
    """Return how many sessions are stored; none where there is no database or no table."""
    command: list[str | Path] = [contender.python, BENCH / "verify.py", database, contender.table]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return len(done.stdout.split()) if database.exists() and done.returncode == 0 else 0


def counts(base_url: str) -> dict[str, int]:
    """Return what the simulator was asked for."""
    address = base_url.removesuffix("/client/v4") + COUNTS_PATH
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=10) as answer:
        told: dict[str, int] = json.load(answer)
        return told


if __name__ == "__main__":
    main()
