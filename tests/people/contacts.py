"""Contacts, as staff add them by the form of a chart."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from tests.cast import Person


@dataclass(frozen=True)
class Tie:
    """Somebody who acts for a client: the link between the two, and the place of its form."""

    id: str
    contact: str
    place: str


async def add_contact(staff: Person, client: str, **form: str) -> Tie:
    """Add somebody to a chart: a new person, unless the form names a `contact` or a `person` (a client)."""
    tab = f"/staff/clients/{client}/contacts"
    whom = {} if form.keys() & {"name", "contact", "person"} else {"name": f"Walt {uuid4().hex[:8]}"}
    sent = {"key": str(uuid4()), "relationship": "Grandparent"} | whom | form
    answer = await staff.post(tab, **sent)
    assert answer.status_code == 303, answer.text
    (row,) = await staff.cast.deployment.sql(
        "select id, contact_id from contact_link where client_id = :id order by id desc limit 1", id=client
    )
    return Tie(str(row["id"]), str(row["contact_id"]), f"{tab}/{row['id']}")
