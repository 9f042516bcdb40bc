"""Whatever is sent to a route that writes: a clear answer, nothing changed, one line in the audit log, never a 500."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio
from starlette.routing import Route

from tests.cast import Person
from tests.deployment import Deployment
from tests.laws.sample import Sample, is_write, name_of
from tests.laws.samples import ALL_ROUTES, WRITES, sample_of
from tests.laws.stage import Stage
from tests.laws.test_strangers import MAY_CHANGE

MOST = 1024 * 1024  # bytes of a body
FORM = "application/x-www-form-urlencoded"

# A route of its own for those who are not signed in: it notes a refusal only where somebody was refused.
SIGNED = [route for route in WRITES if sample_of(route).who]
WITH_FORM = [route for route in SIGNED if sample_of(route).form.__name__ != "<lambda>"]


@pytest.fixture(scope="module", params=["embedded", "full"])
def quiet(request: pytest.FixtureRequest) -> Deployment:
    return request.getfixturevalue(request.param)


@pytest_asyncio.fixture(scope="module")
async def stage(quiet: Deployment) -> Stage:
    """Everybody stays signed in after a refusal: they need no session of their own for the next try."""
    stage = Stage(quiet)
    await stage.has_news()
    return stage


@pytest.fixture
def deployment(stage: Stage) -> Deployment:
    return stage.deployment


async def at_rest(deployment: Deployment) -> dict[str, str]:
    """Return what is there, once the worker has done with what was written before."""
    await Stage(deployment).settled()
    return await deployment.contents(MAY_CHANGE)


async def post(person: Person, path: str, body: bytes | str, **headers: str) -> httpx2.Response:
    """A body as it stands, which no form of a browser would make."""
    sent = {"Content-Type": FORM, "Sec-Fetch-Site": "same-origin"} | headers
    return await person.browser.post(person.base() + path, content=body, headers=sent)


Body = Callable[[dict[str, str]], bytes | str]


async def are_refused(stage: Stage, route: Route, tries: dict[str, tuple[Body, int, dict[str, str]]]) -> None:
    """Each try is a body made of the sample's form, a status and headers. All are refused, and no more than that."""
    sample, deployment = sample_of(route), stage.deployment
    person = await stage.person(sample.who)
    await sample.find(deployment.cast)
    path = sample.path(route, deployment.cast)
    before, noted = await at_rest(deployment), await deployment.audited()
    for name, (body, status, headers) in tries.items():
        answer = await post(person, path, body(sample.form(deployment.cast)), **headers)
        assert answer.status_code == status, f"{name}: {answer.status_code} {answer.text}"
        assert "Traceback" not in answer.text and "sql" not in answer.text.lower(), name
        now = await deployment.audited()
        assert now == {"done": noted["done"], "refused": noted["refused"] + 1}, name
        noted = now
    assert await deployment.contents(MAY_CHANGE) == before


BODIES: dict[str, tuple[Body, int]] = {
    "a field nobody knows": (lambda form: urlencode(form | {"is_admin": "1"}), 400),
    "a field twice": (lambda form: urlencode([*form.items(), *list(form.items())[:1], ("x", ""), ("x", "")]), 400),
    "a NUL": (lambda form: urlencode(form | {"body": "a\x00b"}), 400),
    "what is no UTF-8": (lambda form: urlencode(form).encode() + b"&x=\xff\xfe", 400),
    "no form at all": (lambda form: "just words", 400),
    "fields without end": (lambda form: urlencode([(f"f{n}", "") for n in range(200)]), 400),
    "a body too large by one byte": (lambda form: "body=" + "a" * (MOST - 4), 413),
}
KINDS = ["application/json", "multipart/form-data; boundary=x", "text/plain", "x" * 300]


@pytest.mark.parametrize("route", SIGNED, ids=name_of)
async def test_a_body_that_no_form_makes(stage: Stage, route: Route) -> None:
    tries = {name: (body, status, {}) for name, (body, status) in BODIES.items()}
    await are_refused(stage, route, tries)


@pytest.mark.parametrize("route", WITH_FORM, ids=name_of)
async def test_another_kind_of_body(stage: Stage, route: Route) -> None:
    await are_refused(stage, route, {kind: (urlencode, 415, {"Content-Type": kind}) for kind in KINDS})


@pytest.mark.parametrize("route", SIGNED, ids=name_of)
async def test_a_write_must_say_where_it_comes_from(stage: Stage, route: Route) -> None:
    sample, deployment = sample_of(route), stage.deployment
    person = await stage.person(sample.who)
    await sample.find(deployment.cast)
    before, noted = await at_rest(deployment), await deployment.audited()
    form = sample.form(deployment.cast)
    answer = await person.browser.post(person.base() + sample.path(route, deployment.cast), data=form)
    assert answer.status_code == 403
    assert await deployment.contents(MAY_CHANGE) == before
    assert (await deployment.audited())["refused"] == noted["refused"] + 1


async def test_an_old_browser_says_so_by_its_origin(deployment: Deployment) -> None:
    person = await deployment.cast.sign_in("miriam")
    for origin, status in ((person.base(), 204), ("https://evil.example", 403), ("null", 403)):
        answer = await person.browser.post(f"{person.base()}/session", headers={"Origin": origin})
        assert answer.status_code == status, origin


# --- Ids ---------------------------------------------------------------------------------------

OF_A_RECORD = [route for route in ALL_ROUTES if "{" in route.path and not route.path.startswith("/static")]


NOBODYS = str(uuid4())
IDS = [
    *("0", "-1", "not-an-id", NOBODYS, f"{NOBODYS}%00", "%00", "%ED%A0%80", "%F0%9F%8C%BF"),
    *("..%2f..%2fetc", "01'or'1'='1", "9" * 3000, "a" * 3000),
]


@pytest.mark.parametrize("route", OF_A_RECORD, ids=name_of)
async def test_an_id_that_is_none(stage: Stage, route: Route) -> None:
    """Answer as for what is not theirs, in each place where an id can stand, and change nothing."""
    sample, deployment = sample_of(route), stage.deployment
    person = await stage.person(sample.who)
    await sample.find(deployment.cast)
    before = await at_rest(deployment)
    parts = sample.path(route, deployment.cast).split("/")
    form = urlencode(sample.form(deployment.cast))
    for place, name in enumerate(route.path.split("/")):
        for wrong in IDS if name.startswith("{") else ():
            if (name, wrong) == ("{day}", NOBODYS):
                continue  # as a day that a colleague has just removed
            path = "/".join([*parts[:place], wrong, *parts[place + 1 :]])
            answer = await (post(person, path, form) if is_write(route) else person.get(path))
            assert answer.status_code == 404, f"{path[:120]}: {answer.status_code}"
    assert await deployment.contents(MAY_CHANGE) == before


# --- What people may type ---------------------------------------------------------------------------

TOO_LONG = [
    ("POST /staff/clients", {"first_name": "a" * 61}),
    ("POST /staff/clients", {"last_name": ""}),
    ("POST /staff/clients", {"last_name": "   "}),
    ("POST /staff/clients", {"email": "a" * 250 + "@example.com"}),
    ("POST /staff/clients", {"email": "nobody"}),
    ("POST /staff/clients", {"date_of_birth": "2001-02-30"}),
    ("POST /staff/clients", {"date_of_birth": "1066-10-14"}),
    ("POST /staff/clients", {"date_of_birth": "2999-01-01"}),
    ("POST /staff/clients", {"phone": "5" * 41}),
    ("POST /staff/clients", {"address": "a" * 301}),
    ("POST /staff/clients", {"key": "not-a-key"}),
    ("POST /staff/clients", {"therapist": "nobody"}),
    ("POST /staff/clients/{client}", {"first_name": ""}),
    ("POST /staff/clients/{client}", {"phone": "5" * 41}),
    ("POST /staff/clients/{client}/conversations", {"audience": ""}),
    ("POST /clients/{client}/conversations", {"audience": "confidential"}),
    ("POST /clients/{client}/conversations/{conversation}/messages", {"body": ""}),
    ("POST /clients/{client}/conversations/{conversation}/messages", {"body": " \n "}),
    ("POST /clients/{client}/conversations/{conversation}/messages", {"body": "a" * 10_001}),
    ("POST /clients/{client}/conversations/{conversation}/messages", {"key": "x"}),
    ("POST /staff/clients/{client}/conversations/{conversation}/messages", {"body": "a" * 10_001}),
    ("POST /staff/clients/{client}/conversations/{conversation}/reading", {"number": "-1"}),
    ("POST /staff/clients/{client}/conversations/{conversation}/reading", {"number": str(2**31)}),
    ("POST /clients/{client}/conversations/{conversation}/reading", {"number": "many"}),
    ("POST /clients/{client}/conversations/{conversation}/reading", {"number": "1e3"}),
]


@pytest.mark.parametrize(("name", "wrong"), TOO_LONG, ids=[f"{n} {next(iter(w))}" for n, w in TOO_LONG])
async def test_a_value_that_can_not_be(deployment: Deployment, name: str, wrong: dict[str, str]) -> None:
    """Said beside the field, with what was typed kept; nothing is saved."""
    route = next(route for route in WRITES if name_of(route) == name)
    sample: Sample = replace(sample_of(route))
    person = await deployment.cast.sign_in(sample.who)
    before = await at_rest(deployment)
    path, form = sample.path(route, deployment.cast), sample.form(deployment.cast) | wrong
    answer = await person.post(path, **form)
    assert answer.status_code == 422, answer.text
    assert await deployment.contents(MAY_CHANGE) == before


async def test_what_is_just_short_enough_is_taken(deployment: Deployment) -> None:
    dana, noa = await deployment.cast.sign_in("dana"), deployment.cast.client["noa"]
    path = f"/clients/{noa}/conversations/{deployment.cast.conversation['noa clinical']}/messages"
    for body in ("a" * 10_000, "<script>alert(1)</script> {{ 7 * 7 }} %(name)s", "\u202eback\u202c \U0001f9a1 ع"):
        answer = await dana.send(path, key=str(uuid4()), body=body)
        assert answer.status_code == 201, answer.text
        assert "<script" not in answer.text and " 49 " not in answer.text


async def test_a_password_of_a_megabyte_is_wrong_soon(deployment: Deployment) -> None:
    nobody, before = deployment.cast.stranger(), await at_rest(deployment)
    email = deployment.cast.email["client", "walter"]
    form = urlencode({"email": email, "password": "a" * (MOST - 200)})
    async with asyncio.timeout(10):
        answer = await post(nobody, "/sign-in", form)
    assert 400 <= answer.status_code < 500
    assert await deployment.contents(MAY_CHANGE) == before


@pytest.mark.parametrize("host", ["evil.example", "localhost", "localhost:1", "localhost:80@evil.example"])
async def test_another_host_is_not_served(deployment: Deployment, host: str) -> None:
    nobody, noted = deployment.cast.stranger(), await deployment.audited()
    answer = await nobody.get("/sign-in", Host=host)
    assert answer.status_code == 400
    assert (await deployment.audited())["refused"] == noted["refused"] + 1
