"""Read SQL files by name: `text("load/runs")` is the text of `sql/load/runs.sql`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
# A wheel has the folder `sql` inside the package. A checkout, and so an editable install, has it beside the package.
_ROOT = next(path for path in (_PACKAGE / "sql", _PACKAGE.parent / "sql") if path.is_dir())


@cache
def text(name: str) -> str:
    """Return the text of `sql/<name>.sql`."""
    return (_ROOT / f"{name}.sql").read_text(encoding="utf-8")


def file(name: str) -> Path:
    """Return the path of a file in `sql/` that is not a query."""
    return _ROOT / name


@cache
def names(folder: str) -> tuple[str, ...]:
    """Return the sorted names of the SQL files in a folder, such as `("migrations/0001_tables",)`."""
    return tuple(f"{folder}/{path.stem}" for path in sorted((_ROOT / folder).glob("*.sql")))
