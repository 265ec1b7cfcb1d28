"""Make a certificate for this machine: `certificate.py FOLDER` writes `server.pem` and the authority's `ca.pem`.

A program of its own, so that the driver stays small (see `measure.py`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import trustme


def main() -> None:
    folder = Path(sys.argv[1])
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")


if __name__ == "__main__":
    main()
