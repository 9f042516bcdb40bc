"""Two people, two browsers, two workers: what one writes the other reads at once, whatever happens between."""

import asyncio
import re
import signal
from uuid import uuid4

import pytest
from playwright.async_api import Dialog, Page, Route, WebSocketRoute, expect

from tests.browser.conftest import Visit
from tests.browser.visitor import WITHIN, Visitor, becomes, becomes_fresh, ends_with, said, write
from tests.deployment import Deployment
from tests.pages import in_time

# Notes when each message was first shown, by the clock that all pages of this machine share.
_NOTE_ARRIVALS = """() => {
    window.shownAt = {};
    const look = () => document.querySelectorAll("[data-number] .bubble")
        .forEach((bubble) => { window.shownAt[bubble.textContent.trim()] ??= Date.now(); });
    look();
    new MutationObserver(look).observe(document.querySelector(".log"), { childList: true, subtree: true });
}"""
_NOTE_SENDING = """() => {
    window.sentAt = {};
    const note = ({ target }) => { window.sentAt[target.elements.body.value] = Date.now(); };
    document.addEventListener("submit", note, true);
}"""


NOTICED = 20_000  # milliseconds: an answer is awaited for ten seconds, and a page looks at its clock each second
SILENT = 9_500  # milliseconds: a page waits nine seconds for a sign of life


def noa_thread(practice: Deployment, side: str) -> str:
    path = f"/clients/{practice.cast.client['noa']}/conversations/{practice.cast.conversation['noa clinical']}"
    return f"/staff{path}" if side == "staff" else path


async def shows(page: Page, text: str, within: float = WITHIN) -> None:
    await becomes(
        page,
        "(text) => [...document.querySelectorAll('[data-number] .bubble')].some((b) => b.textContent.trim() === text)",
        text,
        within,
    )


async def test_ten_messages_each_way_arrive_once_in_order_within_a_second(practice: Deployment, visit: Visit) -> None:
    miriam, dana = await visit("miriam"), await visit("dana")
    hers = await miriam.open(noa_thread(practice, "staff"), worker=0)
    theirs = await dana.open(noa_thread(practice, "client"), worker=1)
    before = await said(theirs)
    for page in (hers, theirs):
        await page.evaluate(_NOTE_ARRIVALS)
        await page.evaluate(_NOTE_SENDING)

    for n in range(1, 6):  # in turns
        await write(hers, f"Miriam says {n}.")
        await shows(theirs, f"Miriam says {n}.")
        await write(theirs, f"Dana says {n}.")
        await shows(hers, f"Dana says {n}.")

    async def burst(page: Page, name: str) -> None:
        for n in range(6, 11):
            await write(page, f"{name} says {n}.")

    await asyncio.gather(burst(hers, "Miriam"), burst(theirs, "Dana"))
    for page in (hers, theirs):
        await shows(page, "Miriam says 10.")
        await shows(page, "Dana says 10.")
        await expect(page.locator(".pending .msg")).to_have_count(0)

    new = (await said(hers))[len(before) :]
    assert sorted(new) == sorted(f"{name} says {n}." for name in ("Miriam", "Dana") for n in range(1, 11))
    for name in ("Miriam", "Dana"):
        assert [text for text in new if text.startswith(name)] == [f"{name} says {n}." for n in range(1, 11)]
    assert await said(hers) == await said(theirs)
    delays: dict[str, float] = {}
    for sender, reader in ((hers, theirs), (theirs, hers)):
        sent, shown = await sender.evaluate("sentAt"), await reader.evaluate("shownAt")
        delays |= {text: (shown[text] - at) / 1000 for text, at in sent.items()}
    assert len(delays) == 20
    in_time(delays, 1.0)
    late = {text: delay for text, delay in delays.items() if delay > 1}
    assert len(late) <= 5, late
    await becomes_fresh({"hers": hers, "theirs": theirs})


async def test_the_unread_badge_comes_and_goes(practice: Deployment, visit: Visit) -> None:
    miriam, dana = await visit("miriam"), await visit("dana")
    home = await dana.open("/home", worker=0)
    today = await miriam.open("/staff/today", worker=1)
    badge = home.get_by_role("link", name="Messages").locator(".count")
    await expect(badge).to_have_count(0)
    thread = await miriam.open(noa_thread(practice, "staff"), worker=1)
    await write(thread, "Could you bring the blue folder?")
    await expect(badge).to_contain_text("1 unread message")
    await expect(home.get_by_text("Could you bring the blue folder?")).to_be_visible()

    opened = await dana.open(noa_thread(practice, "client"), worker=0)
    await opened.bring_to_front()
    await expect(badge).to_have_count(0)

    # The conversation is out of Miriam's sight now, so what Dana answers stays unread.
    await thread.close()
    row = today.locator("#today-unread li").filter(has_text="Noa Reyes-Menon")
    await expect(row).to_have_count(0)
    count = today.get_by_role("link", name="Inbox").locator(".count > span").first
    await becomes_fresh({"Today": today})
    before = int(await count.inner_text()) if await count.count() else 0  # nothing unread has no count
    await write(opened, "Yes, it is in the car.")
    await expect(row).to_contain_text("Yes, it is in the car.")
    await expect(count).to_have_text(str(before + 1))
    await row.get_by_role("link").click()
    await shows(today, "Yes, it is in the car.")
    await today.bring_to_front()
    await (expect(count).to_have_text(str(before)) if before else expect(count).to_have_count(0))


async def test_nothing_is_lost_while_the_line_is_down(practice: Deployment, visit: Visit) -> None:
    """Dana's worker is killed, then her phone is in a tunnel, then both are back."""
    miriam, dana = await visit("miriam"), await visit("dana")
    hers = await miriam.open(noa_thread(practice, "staff"), worker=0)
    theirs = await dana.open(noa_thread(practice, "client"), worker=1)
    strip, before = theirs.locator("#line"), await said(theirs)
    dana.line_is_cut = True
    await practice.stop(1, signal.SIGKILL)
    try:
        for n in range(1, 4):
            await write(hers, f"While you were away, {n}.")
        await shows(hers, "While you were away, 3.")
        await expect(strip).to_have_text("Reconnecting…")
        await dana.context.set_offline(True)
        await expect(strip).to_have_text("You’re offline. What you write is kept.")
        await write(theirs, "Written in the tunnel.")
        await write(theirs, "And this after it.")
        waiting = theirs.locator(".pending .msg")
        await expect(waiting).to_have_count(2)
        for one in (waiting.first, waiting.last):
            await expect(one).to_contain_text("Not sent yet. Trying again…")
        await expect(theirs.get_by_label("Message about Noa")).to_have_value("")
        assert await said(theirs) == before
    finally:
        await practice.start(1)
        await dana.context.set_offline(False)
    await shows(hers, "And this after it.")
    await shows(theirs, "While you were away, 3.")
    await expect(waiting).to_have_count(0)
    written = ["Written in the tunnel.", "And this after it."]
    meanwhile = [f"While you were away, {n}." for n in range(1, 4)]
    for page in (hers, theirs):
        await ends_with(page, [*before[-10:], *meanwhile, *written])
    await expect(strip).to_have_text("You’re back. Everything is up to date.")
    await expect(strip).to_be_hidden()
    dana.line_is_cut = False
    await write(theirs, "I am here again.")
    await shows(hers, "I am here again.")
    await theirs.reload()
    await ends_with(theirs, (await said(hers))[-10:])


@pytest.mark.parametrize("way", ["to the page", "from the page"])
async def test_a_line_that_is_cut_one_way_is_noticed_and_nothing_is_lost(
    practice: Deployment, visit: Visit, way: str
) -> None:
    """No socket closes: what goes one way is swallowed, as by a router that has forgotten the connection."""
    miriam, dana = await visit("miriam"), await visit("dana")
    hers = await miriam.open(noa_thread(practice, "staff"))
    theirs = await dana.context.new_page()
    swallowing, dials = False, 0

    def between(page_side: WebSocketRoute) -> None:
        nonlocal dials
        dials += 1
        server_side = page_side.connect_to_server()
        cut = swallowing  # one that is dialled while it lasts is deaf from its beginning

        def to_page(frame: str | bytes) -> None:
            if not (cut or swallowing) or way != "to the page":
                page_side.send(frame)

        def to_server(frame: str | bytes) -> None:
            if not (cut or swallowing) or way != "from the page":
                server_side.send(frame)

        server_side.on_message(to_page)
        page_side.on_message(to_server)

    async def swallow(route: Route) -> None:
        if not (swallowing and way == "from the page"):
            await route.continue_()

    await theirs.route_web_socket(re.compile("/live$"), between)
    await theirs.route("**/messages", swallow)
    await theirs.clock.install()
    await theirs.goto(practice.bases[1] + noa_thread(practice, "client"))
    await write(hers, f"Can you hear me, before it is cut {way}?")
    await shows(theirs, f"Can you hear me, before it is cut {way}?")
    dana.line_is_cut = swallowing = True
    await write(hers, f"Said into a line cut {way}.")
    await write(theirs, f"I write all the same, cut {way}.")
    if way == "to the page":
        await shows(hers, f"I write all the same, cut {way}.")
        await theirs.clock.fast_forward(SILENT)
        await expect(theirs.locator("#line")).to_have_text("Reconnecting…", timeout=NOTICED)
        assert f"Said into a line cut {way}." not in await said(theirs)
    else:
        await expect(theirs.locator(".pending .msg")).to_contain_text("Not sent yet. Trying again…", timeout=NOTICED)
    swallowing = False
    await theirs.clock.fast_forward(SILENT)
    both = [f"Said into a line cut {way}.", f"I write all the same, cut {way}."]
    for page in (theirs, hers):
        for text in both:
            await shows(page, text, within=25)
        assert sorted((await said(page))[-2:]) == sorted(both)
    await theirs.reload()
    await ends_with(theirs, (await said(hers))[-10:])
    assert dials > 1 or way == "from the page"


KEPT = """async () => {
  const opening = indexedDB.open("portal", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("unsent", { keyPath: "id" });
  const database = await new Promise((done) => (opening.onsuccess = () => done(opening.result)));
  const asking = database.transaction("unsent").objectStore("unsent").getAll();
  const found = await new Promise((done) => (asking.onsuccess = () => done(asking.result)));
  database.close();
  return found.map(({ id, box }) => [id, new TextDecoder().decode(box)]);
}"""


async def keeps(page: Page, many: int) -> None:
    """This browser keeps so many messages and drafts, soon."""
    async with asyncio.timeout(10):
        while len(await page.evaluate(KEPT)) != many:
            await page.wait_for_timeout(50)


async def sends_nothing_more(page: Page) -> None:
    """Keep a page that is about to be closed from sending: as Chromium closes it, it is offline no more."""
    await page.evaluate("() => { window.fetch = async () => { throw new TypeError('no line'); }; }")


async def leave_unsent(visitor: Visitor, page: Page, text: str) -> None:
    """Write without a line and close the page; there is a line again, and the words wait in the browser."""
    visitor.line_is_cut = True
    await visitor.context.set_offline(True)
    await write(page, text)
    await keeps(page, 1)
    await sends_nothing_more(page)
    await page.close()
    await visitor.context.set_offline(False)


async def test_what_was_written_offline_outlives_the_page(practice: Deployment, visit: Visit) -> None:
    """Dana's phone has no line, she writes, and her browser is closed before there is one."""
    miriam, dana = await visit("miriam"), await visit("dana")
    hers = await miriam.open(noa_thread(practice, "staff"))
    theirs = await dana.open(noa_thread(practice, "client"), worker=1)
    before = await said(theirs)
    dana.line_is_cut = True
    await dana.context.set_offline(True)
    await write(theirs, "First words from underground.")
    await write(theirs, "Second words from underground.")
    await expect(theirs.locator(".pending .msg")).to_have_count(2)
    await theirs.get_by_label("Message about Noa").press_sequentially("Not finished")
    await keeps(theirs, 3)
    assert not [text for _, text in await theirs.evaluate(KEPT) if "underground" in text or "finished" in text]
    await sends_nothing_more(theirs)
    async with theirs.expect_event("close"):
        await theirs.close(run_before_unload=True)  # asks nothing: nothing would be lost

    assert await said(hers) == before
    await dana.context.set_offline(False)
    theirs = await dana.open(noa_thread(practice, "client"), worker=1)
    await shows(hers, "Second words from underground.")
    await shows(theirs, "Second words from underground.")
    written = [*before[-10:], "First words from underground.", "Second words from underground."]
    for page in (hers, theirs):
        await ends_with(page, written)
    await expect(theirs.get_by_label("Message about Noa")).to_have_value("Not finished")
    await keeps(theirs, 0)
    await theirs.reload()
    await ends_with(theirs, written)
    await expect(theirs.get_by_label("Message about Noa")).to_have_value("Not finished")


async def test_what_waits_is_sent_from_whatever_page_is_open(practice: Deployment, visit: Visit) -> None:
    miriam, dana = await visit("miriam"), await visit("dana")
    hers = await miriam.open(noa_thread(practice, "staff"))
    theirs = await dana.open(noa_thread(practice, "client"), worker=1)
    await leave_unsent(dana, theirs, "From the train.")
    home = await dana.open(f"/clients/{practice.cast.client['noa']}/home", worker=1)
    await expect(home.locator("#toasts")).to_contain_text("A message that had been waiting was sent.")
    await shows(hers, "From the train.")
    assert (await said(hers)).count("From the train.") == 1


async def test_whoever_uses_the_same_browser_neither_reads_nor_sends_it(practice: Deployment, visit: Visit) -> None:
    """Dana's session ends without her signing out, and Sam signs in where she sat."""
    miriam, dana, sam = await visit("miriam"), await visit("dana"), await visit("sam")
    hers = await miriam.open(noa_thread(practice, "staff"))
    theirs = await dana.open(noa_thread(practice, "client"), worker=1)
    before = await said(hers)
    await leave_unsent(dana, theirs, "Dana's, whoever comes.")
    own = await dana.context.cookies()
    await dana.context.clear_cookies()
    await dana.context.add_cookies(await sam.context.cookies())  # type: ignore[arg-type]
    his = await dana.open(f"/clients/{practice.cast.client['sam']}/home", worker=1)
    assert await his.evaluate("kept.all()") == []
    await keeps(his, 1)
    await expect(his.locator("#toasts")).to_be_empty()
    assert await said(hers) == before
    await his.close()

    await dana.context.clear_cookies()
    await dana.context.add_cookies(own)  # type: ignore[arg-type]
    await dana.open(f"/clients/{practice.cast.client['noa']}/home", worker=1)
    await shows(hers, "Dana's, whoever comes.")


async def test_signing_out_takes_with_it_what_this_browser_keeps(practice: Deployment, visit: Visit) -> None:
    dana = await visit("dana")
    theirs = await dana.open(noa_thread(practice, "client"), worker=1)
    dana.line_is_cut = True
    await theirs.route("**/messages", lambda route: route.abort())
    await write(theirs, "Nobody may find this.")
    await keeps(theirs, 1)
    asked = []

    async def agree(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.accept()

    theirs.on("dialog", agree)
    await theirs.evaluate("document.querySelector('form[action=\"/sign-out\"]').requestSubmit()")
    await theirs.wait_for_url("**/sign-in**")
    assert asked == ["beforeunload"]
    await keeps(theirs, 0)


async def test_a_message_whose_answer_got_lost_is_not_sent_twice(practice: Deployment, visit: Visit) -> None:
    dana = await visit("dana")
    page = await dana.open(noa_thread(practice, "client"))
    dana.line_is_cut = True
    tries, answers = 0, []

    async def lose_the_first_answer(route: Route) -> None:
        nonlocal tries
        tries += 1
        if tries > 1:
            return await route.continue_()
        answers.append((await route.fetch()).status)
        await route.abort()

    await page.route("**/messages", lose_the_first_answer)
    await write(page, "Only once, please.")
    await expect(page.locator(".pending .msg")).to_have_count(0)
    assert (tries, answers) == (2, [201])
    assert (await said(page)).count("Only once, please.") == 1
    await page.reload()
    assert (await said(page)).count("Only once, please.") == 1


async def test_what_was_taken_and_not_answered_stands_there_once_when_the_page_is_loaded_anew(
    practice: Deployment, visit: Visit
) -> None:
    dana = await visit("dana")
    page = await dana.open(noa_thread(practice, "client"))
    dana.line_is_cut = True
    losing, taken = True, asyncio.Event()

    async def lose_the_answers(route: Route) -> None:
        if losing and not taken.is_set():
            assert (await route.fetch()).status == 201
            taken.set()
        await (route.abort() if losing else route.continue_())

    await page.route(re.compile(r"/messages(\?|$)"), lose_the_answers)
    await write(page, "To be seen once.")
    await taken.wait()
    await keeps(page, 1)
    await page.reload()
    waiting = page.locator(".pending .msg")
    await expect(waiting).to_have_count(1)
    await expect(waiting).to_be_hidden()
    await ends_with(page, ["To be seen once."])
    losing = False
    await expect(waiting).to_have_count(0)
    assert (await said(page)).count("To be seen once.") == 1


async def test_what_was_refused_is_sent_again_as_it_was_meant(practice: Deployment, visit: Visit) -> None:
    """The office closes as Dana answers a message: her words come back with what they answer, and once she says that
    she knows, they go."""
    dana = await visit("dana")
    dana.may_be_refused = {409}
    page = await dana.open(noa_thread(practice, "client"))
    box, answering = page.get_by_label("Message about Noa"), page.locator("[data-answering]")
    asked = asyncio.Event()

    async def close_the_office(route: Route) -> None:
        if "understood=yes" in (route.request.post_data or ""):
            return await route.continue_()
        await asked.wait()
        await route.fulfill(status=409, content_type="text/html", body="<p>The office is closed.</p>")

    await page.route(re.compile("/messages$"), close_the_office)
    await page.locator("[data-number] [data-message]").last.click()
    await page.get_by_role("link", name="Reply", exact=True).click()
    await expect(answering).to_be_visible()
    await write(page, "An answer at closing time.")
    await expect(answering).to_be_hidden()
    asked.set()
    await expect(page.locator("[data-answer]")).to_contain_text("The office is closed.")
    await expect(box).to_have_value("An answer at closing time.")
    await expect(answering).to_be_visible()

    asked.clear()
    await box.press("Enter")
    await box.fill("Not finished")
    asked.set()
    again = page.get_by_role("button", name="Try again")
    await expect(again).to_be_visible()
    await page.evaluate("document.querySelector('[name=understood]').checked = true")
    await again.click()
    await shows(page, "An answer at closing time.")
    await expect(page.locator("[data-number]").last.locator(".quote")).to_be_visible()
    await expect(box).to_have_value("Not finished")
    assert not await page.locator("[name=understood]").is_checked()


async def test_what_is_withdrawn_is_gone_from_where_somebody_answers_it(practice: Deployment, visit: Visit) -> None:
    miriam, dana = await visit("miriam"), await visit("dana")
    hers = await miriam.open(noa_thread(practice, "staff"))
    theirs = await dana.open(noa_thread(practice, "client"))
    await write(hers, "Not meant for you.")
    await shows(theirs, "Not meant for you.")

    async def ask(page: Page) -> None:
        last = page.locator("[data-number]").last
        await last.locator("[data-message]").click()

    await ask(theirs)
    await theirs.get_by_role("link", name="Reply", exact=True).click()
    await theirs.get_by_label("Message about Noa").fill("What do you mean?")
    answering = theirs.locator("[data-answering]")
    await expect(answering).to_contain_text("Not meant for you.")
    await ask(theirs)  # and looks at it closely
    await expect(theirs.locator("#message-acts")).to_contain_text("Not meant for you.")
    await ask(hers)
    # It asks first, with what becomes of it; nothing is red before.
    dialog = hers.locator("#message-acts")
    await expect(dialog.locator(".danger:visible")).to_have_count(0)
    await dialog.locator("summary", has_text="Withdraw").click()
    await expect(dialog).to_contain_text("Everyone stops seeing it.")
    await dialog.get_by_role("button", name="Withdraw message").click()
    await expect(theirs.locator("[data-number]").last).to_contain_text("This message was withdrawn.")
    await expect(theirs.locator("#message-acts")).to_have_count(0)
    await expect(answering).to_be_hidden()
    await expect(theirs.get_by_label("Message about Noa")).to_have_value("What do you mean?")
    assert "Not meant for you." not in await theirs.locator("main").inner_text()


async def test_everything_works_without_javascript(practice: Deployment, visit: Visit) -> None:
    await visit("miriam")
    dana = await visit(java_script_enabled=False)
    page = await dana.context.new_page()
    await page.goto(practice.bases[0] + noa_thread(practice, "client"))
    await page.get_by_label("Email").fill("dana.reyes@example.com")
    await page.get_by_label("Password").fill("willow-street-paper-lantern")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page).to_have_url(practice.bases[0] + noa_thread(practice, "client"))
    await expect(page.locator("[data-number]").last).to_be_visible()
    await page.get_by_label("Message about Noa").fill("Sent by a plain form.")
    await page.get_by_role("button", name="Send").click()
    newest = page.locator("[data-number]").last
    await expect(newest).to_contain_text("Sent by a plain form.")
    await expect(newest).to_be_in_viewport()
    await page.locator("#more > summary").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(practice.bases[0] + "/sign-in")
    await page.goto(practice.bases[0] + noa_thread(practice, "client"))
    await expect(page.get_by_label("Password")).to_be_visible()


async def test_a_long_paste_is_not_cut_and_says_by_how_much_it_is_over(practice: Deployment, visit: Visit) -> None:
    dana, cast = await visit("dana"), practice.cast
    page = await dana.open(f"/clients/{cast.client['noa']}/conversations/{cast.conversation['noa clinical']}")
    box = page.get_by_label("Message about Noa")
    before, story = await said(page), "A whole story. " * 800
    await box.fill(story + "The end.")
    over = page.get_by_text("2,008 characters too many")
    await expect(over).to_be_visible()
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(box).to_be_focused()
    await expect(box).to_have_value(story + "The end.")
    assert await said(page) == before
    await box.fill(story[:9_990].strip())
    await expect(over).to_have_count(0)
    await page.get_by_role("button", name="Send", exact=True).click()
    await becomes(page, "(before) => document.querySelectorAll('[data-number] .bubble').length > before", len(before))
    await expect(box).to_have_value("")


async def test_each_paragraph_runs_the_way_of_its_first_letter(practice: Deployment, visit: Visit) -> None:
    """Hebrew ends where English begins: at the left; in the box while it is written as well."""
    dana = await visit("dana")
    page = await dana.open(noa_thread(practice, "client"))
    box = page.get_by_label("Message about Noa")
    await write(page, "This line is as long as lines of messages are.\n\nשלום, נועה!\n\nAnd short.")
    bubble = page.locator("[data-number] .bubble").filter(has_text="as lines of messages are").last
    await bubble.wait_for()
    sides = await bubble.evaluate(
        """(bubble) => [...bubble.querySelectorAll("p")].map((p) => {
            const range = document.createRange();
            range.selectNodeContents(p);
            const [text, whole] = [range.getBoundingClientRect(), p.getBoundingClientRect()];
            return whole.right - text.right < 2 ? (text.left - whole.left < 2 ? "both" : "right") : "left";
        })"""
    )
    assert sides == ["both", "right", "left"]
    assert await box.evaluate("(box) => getComputedStyle(box).unicodeBidi") == "plaintext"


async def test_what_nobody_can_read_yet_is_kept_and_not_sent(practice: Deployment, visit: Visit) -> None:
    miriam, staff = await visit("miriam"), await practice.cast.sign_in("miriam")
    added = await staff.post("/staff/clients", key=str(uuid4()), first_name="Oluwaseun", last_name="Absent")
    begun = await staff.send(f"{added.headers['location']}/conversations", audience="clinical")
    page = await miriam.open(begun.headers["location"])
    await expect(page.locator(".way")).to_contain_text("Oluwaseun isn’t on the portal yet")
    await write(page, "Welcome!")
    kept, sent = [page.locator(f"[data-number] .state {mark}").last for mark in (".as-kept", ".as-sent")]
    await expect(kept).to_be_visible()
    await expect(sent).to_be_hidden()
    await miriam.go(page, noa_thread(practice, "staff"))
    await write(page, "A word before we meet.")
    await shows(page, "A word before we meet.")
    await expect(sent).to_be_visible()
    await expect(kept).to_be_hidden()


STORY = "A long story, told on the phone on the way home."


async def test_what_a_device_wrote_without_a_line_overwrites_nothing(practice: Deployment, visit: Visit) -> None:
    """Three words on a laptop that was away, and a long story on the phone: both are there to choose from."""
    phone, laptop = await visit("dana"), await visit("dana")
    hers = await phone.open(noa_thread(practice, "client"))
    theirs = await laptop.open(noa_thread(practice, "client"), worker=1)
    box, away = [page.get_by_label("Message about Noa") for page in (hers, theirs)]
    laptop.line_is_cut = True
    await laptop.context.set_offline(True)
    await away.press_sequentially("Three more words.")
    async with hers.expect_response(re.compile("/draft$")):
        await box.press_sequentially(STORY)
    await laptop.context.set_offline(False)
    for page in (hers, theirs):
        await expect(page.locator(".other-draft")).to_contain_text(STORY, timeout=NOTICED)
    await expect(away).to_have_value("Three more words.")
    await theirs.get_by_role("button", name="Use that").click()
    for page, field in ((hers, box), (theirs, away)):
        await expect(field).to_have_value(STORY, timeout=NOTICED)
        await expect(page.locator(".other-draft")).to_have_count(0)
    # Whoever goes on from there is asked nothing more.
    await away.press_sequentially(" And its end.")
    await expect(box).to_have_value(f"{STORY} And its end.", timeout=NOTICED)
    await expect(theirs.locator(".other-draft")).to_have_count(0)
    await away.press("Enter")
    await shows(hers, f"{STORY} And its end.")
    for field in (box, away):
        await expect(field).to_have_value("", timeout=NOTICED)


async def test_two_tabs_in_which_one_person_writes_lose_nothing(practice: Deployment, visit: Visit) -> None:
    miriam = await visit("miriam")
    one, other = [await miriam.open(noa_thread(practice, "staff")) for _ in range(2)]
    first, second = [page.locator("textarea[name=body]") for page in (one, other)]
    await asyncio.gather(first.press_sequentially("In one tab."), second.press_sequentially("And in another."))
    offered = [page.locator(".other-draft") for page in (one, other)]
    for offer in offered:
        await expect(offer).to_be_visible(timeout=NOTICED)
    words = {await first.input_value(), await second.input_value(), await offered[0].locator("blockquote").inner_text()}
    assert {"In one tab.", "And in another."} <= words
    await one.get_by_role("button", name="Keep this").click()
    for offer in offered:
        await expect(offer).to_have_count(0, timeout=NOTICED)
    async with one.expect_response(re.compile("/draft$")):
        await first.fill("")
