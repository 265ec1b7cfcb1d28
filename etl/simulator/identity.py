"""The names of things: meetings as UUIDs or V1 room names, sessions as UUIDs that say whose they are."""

from __future__ import annotations

from uuid import UUID

from etl.simulator.chance import draws

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_V1_EVERY = 12


def uuid_of(key: str) -> str:
    """Give the random-looking (version 4) UUID that belongs to a key."""
    return _uuid_from(draws(key))


def meeting_id_of(seed: int, index: int) -> str:
    """Name a meeting: a UUID (V2), for one in twelve a room name like `abcdef-ghijkl` (V1)."""
    key = f"{seed}/meeting id/{index}"
    numbers = draws(key)
    if numbers[15] % _V1_EVERY:
        return _uuid_from(numbers)
    letters = "".join(_LETTERS[number % 26] for number in numbers[:12])
    return f"{letters[:6]}-{letters[6:]}"


def _uuid_from(numbers: tuple[int, ...]) -> str:
    # Written out, version and variant included: a large world has a million of them.
    high, middle, low, least = numbers[:4]
    variant = low >> 16 & 0x3FFF | 0x8000
    return f"{high:08x}-{middle >> 16:04x}-4{middle & 0xFFF:03x}-{variant:04x}-{low & 0xFFFF:04x}{least:08x}"


class SessionNames:
    """Session UUIDs of one seed. They hide meeting and cycle, so a session is found without a search."""

    def __init__(self, seed: int) -> None:
        mask = draws(f"{seed}/session ids")
        self._index_mask = mask[0]
        self._cycle_mask = mask[1] << 16 | mask[2] & 0xFFFF

    def name(self, index: int, cycle: int, draw: int) -> str:
        """Name the session of a meeting's cycle; `draw` fills the digits that carry nothing."""
        return (
            f"{index ^ self._index_mask:08x}-{draw >> 16:04x}-4{draw >> 4 & 0xFFF:03x}"
            f"-8{draw & 0xFFF:03x}-{cycle ^ self._cycle_mask:012x}"
        )

    def parse(self, session_id: str) -> tuple[int, int] | None:
        """Read meeting index and cycle out of a name, or None if it is no UUID.

        Any UUID gives some pair: whether the session exists is for the caller to compare.
        """
        try:
            digits = UUID(session_id).hex
        except ValueError:
            return None
        return int(digits[:8], 16) ^ self._index_mask, int(digits[20:], 16) ^ self._cycle_mask
