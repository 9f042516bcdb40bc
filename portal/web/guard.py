"""The frame around every request and socket: the host, the headers, the limits, and a kind word when something is
down.

Plain ASGI, because Starlette's BaseHTTPMiddleware never sees a socket.
"""

import asyncio
import secrets

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.crypto import Unreadable
from portal.language import choose
from portal.logs import where
from portal.models.ground import audit
from portal.models.ground.database import is_away
from portal.models.ground.throttle import network_of
from portal.settings import settings
from portal.web.refusals import TooLarge, error_page
from portal.web.visit import address_of

log = structlog.get_logger()

BODY = 1024 * 1024  # bytes
BODY_WITHIN = 20.0  # seconds for the whole body to arrive

_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'; "
    "worker-src 'self'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # With no-referrer a same-origin form would send `Origin: null`, and the doors would refuse it.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
    "X-Frame-Options": "DENY",
}


class Guard:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            # A page that does not read can only be let go by its transport; see Page.abort.
            scope["portal.transport"] = getattr(getattr(send, "__self__", None), "transport", None)
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _host_allowed(scope):
            await _refused(scope, "host")
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            await self.app(scope, receive, send)
        except Exception as reason:
            if not is_away(reason):
                raise
            log.warning("a socket ended: the database is away", reason=type(reason).__name__)
            transport = scope["portal.transport"]
            if transport is not None:
                transport.close()

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        nonce = secrets.token_urlsafe(16)
        scope["portal.nonce"] = nonce
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", _POLICY.format(nonce=nonce))
                headers.setdefault("Cache-Control", "no-store")
                if settings().secure:
                    headers.setdefault("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
            await send(message)

        request = Request(scope)
        language = choose(request.cookies.get("portal-language") or request.headers.get("accept-language"))
        try:
            if not _host_allowed(scope):
                await _refused(scope, "host")
                answer = error_page(request, language, 400, "That didn’t work", "This address isn’t served here.")
                await answer(scope, receive, guarded)
                return
            if _holds_nul(scope):
                text = "This page doesn’t exist, or you don’t have access to it."
                answer = error_page(request, language, 404, "There’s nothing here", text)
                await answer(scope, receive, guarded)
                return
            await self.app(scope, _limited(scope, receive), guarded)
        except TooLarge as reason:
            await _refused(scope, "body")
            if not started:
                answer = error_page(request, language, reason.status, "That didn’t work", reason.text)
                await answer(scope, receive, guarded)
        except Exception as reason:
            if is_away(reason):
                log.warning("answered 503", reason=where(reason))
            else:
                log.exception("unexpected", at=_endpoint(scope))
            if started:
                raise
            apology = _come_back(request, language) if is_away(reason) else _broken(request, language, reason)
            await apology(scope, receive, guarded)


def _come_back(request: Request, language: str) -> Response:
    """Answer that the database is away. A page that was only read the browser asks for again by itself."""
    asked = request.method in ("GET", "HEAD")
    text = "The portal can’t reach its records for a moment. This page tries again automatically."
    if not asked:
        text = (
            "The portal can’t reach its records for a moment. Go back and send this once more: "
            "it is kept once, however often it is sent."
        )
    part = request.headers.get("hx-request") == "true"
    answer = error_page(request, language, 503, "Just a moment", text, part)
    answer.headers["Retry-After"] = "5"
    if asked:
        # After a form the browser would ask for an address that only takes forms.
        answer.headers["Refresh"] = "5"
    return answer


def _broken(request: Request, language: str, reason: Exception) -> Response:
    text = "Something went wrong on our side, and nothing you wrote was changed. Try again in a moment."
    if isinstance(reason, Unreadable):
        text = (
            "Part of this page can’t be opened with the keys at hand. Please tell whoever looks after this portal: "
            "it is still there, and opens again with the right key file."
        )
    return error_page(request, language, 500, "That didn’t work", text)


# What decides who asks, from where and in which form. Said twice, a proxy may have believed the other one.
_ONCE = ("host", "origin", "sec-fetch-site", "content-type", "content-length", "transfer-encoding")


def _host_allowed(scope: Scope) -> bool:
    """Tell whether the Host header names this deployment. `/up` is asked by machines that know only an address. Neither
    that nor any other header that decides something may be there twice."""
    headers = Headers(scope=scope)
    if any(len(headers.getlist(name)) > 1 for name in _ONCE):
        return False
    if scope["path"] in ("/up", "/metrics"):
        return True
    return headers.get("host", "").lower() == settings().origin.partition("//")[2].lower()


def _endpoint(scope: Scope) -> str:
    """Return which page it was, by our own name for it: the address may hold the token of a link."""
    endpoint = scope.get("endpoint")
    return "" if endpoint is None else f"{endpoint.__module__}.{getattr(endpoint, '__name__', '')}"


def _holds_nul(scope: Scope) -> bool:
    """Tell whether the address holds a NUL, which no page of ours writes, PostgreSQL stores in no text and no file
    has."""
    return "\x00" in scope["path"] or b"%00" in scope["query_string"] or b"\x00" in scope["query_string"]


def _limited(scope: Scope, receive: Receive) -> Receive:
    """Return the body, as long as it is not too long and does not take too long."""
    declared = Headers(scope=scope).get("content-length", "0")
    size, until = 0, asyncio.get_running_loop().time() + BODY_WITHIN
    ended = False

    async def limited() -> Message:
        nonlocal size, ended
        if ended:
            return await receive()
        if declared.isdecimal() and (len(declared) > 10 or int(declared) > BODY):
            raise TooLarge
        try:
            message = await asyncio.wait_for(receive(), until - asyncio.get_running_loop().time())
        except TimeoutError:
            raise TooLarge from None
        size += len(message.get("body", b""))
        ended = not message.get("more_body", False)
        if size > BODY:
            raise TooLarge
        return message

    return limited


async def _refused(scope: Scope, what: str) -> None:
    try:
        network = network_of(address_of(HTTPConnection(scope)))
        await audit.count_refusal("knock", network, what=what, kind=scope["type"])
    except Exception as reason:
        if not is_away(reason):
            raise
        log.warning("refused, and could not be noted", what=what)
