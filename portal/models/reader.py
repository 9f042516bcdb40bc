"""Who reads a conversation: who takes part on the client's side, and which of the staff."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from portal import clock
from portal.models import sql
from portal.models.conversation import Audience, Conversation
from portal.models.record import live
from portal.models.rights import allows
from portal.models.scope import Scope
from portal.permissions import Right


async def readers(conversations: Scope[Conversation], ids: list[UUID]) -> dict[UUID, dict[str, list[Any]]]:
    """Who can read each of these conversations now, beside the one who asks: the participants on the client's
    side, and the staff of the care team, and who covers for one of them, where they hold the audience's
    permission, and others of the practice who do. The rows the viewer may not see are not answered."""
    allowed = [
        sql.uuid(row["id"]) for row in await conversations.where("r.id = any(:ids)", ids=ids).columns("r.id")
    ]
    answer: dict[UUID, dict[str, list[Any]]] = {
        id: {"people": [], "staff": [], "others": []} for id in allowed
    }
    people = await sql.rows(
        "select distinct p.conversation_id, a.id, a.name, p.client_id is not null as self "
        "from participant p join conversation r on r.id = p.conversation_id "
        "join access x on x.client_id = r.client_id left join contact_link l on l.id = x.contact_link_id "
        "join portal_account a on a.id = x.account_id "
        f"where p.conversation_id = any(:ids) and {live('x')} and ((l.id is null and "
        f"p.client_id = x.client_id) or (l.contact_id = p.contact_id and {allows('l', Right.MESSAGES)})) "
        "order by a.name",
        ids=allowed,
        now=clock.now(),
    )
    for row in people:
        answer[sql.uuid(row["conversation_id"])]["people"].append(
            {"id": sql.uuid(row["id"]), "name": row["name"]}
        )
    for id, group, person in await staff_by_group(THESE, ids=allowed):
        answer[sql.uuid(id)][group].append(person)
    return answer


async def staff_by_group(asked: str, **values: Any) -> list[tuple[Any, str, dict[str, Any]]]:
    """What was asked for, the group of `readers`, and somebody of the practice in it, by name."""
    found = await sql.rows(
        f"with {staff_who_read(asked)} select id, staff_id, name, near from reads order by name, staff_id",
        now=clock.now(),
        **values,
    )
    return [
        (
            row["id"],
            "staff" if row["near"] == TEAM else "others",
            {"id": sql.uuid(row["staff_id"]), "name": row["name"]},
        )
        for row in found
    ]


# What is asked about, for staff_who_read.
THESE = "select r.id, r.client_id, r.audience from conversation r where r.id = any(:ids)"

TEAM, OFFICE, SUPERVISOR = 2, 1, 0  # how near to the client somebody of the practice is who reads


def staff_who_read(asked: str) -> str:
    """SQL for a `with`: in `reads (id, audience, staff_id, name, near, nearest)` stand the staff who may read, for
    each (id, client_id, audience) that `asked` selects; `nearest` is the nearest of them all."""
    team = f"asked join care_team t on t.client_id = asked.client_id and {live('t')}"
    return (
        f"asked (id, client_id, audience) as ({asked}), may (id, audience, staff_id, near) as ("
        f"select asked.id, asked.audience, t.staff_id, {TEAM} from {team} "
        f"union all select asked.id, asked.audience, m.supervisor_id, {SUPERVISOR} from {team} "
        "join staff_member m on m.id = t.staff_id where m.supervisor_id is not null "
        f"union all select asked.id, asked.audience, l.cover_id, {TEAM} from {team} "
        f"join leave l on l.staff_id = t.staff_id and {live('l')} "
        f"union all select asked.id, asked.audience, h.staff_id, {OFFICE} from asked "
        "join staff_permission h on h.permission = 'see_all_clients'), "
        "reads (id, audience, staff_id, name, near, nearest) as (select may.id, may.audience, s.id, s.name, "
        "max(may.near), max(max(may.near)) over (partition by may.id) from may "
        "join staff_member s on s.id = may.staff_id and s.ended_at is null "
        "join staff_permission p on p.staff_id = s.id and p.permission = may.audience || '_messages' "
        "group by may.id, may.audience, s.id, s.name)"
    )


# Who of `reads` is told of what was written: the care team and who stands in for one of it, where any of them may
# read. What is administrative or about money is the whole office's, and so is what none of them may read.
ARE_TOLD = (
    f"(reads.near = {TEAM} or (reads.near = {OFFICE} "
    f"and (reads.audience <> '{Audience.CLINICAL.key}' or reads.nearest < {TEAM})))"
)
