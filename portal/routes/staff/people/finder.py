"""Looking for people while one types: a list below the field, and at Enter the one who is meant."""

import datetime as dt
from typing import Annotated

from pydantic import Field

from portal.models.ground.throttle import Limit
from portal.regions import Region
from portal.regions.people.finder import client_finder
from portal.routes.staff.people.clients import Wanted
from portal.web.doors import staff
from portal.web.refusals import Refused
from portal.web.visit import Answer, Form, Visit, go

LOOKING = Limit("looking for people", 120, dt.timedelta(minutes=1))  # of one colleague: a fast typist's, and some more


class NameSearch(Form):
    """A name, or a part of it."""

    q: Annotated[str, Field(max_length=200)] = ""


@staff("POST /staff/search", form=NameSearch, audit=None, transaction=False)
async def search(visit: Visit) -> Answer:
    """Look for clients and contacts, from any page."""
    wanted = Wanted(q=visit.sent.get("q", "")[:200])
    return await look(visit, client_finder, wanted.address(visit.me.id))


async def look(visit: Visit, region: Region, else_to: str) -> Answer:
    """Offer people of this name; without a script, lead to the only one there is, and `else_to` another page."""
    too_often = not await LOOKING.count(visit.me.id)
    why = "That is too long to search for." if visit.errors else "That was very fast. Wait a moment, then continue."
    if visit.errors or too_often:
        status = 422 if visit.errors else 429
        if not visit.by_script:
            raise Refused(status, why)
        context = {"people": [], "line": visit.say(why)}
        return visit.fragment(region.draw(visit.language, {}, context), status)
    if visit.by_script:
        return visit.fragment(await visit.draw(region, q=visit.form.q or None))
    found = await region.load(visit.me, {"q": visit.form.q})
    return go(found["people"][0]["href"] if found and len(found["people"]) == 1 else else_to)
