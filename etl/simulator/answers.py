"""Answers as values, in each of the envelopes the API uses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

JSON_TYPE = b"application/json"
HTML_TYPE = b"text/html; charset=UTF-8"
TEXT_TYPE = b"text/plain; charset=UTF-8"

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Ending(Enum):
    """How an answer leaves the socket."""

    WHOLE = "whole"
    CUT = "cut"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent: status, body and headers; `delay` seconds late, and whole unless `ending` says else."""

    status: int
    body: bytes
    content_type: bytes = JSON_TYPE
    headers: tuple[tuple[bytes, bytes], ...] = ()
    ending: Ending = Ending.WHOLE
    delay: float = 0.0


def to_json(value: object) -> bytes:
    """Write a value as compact JSON in UTF-8."""
    return _encode(value).encode()


def success(data: object, **beside: object) -> Answer:
    """Answer 200 with RealtimeKit's `{success, data}`, and further keys such as `paging`."""
    return Answer(200, to_json({"success": True, "data": data, **beside}))


def realtimekit_error(status: int, message: str) -> Answer:
    """Refuse as RealtimeKit does: `{success: false, error: {code, message}}`, the code being the status."""
    return Answer(status, to_json({"success": False, "error": {"code": status, "message": message}}))


def gateway_error(status: int, code: int, message: str, *chain: tuple[int, str]) -> Answer:
    """Refuse as Cloudflare's gateway does: `{success: false, errors, messages, result}`.

    `chain` holds the (code, message) pairs of the error's `error_chain`, which is left out if empty.
    """
    error: dict[str, Any] = {"code": code, "message": message}
    if chain:
        error["error_chain"] = [{"code": number, "message": text} for number, text in chain]
    return Answer(status, to_json({"success": False, "errors": [error], "messages": [], "result": None}))


def edge_page(status: int, title: str) -> Answer:
    """Fail as Cloudflare's edge does, with a page of HTML."""
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Answer(status, page.encode(), HTML_TYPE)


def retry_after(seconds: int) -> tuple[tuple[bytes, bytes], ...]:
    """Give the header `Retry-After`, in whole seconds."""
    return ((b"retry-after", str(seconds).encode()),)


MALFORMED_TOKEN = gateway_error(
    400,
    6003,
    "Invalid request headers",
    (6111, "Invalid format for Authorization header"),
    (6103, "Invalid format for X-Auth-Key header"),
)
"""The token is no token: 400, not 401."""

AUTHENTICATION = gateway_error(401, 10000, "Authentication error")
"""A bad token."""

SLOW_DOWN = gateway_error(429, 971, "Please wait and consider throttling your request speed")
"""Too many requests."""
