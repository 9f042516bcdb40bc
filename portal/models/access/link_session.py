"""Link sessions: the time between a link in an email and an account, for signing up and for a new password."""

import datetime as dt
import secrets
from uuid import UUID

from tortoise import fields

from portal import clock
from portal.crypto import digest
from portal.models.ground import sql
from portal.models.ground.record import Kind, Record


class LinkSession(Record):
    """A key to the pages behind its link, and to nothing else."""

    token_hash = fields.CharField(max_length=64, unique=True)
    invitation_id = fields.UUIDField(null=True)
    reset_id = fields.UUIDField(null=True)
    expires_at = fields.DatetimeField()
    verified_at = fields.DatetimeField(null=True)

    LIVES = dt.timedelta(minutes=30)

    class Meta:
        table = "half_session"

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show it to nobody: only the cookie opens it."""
        return "false"

    @classmethod
    async def start(cls, invitation_id: UUID | None = None, reset_id: UUID | None = None) -> str:
        token = secrets.token_urlsafe(32)
        await cls.create(
            token_hash=digest(token), expires_at=clock.now() + cls.LIVES, invitation_id=invitation_id, reset_id=reset_id
        )
        return token

    @classmethod
    async def held_by(cls, token: str) -> "LinkSession | None":
        if not 20 <= len(token) <= 100:
            return None
        half = await cls.get_or_none(token_hash=digest(token))
        return half if half is not None and half.expires_at > clock.now() else None

    async def verify(self) -> None:
        await self.hold()
        self.verified_at = clock.now()
        await self.save(update_fields=["verified_at"])

    async def end(self) -> bool:
        """Use it up. Return False where it has run out, or somebody was quicker: the page behind it stays shut."""
        used = await sql.rows(
            "delete from half_session where id = :id and expires_at > :now returning id", id=self.id, now=clock.now()
        )
        return bool(used)


async def forget_old_link_sessions() -> None:
    await sql.rows("delete from half_session where expires_at < :now", now=clock.now())
