"""Fills a database with a full practice whose people are signed in; prints who they are as JSON.

    DATABASE_URL=… PORTAL_KEY_FILE=… python -m bench.crowd

Sessions are written straight into the database: what a sign-in costs is not what is measured.
"""

import asyncio
import datetime as dt
import json
import secrets
import sys
from typing import Any
from uuid import UUID

from portal import clock, crypto
from portal.crypto import digest
from portal.demo import make_crowd, make_practice
from portal.models.ground import sql
from portal.models.ground.database import close_database, migrate, open_database
from portal.models.ground.fact import unit
from portal.models.people.client import CareTeam
from portal.models.staff.session import Session
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Role
from portal.settings import settings

CLIENTS = 5001  # each with a conversation that is open
MESSAGES = 15_000
# Portal lets one person open ten sockets on a worker: enough people for a thousand and some stalled.
THERAPISTS = 110

_PEOPLE = """
    select c.id as client, v.id as conversation, a.account_id as account, t.staff_id as staff
    from client c join conversation v on v.client_id = c.id
        join access a on a.client_id = c.id join care_team t on t.client_id = c.id and t.lead
    where c.email like '%@crowd.example' order by c.id
"""


async def fill() -> dict[str, Any]:
    chosen = settings()
    crypto.make_key_file(chosen.keys_path)
    crypto.load_keys(chosen.keys_path)
    await migrate(chosen)
    await open_database(chosen)
    try:
        await make_practice()
        await employ()
        await make_crowd(CLIENTS, MESSAGES)
        people = await sql.rows(_PEOPLE)
        assert len(people) == CLIENTS, f"{len(people)} of {CLIENTS} clients were found again"
        await everyone_cares_for(people[-1]["client"])
        return {
            "pairs": [await signed_in(person) for person in people[:-1]],
            "shared": await signed_in(people[-1]),
            "staff": [
                await session("staff", row["id"])
                for row in await sql.rows("select id from staff_member where role = 'therapist' order by id")
            ],
            "sees_all": await session(
                "staff",
                (await StaffMember.get(role=Role.CLINICAL_ADMINISTRATOR.key)).id,
            ),
        }
    finally:
        await close_database()


async def employ() -> None:
    async with unit():
        for number in range(THERAPISTS):
            name = f"Therapist {number}"
            email = f"therapist.{number}@crowd.example"
            await StaffMember.add(name, email, Role.THERAPIST, "no password")


async def everyone_cares_for(client: UUID) -> None:
    """All therapists are on this one client's team: a conversation that a thousand pages can show."""
    there = {row.staff_id async for row in CareTeam.filter(client_id=client)}
    async for member in StaffMember.filter(role=Role.THERAPIST.key):
        if member.id not in there:
            await CareTeam.create(client_id=client, staff_id=member.id)


async def signed_in(person: dict[str, Any]) -> dict[str, str]:
    return {
        "client": str(person["client"]),
        "conversation": str(person["conversation"]),
        "account": await session("client", person["account"]),
        "staff": await session("staff", person["staff"]),
    }


tokens: dict[UUID, str] = {}


async def session(side: str, holder: UUID) -> str:
    """The token of this person's session, begun now where there is none yet."""
    if holder not in tokens:
        tokens[holder], now = secrets.token_urlsafe(32), clock.now()
        await Session.create(
            token_hash=digest(tokens[holder]),
            side=side,
            staff_id=holder if side == "staff" else None,
            account_id=holder if side == "client" else None,
            started_at=now,
            seen_at=now,
            idle_until=now,
            expires_at=now + dt.timedelta(days=1),
        )
    return tokens[holder]


if __name__ == "__main__":
    json.dump(asyncio.run(fill()), sys.stdout)
