"""A new password: asked for by oneself, or sent by staff; the same neutral answer whether the address is known."""

from starlette.responses import Response

from portal import passwords
from portal.mail import letters, outbox
from portal.models.access import reset
from portal.models.access.link_session import LinkSession
from portal.models.access.reset import Owner, Reset
from portal.models.access.reset_request import request_reset
from portal.models.ground import audit
from portal.models.ground.fact import unit
from portal.models.staff.sign_in import words_about
from portal.models.staff.staff_member import StaffMember
from portal.routes.public.access.welcome import (
    NewPassword,
    Token,
    choosing,
    drop_link_session,
    kind_of,
    link_session_of,
    lost,
    over,
    set_link_session,
)
from portal.web.doors import anyone
from portal.web.visit import Answer, Form, Visit, go


class Forgot(Form):
    email: str = ""


@anyone("GET /forgot")
async def ask(visit: Visit) -> Answer:
    return _forgot_page(visit, "", sent=False)


@anyone("POST /forgot", form=Forgot, audit=None)
async def forgot(visit: Visit) -> Answer:
    """Take the wish, and let the worker find out whether there is such an account: what is answered, and how
    long it takes, is the same for every address."""
    email = (visit.form.email if visit.form else "")[:254]
    await request_reset(email, visit.network)
    return _forgot_page(visit, email, sent=True)


def _forgot_page(visit: Visit, email: str, sent: bool) -> Response:
    title = visit.say("New password")
    return visit.page("public/access/forgot.html", title=title, action="/forgot", email=email, error=None, sent=sent)


@anyone("GET /reset/{token}")
async def open_link(visit: Visit) -> Answer:
    link = await reset.by_token(visit.request.path_params["token"])
    if link is None or await kind_of(link) != "open":
        return over(visit, await kind_of(link), what="reset")
    return visit.page(
        "public/access/reset/open.html",
        title=visit.say("New password"),
        action="/reset",
        token=visit.request.path_params["token"],
    )


@anyone("POST /reset", form=Token, audit=None)
async def begin(visit: Visit) -> Answer:
    link = await reset.by_token(visit.form.token if visit.form else "")
    if link is None or await kind_of(link) != "open":
        return over(visit, await kind_of(link), what="reset")
    answer = go("/reset/password")
    set_link_session(answer, await LinkSession.start(reset_id=link.id))
    return answer


async def _held(visit: Visit) -> tuple[LinkSession, Reset] | None:
    held = await link_session_of(visit)
    if held is None or held.reset_id is None:
        return None
    link = await Reset.get(id=held.reset_id)
    return (held, link) if await kind_of(link) == "open" else None


@anyone("GET /reset/password")
async def ask_password(visit: Visit) -> Answer:
    held = await _held(visit)
    if held is None:
        return await lost(visit, what="reset")
    return _page(visit, await held[1].owner(), None, 200)


def _page(visit: Visit, owner: Owner, error: str | None, status: int) -> Response:
    return visit.page(
        "public/access/reset/password.html",
        title=visit.say("New password"),
        status=status,
        action="/reset/password",
        email=owner.email,
        error=error,
    )


@anyone("POST /reset/password", form=NewPassword, audit=None, transaction=False)
async def change(visit: Visit) -> Answer:
    """Every other session ends, the holder is told, and one signs in anew (a second factor is not skipped)."""
    held = await _held(visit)
    if held is None:
        return await lost(visit, 403, "reset")
    link_session, link = held
    password = visit.form.password if visit.form else ""
    owner = await link.owner()
    personal = [owner.email, *await words_about(owner.id)]
    async with choosing(link):
        weak = await passwords.weakness(password, personal)
        if weak is not None:
            return _page(visit, owner, visit.say(weak), 422)
        hashed = await passwords.hashed(password)
    async with unit() as told:
        changed = await link.use(hashed) if await link_session.end() else None
        if changed is not None:
            side = "staff" if isinstance(changed, StaffMember) else "client"
            await outbox.post(letters.password_changed(changed, staff=side == "staff"), about=changed.id)
            await audit.note("change password", side=side, actor=changed.id, record=link.id)
    visit.request.app.state.bus.hint(told.keys)
    if changed is None:
        return over(visit, "used", 409, "reset")
    answer = go("/sign-in?changed=1")
    drop_link_session(answer)
    return answer
