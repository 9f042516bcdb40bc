"""Time passes: five minutes and seven days, by a clock that is moved under a whole practice."""

from tests.access.desk import Chart, Desk, own_desk, path_of
from tests.access.test_live import Watch
from tests.pages import open_page

OVER = "This link has expired"


old = own_desk()  # nobody else is in it: its clock goes on and never back


async def left(desk: Desk, chart: Chart) -> None:
    """Wait until its letter has left: a link lives from then."""
    await desk.comes("select 1 from outbox where client_id = :id and done_at is not null", id=chart.id)


async def test_another_letter_may_go_after_five_minutes_and_the_tab_says_so_by_itself(old: Desk) -> None:
    chart = await old.chart("Alder")
    async with open_page(await old.person("miriam"), chart.tab, worker=1) as tab:
        watch = Watch(old, chart, [tab])
        await old.act(chart, "invitations", holder="client")
        await watch.sees("It can be sent again")
        await old.time_passes(minutes=4, seconds=30)
        assert (await old.act(chart, "invitations", holder="client")).status_code == 409
        await old.time_passes(seconds=40)
        await watch.sees("Resend", without="It can be sent again")
        assert (await old.act(chart, "invitations", holder="client")).status_code == 303
        await watch.sees("It can be sent again")


async def test_a_link_ends_after_seven_days_while_staff_look(old: Desk) -> None:
    chart, token = await old.invited("Birch")
    await left(old, chart)
    await old.time_passes(days=7, minutes=-5)
    async with open_page(await old.person("miriam"), chart.tab, worker=1) as tab:
        watch = Watch(old, chart, [tab])
        await watch.sees("Not opened yet.")
        assert OVER not in (await old.browser().get(f"/welcome/{token}")).text
        await old.time_passes(minutes=5, seconds=5)
        await watch.sees("The link has expired. Send another one.")
        assert OVER in (await old.browser().get(f"/welcome/{token}")).text


async def test_a_link_whose_letter_waited_works_for_seven_days_from_when_it_left(old: Desk) -> None:
    chart = await old.chart("Hornbeam")
    # More than one: letters of the tests before may leave meanwhile.
    old.office.to_rcpt.extend(["450 4.7.1 Try again later"] * 20)
    await old.act(chart, "invitations", holder="client")
    await old.comes("select 1 from outbox where client_id = :id and reason is not null", id=chart.id)
    old.office.to_rcpt.clear()
    await old.time_passes(days=8)
    link = await old.mailed(chart.email, "/welcome/")
    await left(old, chart)
    await old.time_passes(days=7, minutes=-5)
    assert OVER not in (await old.browser().get(path_of(link))).text
    await old.time_passes(minutes=5, seconds=5)
    assert OVER in (await old.browser().get(path_of(link))).text
    assert "Expired" in await old.tab(chart)


async def test_a_lock_that_is_lifted_late_gives_seven_more_days(old: Desk) -> None:
    chart = await old.chart("Cedar")
    await old.act(chart, "invitations", holder="client")
    await left(old, chart)
    await old.sql("update invitation set tries = 5, locked_at = sent_at where client_id = :id", id=chart.id)
    await old.time_passes(days=6)
    assert (await old.act(chart, "unlocking")).status_code == 303
    await old.time_passes(days=7, minutes=-5)
    async with open_page(await old.person("miriam"), chart.tab) as tab:
        watch = Watch(old, chart, [tab])
        await watch.sees("Not opened yet.")
        await old.time_passes(minutes=5, seconds=5)
        await watch.sees("The link has expired. Send another one.")


async def test_an_account_keeps_its_address_when_the_one_on_file_changes(old: Desk) -> None:
    """Nobody can be invited there, and the tab says why."""
    chart, _, _ = await old.registered("Elder")
    async with open_page(await old.person("miriam"), chart.tab) as tab:
        watch = Watch(old, chart, [tab])
        await old.change(chart, email=f"new.{chart.email}")
        await watch.sees(f"now new.{chart.email}", f"sign in with {chart.email}", without="Send welcome email")
    answer = await old.act(chart, "invitations", holder="client")
    assert answer.status_code == 409 and "under another email" in answer.text
