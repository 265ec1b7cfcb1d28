"""A report on a terminal: which columns it shows, how it cuts them, and what it says of the others."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.reports.catalogue import find_report, report_descriptions
from etl.reports.fit import as_fitted_table
from etl.reports.formats import NO_VALUE, heading
from etl.reports.parameters import query_parameters
from etl.reports.periods import Period
from etl.reports.table import as_table, text_width
from etl.store.database import open_database
from etl.store.read import run_query

if TYPE_CHECKING:
    from collections.abc import Mapping

IDS = ["6bf2b8be-04dd-4191-b602-1128921a306b", "6bf2b8be-17aa-4191-b602-1128921a306b"]


def fitted(
    columns: Mapping[str, Any], *, width: int = 80, added: tuple[str, ...] = (), main: tuple[str, ...] = ()
) -> str:
    """Format columns for a terminal."""
    return as_fitted_table(pl.DataFrame(columns), "UTC", width=width, added=added, main=main)


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.Schema]:
    """The columns of every report, and their types."""
    period = Period(since=datetime(2026, 11, 1, tzinfo=UTC), until=datetime(2026, 12, 1, tzinfo=UTC), tz="UTC")
    parameters = query_parameters(period)
    with open_database(tmp_path_factory.mktemp("empty") / "usage.duckdb") as connection:
        return {
            name: run_query(connection, find_report(name).sql, parameters, where=name).schema
            for name in report_descriptions()
        }


def test_a_column_with_one_value_in_every_row_is_said_below() -> None:
    """Zeros in every row are such a value. An ID is whole there."""
    assert fitted({"day": ["Mon", "Tue"], "lost_minutes": [0, 0], "app_id": ["the-app-of-the-sales-team"] * 2}) == (
        " day\n"
        " ───\n"
        " Mon\n"
        " Tue\n"
        " The same in every row: lost (minutes) 0; app id the-app-of-the-sales-team.\n"
        " --wide shows all columns.\n"
    )


def test_a_single_row_is_shown_whole() -> None:
    """With one row, every column would have one value."""
    assert fitted({"day": ["Mon"], "minutes": [0]}) == " day  minutes\n ────────────\n Mon        0\n"


def test_a_single_row_without_room_lacks_its_zeros() -> None:
    """Zeros tell less than any other figure. What is left then has room."""
    columns = {"day": ["Mon"], "livestream_minutes": [0.0], "sessions": [0], "minutes": [1.5]}
    assert fitted(columns, width=30) == (
        " day  minutes\n"
        " ────────────\n"
        " Mon     1.50\n"
        " The same in every row:\n"
        " livestream (minutes) 0.00;\n"
        " sessions 0.\n"
        " --wide shows all columns.\n"
    )


def test_the_total_of_a_column_that_is_left_out_is_said() -> None:
    """Small costs are 0.00 in every row and more in total. Zeros need no total."""
    text = fitted({"day": ["Mon", "Tue"], "low_usd": [0.004, 0.004], "lost": [0, 0]}, added=("low_usd", "lost"))
    assert " The same in every row: low (USD) 0.00 (total 0.01); lost 0.\n" in text


def test_rows_that_are_all_equal_keep_their_first_column() -> None:
    """A table without a column would say nothing."""
    assert fitted({"day": ["Mon", "Mon"], "minutes": [1, 1]}).startswith(" day\n ───\n Mon\n Mon\n")


def test_equal_rows_keep_the_figures_that_the_report_is_about() -> None:
    """Two snapshots saw the same. Other columns are named below, also main ones if a figure is left."""
    columns = {"slot": ["12:00", "12:05"], "sessions": [3, 3], "other": [0, 0]}
    assert fitted(columns, main=("sessions",)).splitlines()[2:] == [
        " 12:00         3",
        " 12:05         3",
        " The same in every row: other 0.",
        " --wide shows all columns.",
    ]
    text = fitted(columns | {"minutes": [1, 2]}, main=("sessions",))
    assert " The same in every row: sessions 3; other 0.\n" in text


def test_the_total_row_has_its_name_before_its_figures() -> None:
    """The day is the same in every row, and stays, because the next column has a total."""
    columns = {"day": ["Mon", "Mon"], "loaded": [5, 6], "covered": [50, 60], "lost": [1, 2]}
    assert fitted(columns, added=("loaded", "lost")).splitlines()[-1] == " total      11              3"
    assert fitted({"day": ["Mon", "Mon"], "app_id": ["a", "b"], "loaded": [5, 6]}, added=("loaded",)).startswith(
        " app\n id     loaded\n"
    )


def test_the_total_row_adds_up_one_type() -> None:
    """Sessions of other types stand apart. Without a session of the type meeting there is no total."""
    columns = {"day": ["Mon", "Tue", "Tue"], "type": ["meeting", "meeting", "livestream"], "minutes": [1, 2, 40]}
    assert fitted(columns, added=("minutes",)).splitlines()[-1] == " total  meeting           3"
    assert "total" not in fitted(columns | {"type": ["livestream"] * 2 + ["breakout"]}, added=("minutes",))


def test_slots_that_differ_in_seconds_show_them() -> None:
    """Runs by hand have such slots. Other instants are shown to the minute."""
    slots = [datetime(2026, 11, 2, 15, 7, second, tzinfo=UTC) for second in (0, 21)]
    text = fitted({"slot": slots, "started_at": [slots[1], slots[1].replace(minute=8)]})
    assert text.splitlines()[3:] == [
        " 2026-11-02 15:07:00  2026-11-02 15:07",
        " 2026-11-02 15:07:21  2026-11-02 15:08",
    ]
    assert "15:07:00" not in fitted({"slot": [slots[0], slots[0].replace(minute=8)]})


def test_ids_are_cut_to_what_tells_them_apart() -> None:
    """They have at least eight characters, and more where two IDs begin alike."""
    text = fitted({"meeting_id": IDS, "session_id": ["aaaaaaaaaaaa", "bbbbbbbb"]})
    assert text.splitlines()[-3:] == [
        " 6bf2b8be-0…  aaaaaaaa…",
        " 6bf2b8be-1…  bbbbbbbb",
        " --wide shows whole texts and IDs.",
    ]


def test_an_id_below_the_table_is_whole() -> None:
    """A line breaks between words, not at the hyphens of an ID."""
    text = fitted({"day": ["Mon", "Tue"], "app_id": IDS[:1] * 2}, width=45)
    assert text.endswith(f" The same in every row: app id\n {IDS[0]}.\n --wide shows all columns.\n")


def test_long_texts_are_cut_until_the_table_fits() -> None:
    """Short texts stay whole, wide characters count twice, and an ellipsis shows the cut."""
    text = fitted({"meeting": ["word " * 20, "数学の授業" * 5], "type": ["meeting", "breakout"]}, width=40)
    assert text.splitlines()[2:] == [
        " word word word word word wor…  meeting",
        " 数学の授業数学の授業数学の授…  breakout",
        " --wide shows whole texts and IDs.",
    ]


def test_columns_without_room_are_named() -> None:
    """The last columns go first. The first one stays, however narrow the terminal is."""
    columns = {"day": ["Mon", "Tue"], "minutes": [1, 2], "peak_participants": [3, 4], "sessions": [5, 6]}
    assert fitted(columns, width=20).splitlines()[-5:] == [
        " No room for: peak",
        " participants,",
        " sessions.",
        " --wide shows all",
        " columns.",
    ]
    assert fitted(columns, width=1).startswith(" day\n ───\n Mon\n")


def test_the_app_stays_where_rows_differ_in_it_alone() -> None:
    """Other columns make room for it, because rows of several apps can be equal without it."""
    columns = {
        "day": ["Mon", "Mon", "Tue"],
        "minutes": [1, 2, 3],
        "sessions": [5, 6, 7],
        "app_id": ["first", "second", "first"],
    }
    assert fitted(columns, width=24).splitlines() == [
        "               app",
        " day  minutes  id",
        " ────────────────────",
        " Mon        1  first",
        " Mon        2  second",
        " Tue        3  first",
        " No room for: sessions.",
        " --wide shows all",
        " columns.",
    ]


def test_the_columns_that_a_report_is_about_stay_longest() -> None:
    """Of the others, the last ones go first. Columns keep their order."""
    columns = {"day": ["Mon", "Tue"], "snapshots": [1, 2], "minutes": [3, 4], "low": [5, 6], "app_id": ["a", "b"]}
    headings = {}
    for width in (35, 30, 20, 9):
        text = fitted(columns, width=width, main=("minutes",))
        headings[width] = text.partition("─")[0].split("\n")[-2].split()
    assert headings == {
        35: ["day", "snapshots", "minutes", "low", "id"],
        30: ["day", "snapshots", "minutes", "id"],
        20: ["day", "minutes", "id"],
        9: ["day", "id"],
    }


def test_a_text_gets_the_room_that_columns_leave() -> None:
    """A text is cut only as far as the columns that are shown need it."""
    columns = {"meeting": ["a" * 30, "b" * 30], "minutes": [1, 2], "peak_participants": [3, 4], "sessions": [5, 6]}
    assert f" {'a' * 20}…        1\n" in fitted(columns, width=31)


@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize("name", report_descriptions())
def test_a_report_shows_what_it_is_about(name: str, width: int, schemas: Mapping[str, pl.Schema]) -> None:
    """Every report has its main columns at every width, with large figures, long titles and several apps."""
    query = find_report(name)
    rows = {column: _widest_values(column, kind) for column, kind in schemas[name].items()}
    text = as_fitted_table(pl.DataFrame(rows), "UTC", width=width, added=query.added, main=query.main)
    left_out = " ".join(text.split()).partition("No room for: ")[2].partition(". --wide")[0].split(", ")
    assert query.main
    assert set(query.main) <= set(rows)
    assert [column for column in (*query.main, "app_id") if heading(column) in left_out] == []
    assert max(map(text_width, text.splitlines())) <= width


def _widest_values(column: str, kind: pl.DataType) -> list[Any]:
    """Return two values that differ, as wide as those of a busy year."""
    if kind == pl.String:
        return IDS if column.endswith("_id") else ["participant", "the weekly meeting of the sales team"]
    if kind.is_temporal():
        midnights = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2)]
        return midnights if isinstance(kind, pl.Datetime) else [midnight.date() for midnight in midnights]
    if kind == pl.Boolean:
        return [True, False]
    return [9_999, 10_000] if kind.is_integer() else [123_456.78, 234_567.89]


def test_long_texts_in_many_rows_are_cut_at_once() -> None:
    """The time does not depend on how much is cut: two seconds are a hundred times what it takes."""
    started_at = time.monotonic()
    fitted({"meeting": ["a" * 20_000, *["b"] * 999], "minutes": list(range(1000))})
    assert time.monotonic() - started_at < 2


def test_a_total_adds_up_the_columns_that_the_report_names() -> None:
    """The first column without a total names the row. A null is not part of a sum."""
    columns = {
        "day": [date(2026, 11, 1), date(2026, 11, 2)],
        "minutes": [Decimal("1.25"), Decimal("2.50")],
        "peak_participants": [3, 4],
        "sessions": [5, None],
    }
    expected = [
        " ───────────────────────────────────────────",
        " total          3.75                       5",
    ]
    assert fitted(columns, added=("minutes", "sessions")).splitlines()[-2:] == expected
    assert as_table(pl.DataFrame(columns), "UTC", added=("minutes", "sessions")).splitlines()[-2:] == expected


def test_the_total_of_unknown_values_is_unknown() -> None:
    """The total is a dash, as the values are: zero would be a figure."""
    frame = pl.DataFrame({"day": ["Mon", "Tue"], "minutes": [None, None]}, schema_overrides={"minutes": pl.Float64})
    assert as_table(frame, "UTC", added=("minutes",)).splitlines()[-1] == f" total        {NO_VALUE}"


@pytest.mark.parametrize("rows", [0, 1])
def test_less_than_two_rows_have_no_total(rows: int) -> None:
    """A total would repeat the row."""
    assert "total" not in fitted({"day": ["Mon"] * rows, "minutes": [1] * rows}, added=("minutes",))


def test_instants_are_to_the_minute() -> None:
    """The seconds are in the wide table."""
    frame = pl.DataFrame({"started_at": [datetime(2026, 11, 1, 12, 0, 59, tzinfo=UTC)]})
    assert "2026-11-01 12:00\n" in as_fitted_table(frame, "UTC", width=80)
    assert "2026-11-01 12:00:59\n" in as_table(frame, "UTC")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=5), st.integers(40, 200))
def test_no_table_is_wider_than_its_terminal(titles: list[str], width: int) -> None:
    """This holds for any titles, at any width that has room for a title."""
    columns = {"meeting": titles, "minutes": list(range(len(titles))), "note": titles, "meeting_id": titles}
    table = fitted(columns, width=width).partition(" The same in every row: ")[0]
    assert max(map(text_width, table.splitlines())) <= width
