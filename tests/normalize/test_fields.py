from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.normalize.fields import FieldError, parse_session
from tests.samples import payload

REQUIRED = ["id", "live_participants", "max_concurrent_participants", "minutes_consumed", "started_at"]
OPTIONAL = [
    "associated_id",
    "meeting_display_name",
    "type",
    "status",
    "organization_id",
    "created_at",
    "updated_at",
    "ended_at",
    "breakout_rooms",
    "meta",
]
TEXTS = ["id", "associated_id", "meeting_display_name", "type", "status", "organization_id"]
COUNTS = ["live_participants", "max_concurrent_participants"]
INSTANTS = ["created_at", "started_at", "updated_at", "ended_at"]
SIDE_INSTANTS = ["created_at", "updated_at", "ended_at"]


def typed(**changes: Any) -> dict[str, object]:
    """Parse a session with these changes."""
    return parse_session(payload(**changes))


def refused(**changes: Any) -> str:
    """Return the reason why a session with these changes can't be parsed."""
    with pytest.raises(FieldError) as caught:
        typed(**changes)
    return str(caught.value)


def kept_in_extra(**changes: Any) -> dict[str, object]:
    """Parse a session whose changed fields can't be read: each is null. Return `extra`, where they are as they came."""
    row = typed(**changes)
    assert all(row[field] is None for field in changes)
    assert row | dict.fromkeys(changes) | {"extra": None} == typed() | dict.fromkeys(changes)
    extra: dict[str, object] = json.loads(str(row["extra"]))
    return extra


def nested(depth: int) -> list[Any]:
    """Nest lists to this depth."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def test_a_session_becomes_a_row_of_typed_values() -> None:
    """Participants are whole, minutes fractional, and instants UTC. Absent fields are null."""
    assert parse_session(payload()) == {
        "session_id": "session-1",
        "associated_id": "meeting-1",
        "meeting_display_name": "Weekly",
        "type": "meeting",
        "status": "LIVE",
        "live_participants": 1,
        "max_concurrent_participants": 2,
        "minutes_consumed": 2.3434,
        "organization_id": "app",
        "created_at": datetime(2026, 11, 2, 11, tzinfo=UTC),
        "started_at": datetime(2026, 11, 2, 11, tzinfo=UTC),
        "updated_at": datetime(2026, 11, 2, 11, 59, tzinfo=UTC),
        "ended_at": None,
        "breakout_rooms": None,
        "meta": None,
        "extra": None,
    }


def test_a_payload_is_not_changed() -> None:
    """A failure quotes the payload later."""
    given_payload = payload(unknown=1, ended_at="null")
    parse_session(given_payload)
    assert given_payload == payload(unknown=1, ended_at="null")


# Fields that are missing


@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.parametrize("how", ["absent", "null"])
def test_a_required_field_must_not_be_missing(field: str, how: str) -> None:
    """The session, its participants, its minutes and its start are required. The message names the missing field."""
    session = payload() | {field: None}
    if how == "absent":
        del session[field]
    with pytest.raises(FieldError, match=f"^{field} is missing$"):
        parse_session(session)


@pytest.mark.parametrize("field", OPTIONAL)
def test_any_other_field_may_be_missing(field: str) -> None:
    """A published answer lacks fields that the API description calls required. An absent field is null."""
    session = payload() | {field: None}
    with_null = parse_session(session)
    del session[field]
    assert parse_session(session) == with_null
    assert with_null[field] is None


# Numbers


@pytest.mark.parametrize(
    ("value", "minutes"),
    [
        (0, 0.0),
        (2, 2.0),
        (2.3434, 2.3434),
        ("0", 0.0),
        ("12", 12.0),
        ("2.3434", 2.3434),
        ("007", 7.0),
        ("1.", 1.0),
        (".5", 0.5),
        (-0.0, 0.0),
        (1e11, 1e11),
        (5e-324, 5e-324),
    ],
)
def test_minutes_are_fractional_and_may_be_a_string_of_digits(value: object, minutes: float) -> None:
    """Plain numbers that are not negative are accepted."""
    row = typed(minutes_consumed=value)
    assert row["minutes_consumed"] == minutes
    assert isinstance(row["minutes_consumed"], float)


@pytest.mark.parametrize("field", COUNTS)
@pytest.mark.parametrize(("value", "count"), [(0, 0), (3, 3), (3.0, 3), ("3", 3), ("3.0", 3), (2**31 - 1, 2**31 - 1)])
def test_participants_are_whole(field: str, value: object, count: int) -> None:
    """JSON may write them with a decimal point. A live session may have no participants."""
    row = typed(**{field: value})
    assert row[field] == count
    assert type(row[field]) is int


INVALID_NUMBERS = [
    -1,
    -0.5,
    math.nan,
    math.inf,
    -math.inf,
    True,
    False,
    1e300,
    1e12,
    10**400,
    "",
    " ",
    "1 ",
    " 1",
    "1e5",
    "+1",
    "-1",
    "1_000",
    "1,5",
    "1.2.3",
    ".",
    "0x10",
    "nan",
    "inf",
    "Infinity",
    "null",
    "\N{ARABIC-INDIC DIGIT THREE}",
    "\N{SUPERSCRIPT TWO}",
    "1\x00",
    "\ud800",
    "9" * 400,
    "9" * 5000,
    [1],
    {"n": 1},
]


@pytest.mark.parametrize("field", [*COUNTS, "minutes_consumed"])
@pytest.mark.parametrize("value", INVALID_NUMBERS)
def test_a_value_that_is_not_a_plain_number_is_refused(field: str, value: object) -> None:
    """A guess would make figures wrong. The message names the field."""
    assert refused(**{field: value}).startswith(f"{field} is ")


@pytest.mark.parametrize("field", COUNTS)
@pytest.mark.parametrize("value", [0.5, "1.5", 2**31, "2147483648", 1e11])
def test_a_part_of_a_participant_is_refused(field: str, value: object) -> None:
    """Numbers that are too large for the column are refused, too."""
    assert refused(**{field: value}) == f"{field} is not a whole number of participants"


# Instants


@pytest.mark.parametrize("field", INSTANTS)
@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-02T11:00:00.123Z", datetime(2026, 11, 2, 11, 0, 0, 123000, UTC)),
        ("2026-11-02T11:00:00Z", datetime(2026, 11, 2, 11, tzinfo=UTC)),
        ("2026-11-02T12:30:00+01:30", datetime(2026, 11, 2, 11, tzinfo=UTC)),
        ("2026-11-02T11:00:00.123456789Z", datetime(2026, 11, 2, 11, 0, 0, 123456, UTC)),
        ("2000-01-01T00:00:00Z", datetime(2000, 1, 1, tzinfo=UTC)),
        ("2099-12-31T23:59:59.999999Z", datetime(2099, 12, 31, 23, 59, 59, 999999, UTC)),
    ],
)
def test_an_instant_is_kept_in_utc(field: str, text: str, instant: datetime) -> None:
    """An instant is ISO 8601 with a zone, to the microsecond."""
    value = typed(**{field: text})[field]
    assert value == instant
    assert isinstance(value, datetime)
    assert value.tzinfo is UTC


@pytest.mark.parametrize("text", ["null", ""])
def test_an_instant_with_the_text_null_is_none(text: str) -> None:
    """A published answer has the string "null" in ended_at. As a start it counts as missing."""
    assert typed(ended_at=text)["ended_at"] is None
    assert refused(started_at=text) == "started_at is missing"


NOT_INSTANTS = [
    "NULL",
    "never",
    "2026-11-02",
    "2026-11-02T11:00:00",
    "2026-13-02T11:00:00Z",
    "2026-11-02T25:00:00Z",
    "2026-11-02T11:00:00+24:00",
    "1999-12-31T23:59:59Z",
    "2100-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "\ud800",
    "\N{ARABIC-INDIC DIGIT TWO}026-11-02T11:00:00Z",
    1793617200,
    0,
    False,
    ["2026-11-02T11:00:00Z"],
    {},
]


@pytest.mark.parametrize("value", NOT_INSTANTS)
def test_a_start_that_is_not_an_instant_is_refused(value: object) -> None:
    """A figure needs it. An instant without a zone would be a guess. The year must be between 2000 and 2100."""
    assert refused(started_at=value).startswith("started_at is ")


@pytest.mark.parametrize("field", SIDE_INSTANTS)
@pytest.mark.parametrize("value", [value for value in NOT_INSTANTS if value != "\ud800"])
def test_another_value_that_is_not_an_instant_is_null_and_kept_as_it_came(field: str, value: object) -> None:
    """No figure needs it, so the row is kept."""
    assert kept_in_extra(**{field: value}) == {field: value}


# Texts


NOT_TEXTS = [0, 1.5, True, [], {}, ["a"]]


@pytest.mark.parametrize("value", NOT_TEXTS)
def test_an_id_is_text(value: object) -> None:
    """A number or a boolean in its place is refused."""
    assert refused(id=value) == f"id is not text but {type(value).__name__}"


@pytest.mark.parametrize("field", [field for field in TEXTS if field != "id"])
@pytest.mark.parametrize("value", NOT_TEXTS)
def test_another_text_that_is_not_text_is_null_and_kept_as_it_came(field: str, value: object) -> None:
    """The row is kept."""
    assert kept_in_extra(**{field: value}) == {field: value}


def test_side_fields_that_cant_be_read_stand_beside_those_that_are_unknown() -> None:
    """Both are in `extra`, and each keeps its name and value."""
    row = typed(updated_at="0001-01-01T00:00:00Z", created_at="unknown", recording="on")
    assert (row["updated_at"], row["created_at"]) == (None, None)
    extra = {"recording": "on", "created_at": "unknown", "updated_at": "0001-01-01T00:00:00Z"}
    assert json.loads(str(row["extra"])) == extra


@pytest.mark.parametrize("session_id", ["a\ufffd", "\ud800"])
def test_an_id_that_lost_a_character_is_refused(session_id: str) -> None:
    """Two sessions could have the same ID then."""
    assert refused(id=session_id) == "id is not valid UTF-8"


@pytest.mark.parametrize("field", [field for field in TEXTS if field != "id"])
def test_a_text_is_kept_as_it_is(field: str) -> None:
    """A name may be empty, long, in any alphabet, and contain invisible characters."""
    for text in ("", "null", "x" * 100_000, "Caf\xe9 \N{GRINNING FACE}", "a\x00b", "\x1b[2J", "\ufeff"):
        assert typed(**{field: text})[field] == text


def test_a_session_needs_an_id_that_says_something() -> None:
    """All sessions with an empty ID would count as one session."""
    assert refused(id="") == "id is empty"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\ud83d", "a\ufffd"),
        ("\ud83db", "\ufffdb"),
        ("\ude00", "\ufffd"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("\ufeff\ud83d", "\ufeff\ufffd"),
        ("\N{GRINNING FACE}\ud83d", "\N{GRINNING FACE}\ufffd"),
    ],
)
def test_half_a_character_becomes_a_replacement_character(text: str, kept: str) -> None:
    """A name cut inside an emoji is valid JSON, but not valid UTF-8. The rest of it is kept."""
    row = typed(meeting_display_name=text, meta={"a": text}, unknown=text)
    assert row["meeting_display_name"] == kept
    assert json.loads(str(row["meta"])) == {"a": kept}
    assert json.loads(str(row["extra"])) == {"unknown": kept}


# JSON


@pytest.mark.parametrize("field", ["breakout_rooms", "meta"])
@pytest.mark.parametrize("value", [[], {}, [{}], {"a": [1, None, {"b": "\x00"}]}, "", "null", 0, False, 10**400])
def test_breakout_rooms_and_meta_are_json_of_any_shape(field: str, value: object) -> None:
    """Their shape is undocumented. Empty values have several forms."""
    text = typed(**{field: value})[field]
    assert isinstance(text, str)
    assert json.loads(text) == value


def test_fields_that_are_not_known_are_kept_whole() -> None:
    """This includes null values, and fields with the names of our columns."""
    unknown = {"recording": None, "run_id": "x", "extra": {"a": [1]}, "session_id": 1, "": 0, "Status": "LIVE"}
    row = parse_session(payload() | unknown)
    assert json.loads(str(row["extra"])) == unknown
    assert row["session_id"] == "session-1"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        ([{"a": [math.nan]}], '[{"a": [NaN]}]'),
        (nested(100_000), "nested too deeply"),
    ],
)
@pytest.mark.parametrize("field", ["breakout_rooms", "meta", "unknown"])
def test_a_value_that_json_can_not_hold_is_kept_as_text(field: str, value: object, text: str) -> None:
    """`1e999` in an answer is parsed as infinity. The fields beside it stay as they are."""
    row = typed(**{field: value}, beside=[1])
    assert row.get(field) is None
    assert json.loads(str(row["extra"])) == {field: text, "beside": [1]}


@pytest.mark.parametrize("field", REQUIRED)
def test_a_refusal_is_short_however_long_the_value_and_does_not_quote_it(field: str) -> None:
    """The message becomes a row, a log line, and a part of the summary. The value may hold the token."""
    reason = refused(**{field: ["secret"] * 100_000})
    assert len(reason) < 100
    assert "secret" not in reason
    if field != "id":
        assert "secret" not in refused(**{field: "secret"})


# Properties


@given(
    st.floats(0, 1e11),
    st.integers(0, 2**31 - 1),
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001  # as it wants them
    st.text(min_size=1).filter(lambda text: "\ufffd" not in text),
)
def test_what_is_typed_keeps_its_value(minutes: float, count: int, instant: datetime, text: str) -> None:
    """This holds for numbers, strings of digits and ISO 8601."""
    row = typed(id=text, minutes_consumed=minutes, live_participants=str(count), ended_at=instant.isoformat())
    assert (row["session_id"], row["minutes_consumed"]) == (text, minutes)
    assert (row["live_participants"], row["ended_at"]) == (count, instant)
