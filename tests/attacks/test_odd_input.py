"""Whatever stands in an address or a header: a clear answer, never a fault of ours; and a fault tells nothing."""

from __future__ import annotations

import ast
import base64
import re
from functools import cache
from urllib.parse import quote
from uuid import uuid4

import httpx2
import pytest
from starlette.routing import Route

from tests.cast import Person
from tests.deployment import Deployment
from tests.laws.samples import ALL_ROUTES, is_write, name_of, sample_of
from tests.laws.test_structure import MODULES, tree


@pytest.fixture(params=["embedded", "full"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def people() -> dict[tuple[int, str], Person]:
    return {}


async def person(deployment: Deployment, people: dict[tuple[int, str], Person], name: str) -> Person:
    """Somebody who stays signed in from test to test."""
    known = (id(deployment), name)
    if known not in people:
        people[known] = await deployment.cast.sign_in(name) if name else deployment.cast.stranger()
    return people[known]


def is_clear(answer: httpx2.Response, about: str) -> None:
    assert answer.status_code < 500, f"{about[:200]}: {answer.status_code}"
    assert "Traceback" not in answer.text and "sqlalchemy" not in answer.text


# --- Addresses ---------------------------------------------------------------------------------


def token(text: str) -> str:
    """A place in a list, as the addresses of pages have it."""
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


NO_ID = str(uuid4())
# In a path, and after a question mark.
PLACES = {
    "NUL": "a%00b",
    "a NUL after an id": f"{NO_ID}%00",
    "5,000 digits": "9" * 5000,
    "half a character": "%ED%A0%80",
    "letters without end": "a" * 9000,
    "a way out": "..%2F..%2F..%2Fetc%2Fpasswd",
}
VALUES = {
    "NUL": "a%00b",
    "beyond a bigint": str(2**63),
    "700 digits": "9" * 700,
    "a superscript": quote("²"),
    "a page after a NUL": token(f"a\x00b\n{NO_ID}"),
    "a page after the end of time": f"{'9' * 200}.{NO_ID}",
    "a page before time": f"-{'9' * 18}.{NO_ID}",
}
READS = [route for route in ALL_ROUTES if not is_write(route)]


@cache
def asked_names() -> list[str]:
    """Every name that the code takes from an address, and those that its links write."""
    found: set[str] = set()
    for module in MODULES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                (".query", "query_params.get", "number_in")
            ):
                found |= {one.value for one in node.args if isinstance(one, ast.Constant)}
        found |= set(re.findall(r"[?&]([a-z]+)=", ast.unparse(tree(module))))
    return sorted({*found, "q", "show", "after", "before", "at", "waited"} - {""})


def test_the_names_in_addresses_are_found() -> None:
    assert {"after", "before", "at", "client", "people", "template", "next"} <= set(asked_names())


@pytest.mark.parametrize("route", READS, ids=name_of)
async def test_an_odd_address_is_answered(
    deployment: Deployment, people: dict[tuple[int, str], Person], route: Route
) -> None:
    """Each odd value in every place of the path, and at each name that any page takes."""
    sample = sample_of(route)
    who = await person(deployment, people, sample.who)
    await sample.find(deployment.cast)
    right = sample.path(route, deployment.cast)
    for name, odd in VALUES.items():
        asked = "&".join(f"{one}={odd}" for one in asked_names())
        answer = await who.get(f"{right}?{asked}", **sample.headers)
        is_clear(answer, f"{name}: {right}?{asked}")
    for name, odd in PLACES.items() if "{" in route.path else ():
        answer = await who.get(re.sub(r"\{[^}]+\}", odd, route.path), **sample.headers)
        is_clear(answer, f"{name}: {route.path}")
        assert answer.status_code in (200, 303, 400, 404, 414), name


@pytest.mark.parametrize("route", [r for r in ALL_ROUTES if is_write(r) and "{" in r.path], ids=name_of)
async def test_an_odd_path_changes_nothing(
    deployment: Deployment, people: dict[tuple[int, str], Person], route: Route
) -> None:
    sample = sample_of(route)
    who = await person(deployment, people, sample.who)
    for name in ("NUL", "half a character"):
        answer = await who.post(
            re.sub(r"\{[^}]+\}", PLACES[name], route.path), **sample.form(deployment.cast)
        )
        is_clear(answer, f"{name}: {route.path}")
        assert answer.status_code >= 400, name


async def test_an_odd_address_without_a_route_is_answered(deployment: Deployment) -> None:
    nobody = deployment.cast.stranger()
    for odd in (*PLACES.values(), *VALUES.values()):
        for path in (
            f"/{odd}",
            f"/static/v/{odd}",
            f"/welcome/{odd}",
            f"/reset/{odd}",
            f"/sign-in?next=/{odd}",
        ):
            is_clear(await nobody.get(path), path)


@pytest.mark.parametrize("referer", ["http://[half", "//[", "http://a]/b"])
async def test_an_odd_page_to_go_back_to_is_none(deployment: Deployment, referer: str) -> None:
    dana = await deployment.cast.sign_in("dana")
    for path, form in (("/theme", {"theme": "dark"}), ("/language", {"lang": "en"})):
        answer = await dana.post(path, None, {"Referer": referer}, **form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


# --- Headers -----------------------------------------------------------------------------------

HEADERS = [
    ("Accept-Language", "es-" * 5000),
    ("Accept-Language", ",".join(["xx;q=" + "9" * 300] * 60)),
    ("Accept-Language", ";;;,,,=\u00e9"),
    ("Referer", "http://[half-an-address"),
    ("Referer", "http://" + "a" * 8000),
    ("Referer", "\u00e9://\u00ff"),
    ("Cookie", "portal-client=" + "é" * 60),
    ("Cookie", 'portal-staff="\\000\\377' + "a" * 40 + '"; portal-device="\\000' + "b" * 30 + '"'),
    ("Cookie", "portal-language=\u00ff; portal-half=" + "%00" * 20 + "; =; ;;"),
    ("Cookie", "; ".join(f"c{n}={n}" for n in range(2000))),
    ("User-Agent", "\u00ff\u00fe" * 2000),
    ("X-Forwarded-For", "::1%é, not an address"),
    ("Content-Type", "application/x-www-form-urlencoded; charset=\u00ff"),
    ("HX-Request", "true" * 500),
    ("Origin", "http://[half"),
]


@pytest.mark.parametrize(("name", "value"), HEADERS, ids=[f"{n} {i}" for i, (n, _) in enumerate(HEADERS)])
async def test_an_odd_header_is_answered(deployment: Deployment, name: str, value: str) -> None:
    await deployment.sql("delete from throttle")
    async with httpx2.AsyncClient(timeout=30) as browser:
        own = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        headers = [(k.encode(), v.encode("latin-1")) for k, v in (own | {name: value}).items()]
        base, email = deployment.bases[0], quote(deployment.cast.email["client", "sam"])
        for path in (
            "/",
            "/sign-in",
            "/home",
            "/staff/today",
            "/welcome/birth-date",
            "/forgot",
            "/up",
            "/nowhere",
        ):
            is_clear(await browser.get(base + path, headers=headers), path)
        for path, body in (
            ("/sign-in", f"email={email}&password=a+guess"),
            ("/language", "lang=es"),
            ("/theme", "theme=dark"),
            ("/welcome", "token=" + "x" * 43),
            ("/welcome/birth-date", "date_of_birth=2001-01-01"),
            ("/forgot", f"email={email}"),
        ):
            is_clear(await browser.post(base + path, content=body, headers=headers), path)


# --- A fault of ours tells nothing -------------------------------------------------------------


async def test_a_fault_logs_no_token_and_nobodys_words(full: Deployment) -> None:
    """Faults that nobody foresaw: the table of the links is gone, and the database does not take a name."""
    secret, miriam = "Xq" * 20 + "abc", await full.cast.sign_in("miriam")
    await full.sql("alter table invitation rename to invitation_away")
    await full.sql("alter table reset rename to reset_away")
    try:
        for place in ("welcome", "reset"):
            answer = await full.cast.stranger().get(f"/{place}/{secret}")
            assert answer.status_code == 500 and "Something went wrong on our side" in answer.text
    finally:
        await full.sql("alter table invitation_away rename to invitation")
        await full.sql("alter table reset_away rename to reset")
    # Whole again, the same link is answered.
    assert (await full.cast.stranger().get(f"/welcome/{secret}")).status_code == 200
    form = {"key": str(uuid4()), "first_name": "Quagmire", "last_name": "Unheard"}
    await full.sql("alter table client add constraint odd check (first_name <> 'Quagmire') not valid")
    try:
        assert (await miriam.post("/staff/clients", **form)).status_code == 500
    finally:
        await full.sql("alter table client drop constraint odd")
    assert (await miriam.post("/staff/clients", **form)).status_code == 303
    told = full.log(0)
    assert told.count('"unexpected"') >= 3
    assert "portal.routes.public.welcome.open_link" in told and "CheckViolationError" in told
    for word in (secret, "Quagmire", "Unheard"):
        assert word not in told


# What may be said in a log beside a fixed text: how it is called, and why it holds nobody's words.
LOGGED = {
    "reason": "the kind of an error and its place, or a code of ours",
    "error": "the kind of an error",
    "reasons": "regions by name, with the kind of an error each",
    "at": "the name of a function",
    "what": "a word of ours",
    "loop": "a word of ours",
    "queue": "a word of ours",
    "task": "a word of ours",
    "status": "a number",
    "pages": "a number",
    "letter": "an id",
    "device": "an id",
    "item": "an id",
    "exc_info": "by its kind and its way, see portal/logs.py",
    "go_to": "an address of ours",
    "one_time_code": "of the first run, where there is nobody yet",
}


def test_what_is_logged_holds_nobodys_words() -> None:
    named, quoted = set(), []
    for module in MODULES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log."):
                assert isinstance(node.args[0], ast.Constant), (
                    f"{module}:{node.lineno} logs what is not fixed"
                )
                named |= {one.arg for one in node.keywords}
                said = [ast.unparse(one.value) for one in node.keywords]
                quoted += [(module, text) for text in said if "str(reason)" in text or "scope[" in text]
    assert named == set(LOGGED)
    # A code of ours: `Trouble` says "refused", "unreachable" and the like.
    assert quoted == [("portal.mail.mailbox", "str(reason)[:60]")]
