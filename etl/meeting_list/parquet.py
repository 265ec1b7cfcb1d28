"""Read a meeting list in Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.errors import ConfigError
from etl.meeting_list.columns import ColumnError, find_id_columns
from etl.meeting_list.entries import Entries, UnreadableEntry
from etl.values.meetings import is_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    import polars as pl

    from etl.meeting_list.entries import Entry

_BATCH_ROWS = 20_000
_UUID_BYTES = 16


def read_parquet(source: Path | BinaryIO, name: str) -> Entries:
    """Read the columns of the IDs of a Parquet file. The line is the number of the row.

    Raises ConfigError if it is not a Parquet file, or if it has no column that is certainly the meeting ID.
    """
    import polars as pl  # noqa: PLC0415  # takes a tenth of a second, and only this format needs it

    try:
        file = pl.scan_parquet(source, glob=False, hive_partitioning=False)  # brackets in a name are not a pattern
        schema = file.collect_schema()
        places = find_id_columns(tuple(schema.names()))
    except pl.exceptions.PolarsError as error:
        raise _not_parquet(name, error) from error
    except ColumnError as error:
        raise ConfigError(f"{name}: column {error}; expected meeting_id and, for several apps, app_id") from None
    names = [schema.names()[place] for place in (places.meeting, places.app) if place is not None]
    has_bytes = any(schema[column] == pl.Binary for column in names)
    categories = (pl.Categorical, pl.Enum)
    chosen = file.select(
        pl.col(column).cast(pl.String) if isinstance(schema[column], categories) else pl.col(column) for column in names
    )
    return Entries(
        rows=_read_rows(chosen, name, has_bytes=has_bytes),
        meeting_column=names[0],
        app_column=names[1] if len(names) > 1 else None,
    )


def _read_rows(frame: pl.LazyFrame, name: str, *, has_bytes: bool) -> Iterator[Entry]:
    import polars as pl  # noqa: PLC0415  # see above

    rows = (row for batch in frame.collect_batches(chunk_size=_BATCH_ROWS) for row in batch.iter_rows())
    try:
        for number, row in enumerate(rows, 1):
            ids = tuple(map(_decode, row)) if has_bytes else row
            yield number, ids[0], ids[1] if len(ids) > 1 else None
    except pl.exceptions.PolarsError as error:
        raise _not_parquet(name, error) from error


def _decode(value: object) -> object:
    """Decode binary data: an ID in ASCII, or else the 16 bytes of a UUID. Other values stay as they are."""
    if not isinstance(value, bytes):
        return value
    text = value.decode("ascii", "replace")
    if is_id(text):
        return text
    if len(value) != _UUID_BYTES:
        return UnreadableEntry(text=value, problem="is binary data, and neither an ID in ASCII nor the bytes of a UUID")
    digits = value.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _not_parquet(name: str, error: Exception) -> ConfigError:
    return ConfigError(f"{name}: not valid Parquet: {error}; write the file again, or save the list as CSV")
