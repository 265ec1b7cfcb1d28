"""Faults that replace the answer, delay it, or break it on its way."""

from __future__ import annotations

from dataclasses import dataclass, replace

from etl.simulator.answers import (
    AUTHENTICATION,
    MALFORMED_TOKEN,
    SLOW_DOWN,
    TEXT_TYPE,
    Answer,
    Ending,
    edge_page,
    gateway_error,
    realtimekit_error,
    retry_after,
    to_json,
)

# A reader that stops at 1 MiB must not have to read to the end to find out.
TOO_LARGE = 1024 * 1024 + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long faults take, in seconds: a slow answer, and the waits that 429s ask for.

    Cloudflare's edge (1xxx) asks for 5 to 120 s.
    """

    slow: float = 2.0
    retry_after: int = 1
    edge_retry_after: int = 5


def rate_limited(answer: Answer, timing: Timing) -> Answer:
    """429 with code 971 and Retry-After."""
    return replace(rate_limited_bare(answer, timing), headers=retry_after(timing.retry_after))


def rate_limited_bare(_answer: Answer, _timing: Timing) -> Answer:
    """429 with code 971, without Retry-After."""
    return SLOW_DOWN


def retry_after_zero(answer: Answer, timing: Timing) -> Answer:
    """429 with code 971 and Retry-After: 0, which would burn all attempts at once."""
    return replace(rate_limited_bare(answer, timing), headers=retry_after(0))


def edge_1015(_answer: Answer, timing: Timing) -> Answer:
    """429 of Cloudflare's edge, in plain text, with a Retry-After of some seconds."""
    return Answer(429, b"error code: 1015", TEXT_TYPE, retry_after(timing.edge_retry_after))


def internal_error(_answer: Answer, _timing: Timing) -> Answer:
    """500 in RealtimeKit's envelope."""
    return realtimekit_error(500, "Internal server error")


def bad_gateway_html(_answer: Answer, _timing: Timing) -> Answer:
    """502 with a page of HTML."""
    return edge_page(502, "502 Bad Gateway")


def unavailable(_answer: Answer, _timing: Timing) -> Answer:
    """503 in plain text."""
    return Answer(503, b"upstream connect error", TEXT_TYPE)


def edge_connect_timeout(_answer: Answer, _timing: Timing) -> Answer:
    """522 with a page of HTML: the edge could not reach the origin."""
    return edge_page(522, "522: Connection timed out")


def edge_timeout(_answer: Answer, _timing: Timing) -> Answer:
    """524 in plain text: the origin took too long for the edge."""
    return Answer(524, b"error code: 524", TEXT_TYPE)


def slow(answer: Answer, timing: Timing) -> Answer:
    """Right, but late."""
    return replace(answer, delay=timing.slow)


def dropped(answer: Answer, _timing: Timing) -> Answer:
    """No answer: the connection is closed."""
    return replace(answer, ending=Ending.DROPPED)


def cut_body(answer: Answer, _timing: Timing) -> Answer:
    """Half of the right body under the right headers, then the connection is closed."""
    return replace(answer, ending=Ending.CUT)


def malformed_token(_answer: Answer, _timing: Timing) -> Answer:
    """400 with code 6003 and a chain of 6111 and 6103: the token is no token. It is not a 401."""
    return MALFORMED_TOKEN


def authentication(_answer: Answer, _timing: Timing) -> Answer:
    """401 with code 10000: a bad token."""
    return AUTHENTICATION


def forbidden(_answer: Answer, _timing: Timing) -> Answer:
    """403 with code 10000: a wrong account, or an IP filter."""
    return replace(AUTHENTICATION, status=403)


def forbidden_plainly(_answer: Answer, _timing: Timing) -> Answer:
    """403 in RealtimeKit's envelope: how it says that a permission is missing is not documented."""
    return realtimekit_error(403, "Forbidden")


def scope(_answer: Answer, _timing: Timing) -> Answer:
    """403 with code 9109: the token lacks the scope."""
    return gateway_error(403, 9109, "Unauthorized to access requested resource")


def no_route(_answer: Answer, _timing: Timing) -> Answer:
    """404 with code 7003: a wrong account or app."""
    return gateway_error(404, 7003, "Could not route to the resource, perhaps your object identifier is invalid?")


def unknown_meeting(_answer: Answer, _timing: Timing) -> Answer:
    """404 in RealtimeKit's envelope which does not mean "no session"."""
    return realtimekit_error(404, "Meeting not found")


def success_false(_answer: Answer, _timing: Timing) -> Answer:
    """200 whose body says it failed."""
    return replace(realtimekit_error(500, "Something went wrong"), status=200)


def other_envelope(_answer: Answer, _timing: Timing) -> Answer:
    """200 in Cloudflare's usual `{result}`, which RealtimeKit does not use."""
    return Answer(200, to_json({"success": True, "errors": [], "messages": [], "result": {}}))


def not_json(_answer: Answer, _timing: Timing) -> Answer:
    """200 with a page of HTML."""
    return edge_page(200, "Just a moment...")


def not_object(_answer: Answer, _timing: Timing) -> Answer:
    """200 with JSON that is a list."""
    return Answer(200, b"[]")


def empty_body(_answer: Answer, _timing: Timing) -> Answer:
    """200 with no body at all."""
    return Answer(200, b"")


def too_large(_answer: Answer, _timing: Timing) -> Answer:
    """200 with valid JSON of more than 1 MiB."""
    return Answer(200, to_json({"success": True, "data": {}, "padding": "x" * TOO_LARGE}))
