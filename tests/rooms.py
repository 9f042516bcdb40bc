"""The rooms of the house, and what each brings to the tests that go through all of them: its `brings.py`."""

from __future__ import annotations

from importlib import import_module
from itertools import chain
from typing import Any

# In order: each may import those before it.
ROOMS = ("ground", "practice", "notices", "staff", "people", "access", "messages", "mail")


def brought(name: str) -> list[Any]:
    """Return what stands under this name in the rooms' lists, room by room; a room may bring none."""
    rooms = (import_module(f"tests.{room}.brings") for room in ROOMS)
    return list(chain.from_iterable(getattr(room, name, ()) for room in rooms))
