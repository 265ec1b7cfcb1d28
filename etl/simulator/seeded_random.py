"""Random numbers and IDs that depend on a key alone, so that the history of a world needs no memory."""

from __future__ import annotations

import struct
from hashlib import blake2b
from uuid import UUID

_RANGE = 1 << 32
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ROOM_NAME_EVERY = 12
_unpack = struct.Struct("<16I").unpack


def draw_numbers(key: str) -> tuple[int, ...]:
    """Draw sixteen numbers from 0 to 2**32 - 1; the same key gives the same numbers on every machine."""
    return _unpack(blake2b(key.encode(), digest_size=64).digest())


def scale(low: int, high: int, number: int) -> int:
    """Turn a drawn number into a whole number from `low` up to, not including, `high`; `low` if they are equal."""
    return low + (high - low) * number // _RANGE


def is_within(share: float, number: int) -> bool:
    """Return True for a `share` (0 to 1) of all drawn numbers."""
    return number < share * _RANGE


def make_uuid(key: str) -> str:
    """Return the random-looking UUID (version 4) that belongs to a key."""
    return _format_uuid(draw_numbers(key))


def make_meeting_id(seed: int, index: int) -> str:
    """Return the ID of a meeting: a UUID (V2), for every twelfth a room name like `abcdef-ghijkl` (V1)."""
    numbers = draw_numbers(f"{seed}/meeting id/{index}")
    if numbers[15] % _ROOM_NAME_EVERY:
        return _format_uuid(numbers)
    letters = "".join(_LETTERS[number % 26] for number in numbers[:12])
    return f"{letters[:6]}-{letters[6:]}"


def _format_uuid(numbers: tuple[int, ...]) -> str:
    high, middle, low, lowest = numbers[:4]
    variant = low >> 16 & 0x3FFF | 0x8000
    return f"{high:08x}-{middle >> 16:04x}-4{middle & 0xFFF:03x}-{variant:04x}-{low & 0xFFFF:04x}{lowest:08x}"


class SessionIds:
    """The session UUIDs of a seed. They hide meeting and cycle, so that a session is found without a search."""

    def __init__(self, seed: int) -> None:
        mask = draw_numbers(f"{seed}/session ids")
        self._index_mask = mask[0]
        self._cycle_mask = mask[1] << 16 | mask[2] & 0xFFFF

    def make(self, index: int, cycle: int, number: int) -> str:
        """Return the ID of the session in a meeting's cycle; `number` fills the digits that carry nothing."""
        return (
            f"{index ^ self._index_mask:08x}-{number >> 16:04x}-4{number >> 4 & 0xFFF:03x}"
            f"-8{number & 0xFFF:03x}-{cycle ^ self._cycle_mask:012x}"
        )

    def parse(self, session_id: str) -> tuple[int, int] | None:
        """Read meeting index and cycle out of an ID, or None if it is not a UUID.

        Every UUID gives some pair: the caller compares the ID with that of the session.
        """
        try:
            digits = UUID(session_id).hex
        except ValueError:
            return None
        return int(digits[:8], 16) ^ self._index_mask, int(digits[20:], 16) ^ self._cycle_mask
