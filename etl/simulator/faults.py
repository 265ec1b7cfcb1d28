"""Faults by name, and which request meets which: by meeting, by page, by script or by share."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from etl.simulator import fault_answers as answers
from etl.simulator import fault_payloads as payloads
from etl.simulator.fault_answers import Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from etl.simulator.answers import Answer

OK: Final = "ok"

# A second attempt, at once or after the second that the answer asks for, finds the right answer.
_MENDABLE: tuple[Callable[[Answer, Timing], Answer], ...] = (
    answers.rate_limited,
    answers.rate_limited_bare,
    answers.internal_error,
    answers.bad_gateway_html,
    answers.unavailable,
    answers.edge_connect_timeout,
    answers.edge_timeout,
    answers.slow,
    answers.dropped,
    answers.cut_body,
)

# Not for chance: a client may rightly give up, or has to wait for longer than a demonstration lasts.
_SCRIPTED: tuple[Callable[[Answer, Timing], Answer], ...] = (
    answers.retry_after_zero,
    answers.edge_1015,
    answers.malformed_token,
    answers.authentication,
    answers.forbidden,
    answers.forbidden_plainly,
    answers.scope,
    answers.no_route,
    answers.unknown_meeting,
    answers.success_false,
    answers.other_envelope,
    answers.not_json,
    answers.not_object,
    answers.empty_body,
    answers.too_large,
    payloads.wrong_types,
    payloads.missing_fields,
    payloads.ended_at_null,
    payloads.numbers_as_strings,
    payloads.unknown_fields,
    payloads.empty_breakout_rooms,
    payloads.unreadable_entry,
    payloads.no_paging,
    payloads.count_too_high,
    payloads.count_of_page,
    payloads.count_odd,
    payloads.token_notice,
)

FAULTS: Final[Mapping[str, Callable[[Answer, Timing], Answer]]] = {
    fault.__name__: fault for fault in (*_MENDABLE, *_SCRIPTED)
}
"""Every fault by name: a function from the right answer to the one that is sent."""

TRANSIENT: Final = tuple(fault.__name__ for fault in _MENDABLE)
"""The names of the faults that trying again mends: those that a share of requests meets."""


class Faults:
    """Decides which request meets which fault: what is said of its meeting or page, else the script, else chance.

    `script` names a fault or "ok" for every request in turn; `by_meeting` does so for the requests whose
    path names a meeting, `by_page` for those of a sessions list, of whatever app, by their `page_no`. Each
    may be any iterable, `itertools.repeat("internal_error")` meaning for ever. Where it ends, chance takes
    over: a `share` (0 to 1) of requests meets one of `TRANSIENT`, chosen by `seed`.
    """

    def __init__(  # noqa: PLR0913 - all but the first are keywords with a default
        self,
        share: float = 0.0,
        *,
        seed: int = 1,
        script: Iterable[str] | None = None,
        by_meeting: Mapping[str, Iterable[str]] | None = None,
        by_page: Mapping[int, Iterable[str]] | None = None,
        timing: Timing | None = None,
    ) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f"a share of faults of {share}: it is a share, from 0 to 1")
        self._share = share
        self._random = random.Random(seed)  # noqa: S311 - chance that can be repeated, not a secret
        self._script = _checked(script or ())
        self._by_meeting = {name: _checked(script) for name, script in (by_meeting or {}).items()}
        self._by_page = {number: _checked(script) for number, script in (by_page or {}).items()}
        self._timing = timing or Timing()

    def next(self, meeting_id: str | None = None, page_no: int | None = None) -> str:
        """Name the fault, or "ok", that the next request meets.

        `meeting_id` is the meeting it is about, `page_no` the page of the sessions list that it asks for.
        """
        return self._said(meeting_id, page_no) or next(self._script, None) or self._by_chance()

    def apply(self, name: str, answer: Answer) -> Answer:
        """Spoil the right answer by the fault of that name; "ok" leaves it as it is."""
        return answer if name == OK else FAULTS[name](answer, self._timing)

    def _said(self, meeting_id: str | None, page_no: int | None) -> str | None:
        if meeting_id in self._by_meeting:
            return next(self._by_meeting[meeting_id], None)
        if page_no in self._by_page:
            return next(self._by_page[page_no], None)
        return None

    def _by_chance(self) -> str:
        if self._share and self._random.random() < self._share:
            return self._random.choice(TRANSIENT)
        return OK


def _checked(script: Iterable[str]) -> Iterator[str]:
    # A list is checked here and now; of an endless script only its beginning could be.
    if isinstance(script, list | tuple):
        for name in script:
            _known(name)
    return map(_known, script)


def _known(name: str) -> str:
    if name != OK and name not in FAULTS:
        raise ValueError(f"{name!r} is no fault; there are ok, {', '.join(FAULTS)}")
    return name
