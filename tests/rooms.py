"""The rooms of the house, and what each brings to the tests that go through all of them: its `brings.py`."""

from importlib import import_module
from itertools import chain
from types import ModuleType
from typing import TYPE_CHECKING, Any

from portal.models.ground import sql

if TYPE_CHECKING:
    from tests.cast import Cast

# In order: each may import those before it.
ROOMS = ("ground", "practice", "notices", "staff", "people", "access", "messages", "mail")


def _rooms() -> list[ModuleType]:
    return [import_module(f"tests.{room}.brings") for room in ROOMS]


def _brings(name: str) -> list[Any]:
    return [getattr(room, name) for room in _rooms() if hasattr(room, name)]


def brought(name: str) -> list[Any]:
    """Return what stands in the rooms' lists of this name, room by room."""
    return list(chain.from_iterable(_brings(name)))


def brought_by_name(name: str) -> dict[str, Any]:
    """Return what stands in the rooms' tables of this name, room by room."""
    return dict(chain.from_iterable(table.items() for table in _brings(name)))


async def fill(cast: "Cast") -> None:
    """Make a row in each table that is empty in the demo, and a value in each column that refers to another; once."""
    if not cast.filled:
        cast.filled = True
        for room in _rooms():
            await room.fill(cast)


async def insert(table: str, **values: Any) -> None:
    """Make a row in a table that no model stands for, or past its model."""
    await sql.rows(f"insert into {table} ({', '.join(values)}) values (:{', :'.join(values)})", **values)
