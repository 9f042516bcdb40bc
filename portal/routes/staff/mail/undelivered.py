"""Letters that have not arrived, and addresses that mail does not reach."""

from typing import Annotated, Any

from pydantic import Field

from portal.language import at_in_words
from portal.mail import letters
from portal.mail.outbox import post
from portal.models.access.account import AddressTaken
from portal.models.ground import audit
from portal.models.ground.outbox import Outbox, retry_given_up
from portal.models.mail.bounce import FOLLOWS, Bounce, holders_of, stay
from portal.models.people.client import Client
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Permission
from portal.regions.mail.undelivered import people, undelivered, why
from portal.regions.phrases import zone
from portal.routes.staff.shell import page
from portal.settings import settings
from portal.web.doors import staff
from portal.web.refusals import Refused
from portal.web.visit import Answer, EmailAddress, Form, Visit, go


class Address(Form):
    email: Annotated[EmailAddress, Field(min_length=1)]


@staff("GET /staff/mail", opens="open undelivered letters")
async def index(visit: Visit) -> Answer:
    return await page(
        visit,
        "staff/mail/index.html",
        title=visit.say("Undelivered mail"),
        place="mail",
        regions={"undelivered": await visit.draw(undelivered)},
    )


@staff("POST /staff/mail/{letter}/retry", Permission.PORTAL_ACCESS, audit="retry letter")
async def retry(visit: Visit) -> Answer:
    """Have a letter tried again now. Pressed twice, or for one that has left meanwhile, it changes nothing."""
    letter = await visit.me.find(Outbox, visit.id("letter"))
    visit.note(about=letter.client_id, record=letter.id, acted=await letter.retry())
    return go("/staff/mail")


@staff("POST /staff/mail/retries", Permission.PORTAL_ACCESS, audit="retry letters")
async def retry_all(visit: Visit) -> Answer:
    """Have all letters that were given up tried again now, of those that the colleague may see."""
    letters_tried = await retry_given_up(visit.me.see(Outbox))
    visit.note(acted=letters_tried > 0, letters=letters_tried)
    return go("/staff/mail")


# --- An address that failed ------------------------------------------------------------------------


@staff("GET /staff/mail/addresses/{bounce}", Permission.PORTAL_ACCESS, opens="open failed address")
async def address(visit: Visit) -> Answer:
    return await _address(visit, await visit.me.find(Bounce, visit.id("bounce")))


async def _holders(visit: Visit, bounce: Bounce) -> list[dict[str, Any]]:
    holders = await holders_of(visit.me.see(Client), visit.me.see(StaffMember), [bounce.email_key])
    return holders.get(bounce.email_key, [])


def _can_correct(holders: list[dict[str, Any]], staying: list[dict[str, Any]]) -> bool:
    """A colleague's address is what they sign in with: theirs and the administrators' to change. That of a contact
    who is a client too is for whoever may open their chart, and is a client's there. Whoever acts for somebody
    besides, whom this colleague doesn't see, stays as they are."""
    return any(holder["kind"] not in ("staff", FOLLOWS) for holder in holders if holder not in staying)


async def _address(visit: Visit, bounce: Bounce, status: int = 200) -> Answer:
    holders, address = await _holders(visit, bounce), f"/staff/mail/addresses/{bounce.id}"
    staying = await stay(visit.me.see(Client), holders)
    return await page(
        visit,
        "staff/mail/address.html",
        title=visit.say("Correct an address"),
        place="today",
        status=status,
        address=bounce.email_key,
        people=people(visit.language, holders),
        why=why(visit.language, bounce.reason, bounce.status),
        reason=bounce.reason,
        since=at_in_words(bounce.at, zone(), visit.language),
        settled=bounce.settled_at is not None,
        can_correct=_can_correct(holders, staying),
        staying=people(visit.language, staying),
        action=address,
        confirm_action=f"{address}/confirmation",
        back_href="/staff/today",
        value=visit.sent.get("email", bounce.email_key),
        errors=visit.errors,
    )


@staff("POST /staff/mail/addresses/{bounce}", Permission.PORTAL_ACCESS, form=Address, audit=None)
async def correct(visit: Visit) -> Answer:
    """Put the address right wherever it stands and is theirs to change; whoever signs in with it hears of it, at the
    new one and at the old."""
    bounce = await visit.me.find(Bounce, visit.id("bounce"))
    if visit.errors:
        return await _address(visit, bounce, 422)
    holders = await _holders(visit, bounce)
    if not _can_correct(holders, await stay(visit.me.see(Client), holders)):
        raise Refused(409, "This address can’t be corrected from here. Ask an administrator.")
    try:
        moved = await bounce.put_right(visit.form.email, holders, visit.me.see(Client))
    except AddressTaken:
        visit.fault("email", visit.say("Another account already signs in with this address. Use a different one."))
        return await _address(visit, bounce, 422)
    clients = list(dict.fromkeys(holder["client_id"] for holder in holders if holder["client_id"]))
    for account, before in moved:
        link = settings().link("/sign-in")
        await post(letters.address_changed(account, link=link), client=clients[0])
        await post(letters.address_moved(account, before=before), client=clients[0])
    for client in clients:
        await audit.note(
            "correct address",
            side="staff",
            actor=visit.me.id,
            client=client,
            record=bounce.id,
            before=bounce.email_key,
            after=visit.form.email,
        )
    return go("/staff/today")


@staff("POST /staff/mail/addresses/{bounce}/confirmation", Permission.PORTAL_ACCESS, audit="confirm address")
async def confirm(visit: Visit) -> Answer:
    """The address is right: mail goes there again."""
    bounce = await visit.me.find(Bounce, visit.id("bounce"))
    await bounce.confirm(visit.me.id)
    visit.note(record=bounce.id)
    return go("/staff/today")
