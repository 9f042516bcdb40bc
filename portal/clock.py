"""The clock: the one place that asks the machine for the time, so that tests can move it."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_shift = dt.timedelta()
_file: Path | None = None
_read_at = 0  # when the file was last written, by the file system
_held: ContextVar[dt.datetime | None] = ContextVar("held", default=None)


def now() -> dt.datetime:
    """Return the present moment in UTC."""
    if (moment := _held.get()) is not None:
        return moment
    if _file is not None:
        _look()
    return dt.datetime.now(dt.UTC) + _shift


@contextmanager
def held() -> Iterator[None]:
    """Keep the moment as it is for this task, so that all of a page is drawn as of one."""
    token = _held.set(now())
    try:
        yield
    finally:
        _held.reset(token)


def move(by: dt.timedelta) -> None:
    """Move this process's clock. Only tests do this; `move(timedelta())` puts it right again."""
    global _shift
    _shift = by


def follow(file: Path | None) -> None:
    """Be ahead by the seconds that stand in this file, from the moment they stand there: so a practice of several
    processes is moved while its pages are open. Only a demo may (settings.problems)."""
    global _file, _read_at
    _file, _read_at = file, 0


def _look() -> None:
    global _read_at
    assert _file is not None
    try:
        written = _file.stat().st_mtime_ns
        if written != _read_at:
            move(dt.timedelta(seconds=float(_file.read_text())))
            _read_at = written
    except (OSError, ValueError):
        return  # not there yet, or being written
