"""Strangers to a route of portal access get nothing from it, change nothing and are noted.

Made from the route table: a new route of these places without a sample is red.
"""

from dataclasses import dataclass
from uuid import uuid4

import pytest
from starlette.routing import Route

from portal.permissions import Permission
from portal.routes import ROUTES
from tests.access.desk import SECRET, Chart, Desk
from tests.cast import Person
from tests.laws.sample import is_write, name_of
from tests.laws.samples import ELSEWHERE

HERE = [route for route in ROUTES if isinstance(route, Route) and route.path.startswith(ELSEWHERE)]

# The table under B: who may, and who of those who see the client may not.
LACKING = {
    Permission.PORTAL_ACCESS: {"idris": "taken from him by hand", "grace": "a biller"},
    Permission.PORTAL_SETTINGS: {
        "miriam": "a therapist",
        "jo": "a scheduler",
        "theo": "a therapist",
        "grace": "a biller",
        "idris": "an intern",
        "henrik": "a clinical administrator",
    },
}
MAY = {Permission.PORTAL_ACCESS: ("miriam", "jo", "ada", "henrik"), Permission.PORTAL_SETTINGS: ("ada",)}


@dataclass
class Scene:
    """A chart of Miriam's and Idris's, whose client has signed up and who was written to in vain."""

    desk: Desk
    chart: Chart
    account: str
    letter: str
    bounce: str


KEYED = {"key": str(uuid4())}
HELD = KEYED | {"holder": "{account}"}
BORN = {"date_of_birth": "{born}"}
WORDS = {"subject_en": "Your account", "body_en": "Hello {name}: {link}", "language": "en"}
MAILBOX = {"address": "back@willow.example", "host": "localhost", "mailbox_user": "back", "mailbox_password": "unknown"}
FORMS: dict[str, dict[str, str] | None] = {
    "GET /staff/clients/{client}/portal": None,
    "GET /staff/clients/{client}/portal/letter": None,
    "POST /staff/clients/{client}/portal/invitations": KEYED | {"holder": "client"},
    "POST /staff/clients/{client}/portal/withdrawal": KEYED,
    "POST /staff/clients/{client}/portal/unlocking": KEYED,
    "POST /staff/clients/{client}/portal/resets": HELD,
    "POST /staff/clients/{client}/portal/removals": HELD,
    "POST /staff/clients/{client}/portal/removals/all": HELD,
    "POST /staff/clients/{client}/portal/accesses": HELD,
    "POST /staff/clients/{client}/portal/offers/withdrawal": HELD,
    "POST /staff/clients/{client}/portal/offers/unlocking": HELD,
    "GET /staff/settings/portal": None,
    "POST /staff/settings/portal": {"on": "no"},
    "POST /staff/settings/portal/linking": {"on": "yes"},
    "POST /staff/settings/portal/contacts": {"on": "no"},
    "POST /staff/settings/portal/letter": WORDS,
    "POST /staff/settings/portal/preview": WORDS,
    "POST /staff/settings/portal/sample": WORDS,
    "GET /staff/mail": None,
    "POST /staff/mail/{letter}/retry": {},
    "POST /staff/mail/retries": {},
    "GET /staff/mail/addresses/{bounce}": None,
    "POST /staff/mail/addresses/{bounce}": {"email": "right@family.example"},
    "POST /staff/mail/addresses/{bounce}/confirmation": {},
    "GET /staff/settings/mail": None,
    "POST /staff/settings/mail/minutes": {"mail_after": "240"},
    "POST /staff/settings/mail/mailbox": MAILBOX,
    "POST /staff/settings/mail/removal": {},
    "POST /staff/settings/mail/test": MAILBOX,
    "GET /staff/settings/messages": None,
    "POST /staff/settings/messages": {"edit_minutes": "20"},
    "GET /demo/mail": None,
    "GET /start": None,
    "POST /start": {"code": "0000-0000-0000-0000"},
    "POST /welcome": {"token": "A" * 43},
    "GET /welcome/birth-date": None,
    "POST /welcome/birth-date": BORN,
    "GET /welcome/password": None,
    "POST /welcome/password": {"password": SECRET},
    "GET /welcome/{token}": None,
    "GET /offers/{offer}": None,
    "POST /offers/{offer}": BORN,
    "GET /forgot": None,
    "POST /forgot": {"email": "nobody@family.example"},
    "POST /reset": {"token": "A" * 43},
    "GET /reset/password": None,
    "POST /reset/password": {"password": SECRET},
    "GET /reset/{token}": None,
}


async def ask(scene: Scene, route: Route, person: Person, **headers: str):  # type: ignore[no-untyped-def]
    path = route.path.format(
        client=scene.chart.id, letter=scene.letter, bounce=scene.bounce, offer=uuid4(), token="A" * 43
    )
    form = FORMS[name_of(route)]
    if not is_write(route):
        return await person.get(path, **headers)
    assert form is not None
    places = {"{account}": scene.account, "{born}": scene.chart.born}
    return await person.post(path, None, headers, **{name: places.get(value, value) for name, value in form.items()})


@pytest.fixture(scope="module")
async def scene(whole: Desk) -> Scene:
    desk = whole
    await desk.sql("delete from throttle")
    chart = await desk.chart("Sorrel")
    desk.office.unknown.add(chart.email)
    token = await desk.invite(chart)
    rows = await desk.sql("select id from outbox where client_id = :id", id=chart.id)
    await desk.sign_up(chart, token)
    await desk.sql(
        "insert into care_team (id, client_id, staff_id, lead, from_at) select gen_random_uuid(), client_id, "
        "cast(:idris as uuid), false, from_at from care_team where client_id = :id",
        idris=desk.cast.staff["idris"],
        id=chart.id,
    )
    bounce = (await desk.comes("select id from bounce where letter_id = :id", id=rows[0]["id"]))[0]
    desk.office.unknown.discard(chart.email)
    return Scene(desk, chart, await desk.account_id(chart), str(rows[0]["id"]), str(bounce["id"]))


# What a refusal may write, and what the worker writes meanwhile: that five minutes have passed since a letter.
MAY_CHANGE = ("audit", "session", "throttle", "moment", "fact")


def test_every_route_has_a_sample() -> None:
    assert sorted(FORMS) == sorted(name_of(route) for route in HERE)


_ASKING = ("/letter", "/addresses/{bounce}")


def expected(route: Route) -> Permission | None:
    """Return what the table under B says; the tab and the list of letters are for all who see the client."""
    if route.path.startswith("/staff/settings"):
        return Permission.PORTAL_SETTINGS
    if route.path.startswith("/staff") and (is_write(route) or route.path.endswith(_ASKING)):
        return Permission.PORTAL_ACCESS
    return None


@pytest.mark.parametrize("route", HERE, ids=name_of)
def test_every_route_asks_for_its_permission(route: Route) -> None:
    place = route.path.split("/")[1]
    assert route.endpoint.door == {"staff": "staff", "offers": "client"}.get(place, "anyone")  # type: ignore[attr-defined]
    assert route.endpoint.permission == expected(route)  # type: ignore[attr-defined]


def strangers(route: Route) -> list[tuple[str, int]]:
    """Return the names of those who may not, and what they are answered; 0 is being asked to sign in."""
    endpoint = route.endpoint
    if endpoint.door != "staff":  # type: ignore[attr-defined]
        return []
    found = [("", 0), ("sam", 0), ("dana", 0), ("ravi", 0)]
    if any(place in route.path for place in ("{client}", "{letter}", "{bounce}")):
        found.append(("theo", 404))
    found += [(name, 403) for name in LACKING.get(endpoint.permission, ())]  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("route", [route for route in HERE if is_write(route) or strangers(route)], ids=name_of)
async def test_strangers_are_refused_and_change_nothing(scene: Scene, route: Route) -> None:
    """Each whom it can have, one after the other, and the administrator from a page of another site."""
    desk = scene.desk
    people = [(await desk.person(who) if who else desk.browser(), who, status, {}) for who, status in strangers(route)]
    for site in ("cross-site", "same-site", "none") if is_write(route) else ():
        people.append((await desk.person("ada"), site, 403, {"Sec-Fetch-Site": site}))
    before = await desk.deployment.contents(MAY_CHANGE)
    for person, label, status, headers in people:
        noted = await desk.deployment.refusals()
        answer = await ask(scene, route, person, **headers)
        led_away = not status and not is_write(route)
        assert answer.status_code == (303 if led_away else status or 401), label
        assert not led_away or answer.headers["location"].startswith("/sign-in"), label
        for secret in (scene.chart.email, scene.chart.last):
            assert secret not in answer.text, label
        # Being led to the sign-in is no refusal yet.
        assert await desk.deployment.refusals() == noted + (not led_away), label
    assert await desk.deployment.contents(MAY_CHANGE) == before


@pytest.mark.parametrize("who", MAY[Permission.PORTAL_ACCESS])
async def test_those_who_may_see_and_act(scene: Scene, who: str) -> None:
    """The same requests, by those whose role includes it."""
    person = await scene.desk.person(who)
    tab = await person.get(scene.chart.tab)
    assert tab.status_code == 200 and "Your role doesn’t include managing portal access." not in tab.text
    assert (await person.get(f"{scene.chart.tab}/letter")).status_code == 200
    for path in ("resets", "removals", "accesses"):
        assert (await scene.desk.act(scene.chart, path, by=who, holder=scene.account)).status_code == 303
    assert (await person.post(f"/staff/mail/{scene.letter}/retry")).status_code == 303


@pytest.mark.parametrize("who", ["idris", "grace"])
async def test_those_who_may_look_only_are_told_so(scene: Scene, who: str) -> None:
    person = await scene.desk.person(who)
    tab = await person.get(scene.chart.tab)
    assert tab.status_code == 200 and "Your role doesn’t include managing portal access." in tab.text
    assert f'action="{scene.chart.tab}' not in tab.text


async def test_the_settings_are_the_administrators(scene: Scene) -> None:
    ada = await scene.desk.person("ada")
    assert (await ada.get("/staff/settings/portal")).status_code == 200
    preview = await ada.post("/staff/settings/portal/preview", **WORDS)
    assert preview.status_code == 200 and "Hello Ada" in preview.text
    assert (await ada.post("/staff/settings/portal/sample", **WORDS)).status_code == 200
    await scene.desk.letter(scene.desk.cast.email["staff", "ada"], "Sample: Your account")
    for name in LACKING[Permission.PORTAL_SETTINGS]:
        page = await (await scene.desk.person(name)).get("/staff/today")
        assert "/staff/settings/portal" not in page.text


async def test_there_is_no_first_run_where_there_is_a_practice(scene: Scene) -> None:
    stranger = scene.desk.browser()
    assert (await stranger.get("/start")).status_code == 404
    assert (await stranger.post("/start", code="0000-0000-0000-0000")).status_code == 404
