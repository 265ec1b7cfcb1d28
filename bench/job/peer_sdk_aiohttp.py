"""The job with the official SDK over its aiohttp client, as its documentation shows (`cloudflare[aiohttp]`)."""

from __future__ import annotations

import asyncio

from cloudflare import DefaultAioHttpClient
from peer_sdk import parse_options, take_snapshot

if __name__ == "__main__":
    asyncio.run(take_snapshot(parse_options(), make_http_client=DefaultAioHttpClient))
