"""The local server every contender talks to: nginx, on a free port, for as long as it is needed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import string
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 5.0
TEMPLATE = Path(__file__).with_name("nginx.conf.template")


def find_nginx() -> str | None:
    """Return nginx's path, or None; Debian puts it where an ordinary user's PATH does not look."""
    return shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[str]:
    """Run nginx with all its files in `folder`; give its address, stop it at the end."""
    program = find_nginx()
    if program is None:
        raise FileNotFoundError("nginx")
    port = free_port()
    configuration = folder / "nginx.conf"
    template = string.Template(TEMPLATE.read_text(encoding="utf-8"))
    values = {"folder": folder, "port": port, "live_prefix": LIVE_PREFIX, "session_prefix": SESSION_PREFIX}
    configuration.write_text(template.substitute(values), encoding="utf-8")
    process = subprocess.Popen([program, "-p", folder, "-c", configuration, "-e", "stderr"])
    try:
        wait_until_open(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on now."""
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


def requests_seen(address: str) -> int:
    """Return how many requests the server has handled, this one included."""
    # No proxy handler: the address is this machine's own, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{address}/requests", timeout=5) as answer:
        text = answer.read().decode()
    counts = re.search(r"^\s*\d+\s+\d+\s+(\d+)\s*$", text, re.MULTILINE)
    if counts is None:
        raise RuntimeError(f"nginx gave an unexpected status page: {text!r}")
    return int(counts.group(1))
