"""News: what a quiet run says, so that a problem that lasts is not a message per run.

A problem is said when it begins, when it has grown tenfold, once per day while it lasts, and when it ends. One that
comes back within a day after its end is unsteady: from then on, its end is said after two hours without it. So a
problem that comes and goes with every run is a few messages per day as well.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from etl.errors import ApiUnavailable, RunOverlap, StoreLocked, TokenRejected
from etl.files import PRIVATE_FILE, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from etl.errors import EtlError

_DAY = timedelta(days=1)
_STEADY_AFTER = timedelta(hours=2)
_GROWTH = 10
_MOST_LINES_PER_GROUP = 5
_STILL, _AGAIN, _ENDED = "still: ", "again: ", "ended: "

# The messages of these errors differ from run to run, for example by the program that has the database open.
_ONE_OF_A_KIND = (ApiUnavailable, RunOverlap, StoreLocked, TokenRejected)
_WORD_WITH_A_DIGIT = re.compile(r"\S*[0-9]\S*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem of a run. `key` is the same in every run that has it, and `line` describes it.

    `count` is the number of meetings that it concerns. Of a `group`, only some problems are listed.
    """

    key: str
    line: str
    count: int = 1
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownProblem:
    """A problem of earlier runs: since when, in which run last, and when and with which `count` it was said last.

    `ended_at` is the instant when its end was said. `has_returned` is True if it came back after that.
    """

    line: str
    began_at: datetime
    seen_at: datetime
    said_at: datetime
    count: int = 1
    group: str = ""
    ended_at: datetime | None = None
    has_returned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """The lines that a run says, and the problems that the next run knows, by key."""

    lines: list[str]
    known: dict[str, KnownProblem]


def make_error_problem(error: EtlError) -> Problem:
    """Make the problem of a run that an error has ended, or kept out of the database."""
    name = type(error).__name__
    key = name if isinstance(error, _ONE_OF_A_KIND) else f"{name} {stable_text(str(error))}"
    return Problem(key=key, line=as_one_line(str(error)))


def as_one_line(text: str) -> str:
    """Write a list of several lines as one line, because news and logs are read by the line."""
    return re.sub(r"\n\s*", "; ", re.sub(r":\n\s*", ": ", text))


def stable_text(text: str) -> str:
    """Remove what differs from run to run, such as counts and instants: every word with a digit."""
    return _WORD_WITH_A_DIGIT.sub("#", text)


def choose_news(
    known: Mapping[str, KnownProblem], problems: Sequence[Problem], now: datetime, *, is_complete: bool
) -> News:
    """Choose what a run says about its problems, and about problems of earlier runs that it no longer has.

    A run that is not complete shows the end of no problem, because it has not looked at everything.
    """
    found = {problem.key: problem for problem in problems}
    is_reminder_due = any(_has_passed(_DAY, known[key].said_at, now) for key in found.keys() & known.keys())
    after: dict[str, KnownProblem] = {}
    said: list[tuple[str, str]] = []
    for key, problem in found.items():
        prefix = _prefix(known.get(key), problem, is_reminder_due=is_reminder_due)
        after[key] = _update(known.get(key), problem, now, is_said=prefix is not None)
        if prefix is not None:
            since = f" (since {_format(after[key].began_at)})" if prefix == _STILL else ""
            said.append((problem.group, f"{prefix}{problem.line}{since}"))
    for key, before in known.items():
        if key not in found and not (before.ended_at and _has_passed(_DAY, before.ended_at, now)):
            has_ended = is_complete and _has_ended(before, now)
            after[key] = replace(before, ended_at=now) if has_ended else before
            if has_ended:
                period = f"{_format(before.began_at)} to {_format(before.seen_at)}"
                said.append((before.group and f"{_ENDED}{before.group}", f"{_ENDED}{before.line} ({period})"))
    return News(lines=list(_shorten(said)), known=after)


def _prefix(before: KnownProblem | None, problem: Problem, *, is_reminder_due: bool) -> str | None:
    """Return the words before the line of a problem, or None if it is not said now."""
    if before is None:
        return ""
    if before.ended_at:
        return _AGAIN
    if problem.count >= before.count * _GROWTH:
        return ""
    return _STILL if is_reminder_due else None


def _update(before: KnownProblem | None, problem: Problem, now: datetime, *, is_said: bool) -> KnownProblem:
    """Return what the next run knows of a problem that this run has."""
    if before is None or before.ended_at:
        return KnownProblem(
            line=problem.line,
            began_at=now,
            seen_at=now,
            said_at=now,
            count=problem.count,
            group=problem.group,
            has_returned=before is not None,
        )
    seen = replace(before, seen_at=now)
    return replace(seen, said_at=now, line=problem.line, count=problem.count) if is_said else seen


def _has_ended(before: KnownProblem, now: datetime) -> bool:
    is_gone = not before.has_returned or _has_passed(_STEADY_AFTER, before.seen_at, now)
    return before.ended_at is None and is_gone


def _has_passed(length: timedelta, since: datetime, now: datetime) -> bool:
    """Return True if so much time has passed, or if the clock was set back, so that nobody knows."""
    return not timedelta() <= now - since < length


def _shorten(said: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the lines, but only the first ones of each group, and how many more there are."""
    sizes, places = Counter(group for group, _ in said), Counter[str]()
    for group, line in said:
        places[group] += 1
        if not group or places[group] <= _MOST_LINES_PER_GROUP:
            yield line
        elif places[group] == sizes[group]:
            yield f"{group}: {sizes[group] - _MOST_LINES_PER_GROUP:,} more; the table fetch_failures has all of them"


def _format(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")


def read_known(path: Path) -> dict[str, KnownProblem]:
    """Read the problems of earlier runs. If the file is lost or damaged, they are said once more."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): _parse(entry) for key, entry in document.items()}
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        return {}


def write_known(path: Path, known: Mapping[str, KnownProblem]) -> None:
    """Write the problems for the next run. Raises EtlError if the disk does not accept the file."""
    document = {key: asdict(problem) for key, problem in known.items()}
    write_whole(path, json.dumps(document, default=_format).encode(), mode=PRIVATE_FILE)


_INSTANTS = ("began_at", "seen_at", "said_at", "ended_at")


def _parse(entry: dict[str, Any]) -> KnownProblem:
    values = {field.name: entry[field.name] for field in fields(KnownProblem)}
    instants = {name: values[name] and datetime.fromisoformat(values[name]) for name in _INSTANTS}
    if any(instant and instant.tzinfo is None for instant in instants.values()):
        raise ValueError("an instant without a zone")
    return KnownProblem(**values | instants)
