"""A mother of two at one browser: for whom she acts is always plain, and what ends for one child ends for that one."""

import re
from uuid import UUID, uuid4

from playwright.async_api import Page, expect

from portal.models.access.account import Access
from portal.models.ground.fact import unit
from tests.browser.conftest import Visit
from tests.cast import Person
from tests.deployment import Deployment


async def look_at(page: Page, name: str) -> None:
    """Toggle to another profile, as one does: the switch, then the name."""
    await page.locator("details.profile > summary").click()
    await page.locator(".who-menu a", has_text=name).click()


async def looks_at(page: Page, name: str, path: str) -> None:
    await expect(page).to_have_url(re.compile(f"{path}/"))
    await expect(page.locator("details.profile > summary .name, .profile.one .name").first).to_have_text(name)


async def test_dana_toggles_writes_for_one_sees_the_others_news_and_loses_noa_while_reading(
    practice: Deployment, visit: Visit
) -> None:
    cast = practice.cast
    paths = {child.capitalize(): f"/clients/{cast.client[child]}" for child in ("noa", "eli")}
    threads = {child: cast.conversation[f"{child.lower()} clinical"] for child in paths}
    miriam = await cast.sign_in("miriam", 1)
    dana = await visit("dana")
    better, brave, five = (
        f"{text} {uuid4().hex[:6]}" for text in ("Eli is better today.", "Noa was brave.", "At five?")
    )
    await _has_read_everything(dana.person, paths, cast.threads)
    page = await dana.open(f"{paths['Noa']}/home")
    await looks_at(page, "Noa", paths["Noa"])

    # She toggles to Eli: the name, the path and the colour are his, and what she writes stands with him alone.
    async with dana.goes_on(page):
        await look_at(page, "Eli")
    await looks_at(page, "Eli", paths["Eli"])
    await dana.open(f"{paths['Eli']}/conversations/{threads['Eli']}", page=page)
    await page.locator("textarea[name=body]").fill(better)
    await page.locator("textarea[name=body]").press("Enter")
    await expect(page.locator("main").get_by_text(better)).to_have_count(1)
    noas = await dana.open(f"{paths['Noa']}/conversations/{threads['Noa']}", worker=1)
    await expect(noas.get_by_text(better)).to_have_count(0)

    # News of Noa while she looks at Eli: beside the switch it stands with Noa's name, the page of Eli shows none of it.
    home = await dana.open(f"{paths['Noa']}/home")
    # Driven like this every page has the focus; one in the background reads nothing.
    await noas.evaluate("document.hasFocus = () => false")
    await page.bring_to_front()
    news = page.locator("#switch .other")
    await expect(news).to_have_count(0)
    await miriam.send(f"/staff{paths['Noa']}/conversations/{threads['Noa']}/messages", key=str(uuid4()), body=brave)
    await expect(news).to_contain_text("Noa 1")
    await expect(page.locator("main").get_by_text(brave)).to_have_count(0)
    await home.close()

    # Noa is taken from her while she reads: nothing of Noa is left; Eli's page goes on.
    await noas.bring_to_front()
    await expect(noas.locator("main").get_by_text(brave, exact=True)).to_be_visible()
    dana.may_be_refused |= {401, 403, 404}
    async with practice.models(), unit():
        held = {"account_id": UUID(cast.account["dana"]), "client_id": UUID(cast.client["noa"])}
        access = await Access.get(**held, until_at=None)
        await access.end()
    try:
        await expect(noas.get_by_role("heading", name="This has ended")).to_be_visible()
        await expect(noas.locator("body")).not_to_contain_text(brave)
        await page.bring_to_front()
        # One profile is left, so there is no switch any more.
        await expect(page.locator("details.profile")).to_have_count(0)
        await looks_at(page, "Eli", paths["Eli"])
        await page.locator("textarea[name=body]").fill(five)
        await page.locator("textarea[name=body]").press("Enter")
        await expect(page.locator("main").get_by_text(five)).to_have_count(1)
        await expect(page.locator("body")).not_to_contain_text("Noa")
    finally:
        # As it was, since when it was: what others of this folder see first depends on it.
        async with practice.models(), unit():
            await Access.grant(access.account_id, access.client_id, access.contact_link_id, since=access.from_at)
    await expect(page.locator("details.profile")).to_have_count(1)


async def _has_read_everything(person: Person | None, paths: dict[str, str], threads: dict[str, list[str]]) -> None:
    assert person is not None
    for child, path in paths.items():
        for thread in threads[child.lower()]:
            await person.post(f"{path}/conversations/{thread}/reading", number=9999)
