"""The page of a database, made in one go: it is open no longer than its questions take."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from etl.page.found import find
from etl.page.html import page
from etl.reports.ask import reach_of, require_known
from etl.store import sql_files
from etl.store.database import read_when_unlocked
from etl.store.read import run_query, run_sql_file

if TYPE_CHECKING:
    from etl.page.found import Asked, Found
    from etl.page.html import Made
    from etl.reports.ask import Source
    from etl.store.database import Connection


def make_page(source: Source, asked: Asked, made: Made) -> bytes:
    """The page as it is written to a file.

    Raises ConfigError where there are no snapshots, StoreLocked where another program writes for too long.
    """

    def use(connection: Connection) -> Found:
        first = reach_of(connection, source.database).first
        require_known(connection, source.database, asked.app_id)
        bound = {"prices": asked.prices}
        prices = run_query(connection, sql_files.text("page/prices"), bound, where=f"the file of prices {asked.prices}")
        return find(partial(run_sql_file, connection), asked, first=first, prices=prices)

    found = read_when_unlocked(source.database, use, lock_timeout=source.lock_timeout, sleep=source.sleep)
    return page(found, made).encode()
