"""What the headers `Ratelimit` and `Ratelimit-Policy` of an answer say: pure, from text to values.

Both are structured field lists (RFC 9651), as Cloudflare documents them: `"default";r=50;t=30` says that 50 requests
are left and that the window ends in 30 s, `"default";q=1200;w=300` that 1,200 are allowed in 300 s. What can't be
read says nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^",;]+|[,;]')
_COUNT = re.compile("[0-9]{1,15}")
_SECONDS = re.compile("[0-9]{1,9}([.][0-9]{1,3})?")

_Parameters = dict[str, str]


class Standing(NamedTuple):
    """How a token stands against one limit: requests `left`, and in how many `seconds` its window ends.

    `quota` is how many a window allows. None stands for what the API did not say, or not readably.
    """

    name: str
    left: int
    seconds: float | None
    quota: int | None


def standings(headers: Mapping[str, str]) -> list[Standing]:
    """How a token stands, by limit; empty where the headers are missing or say nothing that can be read."""
    said = headers.get("ratelimit")
    if not said:
        return []
    policies = _policies(headers.get("ratelimit-policy", ""))
    found = []
    items = _items(said)
    if len(items) == len(policies) == 1:  # one limit and one policy belong together, whatever each is called
        policies = {items[0][0]: next(iter(policies.values()))}
    for name, parameters in items:
        left, policy = _count(parameters, "r"), policies.get(name, {})
        if left is not None:
            seconds = _seconds(parameters, "t")
            seconds = _seconds(policy, "w") if seconds is None else seconds
            found.append(Standing(name, left, seconds, _count(policy, "q")))
    return found


@lru_cache(maxsize=8)
def _policies(header: str) -> dict[str, _Parameters]:
    """The parameters of each policy. Every answer brings the same ones."""
    return dict(_items(header))


def _items(header: str) -> list[tuple[str, _Parameters]]:
    """The items of a structured field list: each one's value, without quotation marks, and its parameters."""
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


def _count(parameters: _Parameters, key: str) -> int | None:
    value = parameters.get(key, "")
    return int(value) if _COUNT.fullmatch(value) else None


def _seconds(parameters: _Parameters, key: str) -> float | None:
    value = parameters.get(key, "")
    return float(value) if _SECONDS.fullmatch(value) else None
