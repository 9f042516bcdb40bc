"""Offers to an account: its holder gives the date of birth of the one concerned, and access begins (A7)."""

from starlette.responses import Response

from portal.models.access.invitation import TRIES, Invitation
from portal.models.access.offer import confirm_offer, hold_for
from portal.models.ground import audit
from portal.models.ground.fact import unit
from portal.routes.public.access.welcome import BirthDate, exact_date
from portal.web.doors import client
from portal.web.visit import Answer, Visit, go


@client("GET /offers/{offer}")
async def show(visit: Visit) -> Answer:
    return _page(visit, await visit.me.find(Invitation, visit.id("offer")))


@client("POST /offers/{offer}", form=BirthDate, audit=None, transaction=False)
async def confirm(visit: Visit) -> Answer:
    """Compare, exactly, and count the try whatever the answer, as at the first sign-up."""
    async with unit() as told:
        await hold_for(await visit.me.find(Invitation, visit.id("offer")))
        invitation = await visit.me.hold(Invitation, visit.id("offer"))
        typed = exact_date(visit.form.date_of_birth if visit.form else "")
        right = await invitation.try_birth_date(typed, visit.network)
        if right:
            await confirm_offer(invitation)
        await audit.note(
            "confirm access",
            side="client",
            actor=visit.me.id,
            client=invitation.client_id,
            record=invitation.id,
            result="done" if right else "refused",
        )
    visit.request.app.state.bus.hint(told.keys)
    if right:
        return go(f"/clients/{invitation.client_id}/home")
    return _page(
        visit, await visit.me.find(Invitation, invitation.id), visit.say("That isn’t the date we have on file."), 422
    )


def _page(visit: Visit, offer: Invitation, error: str | None = None, status: int = 200) -> Response:
    return visit.page(
        "client/access/offers/show.html",
        title=visit.say("Something for you to confirm"),
        place="home",
        live="/live",
        home_href=None,
        status=status,
        regions={},
        locked=offer.locked_at is not None,
        action=f"/offers/{offer.id}",
        tries_left=TRIES - offer.tries if offer.tries else None,
        error=error,
    )
