"""Rules that hold for every meeting list, whatever its format and its content."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import uuid
from typing import TYPE_CHECKING

import polars as pl
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from etl.errors import ConfigError, FailureKind
from etl.meeting_list import read_meeting_list
from etl.meeting_list.json_scanner import JsonScanner
from etl.values.meetings import Meeting, is_id
from tests.meeting_list.lists import frame, refusal

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

UUIDS = st.uuids().map(str)
ROOM_NAMES = st.from_regex(r"[a-z]{6}-[a-z]{6}", fullmatch=True)
# Other forms of IDs, but neither the name of a column nor a UUID in capitals, which comes back in lower case.
WORDS = st.from_regex(r"[0-9A-Za-z]([0-9A-Za-z._~-]{0,126}[0-9A-Za-z])?", fullmatch=True).filter(
    lambda text: not text.lower().endswith("id") and (text == text.lower() or len(text) != 36)
)
IDS = UUIDS | ROOM_NAMES | WORDS
LISTS = st.lists(IDS, min_size=1, max_size=20, unique=True)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"])
NEWLINES = st.sampled_from(["\n", "\r\n", "\r"])
MEETING_COLUMNS = st.sampled_from(["meeting_id", "Meeting ID", "meetingId", "MEETING_ID", "id", "ID", "associated_id"])
TITLES = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=20)
# Characters that no ID has. Line breaks end a line of text, so that no character of an ID can be one.
WRONG_CHARACTERS = st.characters(codec="utf-8", exclude_characters="\n\r").filter(lambda each: not is_id(f"a{each}b"))


def as_table(ids: list[str], column: str, title: str, *, delimiter: str, newline: str) -> str:
    """Write IDs as a table with a title in every row."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, delimiter=delimiter, lineterminator=newline)
    writer.writerows([["title", column, "note"], *([title, each, "n"] for each in ids)])
    return table.getvalue()


def as_parquet(ids: list[str], column: str) -> list[bytes]:
    """Write IDs as Parquet, once for each type of column that can hold them."""
    categories = io.BytesIO()
    pl.DataFrame({column: pl.Series(ids, dtype=pl.Categorical)}).write_parquet(categories)
    return [frame(**{column: ids}), frame(**{column: [each.encode() for each in ids]}), categories.getvalue()]


def read_ids(folder: Path, ending: str, content: bytes) -> list[str]:
    """Read a list without failures, and return its meeting IDs."""
    path = folder / f"list{ending}"
    path.write_bytes(content)
    read = read_meeting_list(path, default_app_id="app")
    assert (read.invalid, read.repeats) == ([], 0)
    assert {meeting.app_id for meeting in read.meetings} == {"app"}
    return [meeting.meeting_id for meeting in read.meetings]


@settings(max_examples=20, deadline=None)  # each reads sixty files
@given(LISTS, ENCODINGS, NEWLINES, st.tuples(MEETING_COLUMNS, TITLES))
@example(["a"], "utf-16", "\r", ("id", ",;\t|"))
def test_every_text_format_in_every_encoding_gives_the_same_ids_in_the_same_order(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], encoding: str, newline: str, names: tuple[str, str]
) -> None:
    """The content decides: no ending has to fit."""
    folder = tmp_path_factory.mktemp("list")
    column, title = names
    rows = [{"title": title, column: each} for each in ids]
    texts = {
        (".txt", ""): [newline.join(ids), newline.join(["# ours", *(f"{each}  # {each}" for each in ids), ""])],
        (".csv", ".tsv", ".txt"): [
            as_table(ids, column, title, delimiter=delimiter, newline=newline) for delimiter in ",;\t|"
        ],
        (".json", ".jsonl", ".txt"): [
            json.dumps(ids),
            json.dumps(rows, indent=1),
            json.dumps({"success": True, "data": rows, "paging": {"total_count": len(ids)}}, ensure_ascii=False),
            newline.join(json.dumps(row) for row in rows),
            newline.join(json.dumps(each) for each in ids),
        ],
    }
    for endings, contents in texts.items():
        for content in contents:
            for ending in endings[: None if content[0] in "[{t" else 2]:
                assert read_ids(folder, ending, content.encode(encoding)) == ids


@given(LISTS, MEETING_COLUMNS)
def test_parquet_gives_the_same_ids_in_the_same_order(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], column: str
) -> None:
    """This holds for columns of text, of categories and of bytes."""
    folder = tmp_path_factory.mktemp("list")
    for content in as_parquet(ids, column):
        assert read_ids(folder, ".parquet", content) == ids


@given(st.lists(st.uuids(), min_size=1, unique=True))
@example([uuid.UUID(int=0)])
def test_uuids_in_bytes_come_back_as_the_api_writes_them(
    tmp_path_factory: pytest.TempPathFactory, ids: list[uuid.UUID]
) -> None:
    """They are written in lower case with hyphens."""
    content = frame(meeting_id=[each.bytes for each in ids])
    assert read_ids(tmp_path_factory.mktemp("list"), ".parquet", content) == [str(each) for each in ids]


@settings(max_examples=50, deadline=None)  # each reads six files
@given(IDS, IDS, WRONG_CHARACTERS, st.data())
@example("good", "ab", "\x00", None)
@example("good", "ab", "#", None)
def test_an_id_with_a_character_that_no_id_has_is_never_a_meeting(
    tmp_path_factory: pytest.TempPathFactory, good: str, ruined: str, character: str, data: st.DataObject | None
) -> None:
    """The entry is a failure `invalid_id` in every format, or the file is refused. It is never counted as idle."""
    assume(len(ruined) > 1)
    place = data.draw(st.integers(1, len(ruined) - 1)) if data else 1
    bad = ruined[:place] + character + ruined[place:]
    table = io.StringIO(newline="")
    csv.writer(table).writerows([["meeting_id", "title"], [good, "t"], [bad, "t"]])
    contents = {
        ".txt": f"{good}\n{bad}\n".encode(),
        ".csv": table.getvalue().encode(),
        ".json": json.dumps([good, bad]).encode(),
        ".jsonl": f'{{"id": {json.dumps(good)}}}\n{{"id": {json.dumps(bad)}}}\n'.encode(),
        ".parquet": frame(meeting_id=[good, bad]),
    }
    folder = tmp_path_factory.mktemp("list")
    for ending, content in contents.items():
        path = folder / f"list{ending}"
        path.write_bytes(content)
        read = read_meeting_list(path, default_app_id="app")
        assert read.meetings == [Meeting("app", good)]
        assert [failure.kind for failure in read.invalid] == [FailureKind.INVALID_ID]
        assert (read.invalid[0].meeting_id + read.invalid[0].message).isprintable()
    (folder / "alone.txt").write_bytes(f"{bad}\n{bad}\n".encode())
    refusal(folder / "alone.txt")


@given(LISTS, ENCODINGS, st.sampled_from([None, 1]), st.data())
def test_a_json_document_that_is_cut_off_is_refused(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], encoding: str, indent: int | None, data: st.DataObject
) -> None:
    """A download that broke off is not the whole list."""
    rows = [{"id": each} for each in ids]
    text = data.draw(st.sampled_from([json.dumps(each, indent=indent) for each in (ids, rows, {"data": rows})]))
    path = tmp_path_factory.mktemp("list") / "list.json"
    path.write_bytes(text[: data.draw(st.integers(0, len(text) - 1))].encode(encoding))
    refusal(path)


@given(
    st.binary(max_size=200) | st.text(max_size=100).map(str.encode), st.sampled_from(["", ".csv", ".json", ".jsonl"])
)
def test_whatever_a_file_contains_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, ending: str
) -> None:
    """No other error than ConfigError is raised, and every meeting has a valid ID."""
    path = tmp_path_factory.mktemp("list") / f"list{ending}"
    path.write_bytes(content)
    with contextlib.suppress(ConfigError):
        assert all(is_id(meeting.meeting_id) for meeting in read_meeting_list(path, default_app_id="app").meetings)


class InPieces(io.StringIO):
    """A text that is read a few characters at a time, whatever number is asked for."""

    def __init__(self, text: str, size: int) -> None:
        super().__init__(text)
        self.size = size

    def read(self, _size: int | None = -1) -> str:
        """Read the next piece."""
        return super().read(self.size)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=3), each, max_size=3),
    max_leaves=8,
)


@given(st.lists(JSON), st.integers(1, 9), st.sampled_from([None, 0, 3]))
def test_a_scan_in_pieces_gives_the_same_values_and_lines(values: list[object], size: int, indent: int | None) -> None:
    """A value, a number too, may be cut by the end of a piece."""
    text = json.dumps(values, indent=indent)
    scanner = JsonScanner(InPieces(text, size), "list")
    read = []
    for _ in scanner.elements():
        scanner.peek()
        lines = scanner.line
        read.append(scanner.value())
        assert lines <= scanner.line
    assert (read, scanner.peek()) == (values, "")
    assert scanner.line == text.count("\n") + 1
    assert scanner.column == len(text) - (text.rfind("\n") + 1) + 1
