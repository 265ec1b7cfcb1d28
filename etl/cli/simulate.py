"""`rtk-usage simulate`."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl.cli.examples import examples
from etl.cli.types import RateLimit, finite, format_rate
from etl.errors import ConfigError
from etl.extras import missing_extra
from etl.reports.counts import format_count
from etl.settings import CLOUDFLARE_RATE

if TYPE_CHECKING:
    from etl.simulator.world import World

_HISTORY = timedelta(days=2)


@click.command(
    epilog=examples(
        "simulate --write-meetings meetings.txt",
        "simulate --port 0 --faults 0.05",
    )
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8787, show_default=True, help="The port; 0 chooses a free one."
)
@click.option("--meetings", type=click.IntRange(min=0), default=60, show_default=True, help="The number of meetings.")
@click.option(
    "--live",
    type=click.FloatRange(0, 1),
    callback=finite,
    default=0.3,
    show_default=True,
    help="The share of the time that a meeting is in session.",
)
@click.option(
    "--booking",
    type=click.Choice(["on-leave", "steady"]),
    default="on-leave",
    show_default=True,
    help="Book a participant's minutes when the participant leaves, or steadily.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed gives another history.")
@click.option(
    "--faults",
    type=click.FloatRange(0, 1),
    callback=finite,
    default=0.0,
    show_default=True,
    help="The share of requests that meet a fault; a retry draws again.",
)
@click.option(
    "--quota",
    type=RateLimit(),
    default=format_rate(CLOUDFLARE_RATE),
    show_default=True,
    help="Requests allowed per window.",
)
@click.option(
    "--latency",
    type=click.FloatRange(min=0),
    callback=finite,
    default=0.0,
    show_default=True,
    help="Seconds added to every answer.",
)
@click.option("--token", default="simulated-token", show_default=True, help="The token that requests have to carry.")
@click.option(
    "--write-meetings",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the meeting IDs to this file, one per line.",
)
def simulate(*, port: int, write_meetings: Path | None, **options: Any) -> None:
    """Serve a simulated API, to try the tool without an account.

    It runs on this machine until Ctrl-C. Its sessions start, grow and end with the clock, since midnight (UTC) two days
    ago. The figures of all its endpoints agree with each other. The same seed gives the same history on the same day.
    """
    try:
        from etl.simulator import app, faults, server, world
    except ModuleNotFoundError as error:
        raise missing_extra(error, "simulator") from error
    midnight = _utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    seed, token = options["seed"], options["token"]
    simulated = world.World(
        seed=seed,
        meetings=options["meetings"],
        live_share=options["live"],
        booking=options["booking"],
        epoch=midnight - _HISTORY,
    )
    api = app.create_app(
        simulated,
        now=_utc_now,
        token=token,
        quota=options["quota"],
        faults=faults.Faults(options["faults"], seed=seed),
        latency=options["latency"],
    )
    if write_meetings:
        _write_meetings(simulated, write_meetings)
    try:
        server.run_forever(api, port, announce=partial(_introduce, simulated, token, write_meetings))
    except OSError as error:
        message = f"Port {port} can't be served: {error.strerror}. Choose another --port, or 0 for a free one."
        raise ConfigError(message) from error


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _write_meetings(world: World, path: Path) -> None:
    try:
        path.write_text("".join(f"{meeting_id}\n" for meeting_id in world.meeting_ids), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"The meeting IDs can't be written to {path}: {error.strerror}") from error


def _introduce(world: World, token: str, meetings_file: Path | None, base_url: str) -> None:
    """Print the variables that point a shell to this API."""
    account = world.account_id
    click.echo(f"RealtimeKit is simulated at {base_url}: {format_count(world.meetings, 'meeting')}, seed {world.seed}")
    click.echo(f"Token {token}, account {account}, app {world.app_id}. To use it in another terminal:\n")
    for name, value in (
        ("CLOUDFLARE_API_BASE_URL", base_url),
        ("CLOUDFLARE_API_TOKEN", token),
        ("CLOUDFLARE_ACCOUNT_ID", account),
        ("REALTIMEKIT_APP_ID", world.app_id),
    ):
        click.echo(f"export {name}={shlex.quote(value)}")
    where = f"are in {meetings_file}" if meetings_file else "are written to a file by --write-meetings FILE"
    click.echo(f"\nThe meeting IDs {where}. Ctrl-C ends the server.")
