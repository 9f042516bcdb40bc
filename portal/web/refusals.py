"""Refusals: what cannot be taken, seen or done, and the page that says so, the same on every side."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from portal.language import say
from portal.logs import without_tokens
from portal.models.ground import audit
from portal.models.ground.fact import unit
from portal.models.staff.session import SessionHolder
from portal.viewer import NotPermitted, NotVisible
from portal.web.rendering import render
from portal.web.visit import Visit, go


class Refused(Exception):
    """A request that can't be taken: a status and a sentence for the person."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class SignInFirst(Refused):
    def __init__(self) -> None:
        super().__init__(401, "Sign in to see this page.")


class TooLarge(Refused):
    """A body that is over the limit, or takes too long to arrive."""

    def __init__(self) -> None:
        super().__init__(413, "That is more than can be sent at once. Shorten it and try again.")


async def refuse(visit: Visit, act: str, reason: Exception, known: SessionHolder | None) -> Response:
    """Say no: the same page for a record that is not there and one that is not theirs, a reason for one they may see.
    It is noted for a person `known` by a cookie, whichever door it was, and counted for others."""
    match reason:
        case SignInFirst():
            if visit.request.method == "GET" and not visit.by_script:
                path = urlsplit(str(visit.request.url)).path
                return go(f"/sign-in?next={path}" if path != "/" else "/sign-in")
            status, title, text = 401, "You’re signed out", reason.text
        case NotVisible():
            status, title = 404, "There’s nothing here"
            text = "This page doesn’t exist, or you don’t have access to it."
            if visit.who is not None and visit.who.side == "client":
                text = (
                    "It may have ended, or you don’t have access to it. Everything you can see is on your first "
                    "page. If something is missing there, please call the practice."
                )
        case NotPermitted():
            status, title, text = 403, "You don’t have access to this", str(reason)
        case Refused():
            status, title, text = reason.status, "That didn’t work", reason.text
        case _:
            raise reason
    path = without_tokens(visit.request.url.path)
    async with unit():
        if known is None:
            await audit.count_refusal(act, visit.network, status=status, path=path)
        else:
            await audit.note(act, side=known.side, actor=known.holder, result="refused", status=status, path=path)
    return error_page(visit.request, visit.language, status, title, text, visit.by_script)


def busy(visit: Visit) -> Response:
    """Ask somebody to come back in a moment. It is no refusal: nothing was looked at, and nothing is noted."""
    text = "Very many people are signing in at this moment. Wait a few seconds, go back and try again."
    answer = error_page(visit.request, visit.language, 503, "Just a moment", text, visit.by_script)
    answer.headers["Retry-After"] = "5"
    return answer


def error_page(request: Request, language: str, status: int, title: str, text: str, part: bool = False) -> Response:
    """Return a page, or a part of one, that says what happened and what to do."""
    context = {
        "status": status,
        "title": say(language, title),
        "body": say(language, text),
        "action": {"href": "/", "label": say(language, "Go to your first page")},
    }
    if part:
        return HTMLResponse(render("_error.html", language, context), status)
    page = {"title": context["title"], "place": "", "since": "", "idle_until": None, "live": None}
    whole = context | {
        "nonce": request.scope["portal.nonce"],
        "theme": "",
        "page": page | {"colour": "", "elsewhere": "", "plain": False, "path": ""},
        "me": {},
        "viewed": None,
    }
    return HTMLResponse(render("public/error.html", language, whole), status)
