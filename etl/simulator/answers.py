"""Answers as values, in each of the envelopes that the API uses.

RealtimeKit's envelope is `{success, data}` or `{success, error}`, Cloudflare's gateway adds `errors`, `messages` and
`result`, its edge sends HTML or plain text. Sources: published pages, the description, and public issue threads.
"""

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
    """The end of an answer: sent whole, cut in the middle of its body, or the connection closed without a byte."""

    WHOLE = "whole"
    CUT = "cut"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer: status, body and headers, sent `delay_seconds` late; `ending` says how much of it is sent."""

    status: int
    body: bytes
    content_type: bytes = JSON_TYPE
    headers: tuple[tuple[bytes, bytes], ...] = ()
    ending: Ending = Ending.WHOLE
    delay_seconds: float = 0.0


def to_json(value: object) -> bytes:
    """Write a value as compact JSON in UTF-8."""
    return _encode(value).encode()


def success(data: object, **other_keys: object) -> Answer:
    """Answer 200 with RealtimeKit's `{success, data}`, and further keys such as `paging`."""
    return Answer(status=200, body=to_json({"success": True, "data": data, **other_keys}))


def realtimekit_error(status: int, message: str) -> Answer:
    """Refuse as RealtimeKit does: `{success: false, error: {code, message}}`, where the code is the status."""
    return Answer(status=status, body=to_json({"success": False, "error": {"code": status, "message": message}}))


def gateway_error(status: int, code: int, message: str, *chain: tuple[int, str]) -> Answer:
    """Refuse as Cloudflare's gateway does: `{success: false, errors, messages, result}`.

    `chain` holds the (code, message) pairs of the error's `error_chain`; without pairs the key is left out.
    """
    error: dict[str, Any] = {"code": code, "message": message}
    if chain:
        error["error_chain"] = [{"code": number, "message": text} for number, text in chain]
    return Answer(status=status, body=to_json({"success": False, "errors": [error], "messages": [], "result": None}))


def rate_limit_error(retry_after_seconds: int | None = None) -> Answer:
    """Refuse with 429 and code 971, and with the header `Retry-After` if the seconds are given."""
    headers = () if retry_after_seconds is None else ((b"retry-after", b"%d" % retry_after_seconds),)
    body = gateway_error(429, 971, "Please wait and consider throttling your request speed").body
    return Answer(status=429, body=body, headers=headers)


def edge_page(status: int, title: str) -> Answer:
    """Fail as Cloudflare's edge does, with an HTML page."""
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Answer(status=status, body=page.encode(), content_type=HTML_TYPE)


MALFORMED_TOKEN = gateway_error(
    400,
    6003,
    "Invalid request headers",
    (6111, "Invalid format for Authorization header"),
    (6103, "Invalid format for X-Auth-Key header"),
)
"""The token is malformed: 400, not 401."""

AUTHENTICATION_ERROR = gateway_error(401, 10000, "Authentication error")
"""The token is well-formed, but wrong."""

INVALID_TOKEN = gateway_error(401, 1000, "Invalid API Token")
"""The token is well-formed, but unknown where it is verified."""
