"""The local server that all contenders talk to: nginx on free ports, for as long as it is needed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import string
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.nginx import workload

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 5.0
TEMPLATE = Path(__file__).with_name("nginx.conf.template")

# nginx replaces these names in a session by its own variables.
NGINX_NAMES = {"session_prefix": workload.SESSION_PREFIX, "rest": "$rest", "meeting": "$meeting", "app": "$app"}


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The connections that the server has accepted, and the requests that it has handled."""

    connections: int
    requests: int


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running nginx: its ports, and the folder with its certificates and its lists of live sessions."""

    folder: Path
    port: int
    secure_port: int

    @property
    def address(self) -> str:
        """The address for plain http."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def secure_address(self) -> str:
        """The address for https."""
        return f"https://127.0.0.1:{self.secure_port}"

    @property
    def authority(self) -> Path:
        """The certificate that a client has to trust."""
        return self.folder / "client.pem"

    @property
    def lists(self) -> Path:
        """The folder with the pages of live sessions."""
        return self.folder / "lists"

    def counts(self) -> Counts:
        """Return what the server has counted; this request and its connection are included."""
        # No proxy handler, because the address is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.address}/requests", timeout=5) as answer:
            text = answer.read().decode()
        counts = re.search(r"^\s*(\d+)\s+\d+\s+(\d+)\s*$", text, re.MULTILINE)
        if counts is None:
            raise RuntimeError(f"nginx gave an unexpected status page: {text!r}")
        return Counts(connections=int(counts[1]), requests=int(counts[2]))


def find_nginx() -> str | None:
    """Return nginx's path, or None. Debian installs it in a folder that an ordinary user's PATH lacks."""
    return shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))


def version() -> str:
    """Return nginx's name and version, such as `nginx/1.22.1`."""
    printed = subprocess.run([str(find_nginx()), "-v"], check=True, capture_output=True, text=True).stderr
    return printed.rpartition(": ")[2].strip()


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[Server]:
    """Run nginx with all its files in `folder`, and stop it at the end."""
    program = find_nginx()
    if program is None:
        raise FileNotFoundError("nginx")
    server = Server(folder=folder, port=free_port(), secure_port=free_port())
    server.lists.mkdir()
    make_certificates(folder)
    configuration = folder / "nginx.conf"
    configuration.write_text(configured(server), encoding="utf-8")
    process = subprocess.Popen([program, "-p", folder, "-c", configuration, "-e", "stderr"])
    try:
        wait_until_open(process, server.port)
        yield server
    finally:
        process.terminate()
        process.wait()


def make_certificates(folder: Path) -> None:
    """Write `server.pem` and `server.key`, and `client.pem`, the certificate of their authority."""
    command = [
        sys.executable,
        "-m",
        "trustme",
        "--quiet",
        "--dir",
        str(folder),
        "--identities",
        "127.0.0.1",
        "localhost",
    ]
    subprocess.run(command, check=True)


def configured(server: Server) -> str:
    """Return nginx's configuration."""
    template = string.Template(TEMPLATE.read_text(encoding="utf-8"))
    return template.substitute(
        folder=server.folder,
        port=server.port,
        secure_port=server.secure_port,
        live_prefix=workload.LIVE_PREFIX,
        session=workload.SESSION.substitute(NGINX_NAMES),
    )


def free_port() -> int:
    """Return a port of the loopback interface that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_until_open(process: subprocess.Popen[bytes], port: int) -> None:
    """Return once the port answers; fail if the server ended or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nginx did not open port {port}; its own message is above")
