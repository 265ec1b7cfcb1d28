from __future__ import annotations

import contextlib
import csv
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etl.errors import ConfigError, FailureKind
from etl.meeting_list import read_meeting_list
from etl.values.meetings import Meeting, MeetingList, is_id, is_readable_id
from tests.meeting_list.lists import frame, meetings, refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# The same three meetings in every format: in the order of the file, the second named twice.
SAME_LIST = {
    "txt": b"# ours\nabcdef-ghijkl\n\nb2\nb2  # again\nc3\n",
    "": b"abcdef-ghijkl\nb2\nb2\nc3",
    "csv": b"title,meeting_id\nA,abcdef-ghijkl\n\nB,b2\nB,b2\nC,c3\n",
    "tsv": b"meeting_id\ttitle\nabcdef-ghijkl\tA, B\nb2\t\nb2\t\nc3\t\n",
    "jsonl": b'{"meeting_id": "abcdef-ghijkl", "title": 1}\n"b2"\n\n"b2"\n{"meeting_id": "c3", "app_id": null}\n',
    "ndjson": b'{"meeting_id": "abcdef-ghijkl"}\n{"meeting_id": "b2"}\n{"meeting_id": "b2"}\n{"meeting_id": "c3"}',
}
TEXT_FORMATS = sorted(SAME_LIST)
# Values that are not valid IDs, and a part of the message of their failure.
INVALID_IDS = [
    ("a b", "has a space at character 2"),
    ("a\tb", "has a tab at character 2"),
    ("a\N{NO-BREAK SPACE}b", "has U+00A0 (no-break space) at character 2"),
    ("a\N{ZERO WIDTH SPACE}b", "has U+200B (zero width space) at character 2"),
    ("a\x00b", "has U+0000 (a control character) at character 2"),
    ("a\x1b[31mb", "has U+001B (a control character) at character 2"),
    ("a\N{LINE SEPARATOR}b", "has U+2028 (line separator) at character 2"),
    ("a\N{RIGHT-TO-LEFT OVERRIDE}b", "has U+202E (right-to-left override) at character 2"),
    ("a\N{ZERO WIDTH NO-BREAK SPACE}b", "has U+FEFF (zero width no-break space) at character 2"),
    ("abc\N{EN DASH}def", "has U+2013 (en dash) at character 4"),
    ("abc\N{NON-BREAKING HYPHEN}def", "has U+2011 (non-breaking hyphen) at character 4"),
    ("abc\N{MINUS SIGN}def", "has U+2212 (minus sign) at character 4"),
    ("abc\N{SOFT HYPHEN}def", "has U+00AD (soft hyphen) at character 4"),
    ("\N{LEFT DOUBLE QUOTATION MARK}a\N{RIGHT DOUBLE QUOTATION MARK}", "has U+201C (left double quotation mark)"),
    ("\N{SINGLE LOW-9 QUOTATION MARK}a", "has U+201A (single low-9 quotation mark) at character 1"),
    ("\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}a", "has U+00AB (left-pointing double angle quotation mark)"),
    ("\N{FULLWIDTH DIGIT ONE}a", "has U+FF11 (fullwidth digit one) at character 1"),
    ("\N{CYRILLIC SMALL LETTER A}b", "has U+0430 (cyrillic small letter a) at character 1"),
    ("abc\N{HORIZONTAL ELLIPSIS}", "has U+2026 (horizontal ellipsis) at character 4"),
    ("caf\xe9", "has U+00E9 (latin small letter e with acute) at character 4"),
    *((f"a{each}b", f"has the character {each!r} at character 2") for each in "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}"),
    ("*", "has the character '*' at character 1"),
    ("a%2Fb", "has the character '%' at character 2"),
    (".", "begins with '.'"),
    ("..", "begins with '.'"),
    ("...", "begins with '.'"),
    ("abc...", "ends with '.'"),
    ("abc-", "ends with '-'"),
    ("-abc", "begins with '-'"),
    ("---", "begins with '-'"),
    ("x" * 129, "has 129 characters"),
]

ENVIRONMENT = {"CLOUDFLARE_API_TOKEN": "token", "LC_ALL": "C", "PYTHONUTF8": "0"}


def from_stdin(redirection: str, content: bytes = b"") -> str:
    """Return the message for a list that the command must refuse before it sends anything."""
    command = f"exec {sys.executable} -m etl snapshot - --account-id account --app-id app {redirection}"
    done = subprocess.run(["/bin/sh", "-c", command], input=content, capture_output=True, check=False, env=ENVIRONMENT)
    assert (done.returncode, done.stdout) == (78, b"")
    return done.stderr.decode()


# Formats


@pytest.mark.parametrize("ending", TEXT_FORMATS)
def test_every_format_gives_the_same_list(write: Callable[[str, bytes], Path], ending: str) -> None:
    """The result has the distinct meetings in the order of the file, and counts the repeats."""
    read = read_meeting_list(write(ending, SAME_LIST[ending]), default_app_id="app")
    assert read == MeetingList(
        meetings=[Meeting("app", "abcdef-ghijkl"), Meeting("app", "b2"), Meeting("app", "c3")], invalid=[], repeats=1
    )


def test_parquet_gives_the_same_list(write: Callable[[str, bytes], Path]) -> None:
    """Other columns of a Parquet file are ignored. An app ID that is null means the default app."""
    content = frame(title=[1, 2, 3], meeting_id=["a", "b", "a"], app_id=[None, "other", None])
    read = read_meeting_list(write("parquet", content), default_app_id="app")
    assert read == MeetingList(meetings=[Meeting("app", "a"), Meeting("other", "b")], invalid=[], repeats=1)


def test_parquet_needs_no_column_for_the_app(write: Callable[[str, bytes], Path]) -> None:
    """The column meeting_id is enough."""
    assert meetings(write("parquet", frame(meeting_id=["a"]))) == [("app", "a")]


@pytest.mark.parametrize("ending", ["TXT", "Csv", "JSONL", "PARQUET"])
def test_the_case_of_an_ending_does_not_matter(write: Callable[[str, bytes], Path], ending: str) -> None:
    """Some systems write MEETINGS.CSV."""
    content = frame(meeting_id=["b2"]) if ending == "PARQUET" else SAME_LIST[ending.lower()]
    assert ("app", "b2") in meetings(write(ending, content))


@pytest.mark.parametrize("ending", TEXT_FORMATS)
def test_a_byte_order_mark_is_ignored(write: Callable[[str, bytes], Path], ending: str) -> None:
    """Editors on Windows write one at the start of a UTF-8 file."""
    with_mark = b"\xef\xbb\xbf" + SAME_LIST[ending]
    assert meetings(write(ending, with_mark)) == meetings(write(ending, SAME_LIST[ending]))


@pytest.mark.parametrize("newline", [b"\r\n", b"\r"])
@pytest.mark.parametrize("ending", TEXT_FORMATS)
def test_any_line_ending_is_accepted(write: Callable[[str, bytes], Path], ending: str, newline: bytes) -> None:
    """Unix, Windows and old Macs end lines differently."""
    read = read_meeting_list(write(ending, SAME_LIST[ending].replace(b"\n", newline)), default_app_id="app")
    assert (len(read.meetings), read.invalid, read.repeats) == (3, [], 1)


def test_a_comment_starts_with_a_hash_at_the_start_or_after_white_space(write: Callable[[str, bytes], Path]) -> None:
    """A hash inside a word is part of the word, which is then not a valid ID."""
    read = read_meeting_list(write("txt", b"#a\n  # b\nc#1\nd # e f\ng\t#h\n"), default_app_id="app")
    assert read.meetings == [Meeting("app", "d"), Meeting("app", "g")]
    assert [failure.meeting_id for failure in read.invalid] == ["c#1"]


def test_white_space_around_an_id_is_ignored(write: Callable[[str, bytes], Path]) -> None:
    """This holds for lines and for cells."""
    assert meetings(write("txt", b"  a\t\n")) == [("app", "a")]
    assert meetings(write("csv", b" meeting_id , app_id\n  a , b \n")) == [("b", "a")]


@pytest.mark.parametrize("row", [b"", b",", b"   ", b'""'])
def test_blank_rows_of_a_table_are_ignored(write: Callable[[str, bytes], Path], row: bytes) -> None:
    """A row without visible characters is neither a meeting nor a failure."""
    read = read_meeting_list(write("csv", b"meeting_id,app_id\na,b\n" + row + b"\nc,d\n"))
    assert read == MeetingList(meetings=[Meeting("b", "a"), Meeting("d", "c")], invalid=[], repeats=0)


# Apps


def test_a_line_may_name_its_own_app(write: Callable[[str, bytes], Path]) -> None:
    """The app of a line is used before the default app. An empty cell means the default app."""
    assert meetings(write("csv", b"meeting_id,app_id\na,own\nb,\nc\n")) == [("own", "a"), ("app", "b"), ("app", "c")]


def test_the_same_id_in_two_apps_is_two_meetings(write: Callable[[str, bytes], Path]) -> None:
    """A repeat is the same meeting of the same app."""
    read = read_meeting_list(write("csv", b"meeting_id,app_id\na,1\na,2\na,1\n"))
    assert (read.meetings, read.repeats) == ([Meeting("1", "a"), Meeting("2", "a")], 1)


def test_meetings_of_several_apps_stay_in_the_order_of_the_file(write: Callable[[str, bytes], Path]) -> None:
    """They are fetched in this order, even if the apps alternate."""
    assert meetings(write("csv", b"meeting_id,app_id\na,1\nb,2\nc,1\n")) == [("1", "a"), ("2", "b"), ("1", "c")]


def test_a_line_without_an_app_needs_a_default_app(write: Callable[[str, bytes], Path]) -> None:
    """The message names file, line, meeting and the setting that is missing."""
    path = write("csv", b"meeting_id,app_id\na,1\nb,\n")
    said = refusal(path, None)
    assert said.startswith(f"{path}, line 3: which app does meeting b belong to?")
    assert "REALTIMEKIT_APP_ID" in said


@pytest.mark.parametrize("app_id", ["5", "0", "false", "[]", "{}", '"a b"', '"a/b"', '["a"]', "1.5"])
def test_a_line_with_an_app_id_that_is_not_valid_fails(write: Callable[[str, bytes], Path], app_id: str) -> None:
    """The default app is used only if a line names no app: a wrong ID must not silently become another app."""
    lines = f'{{"meeting_id": "a", "app_id": {app_id}}}\n{{"meeting_id": "b"}}\n'
    read = read_meeting_list(write("jsonl", lines.encode()), default_app_id="app")
    assert read.meetings == [Meeting("app", "b")]
    assert [(failure.line, failure.meeting_id, failure.app_id) for failure in read.invalid] == [(1, "a", None)]
    assert "app ID" in read.invalid[0].message


# Lines that are not valid


@pytest.mark.parametrize(("value", "why"), INVALID_IDS)
def test_a_line_that_is_not_valid_fails_with_its_number_and_the_rest_is_read(
    write: Callable[[str, bytes], Path], value: str, why: str
) -> None:
    """The failure is `invalid_id`. It has the line number and the reason, and no request was sent."""
    read = read_meeting_list(write("txt", f"good\n# note\n{value}\nlast\n".encode()), default_app_id="app")
    assert read.meetings == [Meeting("app", "good"), Meeting("app", "last")]
    (failure,) = read.invalid
    assert (failure.kind, failure.line, failure.attempts, failure.app_id) == (FailureKind.INVALID_ID, 3, 0, None)
    assert failure.message.startswith("line 3: ")
    assert why in failure.message


@pytest.mark.parametrize(("value", "why"), INVALID_IDS)
def test_a_row_that_is_not_valid_fails_alike_in_every_format(
    write: Callable[[str, bytes], Path], value: str, why: str
) -> None:
    """JSON lines, tables and Parquet apply the same rule to an ID."""
    table = io.StringIO(newline="")
    csv.writer(table).writerows([["meeting_id"], ["good"], [value]])
    contents = {
        "csv": table.getvalue().encode(),
        "jsonl": f"{json.dumps('good')}\n\n{json.dumps({'meeting_id': value})}\n".encode(),
        "parquet": frame(meeting_id=["good", "good", value]),
    }
    for ending, content in contents.items():
        read = read_meeting_list(write(ending, content), default_app_id="app")
        assert read.meetings == [Meeting("app", "good")]
        assert [(failure.line, why in failure.message) for failure in read.invalid] == [(3, True)]


@pytest.mark.parametrize("ending", ["txt", "csv", "jsonl"])
def test_a_line_that_is_not_utf_8_fails_alone(write: Callable[[str, bytes], Path], ending: str) -> None:
    """One byte in another encoding does not affect the other lines. The failure can be printed."""
    lines = {"txt": b"a\nb\xe9\nc\n", "csv": b"meeting_id\na\nb\xe9\nc\n", "jsonl": b'"a"\n"b\xe9"\n"c"\n'}
    read = read_meeting_list(write(ending, lines[ending]), default_app_id="app")
    assert [meeting.meeting_id for meeting in read.meetings] == ["a", "c"]
    (failure,) = read.invalid
    assert failure.line == (3 if ending == "csv" else 2)
    assert "not UTF-8" in failure.message
    assert failure.meeting_id.isascii()
    assert failure.meeting_id.isprintable()


def test_bytes_that_are_not_utf_8_are_allowed_in_a_comment(write: Callable[[str, bytes], Path]) -> None:
    """A comment is ignored, whatever it contains."""
    assert meetings(write("txt", b"# caf\xe9\na # \xff\n")) == [("app", "a")]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "can't be read: column 2 is not valid JSON (Expecting property name enclosed in double quotes)"),
        ('{"id": "a"},', "can't be read: column 12 is not valid JSON (Extra data)"),
        ("a", "can't be read: column 1 is not valid JSON (Expecting value)"),
        ("[" * 9999, "can't be read: the line is not valid JSON"),
        ("[]", "is not text but []"),
        ('["a"]', "is not text but ['a']"),
        ("1", "is not text but 1"),
        ("null", "is not text but null"),
        ("NaN", "is not text but nan"),
        ("{}", "can't be read: key meeting_id is missing (found: nothing)"),
        ('{"id": "a", "user_id": "b"}', "can't be read: key meeting_id is missing (found: id, user_id)"),
        ('{"meeting_id": null}', "is missing"),
        ('""', "is missing"),
    ],
)
def test_a_json_line_without_an_id_fails_alone(write: Callable[[str, bytes], Path], line: str, why: str) -> None:
    """The line is not JSON, has another shape, or lacks the key. The failure has its line number and the reason."""
    read = read_meeting_list(write("ndjson", f'"a"\n{line}\n"b"\n'.encode()), default_app_id="app")
    assert [meeting.meeting_id for meeting in read.meetings] == ["a", "b"]
    assert [failure.line for failure in read.invalid] == [2]
    assert read.invalid[0].message.startswith(f"line 2: the meeting ID {why}")


@pytest.mark.parametrize("depth", range(940, 1000, 3))
def test_a_json_line_nested_up_to_the_parser_s_limit_fails_alone(
    write: Callable[[str, bytes], Path], depth: int
) -> None:
    """A value that the parser accepts can also be quoted."""
    line = b'{"meeting_id": ' + b"[" * depth + b"]" * depth + b"}"
    read = read_meeting_list(write("jsonl", line + b'\n"a"\n'), default_app_id="app")
    assert ([failure.line for failure in read.invalid], len(read.meetings)) == ([1], 1)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([1, 2], "is not text but 1; expected text"),
        ([b"\xff", b"a b"], "is binary data, and neither an ID in ASCII nor the bytes of a UUID"),
        ([["a"], []], "is not text but ['a']; expected text"),
        ([{"x": 1}, None], "is not text but {'x': 1}; expected text"),
        ([True, False], "is not text but True; expected text"),
        ([0.5, None], "is not text but 0.5; expected text"),
        ([None, None], "is missing"),
    ],
)
def test_a_column_of_another_type_has_no_valid_ids(
    write: Callable[[str, bytes], Path], values: list[Any], why: str
) -> None:
    """Each of its rows fails. No value is converted to text."""
    said = refusal(write("parquet", frame(meeting_id=values)))
    first = "none of its 2 lines is a valid meeting ID; the first, line 1, column meeting_id: the meeting ID"
    assert f"{first} {why}" in said


def test_a_failure_quotes_a_value_up_to_the_length_of_an_id(write: Callable[[str, bytes], Path]) -> None:
    """A line of a megabyte must not become a row of a megabyte in the table of failures."""
    read = read_meeting_list(write("txt", b"a\n" + b"x" * 1_000_000 + b"\n"), default_app_id="app")
    assert read.invalid[0].meeting_id == "x" * 128


def test_a_failure_quotes_control_characters_as_text(write: Callable[[str, bytes], Path]) -> None:
    """A file must not control the terminal."""
    read = read_meeting_list(write("txt", b"a\nb\x1b[2Jc\n"), default_app_id="app")
    assert read.invalid[0].meeting_id == "b\\x1b[2Jc"


# Tables with irregular rows


def test_a_row_that_ends_before_its_meeting_fails_alone(write: Callable[[str, bytes], Path]) -> None:
    """A short row is a line without an ID, at whatever position the column is."""
    read = read_meeting_list(write("csv", b"app_id,meeting_id\nown\nown,a\n"))
    assert read.meetings == [Meeting("own", "a")]
    assert [failure.line for failure in read.invalid] == [2]


def test_a_cell_beyond_the_header_is_ignored(write: Callable[[str, bytes], Path]) -> None:
    """Without a column app_id, every meeting has the default app."""
    assert meetings(write("csv", b"meeting_id\na,b\n")) == [("app", "a")]


def test_a_cell_of_any_length_fails_alone(write: Callable[[str, bytes], Path]) -> None:
    """An ID may have 128 characters. The rest of the list is read."""
    read = read_meeting_list(write("csv", b"meeting_id\na\n" + b"x" * 200_000 + b"\nb\n"), default_app_id="app")
    assert ([meeting.meeting_id for meeting in read.meetings], [f.line for f in read.invalid]) == (["a", "b"], [3])


@pytest.mark.parametrize(
    "content", [b'meeting_id\na\n"b\nc\nd\n', b'meeting_id,title\na,A\nb,"B\nc,C\n', b'meeting_id,title\na,"B\nb,"C"\n']
)
def test_a_quote_that_is_not_closed_loses_no_meeting_silently(
    write: Callable[[str, bytes], Path], content: bytes
) -> None:
    """The rows after it can't be separated from its text, so the list is refused. The message has file and line."""
    assert "not valid CSV" in refusal(write("csv", content))


def test_the_line_of_a_row_is_the_one_it_starts_in(write: Callable[[str, bytes], Path]) -> None:
    """A cell may contain line breaks. The number is the line in which the row begins."""
    read = read_meeting_list(write("csv", b'title,meeting_id\nA,a\n"B\nB\nB",b b\n'), default_app_id="app")
    assert [failure.line for failure in read.invalid] == [3]


def test_a_title_may_hold_commas_quotes_and_line_breaks(write: Callable[[str, bytes], Path]) -> None:
    """Other columns may contain everything that CSV allows."""
    content = b'title,meeting_id\n"A ""1"", B",a\n"C\nD",b\n'
    assert meetings(write("csv", content)) == [("app", "a"), ("app", "b")]


# Lists that are refused


@pytest.mark.parametrize("ending", ["txt", "csv", "jsonl", "parquet", "xlsx"])
def test_a_missing_file_is_refused(tmp_path: Path, ending: str) -> None:
    """The message names the file."""
    path = tmp_path / f"missing.{ending}"
    assert str(path) in refusal(path)


@pytest.mark.parametrize("name", ["list", "list.txt", "list.parquet"])
def test_a_directory_is_refused(tmp_path: Path, name: str) -> None:
    """The message names the path."""
    (tmp_path / name).mkdir()
    assert str(tmp_path / name) in refusal(tmp_path / name)


@pytest.mark.parametrize("ending", ["txt", "", "jsonl"])
@pytest.mark.parametrize("content", [b"", b"\n\n  \r\n", b"\xef\xbb\xbf"])
def test_an_empty_list_is_refused(write: Callable[[str, bytes], Path], ending: str, content: bytes) -> None:
    """A list without meetings is a mistake."""
    path = write(ending, content)
    assert refusal(path) == f"{path}: the meeting list is empty; expected one meeting ID per line"


@pytest.mark.parametrize(
    ("ending", "content"), [("csv", b"meeting_id\n"), ("parquet", frame(meeting_id=[]))], ids=["csv", "parquet"]
)
def test_a_table_without_rows_is_an_empty_list(
    write: Callable[[str, bytes], Path], ending: str, content: bytes
) -> None:
    """A header alone names no meeting."""
    assert "the meeting list is empty" in refusal(write(ending, content))


def test_a_list_of_comments_is_empty(write: Callable[[str, bytes], Path]) -> None:
    """Comments name no meeting."""
    assert "the meeting list is empty" in refusal(write("txt", b"# a\n # b\n"))


def test_a_list_with_one_line_that_is_not_valid_is_refused(write: Callable[[str, bytes], Path]) -> None:
    """The message is in the singular."""
    path = write("txt", b"a b\n")
    assert refusal(path).startswith(f"{path}: its only line is not a valid meeting ID; line 1: the meeting ID has a ")


def test_a_list_without_one_valid_line_is_refused(write: Callable[[str, bytes], Path]) -> None:
    """The message has the file, the first line, its content, and what was expected."""
    path = write("txt", b"# rooms\na b\nc/d\n")
    assert refusal(path) == (
        f"{path}: none of its 2 lines is a valid meeting ID; the first, line 2: the meeting ID has a space at "
        "character 2; expected letters of the English alphabet, digits, and - . _ ~ between them: 'a b'; expected one "
        "meeting ID per line"
    )


@pytest.mark.parametrize("content", [b"", b"\nmeeting_id\na\n", b"id,user_id\na,b\n", b"a\nb\n", b"Meeting\na\n"])
@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_a_table_without_the_column_is_refused(
    write: Callable[[str, bytes], Path], ending: str, content: bytes
) -> None:
    """The message has file and line, the columns found, and the columns expected."""
    path = write(ending, content)
    said = refusal(path)
    assert said.startswith(f"{path}, line 1: column meeting_id is missing (found: ")
    assert "expected a header with meeting_id" in said


def test_a_parquet_file_without_the_column_is_refused(write: Callable[[str, bytes], Path]) -> None:
    """The message names the file and the columns that were expected."""
    path = write("parquet", frame(id=["a"], session_id=["b"]))
    assert refusal(path) == (
        f"{path}: column meeting_id is missing (found: id, session_id); "
        "expected meeting_id and, for several apps, app_id"
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"meeting_id\na\n", b"PAR1 is not enough PAR1", frame(meeting_id=["a"])[:-9]],
    ids=["empty", "csv", "only marks", "cut off"],
)
def test_a_file_that_is_not_parquet_is_refused(write: Callable[[str, bytes], Path], content: bytes) -> None:
    """The message names the file and the format."""
    path = write("parquet", content)
    assert refusal(path).startswith(f"{path}: not valid Parquet")


def test_an_unknown_ending_is_refused(write: Callable[[str, bytes], Path]) -> None:
    """The message names the endings that can be read."""
    said = refusal(write("xlsx", b"a\n"))
    assert "files with the ending '.xlsx' can't be read; expected .txt, .csv, .tsv, .json, .jsonl" in said


@pytest.mark.parametrize("name", ["list[1].parquet", "l*.parquet", "list?.parquet", "app_id=x/list.parquet"])
def test_a_path_means_the_file_of_that_name(tmp_path: Path, name: str) -> None:
    """A name is not a pattern and not a partition: browsers save files such as list[1].parquet."""
    (tmp_path / "app_id=x").mkdir()
    (tmp_path / "list2.parquet").write_bytes(frame(meeting_id=["neighbour"]))
    (tmp_path / name).write_bytes(frame(meeting_id=["a"]))
    assert meetings(tmp_path / name) == [("app", "a")]


@pytest.mark.parametrize("app_id", ["a b", "a/b", "..", "\udcff", "x" * 129, "a\n"])
def test_a_default_app_that_is_not_valid_is_refused(write: Callable[[str, bytes], Path], app_id: str) -> None:
    """An app ID from an option or a variable follows the same rule as one in the list."""
    with pytest.raises(ConfigError, match="app ID"):
        read_meeting_list(write("txt", b"a\n"), default_app_id=app_id)


# Standard input


def test_an_open_stream_is_read_as_a_file_without_an_ending() -> None:
    """Comments, blank lines, repeats and lines that are not valid are read as in a file."""
    read = read_meeting_list(io.BytesIO(b"# ours\r\na\r\n\r\nb\xe9\nc d\na\ne"), default_app_id="app")
    assert read.meetings == [Meeting("app", "a"), Meeting("app", "e")]
    assert ([failure.line for failure in read.invalid], read.repeats) == ([4, 5], 1)


def test_standard_input_is_read_as_a_file_is() -> None:
    """A byte order mark, line ends of Windows and bytes that are not UTF-8 are handled in every locale."""
    said = from_stdin("", b"\xef\xbb\xbf# ours\r\n\r\nb\xe9\r\nc d\r\n")
    assert "standard input: none of its 2 lines is a valid meeting ID; the first, line 3: " in said
    assert "the meeting ID has the byte 0xe9, which is not UTF-8, at character 2" in said


def test_an_empty_standard_input_is_refused() -> None:
    """The message says that it is standard input."""
    assert "standard input: the meeting list is empty; expected one meeting ID per line" in from_stdin("")


def test_a_closed_standard_input_is_refused() -> None:
    """A program that another program starts may have no standard input."""
    assert "standard input is closed" in from_stdin("<&-")


# The rule for IDs


@pytest.mark.parametrize(
    "value",
    ["a", "abcdef-ghijkl", "0193f8a2-0000-7000-8000-000000000000", "6BF2B8BE04DD", "x" * 128, "a.b_c~d--e", "7"],
)
def test_an_id_may_be_any_word_of_unreserved_characters(value: str) -> None:
    """IDs are not validated as UUIDs. Their characters are those that are the same in every URL."""
    assert is_id(value)
    assert is_readable_id(value)


@pytest.mark.parametrize("value", ["caf\xe9", "a:b", "a%2Fb", "a?b#c&d", "a\\b", "...", "{a}", "-a"])
def test_what_the_api_reports_as_an_id_may_have_any_visible_characters(value: str) -> None:
    """A list of live sessions is stored whole, whatever forms of IDs the API will have. No list can name them."""
    assert is_readable_id(value)
    assert not is_id(value)


@pytest.mark.parametrize("value", ["", None, 1, b"a", "a b", "a/b", ".", "..", "*", "\ud800", "a\x7f", "x" * 129])
def test_what_the_api_reports_as_an_id_is_a_word_that_can_be_stored(value: object) -> None:
    """`*` stands for all meetings of an app in the table of failures."""
    assert not is_readable_id(value)


@pytest.mark.parametrize(
    "value", ["", None, 1, b"a", ["a"], "\ud800", "a\x7f", "\ufeffa", *(value for value, _ in INVALID_IDS)]
)
def test_a_value_that_is_not_a_valid_id(value: object) -> None:
    """The value is empty, not text, invisible, too long, or would change the path of a request."""
    assert not is_id(value)


# Properties

IDS = st.from_regex(r"[0-9A-Za-z]([0-9A-Za-z._~-]{0,126}[0-9A-Za-z])?", fullmatch=True).filter(
    # Neither a UUID, which comes back in lower case, nor the name of a column, which is a header of a text.
    lambda text: (text == text.lower() or len(text) != 36) and not text.lower().endswith("id")
) | st.uuids().map(str)
PAIRS = st.lists(st.tuples(st.sampled_from(["app", "other"]) | IDS, IDS), min_size=1, max_size=20)


def as_table(pairs: list[tuple[str, str]], delimiter: str) -> bytes:
    """Write pairs as CSV or TSV."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, delimiter=delimiter)
    writer.writerows([["app_id", "note", "meeting_id"], *([app, "n", meeting] for app, meeting in pairs)])
    return table.getvalue().encode()


def as_json_lines(pairs: list[tuple[str, str]]) -> bytes:
    """Write pairs as one JSON object per line."""
    lines = (json.dumps({"meeting_id": meeting, "app_id": app}, ensure_ascii=False) for app, meeting in pairs)
    return "\n".join(lines).encode()


@given(PAIRS)
def test_every_format_that_names_apps_round_trips(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
) -> None:
    """All IDs of all apps come back once, and the repeats are counted."""
    contents = {
        "csv": as_table(pairs, ","),
        "tsv": as_table(pairs, "\t"),
        "ndjson": as_json_lines(pairs),
        "parquet": frame(app_id=[app for app, _ in pairs], meeting_id=[meeting for _, meeting in pairs]),
    }
    for ending, content in contents.items():
        path = tmp_path_factory.mktemp("list") / f"list.{ending}"
        path.write_bytes(content)
        read = read_meeting_list(path)
        assert sorted(read.meetings) == sorted(set(pairs))
        assert (read.invalid, read.repeats) == ([], len(pairs) - len(set(pairs)))


@given(st.lists(IDS, min_size=1, max_size=20))
def test_text_round_trips_in_its_order(tmp_path_factory: pytest.TempPathFactory, ids: list[str]) -> None:
    """There is one ID per line."""
    path = tmp_path_factory.mktemp("list") / "list.txt"
    path.write_bytes("\n".join(ids).encode())
    read = read_meeting_list(path, default_app_id="app")
    assert read.meetings == [Meeting("app", meeting_id) for meeting_id in dict.fromkeys(ids)]
    assert (read.invalid, read.repeats) == ([], len(ids) - len(set(ids)))


@given(st.lists(st.binary(max_size=12) | st.sampled_from([b"a", b"b c", b"#", b'"x', b"{}", b"a,b,c", b"\xff"])))
@example([b"", b"app,"])
def test_every_line_is_a_meeting_a_repeat_a_failure_or_blank(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    """Whatever bytes a file contains, it raises no other error than ConfigError, and no line of text is lost."""
    folder = tmp_path_factory.mktemp("list")
    for ending, header in {"csv": b"app_id,meeting_id\nx,first\n", "jsonl": b'"first"\n', "parquet": b"PAR1"}.items():
        path = folder / f"list.{ending}"
        path.write_bytes(header + b"\n".join(lines))
        with contextlib.suppress(ConfigError):
            assert all(is_id(value) for meeting in read_meeting_list(path).meetings for value in meeting)
    content = b"first\n" + b"\n".join(lines)
    (folder / "list.txt").write_bytes(content)
    read = read_meeting_list(folder / "list.txt", default_app_id="app")
    counting = [line for line in content.splitlines() if not is_blank(line)]
    assert len(read.meetings) + read.repeats + len(read.invalid) == len(counting)


def is_blank(line: bytes) -> bool:
    """Return True if a line of text is empty or a comment."""
    text = line.decode(errors="surrogateescape").strip()
    return not text or text.startswith("#")


def test_a_uuid_in_capitals_is_the_same_meeting(tmp_path: Path) -> None:
    """The API writes UUIDs in lower case, and would never list one in capitals as live."""
    low = "6bf2b8be-04dd-4191-b602-1128921a306b"
    (tmp_path / "list.txt").write_text(f"{low.upper()}\n{low}\nRoom\nroom\n")
    read = read_meeting_list(tmp_path / "list.txt", default_app_id="app")
    assert [meeting.meeting_id for meeting in read.meetings] == [low, "Room", "room"]
    assert read.repeats == 1
