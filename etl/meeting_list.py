"""Read the meeting list: the IDs of the meetings to ask about, from a file or from standard input.

The ending of the file decides the format:

- `.txt` or none: one ID per line, `#` starts a comment. Standard input is read as text, too.
- `.csv` and `.tsv`: a header with the column `meeting_id`, and optionally `app_id`.
- `.jsonl` and `.ndjson`: one object with these keys per line, or one string.
- `.parquet`: these columns.
"""

from __future__ import annotations

import csv
import json
import re
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from etl.errors import ConfigError, FailureKind
from etl.values.meetings import DOT_SEGMENTS, MAX_ID_LENGTH, Failure, Meeting, MeetingList, is_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TextIO

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAX_CELL_LENGTH = 2**31 - 1
_COMMENT = re.compile(r"(?<!\S)#.*", re.DOTALL)
_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # `surrogateescape` maps bytes that are not UTF-8 to these

# The line number, the meeting ID and the app ID of an entry, as they are in the file and of any type.
Entry: TypeAlias = tuple[int, Any, Any]


def read_meeting_list(source: Path | TextIO, *, default_app_id: str | None = None) -> MeetingList:
    """Read a meeting list from a file, or as text from an open stream.

    A line that is not a valid ID becomes a failure `invalid_id` with its number, and the rest is read. Repeats are
    counted and left out. Raises ConfigError if the list has no valid line, or if the file can't be read in its format.
    A line without an app is a ConfigError, too, if there is no default app.
    """
    name = str(source) if isinstance(source, Path) else "standard input"
    _require_valid_app_id(default_app_id)
    meetings: dict[Meeting, None] = {}
    invalid: list[Failure] = []
    valid = 0
    with _open_entries(source, name) as entries:
        for line, meeting_id, own_app_id in entries:
            app_id = default_app_id if own_app_id is None or own_app_id == "" else own_app_id
            if not is_id(meeting_id) or (app_id is not default_app_id and not is_id(app_id)):
                invalid.append(_invalid_line(line, meeting_id, app_id))
                continue
            if app_id is None:
                raise ConfigError(
                    f"{name}, line {line}: which app does meeting {meeting_id} belong to? "
                    "Set REALTIMEKIT_APP_ID or --app-id, or add a column app_id"
                )
            valid += 1
            meetings[Meeting(app_id, _normalize_uuid(meeting_id))] = None
    _require_meetings(name, len(meetings), invalid)
    return MeetingList(meetings=list(meetings), invalid=invalid, repeats=valid - len(meetings))


def _normalize_uuid(meeting_id: str) -> str:
    """Write a UUID in lower case, as the API does. Other IDs stay as they are."""
    lower = meeting_id.lower()
    return lower if lower != meeting_id and _UUID.fullmatch(lower) else meeting_id


@contextmanager
def _open_entries(source: Path | TextIO, name: str) -> Iterator[Iterable[Entry]]:
    """Open the source and yield its entries. Raises ConfigError if it can't be read."""
    try:
        if not isinstance(source, Path):
            yield _read_text(source, name)
        elif source.suffix.lower() == ".parquet":
            yield _read_parquet(source, name)
        else:
            read = _READERS.get(source.suffix.lower())
            if read is None:
                raise ConfigError(
                    f"{name}: files with the ending {source.suffix!r} can't be read; "
                    "expected .txt, .csv, .tsv, .jsonl, .ndjson or .parquet"
                )
            # Bytes that are not UTF-8 become lone surrogates, which no ID may contain: only their line fails.
            with source.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
                yield read(file, name)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(
            f"{name}: the meeting list can't be read: {reason}; name a file with one meeting ID per line"
        ) from error


def _read_text(file: TextIO, _name: str) -> Iterator[Entry]:
    """Read one ID per line. A comment starts with `#` at the start of a line or after white space."""
    for number, line in enumerate(file, 1):
        meeting_id = line.strip()
        if "#" in meeting_id:
            meeting_id = _COMMENT.sub("", meeting_id).rstrip()
        if meeting_id:
            yield number, meeting_id, None


def _read_csv(file: TextIO, name: str, delimiter: str = ",") -> Iterator[Entry]:
    """Read a table with a header that has `meeting_id`, and optionally `app_id`. Blank rows are left out."""
    csv.field_size_limit(_MAX_CELL_LENGTH)  # a cell that is too long for an ID must fail alone, however long it is
    rows = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        header = [column.strip() for column in next(rows, [])]
        if "meeting_id" not in header:
            raise ConfigError(
                f"{name}, line 1: column meeting_id is missing (found: {', '.join(header) or 'nothing'}); "
                "expected a header with meeting_id and, for several apps, app_id"
            )
        id_at = header.index("meeting_id")
        app_at = header.index("app_id") if "app_id" in header else None
        next_line = rows.line_num + 1
        for row in rows:
            line, next_line = next_line, rows.line_num + 1  # a cell may contain line breaks
            if "".join(row).strip():
                row.extend([""] * (len(header) - len(row)))
                yield line, row[id_at].strip(), row[app_at].strip() if app_at is not None else None
    except csv.Error as error:
        raise ConfigError(f"{name}, line {rows.line_num}: not valid CSV: {error}") from error


def _read_json_lines(file: TextIO, _name: str) -> Iterator[Entry]:
    """Read one JSON value per line: an object with `meeting_id` and optionally `app_id`, or the ID as a string."""
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            yield number, value.get("meeting_id"), value.get("app_id")
        else:
            yield number, value if isinstance(value, str) else [line.strip()], None


_READERS: dict[str, Callable[[TextIO, str], Iterator[Entry]]] = {
    "": _read_text,
    ".txt": _read_text,
    ".csv": _read_csv,
    ".tsv": partial(_read_csv, delimiter="\t"),
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}


def _read_parquet(path: Path, name: str) -> Iterator[Entry]:
    """Read the columns `meeting_id` and optionally `app_id` of a Parquet file. The line is the number of the row."""
    import polars as pl  # noqa: PLC0415  # takes a tenth of a second, and only this format needs it

    try:
        file = pl.scan_parquet(path, glob=False, hive_partitioning=False)  # brackets in a name are not a pattern
        schema = file.collect_schema()
        columns = [column for column in ("meeting_id", "app_id") if column in schema]
        if "meeting_id" not in columns:
            raise ConfigError(
                f"{name}: column meeting_id is missing; expected meeting_id and, for several apps, app_id"
            )
        rows = (row for batch in file.select(columns).collect_batches(chunk_size=50_000) for row in batch.iter_rows())
        for number, row in enumerate(rows, 1):
            yield number, row[0], row[1] if len(row) > 1 else None
    except pl.exceptions.PolarsError as error:
        raise ConfigError(f"{name}: not valid Parquet: {error}") from error


def _invalid_line(line: int, meeting_id: object, app_id: object) -> Failure:
    """Return the failure for a line whose meeting ID or app ID is not valid."""
    what, value = ("app", app_id) if is_id(meeting_id) else ("meeting", meeting_id)
    return Failure(
        app_id=None,
        meeting_id=_quote(meeting_id),
        kind=FailureKind.INVALID_ID,
        message=f"line {line}: {_describe_problem(what, value)}",
        line=line,
    )


def _quote(value: object) -> str:
    """Quote a value as printable ASCII, cut to the length of an ID. A missing value is empty."""
    text = "" if value is None else value if isinstance(value, str) else repr(value)
    return ascii(text)[1:-1][:MAX_ID_LENGTH]


def _describe_problem(what: str, value: object) -> str:
    """Describe why a value is not a valid ID."""
    if not isinstance(value, str) or not value:
        return f"the {what} ID is missing"
    if len(value) > MAX_ID_LENGTH:
        return f"the {what} ID has {len(value)} characters; the maximum is {MAX_ID_LENGTH}"
    if _NOT_UTF8.search(value):
        return f"the {what} ID is not UTF-8"
    if "/" in value or value in DOT_SEGMENTS:
        return f"the {what} ID would change the path of the request"
    return f"the {what} ID contains white space or invisible characters"


def _require_meetings(name: str, meetings: int, invalid: list[Failure]) -> None:
    """Raise ConfigError for a list without a valid line."""
    if meetings:
        return
    if invalid:
        raise ConfigError(
            f"{name}: none of its {len(invalid)} lines is a valid meeting ID; the first, {invalid[0].message}: "
            f"{invalid[0].meeting_id!r}; expected one meeting ID per line"
        )
    raise ConfigError(f"{name}: the meeting list is empty; expected one meeting ID per line")


def _require_valid_app_id(app_id: str | None) -> None:
    """Raise ConfigError for a default app ID that is not valid."""
    if app_id is not None and not is_id(app_id):
        raise ConfigError(f"REALTIMEKIT_APP_ID or --app-id {_quote(app_id)!r}: {_describe_problem('app', app_id)}")
