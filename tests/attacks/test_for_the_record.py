"""Remarks of an attack: each decided, said in SECURITY.md, and held here."""

import ast
import asyncio
import hashlib
import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import uuid4

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from portal.demo import PASSWORD
from portal.web import guard, serving
from portal.web.public_hosts import Forbidden, is_public, looked_up
from portal.web.pushing import check_endpoint
from portal.web.visit import go
from tests.deployment import Deployment, command, own_practice
from tests.laws.test_structure import MODULES, tree
from tests.mail.post_office import eventually
from tests.notices.brings import a_device

# --- Addresses that wrap another -------------------------------------------------------------------

WRAPPED = [
    "::ffff:10.0.0.1",  # mapped
    "::ffff:142.250.185.74",
    "::127.0.0.1",  # compatible, long given up
    "64:ff9b::7f00:1",  # NAT64
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",  # and its private form
    "2002:7f00:1::",  # 6to4
    "2002:a00:1::1",
    "2001:0:7f00:1::",  # Teredo
    "fec0::1",
    "fe80::1",
    "ff02::1",
    "2001:db8::1",
    "100.64.0.1",
    "0.0.0.0",
    "127.0.0.1",  # and what leads inside as it is
    "10.1.2.3",
    "192.168.1.1",
    "169.254.169.254",
    "::1",
    "fd00::1",
    "224.0.0.1",
]


@pytest.mark.parametrize("address", WRAPPED)
def test_what_wraps_another_address_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    written = f"[{address}]" if ":" in address else address
    with pytest.raises(Forbidden):
        check_endpoint(f"https://{written}/x")
    with pytest.raises(Forbidden):
        looked_up(address, 443)
    assert looked_up("127.0.0.1", 443, anywhere=True) == ["127.0.0.1"]


@pytest.mark.parametrize("address", ["142.250.185.74", "2a00:1450:4001:82f::200a", "2606:4700::1111"])
def test_machines_of_the_internet_are(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    assert looked_up(address, 443) == [address]


# --- Half requests ---------------------------------------------------------------------------------


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers at once, without reading what is sent; `/read` reads first."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/read":
        while (await receive()).get("more_body"):
            pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A worker's server as it is, with less patience."""
    monkeypatch.setattr(serving, "HEAD_WITHIN", 0.5)
    monkeypatch.setattr(serving, "WHOLE_WITHIN", 1.0)
    chosen = serving.config("127.0.0.1", 0)
    chosen.app, chosen.factory, chosen.lifespan, chosen.timeout_keep_alive = hello, False, "off", 1
    server = uvicorn.Server(chosen)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = asyncio.create_task(server.serve([listening]))
        yield listening.getsockname()[1]
        server.should_exit = True
        await running


async def told(port: int, *sent: bytes, drip: bytes = b"") -> bytes:
    """All that the server says until it ends the connection; something drips meanwhile."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def dripping() -> None:
        for one in sent:
            writer.write(one)
        while drip:
            writer.write(drip)
            await asyncio.sleep(0.05)

    dripped = asyncio.create_task(dripping())
    try:
        async with asyncio.timeout(8):
            with suppress(ConnectionError):
                return await reader.read()
            return b""
    finally:
        dripped.cancel()
        writer.close()


HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


async def test_half_requests_are_not_waited_for(port: int) -> None:
    body = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    answers = await asyncio.gather(
        told(port),  # nothing at all
        told(port, HEAD),
        told(port, HEAD, drip=b"X-A: b\r\n"),
        told(port, HEAD + b"X-A: ", drip=b"b"),
        told(port, HEAD + b"\r\n", HEAD, drip=b"X-A: b\r\n"),  # the second one of a connection
        told(port, body % b"/", drip=b"x"),  # which is answered before it has all arrived
        told(port, body % b"/read", drip=b"x"),
        told(port, HEAD, b"X-A: " + b"a" * 200_000),
    )
    assert [answer.count(b"200 OK") for answer in answers] == [0, 0, 0, 0, 1, 1, 0, 0]


async def test_whole_ones_are_served_however_many(port: int) -> None:
    whole = HEAD + b"\r\n"
    assert (await told(port, whole * 3)).count(b"200 OK") == 3
    assert (await told(port, b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")).endswith(b"ok")
    large = b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n" + b"a" * 900_000
    assert (await told(port, large)).endswith(b"ok")


def test_workers_serve_so() -> None:
    assert serving.config("127.0.0.1", 0).http is serving.Prompt
    assert serving.WHOLE_WITHIN > guard.BODY_WITHIN, "the guard says it in words first"


# --- Headers that decide ---------------------------------------------------------------------------


async def raw(deployment: Deployment, *lines: str, path: str = "/sign-in", method: str = "GET") -> int:
    """The status of a request with these header lines, sent as they stand."""
    reader, writer = await asyncio.open_connection("127.0.0.1", deployment.workers[0].port)
    writer.write("\r\n".join([f"{method} {path} HTTP/1.1", *lines, "Connection: close", "", ""]).encode())
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1])


async def test_a_header_that_decides_is_there_once(embedded: Deployment) -> None:
    host = f"Host: localhost:{embedded.workers[0].port}"
    assert await raw(embedded, host) == 200
    assert await raw(embedded, host, "Accept: text/html", "Accept: text/plain") == 200
    for twice in ("Host: evil.example", host, "HOST: evil.example"):
        assert await raw(embedded, host, twice) == 400
        assert await raw(embedded, twice, host) == 400
    assert await raw(embedded, host, host, path="/up") == 400
    site, form = "Sec-Fetch-Site: same-origin", "Content-Type: application/x-www-form-urlencoded"
    post = [host, site, form, "Content-Length: 0"]
    assert await raw(embedded, *post, path="/forgot", method="POST") == 200
    for twice in (
        "Sec-Fetch-Site: cross-site",
        "Origin: https://evil.example\r\nOrigin: x",
        "Content-Type: text/plain",
    ):
        assert await raw(embedded, *post, twice, path="/forgot", method="POST") == 400


# --- Where one is led ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["//evil.example", "///evil.example", "/\\evil.example", "/a//evil.example", "/\t/evil.example", "/a b"]
)
async def test_nobody_is_led_to_another_site(embedded: Deployment, path: str) -> None:
    person = await embedded.cast.sign_in("dana")
    origin = embedded.bases[0]
    answer = await person.post("/language", None, {"Referer": origin + path}, lang="en")
    assert answer.status_code == 303 and answer.headers["location"] == "/"
    email = embedded.cast.email["client", "dana"]
    there = path if path[1] in "/\\\t" else f"/clients{path}"
    answer = await embedded.cast.stranger().post("/sign-in", email=email, password=PASSWORD, side="client", next=there)
    assert answer.status_code == 303 and answer.headers["location"] == "/home"
    assert go(path).headers["location"] == "/"


async def test_who_signs_in_again_goes_on_where_they_were_on_their_own_side(embedded: Deployment) -> None:
    cast = embedded.cast
    noa = f"/clients/{cast.client['noa']}/conversations/{cast.conversation['noa clinical']}"
    for name, side, there, led in (
        ("dana", "client", noa, noa),
        ("dana", "client", "/board", "/board"),
        ("dana", "client", f"/staff{noa}", "/home"),
        ("miriam", "staff", f"/staff{noa}", f"/staff{noa}"),
        ("miriam", "staff", noa, "/staff/today"),
    ):
        person, sent = cast.stranger(), {"email": cast.email[side, name], "password": PASSWORD, "side": side}
        answer = await person.post("/sign-in", next=there, **sent)
        assert (answer.status_code, answer.headers["location"]) == (303, led)
        if led == there:
            assert f'href="/sign-in?next={led}"' in (await person.get(led)).text, "and so the next time"


async def test_one_is_led_back_to_where_one_was(embedded: Deployment) -> None:
    person, origin = await embedded.cast.sign_in("dana"), embedded.bases[0]
    for referer, back in (
        (f"{origin}/home?a=//b", "/home"),
        ("http://[", "/"),
        ("//[", "/"),
        ("http://a]/b", "/"),
        ("https://evil.example/home", "/"),
        ("", "/"),
    ):
        answer = await person.post("/language", None, {"Referer": referer}, lang="en")
        assert (answer.status_code, answer.headers["location"]) == (303, back)
    assert go("/staff/today?at=//x#here").headers["location"] == "/staff/today?at=//x#here"


def test_nothing_leads_elsewhere_but_by_go() -> None:
    """One function answers with a place to go to, and it looks at it."""
    found = [
        f"{module}:{call.lineno}"
        for module in MODULES
        for call in ast.walk(tree(module))
        if isinstance(call, ast.Call) and "RedirectResponse" in ast.unparse(call.func)
    ]
    assert len(found) == 1 and found[0].startswith("portal.web.visit:")


# --- A backup that is put back ---------------------------------------------------------------------


whole = own_practice(scope="function", workers=1)


async def test_a_backup_that_is_put_back_brings_no_session_link_or_letter_to_life(whole: Deployment) -> None:
    cast = whole.cast
    dana, ada = await cast.sign_in("dana"), await cast.sign_in("ada")
    theo = await cast.sign_in("theo")
    chart = {"first_name": "Wren", "last_name": "Odd", "email": "wren@family.example", "date_of_birth": "1994-08-17"}
    answer = await theo.post("/staff/clients", key=str(uuid4()), **chart)
    tab = f"{answer.headers['location']}/portal"
    assert (await theo.post(f"{tab}/invitations", key=str(uuid4()), holder="client")).status_code == 303
    await cast.stranger().post("/forgot", email=cast.email["client", "sam"])
    await eventually(lambda: whole.sql("select 1 from reset"), 20)
    links = {"welcome": "invitation", "reset": "reset"}
    for table in links.values():
        hashed = hashlib.sha256(f"{table}-token-that-is-long-enough".encode()).hexdigest()
        await whole.sql(
            f"update {table} set token_hash = :hash where id = (select id from {table} "
            "where used_at is null and ended_at is null order by id desc limit 1)",
            hash=hashed,
        )
    stranger = cast.stranger()
    for path, table in links.items():
        begun = await stranger.post(f"/{path}", token=f"{table}-token-that-is-long-enough")
        assert begun.status_code == 303, "the link is open"
    waiting = "select 1 from outbox where payload_sealed is not null"
    assert await whole.sql(f"{waiting} and done_at is null")
    # One that has left, and would go again if it came back from a full mailbox.
    await whole.sql(
        "update outbox set done_at = posted_at where id = (select id from outbox where done_at is null "
        "and payload_sealed is not null order by id limit 1)"
    )
    assert await whole.sql(f"{waiting} and done_at is not null")
    devices = f"/clients/{cast.client['noa']}/notices/devices"
    assert (await dana.post(devices, **a_device(cast))).status_code == 303
    before = await whole.bookmark()

    if whole.sqlite:
        assert (await command(whole.env, "restored")).returncode == 1, "not while it is served"
        await whole.stop()
    ran = await command(whole.env, "restored")
    assert ran.returncode == 0, ran.stderr
    assert "Ended " in ran.stdout
    if whole.sqlite:
        await whole.start()

    assert not await whole.sql("select 1 from push_device"), "somebody may have signed out of it since"
    for person, page in ((dana, "/home"), (ada, "/staff/today")):
        assert (await person.get(page)).headers["location"].startswith("/sign-in"), "signed out"
    for path, table in links.items():
        begun = await stranger.post(f"/{path}", token=f"{table}-token-that-is-long-enough")
        assert begun.status_code != 303
        step = "birth-date" if path == "welcome" else "password"
        assert "<input" not in (await stranger.get(f"/{path}/{step}")).text, "nor is what was begun with it"
    assert await whole.sql(waiting) == await whole.sql("select 1 from device") == []
    assert (await whole.bookmark()).era != before.era
    assert await whole.sql("select 1 from audit where action = 'restore backup'")
    again = await cast.sign_in("ada")
    assert (await again.get("/staff/today")).status_code == 200
