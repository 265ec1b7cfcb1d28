"""The page of a database, made in one go: it is open no longer than its questions take."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from etl.page.found import find
from etl.page.html import page
from etl.reports.ask import read_database, require_known_app, snapshot_range
from etl.store import sql_files
from etl.store.read import run_query, run_sql_file

if TYPE_CHECKING:
    from etl.page.found import Asked, Found
    from etl.page.html import Made
    from etl.settings import ReadSettings
    from etl.store.database import Connection


def make_page(settings: ReadSettings, asked: Asked, made: Made) -> bytes:
    """The page as it is written to a file.

    Raises ConfigError where there are no snapshots, StoreLocked where another program writes for too long.
    """

    def use(connection: Connection) -> Found:
        first = snapshot_range(connection, settings.database).first
        require_known_app(connection, settings.database, asked.app_id)
        bound = {"prices": asked.prices}
        prices = run_query(connection, sql_files.text("page/prices"), bound, where=f"the file of prices {asked.prices}")
        return find(partial(run_sql_file, connection), asked, first=first, prices=prices)

    return page(read_database(settings, use), made).encode()
