"""What can go wrong, as types: a type says what happens next, a message says what happened to what.

EtlError                    the run or the command ends; the class says its exit code
├── ConfigError       78    a setting or an input file is wrong
│   └── WrongQuery          a query can't be understood; 2 where it was typed as part of the command
├── TokenRejected     77    the API refuses the token
├── StoreLocked       75    another program has the database open
├── RunOverlap        75    another run on this database is under way
├── StoreError        74    the database or the staging directory can't be used
├── ApiUnavailable    69    the API gives no good answer
└── CheckFailed        1    figures in the database break a rule

RequestError                one request failed; the type carries the decision
├── TryAgain                ask again, after `retry_after` seconds if the API named them
├── GiveUp                  note it for this meeting and go on with the others
└── Refused                 no request can succeed: end the run

A run that stored its rows but has failures is no error: it ends with `EXIT_WITH_FAILURES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

EXIT_WITH_FAILURES = 3


class EtlError(Exception):
    """Ends a command: the message says what happened, to what, and what to do next."""

    exit_code: ClassVar[int] = 1


class ConfigError(EtlError):
    """A setting or an input file is wrong (EX_CONFIG)."""

    exit_code = 78


class WrongQuery(ConfigError):
    """A query can't be understood. It is a wrong call where the command line holds it."""


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
    """The database or the staging directory can't be used (EX_IOERR)."""

    exit_code = 74


class ApiUnavailable(EtlError):
    """The API gives no good answer (EX_UNAVAILABLE)."""

    exit_code = 69


class CheckFailed(EtlError):
    """Figures in the database break a rule that they have to keep."""

    exit_code = 1


class FailureKind(StrEnum):
    """Why an outcome could not be had. The set is closed: reports may rely on it."""

    INVALID_ID = "invalid_id"
    NOT_FOUND = "not_found"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    MALFORMED = "malformed"
    DEADLINE = "deadline"
    INTERRUPTED = "interrupted"


@dataclass(eq=False)
class RequestError(Exception):
    """One request failed: its kind, and what the API said, for the table of failures."""

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
    """No further attempt will help this meeting; the others are not affected."""


class Refused(RequestError):
    """The API refuses the token: no request can succeed."""
