"""The job with dlt: its rest_api source, and its DuckDB destination.

Written as its documentation advises: a resource that depends on the meetings and is parallelized, or a resource with
pages; nested values stay in their column; the list of meetings itself is not loaded.

The number of threads is dlt's default, five. With 32 it takes the same CPU against a server on the same machine.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

# Before dlt is imported, so that the benchmark sends no telemetry.
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt
from dlt.sources.rest_api import rest_api_source

if TYPE_CHECKING:
    from dlt.extract import DltResource
    from dlt.sources.rest_api.typing import EndpointResource, RESTAPIConfig

PAGE_SIZE = 100


def configuration(options: argparse.Namespace) -> RESTAPIConfig:
    """Describe the API, and the resource that becomes the table `session_snapshots`."""
    meeting_ids = options.meetings.read_text(encoding="utf-8").split()
    return {
        "client": {
            "base_url": f"{options.base_url}/accounts/{options.account_id}/realtime/kit/{options.app_id}/",
            "auth": {"type": "bearer", "token": os.environ["CLOUDFLARE_API_TOKEN"]},
        },
        "resource_defaults": {"write_disposition": "append", "max_table_nesting": 0},
        "resources": by_list(meeting_ids) if options.via == "list" else each(meeting_ids),
    }


def each(meeting_ids: list[str]) -> list[str | EndpointResource | DltResource]:
    """Describe one request per meeting."""
    return [
        # One page with all meetings: a dependent resource takes pages of its parent.
        dlt.resource([[{"id": meeting_id} for meeting_id in meeting_ids]], name="meetings", selected=False),
        {
            "name": "session_snapshots",
            "parallelized": True,
            "endpoint": {
                "path": "meetings/{resources.meetings.id}/active-session",
                "data_selector": "data",
                "paginator": "single_page",
                "response_actions": [
                    # Any other 404 means a wrong account or app, not an idle meeting.
                    {"status_code": 404, "content": "No active session found", "action": "ignore"}
                ],
            },
        },
    ]


def by_list(meeting_ids: list[str]) -> list[str | EndpointResource | DltResource]:
    """Describe the app's list of live sessions, of which those of the meetings are kept."""
    watched = set(meeting_ids)
    return [
        {
            "name": "session_snapshots",
            "endpoint": {
                "path": "sessions",
                "params": {"status": "LIVE", "per_page": PAGE_SIZE},
                "data_selector": "data.sessions",
                # The API gives the number of sessions, not of pages: the list ends with an empty page.
                "paginator": {"type": "page_number", "base_page": 1, "page_param": "page_no", "total_path": None},
            },
            "processing_steps": [{"filter": lambda session: session["associated_id"] in watched}],
        }
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("meetings", type=Path)
    parser.add_argument("--account-id", required=True)
    parser.add_argument("--app-id", required=True)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--via", choices=("meetings", "list"), required=True)
    options = parser.parse_args()
    pipeline = dlt.pipeline(
        "bench",
        # Its working state stands beside the database, so that each run starts from nothing, as the others do.
        pipelines_dir=str(options.database.with_suffix(".pipelines")),
        destination=dlt.destinations.duckdb(str(options.database)),
        dataset_name="usage",
    )
    pipeline.run(rest_api_source(configuration(options), name="realtimekit")).raise_on_failed_jobs()


if __name__ == "__main__":
    main()
