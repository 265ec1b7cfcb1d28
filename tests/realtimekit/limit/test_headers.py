from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etl.realtimekit.limit.headers import Standing, standings

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICY = '"default";q=1200;w=300'


def told(said: str, policy: str = POLICY) -> list[Standing]:
    """What two headers say."""
    return standings({"ratelimit": said, "ratelimit-policy": policy})


def test_the_headers_of_every_answer_say_how_a_limit_stands() -> None:
    """Requests left, seconds to the window's end, and, by the policy of the same name, how many a window allows."""
    assert told('"default";r=50;t=30') == [Standing("default", left=50, seconds=30, quota=1200)]


def test_headers_may_stand_for_several_limits() -> None:
    """Each has the policy of its own name, wherever that stands; one without a policy has no known quota."""
    assert told(
        '"burst";r=5;t=9, "default";r=50;t=30,"other";r=1;t=2', '"default";q=1200;w=300, "burst";q=100;w=60'
    ) == [Standing("burst", 5, 9, 100), Standing("default", 50, 30, 1200), Standing("other", 1, 2, None)]


@pytest.mark.parametrize("headers", [{}, {"ratelimit": ""}, {"ratelimit-policy": POLICY}])
def test_missing_headers_say_nothing(headers: Mapping[str, str]) -> None:
    """A policy alone does not tell how a limit stands."""
    assert standings(headers) == []


def test_a_standing_needs_no_policy() -> None:
    """The quota is unknown then."""
    assert standings({"ratelimit": '"default";r=50;t=30'}) == [Standing("default", 50, 30, None)]


@pytest.mark.parametrize("name", ["Ratelimit", "ratelimit", "RATELIMIT"])
def test_headers_are_found_however_they_are_written(name: str) -> None:
    """As HTTP has it; headers that come twice are one list."""
    headers = httpx.Headers([(name, '"a";r=1;t=2'), (name, '"b";r=3;t=4'), (f"{name}-Policy", '"b";q=9;w=60')])
    assert standings(headers) == [Standing("a", 1, 2, None), Standing("b", 3, 4, 9)]


@pytest.mark.parametrize(
    "said",
    [
        ' "default" ; r=50 ; t=30 ',
        '"default";r = 50;t= 30',
        '"default";R=50;T=30',
        "default;r=50;t=30",
        '"default";t=30;r=50',
        '"default";r=050;t=30.0',
        '"default";r=50;r=60;t=30;t=10',
        '"default";pk=:Y2Y=:;r=50;x;t=30',
        '"default";x="1,2;r=7";r=50;t=30',
        '"default";;r=50;;t=30;',
        '"default"; ;r=50; t=30; ; ',
        ',, "default";r=50;t=30,,',
    ],
)
def test_the_same_may_be_written_in_many_ways(said: str) -> None:
    """Spaces, upper case, the order, more parameters, empty ones; of a parameter that comes twice the first counts."""
    assert told(said) == [Standing("default", 50, 30, 1200)]


@pytest.mark.parametrize("name", ["a,b", "a;b", "a;r=1", 'a\\"b', "a b", ""])
def test_what_stands_in_quotation_marks_belongs_together(name: str) -> None:
    """Commas, semicolons and escaped marks in a name end neither the name nor the item."""
    assert told(f'"{name}";r=5;t=3', f'"{name}";q=7;w=9') == [Standing(name, 5, 3, 7)]


@pytest.mark.parametrize(
    "left",
    ["", "-1", "+1", "1.5", "1e3", "many", '"50"', "?1", "0x10", "50 60", "\N{ARABIC-INDIC DIGIT ONE}", "9" * 16],
)
def test_without_a_readable_number_left_an_item_says_nothing(left: str) -> None:
    """The other items still do."""
    assert told(f'"default";r={left};t=30, "burst";r=5;t=9') == [Standing("burst", 5, 9, None)]
    assert told('"default";t=30, "burst";r=5;t=9') == [Standing("burst", 5, 9, None)]


def test_a_number_may_have_fifteen_digits() -> None:
    """As structured fields have it."""
    assert told(f'"default";r={"9" * 15};t={"9" * 9}') == [Standing("default", 10**15 - 1, 10**9 - 1, 1200)]


@pytest.mark.parametrize("seconds", ["", ";t=", ";t=-1", ";t=soon", ";t=1e3", ";t=1.2345", ";t=9999999999", ';t="30"'])
def test_an_end_that_is_not_told_is_a_window_away(seconds: str) -> None:
    """That is the longest it can be, by the policy; without one it is unknown."""
    assert told(f'"default";r=50{seconds}') == [Standing("default", 50, 300, 1200)]
    assert told(f'"default";r=50{seconds}', "") == [Standing("default", 50, None, None)]


@pytest.mark.parametrize(("seconds", "expected"), [("0", 0.0), ("29.5", 29.5), ("0.001", 0.001)])
def test_an_end_may_be_now_or_between_two_seconds(seconds: str, expected: float) -> None:
    """An end that is now is told, unlike one that is missing."""
    assert told(f'"default";r=50;t={seconds}') == [Standing("default", 50, expected, 1200)]


@pytest.mark.parametrize(
    ("policy", "quota"),
    [
        ('"default"', None),
        ('"default";q=;w=', None),
        ('"default";q=some;w=long', None),
        ('"default";q=-5', None),
        ('"Default";q=5, "other";q=6', None),
        ("default;q=5", 5),
        ('"default";Q=0', 0),
        ('"default";q=5, "default";q=6', 6),
    ],
)
def test_a_quota_is_what_the_policy_of_that_name_says(policy: str, quota: int | None) -> None:
    """Or unknown."""
    assert told('"default";r=50;t=30', policy) == [Standing("default", 50, 30, quota)]


@pytest.mark.parametrize("policy", ['"Default";q=5;w=60', '"other";q=5;w=60', "other;q=5;w=60"])
def test_one_limit_and_one_policy_belong_together(policy: str) -> None:
    """Whatever each is called; where there are several of either, their names decide."""
    assert told('"default";r=50', policy) == [Standing("default", 50, 60, 5)]
    assert told('"default";r=50, "more";r=9', policy)[0].quota is None
    assert told('"default";r=50', f'{policy}, "more";q=9')[0].quota is None


@pytest.mark.parametrize(
    "said",
    [
        "limit=100, remaining=50, reset=30",
        "100, 50, 30",
        "50",
        ";r=50;t=30",
        ",;r=50",
        "r=50;t=30",
        '"default;r=50;t=30"',
        '"',
        "\\",
        ";",
        '"default":r=50:t=30',
        '{"r": 50, "t": 30}',
        "\x00",
    ],
)
def test_another_format_says_nothing(said: str) -> None:
    """Such as that of an older draft."""
    assert told(said, "100;w=60") == []


@pytest.mark.parametrize("said", ['"default" r=7;r=50;t=30', '"default";x="9" r=7;r=50;t=30'])
def test_what_no_semicolon_sets_apart_is_no_parameter(said: str) -> None:
    """It belongs to nothing."""
    assert told(said) == [Standing("default", 50, 30, 1200)]


def test_an_unfinished_quotation_mark_costs_its_own_item_only() -> None:
    """What can be read is read."""
    assert told('"burst";r=5;t=9, "defa') == [Standing("burst", 5, 9, None)]


HEADER = st.text(max_size=60) | st.lists(
    st.sampled_from([*'",;=\\ rtqwx01.-', "default", '"default"', ";r=", ";t=", ";q=", ";w="]), max_size=25
).map("".join)


@given(HEADER, HEADER)
@example(";r=1", ";q=1")
@example("; r=1", "; ")
def test_no_text_breaks_the_reading(said: str, policy: str) -> None:
    """What is read can be reckoned with, whatever stands there."""
    for standing in told(said, policy):
        assert 0 <= standing.left < 10**15
        assert standing.seconds is None or 0 <= standing.seconds < 10**9
        assert standing.quota is None or 0 <= standing.quota < 10**15


NAMES = st.text(st.characters(codec="ascii", exclude_characters='"\\', categories=["L", "N", "P", "Zs"]))
ITEMS = st.lists(
    st.builds(Standing, NAMES, st.integers(0, 10**15 - 1), st.integers(0, 10**9 - 1), st.integers(0, 10**15 - 1)),
    unique_by=lambda standing: standing.name,
    max_size=5,
)


@given(ITEMS)
def test_what_is_written_is_read(items: list[Standing]) -> None:
    """Any number of limits of any names and figures, the policies in any order."""
    said = ", ".join(f'"{name}";r={left};t={seconds}' for name, left, seconds, _ in items)
    policy = ", ".join(f'"{name}";q={quota};w=60' for name, _, _, quota in reversed(items))
    assert told(said, policy) == items
