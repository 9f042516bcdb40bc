"""How somebody is reached: whoever changes it sees all that hangs on it, and those who care for the rest hear of it.

An address is a key. Where an account's leads, the next link for a new password goes; where a contact's leads, the next
invitation, whoever sends it.
"""

from __future__ import annotations

from uuid import UUID

from portal import clock
from portal.models import sql
from portal.models.client import Client, who_cares
from portal.models.heard import NoticeKind
from portal.models.notice import hold_numbers, tell
from portal.models.scope import Scope

_STANDS = "(until_at is null or until_at > :now)"
# Whom an account acts for, or is offered to act for, and whom a contact is tied to, now or later.
_CLIENTS = {
    "account": f"select client_id from access where account_id = :id and {_STANDS} union select client_id "
    "from invitation where account_id = :id and used_at is null and ended_at is null and expires_at > :now",
    "contact": f"select distinct client_id from contact_link where contact_id = :id and {_STANDS}",
}


class NotAllTheirs(Exception):
    """Somebody hangs on this address whom the colleague may not see."""

    why = "They also act for somebody who isn’t yours to see. Ask an administrator to change how they are reached."


async def clients_behind(kind: str, id: UUID) -> list[UUID]:
    """Whom an `account` acts for or is offered to, or a `contact` is tied to."""
    return [sql.uuid(row["client_id"]) for row in await sql.rows(_CLIENTS[kind], id=id, now=clock.now())]


async def sees_all_behind(seen: Scope[Client], kind: str, id: UUID) -> bool:
    """Whether a colleague sees everybody of these."""
    clients = await clients_behind(kind, id)
    return await seen.where("r.id = any(:behind)", behind=clients).count() == len(clients)


async def check_all_seen(seen: Scope[Client], kind: str, id: UUID) -> None:
    """Raises NotAllTheirs, for who is about to change how somebody is reached. The row must be held: then nobody is
    put behind it meanwhile."""
    if not await sees_all_behind(seen, kind, id):
        raise NotAllTheirs


async def tell_moved(kind: str, id: UUID, by: UUID) -> None:
    """Let those who care for anybody of these know that the address is another, but for who changed it."""
    clients = sorted(await clients_behind(kind, id))
    teams = {client: set(await who_cares(client)) - {by} for client in clients}
    await hold_numbers(set().union(*teams.values()) if teams else ())
    for client, staff in teams.items():
        await tell(NoticeKind.ADDRESS, staff=staff, client=client, by=by)
