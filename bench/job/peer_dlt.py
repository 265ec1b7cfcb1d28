"""The job with dlt: its rest_api source, a resource that depends on the list of meetings, into DuckDB.

Written as its documentation advises: the dependent resource is parallelized; the single page is said, not
guessed; nothing is nested into tables of its own; the list of meetings itself is not loaded.

The number of threads is dlt's default, five: against a server on the same machine it is faster than the 32
the other contenders have under way (measured: 580 to 640 requests a second against 510 to 530), since threads
only take the interpreter from one another. `--concurrency` is therefore accepted and not used.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

# Before dlt is imported: a benchmark on the loopback interface reports to nobody.
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt
from dlt.sources.rest_api import rest_api_source

if TYPE_CHECKING:
    from dlt.sources.rest_api import RESTAPIConfig


def configuration(options: argparse.Namespace) -> RESTAPIConfig:
    """Describe the two resources: the meetings, and the active session of each."""
    meetings = [{"id": line} for line in options.meetings.read_text(encoding="utf-8").split()]
    app = f"accounts/{options.account_id}/realtime/kit/{options.app_id}"
    return {
        "client": {
            "base_url": options.base_url,
            "auth": {"type": "bearer", "token": os.environ["CLOUDFLARE_API_TOKEN"]},
            "paginator": "single_page",
        },
        "resources": [
            # One page with all of them: a dependent resource takes pages of its parent.
            dlt.resource([meetings], name="meetings", selected=False),
            {
                "name": "session_snapshots",
                "write_disposition": "append",
                "max_table_nesting": 0,
                "parallelized": True,
                "endpoint": {
                    "path": app + "/meetings/{resources.meetings.id}/active-session",
                    "data_selector": "data",
                    "response_actions": [
                        # Any other 404 means a wrong account or app, not an idle meeting.
                        {"status_code": 404, "content": "No active session found", "action": "ignore"}
                    ],
                },
            },
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("meetings", type=Path)
    parser.add_argument("--account-id", required=True)
    parser.add_argument("--app-id", required=True)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    options = parser.parse_args()
    pipeline = dlt.pipeline(
        "bench",
        # Its working state lies beside the database: each run starts from nothing, as the others do.
        pipelines_dir=str(options.database.with_suffix(".pipelines")),
        destination=dlt.destinations.duckdb(str(options.database)),
        dataset_name="usage",
    )
    pipeline.run(rest_api_source(configuration(options), name="realtimekit")).raise_on_failed_jobs()


if __name__ == "__main__":
    main()
