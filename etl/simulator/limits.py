"""Cloudflare's limit on requests: so many in a window, and over it a refusal of five minutes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

# "then ALL calls are refused for the next 5 minutes", whatever the window.
REFUSAL = timedelta(minutes=5)


@dataclass(frozen=True)
class Quota:
    """So many requests in a window of so long, for one token; the documented 1,200 in 300 s unless told."""

    requests: int = 1200
    window: timedelta = timedelta(seconds=300)

    def __post_init__(self) -> None:
        if self.requests < 1 or self.window < timedelta(seconds=1):
            raise ValueError(f"a quota of {self}: both its requests and its seconds must be at least 1")

    def __str__(self) -> str:
        return f"{self.requests}/{self.window.total_seconds():g}s"

    @classmethod
    def parse(cls, text: str) -> Quota:
        """Read `1200/300s`: 1,200 requests in 300 seconds. ValueError if it is written otherwise."""
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})s", text.strip(), re.ASCII)
        if found is None:
            raise ValueError(f"{text!r} is no quota: write requests/seconds, as in 1200/300s")
        return cls(int(found[1]), timedelta(seconds=int(found[2])))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a token stands after a request: refused or not, requests left, whole seconds to the reset."""

    refused: bool
    left: int
    reset: int


class Meter:
    """Counts one token's requests against a quota; `windows` says how many each window has let in, in order.

    A window starts with the first request after the last one ended: whether Cloudflare's windows are
    fixed or sliding is documented nowhere.
    """

    def __init__(self, quota: Quota) -> None:
        self.windows: list[int] = []
        self._quota = quota
        self._until: datetime | None = None
        self._is_refusing = False

    def count(self, at: datetime) -> Standing:
        """Count a request at the instant and say how the token stands; a refused one prolongs nothing."""
        if self._until is None or at >= self._until:
            self._open(at + self._quota.window)
        if self.windows[-1] < self._quota.requests:
            self.windows[-1] += 1
        elif not self._is_refusing:
            self._is_refusing = True
            self._until = at + REFUSAL
        return self._standing(at)

    def peek(self, at: datetime) -> Standing:
        """Say how the token stands without counting anything."""
        if self._until is None or at >= self._until:
            return Standing(refused=False, left=self._quota.requests, reset=0)
        return self._standing(at)

    def _open(self, until: datetime) -> None:
        self.windows.append(0)
        self._until, self._is_refusing = until, False

    def _standing(self, at: datetime) -> Standing:
        left = self._quota.requests - self.windows[-1]
        seconds = math.ceil((self._until - at).total_seconds()) if self._until else 0
        return Standing(refused=self._is_refusing, left=left, reset=seconds)


def policy_header(quota: Quota) -> bytes:
    """Write `Ratelimit-Policy`: q requests allowed in w seconds."""
    return f'"default";q={quota.requests};w={quota.window.total_seconds():.0f}'.encode()


def standing_header(standing: Standing) -> bytes:
    """Write `Ratelimit`: r requests left, t seconds to the reset."""
    return b'"default";r=%d;t=%d' % (standing.left, standing.reset)
