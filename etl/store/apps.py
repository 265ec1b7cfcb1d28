"""The apps that a database knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.errors import UnknownApp
from etl.store.read import run_sql_file

if TYPE_CHECKING:
    from pathlib import Path

    from etl.store.database import Connection


def require_known_app(connection: Connection, database: Path, app_id: object) -> None:
    """Raise UnknownApp if no run has asked for this app. None stands for all apps."""
    if app_id is None:
        return
    apps = run_sql_file(connection, "read/apps")["app_id"].to_list()
    if app_id not in apps:
        raise UnknownApp(f"{database} holds nothing of app {app_id!r}; its apps are {', '.join(apps) or 'unknown'}")
