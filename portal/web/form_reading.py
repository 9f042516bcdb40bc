"""Reading the form of a request: its shape is refused, its values are for the page to show."""

from typing import Any
from urllib.parse import parse_qsl

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
            visit.errors.setdefault(name, _in_words(visit, error))


def _in_words(visit: Visit, error: Any) -> str:
    if error["type"] == "missing" or error["type"].endswith("too_short"):
        return visit.say("Fill this in.")
    if error["type"].endswith("too_long"):
        return visit.say("This is longer than %(n)s characters.", n=error["ctx"]["max_length"])
    if error["type"].startswith("date"):
        return visit.say("Write a real date: year, month, day.")
    if error["type"] == "value_error":
        return visit.say(str(error["ctx"]["error"]))
    return visit.say("This can’t be read. Please check it.")
