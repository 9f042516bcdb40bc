"""A notice that arrives comes into sight where somebody looks elsewhere, and following it is having seen it."""

import asyncio
import json
from uuid import uuid4

from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.deployment import Deployment


async def test_a_new_message_comes_into_sight_once_and_leads_to_it(practice: Deployment, visit: Visit) -> None:
    cast = practice.cast
    where = f"clients/{cast.client['noa']}/conversations/{cast.conversation['noa clinical']}"
    miriam, dana = await cast.sign_in("miriam"), await visit("dana")
    page = await dana.open(f"/{where}")
    other = await dana.open(f"/clients/{cast.client['eli']}/home")
    home = await dana.open(f"/clients/{cast.client['noa']}/home", worker=1)
    await expect(home.locator("#bell .count")).to_have_count(0)
    await page.close()

    async def writes(text: str) -> None:
        answer = await miriam.send(f"/staff/{where}/messages", key=str(uuid4()), body=text)
        assert answer.status_code == 201

    await writes("See you Tuesday.")
    toast = home.locator("#toasts .toast")
    await expect(toast).to_have_text("New message from Miriam AdlerDismiss")
    await expect(home.locator("#bell .count")).to_contain_text("1 new")
    await home.reload()
    await expect(home.locator("#bell .count")).to_contain_text("1 new")
    await expect(toast).to_have_count(0)
    await dana.is_live(home)
    await writes("At ten.")
    await expect(toast).to_contain_text("2 new messages")
    await toast.get_by_role("link").focus()
    await home.keyboard.press("Enter")
    await expect(home.get_by_text("At ten.")).to_be_visible()
    await expect(home.locator("#bell .count")).to_have_count(0)
    # Beside another child nothing of it was said.
    await expect(other.locator("#toasts .toast")).to_have_count(0)


_NOTE_SHOWN = """() => {
    self.shown = [];
    self.registration.showNotification = async (title, { body }) => { self.shown.push({ title, body }); };
}"""


async def test_the_browser_is_asked_to_show_what_was_pushed(practice: Deployment, visit: Visit) -> None:
    """Woken as by its push service. A browser without a screen shows no notices, so the test stands where it would;
    what the words are, tests/notices/test_push.py says."""
    dana = await visit("dana")
    page = await dana.open("/home")
    browser = await dana.context.new_cdp_session(page)
    known: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    def note(heard: dict[str, list[dict[str, str]]]) -> None:
        for registration in heard["registrations"]:
            known.put_nowait(registration)

    browser.on("ServiceWorker.workerRegistrationUpdated", note)
    await browser.send("ServiceWorker.enable")
    async with dana.context.expect_event("serviceworker") as begun:
        assert await page.evaluate(
            """async () => {
                const scope = "/static/push/";
                const { installing } = await navigator.serviceWorker.register("/static/push/push.js", { scope });
                await new Promise((done) => {
                    installing.onstatechange = () => installing.state === "activated" && done();
                });
                return (await navigator.serviceWorker.getRegistration("/home")) === undefined;
            }"""
        ), "no page of Portal passes through it"
    worker = await begun.value
    await worker.evaluate(_NOTE_SHOWN)
    registration = await asyncio.wait_for(known.get(), 10)
    pushed = {"title": "Willow Street Counselling", "body": "Something new for you."}
    await browser.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": practice.bases[0], "registrationId": registration["registrationId"], "data": json.dumps(pushed)},
    )
    async with asyncio.timeout(10):
        while not (shown := await worker.evaluate("self.shown")):
            await page.wait_for_timeout(20)
    assert shown == [pushed]
