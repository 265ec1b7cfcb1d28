"""`rtk-usage meetings`."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from etl.cli.build_settings import api_settings, strip_or_none
from etl.cli.examples import examples
from etl.cli.logs import log_to_stderr
from etl.cli.options import api_options
from etl.cli.output import check_output, print_answer
from etl.cli.types import OutputFile, output_or_none
from etl.files import write_whole
from etl.reports.counts import format_count
from etl.settings import require_app
from etl.values.run import RunContext

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from etl.realtimekit.meetings import ListedMeeting
    from etl.settings import ApiSettings


@click.command(
    epilog=examples(
        "meetings",
        "meetings --active --output data/meetings.txt",
    )
)
@click.option("--active", is_flag=True, help="Only meetings that are switched on, so that people can join them.")
@click.option(
    "--output",
    type=OutputFile(),
    callback=output_or_none,
    help="The file to write: .txt, .csv, .tsv or .jsonl. Default: text on standard output.",
)
@api_options(app="The RealtimeKit app.")
def meetings(*, active: bool, output: Path | None, **options: Any) -> None:
    """Write a meeting list with all meetings of the app.

    It takes one request per page of the list. An existing file is replaced when the list is complete.
    """
    check_output(output, endings=WRITERS)
    write = WRITERS.get(output.suffix.lower(), _text) if output else _text
    app_id = require_app(strip_or_none(options["app_id"]))
    settings = api_settings(options)
    log_to_stderr(verbose=False)
    listed = fetch_listed(settings, app_id)
    chosen = [meeting for meeting in listed if meeting.is_active or not active]
    text = write(app_id, chosen)
    if output is None:
        print_answer(text.encode(errors="replace"))
    else:
        write_whole(output, text.encode(errors="replace"))
    click.echo(f"{len(chosen):,} of the {format_count(len(listed), 'meeting')} of app {app_id}", err=True)


def fetch_listed(settings: ApiSettings, app_id: str) -> list[ListedMeeting]:
    """Fetch all meetings of an app."""
    import asyncio

    from etl.realtimekit.meetings import fetch_meetings

    context = RunContext(now=lambda: datetime.now(UTC), sleep=asyncio.sleep)
    return asyncio.run(fetch_meetings(app_id, settings, context))


def _text(_app_id: str, meetings: Sequence[ListedMeeting]) -> str:
    """Format one ID per line, followed by the title as a comment."""
    return "".join(f"{meeting.meeting_id}{_comment(meeting.title)}\n" for meeting in meetings)


def _comment(title: str) -> str:
    readable = " ".join("".join(character if character.isprintable() else " " for character in title).split())
    return f"  # {readable}" if readable else ""


def _csv(app_id: str, meetings: Sequence[ListedMeeting], delimiter: str = ",") -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(["meeting_id", "app_id", "title"])
    writer.writerows([meeting.meeting_id, app_id, meeting.title] for meeting in meetings)
    return text.getvalue()


def _tsv(app_id: str, meetings: Sequence[ListedMeeting]) -> str:
    return _csv(app_id, meetings, delimiter="\t")


def _json_lines(app_id: str, meetings: Sequence[ListedMeeting]) -> str:
    rows = ({"meeting_id": meeting.meeting_id, "app_id": app_id, "title": meeting.title} for meeting in meetings)
    return "".join(f"{json.dumps(row)}\n" for row in rows)


# The function that formats a list, by the ending of the file.
WRITERS: dict[str, Callable[[str, Sequence[ListedMeeting]], str]] = {
    "": _text,
    ".txt": _text,
    ".csv": _csv,
    ".tsv": _tsv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
