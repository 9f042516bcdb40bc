"""A form that stood open while somebody else saved: nothing is overwritten unseen, nothing written is lost."""

import datetime as dt
from dataclasses import dataclass, replace

import httpx2
import pytest
from starlette.routing import Route

from portal.routes import ROUTES
from portal.web.edit_conflict import WholeState
from tests.cast import Person
from tests.deployment import Deployment, own_practice
from tests.html import filled, parse
from tests.people.contacts import Tie, add_contact

willow = own_practice()  # its settings are changed here


async def opened(person: Person, page: str, action: str) -> dict[str, str]:
    """The form as it stands in the page now."""
    answer = await person.get(page)
    assert answer.status_code == 200, answer.text
    return filled(answer.text, action)


def news(answer: httpx2.Response) -> str:
    """Return what the page says was changed meanwhile."""
    (found,) = [one for one in parse(answer.text).all("role") if "meanwhile" in one.classes]
    return found.text


async def two(willow: Deployment) -> tuple[Person, Person]:
    """Two who see the same charts."""
    return await willow.cast.sign_in("miriam"), await willow.cast.sign_in("henrik")


async def a_contact(willow: Deployment, miriam: Person) -> Tie:
    """Somebody new at Noa's chart, who may do much."""
    terms = {"forms": "on", "messages": "on", "phone": "(555) 010-0101"}
    return await add_contact(miriam, willow.cast.client["noa"], **terms)


async def test_an_order_stays_though_a_form_stood_open(willow: Deployment) -> None:
    miriam, henrik = await two(willow)
    tie = await a_contact(willow, miriam)
    hers = await opened(miriam, tie.place, tie.place)
    his = await opened(henrik, tie.place, tie.place)
    order = {"no_contact": "on", "basis": "Family court, order 12 F 34/26"}
    assert (await henrik.post(tie.place, **(his | order))).status_code == 303
    stood = await willow.row("contact_link", tie.id)
    assert stood["no_contact_from"] is not None

    late = await miriam.post(tie.place, **(hers | {"phone": "(555) 010-0102", "relationship": "Friend"}))

    assert late.status_code == 409
    assert await willow.row("contact_link", tie.id) == stood
    said = news(late)
    assert "No contact" in said and "12 F 34/26" in said and "You hadn’t changed it" in said
    assert "Grandparent" in said and "You wrote Friend" in said
    # What she wrote stands there still; what she had not touched is as it is on file.
    again = filled(late.text, tie.place)
    assert again["phone"] == "(555) 010-0102" and again["relationship"] == "Friend"
    assert again["no_contact"] == "on" and again["basis"] == order["basis"]

    # With the version that she has seen it is hers to say, and the order stands.
    assert (await miriam.post(tie.place, **again)).status_code == 303
    now = await willow.row("contact_link", tie.id)
    assert now["no_contact_from"] == stood["no_contact_from"] and now["relationship"] == "Friend"
    # Lifting it is a choice too.
    sees = await opened(miriam, tie.place, tie.place)
    del sees["no_contact"]
    assert (await miriam.post(tie.place, **sees)).status_code == 303
    assert (await willow.row("contact_link", tie.id))["no_contact_from"] is None


async def test_a_form_from_before_there_were_versions_overwrites_nothing(willow: Deployment) -> None:
    miriam = await willow.cast.sign_in("miriam")
    tie = await a_contact(willow, miriam)
    form = await opened(miriam, tie.place, tie.place)
    for version in ("", "0" * len(form["version"]), "x", "é"):
        late = await miriam.post(tie.place, **(form | {"version": version, "relationship": "Friend"}))
        assert late.status_code == 409
        assert filled(late.text, tie.place)["relationship"] == "Friend"
        assert (await willow.row("contact_link", tie.id))["relationship"] == "Grandparent"
    too_long = await miriam.post(tie.place, **(form | {"version": "1" * 5000, "relationship": "Friend"}))
    assert too_long.status_code == 409


async def test_a_mistake_in_the_form_does_not_make_it_newer(willow: Deployment) -> None:
    """A form that is shown again for a mistake is made on what it was, whatever is saved before it is sent."""
    miriam, henrik = await two(willow)
    tie = await a_contact(willow, miriam)
    hers = await opened(miriam, tie.place, tie.place)
    mistaken = await miriam.post(tie.place, **(hers | {"last": "1990-01-01"}))
    assert mistaken.status_code == 422
    hers = filled(mistaken.text, tie.place) | {"last": ""}
    his = await opened(henrik, tie.place, tie.place)
    assert (await henrik.post(tie.place, **(his | {"no_records": "on"}))).status_code == 303
    assert (await miriam.post(tie.place, **(hers | {"phone": "1"}))).status_code == 409
    wrong = await miriam.post(tie.place, **(hers | {"last": "1990-01-01"}))
    assert wrong.status_code == 409 and "Last day: choose the first day or a later one." in wrong.text
    assert filled(wrong.text, tie.place)["last"] == "1990-01-01"
    # Nor does a look at what they would see.
    assert (await willow.row("contact_link", tie.id))["no_records_from"] is not None


async def test_sent_twice_it_is_saved_once_and_nobody_is_alarmed(willow: Deployment) -> None:
    miriam = await willow.cast.sign_in("miriam")
    tie = await a_contact(willow, miriam)
    form = await opened(miriam, tie.place, tie.place) | {"relationship": "Friend"}
    assert (await miriam.post(tie.place, **form)).status_code == 303
    assert (await miriam.post(tie.place, **form)).status_code == 303


async def test_a_look_at_other_terms_is_taken_from_what_is_on_file(willow: Deployment) -> None:
    """See what they would see, back to the form, save: the form is no newer for having been elsewhere."""
    cast = willow.cast
    miriam, henrik = await two(willow)
    place = f"/staff/clients/{cast.client['noa']}/contacts/{cast.link}"
    hers, his = await opened(miriam, place, place), await opened(henrik, place, place)
    trial = await miriam.post(f"{place}/preview", **(hers | {"page": "home"}))
    assert trial.status_code == 200
    hers = {name: value for name, value in filled(trial.text, f"{place}/preview").items() if name != "page"}
    assert (await henrik.post(place, **(his | {"no_records": "on"}))).status_code == 303
    assert (await miriam.post(place, **(hers | {"basis": "By word of mouth"}))).status_code == 409
    back = await miriam.post(f"{place}/preview", **(hers | {"basis": "By word of mouth", "page": "form"}))
    assert back.status_code == 409 and filled(back.text, place)["no_records"] == "on"
    assert (await willow.row("contact_link", cast.link))["no_records_from"] is not None
    his = await opened(henrik, place, place)
    del his["no_records"]
    assert (await henrik.post(place, **his)).status_code == 303


async def test_a_corrected_address_on_a_chart_stays(willow: Deployment) -> None:
    miriam, henrik = await two(willow)
    chart = f"/staff/clients/{willow.cast.client['sam']}"
    hers, his = await opened(miriam, f"{chart}/edit", chart), await opened(henrik, f"{chart}/edit", chart)
    assert (await henrik.post(chart, **(his | {"email": "sam.new@family.example"}))).status_code == 303

    late = await miriam.post(chart, **(hers | {"phone": "(555) 010-0177"}))

    assert late.status_code == 409
    assert "sam.new@family.example" in news(late)
    again = filled(late.text, chart)
    assert again["email"] == "sam.new@family.example" and again["phone"] == "(555) 010-0177"
    sam = willow.cast.client["sam"]
    assert (await willow.row("client", sam))["email"] == "sam.new@family.example"
    # Both wrote the same field: hers is a choice, seen beside his.
    both = await miriam.post(chart, **(hers | {"email": "sam.third@family.example"}))
    assert both.status_code == 409
    assert "sam.new@family.example" in news(both) and "sam.third@family.example" in news(both)
    assert (await miriam.post(chart, **filled(both.text, chart))).status_code == 303
    assert (await willow.row("client", sam))["email"] == "sam.third@family.example"
    assert (await miriam.post(chart, **hers)).status_code == 409
    back = await opened(miriam, f"{chart}/edit", chart)
    assert (await miriam.post(chart, **(back | {"email": hers["email"]}))).status_code == 303


async def test_a_chart_made_of_a_contact_brings_back_no_old_address(willow: Deployment) -> None:
    """A contact who becomes a client is reached as the chart says from then on."""
    miriam, henrik = await two(willow)
    tie = await a_contact(willow, miriam)
    becoming = await opened(miriam, f"{tie.place}/client", f"{tie.place}/client")
    his = await opened(henrik, tie.place, tie.place)
    assert (await henrik.post(tie.place, **(his | {"email": "right@family.example"}))).status_code == 303
    clients = await willow.count("client")
    late = await miriam.post(f"{tie.place}/client", **(becoming | {"date_of_birth": "1960-02-03"}))
    assert late.status_code == 409 and "right@family.example" in news(late)
    assert await willow.count("client") == clients
    again = filled(late.text, f"{tie.place}/client")
    assert again["date_of_birth"] == "1960-02-03" and again["email"] == "right@family.example"
    assert (await miriam.post(f"{tie.place}/client", **again)).status_code == 303
    # Sent twice it is one client, as ever.
    assert (await miriam.post(f"{tie.place}/client", **again)).status_code == 303
    assert await willow.count("client") == clients + 1


async def test_the_form_says_it_in_spanish_too(willow: Deployment) -> None:
    miriam, henrik = await two(willow)
    tie = await a_contact(willow, miriam)
    hers, his = await opened(miriam, tie.place, tie.place), await opened(henrik, tie.place, tie.place)
    assert (await henrik.post(tie.place, **(his | {"no_contact": "on"}))).status_code == 303
    await willow.sql("update staff_member set language = 'es' where name like 'Miriam%'")
    late = await miriam.post(tie.place, **(hers | {"phone": "1"}))
    await willow.sql("update staff_member set language = 'en' where name like 'Miriam%'")
    assert late.status_code == 409 and "se cambió mientras" in news(late)


# --- All forms of this kind ---------------------------------------------------------------------------

SETTINGS = "/staff/settings"
MAILBOX = {
    "address": "returned@willow.example",
    "host": "imap.example.com",
    "mailbox_user": "returned",
    "mailbox_password": "x",
}


@dataclass(frozen=True)
class Open:
    """A form that two have open: what the first saves, then what the second wrote meanwhile; and its page, if that is
    another address than it is sent to."""

    who: str
    first: dict[str, str]
    second: dict[str, str]
    page: str = "{action}"
    status: int = 303


QUIET = Open("", {"often": "never"}, {"quiet": "on", "quiet_from": "22:00", "quiet_until": "06:00"})
FORMS = {
    "/staff/clients/{client}": Open(
        "miriam", {"email": "a@family.example"}, {"phone": "(555) 010-0100"}, "{action}/edit"
    ),
    "/staff/clients/{client}/contacts/{link}": Open(
        "miriam", {"no_contact": "on"}, {"messages": "on", "first": "2026-01-01"}
    ),
    "/staff/templates/{template}": Open("miriam", {"name": "The lift"}, {"body": "Hello {name}, by the stairs."}),
    "/staff/settings/portal/messages": Open(
        "ada", {"edit_minutes": "20"}, {"edit_minutes": "30"}, f"{SETTINGS}/portal"
    ),
    "/staff/settings/minors": Open("ada", {"own_account_age": "13"}, {"majority_age": "19"}, status=200),
    "/staff/settings/availability/hours": Open(
        "ada",
        {"sunday_first_from": "10:00", "sunday_first_to": "12:00"},
        {"saturday_first_from": "20:00", "saturday_first_to": "21:00"},
        f"{SETTINGS}/availability",
    ),
    "/staff/settings/availability/days": Open(
        "ada",
        {"day": "{day}", "label": "Holiday"},
        {"day": "{day}", "begins": "09:00", "ends": "12:00"},
        f"{SETTINGS}/availability",
    ),
    "/staff/settings/availability/reply": Open(
        "ada",
        {"on": "yes", "text_en": "We answer tomorrow."},
        {"on": "yes", "text_es": "Respondemos mañana."},
        f"{SETTINGS}/availability",
    ),
    "/staff/settings/availability/crisis": Open(
        "ada", {"number_2": "112", "label_2": "112"}, {"text_en": "Call at once."}, f"{SETTINGS}/availability"
    ),
    "/staff/settings/portal/letter": Open(
        "ada", {"subject_en": "Come in"}, {"subject_es": "Pase"}, f"{SETTINGS}/portal"
    ),
    "/staff/settings/mail/minutes": Open("ada", {"mail_after": "239"}, {"mail_after": "238"}, f"{SETTINGS}/mail"),
    "/staff/settings/mail/mailbox": Open("ada", MAILBOX, MAILBOX | {"folder": "Returned"}, f"{SETTINGS}/mail"),
    "/staff/notices/choices": replace(QUIET, who="miriam"),
    "/clients/{client}/notices/choices": replace(QUIET, who="dana"),
}
# These read, or show, and save nothing; what they show keeps the version of what was sent to them.
SAVE_NOTHING = {
    "/staff/clients/{client}/contacts/{link}/preview",
    "/staff/settings/availability/preview",
    "/staff/settings/portal/preview",
    "/staff/settings/portal/sample",
    "/staff/settings/mail/test",
}


def test_every_form_with_a_whole_state_is_tried_here() -> None:
    whole = {
        route.path
        for route in ROUTES
        if isinstance(route, Route) and issubclass(getattr(route.endpoint, "form", None) or object, WholeState)
    }
    assert whole == set(FORMS) | SAVE_NOTHING | {"/staff/clients/{client}/contacts/{link}/client"}


@pytest.mark.parametrize("name", FORMS)
async def test_of_two_who_have_a_form_open_the_second_sees_what_the_first_saved(willow: Deployment, name: str) -> None:
    cast, form = willow.cast, FORMS[name]
    one = await cast.sign_in(form.who)
    other = await cast.sign_in(form.who, worker=willow.last)
    action = name.format(
        client=cast.client["sam" if name.endswith("{client}") else "noa"],
        link=(await a_contact(willow, await cast.sign_in("miriam"))).id if "{link}" in name else "",
        template=cast.template["miriam"],
    )
    page, day = form.page.format(action=action), (willow.now + dt.timedelta(days=40)).date().isoformat()
    first, second = (
        {field: value.replace("{day}", day) for field, value in what.items()} for what in (form.first, form.second)
    )
    both = [await opened(person, page, action) for person in (one, other)]
    assert both[0]["version"] == both[1]["version"]
    assert (await one.post(action, **(both[0] | first))).status_code == form.status
    stored = await willow.contents(UNRELATED)

    late = await other.post(action, **(both[1] | second))

    assert late.status_code == 409, late.text
    assert await willow.contents(UNRELATED) == stored
    assert "while you had it open" in news(late)
    document = parse(late.text)
    for link in document.all("href", tag="a"):
        if link.get("href").startswith("#field-"):
            assert document.by_id(link.get("href")[1:]), link.get("href")
    again = filled(late.text, action)
    assert again["version"] != both[1]["version"]
    for field, value in (first | second).items():
        if field not in ("mailbox_password", "on"):
            assert again[field] == value, field
    # Once more, and it is taken: with what the first saved, where the second wrote nothing else.
    unseen = {"mailbox_password": "x"} if "mailbox_password" in first else {}
    taken = await other.post(action, **(again | {n: second[n] for n in second if n == "on"} | unseen))
    assert taken.status_code == form.status, taken.text
    now = await opened(one, page, action)
    for field, value in (first | second).items():
        if field in now and field != "mailbox_password" and "/days" not in action:
            assert now[field] == value, field


# What the worker does meanwhile: it looks into a mailbox that nobody answers for, and says so.
UNRELATED = ("session", "audit", "throttle", "moment", "mailbox", "fact")
