"""Error types. The type decides what happens next; the message says what happened, to what, and what to do.

EtlError                    ends the command with the exit code of its class
├── ConfigError       78    a setting or an input file is wrong
│   ├── WrongQuery          a query is not valid; exit code 2 if it was part of the command line
│   └── UnknownApp          the database holds nothing of the app that was named
├── TokenRejected     77    the API refuses the token
├── StoreLocked       75    another program has the database open
├── RunOverlap        75    another run on this database is under way
├── StoreError        74    the database, the staging directory or the output can't be used
└── ApiUnavailable    69    the API gives no usable answer

RequestError                one request failed; the type decides about the next one
├── TryAgain                send the request again, after `retry_after` seconds if the API named them
├── GiveUp                  record a failure for this meeting, and go on with the others
└── Refused                 no request can succeed: end the run

A run that stored its rows but has failures raises no error. It ends with `EXIT_WITH_FAILURES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

EXIT_WITH_FAILURES = 3


class EtlError(Exception):
    """An error that ends the command. Its message says what happened, to what, and what to do next."""

    exit_code: ClassVar[int] = 1


class ConfigError(EtlError):
    """A setting or an input file is wrong (EX_CONFIG)."""

    exit_code = 78


class WrongQuery(ConfigError):
    """A query is not valid."""


class UnknownApp(ConfigError):
    """The database holds nothing of the app that was named."""


class TokenRejected(EtlError):
    """The API refuses the token (EX_NOPERM)."""

    exit_code = 77


class StoreLocked(EtlError):
    """Another program has the database open (EX_TEMPFAIL)."""

    exit_code = 75


class RunOverlap(EtlError):
    """Another run on this database is under way (EX_TEMPFAIL)."""

    exit_code = 75


class StoreError(EtlError):
    """The database, the staging directory or the output can't be used (EX_IOERR)."""

    exit_code = 74


class ApiUnavailable(EtlError):
    """The API gives no usable answer (EX_UNAVAILABLE)."""

    exit_code = 69


class FailureKind(StrEnum):
    """The reason why the outcome of a meeting is unknown. Reports may rely on this set of reasons."""

    INVALID_ID = "invalid_id"
    NOT_FOUND = "not_found"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    MALFORMED = "malformed"
    NOT_ASKED = "not_asked"
    DEADLINE = "deadline"
    INTERRUPTED = "interrupted"


@dataclass(eq=False)
class RequestError(Exception):
    """A request that failed: the kind of failure, and what the API said."""

    kind: FailureKind
    message: str
    http_status: int | None = None
    api_code: int | None = None
    cf_ray: str | None = None
    retry_after: float | None = None

    def __str__(self) -> str:
        return self.message


class TryAgain(RequestError):
    """The next attempt may succeed."""


class GiveUp(RequestError):
    """Another attempt would not help this meeting. The others are not affected."""


class Refused(RequestError):
    """The API refuses the token, so that no request can succeed."""
