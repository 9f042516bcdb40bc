"""View as: the page that somebody gets for a client, by the same code, for staff who may see all of it themselves."""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from starlette.routing import Route

from portal.language import say
from portal.models.access.account import PortalAccount, holds_right
from portal.models.ground.person import first_of
from portal.models.people.client import Client
from portal.permissions import Audience, Permission, Rights
from portal.viewer import NotVisible, looking_as, may_look
from portal.web.doors import staff
from portal.web.refusals import Refused
from portal.web.visit import Answer, Visit

Page = Callable[[Visit], Awaitable[Answer]]


def as_somebody(route: Route) -> Route:
    """Return the route at which staff get a page of the client's side as the account of the path gets it."""
    page: Page = route.endpoint.__wrapped__  # type: ignore[attr-defined]
    right: Rights | None = route.endpoint.right  # type: ignore[attr-defined]

    async def view_as(visit: Visit) -> Answer:
        return await page(await looking(visit, visit.id("account"), right))

    address = route.path.replace("/clients/{client}", "GET /staff/clients/{client}/as/{account}", 1)
    return staff(address, Permission.PORTAL_ACCESS, opens="view as")(view_as).route  # type: ignore[no-any-return]


async def looking(visit: Visit, account: UUID, right: Rights | None) -> Visit:
    """The same visit, as that of an account. Raises NotVisible for who never acted for the client, and
    Refused where they would be refused."""
    client = await visit.find(Client)
    viewer = await looking_as(visit.me, account, client.id)
    if viewer is None:
        raise NotVisible
    holder = await visit.me.find(PortalAccount, viewer.id)
    who = first_of(holder.name)
    if not await may_look(viewer):
        text = "%(who)s can’t see anything about %(name)s at the moment, so there is nothing to look at."
        raise Refused(409, visit.say(text, who=who, name=client.first_name))
    if right is not None and not await holds_right(viewer.id, client.id, right):
        text = "%(who)s can’t open this: they don’t have the permission for %(name)s that it needs."
        raise Refused(409, visit.say(text, who=who, name=client.first_name))
    visit.record = viewer.id
    granted = frozenset() if right is None else frozenset({right})
    return dataclasses.replace(visit, viewer=viewer, viewed=_banner(visit, holder, client), granted=granted)


def _banner(visit: Visit, account: PortalAccount, client: Client) -> dict[str, Any]:
    """Return the banner above it, in the language of the viewer."""
    who, name, language = first_of(account.name), client.first_name, visit.me.language
    all_of_it = [visit.holder.may(audience.permission) for audience in Audience]
    return {
        "lang": language,
        "trial": None,
        "title": say(language, "View as"),
        "banner": say(language, "You’re seeing what %(who)s sees about %(name)s.", who=who, name=name),
        "line": say(language, "Nothing here is sent or marked as seen.")
        + ("" if all(all_of_it) else " " + say(language, "Anything you can’t read yourself is left out.")),
        "back": say(language, "Back to the chart"),
        "back_href": f"/staff/clients/{client.id}/contacts",
        "gone": say(language, "You or %(who)s can no longer see this.", who=who),
        "me": {"name": account.name, "initial": account.name[:1], "role_label": "", "email": account.email},
    }
