"""Notices to you, on both sides: quiet hours, how often one is written to, and for each kind by which ways."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, create_model

from portal import crypto
from portal.models.access.account import PortalAccount
from portal.models.ground.record import Kind, Record
from portal.models.notices.choices import WAYS, choose_ways, chosen_ways
from portal.models.notices.kinds import NoticeKind
from portal.models.notices.mail_choice import MailChoice, choose_mail, mail_choice
from portal.models.practice.practice import the_practice
from portal.models.staff.staff_member import StaffMember
from portal.regions.notices.notice_words import kinds_in_words
from portal.web.edit_conflict import FormState, WholeState, form_state
from portal.web.visit import Visit


def _time(value: str) -> str:
    """As a time field sends it, or nothing."""
    hours, _, minutes = value.partition(":")
    known = len(value) == 5 and value.isascii() and hours.isdigit() and minutes.isdigit()
    if value and not (known and int(hours) < 24 and int(minutes) < 60):
        raise ValueError("Write a time like 21:30.")
    return value


Time = Annotated[str, AfterValidator(_time)]
# The quiet hours that the form offers to whoever has none, in minutes of the day.
NIGHT, MORNING = 21 * 60, 8 * 60


class _Times(WholeState):
    often: Annotated[Literal["once", "daily", "never"], Field(title="By email")]
    daily_at: Annotated[Time, Field(title="If once a day, at")] = ""
    quiet: Annotated[bool, Field(title="Quiet hours")] = False
    quiet_from: Annotated[Time, Field(title="Quiet hours, from")] = ""
    quiet_until: Annotated[Time, Field(title="Quiet hours, until")] = ""


# A box for each kind and way; one that is not ticked is not sent.
_BOXES: Any = {f"{way}_{kind.key}": (bool, False) for kind in NoticeKind for way in WAYS}
if TYPE_CHECKING:
    Choices = _Times
else:
    Choices = create_model("Choices", __base__=_Times, **_BOXES)


async def save(visit: Visit) -> bool:
    """Keep what was chosen, from now on. False where it can't be, and the form says why."""
    form: Choices | None = visit.form
    form_state = await _form_state(visit)
    if form is not None and form.quiet and not (form.quiet_from and form.quiet_until):
        missing = "quiet_until" if form.quiet_from else "quiet_from"
        visit.fault(missing, visit.say("Fill in both times, or switch quiet hours off."))
    elif form is not None and form.quiet and form.quiet_from == form.quiet_until:
        visit.fault("quiet_until", visit.say("Choose an end that differs from the start."))
    if form_state.refused or form is None:
        return False
    usual = MailChoice()
    choice = MailChoice(
        form.often,
        _minute(form.daily_at) if form.daily_at else usual.daily_at,
        _minute(form.quiet_from) if form.quiet else None,
        _minute(form.quiet_until) if form.quiet else None,
    )
    await choose_mail(visit.holder.holder, choice, (await the_practice()).zone)
    chosen = {
        kind["key"]: {way: bool(getattr(form, f"{way}_{kind['key']}")) for way in WAYS}
        for kind in await kinds_in_words(visit.me)
    }
    await choose_ways(visit.holder.holder, chosen)
    return True


async def _form_state(visit: Visit) -> FormState:
    """Return this person's choices. The person is held, for the choices of somebody who has made none lie nowhere."""
    whose: type[Record] = StaffMember if visit.me.kind is Kind.STAFF else PortalAccount
    person = await (visit.me.hold if visit.asked else visit.me.find)(whose, visit.holder.holder)
    kept, ways = await mail_choice(person.id), await chosen_ways(person.id)
    now: dict[str, Any] = {
        "often": kept.often,
        "daily_at": _text(kept.daily_at),
        "quiet": kept.quiet_from is not None,
        "quiet_from": _text(NIGHT if kept.quiet_from is None else kept.quiet_from),
        "quiet_until": _text(MORNING if kept.quiet_until is None else kept.quiet_until),
    }
    labels = Choices.labels(visit.language)
    often = {"once": visit.say("Write to me soon"), "daily": visit.say("Once a day"), "never": visit.say("No emails")}
    places = {"shown": visit.say("Pop-up"), "mail": visit.say("Email"), "push": visit.say("Device")}
    for kind in await kinds_in_words(visit.me):
        for way in WAYS:
            if way != "mail" or kind["mailed"]:
                now[f"{way}_{kind['key']}"] = ways[kind["key"]][way]
                labels[f"{way}_{kind['key']}"] = f"{places[way]}: {kind['label']}"
    return form_state(visit, Choices, now, labels, person, words={"often": often})


async def shown(visit: Visit) -> dict[str, Any]:
    """Return what the page needs beside its address."""
    form_state, practice = await _form_state(visit), await the_practice()
    return {
        "kinds": [
            kind | {way: bool(form_state.values.get(f"{way}_{kind['key']}")) for way in WAYS}
            for kind in await kinds_in_words(visit.me)
        ],
        "push_key": crypto.push_public(),
        "form_state": form_state,
        "values": dict.fromkeys(("often", "daily_at", "quiet", "quiet_from", "quiet_until"), "") | form_state.values,
        "status": form_state.status,
        "errors": form_state.errors,
        "minutes": practice.mail_after,
        "said": visit.query("saved") == "yes" and not visit.errors,
        "email": visit.holder.email,
    }


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _text(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
