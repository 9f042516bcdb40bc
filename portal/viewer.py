"""The viewer: the person who is looking. Holds ids only; what may be seen is asked of the database each time."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from portal.models.access.account import Access
from portal.models.ground import sql
from portal.models.ground.record import Kind, Record
from portal.models.ground.scope import Scope, who_may_look, who_may_see
from portal.models.people.client import Client
from portal.permissions import Permission

M = TypeVar("M", bound=Record)


class NotVisible(Exception):
    """A record that is not there for this viewer; whether it is there for another is not said."""


class NotPermitted(Exception):
    """An act that is refused on a record the viewer may see. The text says why, for the person."""


@dataclass(frozen=True)
class Viewer:
    """A staff member, an account, or an account narrowed to one client (`client`); or a staff member (`lens`) who looks
    at what such an account sees of that client, as far as they see it themselves, and changes nothing."""

    kind: Kind
    id: UUID
    client: UUID | None = None
    language: str = "en"
    lens: UUID | None = None

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
    def looks(self) -> UUID:
        """Return the person before the page."""
        return self.lens or self.id

    @property
    def key(self) -> str:
        """Return the audience key of this person."""
        return f"{'staff' if self.kind is Kind.STAFF else 'account'}:{self.id}"

    def see(self, model: type[M]) -> Scope[M]:
        """Return the rows of a model that this viewer may see now."""
        return Scope(model, self.kind, self.id, self.client, self.lens)

    async def find(self, model: type[M], id: UUID) -> M:
        """Return one record. Raises NotVisible, the same for one that is not there and one that is not theirs."""
        record = await self.see(model).find(id)
        if record is None:
            raise NotVisible
        return record

    async def hold(self, model: type[M], id: UUID) -> M:
        """Return one record to be changed, read with a lock: nobody else changes it until the unit of work is over.
        Whatever is decided about it is decided on this. Raises NotVisible."""
        held = await self.see(model).hold(id)
        if held is None:
            raise NotVisible
        return held

    async def may(self, permission: Permission) -> bool:
        """Tell whether this staff member holds a permission now; an account never does."""
        if self.kind is not Kind.STAFF:
            return False
        return await sql.exists(
            "select 1 from staff_permission where staff_id = :staff and permission = :key",
            staff=self.id,
            key=permission.key,
        )

    async def held(self) -> set[Permission]:
        """Return the permissions that this staff member holds now; an account holds none."""
        if self.kind is not Kind.STAFF:
            return set()
        keys = await sql.column("select permission from staff_permission where staff_id = :staff", staff=self.id)
        return {permission for permission in Permission if permission.key in keys}

    def wide(self) -> "Viewer":
        """Return the account without the narrowing, for the switch between profiles alone. For whom else somebody acts
        is not for staff to see."""
        narrow = self.kind is not Kind.PROFILE or self.lens is not None
        return self if narrow else Viewer(Kind.ACCOUNT, self.id, None, self.language)


async def looking_as(staff: Viewer, account: UUID, client: UUID) -> Viewer | None:
    """Return staff as the account sees a client that it acts or acted for, in its language. Whether it still does is
    another question (`may_look`)."""
    held = (
        staff.see(Access)
        .join("join portal_account a on a.id = r.account_id")
        .where("r.account_id = :of", of=account)
        .where("r.client_id = :about", about=client)
    )
    rows = await held.columns("a.language", 1)
    return Viewer(Kind.PROFILE, account, client, rows[0]["language"], staff.id) if rows else None


async def may_look(viewer: Viewer) -> bool:
    """Tell whether a viewer through a lens still may look, and whether the account they look as still sees the
    client."""
    if viewer.lens is None or viewer.client is None:
        return False
    staff = Viewer(Kind.STAFF, viewer.lens)
    return await staff.may(Permission.PORTAL_ACCESS) and await viewer.see(Client).find(viewer.client) is not None


Wish = tuple[Viewer, UUID]  # a viewer and the row that they ask for


async def may_see(model: type[Record], wishes: Iterable[Wish]) -> set[Wish]:
    """Return those of these viewers who may see the row they ask for: one query for each kind of them."""
    asked = list(wishes)
    seen: set[Wish] = set()
    for kind in {viewer.kind for viewer, _ in asked}:
        own = [(viewer, id) for viewer, id in asked if viewer.kind is kind]
        found = await who_may_see(model, kind, {(viewer.id, viewer.client, id) for viewer, id in own})
        seen |= {(viewer, id) for viewer, id in own if (viewer.id, viewer.client, id) in found}
    looked = {(viewer.lens, None, id) for viewer, id in seen if viewer.lens is not None}
    if looked:
        found = await who_may_look(model, looked)
        seen = {(viewer, id) for viewer, id in seen if viewer.lens is None or (viewer.lens, None, id) in found}
    return seen
