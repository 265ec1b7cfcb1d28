"""Servers that answer what no good server would."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass
class Server:
    """A server that has answered these paths, asked with these headers."""

    base_url: str
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def answering(
    body: bytes | Callable[[str], bytes | tuple[int, bytes]],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    seconds_a_byte: float = 0.0,
    is_raw: bool = False,
) -> Iterator[Server]:
    """Answer every connection on the loopback interface with that body, or one by path; raw, with nothing but it.

    A function may also return the status beside the body.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        server = Server(f"http://127.0.0.1:{listener.getsockname()[1]}/client/v4")
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(2.0)
                    _note(server, connection.recv(65536).decode())
                    answer = body(server.paths[-1]) if callable(body) else body
                    code, content = answer if isinstance(answer, tuple) else (status, answer)
                    head = b"" if is_raw else _head(code, len(content), headers or {})
                    _send(connection, head + content, len(head), seconds_a_byte)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server
        finally:
            ended.set()
            thread.join()


def _head(status: int, length: int, headers: Mapping[str, str]) -> bytes:
    lines = {"Content-Length": str(length), "Connection": "close"} | dict(headers)
    written = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} X\r\n{written}\r\n".encode()


def _note(server: Server, request: str) -> None:
    first, *lines = request.split("\r\n")
    server.paths.append(first.split(" ")[1])
    server.headers.append({name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)})


def _send(connection: socket.socket, answer: bytes, head: int, seconds_a_byte: float) -> None:
    try:
        if not seconds_a_byte:
            connection.sendall(answer)
            return
        connection.sendall(answer[:head])
        for byte in answer[head:]:
            connection.sendall(bytes([byte]))
            time.sleep(seconds_a_byte)
    except OSError:
        pass  # the client has had enough, as it should
