"""Portal access for the tests of all rooms: accounts, invitations, and ways in."""

import datetime as dt
from itertools import cycle
from typing import Any
from uuid import UUID, uuid4

from portal import clock, passwords
from portal.demo import PASSWORD
from portal.facts import (
    InvitationEnded,
    InvitationExpired,
    PortalSettingsChanged,
    ResendAllowed,
)
from portal.models.access.account import Access, PortalAccount
from portal.models.access.candidate_holder import possible_holders
from portal.models.access.changed_details import change_client
from portal.models.access.invitation import Invitation
from portal.models.access.link_session import LinkSession
from portal.models.access.network import switch_all_networks, switch_network
from portal.models.access.reset import Reset
from portal.models.access.reset_request import ResetRequest
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.moment import Moment
from portal.models.ground.record import uuid7
from portal.models.ground.throttle import Network
from portal.models.people.client import Client
from portal.models.people.contact import Contact, ContactLink
from portal.models.practice.practice import hold_practice
from portal.permissions import CARE, Permission
from tests.breakage import ANNOUNCE, DOOR, END, MAPPING, SIGHT, Breakage, live, structure, test
from tests.browser.places import Place, emptied, sent
from tests.cast import Cast
from tests.laws.sample import Sample, wishes
from tests.laws.stage import Verbs
from tests.people.brings import new_client, seen_by_ada, terms, with_a_contact

_ON_AND_OFF = cycle(["no", "yes"])
WORDS = {"subject_en": "Your account", "body_en": "Hello {name}: {link}", "language": "en"}


def a_press(cast: Cast) -> dict[str, str]:
    return {"key": str(uuid4())}


def of_a_mother(cast: Cast) -> dict[str, str]:
    return a_press(cast) | {"holder": cast.account["dana"]}


SAMPLES = {
    "POST /staff/clients/{client}/archival": Sample("miriam", 303, sampled=True),
    "POST /staff/clients/{client}/restoration": Sample("miriam", 303, sampled=True),
    "GET /staff/clients/{client}/who-sees": Sample("miriam", 200),
    "GET /clients/{client}/who-sees": Sample("dana", 200),
    "GET /clients/{client}/who-acts": Sample("walter", 200, client="walter"),
    "POST /clients/{client}/who-acts/{link}": Sample(
        "walter", 303, client="walter", form=lambda cast: {"right": "messages", "on": "yes"}, before=with_a_contact
    ),
    "POST /clients/{client}/who-acts/{link}/end": Sample("walter", 303, client="walter", before=with_a_contact),
    "GET /staff/clients/{client}/as/{account}/home": Sample("miriam", 200),
    "GET /staff/clients/{client}/as/{account}/who-sees": Sample("miriam", 200),
    "GET /staff/clients/{client}/as/{account}/who-acts": Sample("miriam", 200, client="eli", account="eli"),
    "GET /staff/clients/{client}/as/{account}/notices": Sample("miriam", 200),
    "GET /staff/clients/{client}/as/{account}/messages": Sample("miriam", 200),
    "GET /staff/clients/{client}/as/{account}/conversations/new": Sample("miriam", 200),
    "GET /staff/clients/{client}/as/{account}/conversations/{conversation}": Sample("miriam", 200),
    "GET /staff/clients/{client}/as/{account}/conversations/{conversation}/readers": Sample("miriam", 200),
    "POST /staff/clients/{client}/contacts/network": Sample(
        "miriam", 303, client="lena", form=lambda cast: {"on": next(_ON_AND_OFF)}
    ),
    "POST /staff/clients/{client}/contacts/{link}/preview": Sample("miriam", 200, form=terms, before=with_a_contact),
    "GET /staff/clients/{client}/contacts/{link}/client": Sample("miriam", 200, before=with_a_contact),
    "POST /staff/clients/{client}/contacts/{link}/client": Sample(
        "miriam", 303, form=lambda cast: new_client(cast) | {"apart": "on"}, before=with_a_contact, sampled=True
    ),
    "POST /staff/clients/{client}/contacts/{link}/client/known": Sample(
        "miriam", 303, form=lambda cast: {"person": cast.client["lena"]}, before=with_a_contact
    ),
    "POST /staff/clients/{client}/messaging": Sample("miriam", 303, client="lena", form=wishes(mode="reply")),
    "POST /staff/clients/{client}/coming-of-age": Sample("miriam", 303),
    "GET /staff/clients/{client}/portal": Sample("miriam", 200),
    "GET /staff/clients/{client}/portal/letter": Sample("miriam", 200),
    "POST /staff/clients/{client}/portal/invitations": Sample(
        "miriam", 303, client="lena", form=lambda cast: a_press(cast) | {"holder": "client"}
    ),
    "POST /staff/clients/{client}/portal/withdrawal": Sample("miriam", 303, client="lena", form=a_press),
    "POST /staff/clients/{client}/portal/unlocking": Sample("miriam", 303, client="lena", form=a_press),
    "POST /staff/clients/{client}/portal/resets": Sample("miriam", 303, form=of_a_mother),
    "POST /staff/clients/{client}/portal/removals": Sample("miriam", 303, form=of_a_mother),
    "POST /staff/clients/{client}/portal/removals/all": Sample("ada", 303, form=of_a_mother),
    "POST /staff/clients/{client}/portal/accesses": Sample("miriam", 303, form=of_a_mother),
    "POST /staff/clients/{client}/portal/offers/withdrawal": Sample("miriam", 303, form=of_a_mother),
    "POST /staff/clients/{client}/portal/offers/unlocking": Sample("miriam", 303, form=of_a_mother),
    "GET /staff/settings/portal": Sample("ada", 200),
    "POST /staff/settings/portal": Sample("ada", 303, form=wishes(on="no")),
    "POST /staff/settings/portal/linking": Sample("ada", 303, form=wishes(on="yes")),
    "POST /staff/settings/portal/contacts": Sample("ada", 303, form=wishes(on="no")),
    "POST /staff/settings/portal/letter": Sample("ada", 303, form=wishes(**WORDS)),
    "POST /staff/settings/portal/preview": Sample("ada", 200, form=wishes(**WORDS)),
    "POST /staff/settings/portal/sample": Sample("ada", 200, form=wishes(**WORDS)),
    "GET /start": Sample("", 404),
    "POST /start": Sample("", 404, form=wishes(code="0000-0000-0000-0000")),
    "GET /welcome/{token}": Sample("", 200),
    "POST /welcome": Sample("", 303, form=wishes(token="A" * 43)),
    "GET /welcome/birth-date": Sample("", 303),
    "POST /welcome/birth-date": Sample("", 303, form=wishes(date_of_birth="1994-08-17")),
    "GET /welcome/password": Sample("", 303),
    "POST /welcome/password": Sample("", 303, form=wishes(password="copper kettle under nine stars")),
    "GET /offers/{offer}": Sample("dana", 200),
    "POST /offers/{offer}": Sample("dana", 303, form=wishes(date_of_birth="1994-08-17")),
    "GET /forgot": Sample("", 200),
    "POST /forgot": Sample("", 303, form=wishes(email="nobody@family.example")),
    "GET /reset/{token}": Sample("", 200),
    "POST /reset": Sample("", 303, form=wishes(token="A" * 43)),
    "GET /reset/password": Sample("", 303),
    "POST /reset/password": Sample("", 303, form=wishes(password="copper kettle under nine stars")),
}

# The permission or right that a door asks for, by its address.
ASKED = {
    r"POST /staff/clients/{client}/contacts/(network|{link}/preview)": Permission.CONTACT_NETWORK,
    r"POST /staff/clients/{client}/(coming-of-age|messaging)": Permission.PORTAL_ACCESS,
    r"\w+ /staff/clients/{client}/contacts/{link}/client.*": Permission.PORTAL_ACCESS,
    r"GET /clients/{client}/who-sees": CARE,
    r"GET /staff/clients/{client}/(as/.*|portal/letter)": Permission.PORTAL_ACCESS,
    r"POST /staff/clients/{client}/portal/.*": Permission.PORTAL_ACCESS,
}


VERBS = Verbs()


async def _access(cast: Cast, account: str, client: str) -> Access:
    return await Access.get(account_id=cast.account[account], client_id=cast.client[client], until_at=None)


async def _link(cast: Cast, contact: str, client: str) -> ContactLink:
    email = cast.email["client", contact]
    return await ContactLink.get(client_id=cast.client[client], contact_id=(await Contact.get(email=email)).id)


async def _grant(cast: Cast, account: str, client: str, until: dt.datetime | None = None) -> None:
    link = await _link(cast, account, client)
    granted = await Access.grant(UUID(cast.account[account]), UUID(cast.client[client]), link.id, until)
    assert granted is not None


@VERBS("a mother's access to one child ends", "noa", sampled=True)
async def _(cast: Cast) -> None:
    await (await _access(cast, "dana", "noa")).end(UUID(cast.staff["ada"]))


@VERBS("and she is given it again", "noa", sampled=True)
async def _(cast: Cast) -> None:
    await _grant(cast, "dana", "noa")


@VERBS("her access to the other child ends by itself", "eli", sampled=True)
async def _(cast: Cast) -> None:
    await (await _access(cast, "dana", "eli")).end_on(clock.now() + dt.timedelta(seconds=1))


@VERBS("and she is given that again, for a moment", "eli", sampled=True)
async def _(cast: Cast) -> None:
    await _grant(cast, "dana", "eli", clock.now() + dt.timedelta(seconds=3))


@VERBS("and again, for good", "eli")
async def _(cast: Cast) -> None:
    await _grant(cast, "dana", "eli")


@VERBS("a father is given access to his daughter", "noa")
async def _(cast: Cast) -> None:
    link = await (await _link(cast, "ravi", "noa")).hold()
    link.until_at = None
    await link.save(update_fields=["until_at"])
    await _grant(cast, "ravi", "noa")


@VERBS("and it ends", "noa")
async def _(cast: Cast) -> None:
    await (await _access(cast, "ravi", "noa")).end()


@VERBS("a grown client's own access ends", "sam")
async def _(cast: Cast) -> None:
    await (await _access(cast, "sam", "sam")).end()


@VERBS("and is given back", "sam")
async def _(cast: Cast) -> None:
    assert await Access.grant(UUID(cast.account["sam"]), UUID(cast.client["sam"])) is not None


@VERBS("no contact acts for a child any more", "noa")
async def _(cast: Cast) -> None:
    await switch_network(await Client.get(id=cast.client["noa"]), False)


@VERBS("and they act for her again", "noa")
async def _(cast: Cast) -> None:
    await switch_network(await Client.get(id=cast.client["noa"]), True)


@VERBS("no contact acts for anybody any more", sampled=True)
async def _(cast: Cast) -> None:
    await switch_all_networks(False)


@VERBS("and they act again, each for whom they did", sampled=True)
async def _(cast: Cast) -> None:
    await switch_all_networks(True)


async def _invitation(cast: Cast) -> Invitation:
    """Lena's newest."""
    found = await Invitation.filter(client_id=cast.client["lena"]).order_by("-sent_at").first()
    assert found is not None
    return found


async def _invite(cast: Cast) -> None:
    # Five a day are sent at most, one in five minutes.
    await Invitation.filter(client_id=cast.client["lena"]).update(sent_at=clock.now() - dt.timedelta(days=2))
    client = await Client.get(id=cast.client["lena"])
    holder = (await possible_holders(client))[0]
    await Invitation.send(client, holder, UUID(cast.staff["miriam"]), "en")


async def _say_birth_date(cast: Cast, said: dt.date | None) -> None:
    invitation = await _invitation(cast)
    await invitation.try_birth_date(said, Network("203.0.113.7"))


@VERBS("a client is invited", "lena", sampled=True)
async def _(cast: Cast) -> None:
    await _invite(cast)


@VERBS("and opens the link", "lena", sampled=True)
async def _(cast: Cast) -> None:
    await (await _invitation(cast)).open()


@VERBS("and gives a wrong date of birth", "lena")
async def _(cast: Cast) -> None:
    await _say_birth_date(cast, None)


@VERBS("and too many of them", "lena")
async def _(cast: Cast) -> None:
    for _ in range(4):
        await _say_birth_date(cast, None)


@VERBS("and staff lift the lock", "lena")
async def _(cast: Cast) -> None:
    await (await _invitation(cast)).unlock(UUID(cast.staff["miriam"]))


@VERBS("and enough time has passed for another letter", "lena")
async def _(cast: Cast) -> None:
    invitation = await (await _invitation(cast)).hold()
    invitation.sent_at -= dt.timedelta(minutes=6)
    await invitation.save(update_fields=["sent_at"])
    await Moment.plan(clock.now(), ResendAllowed(client=invitation.client_id))


@VERBS("and the link is too old", "lena")
async def _(cast: Cast) -> None:
    invitation = await (await _invitation(cast)).hold()
    invitation.expires_at = clock.now()
    await invitation.save(update_fields=["expires_at"])
    await Moment.plan(clock.now(), InvitationExpired(client=invitation.client_id))


@VERBS("and is invited again, and that is withdrawn", "lena", sampled=True)
async def _(cast: Cast) -> None:
    await _invite(cast)
    await (await _invitation(cast)).end("withdrawn")
    await announce(InvitationEnded(client=UUID(cast.client["lena"])))


@VERBS("and is invited once more, and gives the right one", "lena")
async def _(cast: Cast) -> None:
    await _invite(cast)
    await _say_birth_date(cast, (await Client.get(id=cast.client["lena"])).born)


@VERBS("and chooses a password", "lena", sampled=True)
async def _(cast: Cast) -> None:
    assert await (await _invitation(cast)).accept(passwords.hash_now(PASSWORD)) is not None


@VERBS("somebody wishes for a new password", "sam", sampled=True)
async def _(cast: Cast) -> None:
    await Reset.make(await PortalAccount.get(id=cast.account["sam"]), None)


@VERBS("and chooses it", "sam", sampled=True)
async def _(cast: Cast) -> None:
    found = await Reset.filter(account_id=cast.account["sam"]).order_by("-made_at").first()
    assert found is not None
    await found.use(passwords.hash_now(PASSWORD))


@VERBS("what an invitation needs is cleared", "eli")
async def _(cast: Cast) -> None:
    client = await Client.get(id=cast.client["eli"])
    await change_client(client, _on_file(client) | {"date_of_birth": None}, seen_by_ada(cast))


@VERBS("and is there again", "eli")
async def _(cast: Cast) -> None:
    client = await Client.get(id=cast.client["eli"])
    born = clock.now().date() - dt.timedelta(days=5600)
    await change_client(client, _on_file(client) | {"date_of_birth": born}, seen_by_ada(cast))


def _on_file(client: Client) -> dict[str, Any]:
    kept = ("first_name", "last_name", "email", "phone", "address")
    return {name: getattr(client, name) for name in kept} | {"date_of_birth": client.born}


@VERBS("whoever holds an account is to confirm that a client is linked to it", sampled=True)
async def _(cast: Cast) -> None:
    practice = await hold_practice()
    practice.confirm_links = not practice.confirm_links
    await practice.save(update_fields=["confirm_links"])
    await announce(PortalSettingsChanged())


async def fill(cast: Cast) -> None:
    now, dana, miriam = clock.now(), cast.account["dana"], cast.staff["miriam"]
    wish = ResetRequest(id=uuid7(), address_mark="x", network_mark="x")
    wish.email = "somebody@example.com"
    await wish.save(force_create=True)
    invitation = await Invitation.create(
        client_id=cast.client["lena"],
        account_id=dana,
        email="lena.brandt@example.com",
        email_key="lena.brandt@example.com",
        token_hash="i" * 64,
        sent_by=miriam,
        sent_at=now,
        expires_at=now + dt.timedelta(days=7),
    )
    await Reset.create(account_id=dana, token_hash="r" * 64, made_at=now, expires_at=now + dt.timedelta(days=1))
    await LinkSession.create(
        token_hash="h" * 64, invitation_id=invitation.id, expires_at=now + dt.timedelta(minutes=30)
    )
    await sql.rows("update access set granted_by = :by, ended_by = :by", by=miriam)


# A statement for each check of a table, which refuses it.
BROKEN = {
    "access": ["update access set until_at = '1990-01-01 00:00:00+00:00'"],
    "portal_account": [
        "update portal_account set theme = 'pink'",
        "update portal_account set client_id = (select id from client limit 1), "
        "contact_id = (select id from contact limit 1)",
    ],
}


PLACES = [
    Place("who sees", "miriam", "/staff/clients/{noa}/who-sees"),
    Place("view as", "miriam", "/staff/clients/{noa}/as/{account of dana}/home"),
    Place("view as, conversation", "miriam", "/staff/clients/{noa}/as/{account of dana}/conversations/{noa clinical}"),
    Place("view as, notices", "henrik", "/staff/clients/{noa}/as/{account of dana}/notices"),
    Place("view as, ended", "miriam", "/staff/clients/{noa}/as/{account of dana}/home", emptied("gone")),
    Place("portal, accounts", "miriam", "/staff/clients/{noa}/portal"),
    Place("contact to client", "miriam", "/staff/clients/{noa}/contacts/{link}/client"),
    Place(
        "contact to client, refused",
        "miriam",
        "/staff/clients/{noa}/contacts/{link}/client",
        sent(("first_name", ""), button="form.stack > .btns .primary"),
    ),
    Place("who sees", "dana", "/clients/{noa}/who-sees"),
    Place("who acts for me", "eli", "/clients/{eli}/who-acts"),
]

BREAKAGES = [
    Breakage(
        MAPPING,
        "who is locked out shows on Today",
        "portal/regions/needs_hand.py",
        "    on=(OfMailAddress, OfLetter, OfPortalStatus, OfChart, OfPractice, OfStaff),",
        "    on=(OfMailAddress, OfLetter, OfChart, OfPractice, OfStaff),",
        test("access/test_needs_hand.py::test_who_is_locked_out_is_let_in_again_from_today"),
    ),
    Breakage(
        ANNOUNCE,
        "an access has ended",
        "portal/models/access/account.py",
        "        await announce(AccessEnded(client=self.client_id, account=self.account_id))",
        "        pass",
        live("a mother's access to one child ends"),
    ),
    Breakage(
        SIGHT,
        "who only pays knows who cares for the client",
        "portal/models/ground/rules.py",
        """    care = f"(tl.id is null or {allows('tl', CARE)})"
""",
        """    care = "true"
""",
        test("access/test_pages_by_right.py::test_the_care_team_is_not_for_who_only_pays_to_know[embedded]"),
    ),
    Breakage(
        DOOR,
        "who only pays sees who can see the client",
        "portal/routes/client/home.py",
        '@client("GET /clients/{client}/who-sees", CARE, ',
        '@client("GET /clients/{client}/who-sees", ',
        structure("test_each_door_asks_for_what_is_said_here")
        + test(
            "access/test_pages_by_right.py::test_the_addresses_of_what_one_may_not_are_refused_and_say_why[embedded-who-sees]"
        ),
    ),
    Breakage(
        END,
        "a link to a new password lets somebody in who works here no more",
        "portal/models/access/reset.py",
        "may_come_in = owner.ended_at is None if isinstance(owner, StaffMember) else await portal_is_on()",
        "may_come_in = isinstance(owner, StaffMember) or await portal_is_on()",
        test("access/test_reset.py::test_who_works_here_no_more_gets_no_new_password"),
    ),
]
