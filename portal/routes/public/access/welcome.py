"""Signing up: from the link in a letter, through the date of birth, to a password and one's first page."""

import datetime as dt
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from starlette.responses import Response

from portal import passwords
from portal.language import LANGUAGES
from portal.models.access import invitation
from portal.models.access.invitation import TRIES, Invitation
from portal.models.access.link_session import LinkSession
from portal.models.access.reset import Reset
from portal.models.ground import audit
from portal.models.ground.fact import unit
from portal.models.ground.throttle import Limit
from portal.models.people.client import Client
from portal.models.practice.practice import the_practice
from portal.models.staff.sign_in import Login, words_about
from portal.routes.public.front import speaking
from portal.routes.public.staff.sign_in import enter
from portal.settings import settings
from portal.web.doors import anyone, cookie_name
from portal.web.refusals import Refused
from portal.web.visit import Answer, Exact, Form, Visit, go

# By one link, however many link sessions began with it.
CHOICES = Limit("choices", 30, dt.timedelta(minutes=30))
_choosing: set[UUID] = set()

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Token(Form):
    token: str = ""


class BirthDate(Form):
    date_of_birth: Exact = ""


class NewPassword(Form):
    password: Exact = ""


@anyone("GET /welcome/{token}")
async def open_link(visit: Visit) -> Answer:
    """Show what the link in the letter opens. Looking consumes nothing: mail scanners look too."""
    link = await invitation.by_token(visit.request.path_params["token"])
    if link is None or await kind_of(link) != "open":
        return over(visit, await kind_of(link))
    if visit.query("language") in LANGUAGES:
        return speaking(go(visit.request.url.path), visit.query("language"))
    return visit.page(
        "public/access/welcome/open.html",
        title=visit.say("Welcome"),
        action="/welcome",
        token=visit.request.path_params["token"],
    )


@anyone("POST /welcome", form=Token, audit=None)
async def begin(visit: Visit) -> Answer:
    """The button behind the link: possession of the link becomes a link session."""
    link = await invitation.by_token(visit.form.token if visit.form else "")
    if link is None or await kind_of(link) != "open":
        return over(visit, await kind_of(link))
    token = await link.open()
    await audit.note("open invitation", client=link.client_id, record=link.id)
    answer = go("/welcome/birth-date")
    set_link_session(answer, token)
    return answer


async def kind_of(link: Invitation | Reset | None) -> str:
    """Return what is behind a link now: open, or why it leads no further. Staff get in while the portal is off."""
    kind = await link.state() if link else "unknown"
    for_staff = isinstance(link, Reset) and link.staff_id is not None
    return "closed" if kind == "open" and not for_staff and not (await the_practice()).portal_on else kind


def set_link_session(answer: Response, token: str) -> None:
    answer.set_cookie(
        cookie_name("half"), token, 1800, path="/", secure=settings().secure, httponly=True, samesite="lax"
    )


def drop_link_session(answer: Response) -> None:
    answer.delete_cookie(cookie_name("half"), secure=settings().secure, httponly=True, samesite="lax")


async def link_session_of(visit: Visit) -> LinkSession | None:
    return await LinkSession.held_by(visit.request.cookies.get(cookie_name("half"), ""))


@asynccontextmanager
async def choosing(link: Invitation | Reset) -> AsyncIterator[None]:
    """Let one password at a time be judged and hashed for a link on this worker, and not without end: whoever holds a
    link takes one place in the line in which everybody's sign-in waits. Raises Refused."""
    if link.id in _choosing:
        raise Refused(409, "A password is being saved already. Wait a few seconds, go back and try again.")
    _choosing.add(link.id)
    try:
        if not await CHOICES.count(link.id):
            raise Refused(429, "Too many tries. Wait half an hour, then open the link in your email again.")
        yield
    finally:
        _choosing.discard(link.id)


async def _held(visit: Visit) -> tuple[LinkSession, Invitation] | None:
    """The link session of this browser and its invitation, if it can still become an account."""
    held = await link_session_of(visit)
    if held is None or held.invitation_id is None:
        return None
    link = await Invitation.get(id=held.invitation_id)
    return (held, link) if await kind_of(link) in ("open", "locked") else None


async def lost(visit: Visit, status: int = 200, what: str = "invitation") -> Response:
    """The page for a browser whose link session leads no further."""
    kind = "unknown" if (await the_practice()).portal_on else "closed"
    return over(visit, kind, status, what)


def over(visit: Visit, kind: str, status: int = 200, what: str = "invitation") -> Response:
    """One kind page for every link that leads no further; it says what to do."""
    return visit.page(
        "public/access/welcome/over.html", title=visit.say("Welcome"), status=status, kind=kind, what=what
    )


@anyone("GET /welcome/birth-date")
async def ask_birth_date(visit: Visit) -> Answer:
    held = await _held(visit)
    if held is None:
        return await lost(visit)
    return await _birth_page(visit, held[1], None, 200)


async def _birth_page(visit: Visit, link: Invitation, error: str | None, status: int) -> Response:
    if await link.state() == "locked":
        return over(visit, "locked", status)
    client = await Client.get(id=link.client_id)
    return visit.page(
        "public/access/welcome/birth.html",
        title=visit.say("Welcome: date of birth"),
        status=status,
        action="/welcome/birth-date",
        own=link.contact_link_id is None,
        name=client.first_name,
        tries_left=TRIES - link.tries if link.tries else None,
        error=error,
    )


@anyone("POST /welcome/birth-date", form=BirthDate, audit=None, transaction=False)
async def check_birth_date(visit: Visit) -> Answer:
    """Compare, exactly. The try is committed whatever the answer: a refusal must not give it back."""
    held = await _held(visit)
    if held is None:
        return await lost(visit, 403)
    link_session, link = held
    typed = visit.form.date_of_birth if visit.form else ""
    async with unit() as told:
        right = await link.try_birth_date(exact_date(typed), visit.network)
        if right:
            await link_session.verify()
        else:
            await audit.note("confirm birth date", client=link.client_id, record=link.id, result="refused")
    visit.request.app.state.bus.hint(told.keys)
    if right:
        return go("/welcome/password")
    link = await Invitation.get(id=link.id)
    return await _birth_page(visit, link, visit.say("That isn’t the date we have on file."), 422)


def exact_date(text: str) -> dt.date | None:
    """A real date in exactly the form of the field; no other digits, no other separators."""
    try:
        return dt.date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


@anyone("GET /welcome/password")
async def ask_password(visit: Visit) -> Answer:
    held = await _held(visit)
    if held is None or held[0].verified_at is None:
        return await lost(visit)
    return _password_page(visit, held[1], None, 200)


def _password_page(visit: Visit, link: Invitation, error: str | None, status: int) -> Response:
    return visit.page(
        "public/access/welcome/password.html",
        title=visit.say("Welcome: choose a password"),
        status=status,
        action="/welcome/password",
        email=link.email,
        error=error,
    )


@anyone("POST /welcome/password", form=NewPassword, audit=None, transaction=False)
async def create_account(visit: Visit) -> Answer:
    """The account exists from here on. Two tabs, two people at once: one account."""
    held = await _held(visit)
    if held is None or held[0].verified_at is None:
        return await lost(visit, 403)
    link_session, link = held
    password = visit.form.password if visit.form else ""
    personal = [link.email, *await words_about(client=link.client_id, link=link.contact_link_id)]
    async with choosing(link):
        weak = await passwords.weakness(password, personal)
        if weak is not None:
            return _password_page(visit, link, visit.say(weak), 422)
        hashed = await passwords.hashed(password)
    async with unit() as told:
        account = await link.accept(hashed) if await link_session.end() else None
        if account is not None:
            await audit.note("open account", side="client", actor=account.id, client=link.client_id, record=link.id)
    visit.request.app.state.bus.hint(told.keys)
    if account is None:
        return over(visit, "used", 409)
    holder = Login("client", account.id, hashed)
    answer = await enter(visit, holder, f"/clients/{link.client_id}/home") or go("/sign-in")
    drop_link_session(answer)
    return answer
