"""The text of a SQL file, by its name: `text("load/runs")` is `sql/load/runs.sql`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
# The wheel carries the files inside the package; in a checkout, and so in an editable install, they stand beside it.
_ROOT = next(path for path in (_PACKAGE / "sql", _PACKAGE.parent / "sql") if path.is_dir())


@cache
def text(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (_ROOT / f"{name}.sql").read_text(encoding="utf-8")


def file(name: str) -> Path:
    """Where a file of `sql/` that is no query lies."""
    return _ROOT / name


@cache
def names(folder: str) -> tuple[str, ...]:
    """The names of the SQL files in a folder, sorted: `("migrations/0001_tables",)`."""
    return tuple(f"{folder}/{path.stem}" for path in sorted((_ROOT / folder).glob("*.sql")))
