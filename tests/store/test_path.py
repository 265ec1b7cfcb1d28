"""The path of a database: a file of DuckDB on this machine, or one that does not exist yet."""

from __future__ import annotations

import gzip
import os
import pwd
import socket
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import ConfigError
from etl.store.database import open_database, open_to_read
from etl.store.path import parse_database_path

if TYPE_CHECKING:
    from collections.abc import Callable

# The characters that mean something to a shell, to SQL, to a URL or to a file pattern.
SPECIAL_NAMES = ["a'b", 'a"b', "a;b", "a?b", "a*b", "a#b", "a%20b", "a b", "[a]", "{a,b}", "a$b", "x.csv.gz"]


@pytest.mark.parametrize(
    "text",
    [
        *(":memory:", ":memory:usage", "md:usage", "motherduck:usage", "quack:localhost", "ducklake:usage.ducklake"),
        *("postgres:dbname=usage", "sqlite:usage.db", "mysql:usage", "file:usage.duckdb", "file:///data/usage.duckdb"),
        *("s3://bucket/usage.duckdb", "gs://bucket/x", "http://host/x", "https://host/x", "C:\\data\\usage.duckdb"),
        "-",
    ],
)
def test_a_database_that_is_not_a_file_on_this_machine_is_refused(text: str) -> None:
    """DuckDB would keep the rows in memory, or send them to another machine."""
    with pytest.raises(ConfigError, match="is not the path of a file on this machine; name a file") as caught:
        parse_database_path(text)
    assert text in str(caught.value).replace("\\\\", "\\")


@pytest.mark.parametrize("text", ["", "a\nb", "a\x00b", "a\x1b[2J", "a\udcff"])
def test_a_name_that_cant_be_printed_is_refused(text: str) -> None:
    """A message could not show it."""
    with pytest.raises(ConfigError, match="the name of a file has to be printable text"):
        parse_database_path(text)


@pytest.mark.parametrize("text", ["a\\b", "a\\b/usage.duckdb"])
def test_a_backslash_is_refused(text: str) -> None:
    """DuckDB 2 would open the file b in the directory a."""
    with pytest.raises(ConfigError, match="DuckDB 2 reads a backslash as /"):
        parse_database_path(text)


@pytest.mark.parametrize("text", ["$HOME/usage.duckdb", "${DATA}/usage.duckdb", "/data/$USER/usage.duckdb"])
def test_a_variable_that_no_shell_has_replaced_is_refused(text: str) -> None:
    """Docker and systemd pass such a text on. It would become the name of a new directory."""
    with pytest.raises(ConfigError, match="holds a variable that no shell has replaced by its value"):
        parse_database_path(text)


@pytest.mark.parametrize("text", [".", "..", "/", "missing/..", "data/", "usage.duckdb/"])
def test_the_name_of_a_directory_is_refused(text: str) -> None:
    """No file can have such a name."""
    with pytest.raises(ConfigError, match="is the name of a directory; name a file in it"):
        parse_database_path(text)


@pytest.mark.parametrize("length", [241, 256, 5000])
def test_a_name_that_is_too_long_is_refused(length: int) -> None:
    """The names of the files beside the database are longer than its own."""
    with pytest.raises(ConfigError, match="too long"):
        parse_database_path("x" * length)


def test_the_longest_name_leaves_room_for_the_files_beside_it(tmp_path: Path) -> None:
    """The longest is that of the write-ahead log of an unfinished database."""
    with open_database(parse_database_path(str(tmp_path / ("x" * 240)))):
        pass


def test_home_directories_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker and systemd leave a `~` in a variable as it is."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse_database_path("~/usage.duckdb") == tmp_path / "usage.duckdb"
    user = pwd.getpwuid(os.getuid())
    assert parse_database_path(f"~{user.pw_name}/usage.duckdb") == Path(user.pw_dir) / "usage.duckdb"
    assert parse_database_path("./~/usage.duckdb") == Path("~/usage.duckdb")


def test_the_home_directory_of_an_unknown_user_is_refused() -> None:
    """The text would become the name of a new directory."""
    with pytest.raises(ConfigError, match="'~nobody-has-this-name/x' is not the path of a file: Could not determine"):
        parse_database_path("~nobody-has-this-name/x")


def make_sqlite(path: Path) -> None:
    """Make a SQLite database."""
    with sqlite3.connect(path) as connection:
        connection.execute("create table runs (id integer)")
    connection.close()


def make_parquet(path: Path) -> None:
    """Make a Parquet file."""
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 1 as id) to '{path}' (format parquet)")


def make_socket(path: Path) -> None:
    """Make a socket."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


OTHER_FILES: dict[str, Callable[[Path], object]] = {
    "a SQLite database": make_sqlite,
    "a Parquet file": make_parquet,
    "a gzip file, which has to be unpacked": lambda path: path.write_bytes(gzip.compress(b"x" * 9000)),
    "a ZIP file, which has to be unpacked": lambda path: path.write_bytes(b"PK\x03\x04 and more"),
    "not a DuckDB database": lambda path: path.write_text("meeting_id,app_id\na,b\n"),
    "an empty file of 0 bytes, which has to be deleted": lambda path: path.touch(),
    "a directory, not a file": lambda path: path.mkdir(),
    "a named pipe, not a file": os.mkfifo,
    "a socket, not a file": make_socket,
    "a device, not a file": lambda path: path.symlink_to("/dev/null"),
}


@pytest.mark.parametrize("description", OTHER_FILES)
def test_something_else_than_a_database_is_named_for_what_it_is(tmp_path: Path, description: str) -> None:
    """This is decided before anything else is done, and again whenever the database is opened. Nothing is changed."""
    path = tmp_path / "usage.duckdb"
    OTHER_FILES[description](path)
    before = path.read_bytes() if path.is_file() else b""
    for use in (lambda: parse_database_path(str(path)), open_database(path).__enter__, open_to_read(path).__enter__):
        with pytest.raises(ConfigError, match=f"is {description}.*; name another file with --database"):
            use()
    assert (path.read_bytes() if path.is_file() else b"") == before
    assert [file.name for file in tmp_path.iterdir()] == ["usage.duckdb"]


def test_a_database_is_created_where_a_link_leads(tmp_path: Path) -> None:
    """Staged runs and locks are beside the file itself, whatever links lead to it."""
    (tmp_path / "link").symlink_to("other")
    (tmp_path / "other").symlink_to(tmp_path / "usage.duckdb")
    assert parse_database_path(str(tmp_path / "link")) == tmp_path / "usage.duckdb"


def test_links_that_lead_in_a_circle_are_refused(tmp_path: Path) -> None:
    """No file can be there."""
    (tmp_path / "link").symlink_to("link")
    with pytest.raises(ConfigError, match="is not the path of a file: "):
        parse_database_path(str(tmp_path / "link"))


@pytest.mark.parametrize("name", [*SPECIAL_NAMES, ":memory:", "md:usage", "~", "-", "s3:x"])
def test_a_file_can_have_any_name(tmp_path: Path, name: str) -> None:
    """DuckDB gets an absolute path, quoted, so that no character means more than itself."""
    path = parse_database_path(str(tmp_path / name))
    with open_database(path) as connection:
        connection.execute("insert into meeting_lists values ('list', 'app', 'meeting')")
    with open_to_read(path) as connection:
        assert connection.execute("select count(*) from meeting_lists").fetchall() == [(1,)]
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("text", ["./:memory:", "./md:usage", "./-", "./~", "usage.duckdb", "new/usage.duckdb"])
def test_a_relative_path_is_a_file_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """The same text in another working directory is another file."""
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        monkeypatch.chdir(folder)
        with open_database(parse_database_path(text)):
            pass
        assert (folder / text).is_file()


@given(st.text(st.characters(codec="utf-8"), max_size=30) | st.text(st.sampled_from("~/.:$-a \\'\"#%?*;"), max_size=12))
def test_any_text_is_a_path_or_a_wrong_setting(text: str) -> None:
    """No text ends in an error of the system, and none means a directory or a file without a name."""
    try:
        path = parse_database_path(text)
    except ConfigError:
        return
    assert path.name not in {"", ".", ".."}
    assert not path.is_dir()
