"""Excel workbooks: what Excel can hold, and the package that writes it."""

from __future__ import annotations

import io
from collections import Counter
from datetime import date
from importlib.util import find_spec
from typing import TYPE_CHECKING

import polars as pl
import polars.selectors as cs

from etl.errors import ConfigError
from etl.extras import missing_extra

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = "xlsxwriter"
# Excel's limits. The first row of a sheet has the names of the columns.
_MOST_ROWS, _MOST_COLUMNS = 1_048_575, 16_384
_LONGEST_NAME, _LONGEST_TEXT = 255, 32_767
_FIRST_DAY = date(1900, 1, 1)


def require_excel() -> None:
    """Raise ConfigError if the package that writes workbooks is not installed."""
    if find_spec(_PACKAGE) is None:
        raise missing_extra(ModuleNotFoundError(name=_PACKAGE), "excel")


def make_workbook(frame: pl.DataFrame, tz: str) -> bytes:
    """Make a workbook with one sheet. Instants are local times of the zone, which Excel does not know.

    Excel holds figures with 15 digits. Texts stay texts, whatever they begin with. Nan and infinity are empty cells.
    Raises ConfigError if the package is not installed, or if Excel can't hold the rows.
    """
    require_excel()
    from xlsxwriter import Workbook  # noqa: PLC0415  # only a workbook needs it

    for reason in _misfits(frame):
        raise ConfigError(f"Excel can't hold this answer: {reason}. Write a .csv or .parquet file instead")
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_urls": False, "strings_to_formulas": False}
    with Workbook(content, options) as workbook:
        _in_types_of_excel(frame, tz).write_excel(workbook, dtype_formats={pl.Float64: "General"}, autofit=True)
    return content.getvalue()


def _misfits(frame: pl.DataFrame) -> Iterator[str]:
    """Yield the reasons why a sheet can't hold the rows. The library would write less, or a damaged file."""
    if frame.height > _MOST_ROWS:
        yield f"{frame.height:,} rows, and a sheet has at most {_MOST_ROWS:,}"
    if frame.width > _MOST_COLUMNS:
        yield f"{frame.width:,} columns, and a sheet has at most {_MOST_COLUMNS:,}"
    lower, uses = Counter(name.lower() for name in frame.columns).most_common(1)[0]
    if uses > 1:
        same = " and ".join(repr(name) for name in frame.columns if name.lower() == lower)
        yield f"the columns {same} differ only in capital letters"
    for name in frame.columns:
        if len(name) > _LONGEST_NAME:
            yield f"the name of the column {name[:40]!r}... has more than {_LONGEST_NAME} characters"
    for name in frame.select(cs.string()).columns:
        if (frame[name].str.len_chars() > _LONGEST_TEXT).any():
            yield f"the column {name!r} has a text of more than {_LONGEST_TEXT:,} characters"
    for name in frame.select(cs.date() | cs.datetime()).columns:
        if (frame[name].cast(pl.Date) < _FIRST_DAY).any():
            yield f"the column {name!r} has a day before {_FIRST_DAY}"


def _in_types_of_excel(frame: pl.DataFrame, tz: str) -> pl.DataFrame:
    """Convert decimals to floats, instants to local times, and nan and infinity to missing values."""
    figures = frame.with_columns((cs.decimal() | cs.float()).cast(pl.Float64))
    finite = figures.with_columns(
        pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in figures.select(cs.float()).columns
    )
    return finite.with_columns(cs.datetime(time_zone="*").dt.convert_time_zone(tz).dt.replace_time_zone(None))
