"""What is logged, and how: on stderr, for cron's mail and for people."""

from __future__ import annotations

import logging
import time


def log_to_stderr(*, verbose: bool) -> None:
    """Log warnings, or everything of ours, to stderr with UTC instants."""
    handler = logging.StreamHandler()
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    ours = logging.getLogger("etl")
    ours.handlers = [handler]
    ours.propagate = False
    ours.setLevel(logging.DEBUG if verbose else logging.WARNING)
