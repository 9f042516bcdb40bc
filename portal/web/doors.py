"""The doors that stand before every route: they decide who may come in, and make each request one transaction.

    @staff("POST /staff/clients/{client}/contacts", Permission.CONTACT_NETWORK)
    async def create(visit: Visit) -> Answer: ...

A door stands at its address, from which portal/routes gathers it. It refuses cross-site writes by header, reads and
checks the body, opens one transaction for a write, builds the viewer, answers after commit, and then lets the hint go.
A refusal is rolled back first and noted afterwards.
"""

import datetime as dt
import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext, suppress
from typing import Any, Literal
from uuid import UUID

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from portal import passwords
from portal.models.ground import audit, idempotency, sql
from portal.models.ground.fact import Bookmark, bookmark, unit
from portal.models.ground.record import Gone, Kind, Unacceptable
from portal.models.staff.session import SessionHolder, touch, who
from portal.permissions import Permission, Rights
from portal.settings import settings
from portal.viewer import NotPermitted, NotVisible, Viewer
from portal.web.edit_conflict import must_have_compared
from portal.web.form_reading import read_form
from portal.web.refusals import Refused, SignInFirst, busy, refuse
from portal.web.visit import Answer, Form, Visit

Result = dict[str, Any]  # the ids that an act came to
Endpoint = Callable[[Visit], Awaitable[Answer | Result]]
# True: an act is done once for each key of its form, and answered alike. A function: its answer is drawn by this after
# the commit, each time anew, from what the act came to the first time.
Once = bool | Callable[..., Awaitable[Response]]


def cookie_name(side: str) -> str:
    """Return the name of a side's cookie: `__Host-` binds it to this very host, and needs https; only a demo on
    loopback does without."""
    return f"__Host-portal-{side}" if settings().secure else f"portal-{side}"


async def admitted(connection: HTTPConnection, side: str, **asked: Any) -> SessionHolder | None:
    """Return the holder of the session of this side in the cookie, the same for a request and for a socket. `asked` is
    the right of which `who` is to say whether they hold it."""
    token = connection.cookies.get(cookie_name(side))
    return await who(token, side, **asked) if token else None


def origin_allowed(headers: Mapping[str, str]) -> bool:
    """Tell whether a socket's or a write's Origin is this deployment's own."""
    return headers.get("origin") == settings().origin


def same_site(headers: Mapping[str, str]) -> bool:
    """Tell whether a write comes from a page of ours: Sec-Fetch-Site says same-origin, else Origin is ours. One must be
    there."""
    site = headers.get("sec-fetch-site")
    return site == "same-origin" if site is not None else origin_allowed(headers)


# --- The doors ---------------------------------------------------------------------------------


UNSAID = ""  # of a write's `audit`: Portal does not start with it


def anyone(
    address: str, form: type[Form] | None = None, audit: str | None = UNSAID, transaction: bool = True
) -> Callable[[Endpoint], Any]:
    """Let everybody in, signed in or not."""
    return _door("anyone", address, form, audit, transaction=transaction)


def signed_in(address: str, form: type[Form] | None = None, audit: str | None = UNSAID) -> Callable[[Endpoint], Any]:
    """Let staff and clients in alike."""
    return _door("signed_in", address, form, audit)


def staff(
    address: str,
    permission: Permission | None = None,
    form: type[Form] | None = None,
    audit: str | None = UNSAID,
    opens: str = "",
    once: Once = False,
    transaction: bool = True,
) -> Callable[[Endpoint], Any]:
    """Let staff in, with a permission where one is named. `opens` names the record that a visit is noted to have
    opened, `audit` the act that a write is noted to have done; a write whose route notes it itself, or that leaves no
    row on purpose, says None. A form with a key is acted on `once`. Without a transaction a post is only read."""
    return _door("staff", address, form, audit, permission=permission, opens=opens, once=once, transaction=transaction)


def client(
    address: str,
    right: Rights | None = None,
    form: type[Form] | None = None,
    audit: str | None = UNSAID,
    opens: str = "",
    once: Once = False,
    transaction: bool = True,
    viewable: bool = True,
) -> Callable[[Endpoint], Any]:
    """Let a portal account in. With `{client}` in the path the viewer is narrowed to that client: everything else is
    not visible. A contact must hold the right for the client, or one of several; the client in person holds all. Staff
    may see such a page as somebody, unless it is not `viewable`."""
    return _door("client", address, form, audit, None, right, opens, once, transaction, viewable)


def _door(
    kind: Literal["anyone", "signed_in", "staff", "client"],
    address: str,
    form: type[Form] | None,
    act: str | None,
    permission: Permission | None = None,
    right: Rights | None = None,
    opens: str = "",
    once: Once = False,
    transaction: bool = True,
    viewable: bool = False,
) -> Callable[[Endpoint], Any]:
    if bool(once) is not (form is not None and "key" in form.model_fields):
        raise TypeError(f"{form}: a form with a key, and no other, is acted on once. Say so at the door.")

    def wrap(endpoint: Endpoint) -> Any:
        @functools.wraps(endpoint)
        async def behind(request: Request) -> Response:
            write = request.method not in ("GET", "HEAD")
            visit = Visit(request, None, None, await bookmark() if kind == "anyone" else _UNSEEN)
            visit.asked = form if write else None
            until: dt.datetime | None = None
            try:
                if write and not same_site(request.headers):
                    raise Refused(403, "This didn’t come from a page of this portal.")
                if write:
                    # It may take its time to arrive. Who sends it is asked then, not before.
                    await visit.request.body()
                await _identify(visit, kind, right)
                if write:
                    await read_form(visit, form)
                _authorise(visit, permission, right)
                if form is not None and form.is_too_old(visit.errors):
                    raise Refused(422, "This form is too old. Reload the page and try again.")
                if not write or not transaction:
                    with nullcontext() if write else sql.one_reading():
                        answer = await endpoint(visit)
                    await _opened(visit, opens)
                    if write:
                        await _note(visit, act, answer)
                else:
                    async with unit() as work:
                        answer = await _act(visit, endpoint, act, bool(once))
                        if visit.who is not None and visit.who.due_for_touch:
                            until = await touch(visit.who.session, visit.who.side)
                    if work.facts:
                        request.app.state.bus.hint(work.keys)
                drawn = await _draw(visit, answer, once)
                if visit.who is not None:
                    _tell_idle(visit, drawn, until)
                return drawn
            except (NotVisible, NotPermitted, Refused) as reason:
                return await _refuse(visit, endpoint, reason)
            except Unacceptable as reason:
                return await _refuse(visit, endpoint, Refused(409, reason.why))
            except Gone:
                return await _refuse(visit, endpoint, NotVisible())
            except passwords.Busy:
                return busy(visit)
            except idempotency.AnotherRequest:
                text = "This was already sent with different content. Reload the page and try again."
                return await _refuse(visit, endpoint, Refused(409, text))

        # What start-up, the laws and the strangers' matrix read of a door; types know no attributes of functions.
        behind.permission = permission  # type: ignore[attr-defined]
        behind.right = right  # type: ignore[attr-defined]
        behind.form = form  # type: ignore[attr-defined]
        behind.audit = act  # type: ignore[attr-defined]
        behind.viewable = viewable and "GET /clients/{client}" in address  # type: ignore[attr-defined]
        return _at(address, kind, behind)

    return wrap


def machines(address: str) -> Callable[[Any], Any]:
    """Let in what is no browser and has no session. The endpoint says itself who may ask."""
    return lambda endpoint: _at(address, "anyone", endpoint)


def _at(address: str, kind: str, endpoint: Any) -> Any:
    """Put an endpoint behind its door at an address: "GET /staff/templates"."""
    method, _, path = address.partition(" ")
    endpoint.door, endpoint.route = kind, Route(path, endpoint, methods=[method])
    return endpoint


_UNSEEN = Bookmark("00000000", "0", 0)


async def _act(visit: Visit, endpoint: Endpoint, act: str | None, once: bool) -> Answer | Result:
    """Do what is asked for, and note it. Where the key says that it was done before, give what it came to then."""
    key = visit.form.key if once and not visit.errors else None
    if key is not None:
        sent = sorted((name, value) for name, value in visit.sent.items() if name not in ("key", "version"))
        content = json.dumps([visit.request.url.path, sent])
        if (first := await idempotency.claim(visit.me.id, key, content)) is not None:
            return Response(**first["answer"]) if "answer" in first else first
    answer = await endpoint(visit)
    must_have_compared(visit)
    if key is not None:
        await _settle(visit, key, answer)
    await _note(visit, act, answer)
    return answer


async def _draw(visit: Visit, answer: Answer | Result, once: Once) -> Response:
    """Make the answer that is made after the commit."""
    if isinstance(answer, dict):
        assert callable(once), "only an act that is done once gives what its answer is drawn from"
        return await once(visit, **answer)
    return answer if isinstance(answer, Response) else await answer()


async def _settle(visit: Visit, key: UUID, answer: Answer | Result) -> None:
    """Keep what a key has come to. A form that is shown again has come to nothing: corrected, it bears the same key."""
    if isinstance(answer, dict):
        await idempotency.settle(visit.me.id, key, answer)
    elif not isinstance(answer, Response):
        raise TypeError("an act that is done once is answered alike: let the door's `once` draw its answer")
    elif answer.status_code < 400:
        led = {name: value for name, value in answer.headers.items() if name == "location"}
        await idempotency.settle(visit.me.id, key, {"answer": {"status_code": answer.status_code, "headers": led}})
    else:
        await idempotency.free(visit.me.id, key)


async def _refuse(visit: Visit, endpoint: Endpoint, reason: Exception) -> Response:
    """Say no, and note whose browser it was, also where they are signed in on the other side or were not asked yet."""
    known = visit.who
    for side in ("staff", "client"):
        known = known or await admitted(visit.request, side)
    return await refuse(visit, endpoint.__name__, reason, known)


async def _identify(visit: Visit, kind: str, right: Rights | None = None) -> None:
    """Find out who is there, as whom they look, and whether they hold what the door asks for. The bookmark is taken
    with the session, before anything is read."""
    sides = {"staff": ["staff"], "client": ["client"]}.get(kind, ["staff", "client"])
    asked: dict[str, Any] = {"right": right}
    with suppress(NotVisible):
        asked["client"] = visit.id("client") if right is not None else None
    holder = None
    for side in sides:
        holder = await admitted(visit.request, side, **asked)
        if holder is not None:
            break
    if holder is None:
        if kind == "anyone":
            return
        raise SignInFirst
    visit.who = holder
    if kind != "anyone":
        visit.since = holder.bookmark
    if holder.side == "staff":
        visit.viewer = Viewer(Kind.STAFF, holder.holder, None, holder.language)
    elif "client" in visit.request.path_params:
        visit.viewer = Viewer(Kind.PROFILE, holder.holder, visit.id("client"), holder.language)
    else:
        visit.viewer = Viewer(Kind.ACCOUNT, holder.holder, None, holder.language)


def _authorise(visit: Visit, permission: Permission | None, right: Rights | None) -> None:
    """Require that the staff member holds the permission, or that the account acts for its client in person or holds
    the right as a contact: raises NotVisible where it may not act for that client at all, NotPermitted where only the
    right is missing."""
    if permission is not None and not visit.holder.may(permission):
        raise NotPermitted(visit.say("Your role doesn’t include “%(name)s”.", name=visit.say(permission.value)))
    if right is not None and not visit.holder.holds:
        if visit.holder.holds is None:
            raise NotVisible
        raise NotPermitted(
            visit.say(
                "You don’t have permission to do this for this person. If you think you should, call the practice."
            )
        )
    visit.granted = frozenset(held for held in (permission, right) if held is not None)


async def _note(visit: Visit, act: str | None, answer: Answer | Result) -> None:
    """Write the audit row of an act, in its transaction; none where the form is shown again, or nothing was done."""
    if not act or not visit.has_acted or (isinstance(answer, Response) and answer.status_code >= 400):
        return
    await audit.note(
        act,
        side=visit.holder.side,
        actor=visit.holder.holder,
        client=visit.about or _client_of(visit),
        record=visit.record,
        **visit.details,
    )


def _client_of(visit: Visit) -> UUID | None:
    return UUID(visit.request.path_params["client"]) if "client" in visit.request.path_params else None


async def _opened(visit: Visit, opens: str) -> None:
    """Note that a record was opened, and that someone was active, before the answer leaves. Each is one statement and
    needs no transaction around it."""
    if visit.who is None:
        return
    looked = bool(opens) and visit.request.method == "GET"
    if not looked and not visit.who.due_for_touch:
        return
    if visit.who.due_for_touch:
        await touch(visit.who.session, visit.who.side)
    if looked:
        about = _client_of(visit) or visit.about
        await audit.note(opens, side=visit.who.side, actor=visit.who.holder, client=about, record=visit.record)


def _tell_idle(visit: Visit, answer: Response, until: dt.datetime | None) -> None:
    end = min(until or visit.holder.idle_until, visit.holder.expires_at)
    answer.headers["Portal-Idle-Until"] = str(int(end.timestamp() * 1000))
