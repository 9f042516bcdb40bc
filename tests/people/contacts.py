"""Contacts, as staff add them and say what they may, by the forms of a chart."""

from dataclasses import dataclass
from uuid import uuid4

import httpx2

from portal.permissions import Right
from tests.cast import Person
from tests.deployment import Deployment

EVERYTHING = {right.name.lower(): "on" for right in Right}


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
    assert (await staff.post(tab, **sent)).status_code == 303
    (row,) = await staff.cast.deployment.sql(
        "select id, contact_id from contact_link where client_id = :id order by id desc limit 1", id=client
    )
    return Tie(str(row["id"]), str(row["contact_id"]), f"{tab}/{row['id']}")


async def link_of(willow: Deployment, contact: str, client: str) -> str:
    (found,) = await willow.sql(
        "select l.id from contact_link l join contact c on c.id = l.contact_id "
        "join client k on k.id = l.client_id where c.name like :contact and k.first_name = :client",
        contact=f"{contact}%",
        client=client,
    )
    return str(found["id"])


async def agree(willow: Deployment, staff: Person, client: str, **form: str) -> httpx2.Response:
    """Miriam says what Dana may do for a child: everything, where nothing else is said."""
    id = willow.cast.client[client]
    person = {"name": "Dana Reyes", "email": willow.cast.email["client", "dana"], "phone": "(555) 010-0151"}
    link = await link_of(willow, "Dana", client.capitalize())
    return await staff.post(
        f"/staff/clients/{id}/contacts/{link}", **person, relationship="Mother", guardian="on", **form
    )
