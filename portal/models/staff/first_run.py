"""The first run: an empty deployment becomes a practice, once, by the person who holds the code from its log."""

import secrets
from typing import Any

from portal import clock, crypto
from portal.models.ground import sql
from portal.models.practice.practice import Location, Practice
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Permission, Role


async def is_empty() -> bool:
    return not await sql.exists("select 1 from practice")


async def offer_code(anew: bool = False) -> str | None:
    """Return a one-time code for an empty deployment; None when there is a practice, or another worker's code
    stands."""
    if not await is_empty():
        return None
    code = "-".join(secrets.token_hex(2) for _ in range(4))
    kept = await sql.rows(
        "insert into first_run (one, code_hash) values (1, :hash) on conflict (one) do "
        + ("update set code_hash = excluded.code_hash" if anew else "nothing")
        + " returning one",
        hash=_mark(code),
    )
    return code if kept else None


async def begin(code: str, practice: dict[str, Any], administrator: dict[str, Any]) -> StaffMember | None:
    """Make the practice, its first location and its first administrator; None where the code is wrong or
    someone was quicker. Runs in a unit of work."""
    taken = await sql.rows(
        "delete from first_run where code_hash = :hash returning one", hash=_mark(code.strip().lower())
    )
    if not taken or not await is_empty():
        return None
    made = await Practice.create(made_at=clock.now(), **practice)
    await Location.create(name=made.name, address=made.address, phone=made.phone)
    # Alone at first, they see clients themselves; an administrator otherwise reads no clinical messages.
    return await StaffMember.add(
        role=Role.ORGANISATION_ADMINISTRATOR, granted=[Permission.CLINICAL_MESSAGES.key], **administrator
    )


def _mark(code: str) -> str:
    # A code that somebody types is short enough to be guessed from a plain hash.
    return crypto.ring().mark("first run", code)
