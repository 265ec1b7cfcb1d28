"""The settings of every command, as frozen values. The command line reads options and the environment into them.

The defaults of settings are the defaults of the options.
"""

from __future__ import annotations

import ipaddress
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, Literal, TypeAlias
from urllib.parse import urlsplit

from etl.errors import ConfigError
from etl.values.meetings import is_id

if TYPE_CHECKING:
    from pathlib import Path

CLOUDFLARE_BASE_URL = "https://api.cloudflare.com/client/v4"

# The way to fetch live sessions: one request per meeting, a list of all, or the way that costs fewer requests.
Via: TypeAlias = Literal["auto", "meetings", "list"]

# How long a run waits while another program has the database open.
WRITE_LOCK_TIMEOUT = timedelta(seconds=30)

# Clocks differ by seconds without harm.
CLOCK_TOLERANCE = timedelta(minutes=1)

# The ending of an export that is a copy of the database. Any other destination is a directory of Parquet files.
COPY_SUFFIX = ".duckdb"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEARER_TOKEN = re.compile("[A-Za-z0-9._~+/=-]+")  # RFC 6750
_PRINTABLE_ASCII = re.compile("[!-~]+")
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}([.]{_LABEL})*|[0-9a-f:]*:[0-9a-f:.]*")  # a name, IPv4 or IPv6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A limit of the API: a number of requests in a window of seconds, for everything that uses one token."""

    requests: int
    seconds: float


# Cloudflare's documented limit. RealtimeKit's own page names another; the headers of the answers decide.
CLOUDFLARE_RATE = Rate(requests=1200, seconds=300.0)
# Cloudflare allows 200 per second and IP address. The margin is for requests that the network delivers together.
MAX_REQUESTS_PER_SECOND = 190


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The part of the API's limit that a run may use.

    `stated` is the user's own limit. It replaces Cloudflare's documented one, and holds even if the API's headers
    allow more. `reserve` is the share of every window that stays free.
    """

    stated: Rate | None = None
    reserve: float = 0.1

    @property
    def rate(self) -> Rate:
        """The limit until the API's headers name theirs."""
        return self.stated or CLOUDFLARE_RATE

    @property
    def usable(self) -> int:
        """The number of requests that a run may send per window, at least one."""
        return max(1, self.rate.requests - math.ceil(self.rate.requests * self.reserve))

    @property
    def requests_per_second(self) -> float:
        """The most requests per second: Cloudflare's limit per IP address, unless a faster rate is stated."""
        return max(MAX_REQUESTS_PER_SECOND, self.rate.requests / self.rate.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """The address of the API, the account and its token, and how requests are sent.

    The token is not part of `repr`. It is sent to the base URL, which must be https, or http on this machine. Raises
    ConfigError otherwise, and for a token that an HTTP header can't carry. `page_size` is the number of entries to ask
    for per page of a list.
    """

    token: str = field(repr=False)
    account_id: str
    base_url: str = CLOUDFLARE_BASE_URL
    concurrency: int = 32
    attempts: int = 5
    timeout: timedelta = timedelta(seconds=10)
    limits: Limits = Limits()  # frozen
    page_size: int = 100

    def __post_init__(self) -> None:
        _require_safe_base_url(self.base_url)
        if not is_id(self.account_id):
            raise ConfigError(f"CLOUDFLARE_ACCOUNT_ID or --account-id {self.account_id!r} is not a valid account ID")
        if not _BEARER_TOKEN.fullmatch(self.token):
            raise ConfigError(
                "the API token is empty or holds characters that are not valid in a token (letters, digits and "
                "-._~+/= are); copy it again from https://dash.cloudflare.com/profile/api-tokens"
            )

    def mask(self, text: str) -> str:
        """Replace the token in a text that is shown, logged or kept as a message, however the text writes it.

        What is parsed and stored as data is never masked: a part of a name may equal the token by chance.
        """
        return re.sub("".join(map(_spellings, self.token)), "[token]", text)

    @property
    def is_encrypted(self) -> bool:
        """True if requests go over TLS, so that the server has to prove its identity."""
        return urlsplit(self.base_url).scheme == "https"

    @property
    def is_loopback(self) -> bool:
        """True if the API is on this machine, as the simulator is."""
        return is_loopback(urlsplit(self.base_url).hostname or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotSettings:
    """The settings of a snapshot.

    `meetings` is a file or an open stream of bytes; None stands for all meetings of the app `app_id`. `every` is the
    interval of the schedule. `deadline` is how long the fetch may take; None sets no bound.
    """

    api: ApiSettings
    meetings: Path | BinaryIO | None
    app_id: str | None
    database: Path
    via: Via = "auto"
    every: timedelta | None = None
    slot: datetime | None = None
    deadline: timedelta | None = None
    lock_timeout: timedelta = WRITE_LOCK_TIMEOUT

    def __post_init__(self) -> None:
        if self.meetings is None:
            require_app(self.app_id)

    def slot_of(self, started_at: datetime) -> datetime:
        """Return the slot of a run: the given one, or its start rounded down to `every`, or to the second.

        Raises ConfigError if the given slot is ahead of the start. Its meetings could not be asked for when it comes.
        """
        if self.slot is not None:
            slot = self.slot.astimezone(UTC)
            if slot - started_at > CLOCK_TOLERANCE:
                raise ConfigError(
                    f"--slot {slot.isoformat()} is in the future: the clock of this machine shows "
                    f"{started_at.isoformat(timespec='seconds')}. Name a slot that has come, or leave out --slot"
                )
            return slot
        return floor_to(started_at, self.every or timedelta(seconds=1))

    def time_left(self, now: datetime) -> dict[str, float]:
        """Return the seconds that the fetch has from `now` on, to the deadline and to the next slot, by option."""
        time_left = {}
        if self.deadline is not None:
            time_left["deadline"] = self.deadline.total_seconds()
        if self.every is not None:
            time_left["every"] = (floor_to(now, self.every) + self.every - now).total_seconds()
        return time_left


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileSettings:
    """The settings of a reconciliation of sessions since an instant, of one app or of all apps in the database."""

    api: ApiSettings
    app_id: str | None
    database: Path
    since: datetime
    lock_timeout: timedelta = WRITE_LOCK_TIMEOUT

    def __post_init__(self) -> None:
        if self.app_id is not None:
            require_app(self.app_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSettings:
    """The database to read, and how long to wait while another program writes to it."""

    database: Path
    lock_timeout: timedelta = timedelta(seconds=5)


def _spellings(character: str) -> str:
    """Return a pattern of the ways to write a character in plain text, JSON, a URL and HTML."""
    code = ord(character)
    return rf"(?i:\\?{re.escape(character)}|\\u00{code:02x}|%{code:02x}|&#x{code:x};|&#{code};)"


def floor_to(instant: datetime, every: timedelta) -> datetime:
    """Round an instant down to a multiple of `every` since 1970-01-01T00:00Z."""
    return _EPOCH + (instant - _EPOCH) // every * every


def require_app(app_id: str | None) -> str:
    """Return the app's ID. Raises ConfigError if it is missing or not valid."""
    if not app_id:
        raise ConfigError("the RealtimeKit app is missing; set REALTIMEKIT_APP_ID or --app-id")
    if not is_id(app_id):
        raise ConfigError(f"REALTIMEKIT_APP_ID or --app-id {app_id!r} is not a valid app ID")
    return app_id


def is_loopback(host: str) -> bool:
    """Return True if a host name or address means this machine (127.0.0.0/8, ::1 or localhost)."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require_safe_base_url(base_url: str) -> None:
    """Refuse a URL over which others could read the token, before anything is sent."""
    scheme, host = _scheme_and_host(base_url)
    is_plain = _PRINTABLE_ASCII.fullmatch(base_url) and not any(character in base_url for character in "@?#")
    if not (is_plain and _HOST.fullmatch(host)):
        # The URL is not quoted, because its user name or query may hold the token.
        raise ConfigError(f"--base-url is not a plain URL; expected one like {CLOUDFLARE_BASE_URL}")
    if scheme != "https" and not (scheme == "http" and is_loopback(host)):
        raise ConfigError(
            f"--base-url {base_url!r} would send the token where others can read it; "
            "use https, or http on this machine only (127.0.0.1, ::1, localhost)"
        )


def _scheme_and_host(base_url: str) -> tuple[str, str]:
    """Split a URL. Both parts are empty if it is not valid.

    The host is also empty if an IPv6 address has no brackets, or if a name has them.
    """
    try:
        parts = urlsplit(base_url)
        _ = parts.port  # urlsplit checks the port only when it is read
    except ValueError:
        return "", ""
    host = parts.hostname or ""
    is_bracketed, is_ipv6 = "[" in parts.netloc, ":" in host
    return parts.scheme, host if is_bracketed == is_ipv6 else ""
