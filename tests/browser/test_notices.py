"""A notice that arrives comes into sight where somebody looks elsewhere, and following it is having seen it."""

from __future__ import annotations

from uuid import uuid4

from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.deployment import Deployment


async def test_a_new_message_comes_into_sight_once_and_leads_to_it(
    practice: Deployment, visit: Visit
) -> None:
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
