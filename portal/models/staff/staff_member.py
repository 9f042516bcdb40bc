"""Staff members: their role, their permissions, the colleagues they supervise."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.models import Model
from tortoise.transactions import in_transaction

from portal import clock
from portal.facts import StaffChanged
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.person import a_name, an_address, canonical_email
from portal.models.ground.record import Kind, Record, Unacceptable, live
from portal.models.ground.rules import holds, sees_a_client, works_here
from portal.models.ground.scope import Scope
from portal.permissions import ROLE_PERMISSIONS, Permission, Role


class StaffMember(Record):
    name = fields.CharField(max_length=120, validators=[a_name])
    email = fields.CharField(max_length=254, validators=[an_address])
    email_key = fields.CharField(max_length=254, unique=True)
    role = fields.CharField(max_length=40)
    granted: Any = fields.JSONField(default=list)  # permissions given to this person by hand
    denied: Any = fields.JSONField(default=list)  # and those taken away
    supervisor_id = fields.UUIDField(null=True)
    subscribed = fields.BooleanField(default=True)  # may be messaged and booked by clients
    password_hash = fields.CharField(max_length=255)
    language = fields.CharField(max_length=8, default="en")
    theme = fields.CharField(max_length=8, default="")
    added_at = fields.DatetimeField(default=clock.now)
    ended_at = fields.DatetimeField(null=True)

    discreet = False  # letters to staff name the practice

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show colleagues each other, and an account the staff who care for a client it may see."""
        if kind is Kind.STAFF:
            return works_here(":viewer")
        return sees_a_client(kind, "care_team", f"tie.staff_id = {r}.id and {live('tie')}")

    @classmethod
    async def add(cls, name: str, email: str, role: Role, password_hash: str, **more: Any) -> "StaffMember":
        member = await cls.create(
            name=name, email=email, email_key=canonical_email(email), role=role.key, password_hash=password_hash, **more
        )
        await member._settle_permissions()
        await announce(StaffChanged(staff=member.id))
        return member

    async def allow(self, permission: Permission, yes: bool) -> None:
        """Give or take one permission by hand, whatever the role says. Raises LastOne."""
        await self.hold()
        self.granted = sorted((set(self.granted) - {permission.key}) | ({permission.key} if yes else set()))
        self.denied = sorted((set(self.denied) - {permission.key}) | (set() if yes else {permission.key}))
        await self.save(update_fields=["granted", "denied"])
        await self._settle_permissions()
        await announce(StaffChanged(staff=self.id))

    async def choose_password(self, password_hash: str) -> None:
        """Sign in with another password from now on: this row alone; see `Reset.use`."""
        self.password_hash = password_hash
        await self.save(update_fields=["password_hash"])

    async def leave(self) -> None:
        """End this person's work here: every page they have open closes. Raises LastOne."""
        await self.hold()
        self.ended_at = clock.now()
        async with _unless_last():
            await self.save(update_fields=["ended_at"])
        await announce(StaffChanged(staff=self.id))

    @property
    def role_label(self) -> str:
        return Role[self.role.upper()].value

    async def permissions(self) -> frozenset[Permission]:
        held = await sql.rows("select permission from staff_permission where staff_id = :staff", staff=self.id)
        return frozenset(Permission[row["permission"].upper()] for row in held)

    async def _settle_permissions(self) -> None:
        """Rewrite the rows that the rules of visibility join: the role's own, plus and minus by hand."""
        held = {p.key for p in ROLE_PERMISSIONS[Role[self.role.upper()]]}
        held = (held | set(self.granted)) - set(self.denied)
        async with _unless_last():
            await sql.rows(
                "delete from staff_permission where staff_id = :staff and not permission = any(:held)",
                staff=self.id,
                held=sorted(held),
            )
        for key in sorted(held):
            await sql.insert_once("staff_permission", staff_id=self.id, permission=key)


class LastOne(Unacceptable):
    """The last person who manages staff: nobody would work here any more who does. The database holds it (migration
    0027)."""

    why = "Nobody else manages staff here any more. Give someone else that permission first."


@asynccontextmanager
async def _unless_last() -> AsyncIterator[None]:
    try:
        async with in_transaction():
            yield
    except IntegrityError:
        raise LastOne from None


class StaffPermission(Model):
    """A permission that one person holds now: written by StaffMember alone, joined by every rule."""

    staff_id = fields.UUIDField(primary_key=True)
    permission = fields.CharField(max_length=40)

    class Meta:
        table = "staff_permission"


async def supervised_by(staff: UUID) -> list[UUID]:
    """Return the staff members whose clients this one sees beside their own."""
    return await sql.column("select id from staff_member where supervisor_id = :staff", staff=staff)


async def therapists(colleagues: Scope[StaffMember]) -> list[dict[str, Any]]:
    """Return those who can lead a client's care, by name: the staff who read clinical messages."""
    return await (
        colleagues.where("r.ended_at is null")
        .where(holds("r.id", Permission.CLINICAL_MESSAGES))
        .order("r.name, r.id")
        .columns("r.id, r.name")
    )
