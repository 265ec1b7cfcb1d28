"""Bodies of responses, as the API and Cloudflare in front of it send them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from etl.realtimekit.http.responses import RawResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_SESSION = "No active session found for meeting_id 0193f8a2"
HTML = b"<!DOCTYPE html><html><title>502 Bad Gateway</title>cloudflare</html>"
STAND_INS = [HTML, b"", b"[]"]  # with status 200 they are tried again
SESSION = {"id": "s1", "status": "LIVE", "live_participants": 0}


def response(status: int, content: bytes, headers: Mapping[str, str] | None = None) -> RawResponse:
    """A response that holds no token."""
    return RawResponse(status=status, headers=headers or {}, body=content)


def body(value: object) -> bytes:
    """Write a value as the body of an answer."""
    return json.dumps(value).encode()


def success(data: object, **more: Any) -> bytes:
    """RealtimeKit's envelope of a success."""
    return body({"success": True, "data": data, **more})


def room(code: object, message: object = "x") -> bytes:
    """RealtimeKit's envelope of an error, whose code is the HTTP status."""
    return body({"success": False, "error": {"code": code, "message": message}})


def gateway(code: object, message: object = "x", *chain: int, **more: Any) -> bytes:
    """Cloudflare's gateway's envelope of an error."""
    error: dict[str, Any] = {"code": code, "message": message}
    if chain:
        error["error_chain"] = [{"code": link, "message": "y"} for link in chain]
    return body({"success": False, "errors": [error], "messages": [], "result": None, **more})


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["success", "data", "error", "errors", "code", "message", "x"]), inner)
    ),
    max_leaves=12,
)
ANY_BODY = (
    st.binary() | ANY_JSON.map(body) | st.builds(gateway, ANY_JSON, ANY_JSON) | st.builds(room, ANY_JSON, ANY_JSON)
)
