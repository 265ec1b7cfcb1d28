"""The style of the SQL files: comments that say what a row is, and lines that fit a screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SQL = Path(__file__).parents[2] / "sql"
FILES = sorted(path.relative_to(SQL).as_posix() for path in SQL.rglob("*.sql"))
LONGEST_LINE = 100
GRAIN = re.compile(r"-- Grain: one row\b")
# Their first line is a sentence for people: a report's summary, a check's rule, a cookbook's question.
WITH_A_SENTENCE = ("reports/", "checks/", "cookbook/")


def comment(name: str) -> list[str]:
    """Return the lines of a file's first comment."""
    lines = (SQL / name).read_text(encoding="utf-8").splitlines()
    return lines[: next(number for number, line in enumerate(lines) if not line.startswith("-- "))]


@pytest.mark.parametrize("name", FILES)
def test_a_line_has_at_most_100_characters(name: str) -> None:
    """Longer lines do not fit beside another window."""
    lines = (SQL / name).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > LONGEST_LINE] == []


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(("views/", "read/", "page/", "watch/"))])
def test_a_view_states_its_grain_first(name: str) -> None:
    """So do the queries that the program itself reads."""
    assert GRAIN.match(comment(name)[0])


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("macros/")])
def test_a_macro_for_rows_states_its_grain_first(name: str) -> None:
    """A macro for one value has no grain, but a comment."""
    text = (SQL / name).read_text(encoding="utf-8")
    assert bool(GRAIN.match(comment(name)[0])) == (" as table\n" in text)


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("migrations/")])
def test_every_table_has_its_grain_in_the_comment_above_it(name: str) -> None:
    """A comment of several lines begins with the grain."""
    text = (SQL / name).read_text(encoding="utf-8")
    comments = re.findall(r"\n\n((?:-- .*\n)+)create table", text)
    assert len(comments) == text.count("create table")
    assert all(GRAIN.match(above) for above in comments)


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(WITH_A_SENTENCE)])
def test_a_query_for_people_begins_with_a_sentence_and_its_grain(name: str) -> None:
    """The sentence is shown by the command line, without a full stop."""
    sentence, grain, *_ = comment(name)
    assert not sentence.endswith(".")
    assert GRAIN.match(grain)


@pytest.mark.parametrize("name", FILES)
def test_a_sql_file_begins_with_a_comment(name: str) -> None:
    """An analyst reads the first line and knows whether to read on."""
    assert comment(name)


@pytest.mark.parametrize("name", FILES)
def test_no_file_uses_the_function_if(name: str) -> None:
    """DuckDB 2 stores `if()` in a view or macro in a form that DuckDB 1 can't read. `case` works in both."""
    assert re.search(r"\bif\(", (SQL / name).read_text(encoding="utf-8")) is None
