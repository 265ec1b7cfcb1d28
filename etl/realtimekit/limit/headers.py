"""Parse the response headers `Ratelimit` and `Ratelimit-Policy`.

Both are structured field lists (RFC 9651), as Cloudflare documents them. `"default";r=50;t=30` means that 50 requests
remain and that the window ends in 30 s; `"default";q=1200;w=300` means that 1,200 requests are allowed in 300 s. Items
that are not readable are ignored.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^",;]+|[,;]')
_NUMBER = re.compile("-?[0-9]{1,15}([.][0-9]{1,3})?")
_SECONDS = re.compile("[0-9]{1,9}([.][0-9]{1,3})?")

_Parameters = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """One limit in the headers of a response: `remaining` requests until the window resets in `reset_seconds`.

    `quota` is the number of requests that a window allows. None stands for a value that is missing or not readable.
    """

    name: str
    remaining: int
    reset_seconds: float | None
    quota: int | None


def parse_rate_limits(headers: Mapping[str, str]) -> list[RateLimit]:
    """Return the limits that the headers of a response state, or an empty list if they state none."""
    ratelimit = headers.get("ratelimit")
    if not ratelimit:
        return []
    items, policies = _items(ratelimit), dict(_items(headers.get("ratelimit-policy", "")))
    if len(items) == len(policies) == 1:  # a single limit and a single policy belong together under any names
        policies = {items[0][0]: next(iter(policies.values()))}
    limits = (_rate_limit(name, parameters, policies.get(name, {})) for name, parameters in items)
    return [limit for limit in limits if limit is not None]


def _rate_limit(name: str, parameters: _Parameters, policy: _Parameters) -> RateLimit | None:
    """Build a limit from an item and its policy; None if the item has no readable number of remaining requests.

    A reset that is not stated is at most one window away, by the policy.
    """
    remaining, quota = _number(parameters, "r"), _number(policy, "q")
    if remaining is None:
        return None
    reset_seconds = _seconds(parameters, "t")
    return RateLimit(
        name=name,
        remaining=max(0, remaining),  # a server may count below zero
        reset_seconds=_seconds(policy, "w") if reset_seconds is None else reset_seconds,
        quota=None if quota is None or quota < 0 else quota,
    )


def _items(header: str) -> list[tuple[str, _Parameters]]:
    """Parse the items of a structured field list: the value of each, without quotation marks, and its parameters."""
    items: list[tuple[str, _Parameters]] = []
    is_new, is_parameter = True, False
    for token in _TOKEN.findall(header):
        text = token.strip()
        if text == ",":
            is_new = True
        elif text == ";":
            is_parameter = True
        elif is_new and text:
            items.append((text.strip('"'), {}))
            is_new = is_parameter = False
        elif is_parameter and text:
            key, _, value = text.partition("=")
            items[-1][1].setdefault(key.strip().lower(), value.strip())
            is_parameter = False
    return items


def _number(parameters: _Parameters, key: str) -> int | None:
    """Return a number, rounded down: an integer or a decimal of structured fields. None if it is neither."""
    value = parameters.get(key, "")
    return math.floor(Decimal(value)) if _NUMBER.fullmatch(value) else None


def _seconds(parameters: _Parameters, key: str) -> float | None:
    value = parameters.get(key, "")
    return float(value) if _SECONDS.fullmatch(value) else None
