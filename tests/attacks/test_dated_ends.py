"""An end by date is like an end by hand: no link, no offer and no half-done sign-up goes on."""

import datetime as dt
from uuid import uuid4

import pytest

from portal.demo.people import ZONE
from portal.language import local_day
from tests.access.desk import SECRET, Chart, Desk
from tests.access.test_linking import confirming
from tests.pages import open_page
from tests.people.contacts import EVERYTHING, add_contact

ACCOUNT = "portal_account where email = :email"


def tomorrow(desk: Desk) -> str:
    return (local_day(desk.deployment.now, ZONE) + dt.timedelta(days=1)).isoformat()


# By what it ends tomorrow, or the day after.
ENDS = {"a last day": ("last", ""), "a court's order": ("no_contact_from", "no_contact")}


async def contact(desk: Desk, chart: Chart, by: str = "", **who: str) -> str:
    """Somebody who acts for the client, and will not for long. Gives the link."""
    day, ticked = ENDS.get(by, ("", ""))
    ends = ({day: tomorrow(desk)} if day else {}) | ({ticked: "on"} if ticked else {})
    tie = await add_contact(await desk.person("miriam"), chart.id, **EVERYTHING, **ends, **who)
    return tie.id


@pytest.mark.parametrize("by", ENDS)
async def test_a_link_on_its_way_ends_with_what_it_was_for(desk: Desk, by: str) -> None:
    chart, lasting = await desk.chart(), await desk.chart("Rowan")
    emails = [f"robin.{uuid4().hex[:8]}@family.example" for _ in range(2)]
    token = await desk.invite(chart, await contact(desk, chart, by, name="Robin Hale", email=emails[0]))
    other = await desk.invite(lasting, await contact(desk, lasting, name="Robin Hale", email=emails[1]))
    begun, done = await desk.begin(token), await desk.verified(chart, token)
    assert "Robin Hale" in await desk.tab(chart)

    await desk.time_passes(days=3)
    stranger = desk.browser()
    assert "There is a newer email" in (await stranger.get(f"/welcome/{token}")).text
    assert (await stranger.post("/welcome", token=token)).status_code == 200, "it leads no further"
    # Half-sessions have run out by then: as if one had begun just now.
    await desk.sql("update half_session set expires_at = expires_at + cast('4 days' as interval)")
    assert (await begun.post("/welcome/birth-date", date_of_birth=chart.born)).status_code == 403
    assert (await done.post("/welcome/password", password=SECRET)).status_code == 403
    assert await desk.count(ACCOUNT, email=emails[0]) == 0
    assert "Invited" not in (await (await desk.person("miriam")).get(f"/staff/clients/{chart.id}/contacts")).text

    browser = await desk.verified(lasting, other)
    assert (await browser.post("/welcome/password", password=SECRET)).status_code == 303
    assert await desk.count(ACCOUNT, email=emails[1]) == 1


@pytest.mark.parametrize("by", ENDS)
async def test_an_offer_ends_with_what_it_was_for_on_pages_that_stand_open(desk: Desk, by: str) -> None:
    chart, lasting = await desk.chart(), await desk.chart("Rowan")
    own = await desk.chart("Robin")  # who has an account, for themselves
    robin = await desk.sign_up(own)
    account = await desk.account_id(own)
    async with confirming(desk):
        for one, ends in ((chart, by), (lasting, "")):
            await contact(desk, one, ends, person=own.id)
            assert (await desk.act(one, "accesses", account=account)).status_code == 303
    rows = await desk.sql("select id, client_id from invitation where account_id = :id order by sent_at", id=account)
    ending, staying = (f"/offers/{row['id']}" for row in rows)
    home = await robin.get("/home", follow=True)
    async with open_page(robin, str(home.url.path)) as page:
        assert ending in page.live["offers"] and staying in page.live["offers"]
        await desk.time_passes(days=3)
        # Nobody stays signed in for three days but by hand.
        await desk.sql(
            "update session set idle_until = idle_until + cast('4 days' as interval), "
            "expires_at = expires_at + cast('4 days' as interval)"
        )
        await page.ask()
        await page.until(lambda: ending not in page.live["offers"], what="the offer to go")
        assert staying in page.live["offers"]
        await page.current()
    assert (await robin.get(ending)).status_code == 404
    assert (await robin.post(ending, date_of_birth=chart.born)).status_code == 404
    access = "select 1 from access where account_id = :account and client_id = :client"
    assert not await desk.sql(access, account=account, client=chart.id)
    assert (await robin.post(staying, date_of_birth=lasting.born)).status_code == 303
    assert await desk.sql(access, account=account, client=lasting.id)


async def test_what_stands_behind_a_link_is_asked_of_the_rows(desk: Desk) -> None:
    """As they are in that moment, whatever ended them: nobody has told the invitation."""
    chart = await desk.chart()
    email = f"robin.{uuid4().hex[:8]}@family.example"
    link = await contact(desk, chart, name="Robin Hale", email=email)
    token = await desk.invite(chart, link)
    browser = await desk.verified(chart, token)
    endings = {
        "update client set archived_at = now() where id = :id": "update client set archived_at = null where id = :id",
        "update contact set email_key = 'else@family.example' where id = (select contact_id from contact_link where "
        "client_id = :id)": f"update contact set email_key = '{email}' where id = (select contact_id from "
        "contact_link where client_id = :id)",
        "update client set contact_network = false where id = :id": "update client set contact_network = true "
        "where id = :id",
    }
    for ends, begins in endings.items():
        await desk.sql(ends, id=chart.id)
        assert (await browser.post("/welcome/password", password=SECRET)).status_code == 403, ends
        assert "There is a newer email" in (await desk.browser().get(f"/welcome/{token}")).text
        await desk.sql(begins, id=chart.id)
    assert (await browser.post("/welcome/password", password=SECRET)).status_code == 303
    assert await desk.count(ACCOUNT, email=email) == 1
