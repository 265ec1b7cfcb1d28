"""The meeting list: which meetings to ask about, read from a file or from standard input.

Formats, by the file's ending: `.txt` or none (an ID a line, `#` comments), `.csv` and `.tsv` (columns
`meeting_id`, optionally `app_id`), `.jsonl` and `.ndjson` (an object with those keys, or a string, a line),
`.parquet` (those columns). Standard input is text.
"""

from __future__ import annotations

import csv
import gc
import json
import re
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from etl.errors import ConfigError, FailureKind
from etl.values.fetch import Failure
from etl.values.meetings import MAX_ID_LENGTH, PATH_STEPS, Meeting, MeetingList, is_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TextIO

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ANY_LENGTH = 2**31 - 1
_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # what `surrogateescape` makes of a byte that is not UTF-8


# What a line of the list holds: its number from 1, the meeting ID and the app ID as they stand there, of any type.
# A plain tuple: a list may have a million lines, and a named one takes three times as long to make.
Entry: TypeAlias = tuple[int, Any, Any]


def read_meeting_list(source: Path | TextIO, *, default_app_id: str | None = None) -> MeetingList:
    """Read the list in a file, or text from an open stream such as standard input.

    Lines that can't be an ID become failures `invalid_id` with their number and stop nothing. Repeats are
    counted and left out. Raises ConfigError when there is nothing to ask for, when the file can't be read
    in its format, and when a line names no app and there is no default one.
    """
    name = str(source) if isinstance(source, Path) else "standard input"
    _require_app_id(default_app_id)
    meetings = _Columns()
    known: dict[str, set[str]] = {}  # by app
    invalid: list[Failure] = []
    valid = 0
    with _uncollected(), _readable(source, name) as entries:
        for line, meeting_id, own_app_id in entries:
            app_id = default_app_id if own_app_id is None or own_app_id == "" else own_app_id
            if not is_id(meeting_id) or (app_id is not default_app_id and not is_id(app_id)):
                invalid.append(_failure(line, meeting_id, app_id))
            elif app_id is None:
                raise ConfigError(_no_app(name, line, meeting_id))
            else:
                valid += 1
                # The API writes UUIDs in lower case: another spelling is the same meeting, and no other key.
                if (lower := meeting_id.lower()) != meeting_id and _UUID.fullmatch(lower):
                    meeting_id = lower  # noqa: PLW2901  # of a million lines, few are in capitals
                of_app = known.setdefault(app_id, set())
                if meeting_id not in of_app:
                    of_app.add(meeting_id)
                    meetings.append(app_id, meeting_id)
    _require_some(name, len(meetings), invalid)
    return MeetingList(meetings=meetings, invalid=invalid, repeats=valid - len(meetings))


class _Columns(Sequence[Meeting]):
    """Meetings kept as two columns, and made one by one as they are asked for.

    A million tuples take 80 MB, which a run would hold from its beginning to its end, and time to make.
    """

    def __init__(self) -> None:
        self._app_ids: list[str] = []
        self._meeting_ids: list[str] = []

    def append(self, app_id: str, meeting_id: str) -> None:
        """Add a meeting."""
        self._app_ids.append(app_id)
        self._meeting_ids.append(meeting_id)

    @overload
    def __getitem__(self, index: int) -> Meeting: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Meeting]: ...
    def __getitem__(self, index: int | slice) -> Meeting | Sequence[Meeting]:
        if isinstance(index, slice):
            return list(map(Meeting, self._app_ids[index], self._meeting_ids[index]))
        return Meeting(self._app_ids[index], self._meeting_ids[index])

    def __iter__(self) -> Iterator[Meeting]:
        return map(Meeting, self._app_ids, self._meeting_ids)

    def __len__(self) -> int:
        return len(self._meeting_ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as that of any list


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the cycle collector: looking through a million tuples takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _readable(source: Path | TextIO, name: str) -> Iterator[Iterable[Entry]]:
    """The entries of a list, while its file is open; what can't be read becomes a ConfigError."""
    try:
        if not isinstance(source, Path):
            yield _text(source, name)
        elif source.suffix.lower() == ".parquet":
            yield _parquet(source, name)
        else:
            reader = _reader(source)
            # What is not UTF-8 comes through as lone surrogates, which no ID may hold: the line fails, not the file.
            with source.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
                yield reader(file, name)
    except OSError as error:
        why = error.strerror or error
        raise ConfigError(
            f"{name}: the meeting list can't be read: {why}; name a file with a meeting ID a line"
        ) from error


def _reader(path: Path) -> Callable[[TextIO, str], Iterator[Entry]]:
    """The reader for a file's ending."""
    readers: dict[str, Callable[[TextIO, str], Iterator[Entry]]] = {
        "": _text,
        ".txt": _text,
        ".csv": _csv,
        ".tsv": _tsv,
        ".jsonl": _json_lines,
        ".ndjson": _json_lines,
    }
    try:
        return readers[path.suffix.lower()]
    except KeyError:
        raise ConfigError(
            f"{path}: no format is known for the ending {path.suffix!r}; "
            "expected .txt, .csv, .tsv, .jsonl, .ndjson or .parquet"
        ) from None


def _text(file: TextIO, _name: str) -> Iterator[Entry]:
    """One ID a line; blank lines, and what follows a `#` at the start or after white space, don't count."""
    for number, line in enumerate(file, 1):
        meeting_id = line.strip()
        if "#" in meeting_id:
            meeting_id = _without_comment(meeting_id)
        if meeting_id:
            yield number, meeting_id, None


def _without_comment(line: str) -> str:
    """The words of a line before the first one that starts with `#`."""
    words = line.split()
    comment = next((i for i, word in enumerate(words) if word.startswith("#")), len(words))
    return " ".join(words[:comment])


def _csv(file: TextIO, name: str, delimiter: str = ",") -> Iterator[Entry]:
    """Rows of a table with a header that names `meeting_id` and perhaps `app_id`; blank rows don't count."""
    csv.field_size_limit(_ANY_LENGTH)  # a cell that is too long for an ID fails alone, however long it is
    rows = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        header = [column.strip() for column in next(rows, [])]
        if "meeting_id" not in header:
            raise ConfigError(
                f"{name}, line 1: no column meeting_id among {', '.join(header) or 'nothing'}; "
                "expected a header with meeting_id and, for several apps, app_id"
            )
        id_at = header.index("meeting_id")
        app_at = header.index("app_id") if "app_id" in header else None
        following = rows.line_num + 1
        for row in rows:
            line, following = following, rows.line_num + 1  # a cell may hold line breaks: a row begins where it begins
            if "".join(row).strip():
                row.extend([""] * (len(header) - len(row)))
                yield line, row[id_at].strip(), row[app_at].strip() if app_at is not None else None
    except csv.Error as error:
        raise ConfigError(f"{name}, line {rows.line_num}: not readable as CSV: {error}") from error


def _tsv(file: TextIO, name: str) -> Iterator[Entry]:
    """As `_csv`, parted by tabs."""
    return _csv(file, name, delimiter="\t")


def _json_lines(file: TextIO, _name: str) -> Iterator[Entry]:
    """One JSON value a line: an object with `meeting_id` and perhaps `app_id`, or the ID as a string."""
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


def _parquet(path: Path, name: str) -> Iterator[Entry]:
    """Rows of a Parquet file with a column `meeting_id` and perhaps `app_id`; a row's number is its line."""
    import polars as pl  # noqa: PLC0415  # a tenth of a second that only this format needs

    try:
        file = pl.scan_parquet(path, glob=False, hive_partitioning=False)  # a name with brackets is a name
        there = file.collect_schema()
        columns = [column for column in ("meeting_id", "app_id") if column in there]
        if "meeting_id" not in columns:
            raise ConfigError(f"{name}: no column meeting_id; expected it and, for several apps, app_id")
        rows = (row for batch in file.select(columns).collect_batches(chunk_size=50_000) for row in batch.iter_rows())
        for number, row in enumerate(rows, 1):
            yield number, row[0], row[1] if len(row) > 1 else None
    except pl.exceptions.PolarsError as error:
        raise ConfigError(f"{name}: not readable as Parquet: {error}") from error


def _failure(line: int, meeting_id: object, app_id: object) -> Failure:
    """The failure of a line that can't be an ID, quoting what stands there so that it can be printed."""
    what, value = ("app", app_id) if is_id(meeting_id) else ("meeting", meeting_id)
    return Failure(
        app_id=None,
        meeting_id=_quoted(meeting_id),
        kind=FailureKind.INVALID_ID,
        message=f"line {line}: {_problem(what, value)}",
        line=line,
    )


def _quoted(value: object) -> str:
    """A value as printable ASCII, cut to the length of an ID; empty where nothing stood."""
    text = "" if value is None else value if isinstance(value, str) else repr(value)
    return ascii(text)[1:-1][:MAX_ID_LENGTH]


def _problem(what: str, value: object) -> str:
    """Why a value can't be an ID, for people."""
    if not isinstance(value, str) or not value:
        return f"no {what} ID stands here"
    if len(value) > MAX_ID_LENGTH:
        return f"the {what} ID has {len(value)} characters; {MAX_ID_LENGTH} is the most"
    if _NOT_UTF8.search(value):
        return f"the {what} ID is not UTF-8"
    if "/" in value or value in PATH_STEPS:
        return f"the {what} ID would change the path of the request"
    return f"the {what} ID holds white space or characters that can't be seen"


def _require_some(name: str, valid: int, invalid: list[Failure]) -> None:
    """Refuse a list that asks for nothing."""
    if valid:
        return
    if invalid:
        raise ConfigError(
            f"{name}: none of its {len(invalid)} lines is a meeting ID; the first, {invalid[0].message}: "
            f"{invalid[0].meeting_id!r}; expected one meeting ID a line"
        )
    raise ConfigError(f"{name}: the meeting list is empty; expected one meeting ID a line")


def _require_app_id(app_id: str | None) -> None:
    """Refuse a default app that can't be one."""
    if app_id is not None and not is_id(app_id):
        raise ConfigError(f"REALTIMEKIT_APP_ID or --app-id {_quoted(app_id)!r}: {_problem('app', app_id)}")


def _no_app(name: str, line: int, meeting_id: str) -> str:
    return (
        f"{name}, line {line}: which app does meeting {meeting_id} belong to? "
        "Set REALTIMEKIT_APP_ID or --app-id, or name it in a column app_id"
    )
