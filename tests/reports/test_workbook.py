"""Workbooks for Excel: the cells are right, and what Excel can't hold is refused."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import polars as pl
import pytest

from etl.errors import ConfigError
from etl.reports.formats import as_csv, as_excel
from etl.reports.workbook import make_workbook

BERLIN = "Europe/Berlin"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
EXCEL_BEGINS = datetime(1899, 12, 30)  # noqa: DTZ001  # Excel counts days of local time from here


def cells(workbook: bytes) -> dict[str, str]:
    """Return the content of every cell that is not empty: the text, or the digits of the number."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        texts = re.findall(r"<t[^>]*>(.*?)</t>", parts.read("xl/sharedStrings.xml").decode(), re.DOTALL)
    assert not re.search("<f>|<hyperlink", sheet)
    found = re.findall(r'<c r="(\w+)"([^>]*)><v>([^<]*)</v>', sheet)
    return {cell: texts[int(value)] if 't="s"' in attributes else value for cell, attributes, value in found}


def number_format(workbook: bytes, cell: str) -> str:
    """Return the format of the number in a cell."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        sheet, styles = (parts.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "styles"))
    found = re.search(rf'<c r="{cell}" s="(\d+)"', sheet)
    assert found
    kinds: list[str] = re.findall(r'<xf numFmtId="(\d+)"', styles.partition("<cellXfs")[2])
    formats: dict[str, str] = dict(re.findall(r'numFmtId="(\d+)" formatCode="([^"]*)"', styles))
    return formats.get(kinds[int(found[1])], "General")


def test_a_workbook_has_the_figures_and_texts_of_the_frame() -> None:
    """Decimals are numbers, lists are JSON, and a text that looks like a formula, a link or a number is a text."""
    frame = pl.DataFrame(
        {
            "meeting": ["=1+1", "http://example.com/", "00123"],
            "minutes": [Decimal("1.234567"), None, Decimal("0.000100")],
            "names": [["a", None], [], None],
            "sessions": [1, None, 3],
        },
        schema_overrides={"minutes": pl.Decimal(18, 6)},
    )
    assert cells(as_excel(frame, BERLIN)) == {
        "A1": "meeting",
        "B1": "minutes",
        "C1": "names",
        "D1": "sessions",
        "A2": "=1+1",
        "B2": "1.234567",
        "C2": '["a", null]',
        "D2": "1",
        "A3": "http://example.com/",
        "C3": "[]",
        "A4": "00123",
        "B4": "0.0001",
        "D4": "3",
    }


def test_times_are_local_times_that_excel_shows_as_times() -> None:
    """An instant is shown in the zone of the report: noon in UTC is 13:00 in Berlin."""
    frame = pl.DataFrame({"at": [NOON], "day": [date(2026, 11, 23)], "hour": [time(18)]})
    workbook = as_excel(frame, BERLIN)
    found = cells(workbook)
    at = datetime(2026, 11, 23, 13) - EXCEL_BEGINS  # noqa: DTZ001  # local time
    assert float(found["A2"]) == pytest.approx(at / timedelta(days=1), abs=1e-9)
    assert (found["B2"], found["C2"]) == (str((datetime(2026, 11, 23) - EXCEL_BEGINS).days), "0.75")  # noqa: DTZ001
    shown = [number_format(workbook, cell).partition(";")[0] for cell in ("A2", "B2", "C2")]
    assert shown == ["yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd", "hh:mm:ss"]


def test_digits_are_not_rounded_where_excel_shows_them() -> None:
    """A small cost is not shown as 0.00."""
    assert number_format(as_excel(pl.DataFrame({"usd": [0.0001]}), "UTC"), "A2") == "General"


def test_nan_and_infinity_are_empty_cells() -> None:
    """They are null in JSON, too. Excel has neither."""
    frame = pl.DataFrame({"share": [float("nan"), float("inf"), 0.5], "name": ["a", "b", "c"]})
    found = cells(as_excel(frame, "UTC"))
    assert found == {"A1": "share", "B1": "name", "B2": "a", "B3": "b", "A4": "0.5", "B4": "c"}


def test_an_answer_without_rows_has_its_columns() -> None:
    """The names of the columns are there."""
    assert cells(as_excel(pl.DataFrame(schema={"day": pl.Date, "minutes": pl.Float64}), "UTC")) == {
        "A1": "day",
        "B1": "minutes",
    }


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (pl.DataFrame({"a": [1], "A": [2]}), "the columns 'a' and 'A' differ only in capital letters"),
        (pl.DataFrame({"n": range(1_048_576)}), "1,048,576 rows, and a sheet has at most 1,048,575"),
        (
            pl.DataFrame({f"c{number}": [1] for number in range(16_385)}),
            "16,385 columns, and a sheet has at most 16,384",
        ),
        (pl.DataFrame({"s": ["x" * 32_768]}), "the column 's' has a text of more than 32,767 characters"),
        (pl.DataFrame({"x" * 256: [1]}), f"the name of the column '{'x' * 40}'... has more than 255 characters"),
        (pl.DataFrame({"d": [date(1899, 12, 31)]}), "the column 'd' has a day before 1900-01-01"),
    ],
)
def test_an_answer_that_excel_cannot_hold_is_refused(frame: pl.DataFrame, reason: str) -> None:
    """Otherwise the workbook would lack cells, or Excel would call it damaged. CSV holds the same answer."""
    with pytest.raises(ConfigError) as refused:
        make_workbook(frame, "UTC")
    assert str(refused.value) == f"Excel can't hold this answer: {reason}. Write a .csv or .parquet file instead"
    assert as_csv(frame, "UTC")


def test_the_largest_values_of_excel_are_written() -> None:
    """The limits themselves are within the limits."""
    frame = pl.DataFrame({"x" * 255: ["y" * 32_767], "d": [date(1900, 1, 1)]})
    found = cells(as_excel(frame, "UTC"))
    assert (found["A1"], found["A2"]) == ("x" * 255, "y" * 32_767)
