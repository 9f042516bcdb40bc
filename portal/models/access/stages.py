"""Stages: how far the people who act for a client have come onto the portal. Lists of many read them, derived from rows
as the Portal tab is."""

from enum import IntEnum
from typing import Any

from portal.models.ground.record import live
from portal.models.ground.rules import account_sees, leads
from portal.models.ground.scope import Scope
from portal.models.people.client import Client
from portal.settings import settings

AT_ONCE = 100  # invitations on Today


class Stage(IntEnum):
    """A client's stage: of those who act for them, or are to, the one who needs a hand most comes first."""

    LOCKED = 1  # after too many wrong dates of birth
    UNDELIVERABLE = 2  # the letter did not arrive, or mail to the address comes back
    EXPIRED = 3
    WAITING = 4  # no mail server has taken the letter yet
    OPENED = 5
    INVITED = 6
    ACTIVE = 7
    PAUSED = 8  # who has access sees nothing now
    REMOVED = 9
    NOT_INVITED = 10


def stage_of(client: str) -> str:
    """Return SQL for the stage of the client with this id."""
    acting = (
        f"select case when not ({live('sa')} and (sl.id is null or {live('sl')})) then {Stage.REMOVED:d} "
        f"when {account_sees('sa.client_id', 'sa.account_id')} then {Stage.ACTIVE:d} "
        f"else {Stage.PAUSED:d} end as stage "
        f"from access sa left join contact_link sl on sl.id = sa.contact_link_id where sa.client_id = {client}"
    )
    invited = (
        f"select {_of_invitation('si')} as stage from invitation si where si.client_id = {client} and {_waits('si')}"
    )
    return f"coalesce((select min(st.stage) from ({invited} union all {acting}) st), {Stage.NOT_INVITED:d})"


async def waiting_invitations(clients: Scope[Client]) -> list[dict[str, Any]]:
    """Return the invitations of these clients that nobody has used yet, and the offers to confirm, those that need
    a hand first, then the newest: each with its stage, the name of whoever is invited, and the client."""
    rows = await (
        clients.join(
            "join invitation i on i.client_id = r.id left join contact_link il on il.id = i.contact_link_id "
            "left join contact ik on ik.id = il.contact_id left join outbox io on io.id = i.letter_id"
        )
        .where(_waits("i"))
        .order("stage, i.sent_at desc, i.id desc")
        .columns(
            "i.id, i.client_id, i.contact_link_id, i.account_id, i.email_key, i.language, i.sent_at, i.verified_at, "
            "i.locked_at, i.expires_at, io.reason, io.failed_at, r.first_name, "
            "r.last_name, r.colour, ik.name as contact_name, "
            f"{_of_invitation('i')} as stage",
            AT_ONCE,
        )
    )
    return [row | {"stage": Stage(row["stage"])} for row in rows]


def _waits(i: str) -> str:
    """Ask whether somebody may still use invitation `i`, or could until it expired: an offer that expired is made anew,
    and so is the invitation of somebody who came in by another way."""
    return (
        f"{i}.used_at is null and {i}.ended_at is null and ({i}.account_id is null or {i}.expires_at > :now) "
        f"and {leads(i)} and not exists (select 1 from access wa where wa.client_id = {i}.client_id and {live('wa')} "
        f"and (wa.contact_link_id = {i}.contact_link_id or wa.contact_link_id is null and {i}.contact_link_id is null))"
    )


def _of_invitation(i: str) -> str:
    """Return SQL for the stage of invitation `i`."""
    letter = f"exists (select 1 from outbox so where so.id = {i}.letter_id and "
    lost = (
        f"{letter} (so.failed_at is not null or so.bounced_at is not null)) "
        f"or exists (select 1 from bounce sb where sb.email_key = {i}.email_key and sb.settled_at is null)"
    )
    waiting = f"when {i}.opened_at is null and {letter} so.done_at is null) then {Stage.WAITING:d}"
    # What waits for a mail server has seven days from when it leaves.
    first, last = ("", waiting) if settings().smtp_url else (waiting, "")
    return (
        f"case when {i}.locked_at is not null then {Stage.LOCKED:d} when {lost} then {Stage.UNDELIVERABLE:d} {first} "
        f"when {i}.expires_at <= :now then {Stage.EXPIRED:d} when {i}.opened_at is not null then {Stage.OPENED:d} "
        f"{last} else {Stage.INVITED:d} end"
    )
