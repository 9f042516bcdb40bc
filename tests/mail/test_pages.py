"""Staff see letters that don't arrive, and the demo's letters are read on a page."""

import asyncio
import json
import re
import smtplib
from pathlib import Path
from uuid import UUID

import httpx2
import pytest

from portal import clock
from portal.demo.mailbox import DemoMailbox, newest
from portal.mail import letters, welcome_letter
from portal.mail.outbox import post
from portal.models.ground import sql
from portal.models.ground.fact import unit
from portal.models.ground.outbox import Outbox, waiting_letters
from portal.models.ground.record import Kind
from portal.models.practice.practice import Practice
from portal.settings import Settings
from portal.viewer import Viewer
from tests.deployment import Deployment, Process, _plain_environment, command, opened
from tests.mail.post_office import PostOffice, To, eventually
from tests.pages import open_page
from tests.servers import free_port

REFUSAL = "550 5.1.1 No such user here"


async def write(portal: Deployment, to: str, client: str | None) -> UUID:
    """Post a letter about a client of the cast, or about none."""
    letter = welcome_letter.welcome("en", name="Dana", email=to, link="https://portal.example/welcome/Zm9vYmFy")
    async with portal.models(), unit():
        return await post(letter, client=UUID(portal.cast.client[client]) if client else None)


async def settled(portal: Deployment, id: UUID) -> None:
    """Wait until a letter was tried."""
    await eventually(lambda: portal.sql("select 1 from outbox where id = :id and reason is not null", id=id))


async def test_staff_see_a_refusal_come_with_its_reason_and_go_when_it_is_tried_again(
    portal: Deployment, mail: PostOffice
) -> None:
    miriam = await portal.cast.sign_in("miriam")
    async with open_page(miriam, "/staff/mail") as page:
        assert "Every email was delivered" in page.live["undelivered"]
        mail.to_rcpt.append(REFUSAL)
        id = await write(portal, "dana.gone@family.example", "noa")
        shown = await page.next_push(region="undelivered")
        for said in ("dana.gone@family.example", "Welcome email", "Noa", REFUSAL, "Not delivered"):
            assert said in shown, said
        assert page.live == await page.reload()

        before = len(mail.letters)
        assert (await miriam.post(f"/staff/mail/{id}/retry")).status_code == 303
        await mail.arrived(before + 1)
        async with asyncio.timeout(20):
            while "dana.gone" in page.live["undelivered"]:
                await page.next_push(region="undelivered")
        assert mail.recipients[-1] == "dana.gone@family.example"
        assert page.live == await page.reload()
    assert (await miriam.post(f"/staff/mail/{id}/retry")).status_code == 303
    assert await portal.count("audit where action = 'retry letter' and record_id = :id", id=id) == 1


async def test_only_those_who_may_see_the_client_see_the_letter(portal: Deployment, mail: PostOffice) -> None:
    mail.to_rcpt.extend([REFUSAL, REFUSAL])
    noas = await write(portal, "for.noa@family.example", "noa")
    await settled(portal, noas)
    nobodys = await write(portal, "sample@willow.example", None)
    await settled(portal, nobodys)

    sees = {
        "miriam": {"for.noa"},
        "jo": {"for.noa"},
        "ada": {"for.noa", "sample@willow"},
        "theo": set(),
        "idris": set(),
    }
    for name, seen in sees.items():
        person = await portal.cast.sign_in(name)
        text = (await person.get("/staff/mail")).text
        assert {word for word in ("for.noa", "sample@willow") if word in text} == seen, name
    idris = await portal.cast.sign_in("idris")
    assert "Try again now" not in (await idris.get("/staff/mail")).text


async def test_a_letter_about_nobody_comes_live_to_who_answers_for_the_settings(
    portal: Deployment, mail: PostOffice
) -> None:
    ada, theo = await portal.cast.sign_in("ada"), await portal.cast.sign_in("theo")
    async with open_page(ada, "/staff/mail") as page, open_page(theo, "/staff/mail") as other:
        mail.to_rcpt.append("550 Not today")
        await write(portal, "new.sample@willow.example", None)
        async with asyncio.timeout(20):
            while "new.sample@willow.example" not in page.live["undelivered"]:
                await page.next_push(region="undelivered")
        assert "new.sample" not in other.live["undelivered"]
        assert other.live == await other.reload()


async def test_no_request_waits_for_the_mail_server() -> None:
    async with PostOffice() as office, Deployment.embedded(SMTP_URL=office.url) as portal:
        office.slow |= {"slow@family.example", portal.cast.email["client", "sam"]}
        miriam = await portal.cast.sign_in("miriam")
        await write(portal, "slow@family.example", "noa")
        await office.until(lambda: office.waiting == 1)

        asked = await miriam.post("/forgot", email=portal.cast.email["client", "sam"])
        assert asked.status_code == 200
        await office.until(lambda: office.waiting == 2)
        sent = await miriam.send(
            f"/staff/clients/{portal.cast.client['noa']}/conversations/"
            f"{portal.cast.conversation['noa clinical']}/messages",
            key="0195b9a0-0000-7000-8000-000000000001",
            body="Written while the mail server keeps us waiting.",
        )
        assert sent.status_code == 201
        # The worker goes on with what is due meanwhile.
        assert office.letters == []
        office.go.set()
        await office.arrived(2)


# --- The demo's mail --------------------------------------------------------------------------


async def test_the_demos_mail_goes_over_smtp_and_can_be_read(tmp_path: Path) -> None:
    """The whole way, by the command that people type."""
    port = free_port()
    base = f"http://localhost:{port}"
    env = _plain_environment() | {"SMTP_URL": "smtp://real.example:25"}
    demo = Process(["demo", "--port", str(port), "--data", str(tmp_path / "demo")], env)
    await asyncio.to_thread(demo.start)
    try:
        async with httpx2.AsyncClient(base_url=base, headers={"Sec-Fetch-Site": "same-origin"}) as browser:
            await eventually(lambda: up(browser), 60)
            assert "No mail yet" in (await browser.get("/demo/mail")).text
            sam = await email_of("Sam", tmp_path / "demo")
            for email in ("stranger@example.com", sam):
                await browser.post("/forgot", data={"email": email})

            async def mail() -> re.Match[str] | None:
                page = (await browser.get("/demo/mail")).text
                assert "stranger@example.com" not in page
                return re.search(rf'To {re.escape(sam)}(?s:.*)href="{base}(/reset/[^"]+)"', page)

            link = await eventually(mail, 30)
            assert link is not None
            assert (await browser.get(link[1])).status_code == 200
            for kept in (tmp_path / "demo" / "mail").iterdir():
                assert kept.suffix == ".eml" and kept.stat().st_mode & 0o077 == 0
    finally:
        await asyncio.to_thread(demo.close)


async def up(browser: httpx2.AsyncClient) -> bool:
    try:
        return (await browser.get("/up")).status_code == 200
    except httpx2.TransportError:
        return False


async def email_of(name: str, folder: Path) -> str:
    """The email address of someone of the demo's cast."""
    ran = await command(_plain_environment(), "cast", "--json", "--data", str(folder))
    return next(person["email"] for person in json.loads(ran.stdout) if person["name"].startswith(name))


async def test_without_demo_mode_there_is_no_such_page() -> None:
    async with Deployment.embedded(PORTAL_DEMO="0") as portal, httpx2.AsyncClient() as browser:
        assert (await browser.get(portal.bases[0] + "/demo/mail")).status_code == 404


async def test_mail_is_shown_as_text_newest_first(tmp_path: Path) -> None:
    with DemoMailbox(tmp_path) as mailbox:
        host, _, port = mailbox.url.removeprefix("smtp://").partition(":")
        for n in range(3):
            with smtplib.SMTP(host, int(port)) as line:
                text = f"Subject: Letter {n}\r\nTo: dana@family.example\r\n\r\n<script>alert({n})</script>\r\n"
                await asyncio.to_thread(line.sendmail, "hello@willow.example", ["dana@family.example"], text)
    found = newest(tmp_path)
    assert [mail.subject for mail in found] == ["Letter 2", "Letter 1", "Letter 0"]
    assert found[0].text.strip() == "<script>alert(2)</script>"
    (tmp_path / "other.eml").write_text("not ours")
    assert len(newest(tmp_path)) == 3
    assert len(newest(tmp_path, most=1)) == 1


async def test_letters_that_wait_for_a_mail_server_are_counted_by_those_who_may_see_them(embedded: Deployment) -> None:
    ada, theo = (Viewer(Kind.STAFF, UUID(embedded.cast.staff[name])).see(Outbox) for name in ("ada", "theo"))
    async with embedded.models():
        before = await waiting_letters(ada), await waiting_letters(theo)
        id = await write(embedded, "dana.waits@family.example", "noa")
        assert (await waiting_letters(ada), await waiting_letters(theo)) == (before[0] + 1, before[1])
        assert await embedded.count("fact where kind = 'LetterWaiting' and body like :id", id=f"%{id}%") == 1
        async with unit():
            await sql.rows("update outbox set failed_at = :now where id = :id", id=id, now=clock.now())
        assert await waiting_letters(ada) == before[0]


# --- portal check -----------------------------------------------------------------------------


async def test_check_says_that_letters_stay_without_a_mail_server(tmp_path: Path) -> None:
    env = _plain_environment() | {"PORTAL_BASE_URL": "https://portal.example.org"}
    ran = await command(env, "check", "--data", str(tmp_path))
    assert ran.returncode == 1
    assert "SMTP_URL is not set: letters stay in the outbox" in ran.stderr


async def test_check_counts_the_letters_that_wait_for_a_mail_server(tmp_path: Path) -> None:
    """Also in a folder that is looked at by itself, where none is asked for."""
    check = _plain_environment(), "check", "--data", str(tmp_path)
    async with opened(tmp_path, filled=False):
        async with unit():
            await Practice.create(name="Willow Street", phone="(555) 010-0134")
        assert (await command(*check)).returncode == 0
        async with unit():
            await post(letters.password_changed(To("Dana", "dana@family.example")))
        ran = await command(*check)
    assert ran.returncode == 1
    assert "SMTP_URL is not set, and 1 letter(s) wait" in ran.stderr


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("smtps://me:secret@mail.example", None),
        ("smtp+starttls://me:secret@mail.example:2587", None),
        ("smtp://me:secret@127.0.0.1", None),
        ("smtp://mail.example", None),
        ("mail.example:25", "can’t be read"),
        ("http://mail.example", "can’t be read"),
        ("smtp://mail.example:port", "can’t be read"),
        ("smtp://me:secret@mail.example", "unencrypted"),
    ],
)
def test_a_mail_server_that_is_written_wrongly_is_refused_at_start(url: str, why: str | None) -> None:
    problems = Settings(SMTP_URL=url, base_url="https://portal.willow.example").problems()
    about = [problem for problem in problems if "SMTP_URL" in problem]
    assert about == [] if why is None else why in about[0]
