"""The first page of an empty deployment: ten minutes from nothing to the first invitation (I8)."""

import datetime as dt
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from portal import passwords
from portal.models.ground import audit
from portal.models.ground.fact import unit
from portal.models.ground.throttle import Limit
from portal.models.staff import first_run
from portal.models.staff.sign_in import Login
from portal.routes.public.staff.sign_in import enter
from portal.viewer import NotVisible
from portal.web.doors import anyone
from portal.web.rendering import learn_practice
from portal.web.visit import Answer, EmailAddress, Exact, Form, Name, Visit, go

WRONG_CODES = Limit("start", 20, dt.timedelta(minutes=10))
ZONES = sorted(zone for zone in available_timezones() if "/" in zone)


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("Choose a time zone from the list.")
    return value


class Start(Form):
    code: Annotated[str, Field(title="One-time code", min_length=1, max_length=40)]
    practice: Annotated[Name, Field(title="Name of the practice", min_length=1, max_length=100)]
    phone: Annotated[Name, Field(title="Phone", min_length=1, max_length=40)]
    location: Annotated[str, Field(title="Address", min_length=1, max_length=200)]
    zone: Annotated[str, Field(title="Time zone"), AfterValidator(_zone)]
    name: Annotated[Name, Field(title="Your name", min_length=1, max_length=100)]
    email: Annotated[EmailAddress, Field(min_length=1)]
    password: Annotated[Exact, Field(title="Password")] = ""


@anyone("GET /start")
async def show(visit: Visit) -> Answer:
    if not await first_run.is_empty():
        raise NotVisible
    return _page(visit, 200)


def _page(visit: Visit, status: int) -> Answer:
    return visit.page(
        "public/staff/start.html",
        title="Portal",
        status=status,
        action="/start",
        values={k: v for k, v in visit.sent.items() if k != "password"},
        errors=visit.errors,
        zones=ZONES,
    )


@anyone("POST /start", form=Start, audit=None, transaction=False)
async def create(visit: Visit) -> Answer:
    if not await first_run.is_empty():
        raise NotVisible
    if await WRONG_CODES.is_reached(visit.network):
        visit.fault("code", visit.say("Too many tries. Wait ten minutes."))
        return _page(visit, 422)
    password = visit.sent.get("password", "")
    personal = [visit.sent.get(name, "") for name in ("email", "name", "practice")]
    weak = await passwords.weakness(password, personal)
    if weak is not None:
        visit.fault("password", visit.say(weak))
    if visit.errors:
        return _page(visit, 422)
    form: Start = visit.form
    hashed = await passwords.hashed(password)
    async with unit() as told:
        administrator = await first_run.begin(
            form.code,
            {
                "name": form.practice,
                "phone": form.phone,
                "address": form.location,
                "zone": form.zone,
                "language": visit.language,
                "crisis": [["911", "911"], ["988", "988"]],
            },
            {"name": form.name, "email": form.email, "password_hash": hashed},
        )
        if administrator is not None:
            await audit.note("make practice", side="staff", actor=administrator.id)
    if administrator is None:
        await WRONG_CODES.count(visit.network)
        visit.fault("code", visit.say("This isn’t the code in the log. `portal start` prints a new one."))
        return _page(visit, 422)
    visit.request.app.state.bus.hint(told.keys)
    await learn_practice()
    holder = Login("staff", administrator.id, hashed)
    return await enter(visit, holder, "/staff/today") or go("/sign-in")
