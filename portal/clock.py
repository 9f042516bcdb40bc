"""What time it is: the one place that asks the machine, so that tests can move it."""

from __future__ import annotations

import datetime as dt

_shift = dt.timedelta()


def now() -> dt.datetime:
    """The present moment in UTC."""
    return dt.datetime.now(dt.UTC) + _shift


def move(by: dt.timedelta) -> None:
    """Move this process's clock. Only tests do this; `move(timedelta())` puts it right again."""
    global _shift
    _shift = by
