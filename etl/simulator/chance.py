"""Chance without state: numbers that depend on a key alone, so that the world's history needs no memory."""

from __future__ import annotations

import struct
from hashlib import blake2b

_RANGE = 1 << 32
_unpack = struct.Struct("<16I").unpack


def draws(key: str) -> tuple[int, ...]:
    """Draw sixteen numbers from 0 to 2**32 - 1; the same key gives the same numbers on every machine."""
    return _unpack(blake2b(key.encode(), digest_size=64).digest())


def between(low: int, high: int, draw: int) -> int:
    """Turn one draw into a whole number from `low` up to, not including, `high` (`low` if there is none)."""
    return low + (high - low) * draw // _RANGE


def happens(share: float, draw: int) -> bool:
    """Say yes for a `share` (0 to 1) of all draws."""
    return draw < share * _RANGE
