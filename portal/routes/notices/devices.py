"""The devices that show notices while no page is open, the same on both sides."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field
from starlette.responses import Response

from portal import crypto
from portal.models.ground.record import Kind
from portal.models.notices.devices import PushDevice
from portal.regions.notices.notices import notices_of
from portal.web.doors import cookie_name
from portal.web.public_hosts import Forbidden
from portal.web.pushing import check_endpoint
from portal.web.refusals import Refused
from portal.web.visit import Answer, Form, Visit, go


def _endpoint(value: str) -> str:
    try:
        check_endpoint(value)
    except Forbidden:
        raise ValueError("Nothing can be sent there.") from None
    return value


def _known(is_right: object) -> AfterValidator:
    def check(value: str) -> str:
        if not is_right(value):  # type: ignore[operator]
            raise ValueError("This can’t be read. Please check it.")
        return value

    return AfterValidator(check)


class Subscription(Form):
    """As a browser gives it."""

    endpoint: Annotated[str, Field(max_length=1000), AfterValidator(_endpoint)]
    p256dh: Annotated[str, Field(max_length=120), _known(crypto.is_push_point)]
    auth: Annotated[str, Field(max_length=60), _known(crypto.is_push_secret)]


class Device(Form):
    typed = False

    device: UUID


async def add(visit: Visit) -> Answer:
    "This browser shows notices from now on."
    if visit.errors or crypto.push_key() is None:
        raise Refused(422, "This browser can’t show notices.")
    form: Subscription = visit.form
    agent = visit.request.headers.get("user-agent", "")[:300]
    whose = "staff" if visit.me.kind is Kind.STAFF else "account"
    browser = visit.request.cookies.get(cookie_name("device"), "")
    await PushDevice.add(form.model_dump() | {"agent": agent}, browser, **{whose: visit.me.id})
    return _answer(visit)


async def remove(visit: Visit) -> Answer:
    """It is told no more. One that is gone already is no mistake."""
    device = await visit.me.see(PushDevice).find(visit.form.device)
    if device is not None:
        await device.remove()
    return _answer(visit)


def _answer(visit: Visit) -> Response:
    return Response(status_code=204) if visit.by_script else go(f"{notices_of(visit.me)}/choices")
