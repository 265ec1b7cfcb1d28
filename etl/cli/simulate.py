"""`rtk-usage simulate`: an API to try the tool against, without an account."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl.cli.types import RateLimit, finite
from etl.errors import ConfigError

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from etl.settings import Rate
    from etl.simulator.world import World

_HISTORY = timedelta(days=2)


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8787, show_default=True, help="0 takes a free one.")
@click.option(
    "--meetings",
    type=click.IntRange(min=0),
    default=60,
    show_default=True,
    help="How many meetings there are.",
)
@click.option(
    "--live",
    type=click.FloatRange(0, 1),
    callback=finite,
    default=0.3,
    show_default=True,
    help="Share of meetings in session.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed is another history.")
@click.option(
    "--faults",
    type=click.FloatRange(0, 1),
    callback=finite,
    default=0.0,
    show_default=True,
    help="Share of requests that meet a fault which trying again mends.",
)
@click.option("--quota", type=RateLimit(), default="1200/300s", show_default=True, help="Requests allowed per window.")
@click.option(
    "--latency",
    type=click.FloatRange(min=0),
    callback=finite,
    default=0.0,
    show_default=True,
    help="Seconds added to an answer.",
)
@click.option("--token", default="simulated-token", show_default=True, help="The bearer token to ask for.")
@click.option(
    "--write-meetings",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the meeting IDs to this file, one a line.",
)
def simulate(  # noqa: PLR0913 - one parameter an option
    *,
    port: int,
    meetings: int,
    live: float,
    seed: int,
    faults: float,
    quota: Rate,
    latency: float,
    token: str,
    write_meetings: Path | None,
) -> None:
    """Serve a simulated RealtimeKit API on this machine, until Ctrl-C.

    Its sessions start, grow and end with the clock, and have done so since midnight (UTC) two days ago;
    the figures of all its endpoints agree with each other. The same seed on the same day gives the same
    history.
    """
    try:
        from etl.simulator.app import create_app  # noqa: PLC0415 - needs the extra
        from etl.simulator.faults import Faults  # noqa: PLC0415 - loaded by this command only
    except ModuleNotFoundError as error:
        raise ConfigError(f'{error.name} is missing: pip install "realtimekit-usage[simulator]"') from error
    world = _world(seed, meetings, live)
    chance = Faults(faults, seed=seed)
    app = create_app(world, now=_now, token=token, quota=quota, faults=chance, latency=latency)
    if write_meetings:
        _write_meetings(world, write_meetings)
    _run(app, port, partial(_introduce, world, token, write_meetings))


def _world(seed: int, meetings: int, live: float) -> World:
    from etl.simulator.world import World  # noqa: PLC0415 - loaded by this command only

    midnight = _now().replace(hour=0, minute=0, second=0, microsecond=0)
    return World(seed, meetings, live_share=live, epoch=midnight - _HISTORY)


def _now() -> datetime:
    return datetime.now(UTC)


def _write_meetings(world: World, path: Path) -> None:
    try:
        path.write_text("".join(f"{meeting_id}\n" for meeting_id in world.meeting_ids), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"The meeting IDs can't be written to {path}: {error.strerror}") from error


def _run(app: Starlette, port: int, announce: partial[None]) -> None:
    from etl.simulator.server import run_forever  # noqa: PLC0415 - needs the extra

    try:
        run_forever(app, port, announce=announce)
    except OSError as error:
        message = f"Port {port} can't be served: {error.strerror}. Choose another --port, or 0 for a free one."
        raise ConfigError(message) from error


def _introduce(world: World, token: str, meetings_file: Path | None, base_url: str) -> None:
    account = world.account_id
    click.echo(f"RealtimeKit is simulated at {base_url}: {world.meetings} meetings, seed {world.seed}")
    click.echo(f"Token {token}, account {account}, app {world.app_id}. To use it in another terminal:\n")
    for name, value in (
        ("CLOUDFLARE_API_BASE_URL", base_url),
        ("CLOUDFLARE_API_TOKEN", token),
        ("CLOUDFLARE_ACCOUNT_ID", account),
        ("REALTIMEKIT_APP_ID", world.app_id),
    ):
        click.echo(f"export {name}={shlex.quote(value)}")
    where = f"are in {meetings_file}" if meetings_file else "can be had with --write-meetings FILE"
    click.echo(f"\nThe meeting IDs {where}. Ctrl-C ends it.")
