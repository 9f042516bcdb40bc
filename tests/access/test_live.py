"""The Portal tab of two members of staff, open on the other worker while everything happens: each step shows,
and what it shows is what a reload would."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import uuid4

import pytest

from tests.access.desk import SECRET, Chart, Desk
from tests.html import parse
from tests.pages import Page, open_page


@dataclass
class Watch:
    """A chart, and the tabs that show it."""

    desk: Desk
    chart: Chart
    pages: list[Page]

    async def sees(self, *words: str, without: str = "") -> None:
        """All tabs come to show these words by themselves, and then nothing else than a reload."""
        for page in self.pages:
            await page.until(
                lambda page=page: (
                    all(word in str(page.live) for word in words) and not (without and without in str(page.live))
                ),
                what=f"{words}, without {without!r}",
            )
        await asyncio.gather(*(page.current() for page in self.pages))


@pytest.fixture
async def watch(desk: Desk) -> AsyncIterator[Watch]:
    chart = await desk.chart("Briar")
    async with AsyncExitStack() as stack:
        pages = [
            await stack.enter_async_context(open_page(await desk.person(name), chart.tab, worker=1))
            for name in ("miriam", "jo")
        ]
        yield Watch(desk, chart, pages)


async def test_the_whole_way_is_seen(watch: Watch) -> None:
    desk, chart = watch.desk, watch.chart
    await watch.sees("Briar isn’t invited yet", "Send welcome email")
    await desk.change(chart, email="")
    await watch.sees("One thing is missing", "There is no email on file.")
    await desk.change(chart)
    await watch.sees("Everything a welcome email needs is on file.")

    token = await desk.invite(chart)
    await watch.sees("Briar is invited", "Resend", "data-until", "by Miriam Adler")
    browser = await desk.begin(token)
    await watch.sees("Briar has opened the link")
    await browser.post("/welcome/birth-date", date_of_birth="1990-01-01")
    await watch.sees("Wrong dates of birth: 1 of 5")
    for _ in range(4):
        await browser.post("/welcome/birth-date", date_of_birth="1990-01-01")
    await watch.sees("Briar is locked out", "Lift the lock")
    assert (await desk.act(chart, "unlocking", by="jo")).status_code == 303
    await watch.sees("Briar has opened the link", "lifted by Jo Marsh", without="Wrong dates of birth")
    await browser.post("/welcome/birth-date", date_of_birth=chart.born)
    await watch.sees("The date of birth was right")
    assert (await browser.post("/welcome/password", password=SECRET)).status_code == 303
    await watch.sees("Briar is on the portal", chart.email, "signed up", without="Resend")
    for name, is_told in (("miriam", True), ("theo", False)):
        notices = await (await desk.person(name)).get("/staff/notices")
        assert ("has signed up." in notices.text) is is_told, name

    account = await desk.account_id(chart)
    assert (await desk.act(chart, "resets", holder=account)).status_code == 303
    await watch.sees("A link for a new password was sent")
    half = desk.browser()
    await half.post("/reset", token=await desk.reset(account))
    assert (await half.post("/reset/password", password=SECRET + "!")).status_code == 303
    await watch.sees("chose a new password")
    again = desk.browser()
    assert (await again.post("/sign-in", email=chart.email, password=SECRET + "!")).status_code == 303
    await watch.sees("Last here")

    assert (await desk.act(chart, "removals", holder=account)).status_code == 303
    await watch.sees("Access to Briar has been removed", "by Miriam Adler", "Give access back")
    assert (await desk.act(chart, "accesses", by="jo", account=account)).status_code == 303
    await watch.sees("Briar is on the portal", "given access by Jo Marsh")
    await desk.change(chart, email="")
    await watch.sees("The portal is paused for Briar")
    await desk.change(chart)
    await watch.sees("Briar is on the portal")
    await desk.act(chart, "removals/all", by="jo", holder=account)
    await watch.sees("Access to Briar has been removed")


async def test_withdrawn_and_ended_by_another_address(watch: Watch) -> None:
    desk, chart = watch.desk, watch.chart
    await desk.act(chart, "invitations", holder="client")
    await watch.sees("Briar is invited")
    assert (await desk.act(chart, "withdrawal")).status_code == 303
    await watch.sees("Briar isn’t invited yet")
    await desk.due_again(chart)
    await desk.act(chart, "invitations", holder="client")
    await watch.sees("Briar is invited")
    await desk.change(chart, email=f"new.{chart.email}")
    await watch.sees("Briar isn’t invited yet", "on file changed, so the link ended")
    miriam = await desk.person("miriam")
    await miriam.post(f"/staff/clients/{chart.id}/archival")
    await watch.sees("This chart is archived.")
    await miriam.post(f"/staff/clients/{chart.id}/restoration")
    await watch.sees("Everything a welcome email needs", without="This chart is archived.")


async def test_a_letter_that_does_not_arrive(watch: Watch) -> None:
    desk, chart = watch.desk, watch.chart
    refusal = "550 5.1.1 No such user here"
    desk.office.to_rcpt.append(refusal)
    await desk.act(chart, "invitations", holder="client")
    await watch.sees("couldn’t be delivered", refusal)
    letter = (await desk.sql("select id from outbox where client_id = :id", id=chart.id))[0]["id"]
    assert (await (await desk.person("jo")).post(f"/staff/mail/{letter}/retry")).status_code == 303
    await desk.mailed(chart.email, "/welcome/")
    await watch.sees("Briar is invited", without=refusal)


async def test_an_account_that_one_may_not_see_can_be_linked_all_the_same(desk: Desk) -> None:
    """Theo does not see Miriam's chart, but is told at once that an invitation would go astray."""
    hers = await desk.chart("Heath")
    his = await desk.chart("Briar", email=hers.email, by="theo")
    async with open_page(await desk.person("theo"), his.tab, worker=1) as tab:
        assert "already has an account" not in str(tab.live)
        await desk.sign_up(hers)
        await Watch(desk, his, [tab]).sees("already has an account")
        assert hers.id not in str(tab.live)


async def test_what_happens_to_another_chart_with_the_same_address(watch: Watch) -> None:
    """A brother's account can be linked as soon as there is one; his name and his access show here too."""
    desk, chart = watch.desk, watch.chart
    brother = await desk.chart("Heath", email=chart.email)
    await watch.sees("Send welcome email", without="already has an account")
    await desk.sign_up(brother)
    await watch.sees("already has an account")
    account = await desk.account_id(brother)
    assert (await desk.act(chart, "accesses", account=account)).status_code == 303
    await watch.sees("Remove access to all clients", "Also acts for", "Heath")
    steps: list[tuple[Callable[[], Awaitable[object]], str, str]] = [
        (lambda: desk.change(brother, first_name="Heathcliff"), "Heathcliff", ""),
        (lambda: desk.act(brother, "removals", holder=account), "Remove access", "Remove access to all clients"),
        (lambda: desk.act(brother, "accesses", account=account), "Remove access to all clients", ""),
    ]
    for happen, shown, gone in steps:
        await happen()
        await watch.sees(shown, without=gone)


async def test_what_is_written_to_somebody_who_cant_read_it_is_kept_until_they_can(desk: Desk) -> None:
    chart = await desk.chart("Briar")
    miriam, grace = await desk.person("miriam"), await desk.person("grace")
    begun = await miriam.post(f"/staff/clients/{chart.id}/conversations", audience="billing")
    thread = begun.headers["location"]
    assert (await miriam.send(f"{thread}/messages", key=str(uuid4()), body="Welcome, Briar.")).status_code == 201
    async with (
        open_page(miriam, thread) as page,
        open_page(grace, thread) as other,
        open_page(miriam, "/staff/inbox") as inbox,
    ):

        def says() -> str:
            return " ".join(parse(next(page.live[key] for key in page.live if key.startswith("way"))).text.split())

        def tagged() -> bool:
            row = next(one for one in inbox.document.walk() if (one.get("href") or "").endswith(thread[-36:]))
            return "Not on the portal" in row.text

        async def become(words: str, kept: bool) -> None:
            await page.until(lambda: words in says() and ("data-kept" in str(page.live)) is kept, what=words)
            await inbox.until(lambda: tagged() is kept, what="the row of the inbox to say so")
            for one in (page, other, inbox):
                await one.settle()
                await one.current()

        await become("Briar isn’t on the portal yet, and will find this after signing up. Invite Briar", kept=True)
        link = await desk.invite(chart)
        await become("Briar is invited, and will find this after signing up. Portal access", kept=True)
        # A colleague who may not invite is told the same, without the way there.
        assert "Briar is invited" in str(other.live) and "Portal access" not in str(other.live)
        briar = await desk.sign_up(chart, link)
        await become("", kept=False)
        assert "Briar" not in says()
        assert "Welcome, Briar." in (await briar.get(thread.removeprefix("/staff"))).text
        # A pause, and an end.
        await desk.change(chart, date_of_birth="")
        await become("Nobody on the client’s side can read this at the moment. What you write is kept.", kept=True)
        await desk.change(chart)
        await become("", kept=False)
