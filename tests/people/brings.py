"""Clients and their contacts, for the tests of all rooms."""

import datetime as dt
import itertools
from uuid import UUID, uuid4

from starlette.routing import Route

from portal import clock
from portal.models.access.archive import archive_client, restore_client
from portal.models.access.changed_details import change_client
from portal.models.ground import sql
from portal.models.ground.record import Kind
from portal.models.ground.scope import Scope
from portal.models.people.client import CareTeam, Client
from portal.permissions import Permission
from tests.breakage import ANNOUNCE, AUDIT, DOOR, MAPPING, SCOPE, TWO, Breakage, live, served, stranger, structure
from tests.browser.places import Place, offered, older, opened, refused_contact, sent, shown
from tests.cast import Cast, Person
from tests.laws.sample import OTHERS, Sample, wishes
from tests.laws.stage import Verbs

_day = itertools.count(60)


def new_client(cast: Cast) -> dict[str, str]:
    return {"key": str(uuid4()), "first_name": "Wren", "last_name": "Abernathy", "date_of_birth": "2001-04-05"}


def changed_client(cast: Cast) -> dict[str, str]:
    named = {"first_name": "Noa", "last_name": "Reyes-Menon", "date_of_birth": "2017-03-09"}
    return named | {"email": "", "phone": f"(555) 01{next(OTHERS) % 90 + 10}", "address": "3 Alder Court"}


def terms(cast: Cast) -> dict[str, str]:
    return {
        "name": "Ada Berg",
        "relationship": "Grandparent",
        "forms": "on",
        "last": "2140-01-31",
        "basis": "What both parents agreed on",
    }


def a_contact(cast: Cast) -> dict[str, str]:
    return terms(cast) | {"key": str(uuid4())}


def other_terms(cast: Cast) -> dict[str, str]:
    """Return the terms of the same contact with one right more."""
    return terms(cast) | {"messages": "on"}


def a_leave(cast: Cast) -> dict[str, str]:
    """A day that no other has taken."""
    first = clock.now().date() + dt.timedelta(days=next(_day))
    days = {"first": first.isoformat(), "last": first.isoformat()}
    return {"staff": cast.staff["miriam"], "cover": cast.staff["theo"]} | days


def to_henrik(cast: Cast) -> dict[str, str]:
    return {"staff": cast.staff["henrik"]}


async def with_henrik(sample: Sample, route: Route, person: Person) -> None:
    """Henrik is on the care team, and the newest who is."""
    cast = person.cast
    client = cast.client[sample.client]
    staff = person if person.name == "ada" else await cast.sign_in("ada")
    await staff.post(f"/staff/clients/{client}/care-team", staff=cast.staff["henrik"], place="member")
    rows = await cast.deployment.sql(
        "select id from care_team where client_id = :client and staff_id = :henrik and until_at is null",
        client=client,
        henrik=cast.staff["henrik"],
    )
    cast.named["careteam"] = str(rows[0]["id"])


async def with_a_contact(sample: Sample, route: Route, person: Person) -> None:
    """A contact is added; the newest is meant, and where somebody's page is looked at, of those with an account."""
    cast, seen = person.cast, route.path.endswith("/preview")
    staff = person if person.side == "staff" else await cast.sign_in("theo")
    await staff.post(f"/staff/clients/{cast.client[sample.client]}/contacts", **a_contact(cast))
    links = await cast.deployment.sql(
        "select l.id, x.id as access from contact_link l left join access x on x.contact_link_id = l.id "
        "and x.until_at is null where l.client_id = :client order by l.id desc",
        client=cast.client[sample.client],
    )
    cast.link = next(str(row["id"]) for row in links if row["access"] or not seen)


# How an address finds one in the demo.
NAMED = {
    "leave": "select id from leave",
    "careteam": "select t.id from care_team t join client c on c.id = t.client_id where c.first_name = 'Noa'",
}

SAMPLES = {
    "GET /staff/clients": Sample("miriam", 200),
    "POST /staff/clients": Sample("miriam", 303, form=new_client),
    "POST /staff/clients/search": Sample("miriam", 303, form=wishes(q="reyes")),
    "POST /staff/search": Sample("miriam", 200, form=wishes(q="reyes"), script=True),
    "GET /staff/clients/new": Sample("miriam", 200),
    "GET /staff/clients/{client}": Sample("miriam", 200),
    "POST /staff/clients/{client}": Sample("miriam", 303, form=changed_client),
    "GET /staff/clients/{client}/edit": Sample("miriam", 200),
    "GET /staff/clients/{client}/contacts": Sample("miriam", 200),
    "GET /staff/clients/{client}/contacts/new": Sample("miriam", 200),
    "GET /staff/clients/{client}/contacts/{link}": Sample("miriam", 200, before=with_a_contact),
    "POST /staff/clients/{client}/contacts": Sample("miriam", 303, form=a_contact),
    "POST /staff/clients/{client}/contacts/search": Sample("miriam", 200, form=lambda cast: {"words": "Dana"}),
    "POST /staff/clients/{client}/contacts/{link}": Sample("miriam", 303, form=other_terms, before=with_a_contact),
    "GET /staff/clients/{client}/contacts/{link}/history": Sample("miriam", 200, before=with_a_contact),
    "POST /staff/clients/{client}/contacts/{link}/end": Sample("miriam", 303, before=with_a_contact),
    "GET /staff/clients/{client}/care-team": Sample("ada", 200),
    "POST /staff/clients/{client}/care-team": Sample("ada", 303, client="lena", form=to_henrik, sampled=True),
    "POST /staff/clients/{client}/care-team/{careteam}/end": Sample("ada", 303, before=with_henrik),
    "GET /staff/leave": Sample("miriam", 200),
    "POST /staff/leave": Sample("miriam", 303, form=a_leave, sampled=True),
    "POST /staff/leave/{leave}/end": Sample("theo", 303),
}

# The permission or right that a door asks for, by its address.
ASKED = {
    r"\w+ /staff/clients/{client}/care-team.*": Permission.STAFF,
    r"\w+ /staff/clients/{client}/contacts/(new|search)": Permission.CONTACT_NETWORK,
    "POST /staff/clients/{client}/contacts": Permission.CONTACT_NETWORK,
    r"\w+ /staff/clients/{client}/contacts/{link}(/history|/end)?": Permission.CONTACT_NETWORK,
    r"(POST /staff/clients|GET /staff/clients/new|GET /staff/clients/{client}/edit)": Permission.PORTAL_ACCESS,
    r"POST /staff/clients/{client}(/archival|/restoration)?": Permission.PORTAL_ACCESS,
}


VERBS = Verbs()


def seen_by_ada(cast: Cast) -> Scope[Client]:
    return Scope(Client, Kind.STAFF, UUID(cast.staff["ada"]), None)


async def _team(cast: Cast, staff: str, client: str) -> CareTeam:
    return await CareTeam.get(staff_id=cast.staff[staff], client_id=cast.client[client], until_at=None)


@VERBS("a client is added for a therapist by somebody else")
async def _(cast: Cast) -> None:
    added = await Client.add({"first_name": "Ines", "last_name": "Falk"}, UUID(cast.staff["miriam"]))
    cast.client["ines"] = str(added.id)


@VERBS("what is on file of that client changes", "ines")
async def _(cast: Cast) -> None:
    added = await Client.get(id=cast.client["ines"])
    await change_client(added, {"first_name": "Inés", "last_name": "Falk"}, seen_by_ada(cast))


@VERBS("another client of the same mother is put away", "eli")
async def _(cast: Cast) -> None:
    await archive_client(await Client.get(id=cast.client["eli"]))


@VERBS("and taken out again", "eli")
async def _(cast: Cast) -> None:
    await restore_client(await Client.get(id=cast.client["eli"]))


@VERBS("a colleague joins a care team", "noa")
async def _(cast: Cast) -> None:
    await CareTeam.join_team(UUID(cast.client["noa"]), UUID(cast.staff["theo"]))


@VERBS("and leaves it", "noa")
async def _(cast: Cast) -> None:
    await (await _team(cast, "theo", "noa")).end()


@VERBS("a therapist leaves a client's care team", "sam")
async def _(cast: Cast) -> None:
    await (await _team(cast, "miriam", "sam")).end()


@VERBS("and leads it again", "sam")
async def _(cast: Cast) -> None:
    await CareTeam.join_team(UUID(cast.client["sam"]), UUID(cast.staff["miriam"]), lead=True)


@VERBS("an intern joins the care team of a client that his supervisor did not see", "walter")
async def _(cast: Cast) -> None:
    await CareTeam.join_team(UUID(cast.client["walter"]), UUID(cast.staff["idris"]))


@VERBS("and leaves it again", "walter")
async def _(cast: Cast) -> None:
    await (await _team(cast, "idris", "walter")).end()


async def fill(cast: Cast) -> None:
    await sql.rows("update contact set client_id = :client", client=cast.client["noa"])


# A statement for each check of a table, which refuses it.
BROKEN = {
    "care_team": ["update care_team set until_at = '1990-01-01 00:00:00+00:00'"],
    "client": [
        "update client set first_name = ''",
        "update client set last_name = ''",
        "update client set colour = 'beige'",
        "update client set messaging = 'never'",
        "update client set email = 'a@example.com', email_key = null",
    ],
    "contact_link": ["update contact_link set until_at = '1990-01-01 00:00:00+00:00'"],
    "leave": ["update leave set until_at = '1990-01-01 00:00:00+00:00'", "update leave set cover_id = staff_id"],
}


PLACES = [
    Place("clients", "miriam", "/staff/clients"),
    Place("clients, none", "newcomer", "/staff/clients"),
    Place("clients, overfull", "wilhelmina", "/staff/clients"),
    Place("people offered, overfull", "wilhelmina", "/staff/clients", offered("#find", "maxi", "#client-finder a")),
    Place("clients, not found", "miriam", "/staff/clients#q=nobody at all"),
    Place("archived clients", "miriam", "/staff/clients?show=archived"),
    Place("new client", "miriam", "/staff/clients/new"),
    Place("new client, wrong", "miriam", "/staff/clients/new", sent(button=".sheet .primary")),
    Place("chart", "miriam", "/staff/clients/{noa}"),
    Place("chart, overfull", "wilhelmina", "/staff/clients/{maximiliana-theodora}"),
    Place("archive?", "miriam", "/staff/clients/{noa}", shown("archive-dialog")),
    Place("chart, its menu", "miriam", "/staff/clients/{noa}", opened("#chart-more > summary")),
    Place("edit", "miriam", "/staff/clients/{noa}/edit"),
    Place("edit, wrong", "miriam", "/staff/clients/{noa}/edit", sent(("first_name", ""), button=".sheet .primary")),
    Place("edit, overfull", "wilhelmina", "/staff/clients/{maximiliana-theodora}/edit"),
    Place("care team", "ada", "/staff/clients/{noa}/care-team"),
    Place("time away", "ada", "/staff/leave"),
    Place("contacts", "miriam", "/staff/clients/{noa}/contacts"),
    Place("contacts, none", "miriam", "/staff/clients/{lena}/contacts"),
    Place("new contact", "miriam", "/staff/clients/{noa}/contacts/new"),
    Place("new contact, refused", "miriam", "/staff/clients/{noa}/contacts/new", refused_contact),
    Place(
        "contact, changed meanwhile",
        "miriam",
        "/staff/clients/{noa}/contacts/{link}",
        older("form.stack", "basis", "What both parents agreed on. " * 20),
    ),
    Place(
        "contact", "miriam", "/staff/clients/{noa}/contacts", opened(".contact-rows:not(.past) > :first-child .do a")
    ),
    Place("contact's history", "miriam", "/staff/clients/{noa}/contacts/{link}/history"),
]

BREAKAGES = [
    Breakage(
        MAPPING,
        "a list of clients has their names",
        "portal/regions/people/clients.py",
        'on=(OfChart, OfThreadList, OfPortalStatus, OfLetter, OfMailAddress, OfPractice),\n    element="clients"',
        'on=(OfThreadList, OfPortalStatus, OfLetter, OfMailAddress, OfPractice),\n    element="clients"',
        live("what is on file of that client changes"),
        first=live("a client is added for a therapist by somebody else"),
    ),
    Breakage(
        DOOR,
        "a chart is archived by who manages portal access",
        "portal/routes/staff/people/clients.py",
        'archival", Permission.PORTAL_ACCESS, audit="archive client")',
        'archival", audit="archive client")',
        structure("test_each_door_asks_for_what_is_said_here"),
    ),
    Breakage(
        ANNOUNCE,
        "somebody has left a care team",
        "portal/models/people/client.py",
        "        await announce(CareTeamChanged(client=self.client_id, staff=self.staff_id))",
        "        pass",
        live("a therapist leaves a client's care team"),
    ),
    Breakage(
        ANNOUNCE,
        "other terms are agreed on with a contact",
        "portal/models/people/contact.py",
        "        await announce(changed)",
        "        pass",
        live("POST /staff/clients/{client}/contacts/{link}"),
    ),
    Breakage(
        AUDIT,
        "that a chart was archived",
        "portal/routes/staff/people/clients.py",
        'archival", Permission.PORTAL_ACCESS, audit="archive client")',
        'archival", Permission.PORTAL_ACCESS, audit=None)',
        served("POST /staff/clients/{client}/archival"),
    ),
    Breakage(
        SCOPE,
        "a contact is found under their own client",
        "portal/routes/staff/people/contacts.py",
        "    if link.client_id != client.id:",
        "    if link.client_id is None:",
        stranger("POST /staff/clients/{client}/contacts/{link}/end by the right staff under another client"),
    ),
    Breakage(
        TWO,
        "a chart is saved whole",
        "portal/models/people/client.py",
        "        await self.save(update_fields=_DETAILS)",
        "        await self.save()",
        structure("test_a_verb_changes_only_the_columns_it_is_about"),
    ),
]
