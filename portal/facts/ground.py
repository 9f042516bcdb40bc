"""The ground of all kinds of facts, and the facts that belong to no other room.

A fact names the people it concerns by *audience keys* (`client:<id>`, `staff:<id>`, `account:<id>`). No name, no text
and no HTML is ever part of one: whoever hears it re-reads what they may see.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, dataclass_transform
from uuid import UUID

KINDS: "dict[str, type[Fact]]" = {}
FAMILIES: "set[type[Fact]]" = set()
EVERYONE = "everyone"  # the audience key of what can change any page


@dataclass_transform(frozen_default=True, kw_only_default=True)
@dataclass(frozen=True)
class Fact:
    """Something that happened. Each kind is a class, and a dataclass by being one.

    A *family* (`class OfChart(OfClient, family=True)`) is what kinds have in common: their fields, and the regions
    that name it. It never happens itself.

    `shows_nowhere` says that no region shows it, on purpose; start-up asks for one or the other.
    `changes_access` has the pages of those it names look again at everything; `concerns_everyone` takes it to
    every page that shows a region which names it."""

    shows_nowhere: ClassVar[bool] = False
    changes_access: ClassVar[bool] = False
    concerns_everyone: ClassVar[bool] = False

    def __init_subclass__(cls, family: bool = False) -> None:
        dataclass(frozen=True, kw_only=True)(cls)
        if family:
            FAMILIES.add(cls)
        else:
            KINDS[cls.__name__] = cls

    def keys(self) -> set[str]:
        """Return the audience keys: each id of a client, staff member or account that the fact names. One that
        names nobody concerns everyone."""
        named = {
            f"{name}:{value}"
            for name in ("client", "staff", "account")
            if (value := getattr(self, name, None)) is not None
        }
        return named | {EVERYONE} if self.concerns_everyone or not named else named

    @property
    def for_everyone(self) -> bool:
        return any(key == EVERYONE for key in self.keys())

    def body(self) -> dict[str, Any]:
        return {
            field.name: str(value) if isinstance(value := getattr(self, field.name), UUID) else value
            for field in dataclasses.fields(self)
        }

    @staticmethod
    def from_body(kind: str, body: dict[str, Any]) -> "Fact | None":
        """Return the fact as it was announced; None for a kind that this version does not know."""
        cls = KINDS.get(kind)
        if cls is None:
            return None
        values = {f.name: body.get(f.name) for f in dataclasses.fields(cls)}
        return cls(**{k: UUID(v) if _is_id(v) else v for k, v in values.items()})


def _is_id(value: object) -> bool:
    return isinstance(value, str) and len(value) == 36 and value.count("-") == 4


def childless() -> list[str]:
    """Return the families without a kind: start-up refuses them."""
    return sorted(f.__name__ for f in FAMILIES if not any(issubclass(kind, f) for kind in KINDS.values()))


class OfPerson(Fact, family=True):
    """One person did it, on one of the two sides."""

    staff: UUID | None = None
    account: UUID | None = None

    @property
    def person(self) -> UUID | None:
        return self.staff or self.account


class WorkStuck(Fact):
    """Something the worker is to do fails again and again, or goes well again. It names nobody: all staff."""
