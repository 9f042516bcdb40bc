"""The base of every record: an id that sorts by time, fields that lie encrypted, and a rule of who sees it.

`visible_to(kind, r)` is that rule: an SQL condition over the row named `r`, with the places `:viewer`,
`:client` and `:now`. It knows only the *kind* of viewer, never a value, so the same text serves a find, a
list, and the question "which of these viewers may see which of these rows" (docs/decisions/0001).
"""

import datetime as dt
import os
import re
import time
from collections.abc import Iterable
from enum import Enum
from typing import Any, Self
from uuid import UUID

import structlog
from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from portal import clock, crypto
from portal.models.ground import sql
from portal.models.ground.fact import unit_of_work

log = structlog.get_logger()


def uuid7() -> UUID:
    """Return a UUID version 7 (RFC 9562): 48 bits of milliseconds, then chance."""
    value = int.from_bytes((time.time_ns() // 1_000_000).to_bytes(6, "big") + os.urandom(10), "big")
    value = value & ~(0xF000 << 64) | (0x7000 << 64)
    value = value & ~(0xC000 << 48) | (0x8000 << 48)
    return UUID(int=value)


class Kind(Enum):
    """The way somebody looks: as staff, as an account at all it may see, or as an account for one client."""

    STAFF = "staff"
    ACCOUNT = "account"
    PROFILE = "profile"


def live(r: str) -> str:
    """Ask whether the row's life includes this moment: from ≤ now < until."""
    return f"({r}.from_at <= :now and {not_ended(r)})"


def not_ended(r: str) -> str:
    """Ask whether the row lives now, or will."""
    return f"({r}.until_at is null or {r}.until_at > :now)"


class Gone(Exception):
    """A row that is not there any more: somebody removed it a moment ago."""


class Unacceptable(Exception):
    """A wish that can't be granted. `why` is a sentence for the person who asked; the door answers it with 409."""

    why = ""

    def __init__(self, why: str = "") -> None:
        super().__init__(why or self.why)
        self.why = why or self.why


class Row(Model):
    """A row that verbs change: each only the columns it is about, and only after it has locked the row. So of two verbs
    at the same moment the second decides on the first's result, and neither undoes the other."""

    id = fields.UUIDField(primary_key=True, default=uuid7)

    _held_in: object = None  # the unit of work in which this was found with a lock, or made

    class Meta:
        abstract = True

    def __init_subclass__(cls) -> None:
        """Name the table as the class, unless it names one itself: a PortalAccount lies in portal_account."""
        cls._meta.db_table = cls._meta.db_table or re.sub(r"(?<=.)(?=[A-Z])", "_", cls.__name__).lower()

    @property
    def is_held(self) -> bool:
        """Tell whether it was read with a lock in this unit of work, so that nobody else changes it before the end."""
        return self._held_in is not None and self._held_in is unit_of_work()

    @classmethod
    async def lock(cls, id: UUID) -> None:
        """Wait until nobody else changes this row, and let nobody until the unit of work is over. Rows that refer to it
        are not kept waiting. On SQLite a unit of work has the whole database to itself."""
        if sql.is_postgres():
            await sql.rows(f"select 1 from {cls._meta.db_table} where id = :id for no key update", id=id)

    async def hold(self) -> Self:
        """Read this row again with a lock, so that it is as it is now. Twice is once. Raises Gone."""
        if not self.is_held:
            await self.lock(self.id)
            columns = ", ".join(self._meta.fields_db_projection.values())
            current = await sql.row(f"select {columns} from {self._meta.db_table} where id = :id", id=self.id)
            if current is None:
                raise Gone
            fresh = self._init_from_db(**current)
            for name in self._meta.fields_db_projection:
                setattr(self, name, getattr(fresh, name))
            self.was_locked()
        return self

    async def claim(self, changes: str, where: str, **values: Any) -> bool:
        """Change the row if it still is as `where` says, and return whether it was: of two who try at the same moment
        one gets it. `:now` is at hand; nothing is read again."""
        table = self._meta.db_table
        changed = await sql.rows(
            f"update {table} set {changes} where id = :id and {where} returning id",
            **{"id": self.id, "now": clock.now()} | values,
        )
        return bool(changed)

    def was_locked(self) -> None:
        """Note that the row was locked before this was read."""
        self._held_in = unit_of_work()

    async def save(
        self,
        using_db: BaseDBAsyncClient | None = None,
        update_fields: Iterable[str] | None = None,
        force_create: bool = False,
        force_update: bool = False,
    ) -> None:
        """Write a new row (`force_create`), or the columns `update_fields` of one that is held. Raises RuntimeError for
        anything else, because it would put back what others have changed meanwhile."""
        if not force_create and not (update_fields and self.is_held):
            raise RuntimeError(f"{type(self).__name__}.save: hold() the row first, and name its update_fields")
        await super().save(using_db, update_fields, force_create, force_update)
        if force_create:
            self.was_locked()


class Record(Row):
    """A row that a viewer may see."""

    class Meta:
        abstract = True

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Return the SQL condition under which row `r` is seen. Each model writes its own."""
        raise NotImplementedError(f"{cls.__name__} does not say who may see it")

    @classmethod
    def seen_through(cls, r: str) -> str:
        """Return the condition under which staff who look through somebody else's eyes ("view as") may see row `r`
        themselves: the rule for staff, unless that asks whose the row is."""
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


# What is shown in place of a sealed text that can't be opened; templates say it in their language.
UNREADABLE = "This can’t be opened with the keys at hand."


def opened(model: type[Model], column: str, row_id: object, box: bytes) -> str:
    """Return the text for a list, whose other rows are shown whatever becomes of this one: UNREADABLE where it can't be
    opened. Nothing is decided by it, and it is never written back."""
    try:
        return unseal(model, column, row_id, box)
    except crypto.Unreadable:
        log.warning("a value can't be opened", item=f"{model._meta.db_table}/{column}/{row_id}")
        return UNREADABLE


def shown(row: Model, name: str) -> str | None:
    """Return a sealed attribute for a page that doesn't change it; UNREADABLE where it can't be opened."""
    box = getattr(row, f"{name}_sealed")
    return None if box is None else opened(type(row), f"{name}_sealed", row.pk, box)


def known(row: Model, name: str) -> Any:
    """Return the value of any attribute for a form that writes it anew: None also where it is sealed and can't be
    opened."""
    if not hasattr(row, f"{name}_sealed"):
        return getattr(row, name)
    text = shown(row, name)
    return None if text == UNREADABLE else text


def unreadable(row: Model, *names: str) -> list[str]:
    """Return the names of these sealed attributes that are there and can't be opened."""
    return [name for name in names if shown(row, name) == UNREADABLE]


def write_anew(row: Model, name: str, text: str | None) -> None:
    """Seal a form's text. Where it is left empty, a value that can't be opened stays as it is: the right key file may
    open it yet."""
    if text or not unreadable(row, name):
        setattr(row, name, text or None)


def opened_day(model: type[Model], column: str, row_id: object, box: bytes | None) -> dt.date | None:
    """Return a sealed date; None where there is none, or it can't be opened."""
    text = opened(model, column, row_id, box) if box is not None else UNREADABLE
    return None if text == UNREADABLE else dt.date.fromisoformat(text)


class Lasting(Record):
    """A record with a life. It is ended by a time, never deleted."""

    from_at: dt.datetime = fields.DatetimeField(default=clock.now)
    until_at: dt.datetime | None = fields.DatetimeField(null=True)

    class Meta:
        abstract = True

    @property
    def holds_now(self) -> bool:
        return self.from_at <= clock.now() and not self.has_ended

    @property
    def has_ended(self) -> bool:
        return self.until_at is not None and self.until_at <= clock.now()
