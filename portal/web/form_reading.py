"""Reading the form of a request: its shape is refused, its values are for the page to show."""

from typing import Any, Literal, get_args, get_origin
from urllib.parse import parse_qsl
from uuid import UUID

from pydantic import ValidationError

from portal.web.refusals import Refused
from portal.web.visit import Form, Visit


async def read_form(visit: Visit, form: type[Form] | None) -> None:
    """Parse the body into the route's form. A wrong shape is refused; a wrong value is for the page to show."""
    body = await visit.request.body()
    kind = visit.request.headers.get("content-type", "").split(";")[0].strip().lower()
    if body and kind != "application/x-www-form-urlencoded":
        raise Refused(415, "This kind of form is not known here.")
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=100, strict_parsing=bool(body))
    except ValueError:
        raise Refused(400, "This form could not be read.") from None
    visit.sent = dict(pairs)
    if len(pairs) != len(visit.sent) or any("\x00" in value for value in visit.sent.values()):
        raise Refused(400, "This form could not be read.")
    if form is None:
        if visit.sent:
            raise Refused(400, "This form has fields that are not known here.")
        return
    try:
        visit.form = form.model_validate(visit.sent)
    except ValidationError as wrong:
        for error in wrong.errors():
            if error["type"] == "extra_forbidden":
                raise Refused(400, "This form has fields that are not known here.") from None
            name = str(error["loc"][0]) if error["loc"] else ""
            visit.fault(name, _remedy(visit, error, form.model_fields[name].annotation if name else None))


def _remedy(visit: Visit, error: Any, of: Any) -> str:
    """Say what to do about a value; `of` is the type of its field."""
    kind = error["type"]
    if kind == "value_error":
        return visit.say(str(error["ctx"]["error"]))
    if kind.endswith("too_long"):
        return visit.say("Use at most %(n)s characters.", n=error["ctx"]["max_length"])
    if kind.startswith("date"):
        return visit.say("Enter a date that exists: month, day and year.")
    if kind.startswith("int") or kind in ("greater_than_equal", "less_than_equal", "less_than"):
        return visit.say("Write a number.")
    if kind.startswith(("uuid", "literal", "bool")) or get_origin(of) is Literal or UUID in (of, *get_args(of)):
        return visit.say("Choose one.")
    return visit.say("Fill this in.")
