"""The viewer: who is looking. Holds ids only; what may be seen is asked of the database each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from portal.models import sql
from portal.models.record import Kind, Record
from portal.models.scope import Scope
from portal.permissions import Permission

M = TypeVar("M", bound=Record)


class NotVisible(Exception):
    """There is no such record for this viewer; whether there is one for another is not said."""


class NotPermitted(Exception):
    """The viewer may see it but not do this. The text says why, for the person."""


@dataclass(frozen=True)
class Viewer:
    """A staff member, an account, or an account narrowed to one client (`client`)."""

    kind: Kind
    id: UUID
    client: UUID | None = None
    language: str = "en"

    @property
    def side(self) -> str:
        return "staff" if self.kind is Kind.STAFF else "client"

    @property
    def staff(self) -> UUID | None:
        return self.id if self.kind is Kind.STAFF else None

    @property
    def account(self) -> UUID | None:
        return None if self.kind is Kind.STAFF else self.id

    @property
    def key(self) -> str:
        """The audience key of this person."""
        return f"{'staff' if self.kind is Kind.STAFF else 'account'}:{self.id}"

    def see(self, model: type[M]) -> Scope[M]:
        """The rows of a model that this viewer may see now."""
        return Scope(model, self.kind, self.id, self.client)

    async def find(self, model: type[M], id: UUID) -> M:
        """One record. Raises NotVisible, the same for what is not there and what is not theirs."""
        found = await self.see(model).find(id)
        if found is None:
            raise NotVisible
        return found

    async def may(self, permission: Permission) -> bool:
        """Whether this staff member holds a permission now; an account never does."""
        if self.kind is not Kind.STAFF:
            return False
        held = await sql.row(
            "select 1 as yes from staff_permission where staff_id = :staff and permission = :key",
            staff=self.id,
            key=permission.key,
        )
        return held is not None

    def wide(self) -> Viewer:
        """The account without the narrowing, for the switch between profiles alone."""
        return self if self.kind is not Kind.PROFILE else Viewer(Kind.ACCOUNT, self.id, None, self.language)
