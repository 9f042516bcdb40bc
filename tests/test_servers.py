"""The servers that the other tests stand on do what they say, and leave nothing behind."""

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import PostgreSQL


def test_postgresql_has_what_portal_relies_on(postgres: PostgreSQL) -> None:
    assert postgres.sql("show max_connections") == "200"
    assert postgres.sql("show timezone") == "UTC"
    assert postgres.sql("select lower('ÉLI')") == "éli"


@pytest.mark.parametrize("kind", ["PostgreSQL", "Redis"])
def test_a_killed_run_leaves_no_server_and_no_folder(kind: str) -> None:
    script = f"""
import os, signal, tests.servers
with tests.servers.{kind}() as server:
    print(server.process.pid, server._watcher.pid, server.folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    server, watcher, folder = run.stdout.split()

    for pid in (watcher, server):
        wait_until_ended(int(pid))
    assert not Path(folder).exists()


def wait_until_ended(pid: int) -> None:
    """Returns when this process, which is no child of ours, is gone; fails after ten seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended = select.poll()  # select() takes no handle beyond the first thousand, which a long run has in use
        ended.register(handle, select.POLLIN)
        assert ended.poll(10_000), f"process {pid} is still there"
    finally:
        os.close(handle)
