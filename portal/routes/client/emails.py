"""Emails to you, for clients and those who act for them. It is the account's own choice, whoever's page it is."""

from __future__ import annotations

from portal.doors import Answer, Visit, client, go
from portal.models.client import Client
from portal.routes import emails
from portal.routes.client.shell import page


@client()
async def show(visit: Visit) -> Answer:
    return await _page(visit)


@client(form=emails.Emails)
async def save(visit: Visit) -> Answer:
    found = await visit.me.find(Client, visit.id("client"))
    if await emails.save(visit):
        return go(f"/clients/{found.id}/emails?saved=yes")
    return await _page(visit, 422)


async def _page(visit: Visit, status: int = 200) -> Answer:
    found = await visit.me.find(Client, visit.id("client"))
    return await page(
        visit,
        "client/emails/show.html",
        found,
        status=status,
        action=f"/clients/{found.id}/emails",
        **await emails.shown(visit),
    )
