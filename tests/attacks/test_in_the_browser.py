"""Words that stay behind, as only a browser can show: a page still holds some, and a browser still keeps some."""

import re
from uuid import UUID

from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_conversation import KEPT, keeps, leave_unsent, noa_thread, shows
from tests.browser.visitor import Visitor, write
from tests.deployment import Deployment
from tests.messages.thread import Thread


def tries(dana: Visitor) -> list[str]:
    """Return the addresses to which her browser sends what waited, as it does so."""
    tried: list[str] = []
    dana.context.on("request", lambda request: tried.append(request.url) if "/messages?waited" in request.url else None)
    return tried


async def is_tried_once(dana: Visitor, tried: list[str], path: str, says: str) -> None:
    """On this page what waited is refused, and said to be; it is kept, and not sent again."""
    home = await dana.open(path)
    await expect(home.locator("#toasts")).to_contain_text(says)
    await keeps(home, 1)
    await home.reload()
    await dana.is_live(home)
    await expect(home.locator("#toasts")).to_be_empty()
    assert len(tried) == 1 and len(await home.evaluate(KEPT)) == 1


async def test_what_was_taken_back_is_nowhere_in_the_page(practice: Deployment, visit: Visit) -> None:
    dana = await visit("dana")
    miriam, thread = await practice.cast.sign_in("miriam"), Thread(practice.cast)
    page = await dana.open(noa_thread(practice, "client"))
    spot = page.locator("#announce")
    message = await thread.write(miriam, "Meant for somebody else.")
    await expect(spot).to_have_text("Miriam Adler: Meant for somebody else.")
    await thread.withdraw(miriam, message)
    await expect(spot).to_be_empty()
    assert "Meant for somebody else." not in await page.content()
    # What was said in other words is not heard in the old ones, nor quoted in them by who has begun to answer.
    message = await thread.write(miriam, "Come at nine.")
    await expect(spot).to_have_text("Miriam Adler: Come at nine.")
    await page.locator(f"#message-{message}").focus()
    await page.keyboard.press("Enter")
    await page.locator("dialog [data-reply]").click()
    await expect(page.locator("[data-answering] [data-text]")).to_have_text("Come at nine.")
    await thread.edit(miriam, message, "Come at ten.")
    await expect(page.locator("[data-answering] [data-text]")).to_have_text("Come at ten.")
    await expect(spot).to_be_empty()
    # Left alone, it goes by itself.
    await thread.write(miriam, "And bring a pen.")
    await expect(spot).to_have_text("Miriam Adler: And bring a pen.")
    await expect(spot).to_be_empty(timeout=20_000)


async def test_words_for_a_conversation_that_is_left_are_not_held_beside_another(
    practice: Deployment, visit: Visit
) -> None:
    miriam = await visit("miriam")
    dana, thread = await practice.cast.sign_in("dana"), Thread(practice.cast)
    page = await miriam.open(f"/staff/inbox/{thread.id}")
    await thread.write(dana, "Only for you.")
    await expect(page.locator("#announce")).to_have_text("Dana Reyes: Only for you.")
    await page.locator(f"#inbox-list a[data-in-place]:not([href*='{thread.id}'])").first.click()
    await expect(page.locator("#announce")).not_to_contain_text("Only for you.")


async def test_what_waited_has_not_seen_what_came_meanwhile(practice: Deployment, visit: Visit) -> None:
    dana = await visit("dana")
    miriam, thread = await practice.cast.sign_in("miriam"), Thread(practice.cast)
    theirs = await dana.open(noa_thread(practice, "client"))
    await leave_unsent(dana, theirs, "From the tunnel.")
    news = await thread.write(miriam, "Did you find the form?")
    noa = practice.cast.client["noa"]
    home = await dana.open(f"/clients/{noa}/home")
    await expect(home.locator("#toasts")).to_contain_text("A message that had been waiting was sent.")
    [row] = await practice.sql(
        "select m.number, r.number as seen from message m left join reading r on r.conversation_id = m.conversation_id "
        "and r.reader_id = :dana where m.id = :news",
        dana=UUID(practice.cast.account["dana"]),
        news=UUID(news),
    )
    assert row["seen"] < row["number"]


async def test_what_may_not_be_written_now_is_tried_once_and_there_again_when_it_may(
    practice: Deployment, visit: Visit
) -> None:
    dana, cast = await visit("dana"), practice.cast
    theirs = await dana.open(noa_thread(practice, "client"))
    await leave_unsent(dana, theirs, "Nobody will read this.")
    held = await practice.sql(
        "select x.id, x.contact_link_id from access x where x.account_id = :dana and x.client_id = :noa "
        "and x.until_at is null",
        dana=UUID(cast.account["dana"]),
        noa=UUID(cast.client["noa"]),
    )
    tried = tries(dana)
    dana.may_be_refused = {404}
    try:
        for row in held:
            await practice.sql("update access set until_at = from_at where id = :id", id=row["id"])
        eli = f"/clients/{cast.client['eli']}/home"
        await is_tried_once(dana, tried, eli, "you can’t write in that conversation now")
    finally:
        for row in held:
            await practice.sql("update access set until_at = null where id = :id", id=row["id"])
    # It was a pause: the words stand where they were written, and their author decides.
    page = await dana.open(noa_thread(practice, "client"))
    box = page.get_by_label("Message about Noa")
    await expect(box).to_have_value("Nobody will read this.")
    assert len(tried) == 1
    await keeps(page, 0)
    await box.fill("")
    await expect(page.locator("form[data-keep]")).not_to_have_class(re.compile(r"\bunsaved\b"))
    # Nobody came back for another in time: it goes.
    await page.evaluate(
        "kept.put('old', { url: '/old', list: 'elsewhere', body: 'Old.', refused: true, ended: true, fields: [] })"
    )
    await keeps(page, 1)
    await page.reload()
    await dana.is_live(page)
    await keeps(page, 1)
    await page.add_init_script("const now = Date.now; Date.now = () => now() + 48 * 3600 * 1000")
    await page.reload()
    await keeps(page, 0)


async def test_what_was_refused_is_asked_for_where_it_was_written_and_tried_nowhere_else(
    practice: Deployment, visit: Visit
) -> None:
    """Nothing may be written there for a while: what waited is not lost, and not sent by itself either."""
    dana, cast = await visit("dana"), practice.cast
    theirs = await dana.open(noa_thread(practice, "client"))
    await leave_unsent(dana, theirs, "Is there room on Friday?")
    tried = tries(dana)
    dana.may_be_refused = {409}
    noa = cast.client["noa"]
    await practice.sql("update client set messaging = 'off' where id = :noa", noa=UUID(noa))
    try:
        await is_tried_once(dana, tried, f"/clients/{noa}/home", "It is kept in its conversation.")
    finally:
        await practice.sql("update client set messaging = 'on' where id = :noa", noa=UUID(noa))
    page = await dana.open(noa_thread(practice, "client"))
    box = page.get_by_label("Message about Noa")
    await expect(box).to_have_value("Is there room on Friday?")
    assert len(tried) == 1
    await write(page, "Is there room on Friday?")
    await shows(page, "Is there room on Friday?")


async def test_signing_out_takes_the_worker_that_shows_pushes_out_of_this_browser(
    practice: Deployment, visit: Visit
) -> None:
    dana = await visit("dana")
    page = await dana.open(f"/clients/{practice.cast.client['noa']}/home")
    workers = "async () => (await navigator.serviceWorker.getRegistrations()).length"
    await page.evaluate("navigator.serviceWorker.register('/static/push/push.js', { scope: '/static/push/' })")
    assert await page.evaluate(workers) == 1
    await page.evaluate("document.querySelector('form[action=\"/sign-out\"]').requestSubmit()")
    await page.wait_for_url("**/sign-in**")
    assert await page.evaluate(workers) == 0


async def test_a_search_stands_in_no_address_and_is_there_when_one_comes_back(
    practice: Deployment, visit: Visit
) -> None:
    miriam = await visit("miriam")
    asked: list[str] = []
    miriam.context.on("request", lambda request: asked.append(request.url))
    page = await miriam.open("/staff/clients")
    rows = page.locator("#clients tbody tr")
    await page.get_by_label("Search by name").press_sequentially("noa")
    await expect(rows).to_have_count(1)
    await page.wait_for_url("**/staff/clients?sealed=**")
    await page.reload()
    await miriam.is_live(page)
    await expect(rows).to_have_count(1)
    await expect(page.get_by_label("Search by name")).to_have_value("noa")
    await rows.locator("a.name").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Noa")
    await page.go_back()
    await expect(rows).to_have_count(1)
    await expect(page.get_by_label("Search by name")).to_have_value("noa")
    await page.get_by_label("Search by name").fill("")
    await page.wait_for_url("**/staff/clients")
    # From anywhere, by the box in the rail; coming back asks nothing and sends nothing twice.
    await page.goto(f"{practice.bases[0]}/staff/today")
    await page.get_by_label("Search clients").fill("reyes-m")
    await page.get_by_label("Search clients").press("Enter")
    await expect(rows).to_have_count(2)
    await rows.locator("a.name").filter(has_text="Noa").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Noa")
    await page.go_back()
    await expect(rows).to_have_count(2)
    assert not [url for url in asked if "noa" in url.lower().replace("reyes", "")]


async def test_a_search_works_without_a_script(practice: Deployment, visit: Visit) -> None:
    miriam = await visit("miriam", java_script_enabled=False)
    page = await miriam.context.new_page()
    await page.goto(f"{practice.bases[0]}/staff/today")
    await page.get_by_label("Search clients").fill("noa")
    await page.get_by_label("Search clients").press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Noa")  # the only one of this name
    await page.get_by_label("Search clients").fill("reyes")
    await page.get_by_label("Search clients").press("Enter")
    rows = page.locator("#clients tbody tr")
    await expect(rows).to_have_count(2)
    await page.reload()
    await expect(rows).to_have_count(2)
    await page.get_by_label("Search by name").fill("eli")
    await page.get_by_label("Search by name").press("Enter")
    await expect(rows.get_by_role("link")).to_contain_text(["Eli"])
    await rows.get_by_role("link").first.click()
    await page.go_back()
    await expect(page.get_by_label("Search by name")).to_have_value("eli")
