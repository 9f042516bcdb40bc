"""The application: its routes behind their doors, and the tasks that live as long as a worker does."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute

from portal import clock, crypto, logs, worker
from portal.language import choose
from portal.models.ground.database import close_database, open_database
from portal.models.staff import first_run
from portal.realtime import presence
from portal.realtime.bus import Bus
from portal.realtime.follower import Follower
from portal.realtime.hub import Hub
from portal.realtime.socket import account_live, client_live, staff_live, viewed_live
from portal.regions import catalogue
from portal.routes import ROUTES
from portal.settings import settings
from portal.web.doors import UNSAID
from portal.web.guard import Guard
from portal.web.refusals import error_page
from portal.web.rendering import learn_practice

log = structlog.get_logger()

LEARN_EVERY = 5.0  # seconds between two looks at the practice's own words

SOCKETS = [
    WebSocketRoute("/staff/live", staff_live),
    WebSocketRoute("/staff/clients/{client}/as/{account}/live", viewed_live),
    WebSocketRoute("/clients/{client}/live", client_live),
    WebSocketRoute("/live", account_live),
]


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Open the database, bus, follower and hub for a worker's life; with the in-process bus the worker too."""
    chosen = settings()
    clock.follow(chosen.clock)
    crypto.load_keys(chosen.keys_path)
    await open_database(chosen)
    app.state.bus = bus = Bus.make(chosen.redis_url)
    app.state.hub = hub = Hub()
    app.state.follower = follower = Follower(bus, hub)
    await bus.connect()
    tasks = [
        asyncio.create_task(follower.run()),
        asyncio.create_task(hub.run()),
        asyncio.create_task(presence.pass_on(bus, hub)),
        asyncio.create_task(_learn()),
    ]
    if chosen.embedded_bus:
        tasks.append(asyncio.create_task(worker.work(bus)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await bus.close()
        await close_database()


async def _learn() -> None:
    """Read the practice's own words, as soon as the database is there to tell them, and again now and then: they
    can be changed by another worker. Where it holds none, say in the log how the first run begins."""
    while True:
        try:
            if await learn_practice():
                await asyncio.sleep(LEARN_EVERY)
                continue
            code = await first_run.offer_code()
            if code is not None:
                log.warning("no practice yet", go_to=settings().link("/start"), one_time_code=code)
        except Exception as reason:
            log.warning("the practice can't be read yet", reason=type(reason).__name__)
        await asyncio.sleep(1)


async def not_found(request: Request, reason: Exception) -> Response:
    """Answer an address or a method that no route has."""
    status = reason.status_code if isinstance(reason, HTTPException) else 404
    title, text = "There’s nothing here", "This page doesn’t exist, or you don’t have access to it."
    language = choose(request.cookies.get("portal-language") or request.headers.get("accept-language"))
    part = request.headers.get("hx-request") == "true"
    return error_page(request, language, status, title, text, part)


def create() -> Starlette:
    """Make the ASGI application. Refuses a route without a door, two at one address, a write that does not say what it
    leaves in the audit log, or a fact without a region."""
    logs.begin()
    addresses = Counter(f"{route.methods} {route.path}" for route in ROUTES)
    if twice := [address for address, doors in addresses.items() if doors > 1]:
        raise RuntimeError(f"Several doors stand at {', '.join(twice)}")
    for route in ROUTES:
        if not hasattr(route.endpoint, "door"):
            raise RuntimeError(f"{route.methods} {route.path} has no door: say who may come in")
        if "POST" in (route.methods or ()) and getattr(route.endpoint, "audit", UNSAID) == UNSAID:
            raise RuntimeError(f"POST {route.path} does not say what it leaves in the audit log, or None")
    catalogue.check()
    return Starlette(
        routes=[*SOCKETS, *ROUTES],
        lifespan=lifespan,
        middleware=[Middleware(Guard)],
        exception_handlers={404: not_found, 405: not_found},
    )
