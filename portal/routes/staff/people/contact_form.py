"""The form of a contact: who they are, what they are to a client and may do, read as terms and filled from them."""

import datetime as dt
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from portal import clock
from portal.language import local_day, moment_of, say
from portal.models.access.changed_details import sees_all_behind
from portal.models.ground.record import known, unreadable
from portal.models.people.client import Client
from portal.models.people.contact import SEALED, Contact, ContactLink, Terms
from portal.models.practice.practice import the_practice
from portal.permissions import Restriction, Right
from portal.regions.people.contacts import RESTRICTION_WORDS, RIGHT_WORDS
from portal.regions.phrases import zone
from portal.routes.staff.shell import chart_page
from portal.web.edit_conflict import FormState, WholeState, form_state
from portal.web.visit import Answer, EmailAddress, Form, Name, Visit

RELATIONSHIPS = [
    *("Mother", "Father", "Parent", "Stepparent", "Foster parent", "Grandparent", "Guardian", "Partner"),
    *("Spouse", "Sibling", "Child", "Friend", "Caseworker", "Payer", "Other"),
]
_FIRST, _LAST = dt.date(1950, 1, 1), dt.date(2150, 1, 1)


def empty(value: Any) -> Any:
    return None if value == "" else value


def _sensible(value: dt.date | None) -> dt.date | None:
    if value is not None and not _FIRST <= value < _LAST:
        raise ValueError("Enter a date between 1950 and 2149.")
    return value


def _chosen(value: str) -> str:
    if not value:
        raise ValueError("Choose one.")
    return value


Day = Annotated[dt.date | None, BeforeValidator(empty), AfterValidator(_sensible)]


class Agreement(Form):
    """The contact's relation and rights. A restriction that is ticked without a day holds from now on."""

    relationship: Annotated[Name, Field(title="Relationship", max_length=40), AfterValidator(_chosen)]
    guardian: Annotated[bool, Field(title="Legal guardian")] = False
    forms: bool = False
    appointments: bool = False
    messages: bool = False
    documents: bool = False
    billing: bool = False
    first: Annotated[Day, Field(title="From")] = None
    last: Annotated[Day, Field(title="Last day")] = None
    pay_only: bool = False
    pay_only_from: Day = None
    no_contact: bool = False
    no_contact_from: Day = None
    no_records: bool = False
    no_records_from: Day = None
    no_scheduling: bool = False
    no_scheduling_from: Day = None
    basis: Annotated[str, Field(title="Based on", max_length=1000)] = ""

    @classmethod
    def labels(cls, language: str) -> dict[str, str]:
        labels = super().labels(language)
        labels |= {right.name.lower(): say(language, words).capitalize() for right, words in RIGHT_WORDS.items()}
        for one, words in RESTRICTION_WORDS.items():
            kept = say(language, words)
            labels |= {one.key: kept, one.column: say(language, "%(what)s, from", what=kept)}
        return labels


class Person(Agreement):
    name: Annotated[Name, Field(title="Name", max_length=120)] = ""
    email: EmailAddress = ""
    phone: Annotated[Name, Field(title="Phone", max_length=40)] = ""
    address: Annotated[str, Field(title="Address", max_length=300)] = ""


class KnownPerson(Person, WholeState):
    """Of somebody who is a contact already."""


def terms_of(visit: Visit, link: ContactLink | None) -> Terms:
    """The terms of the form. A day means its beginning in the practice's zone, the last one its end; one that was
    not touched keeps its very moment."""
    form: Agreement = visit.form
    now = clock.now()
    starts = _begins(form.first, link.from_at if link else None) or (link.from_at if link else now)
    ends = None if form.last is None else _begins(form.last + dt.timedelta(days=1), link.agreed_until if link else None)
    if ends is not None and ends <= starts:
        visit.fault("last", visit.say("Choose the first day or a later one."))
    restrictions = {}
    for one in Restriction:
        stood, day = (link.since(one) if link else None), getattr(form, one.column)
        if getattr(form, one.key):
            restrictions[one] = _begins(day, stood) or stood or now
        elif day is not None and (stood is None or local_day(stood, zone()) != day):
            # Its own day left standing while it is unticked lifts it; another day says that more was meant.
            visit.fault(one.column, visit.say("Tick what is restricted from this day on, or clear the day."))
    return Terms(
        relationship=form.relationship,
        guardian=form.guardian,
        rights=[right for right in Right if getattr(form, right.name.lower())],
        from_at=starts,
        until_at=ends,
        restrictions=restrictions,
        basis=form.basis or None,
    )


def _begins(day: dt.date | None, stood: dt.datetime | None) -> dt.datetime | None:
    if day is None:
        return None
    if stood is not None and local_day(stood, zone()) == day:
        return stood
    return moment_of(day, zone())


async def agreed(visit: Visit, link: ContactLink, contact: Contact) -> FormState:
    """The form as it stands. Who they are and how they are reached stands in it for who may change that."""
    values = _values(link, contact)
    if not await is_theirs(visit, contact):
        values = {name: value for name, value in values.items() if name not in _REACHED}
    labels = KnownPerson.labels(visit.language)
    return form_state(
        visit,
        KnownPerson,
        values,
        {name: labels[name] for name in values},
        contact,
        link,
        words={"relationship": {one: visit.say(one) for one in RELATIONSHIPS}},
    )


async def is_theirs(visit: Visit, contact: Contact) -> bool:
    """Tell whether the contact's name and address are this colleague's to change: they see all clients the contact acts
    for, and it follows no chart."""
    return contact.client_id is None and await sees_all_behind(visit.me.see(Client), "contact", contact.id)


def emptied(visit: Visit, link: ContactLink, contact: Contact) -> list[str]:
    """Say which parts of it can't be opened."""
    labels = KnownPerson.labels(visit.language)
    return [labels[name] for name in (*unreadable(contact, *SEALED), *unreadable(link, "basis"))]


def terms_before(link: ContactLink) -> dict[str, Any]:
    """Return the form of a contact who is added again: what was agreed before, without its days, and what is kept from
    them."""
    return {name: value for name, value in _terms(link).items() if name not in ("first", "last")}


def _values(link: ContactLink, contact: Contact) -> dict[str, Any]:
    return {name: known(contact, name) or "" for name in _REACHED} | _terms(link)


def _terms(link: ContactLink) -> dict[str, Any]:
    values: dict[str, Any] = {"relationship": link.relationship, "guardian": link.guardian}
    values |= {"basis": known(link, "basis") or ""} | {
        right.name.lower(): getattr(link, right.value) for right in Right
    }
    values["first"] = _shown(link.from_at)
    values["last"] = _shown(link.agreed_until - dt.timedelta(microseconds=1)) if link.agreed_until else ""
    for restriction in Restriction:
        at = link.since(restriction)
        values |= {restriction.key: at is not None, restriction.column: _shown(at) if at else ""}
    return values


_REACHED = ("name", "email", "phone", "address")


def _shown(when: dt.datetime) -> str:
    return local_day(when, zone()).isoformat()


async def contact_form(visit: Visit, client: Client, status: int, **more: Any) -> Answer:
    """Its page, filled with `values`; what is not said besides is as of somebody who is no contact yet."""
    values, today = more["values"], local_day(clock.now(), zone()).isoformat()
    relationship = values.get("relationship", "")
    state: FormState | None = more.get("form_state")
    # A part that is rarely needed is folded, unless there is something in it, or something wrong with it.
    looked_at = {*visit.errors, *(one.name for one in (state.news if state else ()))}
    looked_at |= {name for name, value in values.items() if value and (name != "first" or value > today)}
    kept = {"basis"} | {name for one in Restriction for name in (one.key, one.column)}
    practice = await the_practice()
    choices = [*RELATIONSHIPS, *([relationship] if relationship and relationship not in RELATIONSHIPS else [])]
    is_there = "link" in visit.request.path_params
    return await chart_page(
        visit,
        "staff/people/contacts/edit.html",
        title=visit.say("Chart: edit a contact") if is_there else visit.say("Chart: add a contact"),
        status=status,
        name=client.name,
        first_name=client.first_name,
        adult=client.born_if_known is not None and not practice.is_minor(client.born_if_known),
        unfolded={
            "dates": bool(looked_at & {"first", "last"}),
            "kept": bool(looked_at & kept or more.get("unreadable")),
        },
        errors=visit.errors,
        relationships=[{"value": one, "label": visit.say(one)} for one in choices],
        rights=[
            {"name": one.name.lower(), "label": visit.say(words).capitalize()} for one, words in RIGHT_WORDS.items()
        ],
        restrictions=[
            {"name": one.key, "label": visit.say(words), "help": visit.say(_HELP[one])}
            for one, words in RESTRICTION_WORDS.items()
        ],
        **(_NEW | more),
    )


_NEW: dict[str, Any] = {
    "contact_name": "",
    "reach": [],
    "form_state": None,
    "apart": False,
    "notice": "",
    "unreadable": [],
    **dict.fromkeys(("chart_href", "becoming_href", "end_action", "history_href", "preview_action")),
}
_HELP = {
    Restriction.PAY_ONLY: "Sees what is to be paid, and nothing else about this client.",
    Restriction.NO_CONTACT: "Sees nothing about this client, and gets no messages about them.",
    Restriction.NO_RECORDS: "Sees no forms and no documents.",
    Restriction.NO_SCHEDULING: "Sees no appointments and asks for none.",
}
