"""Runs the load generator (load.c) and reads what the servers cost meanwhile."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.side import Load, Post, Socket

SOURCE = Path(__file__).with_name("load.c")
TICKS = os.sysconf("SC_CLK_TCK")
# How long all is left alone between the last hello and the load, or a look at the memory.
SETTLE_SECONDS = 1.0
WARM_SOCKETS = 50

Result = dict[str, Any]
Processes = dict[str, list[int]]


class Wrong(Exception):
    """The load could not be run as meant, in a sentence for whoever runs the benchmark."""


def generator() -> Path:
    """The compiled load generator, compiled now if this version of it has not been."""
    cache = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(cache) if cache else Path.home() / ".cache") / "portal-bench"
    program = folder / f"load-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]}"
    if program.exists():
        return program
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        raise Wrong(
            "The load generator is written in C and this machine has no C compiler: install one "
            "(Debian and Ubuntu: apt install gcc libc6-dev)."
        )
    folder.mkdir(parents=True, exist_ok=True)
    fresh = program.with_suffix(f".{os.getpid()}")
    ran = subprocess.run([compiler, "-O2", "-o", fresh, SOURCE], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise Wrong(f"The load generator does not compile here (it needs Linux):\n{ran.stderr}")
    fresh.rename(program)
    return program


def run(
    load: Load,
    processes: Processes,
    *,
    seconds: float,
    warm: float,
    in_flight: int = 1,
    rate: float = 0,
    drain: float = 5,
) -> Result:
    """Opens the sockets, sends for that long, and returns the generator's result with
    `cpu_seconds` by name of the processes over the measured window.

    Closed loop with in_flight messages on their way, or open loop at rate messages a second. What
    has not come `drain` seconds after the end is missing.
    """
    pace = ["--rate", str(rate)] if rate else ["--in-flight", str(in_flight)]
    options = [*pace, "--seconds", str(seconds), "--warm", str(warm), "--drain", str(drain)]
    with running(load, options) as program:
        opened = next_event(program, "open")
        refuse_if_incomplete(opened)
        time.sleep(SETTLE_SECONDS)
        assert program.stdin
        program.stdin.write("go\n")
        program.stdin.flush()
        watched = processes | {"generator": [program.pid]}
        next_event(program, "measuring")
        before = {name: cpu_seconds(pids) for name, pids in watched.items()}
        next_event(program, "measured")
        after = {name: cpu_seconds(pids) for name, pids in watched.items()}
        result = next_event(program, "result")
    result["cpu_seconds"] = {name: after[name] - before[name] for name in watched}
    return result


def memory_per_socket(load: Load, workers: list[int]) -> Result:
    """Opens the sockets and leaves them alone; returns what each costs the workers, in KiB."""
    with running(Load(load.sockets[:WARM_SOCKETS]), []) as program:
        refuse_if_incomplete(next_event(program, "open"))
    time.sleep(SETTLE_SECONDS)
    before = resident_kib(workers)
    with running(Load(load.sockets), []) as program:
        refuse_if_incomplete(next_event(program, "open"))
        time.sleep(SETTLE_SECONDS)
        after = resident_kib(workers)
        assert program.stdin
        program.stdin.close()
        result = next_event(program, "result")
    result["kib_per_socket"] = (after - before) / len(load.sockets)
    result["resident_kib_before"] = before
    return result


@contextmanager
def running(load: Load, options: list[str]) -> Iterator[subprocess.Popen[str]]:
    with tempfile.NamedTemporaryFile("w", suffix=".plan") as plan:
        plan.writelines(f"{line}\n" for line in lines(load))
        plan.flush()
        with subprocess.Popen(
            [generator(), plan.name, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as program:
            try:
                yield program
            finally:
                program.kill()


def next_event(program: subprocess.Popen[str], name: str) -> Result:
    assert program.stdout
    line = program.stdout.readline()
    event: Result = json.loads(line) if line else {}
    if event.pop("event", None) != name:
        raise Wrong(f"The load generator stopped before it had {name!r} to say.")
    return event


def refuse_if_incomplete(opened: Result) -> None:
    if opened["refused"]:
        raise Wrong(
            f"{opened['refused']} sockets were refused, {opened['sockets']} opened. "
            f"The first said: {opened['first_error']}"
        )


def lines(load: Load) -> Iterator[str]:
    """The plan as load.c reads it."""
    for what in (*load.sockets, *load.posts):
        if isinstance(what, Socket):
            headers = {"Origin": what.origin, "Cookie": what.cookie}
            kind = "stalled" if what.stalled else "socket"
            rest = [header_lines(headers), what.hello]
        else:
            assert isinstance(what, Post)
            kind = "post"
            rest = [header_lines(what.headers), what.body, what.expect]
        fields = [kind, what.at, str(what.pair), what.path, *rest]
        yield "\t".join(escaped(text) for text in fields)


def header_lines(headers: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)


def escaped(text: str) -> str:
    for plain, safe in (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(plain, safe)
    return text


def cpu_seconds(pids: list[int]) -> float:
    """Return what these processes and all their children have used, those that have ended included."""
    # After a program's name, which may hold spaces: state, parent, and from 11 on utime, stime and
    # the same of children that have ended and been waited for.
    stats = {pid: stat(pid) for pid in families(pids)}
    return sum(int(ticks) for fields in stats.values() for ticks in fields[11:15]) / TICKS


def families(pids: list[int]) -> set[int]:
    """These processes with all their descendants."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        if fields := stat(int(folder.name)):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = set[int](), list(pids)
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        waiting += children.get(pid, [])
    return found


def stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def resident_kib(pids: list[int]) -> int:
    total = 0
    for pid in families(pids):
        status = Path(f"/proc/{pid}/status").read_text()
        total += int(status.partition("VmRSS:")[2].split()[0])
    return total
