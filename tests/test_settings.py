from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etl.errors import ConfigError, RequestError
from etl.realtimekit.http.session import open_session
from etl.settings import CLOUDFLARE_BASE_URL, ApiSettings, SnapshotSettings, floor_to, is_loopback
from etl.values.fetch import FetchCounts
from etl.values.meetings import Meeting
from etl.values.run import RunContext

BEARER = "kX7-lies-in-no-representation"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A certificate for 127.0.0.1 that nobody has signed, valid until 2126, and its key: it proves nothing to anyone.
UNSIGNED = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvB6amwMS0Vgvg77O
EN0mjTe59/9y7+H0MaI4Y3InfaChRANCAATTR92Cbvnrlap7aIg+5xziwf9FP8gj
stLQdwJke5wZZb5cu48uHmw8oZ9X+4rbsJU5qn58HvnuXk64T/pgO8yt
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBgDCCASagAwIBAgIUPUjNERKmCgKTTlTqPncb0OAHvgwwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBdDAgFw0yNjExMjMwMjI0MjZaGA8yMTI2MTAzMDAyMjQyNlow
DDEKMAgGA1UEAwwBdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNNH3YJu+euV
qntoiD7nHOLB/0U/yCOy0tB3AmR7nBllvly7jy4ebDyhn1f7ituwlTmqfnwe+e5e
TrhP+mA7zK2jZDBiMB0GA1UdDgQWBBTiSRHNwJphUnk8PVSwRidH9s1fezAfBgNV
HSMEGDAWgBTiSRHNwJphUnk8PVSwRidH9s1fezAPBgNVHRMBAf8EBTADAQH/MA8G
A1UdEQQIMAaHBH8AAAEwCgYIKoZIzj0EAwIDSAAwRQIgaJTFKviCOXyO4cX6Yt6d
Uf7JxQWmvsKFFoEWuNFhZQ8CIQDI6oPtYwhQy3EmC1X7bymoQYdUGINr1TH8XcSY
ByODQg==
-----END CERTIFICATE-----
"""


def api(base_url: str = CLOUDFLARE_BASE_URL, **changes: Any) -> ApiSettings:
    """Make settings that reach some API."""
    return ApiSettings(**({"token": BEARER, "account_id": "account", "base_url": base_url} | changes))


def snapshot(**changes: Any) -> SnapshotSettings:
    """Make settings of some snapshot."""
    given = {"api": api(), "meetings": None, "app_id": "app", "database": Path("usage.duckdb")}
    return SnapshotSettings(**(given | changes))


# The token


@pytest.mark.parametrize("settings", [api(), snapshot()])
def test_the_token_is_in_no_representation(settings: ApiSettings | SnapshotSettings) -> None:
    """Logs and tracebacks hold no secret."""
    for shown in (repr(settings), str(settings), f"{settings}", f"{[settings]}", f"{settings!a}"):
        assert "account" in shown
        assert BEARER not in shown


@pytest.mark.parametrize(
    "token",
    [
        "",
        " ",
        f"{BEARER}\n",
        f"{BEARER} x",
        f"\t{BEARER}",
        f"{BEARER}\x00",
        f"{BEARER}\xe9",
        f'"{BEARER}"',
        f"{BEARER},x",
    ],
)
def test_a_token_that_no_header_can_carry_is_refused_unseen(token: str) -> None:
    """A pasted line break or quote would fail every request. The message does not repeat the token."""
    with pytest.raises(ConfigError, match="the API token is empty or holds") as caught:
        api(token=token)
    assert BEARER not in f"{caught.value!r}"
    assert caught.value.exit_code == 78


# The account


@pytest.mark.parametrize("account_id", ["", "a b", "a/b", "..", "\udcff", "x" * 129])
def test_an_account_that_can_not_be_one_is_refused(account_id: str) -> None:
    """The account is part of the path of every request. The message names the setting."""
    with pytest.raises(ConfigError, match="CLOUDFLARE_ACCOUNT_ID or --account-id"):
        api(account_id=account_id)


# The base URL


@pytest.mark.parametrize(
    "base_url",
    [
        CLOUDFLARE_BASE_URL,
        "https://api.example.com",
        "https://api.example.com:8443/v4/",
        "https://[2001:db8::1]/v4",
        "http://127.0.0.1:8080/client/v4",
        "http://127.8.9.1",
        "http://localhost:8080",
        "http://LocalHost",
        "http://[::1]:8080",
    ],
)
def test_the_token_may_go_over_https_or_stay_on_this_machine(base_url: str) -> None:
    """Such URLs are used unchanged."""
    assert api(base_url).base_url == base_url


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.cloudflare.com/client/v4",
        "HTTP://api.cloudflare.com",
        "http://localhost.evil.com",
        "http://evil.com/localhost",
        "http://127.0.0.1.nip.io",
        "http://127.0.0.1.evil.com:80",
        "http://128.0.0.1",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://127.1",
        "http://2130706433",
        "http://0x7f000001",
        "http://0177.0.0.1",
        "http://[::]",
        "http://[2001:db8::1]",
        "http://[::2]:80",
        "//127.0.0.1",
        "ftp://127.0.0.1",
        "file://localhost/etc/passwd",
        "ws://127.0.0.1",
        "httpss://127.0.0.1",
    ],
)
def test_a_url_over_which_others_could_read_the_token_is_refused(base_url: str) -> None:
    """The URL is neither encrypted nor on this machine. The message says what to use."""
    with pytest.raises(ConfigError, match="use https, or http on this machine only") as caught:
        api(base_url)
    assert repr(base_url) in str(caught.value)


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "/client/v4",
        "api.cloudflare.com",
        "https:",
        "https://",
        "https:///client/v4",
        "https:api.cloudflare.com",
        "https://:443",
        "http://localhost@evil.com",
        "http://127.0.0.1:80@evil.com",
        "http://127.0.0.1\\@evil.com",
        "https://user:pass@api.cloudflare.com",
        "https://api.cloudflare.com/@evil",
        "http://evil.com#@127.0.0.1",
        "http://evil.com?@127.0.0.1",
        "https://api.cloudflare.com?account=1",
        "https://api.cloudflare.com#v4",
        "https://api.cloudflare.com/client?v4",
        "https://api.cloudflare.com/client#v4",
        "https://[::1",
        "https://::1]",
        "https://[127.0.0.1]",
        "https://[localhost]",
        "https://api.cloudflare.com:port",
        "https://api.cloudflare.com:65536",
        "https://api.cloudflare.com:-1",
        "https://api.cloudflare.com:+443",
        "https://api.cloudflare.com:443:443",
        "https://api.cloudflare.com:4 43",
        "https://api.cloudflare.com:\N{ARABIC-INDIC DIGIT ONE}",
    ],
)
def test_what_is_no_plain_url_is_refused(base_url: str) -> None:
    """User names, queries, fragments and bad ports are not valid. The message shows a valid URL."""
    with pytest.raises(ConfigError, match="is not a plain URL; expected one like https://"):
        api(base_url)


@pytest.mark.parametrize(
    "base_url",
    [
        " https://api.cloudflare.com",
        "https://api.cloudflare.com ",
        "https://api .cloudflare.com",
        "https://api.cloudflare.com/client v4",
        "https://api\n.cloudflare.com",
        "https://api.cloudflare.com\r\nX-Evil: 1",
        "ht\ttps://api.cloudflare.com",
        "http://local\thost",
        "https://api\x00.cloudflare.com",
        "\x01https://api.cloudflare.com",
        "https://\udcff.com",
        "https://[v1.x]",
        "https://xn--\N{HEAVY BLACK HEART}.com",
        "http://localhost.",
        "http://127.0.0.1\\.evil.com",
        "http://127.0.0.1%2eevil.com",
        "http://localhost%00.evil.com",
        "http://\N{ARABIC-INDIC DIGIT ONE}27.0.0.1",
        "http://\N{FULLWIDTH LATIN SMALL LETTER L}ocalhost",
    ],
)
def test_a_url_of_which_nobody_can_say_where_it_leads_is_refused(base_url: str) -> None:
    """White space, control characters and ambiguous hosts are not valid."""
    with pytest.raises(ConfigError, match="is not a plain URL"):
        api(base_url)


@pytest.mark.parametrize(
    "pattern", ["https://{}@evil.com", "https://a:{}@[::1", "https://evil.com?token={}", "https:#{}"]
)
def test_a_token_in_a_url_is_refused_unseen(pattern: str) -> None:
    """The message does not repeat the URL, which may hold the token."""
    with pytest.raises(ConfigError, match="is not a plain URL") as caught:
        api(pattern.format(BEARER))
    assert BEARER not in f"{caught.value!r}"


URL_PARTS = st.sampled_from(
    [
        *(
            "http",
            "HTTPS",
            "https",
            "://",
            ":",
            "/",
            "//",
            "\\",
            "@",
            "#",
            "?",
            "[",
            "]",
            "::1",
            "%",
            "%40",
            ".",
            " ",
            "\t",
        ),
        *("\n", "\x00", "127.0.0.1", "localhost", "evil.com", "80", "0", "\N{IDEOGRAPHIC FULL STOP}", "\xe9", "v1."),
    ]
)


@given(st.lists(URL_PARTS, min_size=1, max_size=9).map("".join) | st.text(max_size=20).map("http://localhost{}".format))
@example("https://api .cloudflare.com")
def test_a_url_that_is_accepted_leads_where_it_was_judged_to_lead(base_url: str) -> None:
    """The HTTP client reads the same scheme, host and port from the URL as this check."""
    try:
        api(base_url)
    except ConfigError:
        return
    judged, used = urlsplit(base_url), httpx.URL(base_url)
    assert (used.scheme, used.host) == (judged.scheme, judged.hostname)
    assert used.port in {judged.port, None}
    assert used.scheme == "https" or is_loopback(used.host)


@pytest.mark.parametrize("scheme", ["https", "HTTPS", "Https"])
def test_certificates_are_verified_however_https_is_written(tmp_path: Path, scheme: str) -> None:
    """A server without a valid certificate never receives the token: the URL is refused, or the connection fails."""
    certificate = tmp_path / "unsigned.pem"
    certificate.write_text(UNSIGNED, encoding="ascii")
    heard = asyncio.run(_heard_by_an_impostor(scheme, certificate))
    assert BEARER.encode() not in heard


async def _heard_by_an_impostor(scheme: str, certificate: Path) -> bytes:
    """Send the token to a server with its own certificate. Return what the server could read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    heard = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context) as server:
        try:
            settings = api(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}", attempts=1)
            run_context = RunContext(now=lambda: EPOCH, sleep=asyncio.sleep)
            async with open_session(settings, run_context, FetchCounts()) as session, session.client() as client:
                await client.active_session(Meeting("app", "meeting"))
        except (ConfigError, RequestError):
            pass
    return b"".join(heard)


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("http://127.0.0.1:1", True),
        ("https://LOCALHOST", True),
        ("https://[::1]:1", True),
        (CLOUDFLARE_BASE_URL, False),
    ],
)
def test_settings_know_whether_the_api_is_on_this_machine(base_url: str, expected: bool) -> None:  # noqa: FBT001  # a column of the table
    """Requests to this machine use no proxy."""
    assert api(base_url).is_loopback is expected


# The app


@pytest.mark.parametrize("app_id", [None, "", "a b", "a/b", "..", "x" * 129])
def test_all_meetings_are_those_of_an_app(app_id: str | None) -> None:
    """Without a list, the setting has to name the app. The message names the setting."""
    with pytest.raises(ConfigError, match="REALTIMEKIT_APP_ID or --app-id"):
        snapshot(app_id=app_id)
    assert snapshot(app_id=app_id, meetings=Path("meetings.txt")).app_id == app_id


# The slot

NOON = datetime(2026, 11, 23, 12, 7, 33, 250000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        (timedelta(minutes=5), datetime(2026, 11, 23, 12, 5, tzinfo=UTC)),
        (timedelta(hours=1), datetime(2026, 11, 23, 12, tzinfo=UTC)),
        (timedelta(days=1), datetime(2026, 11, 23, tzinfo=UTC)),
        (timedelta(seconds=1), datetime(2026, 11, 23, 12, 7, 33, tzinfo=UTC)),
        (None, datetime(2026, 11, 23, 12, 7, 33, tzinfo=UTC)),
    ],
)
def test_a_slot_is_the_start_rounded_down_to_the_schedule(every: timedelta | None, expected: datetime) -> None:
    """Without a schedule it is the second of the start."""
    assert snapshot(every=every).slot_of(NOON) == expected


def test_a_slot_that_is_given_is_taken_in_utc() -> None:
    """The clock does not change it."""
    given = datetime(2026, 11, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    slot = snapshot(slot=given).slot_of(NOON)
    assert slot.isoformat() == "2026-10-31T23:00:00+00:00"


INSTANTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis adds the zone
WHOLE_SECONDS = st.integers(1, 366 * 86400).map(lambda seconds: timedelta(seconds=seconds))


@given(INSTANTS, WHOLE_SECONDS)
def test_rounding_down_gives_the_last_multiple_that_is_not_after(instant: datetime, every: timedelta) -> None:
    """Two runs of one interval share a slot, and two of different intervals never do."""
    slot = floor_to(instant, every)
    assert (slot - EPOCH) % every == timedelta(0)
    assert timedelta(0) <= instant - slot < every


@given(st.integers(0, 10**6), st.integers(1000, 10**6).map(lambda milliseconds: timedelta(milliseconds=milliseconds)))
@example(1790000000, timedelta(seconds=1.1))
def test_a_slot_is_its_own_slot(number: int, every: timedelta) -> None:
    """This holds also for an interval such as 1.1s, which the command line accepts."""
    slot = EPOCH + number * every
    assert floor_to(slot, every) == slot


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("127.0.0.1", True), ("127.255.0.9", True), ("::1", True), ("", False), ("126.0.0.1", False)],
)
def test_this_machine_is_the_loopback_interface(host: str, expected: bool) -> None:  # noqa: FBT001  # a column of the table
    """This machine is 127.0.0.0/8, ::1 and localhost, and nothing that only looks like them."""
    assert is_loopback(host) is expected
