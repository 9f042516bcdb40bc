"""A preview of a contact's pages under other terms, before these are saved (J4): the pages they would get, made in a
transaction that is undone. Nothing on them leads anywhere or stays current, for nothing of it is so yet."""

import re
from typing import Any, Literal
from uuid import UUID

from starlette.responses import HTMLResponse, Response

from portal.models.access.account import holds_right
from portal.models.access.contact_links import change_terms
from portal.models.ground import audit
from portal.models.ground.fact import unit
from portal.models.ground.person import first_of
from portal.models.people.client import Client
from portal.models.people.contact import Contact, ContactLink, Terms
from portal.permissions import Permission, Right, Rights
from portal.routes.client import home as homes
from portal.routes.client.messages import conversations as messages
from portal.routes.staff.access.view_as import Page, looking
from portal.routes.staff.people.contact_form import KnownPerson, agreed, terms_of
from portal.routes.staff.people.contacts import account_by, edit_form, open_chart, tab_of, tied
from portal.viewer import NotPermitted
from portal.web.doors import staff
from portal.web.refusals import Refused
from portal.web.visit import Answer, Visit


class Trial(KnownPerson):
    page: Literal["home", "messages", "form"] = "home"


PAGES: dict[str, tuple[Page, Rights | None]] = {
    "home": (homes.of_client, None),
    "messages": (messages.list_of_them, Right.MESSAGES),
}


@staff(
    "POST /staff/clients/{client}/contacts/{link}/preview",
    Permission.CONTACT_NETWORK,
    form=Trial,
    audit=None,
    transaction=False,
)
async def preview(visit: Visit) -> Answer:
    """A page as they would get it; or the form once more, with what was written and why there is nothing to see."""
    if not await visit.me.may(Permission.PORTAL_ACCESS):
        raise NotPermitted(
            visit.say("Your role doesn’t include “%(name)s”.", name=visit.say(Permission.PORTAL_ACCESS.value))
        )
    client = await open_chart(visit)
    link, contact = await tied(visit, client)
    account = await account_by(visit, link)
    if account is None:
        raise Refused(409, "They have no account yet, so there is no page to look at.")
    visit.sent.pop("page", None)
    form_state = await agreed(visit, link, contact)
    terms = None if visit.errors else terms_of(visit, link)
    if terms is None or form_state.refused or visit.form.page == "form":
        return await edit_form(visit, client, link, contact, form_state)
    try:
        shown = await _by(visit, client, link, contact, terms, account)
    except Refused as reason:
        notice = visit.say("With the terms you’re editing: %(what)s", what=visit.say(reason.text))
        return await edit_form(visit, client, link, contact, form_state, notice=notice)
    async with unit():
        await audit.note(
            "view as before saving",
            side="staff",
            actor=visit.me.id,
            client=client.id,
            record=link.id,
            terms=terms.written(),
        )
    return shown


class _Undone(Exception):
    """Takes the page out of the transaction, and everything else back."""

    def __init__(self, page: Response) -> None:
        self.page = page


async def _by(
    visit: Visit, client: Client, link: ContactLink, contact: Contact, terms: Terms, account: UUID
) -> Response:
    """The page by these terms. Raises Refused where there would be none."""
    page, right = PAGES[visit.form.page]
    try:
        async with unit():
            await change_terms(link, terms)
            as_they = await looking(visit, account, right)
            assert as_they.viewed is not None
            as_they.viewed |= await _not_saved(visit, client, link, account, first_of(contact.name))
            answer = await page(as_they)
            raise _Undone(answer if isinstance(answer, Response) else await answer())
    except _Undone as undone:
        return HTMLResponse(_leading_nowhere(bytes(undone.page.body).decode()), undone.page.status_code)


async def _not_saved(visit: Visit, client: Client, link: ContactLink, account: UUID, who: str) -> dict[str, Any]:
    """Return the words and acts of the banner, in the language of the viewer."""
    address = f"{tab_of(client)}/{link.id}"
    reads = await holds_right(account, client.id, Right.MESSAGES)
    pages = [("home", visit.say("Home")), *([("messages", visit.say("Messages"))] if reads else [])]
    return {
        "banner": visit.say(
            "What %(who)s would see about %(name)s with the terms you’re editing.", who=who, name=client.first_name
        ),
        "line": visit.say("Nothing is saved yet."),
        "trial": {
            "action": f"{address}/preview",
            "save_action": address,
            "values": dict(visit.sent),
            "pages": [{"name": name, "label": label, "current": name == visit.form.page} for name, label in pages],
            "save": visit.say("Save changes"),
        },
        "back": visit.say("Back to the form"),
    }


def _leading_nowhere(page: str) -> str:
    """The page without its links to further pages: those would show what is saved."""
    return re.sub(r' (?:[a-z-]+="/staff/clients/[0-9a-f-]{36}/as/[^"]*"|data-dialog)', "", page)
