"""Faults that change the sessions or the `paging` of an answer; one that holds none stays as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from etl.simulator.answers import to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from etl.simulator.answers import Answer
    from etl.simulator.fault_answers import Timing
    from etl.simulator.session import Payload

_NUMBERS = ("live_participants", "max_concurrent_participants", "minutes_consumed")


def wrong_types(answer: Answer, _timing: Timing) -> Answer:
    """Objects, lists and words where identifiers, instants and numbers belong."""
    wrong = {"id": {"id": 1}, "minutes_consumed": "many", "live_participants": [], "started_at": True}
    return _each_session(answer, lambda session: session | wrong)


def missing_fields(answer: Answer, _timing: Timing) -> Answer:
    """Neither the session's ID nor its minutes."""
    gone = {"id", "minutes_consumed"}
    return _each_session(answer, lambda session: {k: v for k, v in session.items() if k not in gone})


def ended_at_null(answer: Answer, _timing: Timing) -> Answer:
    """`ended_at` as the string "null", as in a published answer."""
    return _each_session(answer, lambda session: session | {"ended_at": "null"})


def numbers_as_strings(answer: Answer, _timing: Timing) -> Answer:
    """Every figure in quotes."""
    return _each_session(answer, lambda session: session | {k: str(session[k]) for k in _NUMBERS})


def unknown_fields(answer: Answer, _timing: Timing) -> Answer:
    """One more field, which nobody has described."""
    return _each_session(answer, lambda session: session | {"recording_state": {"is_recording": True}})


def empty_breakout_rooms(answer: Answer, _timing: Timing) -> Answer:
    """Breakout rooms as unknown objects, `[{}]`, as in a published example."""
    return _each_session(answer, lambda session: session | {"breakout_rooms": [{}]})


def no_paging(answer: Answer, _timing: Timing) -> Answer:
    """No `paging` beside the list, as older descriptions have it."""
    return _change(answer, lambda body: {k: v for k, v in body.items() if k != "paging"})


def count_too_high(answer: Answer, _timing: Timing) -> Answer:
    """A `total_count` far beyond what the pages hold: ten times it, and a thousand more."""
    return _change_paging(answer, lambda paging, _: paging | {"total_count": paging["total_count"] * 10 + 1000})


def count_of_page(answer: Answer, _timing: Timing) -> Answer:
    """A `total_count` of this page alone, with offsets that begin anew: every page looks like the last."""
    return _change_paging(
        answer, lambda _, size: {"total_count": size, "start_offset": min(1, size), "end_offset": size}
    )


def count_odd(answer: Answer, _timing: Timing) -> Answer:
    """A `total_count` that is a word."""
    return _change_paging(answer, lambda paging, _: paging | {"total_count": "many"})


def unreadable_entry(answer: Answer, _timing: Timing) -> Answer:
    """Null where the first session of a list belongs; the other sessions, and one alone, are as they were."""
    return _change_data(answer, _without_first)


def token_notice(answer: Answer, _timing: Timing) -> Answer:
    """Code 10000 in the `messages` of the right answer, where it says that the token is good."""
    notice = {"code": 10000, "message": "This API Token is valid and active", "type": None}
    return _change(answer, lambda body: body | {"errors": [], "messages": [notice]})


def _change(answer: Answer, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Answer:
    return replace(answer, body=to_json(change(json.loads(answer.body))))


def _change_data(answer: Answer, change: Callable[[Any], Any]) -> Answer:
    return _change(answer, lambda body: body | {"data": change(body["data"])} if "data" in body else body)


def _change_paging(answer: Answer, change: Callable[[Payload, int], Payload]) -> Answer:
    def changed(body: Payload) -> Payload:
        return body | {"paging": change(body["paging"], _size(body["data"]))} if "paging" in body else body

    return _change(answer, changed)


def _size(data: Any) -> int:  # noqa: ANN401 - whatever JSON holds
    return len(data["sessions"] if isinstance(data, dict) else data)


def _without_first(data: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    match data:
        case {"sessions": [_, *others]}:
            return {"sessions": [None, *others]}
    return data


def _each_session(answer: Answer, change: Callable[[Payload], Payload]) -> Answer:
    return _change_data(answer, lambda data: _within(data, change))


def _within(data: Any, change: Callable[[Payload], Payload]) -> Any:  # noqa: ANN401 - whatever JSON holds
    match data:
        case {"sessions": sessions}:
            return {"sessions": [change(one) for one in sessions]}
        case {"session": session}:
            return {"session": change(session)}
        case {"associated_id": _}:
            return change(data)
    return data
