"""Faults by name, and the rules that assign a fault to a request: by meeting, by page, by script or by share.

The errors are those of published pages and public issue threads. Where a form is documented nowhere (a missing
permission, a wrong count in `paging`), the simulator has each form that a client must survive.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from etl.simulator.answers import (
    AUTHENTICATION_ERROR,
    MALFORMED_TOKEN,
    TEXT_TYPE,
    Answer,
    Ending,
    edge_page,
    gateway_error,
    rate_limit_error,
    realtimekit_error,
    to_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Fault = Callable[[Answer], Answer]

OK: Final = "ok"
SLOW_SECONDS: Final = 2.0

_MAX_BODY_BYTES = 1024 * 1024  # readers of the API refuse longer bodies
_ERROR_1015 = Answer(status=429, body=b"error code: 1015", content_type=TEXT_TYPE, headers=((b"retry-after", b"5"),))
_NO_ROUTE = gateway_error(404, 7003, "Could not route to the resource, perhaps your object identifier is invalid?")
_TOO_LARGE = Answer(status=200, body=to_json({"success": True, "data": {}, "padding": "x" * _MAX_BODY_BYTES}))


def _always(answer: Answer) -> Fault:
    return lambda _right_answer: answer


def _end(ending: Ending) -> Fault:
    return lambda answer: replace(answer, ending=ending)


def _delay(seconds: float) -> Fault:
    return lambda answer: replace(answer, delay_seconds=seconds)


def _change_sessions(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
    def change_data(data: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Change every session of the data."""
        match data:
            case {"sessions": sessions}:
                return {"sessions": [change(session) for session in sessions]}
            case {"associated_id": _}:
                return change(data)
        return data

    return _change_body(lambda body: body | {"data": change_data(body["data"])} if "data" in body else body)


def _change_paging(change: Callable[[dict[str, int], int], dict[str, Any]]) -> Fault:
    def change_body(body: dict[str, Any]) -> dict[str, Any]:
        """Change the `paging` of a body that has one."""
        if "paging" not in body:
            return body
        entries = body["data"]["sessions"] if isinstance(body["data"], dict) else body["data"]
        return body | {"paging": change(body["paging"], len(entries))}

    return _change_body(change_body)


def _change_body(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
    return lambda answer: replace(answer, body=to_json(change(json.loads(answer.body))))


def _without(keys: set[str], payload: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in payload.items() if key not in keys}


def _wrap_session(body: dict[str, Any]) -> dict[str, Any]:
    # As descriptions before August 2026 have it, for the details of a session only.
    match body:
        case {"data": {"associated_id": _} as session}:
            return body | {"data": {"session": session}}
    return body


def _null_first_session(body: dict[str, Any]) -> dict[str, Any]:
    match body:
        case {"data": {"sessions": [_, *others]}}:
            return body | {"data": {"sessions": [None, *others]}}
    return body


# A second attempt, at once or after the second that the answer asks for, gets the right answer.
_TRANSIENT_FAULTS: dict[str, Fault] = {
    "rate_limited": _always(rate_limit_error(1)),
    "rate_limited_bare": _always(rate_limit_error()),
    "internal_error": _always(realtimekit_error(500, "Internal server error")),
    "bad_gateway_html": _always(edge_page(502, "502 Bad Gateway")),
    "unavailable": _always(Answer(status=503, body=b"upstream connect error", content_type=TEXT_TYPE)),
    "edge_connect_timeout": _always(edge_page(522, "522: Connection timed out")),
    "edge_timeout": _always(Answer(status=524, body=b"error code: 524", content_type=TEXT_TYPE)),
    "slow": _delay(SLOW_SECONDS),
    "dropped": _end(Ending.DROPPED),
    "cut_body": _end(Ending.CUT),
}

# A client may rightly give up on these, or has to wait for longer than a demonstration lasts.
_LASTING_FAULTS: dict[str, Fault] = {
    "edge_1015": _always(_ERROR_1015),
    "malformed_token": _always(MALFORMED_TOKEN),
    "authentication": _always(AUTHENTICATION_ERROR),
    "forbidden": _always(replace(AUTHENTICATION_ERROR, status=403)),  # a wrong account, or an IP filter
    "forbidden_by_realtimekit": _always(realtimekit_error(403, "Forbidden")),
    "missing_scope": _always(gateway_error(403, 9109, "Unauthorized to access requested resource")),
    "no_route": _always(_NO_ROUTE),
    "unknown_meeting": _always(realtimekit_error(404, "Meeting not found")),
    "success_false": _always(replace(realtimekit_error(500, "Something went wrong"), status=200)),
    "not_json": _always(edge_page(200, "Just a moment...")),
    "not_object": _always(Answer(status=200, body=b"[]")),
    "empty_body": _always(Answer(status=200, body=b"")),
    "too_large": _always(_TOO_LARGE),
    "wrong_types": _change_sessions(
        lambda session: (
            session | {"id": {"id": 1}, "minutes_consumed": "many", "live_participants": [], "started_at": True}
        )
    ),
    "missing_fields": _change_sessions(partial(_without, {"id", "minutes_consumed"})),
    "wrapped_session": _change_body(_wrap_session),
    "unreadable_entry": _change_body(_null_first_session),
    "no_paging": _change_body(partial(_without, {"paging"})),  # as in older descriptions
    "count_too_high": _change_paging(lambda paging, _: paging | {"total_count": paging["total_count"] * 10 + 1000}),
    "count_of_page": _change_paging(
        lambda _, size: {"total_count": size, "start_offset": min(1, size), "end_offset": size}
    ),
    "count_not_a_number": _change_paging(lambda paging, _: paging | {"total_count": "many"}),
}

FAULTS: Final[Mapping[str, Fault]] = _TRANSIENT_FAULTS | _LASTING_FAULTS
"""Every fault by name: a function from the right answer to the answer that is sent.

Faults of content change the sessions or the `paging` of an answer; an answer without them stays as it is.
"""

TRANSIENT: Final = tuple(_TRANSIENT_FAULTS)
"""The names of the faults that a second attempt overcomes: those that a share of requests meets."""


class Faults:
    """The choice of a fault per request: by its meeting or page, else by the script, else at random.

    `script` names a fault or "ok" for every request in turn. `by_meeting` does so for requests whose path names a
    meeting, `by_page` for requests of a sessions list, of any app, by their `page_no`. Each may be any iterable; with
    `itertools.repeat("internal_error")` it never ends. After its end, the choice is random: a `share` (0 to 1) of
    requests meets one of `TRANSIENT`, chosen by `seed`. The fault "slow" delays an answer by `slow_seconds`.
    """

    def __init__(  # noqa: PLR0913 - all but the first are keywords with a default
        self,
        share: float = 0.0,
        *,
        seed: int = 1,
        script: Iterable[str] = (),
        by_meeting: Mapping[str, Iterable[str]] | None = None,
        by_page: Mapping[int, Iterable[str]] | None = None,
        slow_seconds: float = SLOW_SECONDS,
    ) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f"a share of faults of {share}: a share is a number from 0 to 1")
        self._share = share
        self._random = random.Random(seed)  # noqa: S311 - numbers that can be repeated, not a secret
        self._script = _check_script(script)
        self._by_meeting = {meeting_id: _check_script(names) for meeting_id, names in (by_meeting or {}).items()}
        self._by_page = {page_no: _check_script(names) for page_no, names in (by_page or {}).items()}
        self._faults = {**FAULTS, "slow": _delay(slow_seconds)}

    def next_name(self, meeting_id: str | None = None, page_no: int | None = None) -> str:
        """Name the fault, or "ok", that the next request meets.

        `meeting_id` is the meeting in its path, `page_no` the page of the sessions list that it asks for.
        """
        if meeting_id in self._by_meeting:
            name = next(self._by_meeting[meeting_id], None)
        elif page_no in self._by_page:
            name = next(self._by_page[page_no], None)
        else:
            name = None
        return name or next(self._script, None) or self._choose_at_random()

    def apply(self, name: str, answer: Answer) -> Answer:
        """Turn the right answer into the answer that the fault sends; "ok" leaves it as it is."""
        return answer if name == OK else self._faults[name](answer)

    def _choose_at_random(self) -> str:
        if self._share and self._random.random() < self._share:
            return self._random.choice(TRANSIENT)
        return OK


def _check_script(names: Iterable[str]) -> Iterator[str]:
    # A list is checked at once; an endless script only as its names are used.
    if isinstance(names, list | tuple):
        for name in names:
            _check_name(name)
    return map(_check_name, names)


def _check_name(name: str) -> str:
    if name != OK and name not in FAULTS:
        raise ValueError(f"{name!r} is not a fault. The faults are: ok, {', '.join(FAULTS)}")
    return name
