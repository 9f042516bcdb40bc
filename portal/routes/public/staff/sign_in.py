"""Signing in and out, for both sides."""

from typing import Any, Literal

from starlette.responses import Response

from portal.demo import PASSWORD, cast
from portal.models.access.account import note_visit
from portal.models.ground import audit
from portal.models.ground.fact import unit
from portal.models.notices.devices import silence_browser
from portal.models.practice.practice import portal_is_on
from portal.models.staff.session import LONGEST, end_session, remember_device
from portal.models.staff.sign_in import Login, TooManyFailures, begin, verified
from portal.settings import settings
from portal.web.doors import admitted, anyone, cookie_name, signed_in
from portal.web.visit import ELSEWHERE, Answer, Exact, Form, Visit, go, is_own_path

_WRONG = (
    "That email and password don’t open an account, or there were too many tries. "
    "Check them, or wait half an hour and try again."
)
_SIDES = {"staff": "Staff", "client": "Client or family"}
_DEVICE_KEPT = 180 * 24 * 3600  # seconds
# Says that somebody left this browser quickly: its page to sign in names no practice until they come back.
_LEFT, _LEFT_KEPT = "portal-left", 24 * 3600  # seconds


class Credentials(Form):
    email: str = ""
    password: Exact = ""
    side: str = ""
    next: str = ""
    demo: str = ""


@anyone("GET /sign-in")
async def show(visit: Visit) -> Answer:
    return await _page(visit, next=visit.query("next"))


@anyone("POST /sign-in", form=Credentials, audit=None, transaction=False)
async def create(visit: Visit) -> Answer:
    """Sign in. The hashing is done outside any transaction; every failure is answered alike."""
    form: Credentials = visit.form or Credentials()
    demo = settings().demo and form.demo == "1"
    secret = PASSWORD if demo else form.password
    device = visit.request.cookies.get(cookie_name("device"), "")
    try:
        login = await verified(form.email[:300], secret, visit.network, device)
    except TooManyFailures:
        await audit.count_refusal("sign in", visit.network, address=visit.address)
        return await _page(visit, 401, visit.say(_WRONG), form)
    chosen = [holder for holder in login if not form.side or holder.side == form.side]
    if not chosen:
        return await _refused(visit, form)
    if len(chosen) > 1:
        sides = [{"value": side, "label": visit.say(label)} for side, label in _SIDES.items()]
        return await _page(visit, 200, None, form, sides)
    answer = await enter(visit, chosen[0], form.next)
    if answer is not None:
        return answer
    if chosen[0].side == "client" and not await portal_is_on():
        closed = visit.say("The portal is closed at the moment. Nothing of yours is lost; call us with questions.")
        return await _page(visit, 403, closed, form)
    return await _refused(visit, form)


async def _refused(visit: Visit, said: Credentials) -> Response:
    async with unit():
        await audit.note("sign in", result="refused", email=said.email[:300], address=visit.address)
    return await _page(visit, 401, visit.say(_WRONG), said)


async def enter(visit: Visit, holder: Login, next: str) -> Response | None:
    """A new session, never one that was there before; the cookie of the old one is worthless from now on. None where
    what let them in has changed while their password was compared."""
    side = holder.side
    before = await admitted(visit.request, side)
    device = visit.request.cookies.get(cookie_name("device"), "")
    async with unit() as said:
        token = await begin(holder, visit.address, visit.request.headers.get("user-agent", ""))
        if token is None:
            return None
        if before is not None:
            await end_session(before.session, before.side, before.holder)
        await silence_browser(device, side, but=holder.id)
        device = await remember_device(side, holder.id, device)
        if side == "client":
            await note_visit(holder.id)
        await audit.note("sign in", side=side, actor=holder.id, address=visit.address)
    if said.facts:
        visit.request.app.state.bus.hint(said.keys)
    answer = go(_own_path(next, side))
    _set(answer, cookie_name(side), token, int(LONGEST.total_seconds()))
    _set(answer, cookie_name("device"), device, _DEVICE_KEPT)
    answer.delete_cookie(_LEFT)
    return answer


def _set(answer: Response, name: str, value: str, age: int) -> None:
    answer.set_cookie(name, value, age, path="/", secure=settings().secure, httponly=True, samesite="lax")


def _own_path(next: str, side: str) -> str:
    """Return where to go after signing in: only a path of one's own side."""
    first = "/staff/today" if side == "staff" else "/home"
    if not is_own_path(next):
        return first
    staff_page = next.startswith("/staff/")
    return (
        next
        if staff_page == (side == "staff") and next.startswith(("/staff/", "/clients/", "/home", "/board", "/offers/"))
        else first
    )


async def _page(
    visit: Visit,
    status: int = 200,
    error: str | None = None,
    said: Credentials | None = None,
    sides: list[dict[str, str]] | None = None,
    next: str = "",
) -> Response:
    return visit.page(
        "public/staff/sign_in.html",
        title=visit.say("Sign in"),
        plain=_LEFT in visit.request.cookies,
        closed=not await portal_is_on(),
        status=status,
        email=said.email if said else "",
        error=error,
        next=said.next if said else next,
        sides=sides,
        cast=await _cast(visit) if settings().demo else [],
    )


async def _cast(visit: Visit) -> list[dict[str, Any]]:
    return [person | {"role": visit.say(person["role"])} for person in await cast()]


class Leaving(Form):
    leave: Literal["", "yes"] = ""


@signed_in("POST /sign-out", form=Leaving, audit=None)
async def end(visit: Visit) -> Answer:
    """Sign out here: on whichever sides this browser is signed in. Who leaves quickly is taken elsewhere."""
    for side in ("staff", "client"):
        session = await admitted(visit.request, side)
        if session is not None:
            await end_session(session.session, side, session.holder)
            await audit.note("sign out", side=side, actor=session.holder)
    await silence_browser(visit.request.cookies.get(cookie_name("device"), ""))
    answer: Response = go("/sign-in")
    if visit.form is not None and visit.form.leave:
        # No redirect: a form of ours may not lead to another site, by our own policy.
        answer = Response(headers={"Refresh": f"0; url={ELSEWHERE}"}, media_type="text/html")
        _set(answer, _LEFT, "yes", _LEFT_KEPT)
    for side in ("staff", "client"):
        answer.delete_cookie(cookie_name(side), secure=settings().secure, httponly=True, samesite="lax")
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@signed_in("POST /session", audit=None)
async def stay(visit: Visit) -> Answer:
    """“Stay signed in”: the door notes the activity and tells the new end."""
    return Response(status_code=204)
