"""`rtk-usage meetings`: the app's meetings as a meeting list."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import click

from etl.cli.logs import log_to_stderr
from etl.cli.options import api_options, api_settings, app_id_of, limit_options
from etl.cli.types import NewFile
from etl.errors import ConfigError
from etl.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from etl.realtimekit.meetings import ListedMeeting
    from etl.settings import ApiSettings


@click.command()
@click.option("--active", is_flag=True, help="Leave out the meetings that nobody can join any more.")
@click.option(
    "--output",
    type=NewFile(dir_okay=False),
    help="The file to write: .txt, .csv, .tsv or .jsonl. Without it, text goes to standard output.",
)
@api_options
@limit_options
def meetings(*, active: bool, output: Path | None, **options: Any) -> None:  # noqa: ANN401  # as click gives them
    """Write the app's meetings as a meeting list.

    It asks for a hundred meetings at a time. A file that is there is replaced once the list is whole.
    """
    write = _writer(output)
    app_id = app_id_of(options)
    settings = api_settings(options)
    log_to_stderr(verbose=False)
    found = _fetch(settings, app_id)
    chosen = [meeting for meeting in found if meeting.is_active or not active]
    text = write(app_id, chosen)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(output, text.encode(errors="replace"))
    click.echo(f"{len(chosen):,} of the {len(found):,} meetings of app {app_id}", err=True)


def _fetch(settings: ApiSettings, app_id: str) -> list[ListedMeeting]:
    """The app's meetings."""
    import asyncio  # noqa: PLC0415  # `--help` and a wrong setting need none of it
    from datetime import UTC, datetime  # noqa: PLC0415  # only when needed

    from etl.realtimekit.meetings import fetch_meetings  # noqa: PLC0415  # only when needed
    from etl.values.run import RunContext  # noqa: PLC0415  # only when needed

    return asyncio.run(fetch_meetings(app_id, settings, RunContext(now=lambda: datetime.now(UTC), sleep=asyncio.sleep)))


def _writer(output: Path | None) -> Callable[[str, Sequence[ListedMeeting]], str]:
    """What writes a list in the format that a file's ending names; text where there is no file."""
    writers: dict[str, Callable[[str, Sequence[ListedMeeting]], str]]
    writers = {"": _text, ".txt": _text, ".csv": _csv, ".tsv": _tsv, ".jsonl": _json_lines, ".ndjson": _json_lines}
    ending = output.suffix.lower() if output else ""
    if ending not in writers:
        raise ConfigError(
            f"{output}: no format is known for the ending {ending!r}; expected .txt, .csv, .tsv or .jsonl"
        )
    return writers[ending]


def _text(_app_id: str, found: Sequence[ListedMeeting]) -> str:
    """An ID a line, with the title behind it for people."""
    return "".join(f"{one.meeting_id}{_comment(one.title)}\n" for one in found)


def _comment(title: str) -> str:
    readable = " ".join("".join(character if character.isprintable() else " " for character in title).split())
    return f"  # {readable}" if readable else ""


def _csv(app_id: str, found: Sequence[ListedMeeting], delimiter: str = ",") -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(["meeting_id", "app_id", "title"])
    writer.writerows([one.meeting_id, app_id, one.title] for one in found)
    return text.getvalue()


def _tsv(app_id: str, found: Sequence[ListedMeeting]) -> str:
    return _csv(app_id, found, delimiter="\t")


def _json_lines(app_id: str, found: Sequence[ListedMeeting]) -> str:
    rows = ({"meeting_id": one.meeting_id, "app_id": app_id, "title": one.title} for one in found)
    return "".join(f"{json.dumps(row)}\n" for row in rows)
