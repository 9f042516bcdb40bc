"""Seeing one's notices, the same on both sides."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from portal.models.notices.notice import Notice, read_up_to
from portal.regions.notices.notices import notices_of
from portal.web.visit import Answer, Form, Visit, go


class Seen(Form):
    typed = False

    up_to: Annotated[int, Field(ge=0, lt=2**31)]


def before(visit: Visit) -> int | None:
    """The number before which a page of older notices begins."""
    number = visit.query("before")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None


async def read(visit: Visit) -> Answer:
    """One of them is seen."""
    notice = await visit.me.find(Notice, visit.id("notice"))
    await notice.read()
    return _answer(visit)


async def read_all(visit: Visit) -> Answer:
    """All that the page showed."""
    await read_up_to(visit.me.see(Notice), visit.form.up_to)
    return _answer(visit)


def _answer(visit: Visit) -> Response:
    return Response(status_code=204) if visit.by_script else go(notices_of(visit.me))
