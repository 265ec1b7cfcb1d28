from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etl.realtimekit.limit.headers import RateLimit, parse_rate_limits

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICY = '"default";q=1200;w=300'


def parse(ratelimit: str, policy: str = POLICY) -> list[RateLimit]:
    """Parse the two headers."""
    return parse_rate_limits({"ratelimit": ratelimit, "ratelimit-policy": policy})


def rate_limit(name: str, remaining: int, reset_seconds: float | None, quota: int | None) -> RateLimit:
    """Build the expected value."""
    return RateLimit(name=name, remaining=remaining, reset_seconds=reset_seconds, quota=quota)


def test_the_headers_state_remaining_requests_reset_and_quota() -> None:
    """The quota comes from the policy of the same name."""
    assert parse('"default";r=50;t=30') == [rate_limit("default", 50, 30, 1200)]


def test_headers_may_state_several_limits() -> None:
    """The policies may come in any order. A limit without a policy has an unknown quota."""
    assert parse(
        '"burst";r=5;t=9, "default";r=50;t=30,"other";r=1;t=2', '"default";q=1200;w=300, "burst";q=100;w=60'
    ) == [rate_limit("burst", 5, 9, 100), rate_limit("default", 50, 30, 1200), rate_limit("other", 1, 2, None)]


@pytest.mark.parametrize("headers", [{}, {"ratelimit": ""}, {"ratelimit-policy": POLICY}])
def test_missing_headers_state_no_limit(headers: Mapping[str, str]) -> None:
    """A policy alone does not state the remaining requests."""
    assert parse_rate_limits(headers) == []


def test_a_limit_needs_no_policy() -> None:
    """Its quota is unknown then."""
    assert parse_rate_limits({"ratelimit": '"default";r=50;t=30'}) == [rate_limit("default", 50, 30, None)]


@pytest.mark.parametrize("name", ["Ratelimit", "ratelimit", "RATELIMIT"])
def test_header_names_are_case_insensitive(name: str) -> None:
    """A header that appears twice is one list, as HTTP requires."""
    headers = httpx.Headers([(name, '"a";r=1;t=2'), (name, '"b";r=3;t=4'), (f"{name}-Policy", '"b";q=9;w=60')])
    assert parse_rate_limits(headers) == [rate_limit("a", 1, 2, None), rate_limit("b", 3, 4, 9)]


@pytest.mark.parametrize(
    "ratelimit",
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
def test_the_same_may_be_written_in_many_ways(ratelimit: str) -> None:
    """Spaces, case, order and unknown or empty parameters don't matter. The first of two equal parameters counts."""
    assert parse(ratelimit) == [rate_limit("default", 50, 30, 1200)]


@pytest.mark.parametrize("name", ["a,b", "a;b", "a;r=1", 'a\\"b', "a b", ""])
def test_quoted_text_is_not_split(name: str) -> None:
    """A name may contain commas, semicolons and escaped quotation marks."""
    assert parse(f'"{name}";r=5;t=3', f'"{name}";q=7;w=9') == [rate_limit(name, 5, 3, 7)]


@pytest.mark.parametrize(
    "left",
    [
        *(
            "",
            "-",
            "--1",
            "+1",
            "1.",
            ".5",
            "1.2345",
            "1e3",
            "many",
            "50 requests",
            "50req",
            '"50"',
            "?1",
            "0x10",
            "50 60",
        ),
        *("\N{ARABIC-INDIC DIGIT ONE}", "9" * 16, "1_000", "NaN", "inf"),
    ],
)
def test_an_item_without_readable_remaining_requests_is_ignored(left: str) -> None:
    """The other items are still read."""
    assert parse(f'"default";r={left};t=30, "burst";r=5;t=9') == [rate_limit("burst", 5, 9, None)]
    assert parse('"default";t=30, "burst";r=5;t=9') == [rate_limit("burst", 5, 9, None)]


@pytest.mark.parametrize(
    ("left", "remaining"),
    [
        ("0", 0),
        ("0.0", 0),
        ("0.9", 0),
        ("-0", 0),
        ("-1", 0),
        ("-0.5", 0),
        ("-999", 0),
        ("50.0", 50),
        ("50.999", 50),
        (" 50 ", 50),
        ("007", 7),
        ("999999999999999.999", 10**15 - 1),
    ],
)
def test_remaining_requests_may_be_a_decimal_or_below_zero(left: str, remaining: int) -> None:
    """A part of a request counts as 0. Otherwise the value would be ignored, and the limit not kept."""
    assert parse(f'"default";r={left};t=30') == [rate_limit("default", remaining, 30, 1200)]


def test_of_two_limits_the_one_that_is_spent_is_read() -> None:
    """Whatever the other one says, and although neither has a policy of its own."""
    assert parse('"burst";r=0.0;t=9, "default";r=-1', '"a";q=100;w=60, "b";q=5') == [
        rate_limit("burst", 0, 9, None),
        rate_limit("default", 0, None, None),
    ]


def test_a_number_may_have_fifteen_digits() -> None:
    """Structured fields allow that many."""
    assert parse(f'"default";r={"9" * 15};t={"9" * 9}') == [rate_limit("default", 10**15 - 1, 10**9 - 1, 1200)]


@pytest.mark.parametrize("seconds", ["", ";t=", ";t=-1", ";t=soon", ";t=1e3", ";t=1.2345", ";t=9999999999", ';t="30"'])
def test_a_reset_that_is_not_stated_is_one_window_away(seconds: str) -> None:
    """The window of the policy is the longest it can be. Without a policy the reset is unknown."""
    assert parse(f'"default";r=50{seconds}') == [rate_limit("default", 50, 300, 1200)]
    assert parse(f'"default";r=50{seconds}', "") == [rate_limit("default", 50, None, None)]


@pytest.mark.parametrize(("seconds", "expected"), [("0", 0.0), ("29.5", 29.5), ("0.001", 0.001)])
def test_a_reset_may_be_zero_or_a_fraction_of_a_second(seconds: str, expected: float) -> None:
    """Zero is a stated reset; it is not the same as a missing one."""
    assert parse(f'"default";r=50;t={seconds}') == [rate_limit("default", 50, expected, 1200)]


@pytest.mark.parametrize(
    ("policy", "quota"),
    [
        ('"default"', None),
        ('"default";q=;w=', None),
        ('"default";q=some;w=long', None),
        ('"default";q=-5', None),
        ('"default";q=-0.5', None),
        ('"default";q=1200.5', 1200),
        ('"default";q=5 requests', None),
        ('"default";w=60', None),
        ('"Default";q=5, "other";q=6', None),
        ("default;q=5", 5),
        ('"default";Q=0', 0),
        ('"default";q=5, "default";q=6', 6),
    ],
)
def test_the_quota_comes_from_the_policy_of_the_same_name(policy: str, quota: int | None) -> None:
    """Without such a policy, or with a quota that is not readable, it is unknown."""
    assert parse('"default";r=50;t=30', policy) == [rate_limit("default", 50, 30, quota)]


@pytest.mark.parametrize("policy", ['"Default";q=5;w=60', '"other";q=5;w=60', "other;q=5;w=60"])
def test_one_limit_and_one_policy_belong_together(policy: str) -> None:
    """Their names don't matter. If there are several of either, the names decide."""
    assert parse('"default";r=50', policy) == [rate_limit("default", 50, 60, 5)]
    assert parse('"default";r=50, "more";r=9', policy)[0].quota is None
    assert parse('"default";r=50', f'{policy}, "more";q=9')[0].quota is None


@pytest.mark.parametrize(
    "ratelimit",
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
def test_another_format_states_no_limit(ratelimit: str) -> None:
    """An example is the format of an older draft."""
    assert parse(ratelimit, "100;w=60") == []


@pytest.mark.parametrize("ratelimit", ['"default" r=7;r=50;t=30', '"default";x="9" r=7;r=50;t=30'])
def test_a_parameter_needs_a_semicolon(ratelimit: str) -> None:
    """Text without one is ignored."""
    assert parse(ratelimit) == [rate_limit("default", 50, 30, 1200)]


def test_an_unclosed_quotation_mark_spoils_only_its_own_item() -> None:
    """The items before it are read."""
    assert parse('"burst";r=5;t=9, "defa') == [rate_limit("burst", 5, 9, None)]


HEADER = st.text(max_size=60) | st.lists(
    st.sampled_from([*'",;=\\ rtqwx01.-', "default", '"default"', ";r=", ";t=", ";q=", ";w="]), max_size=25
).map("".join)


@given(HEADER, HEADER)
@example(";r=1", ";q=1")
@example("; r=1", "; ")
def test_any_text_can_be_parsed(ratelimit: str, policy: str) -> None:
    """All numbers in the result are within their ranges."""
    for limit in parse(ratelimit, policy):
        assert 0 <= limit.remaining < 10**15
        assert limit.reset_seconds is None or 0 <= limit.reset_seconds < 10**9
        assert limit.quota is None or 0 <= limit.quota < 10**15


NAMES = st.text(st.characters(codec="ascii", exclude_characters='"\\', categories=["L", "N", "P", "Zs"]))
ITEMS = st.lists(
    st.builds(rate_limit, NAMES, st.integers(0, 10**15 - 1), st.integers(0, 10**9 - 1), st.integers(0, 10**15 - 1)),
    unique_by=lambda limit: limit.name,
    max_size=5,
)


@given(ITEMS)
def test_written_limits_are_read_back(items: list[RateLimit]) -> None:
    """This holds for any number of limits, any names and any numbers, with the policies in another order."""
    ratelimit = ", ".join(f'"{item.name}";r={item.remaining};t={item.reset_seconds}' for item in items)
    policy = ", ".join(f'"{item.name}";q={item.quota};w=60' for item in reversed(items))
    assert parse(ratelimit, policy) == items
