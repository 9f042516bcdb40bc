"""Sign-in while its grounds change: as a password is compared, or a form is on its way, the transaction that acts asks
again."""

import asyncio
from uuid import UUID, uuid4

from portal.demo import PASSWORD
from portal.models.ground.record import uuid7
from tests.access.desk import SECRET, Desk
from tests.cast import Person
from tests.faults.telling import by_hand, waits_for_a_lock


async def signs_in(desk: Desk, email: str, password: str, worker: int = 1) -> tuple[Person, int]:
    browser = desk.browser(worker)
    answer = await browser.post("/sign-in", email=email, password=password, side="client")
    return browser, answer.status_code


async def is_in(browser: Person) -> bool:
    answer = await browser.get("/home")
    return not answer.headers.get("location", "").startswith("/sign-in")


async def test_a_session_of_the_old_password_does_not_survive_the_new_one(desk: Desk) -> None:
    chart, _, account = await desk.registered()
    await desk.act(chart, "resets", holder=account)
    owner = desk.browser()
    await owner.post("/reset", token=await desk.reset(account))

    async with by_hand(desk.deployment) as held:
        await held.execute("select 1 from device where holder_id = $1 for update", UUID(account))
        # It has the new password and has ended every session, and is not committed yet.
        change = asyncio.create_task(owner.post("/reset/password", password="quiet lantern above the mill"))
        await waits_for_a_lock(desk.deployment, "delete from device")
        # The old one is compared now, and is still right.
        attack = asyncio.create_task(signs_in(desk, chart.email, SECRET))
        await waits_for_a_lock(desk.deployment, count=2)
    assert (await change).headers["location"] == "/sign-in?changed=1"
    attacker, status = await attack
    assert status == 401
    assert not await is_in(attacker)

    browser, status = await signs_in(desk, chart.email, "quiet lantern above the mill")
    assert status == 303
    assert await is_in(browser)


async def test_nobody_comes_in_while_the_portal_is_being_switched_off(desk: Desk) -> None:
    chart, other = await desk.chart(), await desk.chart("Rowan")
    inside = await desk.sign_up(chart)
    outside = await desk.sign_up(other)
    await outside.post("/sign-out")
    ada = await desk.person("ada")

    async with by_hand(desk.deployment) as held:
        account = UUID(await desk.account_id(chart))
        await held.execute("select 1 from session where account_id = $1 for update", account)
        switch = asyncio.create_task(ada.post("/staff/settings/portal", on="no"))
        await waits_for_a_lock(desk.deployment, "update session")
        attempt = asyncio.create_task(signs_in(desk, other.email, SECRET))
        await waits_for_a_lock(desk.deployment, count=2)
    assert (await switch).status_code == 303
    late, status = await attempt
    assert status == 403
    assert not await is_in(late)
    assert not await is_in(inside)

    await ada.post("/staff/settings/portal", on="yes")
    assert not await is_in(late)
    late, status = await signs_in(desk, other.email, SECRET)
    assert status == 303
    assert await is_in(late)


async def test_a_session_opens_nothing_while_the_portal_is_off(desk: Desk) -> None:
    chart = await desk.chart()
    browser, ada = await desk.sign_up(chart), await desk.person("ada")
    assert await is_in(browser)
    await desk.sql("update practice set portal_on = false")  # and no session was ended
    try:
        assert not await is_in(browser)
        assert (await ada.get("/staff/today")).status_code == 200
    finally:
        await desk.sql("update practice set portal_on = true")
    assert await is_in(browser)


async def test_who_sends_a_form_is_asked_when_all_of_it_has_arrived(desk: Desk) -> None:
    """Begun by somebody who was signed in, and ended when they were not any more."""
    cast = desk.cast
    thread = f"/clients/{cast.client['noa']}/conversations/{cast.conversation['noa clinical']}/messages"

    async def slowly(meanwhile: bool) -> tuple[int, bytes]:
        dana = await cast.sign_in("dana")
        words = f"Slowly {uuid4().hex}"
        body = f"key={uuid7()}&body={words.replace(' ', '+')}".encode()
        port = desk.deployment.workers[0].port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = (
            f"POST {thread} HTTP/1.1\r\nHost: localhost:{port}\r\nCookie: {dana.cookies}\r\n"
            "Sec-Fetch-Site: same-origin\r\nHX-Request: true\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode())
        # The server says so when it begins to wait for the body.
        assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n")
        if meanwhile:
            assert (await dana.post("/sign-out")).status_code == 303
        writer.write(body)
        answer = await reader.read()
        writer.close()
        return await desk.count("message"), answer.split(b"\r\n", 1)[0]

    before = await desk.count("message")
    count, status = await slowly(meanwhile=False)
    assert (count, b"201" in status) == (before + 1, True)
    count, status = await slowly(meanwhile=True)
    assert (count, b"401" in status) == (before + 1, True)


async def test_a_link_for_a_new_password_never_goes_to_an_address_that_was_just_changed(desk: Desk) -> None:
    chart = await desk.chart()
    await desk.sign_up(chart)
    account, ada = await desk.account_id(chart), await desk.person("ada")
    await desk.act(chart, "resets", holder=account)
    bounce, letter = str(uuid7()), (await desk.sql("select id from outbox limit 1"))[0]["id"]
    await desk.sql(
        "insert into bounce (id, email_key, letter_id, status, reason, held, at) "
        "values (:id, :key, :letter, '5.1.1', 'gone', false, now())",
        id=bounce,
        key=chart.email,
        letter=letter,
    )
    better = f"better.{chart.email}"

    async with by_hand(desk.deployment) as held:
        await held.execute("select 1 from reset where account_id = $1 for update", UUID(account))
        correct = asyncio.create_task(ada.post(f"/staff/mail/addresses/{bounce}", email=better))
        await waits_for_a_lock(desk.deployment, "update reset")
        # Whoever sends one now reads the account as it was.
        send = asyncio.create_task(desk.act(chart, "resets", holder=account))
        await waits_for_a_lock(desk.deployment, count=2)
    assert (await correct).status_code == 303
    assert (await send).status_code == 303
    [newest] = await desk.sql(
        "select o.email_key from outbox o join reset r on r.id = o.about_id where r.account_id = :id "
        "and r.ended_at is null",
        id=account,
    )
    assert newest["email_key"] == better


async def test_a_colleague_who_has_just_left_does_not_come_in(desk: Desk) -> None:
    grace, ada = desk.browser(1), await desk.person("ada")
    form = {"email": desk.cast.email["staff", "grace"], "password": PASSWORD, "side": "staff"}
    assert (await desk.browser(1).post("/sign-in", **form)).status_code == 303
    async with by_hand(desk.deployment) as held:
        await held.execute("lock table audit in share mode")  # it is noted last
        leaving = asyncio.create_task(
            ada.post(f"/staff/colleagues/{desk.cast.staff['grace']}/departure", successor="nobody")
        )
        await waits_for_a_lock(desk.deployment, "audit")
        attempt = asyncio.create_task(grace.post("/sign-in", **form))
        await waits_for_a_lock(desk.deployment, count=2)
    assert (await leaving).status_code == 303
    assert (await attempt).status_code == 401
    assert not await desk.sql(
        "select 1 from session s join staff_member m on m.id = s.staff_id where m.ended_at is not null "
        "and s.started_at > m.ended_at"
    )
