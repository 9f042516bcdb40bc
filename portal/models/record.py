"""What every record is: an id that sorts by time, fields that lie encrypted, and a rule of who sees it.

`visible_to(kind, r)` is that rule: an SQL condition over the row named `r`, with the places `:viewer`,
`:client` and `:now`. It knows only the *kind* of viewer, never a value, so the same text serves a find, a
list, and the question "which of these viewers may see which of these rows" (docs/decisions/0001).
"""

from __future__ import annotations

import datetime as dt
import os
import time
from enum import Enum
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from portal import clock, crypto


def uuid7() -> UUID:
    """A UUID version 7 (RFC 9562): 48 bits of milliseconds, then chance."""
    value = int.from_bytes((time.time_ns() // 1_000_000).to_bytes(6, "big") + os.urandom(10), "big")
    value = value & ~(0xF000 << 64) | (0x7000 << 64)
    value = value & ~(0xC000 << 48) | (0x8000 << 48)
    return UUID(int=value)


class Kind(Enum):
    """How someone looks: as staff, as an account at all it may see, or as an account for one client."""

    STAFF = "staff"
    ACCOUNT = "account"
    PROFILE = "profile"


def live(r: str) -> str:
    """The row's life includes this moment: from ≤ now < until."""
    return f"({r}.from_at <= :now and ({r}.until_at is null or {r}.until_at > :now))"


class Record(Model):
    """Anything a viewer may see."""

    id = fields.UUIDField(primary_key=True, default=uuid7)

    class Meta:
        abstract = True

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """The SQL condition under which row `r` is seen. Each model writes its own."""
        raise NotImplementedError(f"{cls.__name__} does not say who may see it")

    @classmethod
    def seen_through(cls, r: str) -> str:
        """The condition under which staff who look at what somebody else sees ("view as") may see row `r` themselves:
        the rule for staff, unless that asks whose the row is."""
        return cls.visible_to(Kind.STAFF, r)


class Sealed:
    """An attribute kept encrypted in `<name>_sealed`, bound to its table, column and row.

    >>> class Client(Record):
    ...     phone_sealed = fields.BinaryField(null=True)
    ...     phone = Sealed()
    """

    def __set_name__(self, owner: type[Model], name: str) -> None:
        self.column = f"{name}_sealed"

    def __get__(self, row: Any, owner: type[Model]) -> str | None:
        if row is None:
            return self  # type: ignore[return-value]
        box = getattr(row, self.column)
        return None if box is None else unseal(owner, self.column, row.id, box)

    def __set__(self, row: Any, text: str | None) -> None:
        box = None if text is None else seal(type(row), self.column, row.id, text)
        setattr(row, self.column, box)


def seal(model: type[Model], column: str, row_id: object, text: str) -> bytes:
    return crypto.ring().seal(text, f"{model._meta.db_table}/{column}/{row_id}")


def unseal(model: type[Model], column: str, row_id: object, box: bytes) -> str:
    return crypto.ring().open(bytes(box), f"{model._meta.db_table}/{column}/{row_id}")


class Lasting(Record):
    """A record with a life. It is ended by a time, never deleted."""

    from_at: dt.datetime = fields.DatetimeField(default=clock.now)
    until_at: dt.datetime | None = fields.DatetimeField(null=True)

    class Meta:
        abstract = True

    holds_now: ClassVar = property(
        lambda self: self.from_at <= clock.now() and not (self.until_at and self.until_at <= clock.now())
    )
