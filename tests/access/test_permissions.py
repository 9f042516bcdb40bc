"""Whoever has no business with a route of portal access gets nothing from it, changes nothing and is noted.

Made from the route table: a new route of these places without a sample is red.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest
import pytest_asyncio
from starlette.routing import Route

from portal.permissions import Permission
from portal.routes import ROUTES
from tests.access.desk import SECRET, Chart, Desk
from tests.cast import Person
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


Form = Callable[[Scene], dict[str, str]]


def _keyed(**more: str) -> Form:
    return lambda scene: {"key": str(uuid4())} | more


def _held(scene: Scene) -> dict[str, str]:
    return {"key": str(uuid4()), "holder": scene.account}


def _words(scene: Scene) -> dict[str, str]:
    return {"subject_en": "Your account", "body_en": "Hello {name}: {link}", "language": "en"}


def _mailbox(scene: Scene) -> dict[str, str]:
    return {"address": "back@willow.example", "host": "localhost", "username": "back", "password": "unknown"}


FORMS: dict[str, Form | None] = {
    "GET /staff/clients/{client}/portal": None,
    "GET /staff/clients/{client}/portal/letter": None,
    "POST /staff/clients/{client}/portal/invitations": _keyed(holder="client"),
    "POST /staff/clients/{client}/portal/withdrawal": _keyed(),
    "POST /staff/clients/{client}/portal/unlocking": _keyed(),
    "POST /staff/clients/{client}/portal/resets": _held,
    "POST /staff/clients/{client}/portal/removals": _held,
    "POST /staff/clients/{client}/portal/removals/all": _held,
    "POST /staff/clients/{client}/portal/accesses": _held,
    "POST /staff/clients/{client}/portal/offers/withdrawal": _held,
    "POST /staff/clients/{client}/portal/offers/unlocking": _held,
    "GET /staff/settings/portal": None,
    "POST /staff/settings/portal": lambda scene: {"on": "no"},
    "POST /staff/settings/portal/linking": lambda scene: {"on": "yes"},
    "POST /staff/settings/portal/contacts": lambda scene: {"on": "no"},
    "POST /staff/settings/portal/letter": _words,
    "POST /staff/settings/portal/preview": _words,
    "POST /staff/settings/portal/sample": _words,
    "GET /staff/mail": None,
    "POST /staff/mail/{letter}/retry": lambda scene: {},
    "GET /staff/mail/addresses/{bounce}": None,
    "POST /staff/mail/addresses/{bounce}": lambda scene: {"email": "right@family.example"},
    "POST /staff/mail/addresses/{bounce}/confirmation": lambda scene: {},
    "GET /staff/settings/mail": None,
    "POST /staff/settings/mail/minutes": lambda scene: {"mail_after": "240"},
    "POST /staff/settings/mail/mailbox": _mailbox,
    "POST /staff/settings/mail/removal": lambda scene: {},
    "POST /staff/settings/mail/test": _mailbox,
    "GET /staff/settings/messages": None,
    "POST /staff/settings/messages": lambda scene: {"edit_minutes": "20"},
    "GET /demo/mail": None,
    "GET /start": None,
    "POST /start": lambda scene: {"code": "0000-0000-0000-0000"},
    "POST /welcome": lambda scene: {"token": "A" * 43},
    "GET /welcome/birth-date": None,
    "POST /welcome/birth-date": lambda scene: {"date_of_birth": scene.chart.born},
    "GET /welcome/password": None,
    "POST /welcome/password": lambda scene: {"password": SECRET},
    "GET /welcome/{token}": None,
    "GET /offers/{offer}": None,
    "POST /offers/{offer}": lambda scene: {"date_of_birth": scene.chart.born},
    "GET /forgot": None,
    "POST /forgot": lambda scene: {"email": "nobody@family.example"},
    "POST /reset": lambda scene: {"token": "A" * 43},
    "GET /reset/password": None,
    "POST /reset/password": lambda scene: {"password": SECRET},
    "GET /reset/{token}": None,
}


def writes(route: Route) -> bool:
    return "POST" in (route.methods or ())


def name_of(route: Route) -> str:
    return f"{'POST' if writes(route) else 'GET'} {route.path}"


async def ask(scene: Scene, route: Route, person: Person, **headers: str):  # type: ignore[no-untyped-def]
    path = route.path.format(
        client=scene.chart.id, letter=scene.letter, bounce=scene.bounce, offer=uuid4(), token="A" * 43
    )
    form = FORMS[name_of(route)]
    if not writes(route):
        return await person.get(path, **headers)
    assert form is not None
    return await person.post(path, None, headers, **form(scene))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
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


TABLES = (
    "invitation",
    "reset",
    "half_session",
    "portal_account",
    "access",
    "outbox",
    "bounce",
    "mailbox",
    "practice",
    "first_run",
    "fact",
)


# That five minutes have passed since a letter is a fact too, and nobody's act.
_OF_THE_CLOCK = {"fact": "where kind <> 'ResendAllowed'"}
_DIGESTS = ", ".join(
    f"(select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {table} t "
    f"{_OF_THE_CLOCK.get(table, '')}) as {table}"
    for table in TABLES
)


async def state(desk: Desk) -> tuple[dict[str, str], int]:
    """What a refusal must not change, and how many were noted."""
    return (await desk.sql(f"select {_DIGESTS}"))[0], await desk.deployment.refusals()


def test_every_route_has_a_sample() -> None:
    assert sorted(FORMS) == sorted(name_of(route) for route in HERE)


_ASKING = ("/letter", "/addresses/{bounce}")


def expected(route: Route) -> Permission | None:
    """What the table under B says; the tab and the list of letters are for all who see the client."""
    if route.path.startswith("/staff/settings"):
        return Permission.PORTAL_SETTINGS
    if route.path.startswith("/staff") and (writes(route) or route.path.endswith(_ASKING)):
        return Permission.PORTAL_ACCESS
    return None


@pytest.mark.parametrize("route", HERE, ids=name_of)
def test_every_route_asks_for_its_permission(route: Route) -> None:
    place = route.path.split("/")[1]
    assert route.endpoint.door == {"staff": "staff", "offers": "client"}.get(place, "anyone")  # type: ignore[attr-defined]
    assert route.endpoint.permission == expected(route)  # type: ignore[attr-defined]


def strangers(route: Route) -> list[tuple[str, int]]:
    """Who may not, and what they are answered; 0 is being asked to sign in."""
    endpoint = route.endpoint
    if endpoint.door != "staff":  # type: ignore[attr-defined]
        return []
    found = [("", 0), ("sam", 0), ("dana", 0), ("ravi", 0)]
    if any(place in route.path for place in ("{client}", "{letter}", "{bounce}")):
        found.append(("theo", 404))
    found += [(name, 403) for name in LACKING.get(endpoint.permission, ())]  # type: ignore[attr-defined]
    return found


MATRIX = [(route, who, status) for route in HERE for who, status in strangers(route)]


@pytest.mark.parametrize(
    ("route", "who", "status"), MATRIX, ids=[f"{name_of(r)} by {w or 'nobody'}" for r, w, _ in MATRIX]
)
async def test_a_stranger_changes_nothing(scene: Scene, route: Route, who: str, status: int) -> None:
    desk = scene.desk
    person = await desk.person(who) if who else desk.browser()
    before, noted = await state(desk)
    answer = await ask(scene, route, person)
    if status:
        assert answer.status_code == status
    elif writes(route):
        assert answer.status_code == 401
    else:
        assert answer.headers["location"].startswith("/sign-in")
    for told in (scene.chart.email, scene.chart.last):
        assert told not in answer.text
    # Being led to the sign-in is no refusal yet.
    assert await state(desk) == (before, noted + (1 if status or writes(route) else 0))


@pytest.mark.parametrize("route", [route for route in HERE if writes(route)], ids=name_of)
async def test_a_page_of_another_site_changes_nothing(scene: Scene, route: Route) -> None:
    desk = scene.desk
    person = await desk.person("ada")
    before, noted = await state(desk)
    for site in ("cross-site", "same-site", "none"):
        assert (await ask(scene, route, person, **{"Sec-Fetch-Site": site})).status_code == 403
    assert await state(desk) == (before, noted + 3)


@pytest.mark.parametrize("who", MAY[Permission.PORTAL_ACCESS])
async def test_those_who_may_see_and_act(scene: Scene, who: str) -> None:
    """The same requests, by those whose role includes it."""
    person = await scene.desk.person(who)
    tab = await person.get(scene.chart.tab)
    assert tab.status_code == 200
    assert "Your role doesn’t include managing portal access." not in tab.text
    assert (await person.get(f"{scene.chart.tab}/letter")).status_code == 200
    for path in ("resets", "removals", "accesses"):
        answer = await scene.desk.act(scene.chart, path, by=who, holder=scene.account)
        assert answer.status_code == 303, answer.text
    assert (await person.post(f"/staff/mail/{scene.letter}/retry")).status_code == 303


@pytest.mark.parametrize("who", ["idris", "grace"])
async def test_those_who_may_look_only_are_told_so(scene: Scene, who: str) -> None:
    person = await scene.desk.person(who)
    tab = await person.get(scene.chart.tab)
    assert tab.status_code == 200
    assert "Your role doesn’t include managing portal access." in tab.text
    assert f'action="{scene.chart.tab}' not in tab.text


async def test_the_settings_are_the_administrators(scene: Scene) -> None:
    ada = await scene.desk.person("ada")
    assert (await ada.get("/staff/settings/portal")).status_code == 200
    preview = await ada.post("/staff/settings/portal/preview", **_words(scene))
    assert preview.status_code == 200
    assert "Hello Ada" in preview.text
    sent = await ada.post("/staff/settings/portal/sample", **_words(scene))
    assert sent.status_code == 200
    await scene.desk.letter(scene.desk.cast.email["staff", "ada"], "Sample: Your account")
    for name in LACKING[Permission.PORTAL_SETTINGS]:
        page = await (await scene.desk.person(name)).get("/staff/today")
        assert "/staff/settings/portal" not in page.text


async def test_there_is_no_first_run_where_there_is_a_practice(scene: Scene) -> None:
    stranger = scene.desk.browser()
    assert (await stranger.get("/start")).status_code == 404
    assert (await stranger.post("/start", code="0000-0000-0000-0000")).status_code == 404
