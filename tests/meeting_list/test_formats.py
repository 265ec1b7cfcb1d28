"""The formats of meeting lists: what people have is read, or refused with the name of its format."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import json
import lzma
import sqlite3
import tarfile
import threading
import uuid
import zipfile
from os import mkfifo
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest

from etl.errors import FailureKind
from etl.meeting_list import read_meeting_list
from etl.values.meetings import Meeting
from tests.meeting_list.lists import frame, ids, meetings, refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str, bytes], Path]

REAL_IDS = [str(uuid.UUID(int=number * 0x0123456789ABCDEF0123456789AB, version=4)) for number in range(1, 1101)]
A, B = REAL_IDS[:2]
ENCODINGS = {
    "utf-8-sig": b"",
    "utf-16": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32": b"",
    "utf-32-be": codecs.BOM_UTF32_BE,
}


# Lists in a text file that are in another format


def quoted(ids: list[str]) -> str:
    """Write each ID in quotes."""
    return "".join(f'"{each}"\n' for each in ids)


def with_commas(ids: list[str]) -> str:
    """Write a comma after each ID."""
    return "".join(f"{each},\n" for each in ids)


@pytest.mark.parametrize(
    ("content", "way_out"),
    [
        (quoted(REAL_IDS), "the IDs are in quotes: remove them"),
        (quoted(REAL_IDS).replace('"', "'"), "the IDs are in quotes"),
        (quoted(REAL_IDS).replace('"', "`"), "the IDs are in quotes"),
        (
            "".join(f"\N{LEFT DOUBLE QUOTATION MARK}{each}\N{RIGHT DOUBLE QUOTATION MARK}\n" for each in REAL_IDS),
            "quotes",
        ),
        (quoted(REAL_IDS).replace("\n", ",\n"), "the IDs are in quotes"),
        (
            with_commas(REAL_IDS),
            "this is a table without a header: write one ID per line, or add a first line with the",
        ),
        (with_commas(REAL_IDS).replace(",", ";A title"), "this is a table without a header"),
        (with_commas(REAL_IDS).replace(",", "\tA title"), "this is a table without a header"),
        ("".join(f"| {each} |\n" for each in REAL_IDS), "this is a table without a header"),
        ("".join(f"- {each}\n" for each in REAL_IDS), "this is a list in YAML or Markdown"),
        ("".join(f"* {each}\n" for each in REAL_IDS), "this is a list in YAML or Markdown"),
        ("".join(f"\N{BULLET} {each}\n" for each in REAL_IDS), "this is a list in YAML or Markdown"),
        ("".join(f"https://app.example/meeting?id={each}\n" for each in REAL_IDS), "these are addresses"),
        (
            "".join(f"{place}. {each}\n" for place, each in enumerate(REAL_IDS, 1)),
            "this is a numbered list: remove the",
        ),
        (
            "".join(f"{place}) {each}\n" for place, each in enumerate(REAL_IDS, 1)),
            "this is a numbered list: remove the",
        ),
        ("".join(f"MEETING={each}\n" for each in REAL_IDS), "this is a file of variables: remove the names and = "),
        ("".join(f"export M{i}='{each}'\n" for i, each in enumerate(REAL_IDS)), "this is a file of variables: "),
        ("".join(f"({each})\n" for each in REAL_IDS), "expected one meeting ID per line"),
        (", ".join(REAL_IDS), "this is a table without a header"),
        (" ".join(REAL_IDS), "expected one meeting ID per line"),
    ],
)
def test_a_text_file_in_which_no_line_is_an_id_is_refused(write: Write, content: str, way_out: str) -> None:
    """Not one of its lines is counted as an idle meeting. The message says what to do."""
    message = refusal(write("txt", content.encode()))
    lines = "none of its 1100 lines is a valid meeting ID; the first, line 1: "
    assert (lines if content.count("\n") else "its only line is not a valid meeting ID; line 1: ") in message
    assert way_out in message
    assert len(message) < 1_000


@pytest.mark.parametrize("ending", ["txt", "", "json", "jsonl", "csv"])
@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_a_json_array_is_read_under_any_ending(write: Write, ending: str, indent: int | str | None) -> None:
    """The array may be on one line or on many."""
    assert ids(write(ending, json.dumps(REAL_IDS, indent=indent).encode())) == REAL_IDS


@pytest.mark.parametrize("ending", ["txt", "", "csv", "tsv"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("header", ["meeting_id", "Meeting ID", "meetingId", "MEETING-ID", "id", "ID"])
def test_a_table_with_a_header_is_read_under_any_ending(write: Write, ending: str, delimiter: str, header: str) -> None:
    """The delimiter is the one that gives a column of meeting IDs."""
    lines = [["Title", header, "Created"], *(["Say 'a'", each, "2026-01-01"] for each in REAL_IDS)]
    content = "\r\n".join(delimiter.join(line) for line in lines)
    assert ids(write(ending, content.encode())) == REAL_IDS


@pytest.mark.parametrize("header", ["meeting_id", "Meeting ID", "id", '"meeting_id"', " meeting_id "])
@pytest.mark.parametrize("before", ["", "\n", "# ours\n\n"])
def test_a_header_above_lines_of_text_is_not_an_id(write: Write, header: str, before: str) -> None:
    """Comments and blank lines may stand above it."""
    quote = '"' if '"' in header else ""
    content = f"{before}{header}\n{quote}{A}{quote}\n{quote}{B}{quote}\n"
    assert ids(write("txt", content.encode())) == [A, B]


def test_comments_are_allowed_below_the_header_of_lines_of_text(write: Write) -> None:
    """The file is text with a header, not a table."""
    path = write("txt", f"meeting_id\n{A} # first\n# note\n\nx y\n".encode())
    read = read_meeting_list(path, default_app_id="app")
    assert ([meeting.meeting_id for meeting in read.meetings], [each.line for each in read.invalid]) == ([A], [5])


def test_an_entry_in_quotes_fails_alone_among_others(write: Write) -> None:
    """The shape of a single line says nothing about the file."""
    read = read_meeting_list(write("txt", f'{A}\n"{B}"\n'.encode()), default_app_id="app")
    assert [meeting.meeting_id for meeting in read.meetings] == [A]
    assert [(each.kind, each.line, each.meeting_id) for each in read.invalid] == [(FailureKind.INVALID_ID, 2, f'"{B}"')]
    assert "has the character '\"' at character 1; expected letters" in read.invalid[0].message


# Encodings


@pytest.mark.parametrize(("encoding", "mark"), ENCODINGS.items())
@pytest.mark.parametrize("ending", ["txt", "csv", "tsv", "json", "jsonl"])
def test_text_is_read_in_every_encoding_with_a_mark(write: Write, ending: str, encoding: str, mark: bytes) -> None:
    """Excel's "Unicode Text" is UTF-16 with tabs, for example."""
    contents = {
        "txt": f"# gr\xfc\xdfe\r\n{A}\r\n{B}",
        "csv": f"meeting_id;Title\r\n{A};\xfc\r\n{B};\u5b57",
        "tsv": f"Meeting ID\tTitle\r\n{A}\t\xfc\r\n{B}\t\u5b57\r\n",
        "json": json.dumps({"data": [{"id": A, "title": "\xfc"}, {"id": B}]}, ensure_ascii=False),
        "jsonl": f'{{"id": "{A}"}}\r\n{{"id": "{B}"}}\r\n',
    }
    assert ids(write(ending, mark + contents[ending].encode(encoding))) == [A, B]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("content", [f"{A}\n{B}\n", f'["{A}", "{B}"]', f"meeting_id\tt\n{A}\tx\n{B}\ty\n"])
def test_wide_text_without_a_mark_is_recognised_by_its_zeros(write: Write, encoding: str, content: str) -> None:
    """Some programs write UTF-16 without a mark."""
    assert ids(write("txt", content.encode(encoding))) == [A, B]


def test_unicode_text_of_excel_is_read(write: Write) -> None:
    """This format is UTF-16 with a mark and tabs, and its name ends in .txt."""
    content = f'Title\tMeeting ID\r\n"A ""b"", c"\t{A}\r\nD\t{B}\r\n'
    assert ids(write("txt", content.encode("utf-16"))) == [A, B]


def test_a_line_that_is_not_valid_in_a_wide_encoding_fails_alone(write: Write) -> None:
    """A lone surrogate is replaced by a character that no ID has."""
    content = f"{A}\nx".encode("utf-16") + b"\x00\xd8" + f"y\n{B}".encode("utf-16-le")
    read = read_meeting_list(write("txt", content), default_app_id="app")
    assert ([meeting.meeting_id for meeting in read.meetings], [each.line for each in read.invalid]) == ([A, B], [2])


def test_a_mark_within_the_text_is_named(write: Write) -> None:
    """Files that are joined have the mark of the second in the middle."""
    content = f"{A}\n".encode() + codecs.BOM_UTF8 + f"{B}\n".encode()
    read = read_meeting_list(write("txt", content), default_app_id="app")
    assert "has U+FEFF (zero width no-break space) at character 1" in read.invalid[0].message


# Tables


@pytest.mark.parametrize("declaration", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;"])
@pytest.mark.parametrize("ending", ["csv", "txt"])
def test_the_delimiter_may_be_declared(write: Write, declaration: str, ending: str) -> None:
    """Excel writes and reads the line `sep=;`. It counts as a line."""
    path = write(ending, f"{declaration}\r\nTitle, text;meeting_id\r\n1;{A}\r\n2;a b\r\n3;{B}\r\n".encode())
    read = read_meeting_list(path, default_app_id="app")
    assert ([meeting.meeting_id for meeting in read.meetings], [each.line for each in read.invalid]) == ([A, B], [4])


@pytest.mark.parametrize("app", ["app_id", "App ID", "appId", "APP_ID"])
def test_the_column_of_the_app_may_be_spelled_alike(write: Write, app: str) -> None:
    """This holds for tables, JSON and Parquet."""
    contents = {
        "csv": f"{app};Meeting ID\nx;a\ny;b\n".encode(),
        "jsonl": f'{{"meetingId": "a", "{app}": "x"}}\n{{"id": "b", "{app}": "y"}}\n'.encode(),
        "json": json.dumps([{"meetingId": "a", app: "x"}, {"id": "b", app: "y"}]).encode(),
        "parquet": frame(**{app: ["x", "y"], "meetingId": ["a", "b"]}),
    }
    for ending, content in contents.items():
        assert meetings(write(ending, content)) == [("x", "a"), ("y", "b")]


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["id", "session_id"], "column meeting_id is missing (found: id, session_id)"),
        (["id", "User ID"], "column meeting_id is missing (found: id, User ID)"),
        (["id", "ID"], "column meeting_id is missing (found: id, ID)"),
        (["Meeting ID", "meetingId"], "column meeting_id is ambiguous (found: Meeting ID, meetingId)"),
        (["meeting_id", "meeting_id"], "column meeting_id is ambiguous (found: meeting_id, meeting_id)"),
        (["meeting_id", "app_id", "app_id"], "column app_id is ambiguous (found: meeting_id, app_id, app_id)"),
        (["title", "name"], "column meeting_id is missing (found: title, name)"),
        (["x\x1b[2J", "y" * 99], f"column meeting_id is missing (found: x\\x1b[2J, {'y' * 40})"),
        ([f"c{n}" for n in range(12)], "c8, c9, ...)"),
    ],
)
def test_a_table_in_which_no_column_is_certainly_the_meeting_is_refused(
    write: Write, names: list[str], why: str
) -> None:
    """The message has file, line and the columns."""
    path = write("csv", (",".join(names) + "\n" + ",".join("a" for _ in names) + "\n").encode())
    message = refusal(path)
    assert message.startswith(f"{path}, line 1: ")
    assert why in message


@pytest.mark.parametrize(
    ("names", "right"),
    [
        (["id", "associated_id", "organization_id"], 1),  # a session of the API
        (["id", "associated_id", "meeting_id"], 2),
        (["Meeting ID", "meeting_id"], 1),
        (["title", "id", "app_id"], 1),
        (["session_id", "meetingId", "id"], 1),
    ],
)
def test_the_surest_name_is_the_column_of_the_meeting(write: Write, names: list[str], right: int) -> None:
    """The exact name comes first, and `id` only if no other column is called an ID."""
    row = ["x" if name == "app_id" else str(place) for place, name in enumerate(names)]
    contents = {
        "csv": (",".join(names) + "\n" + ",".join(row)).encode(),
        "jsonl": json.dumps(dict(zip(names, row, strict=True))).encode(),
        "parquet": frame(**{name: [value] for name, value in zip(names, row, strict=True)}),
    }
    for ending, content in contents.items():
        assert ids(write(ending, content)) == [str(right)]


def test_a_row_with_a_displaced_id_fails_alone(write: Write) -> None:
    """A title with a comma and without quotes moves the ID into another column: `B` must not become a meeting."""
    path = write("csv", f"title,meeting_id\nA,{A}\nA, B,{B}\nC,{B}\n".encode())
    read = read_meeting_list(path, default_app_id="app")
    assert [meeting.meeting_id for meeting in read.meetings] == [A, B]
    (failure,) = read.invalid
    assert (failure.line, failure.meeting_id) == (3, f"A, B,{B}")
    assert failure.message == (
        "line 3, column meeting_id: the meeting ID is uncertain, because the row has 3 cells and the header 2; "
        "expected quotes around a text with ','"
    )


def test_a_long_row_is_certain_if_the_ids_are_first(write: Write) -> None:
    """A comma in a title after the IDs displaces none of them."""
    path = write("csv", b"app_id,meeting_id,title\nx,a,A, B\n")
    assert meetings(path) == [("x", "a")]


def test_a_failure_names_the_column_as_the_file_does(write: Write) -> None:
    """This holds for the column of the meeting and for that of the app."""
    path = write("csv", "Meeting ID;App ID\na;x\na b;x\nb;\N{EN DASH}\n".encode())
    assert [each.message.partition(";")[0] for each in read_meeting_list(path).invalid] == [
        "line 3, column Meeting ID: the meeting ID has a space at character 2",
        "line 4, column App ID: the app ID has U+2013 (en dash) at character 1",
    ]


# JSON


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize(
    "document",
    [
        [A, B],
        [{"id": A}, {"id": B, "title": "t"}],
        [{"meeting_id": A}, B],
        {"data": [A, B]},
        {"success": True, "data": [{"id": A}, {"id": B}], "paging": {"total_count": 2, "start_offset": 1}},
        {"paging": {"total_count": 2}, "success": True, "data": [{"id": A}, {"id": B}]},
        {"success": True, "errors": [], "messages": [], "result": [{"id": A}, {"id": B}]},
        {"data": {"sessions": [{"id": "s", "associated_id": A}, {"id": "t", "associated_id": B}]}},
        {"meetings": [{"id": A}, {"id": B}]},
        {"total": 3, "data": [{"id": A}, {"id": B}]},
        {"fetched": {"at": "today"}, "request_id": "r", "sessions": [{"associated_id": A}, {"associated_id": B}]},
    ],
)
def test_a_json_document_is_read(write: Write, document: Any, indent: int | None) -> None:
    """Its list is the array itself, or under a key of the API."""
    assert ids(write("json", json.dumps(document, indent=indent).encode())) == [A, B]


@pytest.mark.parametrize("ending", ["json", "jsonl", "txt", ""])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" ,\t", " : ")])
def test_white_space_does_not_decide_what_an_object_is(write: Write, ending: str, separators: tuple[str, str]) -> None:
    """An object with a list is a document, also if another key stands first, and is larger than the first part."""
    for before in ({"total": 3}, {"note": "x" * 100_000}):
        document = json.dumps({**before, "data": [{"id": A}, {"id": B}]}, separators=separators)
        for content in (document, f"\n {document}\n", f"{{\r\n{document[1:]}"):
            assert ids(write(ending, content.encode())) == [A, B]


@pytest.mark.parametrize("key", ["data", "result", "meetings", "sessions"])
def test_lines_with_an_id_and_a_list_are_entries(write: Write, key: str) -> None:
    """Each line is a meeting with its own ID, whatever else belongs to it."""
    lines = "".join(json.dumps({"id": each, key: [{"id": "other"}]}) + "\n" for each in (A, B))
    assert ids(write("jsonl", lines.encode())) == [A, B]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ending", ["json", "jsonl", "txt"])
@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"total": 3, "rows": [{"id": A}]}, "total, rows"),
        ({"total": 0}, "total"),
        ({"data": {"total": 0}}, "total"),
        ({"data": None, "app_id": "x"}, "data, app_id"),
        ({}, "nothing"),
    ],
)
def test_an_object_without_a_list_is_refused_with_its_keys(
    write: Write, document: Any, found: str, ending: str, indent: int | None
) -> None:
    """The object is neither a list nor a meeting. The message says which keys may have the list."""
    path = write(ending, json.dumps(document, indent=indent).encode())
    message = refusal(path)
    assert message.startswith(f"{path}, line ")
    assert message.endswith(
        f": JSON object without a list: found keys {found}, expected data, result, meetings or sessions, "
        "or one meeting_id"
    )


def test_a_refusal_has_no_empty_quotation(write: Write) -> None:
    """An entry without a text is not quoted."""
    message = refusal(write("jsonl", b'{"title": "a"}\n{"title": "b"}\n'))
    assert message.endswith(
        "none of its 2 lines is a valid meeting ID; the first, line 1: the meeting ID can't be read: "
        "key meeting_id is missing (found: title); expected one meeting ID per line"
    )


def test_several_answers_in_one_file_are_read(write: Write) -> None:
    """The pages of a list may be appended to one file."""
    pages = [{"data": [{"id": each}], "paging": {"total_count": 2}} for each in (A, B)]
    for separator, indent in (("\n", None), ("", None), ("\n", 2)):
        content = separator.join(json.dumps(page, indent=indent) for page in pages)
        assert ids(write("json", content.encode())) == [A, B]


def test_one_object_may_take_several_lines(write: Write) -> None:
    """A program such as jq writes objects so, one after the other."""
    content = json.dumps({"id": A}, indent=2) + "\n" + json.dumps({"meeting_id": B, "note": [1]}, indent=2)
    for ending in ("json", "jsonl", "txt"):
        assert ids(write(ending, content.encode())) == [A, B]


def test_the_answer_for_one_meeting_is_a_list_of_one(write: Write) -> None:
    """Its `data` is the meeting."""
    assert ids(write("json", json.dumps({"success": True, "data": {"id": A, "title": "t"}}).encode())) == [A]


def test_one_page_of_a_longer_list_is_a_warning(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    """The answer counts more meetings than it shows. The list of the user is then not whole."""
    page = {"data": [{"id": A}, {"id": B}], "paging": {"total_count": 250, "start_offset": 1, "end_offset": 2}}
    path = write("json", json.dumps(page).encode())
    assert ids(path) == [A, B]
    (message,) = caplog.messages
    assert message.startswith(f"{path}: the answer of the API is one page of a list: 2 of its 250 meetings; add the ")


def test_an_element_without_an_id_fails_alone_with_its_line(write: Write) -> None:
    """The line is that where the element starts."""
    content = f'[\n  "{A}",\n  null, 5,\n  {{"title": "t"}},\n  ["x"],\n  "a b",\n  {{"id": null}},\n  "{B}"\n]'
    read = read_meeting_list(write("json", content.encode()), default_app_id="app")
    assert [meeting.meeting_id for meeting in read.meetings] == [A, B]
    assert [each.message.partition(";")[0] for each in read.invalid] == [
        "line 3: the meeting ID is not text but null",
        "line 3: the meeting ID is not text but 5",
        "line 4: the meeting ID can't be read: key meeting_id is missing (found: title)",
        "line 5: the meeting ID is not text but ['x']",
        "line 6: the meeting ID has a space at character 2",
        "line 7: the meeting ID is missing",
    ]


@pytest.mark.parametrize(
    ("content", "place", "problem"),
    [
        ("[", "line 1, column 2", "Expecting value (found: the end of the file)"),
        ('["a"', "line 1, column 5", "expected ',' or ']' (found: the end of the file)"),
        ('["a"\n "b"]', "line 2, column 2", "expected ',' or ']' (found: \"b\"])"),
        ('["a",\n]', "line 2, column 1", "Expecting value (found: ])"),
        ('["a"]\n]', "line 2, column 1", "Expecting value (found: ])"),
        ("{\n  'id': 'a'\n}", "line 2, column 3", "expected a key in double quotes (found: 'id': 'a'\\n})"),
        ('{"data": [{"id": "a"}, {"id"', "line 1, column 29", "Expecting ':' delimiter (found: the end of the file)"),
        ('{"data" ["a"]}', "line 1, column 9", "expected ':' (found: [\"a\"]})"),
        ('["a\x1b[2Jb"]', "line 1, column 4", 'Invalid control character (found: \\x1b[2Jb"])'),
        ("[" * 9999, "line 1, column 2", "the value is nested too deeply"),
        ("[meetings]\na\n", "line 1, column 2", "Expecting value (found: meetings]\\na\\n)"),
    ],
)
def test_json_that_is_not_valid_is_refused_with_its_place(write: Write, content: str, place: str, problem: str) -> None:
    """The message has line and column, what was found, and what was expected."""
    path = write("json", content.encode())
    message = refusal(path)
    assert place in message
    assert "not valid JSON" in message
    assert problem in message
    assert message.endswith("; write the file again, or save the list as plain text, with one meeting ID per line")


def test_an_answer_that_is_an_error_is_refused(write: Write) -> None:
    """An answer without a list was saved by mistake."""
    error = {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}], "result": None}
    message = refusal(write("json", json.dumps(error).encode()))
    assert "JSON object without a list: found keys success, errors, result, expected data, " in message


# Parquet


@pytest.mark.parametrize("ending", ["parquet", "txt", "csv", "", "pq"])
def test_parquet_is_recognised_under_any_ending(write: Write, ending: str) -> None:
    """Such a file begins with PAR1."""
    assert ids(write(ending, frame(meeting_id=[A, B]))) == [A, B]


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([A, B]),
        pl.Series([A, B], dtype=pl.Categorical),
        pl.Series([A, B], dtype=pl.Enum([A, B])),
        pl.Series([uuid.UUID(A).bytes, uuid.UUID(B).bytes]),
        pl.Series([A.encode(), B.encode()]),
    ],
    ids=["text", "categories", "enum", "uuid", "binary"],
)
def test_parquet_columns_of_every_type_for_ids_are_read(tmp_path: Path, column: pl.Series) -> None:
    """A null is a missing ID, and is reported with the number of its row."""
    rows = pl.DataFrame({"meeting_id": column})
    rows = pl.concat([rows.head(1), rows.clear(1), rows.tail(1)])
    path = tmp_path / "list.parquet"
    rows.write_parquet(path)
    read = read_meeting_list(path, default_app_id="app")
    assert read.meetings == [Meeting("app", A), Meeting("app", B)]
    assert [(each.line, each.meeting_id, each.message) for each in read.invalid] == [
        (2, "", "line 2, column meeting_id: the meeting ID is missing")
    ]


def test_uuids_that_duckdb_writes_are_read(tmp_path: Path) -> None:
    """Their type is a fixed number of bytes."""
    path = tmp_path / "list.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"copy (select unnest(['{A}', '{B}'])::uuid as id) to '{path}'")
    assert ids(path) == [A, B]


def test_a_room_name_in_16_bytes_is_text(write: Write) -> None:
    """Bytes that are an ID are not taken for those of a UUID."""
    assert ids(write("parquet", frame(meeting_id=[b"abcdefg-hijklmno"]))) == ["abcdefg-hijklmno"]


@pytest.mark.parametrize("ending", ["jsonl", "json", "parquet"])
def test_a_null_is_an_empty_id_in_the_table_of_failures(write: Write, ending: str) -> None:
    """The word `None` is never stored."""
    lines = f'{{"meeting_id": null}}\n{{"meeting_id": "{A}"}}\n'.encode()
    content = frame(meeting_id=[None, A]) if ending == "parquet" else lines
    read = read_meeting_list(write(ending, content), default_app_id="app")
    assert [(each.line, each.meeting_id) for each in read.invalid] == [(1, "")]


# Files in other formats


def workbook(*names: str) -> bytes:
    """Make a ZIP archive with files of these names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, A)
    return buffer.getvalue()


def tar() -> bytes:
    """Make a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("meetings.txt"))
    return buffer.getvalue()


LINES = f"{A}\n{B}\n".encode()
FOREIGN = {
    "an Excel workbook": workbook("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"),
    "a document of a word processor": workbook("[Content_Types].xml", "word/document.xml"),
    "a ZIP archive": workbook("meetings.txt"),
    "an old Excel workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + LINES,
    "a file compressed with gzip": gzip.compress(LINES),
    "a file compressed with bzip2": bz2.compress(LINES),
    "a file compressed with xz": lzma.compress(LINES),
    "a file compressed with zstd": b"\x28\xb5\x2f\xfd" + LINES,
    "a tar archive": tar(),
    "a PDF document": b"%PDF-1.7\n" + LINES,
    "an Arrow or Feather file": b"ARROW1\x00\x00" + LINES,
    "a property list": b"bplist00\xd1" + LINES,
    "an image": b"\x89PNG\r\n\x1a\n" + LINES,
    "RTF": b"{\\rtf1\\ansi\n" + LINES.replace(b"\n", b"\\\n") + b"}",
    "HTML": b"\n<!DOCTYPE html>\n<pre>\n" + LINES,
    "XML or HTML": b'<?xml version="1.0"?>\n<ids>\n' + LINES,
    "a saved message or page (MIME)": b"From: <Saved by Blink>\r\nContent-Type: text/html\r\n\r\n" + LINES,
    "YAML": b"---\n" + LINES,
    "YAML, a key": b"# ours\nmeetings:\n" + b"".join(b" - " + line for line in LINES.splitlines(keepends=True)),
    "YAML, one line": f"ids: [{A}, {B}]\n".encode(),
    "TOML": f'# ours\n\nids = [\n  "{A}",\n  "{B}",\n]\n'.encode(),
    "TOML, one line": f'ids = ["{A}", "{B}"]\n'.encode(),
    "TOML, a table": f'[meetings]\nids = ["{A}"]\n'.encode(),
    "TOML, tables": f'[[meetings]]\nid = "{A}"\n\n[[meetings]]\nid = "{B}"\n'.encode(),
    "a list as Python prints it": repr([A, B]).encode(),
    "a list as Python prints it, of objects": repr([{"id": A}, {"id": B}]).encode(),
    "a list as Python prints it, as a tuple": repr((A, B)).encode(),
    "a list as Python prints it, as a set": repr({A}).encode(),
    "a list as Python prints it, over lines": f"[\n    '{A}',\n    '{B}',\n]\n".encode(),
    "a list of UUIDs in braces": f"{{{A}}}\n{{{B}}}\n".encode(),
    "a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 5\n",
}
OPEN_DOCUMENT = workbook("mimetype").replace(A.encode(), b"application/vnd.oasis.opendocument.spreadsheet")


@pytest.mark.parametrize("ending", ["txt", "", "csv", "json", "xlsx"])
@pytest.mark.parametrize(("name", "content"), FOREIGN.items(), ids=FOREIGN)
def test_a_file_in_another_format_is_refused_with_its_name(
    write: Write, ending: str, name: str, content: bytes
) -> None:
    """Neither its lines nor its bytes are taken for IDs. The message says what to do."""
    if ending == "xlsx" and not content.startswith(b"PK"):
        ending = "txt"
    path = write(ending, content)
    message = refusal(path)
    name = name.partition(",")[0]
    assert message.startswith(f"{path}: this is {name}")
    assert "not a meeting list; " in message


def test_an_opendocument_spreadsheet_is_refused_with_its_name(write: Write) -> None:
    """Its first file is not compressed and holds the type."""
    assert "an OpenDocument spreadsheet, not a meeting list; save the list as CSV" in refusal(
        write("ods", OPEN_DOCUMENT)
    )


def test_a_database_is_refused_with_its_name(tmp_path: Path) -> None:
    """This holds for SQLite and DuckDB, under any ending."""
    for name, path in (("a SQLite database", tmp_path / "a.txt"), ("a DuckDB database", tmp_path / "b.csv")):
        connection: Any = sqlite3.connect(path) if "SQLite" in name else duckdb.connect(path)
        connection.execute("create table meetings (meeting_id text)")
        connection.close()
        assert f"this is {name}, not a meeting list" in refusal(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_a_web_page_is_recognised_in_every_encoding(write: Write, encoding: str) -> None:
    """Notepad and browsers save UTF-16, too."""
    assert "this is HTML, not a meeting list" in refusal(write("txt", f"<html>\n{A}\n</html>".encode(encoding)))


@pytest.mark.parametrize(
    "first",
    [
        "PAR1-room",
        "BZh9-room",
        "ORC1",
        "From",
        "version",
        "abcdefghDUCKS",
        "Obj1",
        "bplist00",
        "I-D",
        "yaml",
        "data",
        "sep",
    ],
)
def test_an_id_that_begins_like_another_format_is_an_id(write: Write, first: str) -> None:
    """Letters alone do not make a format."""
    assert ids(write("txt", f"{first}\n{A}\n".encode())) == [first, A]


# Streams


@pytest.mark.parametrize(
    "content", [frame(meeting_id=[A, B]), f"meeting_id;t\n{A};1\n{B};2\n".encode(), json.dumps([A, B]).encode()]
)
def test_a_pipe_and_a_stream_are_read_in_every_format(tmp_path: Path, content: bytes) -> None:
    """The content decides, because neither has an ending. A pipe can't be read twice."""
    assert read_meeting_list(io.BytesIO(content), default_app_id="app").meetings == [("app", A), ("app", B)]
    mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=[content])
    writer.start()
    assert ids(tmp_path / "pipe") == [A, B]
    writer.join()
