"""Live equals reload, in a real Chromium: after each act every open page shows what a fresh one would show."""

import re
from typing import Any
from uuid import uuid4

from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.visitor import becomes_fresh
from tests.cast import Person
from tests.deployment import Deployment


class Practice:
    """Acts of others while the pages stand open."""

    def __init__(self, deployment: Deployment, dana: Person, miriam: Person) -> None:
        self.dana, self.miriam = dana, miriam
        self.noa = deployment.cast.client["noa"]
        self.thread = f"conversations/{deployment.cast.conversation['noa clinical']}"

    @classmethod
    async def begin(cls, deployment: Deployment) -> "Practice":
        sign_in = deployment.cast.sign_in
        return cls(deployment, await sign_in("dana"), await sign_in("miriam", 1))

    async def write(self, person: Person, text: str) -> None:
        place = f"/staff/clients/{self.noa}" if person.side == "staff" else f"/clients/{self.noa}"
        await self._done(person, f"{place}/{self.thread}/messages", key=str(uuid4()), body=text)

    async def read(self, person: Person) -> None:
        place = f"/staff/clients/{self.noa}" if person.side == "staff" else f"/clients/{self.noa}"
        await self._done(person, f"{place}/{self.thread}/reading", number=9999)

    async def edit(self, **details: str) -> None:
        known = {
            "first_name": "Noa",
            "last_name": "Reyes-Menon",
            "date_of_birth": "2017-03-09",
            "email": "",
            "phone": "",
            "address": "",
        }
        await self._done(self.miriam, f"/staff/clients/{self.noa}", **(known | details))

    async def archive(self) -> None:
        await self._done(self.miriam, f"/staff/clients/{self.noa}/archival")

    async def restore(self) -> None:
        await self._done(self.miriam, f"/staff/clients/{self.noa}/restoration")

    async def _done(self, person: Person, path: str, **form: Any) -> None:
        answer = await person.post(path, **form)
        assert answer.status_code in (204, 303), f"{path}: {answer.status_code}\n{answer.text}"


async def test_every_open_page_stays_what_a_reload_would_make_of_it(practice: Deployment, visit: Visit) -> None:
    cast = practice.cast
    noa = cast.client["noa"]
    act = await Practice.begin(practice)
    miriam, dana, eli = await visit("miriam"), await visit("dana"), await visit("eli")
    at_work = {
        "Today": await miriam.open("/staff/today"),
        "the clients while searching": await miriam.open("/staff/clients", worker=1),
        "the chart": await miriam.open(f"/staff/clients/{noa}"),
        "the chart's thread": await miriam.open(f"/staff/clients/{noa}/{act.thread}", worker=1),
    }
    at_home = {
        "Home": await dana.open(f"/clients/{noa}/home"),
        "the threads": await dana.open(f"/clients/{noa}/messages", worker=1),
        "the thread": await dana.open(f"/clients/{noa}/{act.thread}"),
    }
    stranger = {"Eli's Home": await eli.open(f"/clients/{cast.client['eli']}/home", worker=1)}
    pages = at_work | at_home | stranger

    search = at_work["the clients while searching"]
    await search.get_by_label("Search by name").press_sequentially("noa")
    await expect(search.locator("#clients tbody tr")).to_have_count(1)
    # A message is read where it is seen: of these pages, none is in front but the last.
    await stranger["Eli's Home"].bring_to_front()

    await becomes_fresh(pages)
    await act.write(act.dana, "She asks whether the rabbit is real.")
    await becomes_fresh(pages)
    await expect(at_work["Today"].get_by_text("She asks whether the rabbit is real.")).to_be_visible()
    await act.read(act.miriam)
    await becomes_fresh(pages)
    await act.write(act.miriam, "As real as rabbits are. https://example.org/rabbits")
    await becomes_fresh(pages)
    await expect(at_home["Home"].get_by_text("As real as rabbits are.")).to_be_visible()
    await act.read(act.dana)
    await becomes_fresh(pages)
    await act.edit(first_name="Noah", address="12 Mill Lane")
    await becomes_fresh(pages)
    await expect(at_home["Home"].get_by_role("heading", level=1)).to_have_text("What’s next for Noah")
    await expect(at_work["the chart"].get_by_text("12 Mill Lane")).to_be_visible()
    await act.edit()
    await becomes_fresh(pages)
    await expect(search.locator("#clients tbody tr")).to_contain_text(["Noa Reyes-Menon"])

    for page in pages.values():
        await page.reload()
    await becomes_fresh(pages)

    await act.archive()
    try:
        await becomes_fresh(at_work | stranger)
        await expect(at_work["the chart"].get_by_role("heading", level=1)).to_contain_text("Archived")
        await expect(search.get_by_text("No client matches “noa”")).to_be_visible()
        for page in at_home.values():
            await expect(page.get_by_role("heading", name="This has ended")).to_be_visible()
    finally:
        await act.restore()
    await becomes_fresh(at_work | stranger)
    await expect(search.locator("#clients tbody tr")).to_have_count(1)


async def test_a_page_hears_nothing_of_what_is_not_its_own(practice: Deployment, visit: Visit) -> None:
    theo, ravi = await visit("theo"), await visit("ravi")
    strangers = [(theo, await theo.open("/staff/today")), (ravi, await ravi.open("/home", worker=1))]
    miriam, dana = await visit("miriam"), await visit("dana")
    act = await Practice.begin(practice)
    today, thread = (
        await miriam.open("/staff/today"),
        await dana.open(f"/clients/{practice.cast.client['noa']}/{act.thread}", worker=1),
    )
    await act.write(act.dana, "Between us: the cat is called Kestrel.")
    for page in (today, thread):  # what reaches these on either worker has passed the others by
        await expect(page.get_by_text("Between us: the cat is called Kestrel.")).to_be_visible()
    for visitor, page in strangers:
        await becomes_fresh({"page": page})
        assert "Kestrel" not in await page.content()
        assert not [frame for frame in visitor.socket(page).frames if "Kestrel" in str(frame)]


async def test_what_arrives_is_marked_until_it_is_looked_at(practice: Deployment, visit: Visit) -> None:
    act = await Practice.begin(practice)
    miriam = await visit("miriam")
    today = await miriam.context.new_page()
    await today.clock.install()
    await miriam.open("/staff/today", page=today)
    row = today.locator("#today-unread li").filter(has_text="Noa Reyes-Menon")
    # Chromium without a screen believes every page to be in front.
    await today.evaluate("document.hasFocus = () => false")
    await act.write(act.dana, "A mark, please.")
    await expect(row).to_contain_text("A mark, please.")
    await expect(row).to_have_class(re.compile("arrives"))
    await today.clock.run_for(8000)
    await expect(row).not_to_have_class(re.compile("arrives"))  # the glow lasts a second
    await expect(row).to_have_class(re.compile("unseen"))
    await act.write(act.dana, "And another.")
    await expect(row).to_contain_text("And another.")
    await expect(row).to_have_class(re.compile("unseen"))
    await today.evaluate("delete document.hasFocus")
    await today.clock.run_for(2000)
    await expect(row).to_have_class(re.compile("unseen"))
    await today.clock.run_for(3000)
    await expect(row).not_to_have_class(re.compile("unseen"))
    await act.read(act.miriam)


async def test_what_one_does_not_see_change_changes_too(practice: Deployment, visit: Visit) -> None:
    """An open dialog, the composer of a chart that is archived meanwhile, a button for what is done already."""
    act = await Practice.begin(practice)
    miriam = await visit("miriam")
    chart = await miriam.open(f"/staff/clients/{act.noa}")
    thread = await miriam.open(f"/staff/clients/{act.noa}/{act.thread}", worker=1)
    await thread.get_by_label("Message about Noa").fill("Not finished yet")
    await chart.get_by_label("More about Noa").click()
    await chart.get_by_role("button", name="Archive Noa").click()
    await act.edit(first_name="Nora")
    await expect(chart.get_by_role("dialog", name="Archive Nora Reyes-Menon?")).to_be_visible()
    assert await chart.evaluate("document.getElementById('archive-dialog').matches(':modal')")
    await act.edit()
    dialog = chart.get_by_role("dialog", name="Archive Noa Reyes-Menon?")
    await dialog.get_by_role("button", name="Archive Noa Reyes-Menon").click()
    try:
        await expect(chart.get_by_role("button", name="Restore Noa Reyes-Menon")).to_be_visible()
        await expect(thread.get_by_text("so nothing new can be written")).to_be_visible()
        await expect(thread.get_by_role("button", name="Send")).to_be_hidden()
        await chart.get_by_role("button", name="Restore Noa Reyes-Menon").click()
        await chart.get_by_label("More about Noa").click()
        await expect(chart.get_by_role("button", name="Archive Noa Reyes-Menon")).to_be_visible()
    finally:
        await act.restore()
    await expect(thread.get_by_role("button", name="Send")).to_be_visible()
    await expect(thread.get_by_label("Message about Noa")).to_have_value("Not finished yet")
