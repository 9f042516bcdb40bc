"""The chart's Portal tab is a row a person: each with a state, an invitation and acts of their own, and what it says of
a letter is what happened to it."""

from uuid import uuid4

from portal import clock
from tests.access.desk import SECRET, Chart, Desk
from tests.deployment import Deployment
from tests.html import filled, parse
from tests.pages import open_page
from tests.people.contacts import EVERYTHING, add_contact


def row_of(page: str, name: str) -> str:
    """The row of somebody on the tab: what it says."""
    rows = [
        one.text for one in parse(page).walk() if one.tag == "tr" and one.attributes.get("id", "").startswith("person-")
    ]
    (row,) = [text for text in rows if text.removeprefix(text[:1]).strip().startswith(name)]
    return row


def asks(page: str, kind: str) -> list[str]:
    """The titles of the questions of one kind that the tab has at hand."""
    dialogs = [
        one for one in parse(page).walk() if one.tag == "dialog" and one.attributes["id"].startswith(f"dialog-{kind}-")
    ]
    return [one.text for dialog in dialogs for one in dialog.walk() if one.tag == "h2"]


async def two_parents(desk: Desk) -> tuple[Chart, str, str]:
    """A child with two guardians, each by the id of their link."""
    child, miriam = await desk.chart("Tilda", born="2017-05-05", email=""), await desk.person("miriam")
    links = [
        (
            await add_contact(
                miriam,
                child.id,
                name=name,
                email=f"{name.lower()}.{child.last}@holm.example",
                guardian="on",
                **EVERYTHING,
            )
        ).id
        for name in ("Karin", "Jens")
    ]
    return child, links[0], links[1]


async def test_two_parents_are_invited_at_the_same_time_each_on_their_own(desk: Desk) -> None:
    child, karin, jens = await two_parents(desk)
    miriam = await desk.person("miriam")
    contacts = await miriam.get(f"/staff/clients/{child.id}/contacts")
    assert f'href="{child.tab}#person-{jens}"' in contacts.text and f'id="person-{jens}"' in await desk.tab(child)
    async with open_page(miriam, child.tab, worker=1) as tab:
        state = f"portal-state?client={child.id}"
        hers = await desk.invite(child, karin)
        await tab.until(lambda: "Karin is invited" in tab.live[state], what="Karin, and not Tilda, to be invited")
        assert asks(await desk.tab(child), "send") == ["Send the welcome email to Jens?"]
        assert (await desk.act(child, "invitations", holder=jens)).status_code == 303
        his = await desk.plant("invitation", await desk.newest_invitation(child))
        await tab.until(lambda: "Karin and Jens are invited" in tab.live[state], what="both")
        # Five minutes hold for each of them alone.
        assert (await desk.act(child, "invitations", holder=jens)).status_code == 409

        browser = await desk.begin(hers)
        for _ in range(5):
            await browser.post("/welcome/birth-date", date_of_birth="1990-01-01")
        await tab.until(lambda: "Karin is locked out" in tab.live[state], what="the lock")
        await tab.current()
        page = await desk.tab(child)
        assert "Locked" in row_of(page, "Karin") and "Locked" not in row_of(page, "Jens")
        assert asks(page, "unlock") == ["Lift the lock for Karin?"]
        assert (await desk.act(child, "unlocking", holder=jens)).status_code == 303
        assert "Locked" in row_of(await desk.tab(child), "Karin"), "hers is another's lock"
        form = filled((await miriam.get("/staff/today")).text, f"{child.tab}/unlocking")
        assert (await miriam.post(f"{child.tab}/unlocking", **form)).status_code == 303
        await tab.until(lambda: "Karin is locked out" not in tab.live[state], what="that it is lifted, from Today")

        assert (await desk.act(child, "withdrawal", holder=jens)).status_code == 303
        await tab.until(lambda: "Not invited" in tab.live[state], what="the end of his")
        await tab.current()
    assert "There is a newer email" in (await desk.browser().get(f"/welcome/{his}")).text
    assert (await browser.post("/welcome/birth-date", date_of_birth=child.born)).status_code == 303
    assert (await browser.post("/welcome/password", password=SECRET)).status_code == 303
    page = await desk.tab(child)
    assert "Active" in row_of(page, "Karin") and "Not invited" in row_of(page, "Jens")
    assert "Karin acts for Tilda" in page and asks(page, "reset") == ["Reset Karin’s portal password?"]


async def test_what_cannot_be_done_is_not_offered_and_what_can_names_the_person(desk: Desk) -> None:
    """Neither by a button nor in what a browser without JavaScript is given."""
    chart = await desk.chart("Fern")
    page = await desk.tab(chart)
    for act in ("Lift the lock", "Reset password", "Remove access", "Undo invitation", "Link "):
        assert act not in page, act
    await desk.invite(chart)
    page = await desk.tab(chart)
    assert asks(page, "undo") == [f"Undo the invitation of Fern {chart.last}?"]
    assert "The link in the email stops working now." in page and "Lift the lock" not in page


async def test_without_a_mail_server_the_invitation_waits_until_one_has_taken_it(embedded: Deployment) -> None:
    desk = Desk(embedded, None)  # type: ignore[arg-type]  # no office: that is the point
    chart, miriam = await desk.chart("Hazel"), await desk.person("miriam")
    before = (await miriam.get(chart.tab)).text
    assert "No mail server is set up: the email waits here until there is one." in before, "said beforehand"
    async with open_page(miriam, chart.tab) as tab:
        state, history = f"portal-state?client={chart.id}", f"portal-history?client={chart.id}"
        assert (await desk.act(chart, "invitations", holder="client")).status_code == 303
        await tab.until(lambda: "The welcome email to Hazel is waiting" in tab.live[state], what="that it waits")
        await tab.until(lambda: "no mail server is set up" in tab.live[history], what="the same in the history")
        await tab.current()
    page = (await miriam.get(chart.tab)).text
    assert "Waiting for a mail server" in row_of(page, "Hazel") and "Taken by" not in page
    assert "email sent" not in page and "Sent by" not in page
    assert (await desk.act(chart, "withdrawal")).status_code == 303
    page = (await miriam.get(chart.tab)).text
    assert "was undone before it went out" in page and "couldn’t be delivered" not in page
    await desk.sql("update invitation set sent_at = '2026-01-01 00:00:00+00:00' where client_id = :id", id=chart.id)
    assert (await desk.act(chart, "invitations", holder="client")).status_code == 303
    now = clock.now()
    await desk.sql("update outbox set failed_at = null, done_at = :now where client_id = :id", now=now, id=chart.id)
    page = (await miriam.get(chart.tab)).text
    assert "Hazel is invited" in page and "Taken by the mail server" in row_of(page, "Hazel")
    assert f"Welcome email sent to {chart.email}" in page and "is waiting" not in page


async def test_linking_two_adults_to_one_account_says_that_one_reads_all_of_the_other(desk: Desk) -> None:
    sam, account = desk.cast.email["client", "sam"], desk.cast.account["sam"]
    ines = await desk.chart("Ines", email=sam)
    page = await desk.tab(ines)
    assert "Sam Okafor already has an account" in page and "Everything a welcome email needs" not in page
    assert asks(page, "link") == ["Link Ines to the account of Sam Okafor?"] and asks(page, "send") == []
    assert "It is the account of Sam in person. Whoever signs in with it reads everything of Sam and of Ines." in page
    form = {"key": str(uuid4()), "account": account, "person": "client"}
    assert (await desk.act(ines, "accesses", **form)).status_code == 303
    page = await desk.tab(ines)
    assert "Active" in row_of(page, "Ines") and "Also acts for Sam" in row_of(page, "Ines")
    assert (await desk.act(ines, "removals", holder=account)).status_code == 303


async def test_a_parents_account_is_linked_without_that_warning(desk: Desk) -> None:
    child, miriam = await desk.chart("Wim", born="2018-03-04", email=""), await desk.person("miriam")
    tie = await add_contact(miriam, child.id, person=desk.cast.client["sam"], **EVERYTHING)
    page = await desk.tab(child)
    assert asks(page, "link") == ["Link Wim to the account of Sam Okafor?"] and "in person" not in page
    account = desk.cast.account["sam"]
    assert (await desk.act(child, "accesses", account=account, person="client")).status_code == 409, "not as the child"
    assert (await desk.act(child, "accesses", account=account, person=tie.id)).status_code == 303
    assert "Sam Okafor acts for Wim" in await desk.tab(child)
    assert (await desk.act(child, "removals", holder=account)).status_code == 303
