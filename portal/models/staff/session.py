"""Server-side sessions: an opaque token in a cookie, its hash here; and the devices that signed in."""

import datetime as dt
import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from tortoise import fields

from portal import clock
from portal.crypto import digest
from portal.facts import SessionEnded
from portal.models.ground import sql
from portal.models.ground.fact import Bookmark, announce, here, write
from portal.models.ground.record import Kind, Record, Sealed
from portal.models.ground.rules import is_viewers, right_of
from portal.permissions import Permission, Rights
from portal.settings import settings

IDLE = {"staff": dt.timedelta(minutes=15), "client": dt.timedelta(minutes=20)}
LONGEST = dt.timedelta(hours=12)
TOUCH = dt.timedelta(minutes=1)  # how often last-seen is written


def idle(side: str) -> dt.timedelta:
    """Return how long somebody of this side may do nothing and stay signed in: 15 minutes, or 20."""
    return IDLE[side] * settings().patience


class Session(Record):
    token_hash = fields.CharField(max_length=64, unique=True)
    side = fields.CharField(max_length=8)
    staff_id = fields.UUIDField(null=True)
    account_id = fields.UUIDField(null=True)
    started_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()
    idle_until = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    address_sealed = fields.BinaryField(null=True)
    agent_sealed = fields.BinaryField(null=True)

    address = Sealed()
    agent = Sealed()

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show a session to its own holder."""
        return is_viewers(kind, r)

    @classmethod
    async def start(cls, side: str, holder: UUID, address: str, agent: str) -> "tuple[Session, str]":
        """Make a new session, and return it with the token for its cookie, which is kept nowhere."""
        token, now = secrets.token_urlsafe(32), clock.now()
        session = cls(
            token_hash=digest(token),
            side=side,
            staff_id=holder if side == "staff" else None,
            account_id=holder if side == "client" else None,
            started_at=now,
            seen_at=now,
            idle_until=now + idle(side),
            expires_at=now + LONGEST,
        )
        session.address, session.agent = address, agent[:300]
        await session.save(force_create=True)
        return session, token


@dataclass(frozen=True)
class SessionHolder:
    """The holder of a session, read by one query, with the bookmark taken by the same statement."""

    session: UUID
    side: str
    holder: UUID
    name: str
    email: str
    role: str | None
    language: str
    theme: str
    discreet: bool
    seen_at: dt.datetime
    idle_until: dt.datetime
    expires_at: dt.datetime
    permissions: frozenset[str]  # of staff
    holds: bool | None  # the right asked for; None where the account may not act for the client at all
    bookmark: Bookmark

    @property
    def due_for_touch(self) -> bool:
        return clock.now() - self.seen_at >= TOUCH

    def may(self, permission: Permission) -> bool:
        return permission.key in self.permissions


_WHO = """
    select s.id as session, s.side, coalesce(s.staff_id, s.account_id)::uuid as holder, s.seen_at, s.idle_until,
        s.expires_at, coalesce(m.name, a.name) as name, coalesce(m.email, a.email) as email, m.role,
        coalesce(m.language, a.language) as language, coalesce(m.theme, a.theme) as theme,
        coalesce(a.discreet, false)::boolean as discreet,
        (select {list}(p.permission, ' ') from staff_permission p where p.staff_id = m.id) as permissions,
        ({holds})::boolean as holds, {here}
    from session s
        left join staff_member m on m.id = s.staff_id
        left join portal_account a on a.id = s.account_id
    where s.token_hash = :token and s.side = :side and s.ended_at is null and s.idle_until > :now
        and s.expires_at > :now and {may_enter}
"""

# Whoever works here no more is out at once, and so is everybody of the client side while the portal is off.
_MAY_ENTER = (
    "(m.id is null or m.ended_at is null) "
    "and (s.side = 'staff' or not exists (select 1 from practice wp where not wp.portal_on))"
)


@lru_cache
def _who_text(here: str, right: Rights | None, postgres: bool) -> str:
    asked = "null" if right is None else right_of("s.account_id", right)
    return _WHO.format(holds=asked, here=here, may_enter=_MAY_ENTER, list="string_agg" if postgres else "group_concat")


async def who(token: str, side: str, client: UUID | None = None, right: Rights | None = None) -> SessionHolder | None:
    """Return the person a cookie belongs to now, the permissions they hold, whether an account holds a right for a
    client where one is named, and the bookmark of this moment; one query."""
    if not 20 <= len(token) <= 100:
        return None
    session = await sql.row(
        _who_text(here(), right, sql.is_postgres()), token=digest(token), side=side, now=clock.now(), client=client
    )
    if session is None:
        return None
    bookmark, permissions = Bookmark.now_at(session), frozenset((session["permissions"] or "").split())
    known = {name: session[name] for name in session.keys() - {"era", "place", "permissions"}}
    return SessionHolder(**known, permissions=permissions, bookmark=bookmark)


async def touch(session: UUID, side: str) -> dt.datetime:
    """Note that someone was active; return the new idle end."""
    now = clock.now()
    until = now + idle(side)
    await write(
        "update session set seen_at = :now, idle_until = :until where id = :id and ended_at is null",
        now=now,
        until=until,
        id=session,
    )
    return until


async def lives_until(sessions: list[UUID]) -> dict[UUID, dt.datetime]:
    """Return until when each of these sessions lives if nothing is done; ended ones are missing."""
    living = await sql.rows(
        "select s.id, s.idle_until, s.expires_at from session s "
        "left join staff_member m on m.id = s.staff_id "
        f"where s.id = any(:ids) and s.ended_at is null and {_MAY_ENTER}",
        ids=sessions,
    )
    return {row["id"]: min(row["idle_until"], row["expires_at"]) for row in living}


async def end_session(session: UUID, side: str, holder: UUID) -> None:
    """Sign out: the cookie is worthless from now on and the session's sockets close everywhere."""
    await sql.rows(
        "update session set ended_at = :now where id = :id and ended_at is null", now=clock.now(), id=session
    )
    await announce(
        SessionEnded(
            session=session, staff=holder if side == "staff" else None, account=holder if side == "client" else None
        )
    )


async def forget_old_sessions() -> None:
    await sql.rows("delete from session where expires_at < :before", before=clock.now() - dt.timedelta(days=30))


# --- Devices that signed in before: a throttle never locks them out ---------------------------


async def remember_device(side: str, holder: UUID, token: str) -> str:
    """Note that a holder signed in from this device; return its token, a new one where it had none."""
    if not 20 <= len(token) <= 100:
        token = secrets.token_urlsafe(32)
    seen = {"token_hash": digest(token), "side": side, "holder_id": holder, "seen_at": clock.now()}
    await sql.upsert("device", "token_hash, holder_id", **seen)
    return token


async def knows_device(token: str, holder: UUID) -> bool:
    known_device: Any = await sql.row(
        "select 1 as yes from device where token_hash = :hash and holder_id = :holder",
        hash=digest(token),
        holder=holder,
    )
    return known_device is not None
