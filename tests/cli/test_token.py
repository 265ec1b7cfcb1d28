from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from etl.settings import ApiSettings, SnapshotSettings
from tests.cli.conftest import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import OpenShell, Shell

TABLES = ("runs", "meeting_lists", "session_snapshots", "fetch_failures", "schema_migrations")


def everything_stored(database: Path) -> str:
    """Return all values of the tables and the staged files, whose bytes are compressed."""
    with duckdb.connect(str(database) if database.exists() else ":memory:") as connection:
        tables = TABLES if database.exists() else ()
        files = [str(file) for file in database.parent.glob("*.staged/*/*.parquet")]
        found = [connection.table(table) for table in tables] + [connection.read_parquet(file) for file in files]
        as_text = [rows.project("cast(columns(*) as varchar)") for rows in found]
        return "\n".join(str(row) for rows in as_text for row in rows.fetchall())


def assert_nowhere(secret: str, directory: Path) -> None:
    """Check that no file below the directory holds the secret, neither as bytes nor as a value."""
    files = [file for file in directory.rglob("*") if file.is_file()]
    assert [file for file in files if secret.encode() in file.read_bytes()] == []
    assert secret not in everything_stored(directory / "usage.duckdb")


Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def echo(answer: Callable[[str], Answer]) -> Iterator[str]:
    """Serve answers made from the Authorization header. Yields the base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(self.headers["Authorization"])
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 64  # as many as come at once; one that does not fit comes again after a second

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/client/v4"
        finally:
            server.shutdown()
            thread.join()


def as_text(header: str) -> Answer:
    """Answer with a proxy's page that quotes the request."""
    return 403, {}, f"forbidden: Authorization: {header}".encode()


def as_realtimekit_error(header: str) -> Answer:
    """Answer with RealtimeKit's envelope."""
    return 400, {}, json.dumps({"success": False, "error": {"code": 400, "message": f"bad {header}"}}).encode()


def as_gateway_error(header: str) -> Answer:
    """Answer with the gateway's envelope for a refused token."""
    return 401, {}, json.dumps({"success": False, "errors": [{"code": 10000, "message": f"no {header}"}]}).encode()


def as_server_error(header: str) -> Answer:
    """Answer with an HTML error that is retried."""
    return 500, {}, f"<pre>{header * 100}</pre>".encode()


def as_payload(header: str) -> Answer:
    """Answer with a success that holds the token in a known field and in an unknown field."""
    session = {"id": "a-session", "meeting_display_name": header, "unheard_of": {"deep": header}}
    return 200, {}, json.dumps({"success": True, "data": session}).encode()


def as_ray(header: str) -> Answer:
    """Answer with the token in the ray ID, which is stored."""
    return 403, {"cf-ray": header}, b"forbidden"


def as_header_name(header: str) -> Answer:
    """Answer with a header that HTTP does not allow, which the HTTP library quotes in its error."""
    return 200, {f"x {header.partition(' ')[2]}": "1"}, b"{}"


@pytest.mark.parametrize(
    "answer",
    [as_text, as_realtimekit_error, as_gateway_error, as_server_error, as_payload, as_ray, as_header_name],
)
def test_a_server_that_quotes_the_token_does_not_get_it_stored(shell: Shell, answer: Callable[[str], Answer]) -> None:
    """Whatever part of an answer repeats the token, it is in no output, no table and no file."""
    with echo(answer) as base_url:
        result = shell.snapshot("--verbose", "--attempts", "1", CLOUDFLARE_API_BASE_URL=base_url)
    assert result.exit_code in {0, 3, 77}
    assert_nowhere(SECRET, shell.directory)


def test_no_part_of_the_token_is_kept_either(shell: Shell) -> None:
    """An HTTP library may quote only a part of the token, which is as bad as all of it."""
    with echo(lambda header: (200, {"X-Echo": f"{'p' * 60}{header}{'x' * 9000}"}, b"{}")) as base_url:
        result = shell.snapshot("--attempts", "1", CLOUDFLARE_API_BASE_URL=base_url)
    assert result.exit_code == 3
    assert SECRET[:16] not in result.output
    assert_nowhere(SECRET[:16], shell.directory)


@pytest.mark.parametrize("token", ['cfut_with"quotes"', "cfut_with\\backslashes"])
def test_a_token_that_json_would_write_differently_is_refused(shell: Shell, token: str) -> None:
    """A bearer token has no such characters, and a search for it in an answer would miss it."""
    result = shell.snapshot(CLOUDFLARE_API_TOKEN=token)
    assert (result.exit_code, shell.api.app.state.requests) == (78, 0)
    assert token not in result.output


def test_a_token_with_slashes_is_found_however_json_writes_them(shell: Shell) -> None:
    """JSON may put a backslash before a slash, and many servers do."""
    token = "cfut_some/thing/secret"  # noqa: S105  # no token of anybody

    def escaping(header: str) -> Answer:
        status, headers, body = as_realtimekit_error(header)
        return status, headers, body.replace(b"/", b"\\/")

    with echo(escaping) as base_url:
        result = shell.snapshot("--attempts", "1", CLOUDFLARE_API_TOKEN=token, CLOUDFLARE_API_BASE_URL=base_url)
    assert result.exit_code == 3
    assert token not in result.output
    assert token not in everything_stored(shell.database)


@pytest.mark.parametrize(
    "options", [["--verbose"], ["--json", "--verbose"], ["--attempts", "1", "--timeout", "0.2s", "--verbose"]]
)
def test_the_token_is_in_no_output_and_no_file(open_shell: OpenShell, options: list[str]) -> None:
    """Neither a good answer nor a failing one leaves a trace of it."""
    shell = open_shell(script=["ok", "dropped", "cut_body", "internal_error"] * 3 + ["authentication"] * 99)
    result = shell.snapshot(*options, "--concurrency", "4")  # which looks at what is printed
    assert result.exit_code in {3, 77}
    assert_nowhere(SECRET, shell.directory)


def test_the_token_is_in_no_staged_file(shell: Shell) -> None:
    """Staged files hold no more than the database."""
    shell.snapshot()
    with shell.database_held():
        shell.snapshot("--lock-timeout", "0")
        assert len(shell.staged()) == 1
        files = [file for file in shell.staging.rglob("*") if file.is_file()]
        assert [file for file in files if SECRET.encode() in file.read_bytes()] == []
    assert_nowhere(SECRET, shell.directory)


def test_development_mode_shows_neither_the_token_nor_anything_left_open(shell: Shell) -> None:
    """In this mode Python logs the event loop and warns about open resources."""
    code, _, stderr = shell.process("snapshot", "meetings.txt", "--verbose", variables={"PYTHONDEVMODE": "1"})
    assert code == 0  # and `process` looks that the token is not printed
    assert "ResourceWarning" not in stderr


@pytest.mark.parametrize(
    "token", ["cfut_half\nother-half", "cfut_half other-half", "cfut_half\x00other-half", "cfut_h\u00e4lf", "\x1b[31m"]
)
@pytest.mark.parametrize("through", ["file", "variable"])
def test_a_token_that_no_header_can_carry_is_refused_unquoted(shell: Shell, token: str, through: str) -> None:
    """The command ends with 78 and a message without any part of the token. Nothing is sent."""
    file = shell.directory / "token"
    file.write_text(token, encoding="utf-8")
    if through == "file" or "\x00" in token:  # which no variable can hold
        result = shell.snapshot("--api-token-file", str(file))
    else:
        result = shell.snapshot(CLOUDFLARE_API_TOKEN=token)
    assert (result.exit_code, shell.api.app.state.requests) == (78, 0)
    assert "half" not in result.output
    assert token not in result.output


def test_a_token_in_the_place_of_its_file_is_not_quoted(shell: Shell) -> None:
    """A token in the place of a file name is not repeated in cron's mail."""
    for name in ("--api-token-file", None):
        options = [name, SECRET] if name else []
        changes = {"CLOUDFLARE_API_TOKEN": None, "CLOUDFLARE_API_TOKEN_FILE": None if name else SECRET}
        assert shell.snapshot(*options, **changes).exit_code == 78  # and `snapshot` looks that it is not printed


def test_the_token_is_in_no_representation(shell: Shell) -> None:
    """Settings may be logged, or shown in a traceback."""
    api = ApiSettings(token=SECRET, account_id="an-account")
    settings = SnapshotSettings(api=api, meetings=Path("list"), app_id=None, database=shell.database)
    assert SECRET not in f"{api!r}{api}{settings!r}{settings}"


@pytest.mark.parametrize("base_url", [f"https://{SECRET}@example.com/", f"https://example.com/?token={SECRET}"])
def test_a_token_in_the_address_is_not_quoted(shell: Shell, base_url: str) -> None:
    """An address with a user or a query is refused. It may hold a secret, so it is not repeated."""
    assert shell.snapshot("--base-url", base_url).exit_code == 78  # and `snapshot` looks that it is not printed


def test_a_redirect_does_not_carry_the_token_away(shell: Shell) -> None:
    """Redirects are not followed, so the other server never receives the token."""
    heard: list[str] = []

    def listen(header: str) -> Answer:
        heard.append(header)
        return 200, {}, b"{}"

    with echo(listen) as elsewhere, echo(lambda _header: (302, {"Location": elsewhere}, b"")) as base_url:
        result = shell.snapshot("--attempts", "1", CLOUDFLARE_API_BASE_URL=base_url)
    assert (result.exit_code, heard) == (3, [])


def test_a_refused_token_is_not_quoted(open_shell: OpenShell) -> None:
    """The message for a refused token says where to replace it, and does not repeat it."""
    result = open_shell(script=repeat("malformed_token")).snapshot()
    assert result.exit_code == 77  # and `snapshot` looks that it is not printed
