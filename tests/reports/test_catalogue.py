"""Queries by name, from a file or as text, and their parameters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from etl.errors import ConfigError, WrongQuery
from etl.reports.catalogue import decode_query, find_report, read_query, report_descriptions
from etl.reports.parameters import query_parameters
from etl.reports.periods import Period
from etl.store import sql_files

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "type,low_usd_per_minute,high_usd_per_minute,note\n"
PERIOD = Period(since=datetime(2026, 11, 1, tzinfo=UTC), until=datetime(2026, 11, 2, tzinfo=UTC), tz="UTC")


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """The path of a user's own prices."""
    return tmp_path / "our prices.csv"


def bound_prices(prices: Path | None) -> object:
    """Return the value of $prices."""
    return query_parameters(PERIOD, prices=prices)["prices"]


def test_every_report_has_a_description() -> None:
    """The sentence is the first comment of its file."""
    assert [name for name, sentence in report_descriptions().items() if not sentence or sentence.startswith("--")] == []


def test_a_report_is_known_by_its_name() -> None:
    """Messages use the same name."""
    query = find_report("daily")
    assert (query.name, query.sql) == ("report daily", sql_files.text("reports/daily"))


def test_a_file_is_no_report_of_the_same_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a name that ends with .sql is a file, whatever is in the working directory."""
    (tmp_path / "daily.sql").write_text("select 1")
    (tmp_path / "daily").write_text("select 2")
    monkeypatch.chdir(tmp_path)
    assert find_report("daily.sql").sql == "select 1"
    assert find_report("daily").sql == sql_files.text("reports/daily")


@pytest.mark.parametrize("name", ["dialy", "", "DAILY?", "../reports/daily", "\x1b[31m", "\udcff"])
def test_what_is_no_report_is_answered_with_those_there_are(name: str) -> None:
    """The name is quoted, so that it can't move the cursor of a terminal."""
    with pytest.raises(WrongQuery, match="The reports are accuracy, ") as refused:
        find_report(name)
    assert repr(name) in str(refused.value)


def test_the_report_that_may_be_meant_is_named() -> None:
    """The message suggests the most similar name."""
    with pytest.raises(WrongQuery, match=r"Did you mean daily\?"):
        find_report("dialy")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The file may be missing, or a directory."""
    (tmp_path / "folder.sql").mkdir()
    for name, said in (("nowhere.sql", "No such file"), ("folder.sql", "Is a directory")):
        with pytest.raises(ConfigError, match=rf"{name}: {said}.*; name a SQL file that can be read, or a report"):
            read_query(tmp_path / name)


def test_a_query_is_text() -> None:
    """The encoding is UTF-8, with or without a byte-order mark."""
    assert decode_query("\ufeffselect 'é'".encode(), name="it").sql == "select 'é'"
    with pytest.raises(ConfigError, match="it is not text in UTF-8"):
        decode_query(b"select '\xff'", name="it")


@pytest.mark.parametrize("app_id", ["", "two words", "\udcff", "a/b"])
def test_what_can_be_no_app_is_refused(app_id: str) -> None:
    """An answer without rows would look as if the app had no usage."""
    with pytest.raises(ConfigError, match="is not a valid app ID"):
        query_parameters(PERIOD, app_id=app_id)


def test_the_prices_that_come_with_the_tool_keep_their_own_rules() -> None:
    """They are the default."""
    ours = sql_files.file("prices.csv")
    assert bound_prices(None) == bound_prices(ours) == str(ours)


@pytest.mark.parametrize(
    "content",
    [
        HEADER,
        HEADER + "meeting,0,0.5,\n",
        "\ufeff" + HEADER.replace("\n", "\r\n") + 'meeting,0.001,2,"a, b; c"\r\n\r\n',
    ],
)
def test_prices_are_a_csv_file(prices: Path, content: str) -> None:
    """The file may have a byte-order mark, Windows line ends, empty lines, and quoted notes or none."""
    prices.write_bytes(content.encode())
    assert bound_prices(prices) == str(prices)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ": its first line must be type,low_usd_per_minute,high_usd_per_minute,note"),
        ("meeting,1,2,x\n", ": its first line must be"),
        (HEADER.replace(",", ";"), ": its first line must be"),
        ("type,high_usd_per_minute,low_usd_per_minute,note\nmeeting,2,1,x\n", ": its first line must be"),
        (HEADER + "meeting,cheap,2,x\n", ", line 2: .*'meeting,cheap,2,x'"),
        (HEADER + "meeting,,2,x\n", ", line 2: "),
        (HEADER + "meeting,-1,2,x\n", ", line 2: "),
        (HEADER + "meeting,1e-3,2,x\n", ", line 2: "),
        (HEADER + "meeting,nan,2,x\n", ", line 2: "),
        (HEADER + "meeting,1,1000000,x\n", ", line 2: "),
        (HEADER + "meeting,1,2\n", ", line 2: "),
        (HEADER + "meeting,1,2,x,y\n", ", line 2: "),
        (HEADER + "meeting,1,2,x\nmeeting,3,4,y\n", ", line 3: the type 'meeting' has prices in a line above"),
        (HEADER + 'meeting,1,2,"x\n', " is not a CSV file: "),
    ],
)
def test_prices_that_would_be_misread_are_refused(prices: Path, content: str, said: str) -> None:
    """The message names the file and the line, because a wrong estimate looks like a right one."""
    prices.write_text(content)
    with pytest.raises(ConfigError, match=rf"our prices\.csv{said}"):
        bound_prices(prices)


def test_prices_that_are_not_there_or_no_text_are_refused(prices: Path) -> None:
    """The message names the file."""
    with pytest.raises(ConfigError, match=r"our prices\.csv: No such file"):
        bound_prices(prices)
    prices.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"our prices\.csv is not text in UTF-8"):
        bound_prices(prices)
