"""Whatever stands in an address or a header: a clear answer, never a fault of ours; and a fault tells nothing."""

import ast
import base64
import datetime as dt
import re
from collections.abc import AsyncIterator
from functools import cache
from urllib.parse import quote
from uuid import uuid4

import httpx2
import pytest
from starlette.routing import Route

from portal.crypto import digest
from tests.cast import Person
from tests.deployment import Deployment, command, own_practice
from tests.html import parse
from tests.laws.sample import is_write, name_of
from tests.laws.samples import ALL_ROUTES, sample_of
from tests.laws.test_structure import MODULES, tree
from tests.messages.thread import begin
from tests.notices.brings import a_device
from tests.people.contacts import link_of


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
    """Each odd value at each name that any page takes; in the path they are tried by laws/test_bad_input.py."""
    sample = sample_of(route)
    who = await person(deployment, people, sample.who)
    await sample.find(deployment.cast)
    right = sample.path(route, deployment.cast)
    for name, odd in VALUES.items():
        asked = "&".join(f"{one}={odd}" for one in asked_names())
        answer = await who.get(f"{right}?{asked}", **sample.headers)
        is_clear(answer, f"{name}: {right}?{asked}")


async def test_an_odd_address_without_a_route_is_answered(deployment: Deployment) -> None:
    nobody = deployment.cast.stranger()
    for odd in (*PLACES.values(), *VALUES.values()):
        for path in (f"/{odd}", f"/static/v/{odd}", f"/welcome/{odd}", f"/reset/{odd}", f"/sign-in?next=/{odd}"):
            is_clear(await nobody.get(path), path)


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
        for path in ("/", "/sign-in", "/home", "/staff/today", "/welcome/birth-date", "/forgot", "/up", "/nowhere"):
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
    assert "portal.routes.public.access.welcome.open_link" in told and "CheckViolationError" in told
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
                assert isinstance(node.args[0], ast.Constant), f"{module}:{node.lineno} logs what is not fixed"
                named |= {one.arg for one in node.keywords}
                said = [ast.unparse(one.value) for one in node.keywords]
                quoted += [(module, text) for text in said if "str(reason)" in text or "scope[" in text]
    assert named == set(LOGGED)
    # A code of ours: `Trouble` says "refused", "unreachable" and the like.
    assert quoted == [("portal.mail.mailbox", "str(reason)[:60]")]


# --- A row that can't be opened is one row -----------------------------------------------------

SAYS_SO = "This can’t be opened with the keys at hand."


own = own_practice()  # it is broken here and there


async def break_one(deployment: Deployment, table: str, column: str, id: object) -> None:
    """Alter the last byte of a sealed value, as a bad disk does; done twice it is whole again."""
    box = bytearray((await deployment.row(table, str(id)))[column])
    box[-1] ^= 1
    await deployment.sql(f"update {table} set {column} = :box where id = :id", box=bytes(box), id=id)


async def shows(who: Person, path: str, *others: str, says: str = SAYS_SO) -> str:
    """The page is there, says of one row that it can't be opened, and shows the others."""
    answer = await who.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    for text in (says, *others):
        assert text in answer.text, f"{path}: {text}"
    return answer.text


async def test_a_date_of_birth_that_cant_be_opened(own: Deployment) -> None:
    miriam, dana = await own.cast.sign_in("miriam"), await own.cast.sign_in("dana")
    noa, eli = own.cast.client["noa"], own.cast.client["eli"]
    await break_one(own, "client", "date_of_birth_sealed", noa)
    await shows(miriam, "/staff/clients", "Eli", "Sam")
    await shows(dana, f"/clients/{eli}/home", "Eli", "Noa")
    await shows(miriam, f"/staff/clients/{noa}", "Noa")
    assert (await miriam.get(f"/staff/clients/{eli}")).status_code == 200
    await break_one(own, "client", "date_of_birth_sealed", noa)
    assert SAYS_SO not in (await miriam.get(f"/staff/clients/{noa}")).text


BORN_AGAIN = "The date of birth can’t be opened with the keys at hand. Enter it again."
LIVE = (
    "select id from access where account_id = :account and client_id = :client "
    "and (until_at is null or until_at > :now)"
)


@pytest.fixture
async def unborn(own: Deployment) -> AsyncIterator[str]:
    """The chart of a minor whose date of birth can't be opened, and is as it was afterwards."""
    noa = own.cast.client["noa"]
    box = bytes((await own.row("client", noa))["date_of_birth_sealed"])
    await break_one(own, "client", "date_of_birth_sealed", noa)
    yield noa
    await own.sql("update client set date_of_birth_sealed = :box where id = :id", box=box, id=noa)


async def enter(own: Deployment, miriam: Person, client: str, **details: str) -> None:
    """Send the form of a chart as it is on file, with these details."""
    kept = await own.row("client", client)
    form = {name: kept[name] or "" for name in ("first_name", "last_name", "email")}
    assert (await miriam.post(f"/staff/clients/{client}", **form | details)).status_code == 303


async def test_access_is_taken_away_whatever_the_date_of_birth(own: Deployment, unborn: str) -> None:
    miriam, ada = await own.cast.sign_in("miriam"), await own.cast.sign_in("ada")
    here, dana = f"/staff/clients/{unborn}/portal", own.cast.account["dana"]

    async def sees() -> bool:
        return bool(await own.sql(LIVE, account=dana, client=unborn, now=own.now))

    async def act(who: Person, what: str, **form: str) -> None:
        answer = await who.post(f"{here}/{what}", key=str(uuid4()), **form)
        assert answer.status_code == 303, f"{what}: {answer.status_code} {answer.text}"

    await shows(miriam, here, "Dana", f"{unborn}/edit#field-date_of_birth", says=BORN_AGAIN)
    await act(miriam, "resets", holder=dana)
    await act(miriam, "removals", holder=dana)
    assert not await sees()
    await shows(miriam, here, says=BORN_AGAIN)
    await act(miriam, "accesses", account=dana)
    assert await sees(), "a mother's access does not hang on the date"
    # Nobody is invited to say a date that nobody knows.
    invited = await miriam.post(f"{here}/invitations", key=str(uuid4()), holder="client")
    assert invited.status_code == 409, invited.status_code
    await act(ada, "removals/all", holder=dana)
    assert not await sees()
    for child in ("noa", "eli"):
        back = f"/staff/clients/{own.cast.client[child]}/portal/accesses"
        assert (await miriam.post(back, key=str(uuid4()), account=dana)).status_code == 303


async def test_a_date_of_birth_that_cant_be_opened_is_entered_again(own: Deployment, unborn: str) -> None:
    miriam = await own.cast.sign_in("miriam")
    chart = f"/staff/clients/{unborn}"
    why = "Date of birth: what is on file can’t be opened with the keys at hand"
    page = await shows(miriam, f"{chart}/edit", says=why)
    field = re.search(r'<input[^>]*name="date_of_birth"[^>]*>', page)
    assert field and not re.search(r'value="[^"]', field[0])
    # Left empty it stays as it is: the right key file may open it yet.
    box = (await own.row("client", unborn))["date_of_birth_sealed"]
    await enter(own, miriam, unborn, phone="555 0142", date_of_birth="")
    assert (await own.row("client", unborn))["date_of_birth_sealed"] == box
    await shows(miriam, chart, "555 0142")
    await enter(own, miriam, unborn, phone="555 0142", date_of_birth="2015-03-04")
    page = (await miriam.get(f"{chart}/edit")).text
    assert 'value="2015-03-04"' in page and why not in page
    assert BORN_AGAIN not in (await miriam.get(f"{chart}/portal")).text


async def test_the_ages_for_minors_are_saved_whatever_one_row_holds(own: Deployment, unborn: str) -> None:
    ada = await own.cast.sign_in("ada")

    async def ages(majority: int) -> None:
        form = {"own_account_age": "14", "majority_age": str(majority), "sure": "on"}
        answer = await ada.post("/staff/settings/minors", **form)
        assert answer.status_code == 200 and "Saved." in answer.text, answer.status_code

    async def ends(client: str) -> list[str]:
        rows = await own.sql(
            "select of_age_at from contact_link where client_id = :id and guardian and of_age_at is not null", id=client
        )
        return sorted(str(row["of_age_at"])[:4] for row in rows)

    eli = own.cast.client["eli"]
    before, others = await ends(unborn), await ends(eli)
    aside = "select item from stuck where queue = 'coming of age'"
    try:
        await ages(19)
        assert await ends(unborn) == before and others and await ends(eli) == [str(int(y) + 1) for y in others]
        set_aside = {str(row["item"]) for row in await own.sql(aside)}
        ties = await own.sql(
            "select id from contact_link where client_id = :id and guardian and until_at > :now", id=unborn, now=own.now
        )
        assert set_aside == {str(row["id"]) for row in ties} != set()
        # Once the date is there again, so is the end.
        await enter(own, await own.cast.sign_in("miriam"), unborn, date_of_birth="2015-03-04")
        assert set(await ends(unborn)) == {"2034"} and not await own.sql(aside)
    finally:
        await ages(18)


async def test_a_date_of_birth_that_cant_be_opened_matches_no_try(own: Deployment, unborn: str) -> None:
    """And what protects minors goes on for who may be one."""
    cast = own.cast
    miriam, dana = await cast.sign_in("miriam"), await cast.sign_in("dana")
    for who, path in (
        (miriam, f"/staff/clients/{unborn}/contacts"),
        (miriam, f"/staff/clients/{unborn}/messages"),
        (dana, f"/clients/{unborn}/messages"),
    ):
        is_clear(await who.get(path), path)
    link, token = uuid4(), "u" * 43
    await own.sql(
        "insert into invitation (id, client_id, contact_link_id, email, email_key, language, token_hash, sent_by, "
        "sent_at, expires_at, tries) select :id, l.client_id, l.id, c.email, c.email_key, 'en', :hash, :by, :now, "
        ":later, 0 from contact_link l join contact c on c.id = l.contact_id where l.id = :tie",
        id=link,
        tie=await link_of(own, "Dana", "Noa"),
        hash=digest(token),
        by=cast.staff["miriam"],
        now=own.now,
        later=own.now + dt.timedelta(days=3),
    )
    browser = cast.stranger()
    assert (await browser.post("/welcome", token=token)).headers["location"] == "/welcome/birth-date"
    answer = await browser.post("/welcome/birth-date", date_of_birth="2015-03-04")
    assert answer.status_code == 422 and "That isn’t the date we have on file." in answer.text
    await own.sql("delete from half_session where invitation_id = :id", id=link)
    await own.sql("delete from invitation where id = :id", id=link)


async def test_a_message_that_cant_be_opened(own: Deployment) -> None:
    noa, (thread, (miriam, dana)) = own.cast.client["noa"], await begin(own, "miriam", "dana")
    broken, place = await thread.write(dana, "One that will break."), thread.path(dana)
    later = [
        await thread.write(dana, "One that stays."),
        await thread.write(dana, "An answer to it.", reply_to=broken),
    ]
    await break_one(own, "message", "body_sealed", broken)
    for who, at in ((dana, place), (miriam, f"/staff{place}"), (miriam, f"/staff/inbox/{thread.id}")):
        await shows(who, at, "One that stays.", "An answer to it.")
    led = (await dana.post(f"{place}/search", q="keys")).headers["location"]
    found = [one.text for one in parse((await dana.get(led)).text).walk() if "found" in one.classes]
    assert not [text for text in found if "One that will break" in text or SAYS_SO in text]
    # As the newest one, in every list that shows how a conversation ends.
    for message in later:
        await break_one(own, "message", "body_sealed", message)
    await shows(dana, f"/clients/{noa}/messages")
    await shows(miriam, f"/staff/clients/{noa}/messages")
    await shows(miriam, "/staff/inbox")
    await dana.post("/language", lang="es")
    await shows(dana, place, says="Esto no se puede abrir con las claves disponibles.")
    # What is written next arrives.
    await thread.write(dana, "And on it goes.")


async def test_what_a_message_said_before_that_cant_be_opened(own: Deployment) -> None:
    thread, (miriam,) = await begin(own, "miriam", thread="eli clinical")
    message = await thread.write(miriam, "Said at first.")
    for body in ("Said then.", "Said at last."):
        assert (await thread.edit(miriam, message, body)).status_code < 400
    kept = await own.sql("select id from message_version where message_id = :id order by until_at", id=message)
    await break_one(own, "message_version", "body_sealed", kept[0]["id"])
    await shows(miriam, f"{thread.path(miriam)}/messages/{message}", "Said then.", "Said at last.")


async def test_a_contact_a_template_a_note_a_letter_that_cant_be_opened(own: Deployment) -> None:
    cast = own.cast
    miriam, ada, eli = await cast.sign_in("miriam"), await cast.sign_in("ada"), cast.client["eli"]
    links = await own.sql(
        "select l.id, l.contact_id, c.name from contact_link l join contact c on c.id = l.contact_id "
        "where l.client_id = :eli and c.phone_sealed is not null",
        eli=eli,
    )
    await break_one(own, "contact", "phone_sealed", links[0]["contact_id"])
    await shows(miriam, f"/staff/clients/{eli}/contacts", *(row["name"] for row in links))
    await shows(miriam, f"/staff/clients/{eli}/contacts/{links[0]['id']}", says="Phone: what is on file can’t be")
    # What was agreed: the log is never changed, so a row that was broken from the start stands in it.
    await own.sql(
        "insert into audit (id, at, side, action, record_id, result, details_sealed) "
        "values (:id, :now, 'staff', 'change contact', :link, 'done', :box)",
        id=uuid4(),
        now=own.now,
        link=links[0]["id"],
        box=b"\x01\x04abcdbroken",
    )
    await shows(miriam, f"/staff/clients/{eli}/contacts/{links[0]['id']}/history")
    for row in await own.sql("select id from message_template where staff_id is null limit 1"):
        await break_one(own, "message_template", "body_sealed", row["id"])
    await shows(miriam, "/staff/templates")
    thread = cast.conversation["eli clinical"]
    for body in ("A note that will break.", "A note that stays."):
        noted = await miriam.post(f"/staff/inbox/{thread}/notes", body=body, key=str(uuid4()))
        assert noted.status_code < 400, noted.text
    notes = await own.sql("select id from note where conversation_id = :id order by written_at desc limit 2", id=thread)
    await break_one(own, "note", "body_sealed", notes[1]["id"])
    await shows(miriam, f"/staff/inbox/{thread}", "A note that stays.")
    letters = await own.sql("select id from outbox where kind = 'letter' and payload_sealed is not null limit 1")
    if letters:
        await own.sql(
            "update outbox set failed_at = :now, reason = 'address' where id = :id", now=own.now, id=letters[0]["id"]
        )
        await break_one(own, "outbox", "payload_sealed", letters[0]["id"])
        await shows(ada, "/staff/mail")


async def test_a_draft_and_a_device_that_cant_be_opened(own: Deployment) -> None:
    cast = own.cast
    sam, client = await cast.sign_in("sam"), cast.client["sam"]
    place = f"/clients/{client}/conversations/{cast.conversation['sam clinical']}"
    assert (await sam.send(f"{place}/draft", body="Begun and not sent")).status_code == 204
    assert (await sam.send(f"/clients/{client}/notices/devices", **a_device(cast))).status_code == 204
    for table, column in (("draft", "body_sealed"), ("push_device", "subscription_sealed")):
        rows = await own.sql(f"select id from {table} where account_id = :sam", sam=sam.id)
        await break_one(own, table, column, rows[0]["id"])
    page = await sam.get(place)
    assert page.status_code == 200 and "Begun and not sent" not in page.text
    assert (await sam.get(f"/clients/{client}/notices/choices")).status_code == 200


async def test_keys_are_replaced_whatever_a_row_holds(own: Deployment) -> None:
    await break_one(own, "client", "date_of_birth_sealed", own.cast.client["eli"])
    ran = await command(own.env | {"PORTAL_BASE_URL": own.bases[0]}, "keys", "rotate")
    assert ran.returncode == 1 and " value(s) can’t be opened" in ran.stderr
    assert " values are now sealed with the key " in ran.stdout
    dana = await own.cast.sign_in("dana")
    assert (await dana.get(f"/clients/{own.cast.client['noa']}/messages")).status_code == 200


# Who opens a sealed value so that a fault is theirs alone, and why that may be.
OPENS_ONE = {
    "portal.models.ground.record": "the one place; `opened` is for lists",
    "portal.models.access.reset_request": "the worker, one item at a time",
    "portal.models.notices.devices": "the worker, one device at a time",
    "portal.mail.delivery": "the worker, one letter at a time",
    "portal.models.ground.rekeying": "counts what no key opens, and goes on",
    "portal.cli.check": "`portal check` tries the key file",
}


def test_a_date_of_birth_is_asked_for_where_it_may_be_missing() -> None:
    """`Client.born` raises where it can't be opened: only who sets such a one aside asks for that. All others ask
    `born_if_known`, and `birth_unreadable` where it protects a minor."""
    bare = {
        module
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Attribute) and node.attr == "born"
    }
    assert bare == {"portal.models.access.minors"}


def test_lists_open_what_is_sealed_each_row_by_itself() -> None:
    opening = {module for module in MODULES if re.search(r"\bunseal\(", ast.unparse(tree(module)))}
    assert opening == set(OPENS_ONE)


# --- Forms, at the end: what is taken is kept ------------------------------------------------------

FORMS = {
    "letters without end": "Ñ" * 9000,
    "beyond a bigint": str(2**63),
    "below zero": "-1",
    "5,000 digits": "9" * 5000,
    "half a character": "\ufffd",
    "signs that can't be seen": "a\x01\x1c\u2028\u202e\ufeffb",
    "the end of time": "9999-12-31",
    "the beginning": "0001-01-01",
    "an id": NO_ID,
}


@pytest.mark.parametrize("route", [r for r in ALL_ROUTES if is_write(r)], ids=name_of)
async def test_an_odd_form_is_answered(own: Deployment, people: dict[tuple[int, str], Person], route: Route) -> None:
    """Each odd value in each field by itself, and the other fields as they are."""
    sample, cast = sample_of(route), own.cast
    await own.sql("delete from throttle")
    await own.sql("update practice set portal_on = true")
    stays = sample.who and route.path != "/sign-out"
    who = (
        await person(own, people, sample.who) if stays else await cast.sign_in("jo") if sample.who else cast.stranger()
    )
    await sample.find(cast)
    path = sample.path(route, cast)
    for field in sample.form(cast):
        for name, odd in FORMS.items():
            answer = await who.post(path, None, sample.headers, **sample.form(cast) | {field: odd})
            is_clear(answer, f"{name} as {field}: {path}")
