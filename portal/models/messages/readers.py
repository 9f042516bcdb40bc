"""Readers: the people who see a chart or a conversation, and why, on the client's side and at the practice.

The reason is a row of the same question that finds the person, so nobody stands there without one.
"""

from typing import Any
from uuid import UUID

from portal import clock
from portal.models.ground import sql
from portal.models.ground.record import live
from portal.models.ground.rules import account_sees, acts, client_side_reads, is_open, takes_part
from portal.models.ground.scope import Scope
from portal.models.messages.conversation import Conversation
from portal.models.people.client import Client
from portal.permissions import Audience


async def readers(conversations: Scope[Conversation], ids: list[UUID]) -> dict[UUID, dict[str, list[Any]]]:
    """Return who can read each of these conversations now, beside the viewer: the participants on the client's side,
    and the staff of the care team and their covers, where they hold the audience's permission, and others of the
    practice who do. Rows the viewer may not see are not answered."""
    allowed = [row["id"] for row in await conversations.where("r.id = any(:ids)", ids=ids).columns("r.id")]
    answer: dict[UUID, dict[str, list[Any]]] = {id: {"people": [], "staff": [], "others": []} for id in allowed}
    people = await sql.rows(
        f"select distinct p.conversation_id, a.id, a.name {_TAKING_PART} order by a.name, a.id",
        ids=allowed,
        now=clock.now(),
    )
    for row in people:
        answer[row["conversation_id"]]["people"].append({"id": row["id"], "name": row["name"]})
    for id, group, person in await staff_by_group(THESE, ids=allowed):
        answer[id][group].append(person)
    return answer


async def why_read(conversations: Scope[Conversation], id: UUID) -> dict[str, list[dict[str, Any]]] | None:
    """Return everybody who can read a conversation, each as often as there are reasons: `people` of the client's side
    with what they are and since when, `staff` with how near they are. None where the viewer does not see it."""
    if await conversations.find(id) is None:
        return None
    people = await sql.rows(
        f"select distinct {_BY_ACCESS} {_TAKING_PART} order by a.name, a.id, since", ids=[id], now=clock.now()
    )
    staff = await sql.rows(f"with {staff_who_read(THESE)} {_REASONS.format('reads')}", ids=[id], now=clock.now())
    return {"people": [_of_account(row) for row in people], "staff": [_of_staff(row) for row in staff]}


async def why_see(clients: Scope[Client], id: UUID) -> dict[str, list[dict[str, Any]]] | None:
    """Return everybody who sees a client's chart in the same way: who of the practice opens it, and whose account acts
    for the client."""
    if await clients.find(id) is None:
        return None
    people = await sql.rows(
        f"select {_BY_ACCESS} from client c join access x on x.client_id = c.id {_WHOSE} "
        f"where c.id = :of and {live('x')} and (l.id is null or {acts('l')}) and {_SEES} "
        "order by a.name, a.id, since",
        of=id,
        now=clock.now(),
    )
    asked = "select c.id, c.id, '' from client c where c.id = :of"
    staff = await sql.rows(
        f"with {_staff_near(asked)}, sees (id, staff_id, name, near, role) as ("
        "select may.id, s.id, s.name, max(may.near), s.role from may "
        "join staff_member s on s.id = may.staff_id and s.ended_at is null group by may.id, s.id, s.name, s.role) "
        f"{_REASONS.format('sees')}",
        of=id,
        now=clock.now(),
    )
    return {"people": [_of_account(row) for row in people], "staff": [_of_staff(row) for row in staff]}


async def out_of_reach(conversations: Scope[Conversation], id: UUID) -> list[dict[str, Any]]:
    """Return the people of the client's side with whom a conversation is, where none of them can read it now: the name
    of each, whether they were ever on the portal, and whether they are invited. Of an archived chart nobody."""
    return await (
        conversations.where("r.id = :id", id=id)
        .where(f"not {client_side_reads('r')}")
        .join(
            "join client c on c.id = r.client_id and c.archived_at is null "
            "join participant p on p.conversation_id = r.id left join contact k on k.id = p.contact_id"
        )
        .order("k.id is not null, k.name, k.id")
        .columns(
            "coalesce(k.name, c.first_name) as name, "
            "(exists (select 1 from access x left join contact_link xl on xl.id = x.contact_link_id "
            f"where x.client_id = r.client_id and {_OF_PARTICIPANT.format('x', 'xl')}))::boolean as was_there, "
            "(exists (select 1 from invitation i left join contact_link il on il.id = i.contact_link_id "
            f"where i.client_id = r.client_id and {_OF_PARTICIPANT.format('i', 'il')} and {is_open('i')}))"
            "::boolean as invited"
        )
    )


def _of_account(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "self": row["relationship"] is None,
    }


def _of_staff(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"id": row["staff_id"]}


async def staff_by_group(asked: str, **values: Any) -> list[tuple[Any, str, dict[str, Any]]]:
    """Return the row asked for, the group of `readers`, and somebody of the practice in it, by name."""
    staff = await sql.rows(
        f"with {staff_who_read(asked)} select id, staff_id, name, role, near from reads order by name, staff_id",
        now=clock.now(),
        **values,
    )
    return [
        (
            row["id"],
            "staff" if row["near"] == TEAM else "others",
            {"id": row["staff_id"], "name": row["name"], "role": row["role"]},
        )
        for row in staff
    ]


# What is asked about, for staff_who_read.
THESE = "select r.id, r.client_id, r.audience from conversation r where r.id = any(:ids)"

TEAM, OFFICE, SUPERVISOR = 2, 1, 0  # how near to the client somebody of the practice is who reads


def staff_who_read(asked: str) -> str:
    """Return SQL for a `with`: in `reads (id, audience, staff_id, name, near, nearest, role)` stand the staff who may
    read, for each (id, client_id, audience) that `asked` selects; `nearest` is the nearest of them all."""
    return (
        f"{_staff_near(asked)}, "
        "reads (id, audience, staff_id, name, near, nearest, role) as (select may.id, may.audience, s.id, s.name, "
        "max(may.near), max(max(may.near)) over (partition by may.id), s.role from may "
        "join staff_member s on s.id = may.staff_id and s.ended_at is null "
        "join staff_permission p on p.staff_id = s.id and p.permission = may.audience || '_messages' "
        "group by may.id, may.audience, s.id, s.name, s.role)"
    )


def _staff_near(asked: str) -> str:
    """Return SQL in whose `may` stand the ways by which staff see the client: `through` is the colleague whom one
    supervises or stands in for, until when."""
    team = f"asked join care_team t on t.client_id = asked.client_id and {live('t')}"
    nobody, never = "cast(null as uuid)", "cast(null as timestamptz)"
    return (
        f"asked (id, client_id, audience) as ({asked}), may (id, audience, staff_id, near, through, until_at) as ("
        f"select asked.id, asked.audience, t.staff_id, {TEAM}, {nobody}, {never} from {team} "
        f"union all select asked.id, asked.audience, m.supervisor_id, {SUPERVISOR}, m.id, {never} from {team} "
        "join staff_member m on m.id = t.staff_id where m.supervisor_id is not null "
        f"union all select asked.id, asked.audience, l.cover_id, {TEAM}, l.staff_id, l.until_at from {team} "
        f"join leave l on l.staff_id = t.staff_id and {live('l')} "
        f"union all select asked.id, asked.audience, h.staff_id, {OFFICE}, {nobody}, {never} from asked "
        "join staff_permission h on h.permission = 'see_all_clients')"
    )


_REASONS = (
    "select w.staff_id, w.name, w.role, w.near as nearest, may.near, t.name as through, "
    "may.until_at::timestamptz as until "
    "from {} w join may on may.id = w.id and may.staff_id = w.staff_id "
    "left join staff_member t on t.id = may.through order by w.near desc, w.name, w.staff_id, may.near desc, t.name"
)

# The row {0} of a client, with its link {1} where there is one, is of the participant `p`.
_OF_PARTICIPANT = "(({0}.contact_link_id is null and p.contact_id is null) or {1}.contact_id = p.contact_id)"

# The account `a` sees the client of its access `x`.
_SEES = account_sees("x.client_id", "a.id")
_WHOSE = "left join contact_link l on l.id = x.contact_link_id join portal_account a on a.id = x.account_id"
_TAKING_PART = (
    "from participant p join conversation r on r.id = p.conversation_id "
    f"join access x on x.client_id = r.client_id {_WHOSE} "
    f"where p.conversation_id = any(:ids) and {live('x')} and {takes_part('x', 'p', 'l')} "
    f"and {_SEES}"
)
_BY_ACCESS = "a.id, a.name, l.relationship, l.guardian, x.from_at as since, x.until_at as until"

# Who of `reads`, asked of THESE, is told of what was written: the care team and who stands in for one of it, where any
# of them may read; and who was put on it, however near to the client. What is administrative or about money is the
# whole office's, and so is what none of them may read.
ARE_TOLD = (
    f"(reads.near = {TEAM} or reads.staff_id = (select ra.assigned_to from conversation ra where ra.id = reads.id) "
    f"or (reads.near = {OFFICE} "
    f"and (reads.audience <> '{Audience.CLINICAL.key}' or reads.nearest < {TEAM})))"
)
