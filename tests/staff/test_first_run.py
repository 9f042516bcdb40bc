"""From nothing to the first client who is signed in: `portal start`, the first page, the first invitation (I8)."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx2

from tests.access.desk import BORN, SECRET, path_of, text_of, token_of
from tests.deployment import Worker, _plain_environment, command
from tests.html import filled
from tests.mail.post_office import PostOffice

OURS = {"Sec-Fetch-Site": "same-origin"}
ADMIN = "marta@alder.example"
PRACTICE = {
    "practice": "Alder House",
    "phone": "(555) 010-0190",
    "location": "3 Alder Street",
    "zone": "America/Chicago",
    "name": "Marta Holm",
    "email": ADMIN,
    "password": " seven grey geese at dawn ",
}


@asynccontextmanager
async def empty() -> AsyncIterator[dict[str, str]]:
    """The environment of a deployment that has nothing yet."""
    with tempfile.TemporaryDirectory(prefix="portal-first-") as folder:
        yield _plain_environment() | {
            "PORTAL_DATA": folder,
            "PORTAL_KEY_FILE": str(Path(folder) / "keys" / "portal.key"),
            "PORTAL_BASE_URL": "http://localhost:1",
        }


@asynccontextmanager
async def served(env: dict[str, str]) -> AsyncIterator[tuple[Worker, httpx2.AsyncClient]]:
    worker = Worker(env)
    await asyncio.to_thread(worker.start)
    try:
        async with httpx2.AsyncClient(base_url=worker.base, headers=OURS, timeout=30) as browser:
            yield worker, browser
    finally:
        await asyncio.to_thread(worker.close)


CODE = re.compile(r"\b(?:[0-9a-f]{4}-){3}[0-9a-f]{4}\b")


async def test_from_nothing_to_the_first_client() -> None:
    async with empty() as env, PostOffice() as office:
        said = await command(env, "start")
        assert said.returncode == 0, said.stderr
        assert "Made the key file" in said.stdout
        first_code = CODE.search(said.stdout)
        assert first_code
        again = await command(env, "start")
        code = CODE.search(again.stdout)
        assert code and code[0] != first_code[0]
        assert "Made the key file" not in again.stdout

        async with served(env | {"SMTP_URL": office.url}) as (worker, browser):
            front = await browser.get("/")
            assert front.headers["location"] == "/start"
            page = await browser.get("/start")
            assert page.status_code == 200 and code[0] not in page.text
            # The code that stands is the one that was printed last; the log gives no other.
            assert not CODE.search(worker.log.read_text())

            for wrong in ("0000-0000-0000-0000", first_code[0], "", "' or 1=1"):
                refused = await browser.post("/start", data=PRACTICE | {"code": wrong})
                assert refused.status_code == 422 and PRACTICE["password"].strip() not in refused.text
                assert PRACTICE["practice"] in refused.text
            bare = await browser.post("/start", data=PRACTICE | {"practice": "", "email": "<ada@example.com>"})
            for said in ("Name of the practice: fill this in.", "Email: write the address alone"):
                assert bare.status_code == 422 and bare.text.count(said) == 2, "above, and at the field"
            weak = await browser.post("/start", data=PRACTICE | {"code": code[0], "password": "password1234"})
            assert weak.status_code == 422 and "easy to guess" in weak.text
            foreign = await browser.post(
                "/start", data=PRACTICE | {"code": code[0]}, headers={"Sec-Fetch-Site": "cross-site"}
            )
            assert foreign.status_code == 403

            # Twice in the same moment, as typed from paper.
            both = await asyncio.gather(
                *(
                    httpx2.AsyncClient(base_url=worker.base, headers=OURS, timeout=30).post(
                        "/start", data=PRACTICE | {"code": f" {code[0].upper()} "}
                    )
                    for _ in range(2)
                )
            )
            assert sorted(answer.status_code for answer in both)[0] == 303
            assert {answer.status_code for answer in both} <= {303, 404, 422}
            assert [answer.status_code for answer in both].count(303) == 1
            assert (await browser.get("/start")).status_code == 404
            assert (await browser.post("/start", data=PRACTICE | {"code": code[0]})).status_code == 404
            assert (await browser.get("/")).headers["location"] == "/sign-in"

            # The password is the one that was typed, spaces and all.
            signed_in = await browser.post("/sign-in", data={"email": ADMIN.upper(), "password": PRACTICE["password"]})
            assert signed_in.headers["location"] == "/staff/today"
            today = await browser.get("/staff/today")
            assert "Alder House" in today.text

            # There is one therapist, so the client is theirs unless somebody says otherwise.
            form = filled((await browser.get("/staff/clients/new")).text, "/staff/clients")
            added = await browser.post(
                "/staff/clients",
                data=form
                | {
                    "first_name": "Ines",
                    "last_name": "Falk",
                    "email": "ines@family.example",
                    "date_of_birth": BORN,
                },
            )
            chart = added.headers["location"]
            assert "Has no therapist" not in (await browser.get("/staff/today")).text
            assert PRACTICE["name"] in (await browser.get(f"{chart}/care-team")).text
            sent = await browser.post(f"{chart}/portal/invitations", data={"key": str(uuid4()), "holder": "client"})
            assert sent.status_code == 303, sent.text
            await office.arrived(1)
            letter = office.letters[0]
            assert "Alder House" in str(letter["Subject"])
            found = re.search(r"http\S*/welcome/[\w-]+", text_of(letter))
            assert found
            assert found[0].startswith(worker.base)

            async with httpx2.AsyncClient(base_url=worker.base, headers=OURS, timeout=30) as ines:
                assert (await ines.get(path_of(found[0]))).status_code == 200
                await ines.post("/welcome", data={"token": token_of(found[0])})
                await ines.post("/welcome/birth-date", data={"date_of_birth": BORN})
                opened = await ines.post("/welcome/password", data={"password": SECRET})
                assert opened.status_code == 303, opened.text
                assert (await ines.get(opened.headers["location"])).status_code == 200
        refused_now = await command(env, "start")
        assert refused_now.returncode == 1
        assert "There is a practice here already" in refused_now.stderr


async def test_the_worker_beside_makes_no_links_that_lead_nowhere() -> None:
    async with empty() as env:
        there = {"DATABASE_URL": "postgres://nobody@localhost:1/none", "REDIS_URL": "redis://localhost:1"}
        said = await command(env | there | {"PORTAL_BASE_URL": ""}, "work")
        assert said.returncode == 1
        assert "PORTAL_BASE_URL is not set" in said.stderr


async def test_without_the_command_the_log_gives_the_code() -> None:
    async with empty() as env:
        for arguments in (["keys", "new"], ["migrate"]):
            made = await command(env, *arguments)
            assert made.returncode == 0, made.stderr
        async with served(env) as (worker, browser):
            for _ in range(200):
                if found := CODE.search(worker.log.read_text()):
                    break
                await asyncio.sleep(0.05)
            assert found, worker.log.read_text()
            assert f"{worker.base}/start" in worker.log.read_text()
            # Nothing else opens meanwhile.
            assert (await browser.get("/staff/today")).headers["location"].startswith("/sign-in")
            assert (await browser.post("/sign-in", data={"email": ADMIN, "password": "x"})).status_code == 401
            begun = await browser.post("/start", data=PRACTICE | {"code": found[0]})
            assert begun.status_code == 303 and begun.headers["location"] == "/staff/today"
            assert (await browser.get("/staff/today")).status_code == 200
