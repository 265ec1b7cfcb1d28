"""The formats of an answer: programs read the exact values, people read plain text."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.reports import formats
from etl.reports.fit import as_fitted_table
from etl.reports.table import as_exact_table, as_table

BERLIN = "Europe/Berlin"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
_COLUMNS = {
    "figure": st.integers(-(2**63), 2**63 - 1),
    "minutes": st.decimals("-999999999999", "999999999999", places=6, allow_nan=False),
    "share": st.floats(allow_nan=False, allow_infinity=False),
    "is_final": st.booleans(),
    "name": _TEXTS,
    "day": st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    "at": st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # bounds are naive
}
_TYPES: dict[str, Any] = {
    "figure": pl.Int64,
    "minutes": pl.Decimal(18, 6),
    "share": pl.Float64,
    "is_final": pl.Boolean,
    "name": pl.String,
    "day": pl.Date,
    "at": pl.Datetime("us", "UTC"),
}
_IN_DUCKDB = {
    "figure": "bigint",
    "minutes": "decimal(18, 6)",
    "share": "double",
    "is_final": "boolean",
    "name": "varchar",
    "day": "date",
    "at": "timestamptz",
}
_ROWS = st.lists(st.fixed_dictionaries({name: st.none() | one for name, one in _COLUMNS.items()}), max_size=5)


def frame_of(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Make a frame with every type that reports have."""
    return pl.DataFrame(rows, schema=_TYPES)


def read_back(query: str, content: bytes) -> pl.DataFrame:
    """Let DuckDB read a file with that content."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        path = Path(folder) / "answer"
        path.write_bytes(content)
        return pl.DataFrame(connection.sql(query, params={"file": str(path), "columns": _IN_DUCKDB}))


@settings(max_examples=60, deadline=None)
@given(_ROWS)
def test_duckdb_reads_from_csv_what_the_frame_held(rows: list[dict[str, Any]]) -> None:
    """This covers every type, exact decimals, instants with offsets, and null apart from empty text."""
    query = """
        from read_csv(
            $file, header = true, columns = $columns, allow_quoted_nulls = false, delim = ',', quote = '"', escape = '"'
        )
    """
    assert read_back(query, formats.as_csv(frame_of(rows), BERLIN)).equals(frame_of(rows))


@settings(max_examples=60, deadline=None)
@given(_ROWS)
def test_python_reads_from_json_what_the_frame_held(rows: list[dict[str, Any]]) -> None:
    """Both kinds of JSON keep numbers as numbers, and instants as the same instants."""
    as_array = json.loads(formats.as_json(frame_of(rows), BERLIN))
    as_lines = [json.loads(line) for line in formats.as_jsonl(frame_of(rows), BERLIN).decode().split("\n")[:-1]]
    assert as_array == as_lines
    for found, row in zip(as_array, rows, strict=True):
        at, day, minutes = found.pop("at"), found.pop("day"), found.pop("minutes")
        assert found == {name: row[name] for name in ("figure", "share", "is_final", "name")}
        assert (at and datetime.fromisoformat(at)) == row["at"]
        assert (day and date.fromisoformat(day)) == row["day"]
        assert minutes == (None if row["minutes"] is None else float(row["minutes"]))


@settings(max_examples=60, deadline=None)
@given(_ROWS)
def test_duckdb_reads_from_parquet_what_the_frame_held(rows: list[dict[str, Any]]) -> None:
    """The types of the columns are the same."""
    query = "select * from read_parquet($file) where $columns is not null"
    assert read_back(query, formats.as_parquet(frame_of(rows), BERLIN)).equals(frame_of(rows))


@settings(max_examples=60, deadline=None)
@given(_ROWS)
def test_a_row_is_a_line_of_a_table_whatever_it_holds(rows: list[dict[str, Any]]) -> None:
    """The name of a meeting can't break its line, or move the cursor of a terminal."""
    for text in (
        as_table(frame_of(rows), BERLIN),
        as_exact_table(frame_of(rows), BERLIN, width=None),
        formats.as_markdown(frame_of(rows), BERLIN).decode(),
        formats.as_exact_markdown(frame_of(rows), BERLIN).decode(),
    ):
        lines = text.split("\n")
        assert lines.pop() == ""
        assert len(lines) == len(rows) + 2 + (lines[0].strip() == "is")  # the heading of is_final has two lines
        assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        ("minutes", "minutes"),
        ("low_usd", "low (USD)"),
        ("duration_minutes", "duration (minutes)"),
        ("covered_percent", "covered (%)"),
        ("waited_seconds", "waited (s)"),
        ("peak_participants", "peak participants"),
    ],
)
def test_a_heading_shows_the_unit(column: str, shown: str) -> None:
    """A unit at the end of a name is shown in brackets."""
    assert formats.heading(column) == shown


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("minutes", Decimal("1234567.8949"), "1,234,567.89"),
        ("covered_percent", 99.96, "100.0"),
        ("sessions", 1234567, "1,234,567"),
        ("sessions", 0, "0"),
        ("sessions", None, formats.NO_VALUE),
        ("is_final", True, "yes"),
        ("at", NOON, "2026-11-23 13:00:00"),
        ("day", date(2026, 11, 23), "2026-11-23"),
        ("name", "a\x1b[31mb", "a�[31mb"),
        ("name", "two\nlines", "two lines"),
        ("name", "", ""),
        ("names", ["a", None], '["a", null]'),
        ("total", Decimal(12345), "12,345"),
    ],
)
def test_a_cell_for_people(column: str, value: object, shown: str) -> None:
    """Thousands are separated, minutes have two decimals, percentages one, and null differs from zero."""
    assert formats.cells(pl.DataFrame({column: [value]}), BERLIN, instants=formats.READABLE) == [[shown]]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0001, "0.0001"),
        (1234567, "1234567"),
        (Decimal("0.000001"), "0.000001"),
        (Decimal("1E+3"), "1000"),
        (True, "true"),
        (None, formats.NO_VALUE),
        (NOON, "2026-11-23 13:00:00"),
        (NOON + timedelta(microseconds=5), "2026-11-23 13:00:00.000005"),
        ("a\x1b[31mb", "a�[31mb"),
    ],
)
def test_the_cell_of_a_query_has_all_its_digits(value: object, shown: str) -> None:
    """Nothing is rounded, and thousands are not separated, so that a figure can be copied."""
    assert formats.exact_cells(pl.DataFrame({"total_minutes": [value]}), BERLIN) == [[shown]]


def test_a_query_has_the_names_of_its_columns() -> None:
    """A name is not split into words, and its unit is part of it."""
    frame = pl.DataFrame({"low_usd": [0.0001], "meeting_id": ["a"]})
    assert as_exact_table(frame, "UTC", width=None) == " low_usd  meeting_id\n ───────────────────\n  0.0001  a\n"
    assert formats.as_exact_markdown(frame, "UTC") == b"| low_usd | meeting_id |\n| --: | --- |\n| 0.0001 | a |\n"


def test_figures_stand_at_the_right_under_their_headings() -> None:
    """Text is on the left. Headings break at spaces, so that columns stay narrow."""
    frame = pl.DataFrame({"meeting": ["Weekly", "日本"], "total_minutes": [1.5, 1000.0], "note": ["x", None]})
    assert as_table(frame, "UTC") == (
        "              total\n"
        " meeting  (minutes)  note\n"
        " ────────────────────────\n"
        " Weekly        1.50  x\n"
        f" 日本      1,000.00  {formats.NO_VALUE}\n"
    )


def test_the_table_of_a_query_is_as_wide_as_its_terminal_at_most() -> None:
    """Long cells continue in the next line, and nothing is cut off."""
    frame = pl.DataFrame(
        {"meeting": ["word " * 20], "minutes": [1.0], "meeting_id": ["6bf2b8be-04dd-4191-b602-1128921a306b"]}
    )
    text = as_exact_table(frame, "UTC", width=60)
    assert max(map(len, text.splitlines())) <= 60
    assert text.count("word") == 20
    assert "1128921a306b" in text


@pytest.mark.parametrize(("columns", "rows"), [(30, 1), (3, 2000)])
def test_a_table_that_would_be_wrapped_beyond_reading_is_left_whole(columns: int, rows: int) -> None:
    """The terminal breaks the lines itself if there are too many columns or rows."""
    frame = pl.DataFrame({f"name_{number}": ["word " * 10] * rows for number in range(columns)})
    assert as_exact_table(frame, "UTC", width=60) == as_exact_table(frame, "UTC", width=None)


def test_a_table_of_no_rows_has_its_headings() -> None:
    """A frame without columns is a table, too."""
    assert as_table(pl.DataFrame({"a": []}), "UTC") == " a\n ─\n"
    assert as_table(pl.DataFrame(), "UTC").strip() == ""
    assert as_fitted_table(pl.DataFrame({"a": []}), "UTC", width=80) == " a\n ─\n"
    assert as_fitted_table(pl.DataFrame(), "UTC", width=80).strip() == ""
    assert as_exact_table(pl.DataFrame(), "UTC", width=80).strip() == ""


def test_in_markdown_nothing_ends_a_cell_or_is_html() -> None:
    """The names of meetings can hold any text."""
    frame = pl.DataFrame({"meeting": ["a|b\n<b>&\\"], "minutes": [1.0]})
    assert formats.as_markdown(frame, "UTC").decode() == (
        "| meeting | minutes |\n| --- | --: |\n| a\\|b &lt;b&gt;&amp;\\\\ | 1.00 |\n"
    )


def test_instants_of_programs_have_the_zones_offset() -> None:
    """The offset is that of summer or winter."""
    frame = pl.DataFrame({"at": [NOON, NOON - timedelta(days=120)]})
    assert formats.as_csv(frame, BERLIN) == b"at\n2026-11-23T13:00:00+01:00\n2026-07-26T14:00:00+02:00\n"


def test_json_has_no_numbers_that_are_none() -> None:
    """NaN and infinity are null, because JSON can't hold them."""
    frame = pl.DataFrame({"a": [float("nan")], "b": [float("inf")], "c": [[float("nan")]]})
    assert json.loads(formats.as_json(frame, "UTC")) == [{"a": None, "b": None, "c": [None]}]


def test_no_rows_are_an_empty_array() -> None:
    """JSON lines are empty, and CSV has only its header."""
    frame = pl.DataFrame(schema={"a": pl.Int64})
    assert (formats.as_json(frame, "UTC"), formats.as_jsonl(frame, "UTC")) == (b"[]\n", b"")
    assert formats.as_csv(frame, "UTC") == b"a\n"


def test_a_missing_value_is_shown_differently_from_zero() -> None:
    """In tables and Markdown a missing value is a dash."""
    frame = pl.DataFrame({"minutes": [None, 0]}, schema={"minutes": pl.Int64})
    assert formats.cells(frame, "UTC", instants=formats.READABLE) == [["–", "0"]]  # noqa: RUF001  # a dash
    assert "| – |\n| 0 |\n" in formats.as_markdown(frame, "UTC").decode()  # noqa: RUF001  # a dash
