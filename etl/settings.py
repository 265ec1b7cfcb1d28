"""What a run needs to know, as frozen values. Reading the environment is the command line's work."""

from __future__ import annotations

import ipaddress
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TextIO, TypeAlias
from urllib.parse import urlsplit

from etl.errors import ConfigError
from etl.values.meetings import is_id

if TYPE_CHECKING:
    from pathlib import Path

CLOUDFLARE_BASE_URL = "https://api.cloudflare.com/client/v4"

# The way to fetch live sessions: one request per meeting, a list of all, or the way that costs fewer requests.
Via: TypeAlias = Literal["auto", "meetings", "list"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEARER_TOKEN = re.compile("[A-Za-z0-9._~+/=-]+")  # RFC 6750
_PLAIN = re.compile("[!-~]+")  # printable ASCII without white space
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}([.]{_LABEL})*|[0-9a-f:]*:[0-9a-f:.]*")  # a name, IPv4 or IPv6


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A limit of the API: so many requests in a window of so many seconds, for everything a token does."""

    requests: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.requests:,} requests in {self.seconds:g} s"

    def usable(self, reserve: float) -> int:
        """How many requests of a window are ours, at least one; `reserve` is the share that is not."""
        return max(1, self.requests - math.ceil(self.requests * reserve))


# Cloudflare's documented limit. RealtimeKit's own page names another; the headers of the answers decide.
CLOUDFLARE_RATE = Rate(requests=1200, seconds=300.0)
# Its limit of 200 a second for an address, less a margin for what the network pushes together.
MAX_REQUESTS_PER_SECOND = 190


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a run may ask of the API's limit.

    `stated` is the limit the user names in the place of Cloudflare's documented one; it is kept even where the
    API's headers would allow more. `reserve` is the share of every window that stays free.
    """

    stated: Rate | None = None
    reserve: float = 0.1

    @property
    def rate(self) -> Rate:
        """The limit to go by while the API has not told its own."""
        return self.stated or CLOUDFLARE_RATE

    @property
    def usable(self) -> int:
        """Requests of a window that are ours."""
        return self.rate.usable(self.reserve)

    @property
    def requests_per_second(self) -> float:
        """Requests a second at most: Cloudflare's limit for an address, unless a faster rate is stated."""
        return max(MAX_REQUESTS_PER_SECOND, self.rate.requests / self.rate.seconds)


@dataclass(frozen=True, kw_only=True)
class ApiSettings:
    """How to reach the API. The token is in no representation.

    The base URL receives the token: it must be https, or http on the loopback interface.
    Raises ConfigError otherwise, and for a token that no HTTP header can carry. `page_size` is how many sessions a
    page of a list is asked to hold.
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
            raise ConfigError(f"CLOUDFLARE_ACCOUNT_ID or --account-id {self.account_id!r} can be no account's ID")
        if not _BEARER_TOKEN.fullmatch(self.token):
            raise ConfigError(
                "the API token is empty or holds characters that no token has (only letters, digits and -._~+/= may "
                "stand in one); copy it again from https://dash.cloudflare.com/profile/api-tokens"
            )

    @property
    def is_encrypted(self) -> bool:
        """Whether requests go over TLS, so that the server has to prove who it is."""
        return urlsplit(self.base_url).scheme == "https"

    @property
    def is_loopback(self) -> bool:
        """Whether the API is on this machine, as the simulator is."""
        return is_loopback(urlsplit(self.base_url).hostname or "")


@dataclass(frozen=True, kw_only=True)
class SnapshotSettings:
    """One run of `snapshot`. `deadline` is how long the fetch may take; None sets no bound.

    `meetings` is a file or an open text; None stands for all meetings of the app `app_id`.
    """

    api: ApiSettings
    meetings: Path | TextIO | None
    app_id: str | None
    database: Path
    via: Via = "auto"
    every: timedelta | None = None
    slot: datetime | None = None
    deadline: timedelta | None = None
    lock_timeout: timedelta = timedelta(seconds=30)

    def __post_init__(self) -> None:
        if self.meetings is None:
            require_app(self.app_id)

    def slot_of(self, started_at: datetime) -> datetime:
        """The scheduled instant this run stands for: as given, floored to `every`, or the start second."""
        if self.slot is not None:
            return self.slot.astimezone(UTC)
        return floor_to(started_at, self.every or timedelta(seconds=1))

    def time_left(self, now: datetime) -> dict[str, float]:
        """Seconds that the fetch has from `now` on, by the option that says so: to the deadline, to the next slot."""
        time_left = {}
        if self.deadline is not None:
            time_left["deadline"] = self.deadline.total_seconds()
        if self.every is not None:
            time_left["every"] = (floor_to(now, self.every) + self.every - now).total_seconds()
        return time_left


@dataclass(frozen=True, kw_only=True)
class ReconcileSettings:
    """One run of `reconcile`: of the app `app_id`, or of all apps in the database; of sessions since an instant."""

    api: ApiSettings
    app_id: str | None
    database: Path
    since: datetime
    lock_timeout: timedelta = timedelta(seconds=30)

    def __post_init__(self) -> None:
        if self.app_id is not None:
            require_app(self.app_id)

    @property
    def every(self) -> None:
        """It has no schedule of its own: whenever it runs, it finds the same."""

    def slot_of(self, started_at: datetime) -> datetime:
        """The instant this run stands for: the start second."""
        return floor_to(started_at, timedelta(seconds=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSettings:
    """The database to read, and how long to wait while another program writes to it."""

    database: Path
    lock_timeout: timedelta = timedelta(seconds=5)


def floor_to(instant: datetime, every: timedelta) -> datetime:
    """The last multiple of `every` since 1970-01-01T00:00Z that is not after `instant`."""
    return _EPOCH + (instant - _EPOCH) // every * every


def require_app(app_id: str | None) -> str:
    """The app, where one is needed. Raises ConfigError where there is none, or it can be none."""
    if not app_id:
        raise ConfigError("which app's meetings? Set REALTIMEKIT_APP_ID or --app-id")
    if not is_id(app_id):
        raise ConfigError(f"REALTIMEKIT_APP_ID or --app-id {app_id!r} can be no app's ID")
    return app_id


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine (127.0.0.0/8, ::1 or localhost)."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require_safe_base_url(base_url: str) -> None:
    """Refuse a URL over which the token could be read by others, before anything is sent to it."""
    parts = _split(base_url)
    host = parts[1]
    if (
        not _HOST.fullmatch(host)
        or not _PLAIN.fullmatch(base_url)
        or "@" in base_url
        or "?" in base_url
        or "#" in base_url
    ):
        # Not quoted: a user name or a query may hold the token.
        raise ConfigError(f"--base-url is no plain URL; expected one like {CLOUDFLARE_BASE_URL}")
    if parts[0] != "https" and not (parts[0] == "http" and is_loopback(host)):
        raise ConfigError(
            f"--base-url {base_url!r} would send the token where others can read it; "
            "use https, or http on this machine only (127.0.0.1, ::1, localhost)"
        )


def _split(base_url: str) -> tuple[str, str]:
    """Scheme and host of a URL, empty where it has none or its port is no number."""
    try:
        parts = urlsplit(base_url)
        _ = parts.port  # urlsplit looks at the port only when it is asked for
    except ValueError:
        return "", ""
    host = parts.hostname or ""
    return parts.scheme, host if ("[" in parts.netloc) == (
        ":" in host
    ) else ""  # in brackets stands IPv6 and nothing else
