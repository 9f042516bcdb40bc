"""The health of this worker, for a load balancer; and its numbers, for Prometheus."""

import hmac

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import portal
from portal import passwords
from portal.models.ground import sql
from portal.settings import settings
from portal.web.doors import machines


@machines("GET /up")
async def up(request: Request) -> Response:
    """JSON: database, bus, the follower's delay in seconds, version. 503 when this worker should get no visitors."""
    state = request.app.state
    try:
        database = await sql.exists("select 1 as yes")
    except Exception:
        database = False
    delay = state.follower.delay
    ready = database and delay < 5 and not state.hub.draining
    return JSONResponse(
        {
            "ready": ready,
            "database": "well" if database else "away",
            "bus": "well" if state.bus.well else "away",
            "follower_delay": round(delay, 2),
            "version": portal.__version__,
        },
        200 if ready else 503,
        {"Cache-Control": "no-store"},
    )


@machines("GET /metrics")
async def metrics(request: Request) -> Response:
    """Counts only, no name and no id; behind the token of PORTAL_METRICS_TOKEN."""
    token = settings().metrics_token
    given = request.headers.get("authorization", "")
    if not token or not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return Response("Not found", 404, media_type="text/plain")
    state = request.app.state
    registry = CollectorRegistry()
    for name, text, value in (
        ("portal_sockets", "Open pages on this worker", len(state.hub.pages)),
        ("portal_pushes", "Frames sent since start", state.hub.pushes),
        ("portal_follower_delay_seconds", "Since the last good look at the facts", state.follower.delay),
        ("portal_follower_looks", "Looks at the facts since start", state.follower.looks),
        ("portal_passwords", "Passwords that are hashed or wait for it", passwords.at_work()),
        ("portal_bus_well", "Whether hints travel", float(state.bus.well)),
    ):
        Gauge(name, text, registry=registry).set(value)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
