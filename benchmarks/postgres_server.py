"""Runs a temporary PostgreSQL server in a folder, for this machine alone."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER, PASSWORD = "latentune", "secret"


def binaries() -> Path | None:
    """Returns the folder with `initdb` and `pg_ctl`; Debian has it beside the path."""
    on_path = shutil.which("initdb")
    found = [Path(on_path)] if on_path else [*Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found).parent if found else None


@contextmanager
def postgres(*settings: str) -> Iterator[str]:
    """Starts a server, and stops it at the end of the block.

    Args:
        settings: Settings such as `fsync=off`.

    Yields:
        The URL of the server; a slash and the name of a database complete it.
    """
    place, folder = binaries(), Path(tempfile.mkdtemp())
    assert place is not None
    words = {}
    if os.geteuid() == 0:  # whom PostgreSQL does not serve
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        words = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def run(program: str, *options: str) -> None:
        command = [place / program, "-D", folder / "data", *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **words)

    try:
        (folder / "password").write_text(PASSWORD)
        run("initdb", *("-U", USER, "-A", "scram-sha-256", f"--pwfile={folder / 'password'}"))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        asked = ["listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories="]
        options = " ".join(f"-c {setting}" for setting in [*asked, *settings])
        run("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", options)
        try:
            yield f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}"
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate")
    finally:
        shutil.rmtree(folder)
