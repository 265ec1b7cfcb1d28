"""docs/cookbook.md: every query of `sql/cookbook/`, with what it says about the recorded world.

`python -m tests.sql.cookbook` writes it anew.
"""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from etl.reports.catalogue import cookbook_themes
from etl.store import sql_files
from etl.store.database import open_to_read
from tests.sql.recorded import LAST, record

if TYPE_CHECKING:
    from tests.sql.recorded import Recorded

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "cookbook.md"
# What the queries take for the present.
NOW = LAST + timedelta(minutes=10)
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "\\|", "*": "\\*", "\t": " "})
_HEAD = """# Cookbook

Common questions, each with a complete query from [sql/cookbook/](../sql/cookbook). Paste a query into the DuckDB
command line, a notebook or a BI tool ([reading.md](reading.md)), or run it by its name, from anywhere:
`rtk-usage query busiest_hours`. `rtk-usage query --list` lists the names. Days, weeks and hours are UTC. For another
time zone, replace every `'UTC'`. The answers below come from a simulated world: 16 meetings, and a snapshot every three
hours from 25 October to 5 November 2026. For these answers, `now()` is the end of that time.

Three rules keep an answer right:

- `minutes_consumed` is a running total: never add it up over snapshots. The minutes of a period are `sum(minutes)` of
  the macro `minutes_between(since, until, tz, unit)`.
- Most queries say `type = 'meeting'`. Whether livestreams, participants and breakout rooms are billed beside their
  meeting is not documented.
- An idle meeting has no row in the tables, and a failed meeting is not idle. The view `outcomes` has both.

[data-model.md](data-model.md) describes every column.
"""
_ENTRY = """
### {name}

{question} O{grain}

{table}

<details><summary>sql/cookbook/{name}.sql</summary>

```sql
{sql}```

</details>
"""


def answer(recorded: Recorded, name: str, *, prices: Path | None = None) -> pl.DataFrame:
    """Return the answer of a query about the recorded world, right after its last snapshot.

    `prices` is a price file in the place of the tool's own.
    """
    sql = sql_files.text(f"cookbook/{name}").replace("now()", f"timestamptz '{NOW.isoformat()}'")
    sql = sql.replace("'sql/prices.csv'", f"'{prices or sql_files.file('prices.csv')}'")
    with open_to_read(recorded.database) as connection:
        return pl.DataFrame(connection.sql(sql))


def document(recorded: Recorded) -> str:
    """The text of docs/cookbook.md."""
    themes = cookbook_themes()
    contents = "".join(
        f"- {theme}: {', '.join(f'[{name}](#{name})' for name in questions)}\n" for theme, questions in themes.items()
    )
    return f"{_HEAD}\n{contents}" + "".join(
        f"\n## {theme}\n" + "".join(_entry(recorded, name, question) for name, question in questions.items())
        for theme, questions in themes.items()
    )


def _entry(recorded: Recorded, name: str, question: str) -> str:
    sql = sql_files.text(f"cookbook/{name}")
    _, grain, *_ = sql.splitlines()
    return _ENTRY.format(
        question=question,
        grain=grain.removeprefix("-- Grain: o"),
        table=_table(answer(recorded, name)),
        name=name,
        sql=sql,
    )


def _table(frame: pl.DataFrame) -> str:
    """A frame as a Markdown table: figures at the right, instants in UTC."""
    rules = ["---:" if kind.is_numeric() else "---" for kind in frame.dtypes]
    lines = [frame.columns, rules, *([_cell(value) for value in row] for row in frame.iter_rows())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.replace(microsecond=0, tzinfo=None)}"
    return str(value).translate(_ESCAPED)


def main() -> None:
    """Write the document."""
    with tempfile.TemporaryDirectory() as directory:
        DOCUMENT.write_text(document(record(Path(directory))), encoding="utf-8")


if __name__ == "__main__":
    main()
