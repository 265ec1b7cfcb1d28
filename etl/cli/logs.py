"""Logging to standard error, for the mail of cron and for people."""

from __future__ import annotations

import logging
import time


def log_to_stderr(*, verbose: bool) -> None:
    """Log warnings to standard error, with UTC instants. `verbose` logs every message of this package."""
    handler = logging.StreamHandler()
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    package = logging.getLogger("etl")
    package.handlers = [handler]
    package.propagate = False
    package.setLevel(logging.DEBUG if verbose else logging.WARNING)
