"""A form that stood open, and the values on file by the time it is sent, if somebody saved something else meanwhile.

A form that carries a whole state says on what it was made. A newer state is never overwritten unseen: the answer is
409, with the form again, what is on file now beside what was written, and the version of that. Sent once more it is a
choice.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from portal.crypto import ring
from portal.language import date_in_words
from portal.models.ground.fact import unit_of_work
from portal.models.ground.record import Row
from portal.web.visit import Form, Visit


class WholeState(Form):
    """A form that carries a whole state, with the version that it was made on. One without is older than any."""

    version: Annotated[str, Field(max_length=2000)] = ""


@dataclass(frozen=True)
class ChangedField:
    """The value on file now in one field, and the value that was written there; None where nothing was."""

    name: str
    label: str
    on_file: str
    written: str | None


@dataclass
class FormState:
    """A form as it is shown: the values in its fields, the version of the values on file now, and those that somebody
    else saved meanwhile. It `fits` when saving it overwrites nothing unseen."""

    values: dict[str, Any]
    version: str
    errors: dict[str, str]
    fits: bool = True
    news: list[ChangedField] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        return not self.fits or bool(self.errors)

    @property
    def status(self) -> int:
        return 409 if not self.fits else 422 if self.errors else 200


def form_state(
    visit: Visit,
    form: type[WholeState],
    now: Mapping[str, Any],
    labels: Mapping[str, str],
    *rows: Row,
    words: Mapping[str, Mapping[str, str]] | None = None,
) -> FormState:
    """Return the form as it stands: filled with the values on file `now` (by field, as text or as yes and no), or with
    those sent. `labels` name its fields to people, and `words` their values, where these are no words. `rows` are where
    the values lie: held, where they are to change."""
    names, about = list(now), "/".join([form.__name__, *(str(row.id) for row in rows)])
    assert names == list(labels), f"{form.__name__}: each field needs its label"
    marks = {name: _mark(about, name, now[name]) for name in names}
    version = "".join(marks.values())
    if visit.asked is None or not issubclass(visit.asked, form):
        return FormState(dict(now), version, {})
    if unit_of_work() is not None and not all(row.is_held for row in rows):
        raise RuntimeError(f"{form.__name__} was compared with rows that were not found with a lock")
    visit.compared = True
    sent = {name: _as_sent(visit, name, now[name]) for name in names}
    made_on = visit.sent.get("version", "")
    differs = [name for name in names if _plain(sent[name]) != _plain(now[name])]
    if made_on == version or not differs:
        return FormState(dict(visit.sent), version, visit.errors)
    size = len(version) // len(names)
    known = [made_on[at : at + size] for at in range(0, len(made_on), size)]
    made = dict(zip(names, known, strict=True)) if len(made_on) == len(version) else {}
    filled = FormState(dict(visit.sent), version, visit.errors, fits=False)
    # What somebody else changed comes first, then what only this person did.
    for name in sorted(differs, key=lambda name: made.get(name) == marks[name]):
        # Where nothing was written, nothing is lost by showing what is there now; and a look that is too quick
        # does not lift what somebody has just put down.
        untouched = made.get(name) == _mark(about, name, sent[name])
        if untouched:
            filled.values[name] = now[name]
        called = (words or {}).get(name, {})
        wanted = None if untouched else _in_words(visit, sent[name], called)
        filled.news.append(ChangedField(name, labels[name], _in_words(visit, now[name], called), wanted))
    return filled


def whole_status(*forms: FormState) -> int:
    """Return the status of a page with several forms: that of the one that was sent."""
    return next((form.status for form in forms if form.refused), 200)


def must_have_compared(visit: Visit) -> None:
    """Refuse to commit a whole state that was taken without a look at the values on file. Raises RuntimeError."""
    if visit.asked is not None and issubclass(visit.asked, WholeState) and not visit.compared:
        raise RuntimeError(f"{visit.asked.__name__} carries a whole state: compare it by form_state()")


_SIZE = 8  # of a mark: one in four thousand million is another's
_TICKED = {"on", "yes", "true", "1"}


def _mark(about: str, name: str, value: Any) -> str:
    return ring().mark("standing", f"{about}/{name}/{_plain(value)}")[:_SIZE]


def _as_sent(visit: Visit, name: str, now: Any) -> Any:
    text = visit.sent.get(name, "")
    return text.lower() in _TICKED if isinstance(now, bool) else text


def _plain(value: Any) -> str:
    """Return a value as it is compared: browsers send the ends of lines in their own way, and forms drop space
    around."""
    if value is None or isinstance(value, bool):
        return "on" if value else ""
    return str(value).replace("\r\n", "\n").strip()


def _in_words(visit: Visit, value: Any, words: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return visit.say("yes") if value else visit.say("no")
    text = words.get(_plain(value), _plain(value))
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        try:
            return date_in_words(dt.date.fromisoformat(text), visit.language)
        except ValueError:
            return text
    return text or visit.say("nothing")
