"""Inviting from the chart's Portal tab: the welcome email, its preview, its lock, its end (A1–A3)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator

from portal.mail import outbox
from portal.mail.composing import NotAnAddress
from portal.mail.welcome_letter import welcome
from portal.models.access.candidate_holder import CandidateHolder, possible_holders
from portal.models.access.invitation import Invitation, withdraw_invitation
from portal.models.access.portal_status import portal_status_of
from portal.models.people.client import Client
from portal.models.practice.practice import the_practice
from portal.permissions import Permission
from portal.routes.staff.access.portal_tab import client_of, here
from portal.routes.staff.shell import chart_page
from portal.settings import settings
from portal.viewer import NotVisible
from portal.web.doors import staff
from portal.web.refusals import Refused
from portal.web.rendering import render
from portal.web.visit import Answer, Form, Visit, go


def _link(value: Any) -> Any:
    return None if value in ("", "client") else value


class OnPerson(Form):
    """`holder` is a contact by their link, or the client in person."""

    typed = False

    key: UUID
    holder: Annotated[UUID | None, BeforeValidator(_link)] = None


class Send(OnPerson):
    language: Literal["en", "es"] = "en"


@staff(
    "POST /staff/clients/{client}/portal/invitations",
    Permission.PORTAL_ACCESS,
    form=Send,
    audit="send welcome email",
    once=True,
)
async def invite(visit: Visit) -> Answer:
    """Send (or resend) the welcome e-mail; the older link dies."""
    client = await client_of(visit)
    form: Send = visit.form
    practice = await the_practice()
    if not practice.portal_on:
        raise Refused(409, "The portal is switched off for the practice.")
    holder = await _holder(client, form.holder)
    invitation, token = await Invitation.send(client, holder, visit.me.id, form.language)
    try:
        letter = welcome(
            form.language,
            name=holder.called,
            email=invitation.email,
            link=settings().link(f"/welcome/{token}"),
            texts=practice.welcome,
        )
    except NotAnAddress:
        raise Refused(409, "The email on file is not one plain address. Correct it first.") from None
    await invitation.carried_by(await outbox.post(letter, client=client.id, about=invitation.id))
    visit.note(record=invitation.id)
    return go(here(visit))


async def _holder(client: Client, link: UUID | None) -> CandidateHolder:
    for holder in await possible_holders(client):
        if holder.link == link:
            return holder
    raise NotVisible


@staff("GET /staff/clients/{client}/portal/letter", Permission.PORTAL_ACCESS)
async def letter(visit: Visit) -> Answer:
    """The welcome e-mail as it would go out to a holder, to read before sending."""
    client = await visit.find(Client)
    wanted = visit.query("holder")
    try:
        holder = await _holder(client, UUID(wanted) if wanted not in ("", "client") else None)
    except ValueError:
        raise NotVisible from None
    practice = await the_practice()
    language = visit.query("language") if visit.query("language") in ("en", "es") else visit.language
    written = welcome(
        language,
        name=holder.called,
        email=holder.email or "name@example.com",
        link=settings().link("/welcome/…"),
        texts=practice.welcome,
    )
    shown: dict[str, Any] = {
        "el": "letter",
        "language": language,
        "sender": visit.say("%(practice)s, to %(email)s", practice=practice.name, email=written.to),
        "subject": written.subject,
        "text": written.text,
        "error": None,
    }
    if visit.by_script:
        return visit.fragment(render("staff/practice/_preview.html", visit.language, shown))
    back = f"/staff/clients/{client.id}/portal"
    title = visit.say("Chart: welcome email")
    template = "staff/access/portal/preview.html"
    return await chart_page(visit, template, title=title, name=client.first_name, back_href=back, **shown)


@staff(
    "POST /staff/clients/{client}/portal/unlocking",
    Permission.PORTAL_ACCESS,
    form=OnPerson,
    audit="lift lock",
    once=True,
)
async def unlock(visit: Visit) -> Answer:
    """Give one person five new tries."""
    people = (await portal_status_of(await client_of(visit))).people
    invitation = next((one.invitation for one in people if one.invitation and one.link == visit.form.holder), None)
    if invitation is None:
        raise Refused(409, "There is no longer an invitation to unlock.")
    visit.note(record=invitation.id, acted=invitation.locked_at is not None)
    if invitation.locked_at is not None:
        await invitation.unlock(visit.me.id)
    return go(here(visit))


@staff(
    "POST /staff/clients/{client}/portal/withdrawal",
    Permission.PORTAL_ACCESS,
    form=OnPerson,
    audit="withdraw invitation",
    once=True,
)
async def withdraw(visit: Visit) -> Answer:
    """End what is outstanding for one person."""
    client = await client_of(visit)
    visit.note(acted=await withdraw_invitation(client.id, visit.form.holder) > 0)
    return go(here(visit))
