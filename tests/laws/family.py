"""People who stand near Noa and Eli and still have no business with some of it: beside the cast, further contacts whose
ties differ in one thing each."""

import datetime as dt
from uuid import UUID

from portal import clock, passwords
from portal.demo import PASSWORD
from portal.models.access.account import Access, PortalAccount
from portal.models.access.contact_links import tie
from portal.models.ground.fact import unit
from portal.models.people.client import Client
from portal.models.people.contact import Contact, ContactLink, Terms
from portal.permissions import Restriction, Right
from tests.laws.stage import Stage

YESTERDAY = dt.timedelta(days=1)


async def gather(stage: Stage) -> None:
    """To Noa come:

    nils    a second guardian who holds every right, and takes no part in what her mother writes
    olga    a guardian with every right who may only pay since yesterday
    piet    a guardian with every right who is kept away since yesterday
    rosa    a guardian with every right, whose tie ended by its date a minute ago
    vera    a guardian with every right, whose access was ended while her tie stands
    walter  a client of the practice himself, with an account of his own, who acts for Noa too
    """
    async with stage.deployment.models(), unit():
        secret, now = passwords.hash_now(PASSWORD), clock.now()
        await _guardian(stage, "Nils Menon", secret)
        await _guardian(stage, "Olga Menon", secret, {Restriction.PAY_ONLY: now - YESTERDAY})
        await _guardian(stage, "Piet Reyes", secret, {Restriction.NO_CONTACT: now - YESTERDAY})
        rosa = await _guardian(stage, "Rosa Reyes", secret)
        rosa.from_at, rosa.until_at = now - YESTERDAY, now - dt.timedelta(minutes=1)
        await rosa.save(update_fields=["from_at", "until_at"])
        vera = await _guardian(stage, "Vera Reyes", secret)
        held = await (await Access.get(contact_link_id=vera.id, until_at=None)).hold()
        held.from_at, held.until_at = now - YESTERDAY, now - dt.timedelta(minutes=1)
        await held.save(update_fields=["from_at", "until_at"])
        walter = await Contact.of_client(await Client.get(id=stage.cast.client["walter"]))
        await _tie(stage, walter, UUID(stage.cast.account["walter"]))


async def _guardian(
    stage: Stage, name: str, secret: str, restrictions: dict[Restriction, dt.datetime] | None = None
) -> ContactLink:
    first = name.split()[0].lower()
    email = f"{first}@family.example"
    contact = await Contact.add({"name": name, "email": email})
    account = await PortalAccount.open(name, email, secret, contact_id=contact.id)
    stage.cast.account[first], stage.cast.email["client", first] = str(account.id), email
    return await _tie(stage, contact, account.id, restrictions or {})


async def _tie(
    stage: Stage, contact: Contact, account: UUID, restrictions: dict[Restriction, dt.datetime] | None = None
) -> ContactLink:
    noa = UUID(stage.cast.client["noa"])
    terms = Terms("Relative", True, tuple(Right), restrictions=restrictions or {})
    link = await tie(noa, contact.id, terms)
    await Access.grant(account, noa, link.id)
    return link
