"""Notices to you: each person's own choice, by a page that needs no JavaScript; and the practice's minutes."""

import datetime as dt

import pytest

from portal.models.ground.fact import unit
from portal.models.mail.bounce import Cause, note_bounce
from tests.deployment import Deployment
from tests.mail.post_office import PostOffice, eventually
from tests.messages.thread import Thread
from tests.pages import Page, are_current

QUIET = {"often": "once", "mail_message": "on", "quiet": "on", "quiet_from": "21:30", "quiet_until": "07:00"}


@pytest.mark.parametrize("name", ["miriam", "dana"])
async def test_what_is_chosen_is_kept_and_shown(portal: Deployment, name: str) -> None:
    person = await portal.cast.sign_in(name)
    here = "/staff/notices/choices" if name == "miriam" else f"/clients/{portal.cast.client['noa']}/notices/choices"
    assert (await person.post(here, **QUIET)).headers["location"] == f"{here}?saved=yes"
    page = (await person.get(f"{here}?saved=yes")).text
    assert "Saved." in page and 'value="21:30"' in page and 'value="07:00"' in page
    assert f'href="{here}"' in page  # the menu leads there
    without = {name: value for name, value in QUIET.items() if name != "quiet"}
    assert (await person.post(here, **without)).status_code == 303
    kept = await portal.sql("select quiet_from from mail_choice where person_id = :id", id=person.id)
    assert [row["quiet_from"] for row in kept] == [None], "switched off, whatever times stand there"


async def test_a_coming_of_age_is_offered_only_where_one_is_ahead(portal: Deployment) -> None:
    """Noa is nine: Dana and Miriam may be told of it. Sam is an adult and acts for nobody, Theo sees no minor."""
    cast = portal.cast
    for name, is_offered in (("miriam", True), ("theo", False)):
        member = await cast.sign_in(name)
        page = (await member.get("/staff/notices/choices")).text
        assert ('name="mail_came_of_age"' in page, 'name="mail_message"' in page) == (is_offered, True)
    dana, sam = await cast.sign_in("dana"), await cast.sign_in("sam")
    for person, client, is_offered in ((dana, "noa", True), (sam, "sam", False)):
        here = f"/clients/{cast.client[client]}/notices/choices"
        page = (await person.get(here)).text
        assert ('name="shown_coming_of_age"' in page) is is_offered
        assert 'name="shown_message"' in page
        assert (await person.post(here, often="once", shown_message="on")).status_code == 303
    kinds = "select kind from notice_choice where person_id = :id and kind = 'came_of_age'"
    assert not await portal.sql(kinds, id=sam.id), "what is not offered is not chosen"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"quiet_until": ""}, "fill in both times, or switch quiet hours off."),
        ({"quiet_from": ""}, "fill in both times, or switch quiet hours off."),
        ({"quiet_until": "21:30"}, "choose an end that differs from the start."),
        ({"quiet_from": "24:00"}, "write a time like 21:30."),
        ({"quiet_from": "9"}, "write a time like 21:30."),
    ],
)
async def test_what_can_not_be_is_said_and_kept_in_the_form(
    portal: Deployment, wrong: dict[str, str], why: str
) -> None:
    jo = await portal.cast.sign_in("jo")
    answer = await jo.post("/staff/notices/choices", **(QUIET | wrong))
    assert answer.status_code == 422 and why in answer.text
    assert not await portal.sql("select 1 from mail_choice where person_id = :jo", jo=portal.cast.staff["jo"])


async def test_a_mother_who_does_not_come_by_gets_an_email(portal: Deployment, mail: PostOffice) -> None:
    cast = portal.cast
    ada, miriam = await cast.sign_in("ada"), await cast.sign_in("miriam")
    wrong = await ada.post("/staff/settings/mail/minutes", mail_after="0")
    assert wrong.status_code == 422 and "from 1 to 240" in wrong.text
    assert (await ada.post("/staff/settings/mail/minutes", mail_after="10")).status_code == 303
    dana = await cast.sign_in("dana")
    await dana.post(f"/clients/{cast.client['noa']}/notices/choices", often="once", mail_message="on")
    before = len(mail.letters)
    await Thread(cast).write(miriam, "Hello")
    await portal.move_clock(minutes=9)
    await eventually(lambda: portal.sql("select 1 from conversation where mail_since is not null"))
    assert len(mail.letters) == before
    await portal.move_clock(minutes=2)
    await mail.arrived(before + 1)
    assert mail.recipients[-1] == cast.email["client", "dana"]
    assert "http://localhost" in mail.letters[-1].get_body(("plain",)).get_content()


async def to_stand_in(portal: Deployment, name: str, days: int) -> None:
    """Ask somebody to covering for Miriam so many days from now: a notice that is no message."""
    ada = await portal.cast.sign_in("ada")
    await ada.post("/staff/settings/mail/minutes", mail_after="10")
    day = (portal.now + dt.timedelta(days=days)).date().isoformat()
    staff = portal.cast.staff
    answer = await ada.post("/staff/leave", staff=staff["miriam"], cover=staff[name], first=day, last=day)
    assert answer.status_code == 303, answer.text


async def test_who_does_not_come_by_is_written_to_about_other_notices_too(portal: Deployment, mail: PostOffice) -> None:
    cast = portal.cast
    theo = await cast.sign_in("theo")
    await theo.post("/staff/notices/choices", often="once", mail_stands_in="on", mail_message="on")
    before = len(mail.letters)
    await to_stand_in(portal, "theo", 300)
    await to_stand_in(portal, "theo", 301)
    await portal.move_clock(minutes=9)
    assert len(mail.letters) == before
    await portal.move_clock(minutes=2)
    await mail.arrived(before + 1)
    letter = mail.letters[-1]
    assert mail.recipients[-1] == cast.email["staff", "theo"]
    assert str(letter["Subject"]).startswith("Something new for you at")
    assert "Miriam" not in str(letter) and "covering" not in str(letter)
    letters = "(select distinct letter_id from notice where staff_id = :theo and letter_id is not null) both"
    assert await portal.count(letters, theo=theo.id) == 1, "one letter for both"


@pytest.mark.parametrize("why", ["it was seen", "not about this kind", "no emails", "the colleague has left"])
async def test_nobody_is_written_to_about_a_notice_that_need_not_be(
    portal: Deployment, mail: PostOffice, why: str
) -> None:
    days = 310 + len(why)
    henrik = await portal.cast.sign_in("henrik")
    often = "never" if why == "no emails" else "once"
    kinds = {} if why == "not about this kind" else {"mail_stands_in": "on"}
    await henrik.post("/staff/notices/choices", often="once", mail_stands_in="on")
    before = len(mail.letters)
    await to_stand_in(portal, "henrik", days)
    assert await portal.count("notice where staff_id = :id and mail_at is not null", id=henrik.id)
    if why == "it was seen":
        await henrik.post("/staff/notices/reading", up_to=10_000)
    elif why == "the colleague has left":
        await portal.sql("update staff_member set ended_at = :now where id = :henrik", henrik=henrik.id, now=portal.now)
    else:
        await henrik.post("/staff/notices/choices", often=often, **kinds)
    try:
        await portal.move_clock(minutes=12)
        over = "select 1 as yes where not exists (select 1 from notice where staff_id = :id and mail_at is not null)"
        await eventually(lambda: portal.sql(over, id=henrik.id))
        assert len(mail.letters) == before
        assert not await portal.count("notice where staff_id = :id and letter_id is not null", id=henrik.id)
    finally:
        await portal.sql("update staff_member set ended_at = null where id = :henrik", henrik=henrik.id)


async def test_the_way_of_a_message_shows_to_both_sides(portal: Deployment, mail: PostOffice) -> None:
    cast = portal.cast
    miriam, sam = await cast.sign_in("miriam"), await cast.sign_in("sam")
    thread = Thread(cast, "sam clinical")
    # No quiet hours, whatever the time is.
    await miriam.post("/staff/notices/choices", often="once", mail_message="on")
    await sam.post(f"/clients/{cast.client['sam']}/notices/choices", often="once", mail_message="on")
    async with thread.open(miriam) as hers, thread.open(sam) as his:
        before = len(mail.letters)
        await thread.write(miriam, "A word of no weight.")
        await portal.move_clock(minutes=12)
        await mail.arrived(before + 1)
        await hers.until(lambda: says(hers, "Sam Okafor was told by email today"))
        [row] = await portal.sql(
            "select letter_id from burst where conversation_id = :of and side = 'client' and letter_id is not null",
            of=cast.conversation["sam clinical"],
        )
        async with portal.models(), unit():
            assert await note_bounce(row["letter_id"], Cause.ADDRESS, "5.1.1", "550 5.1.1 No such user")
        await hers.until(lambda: says(hers, "came back: there is no such mailbox"))
        await are_current(hers, his)
        assert not says(his, "by email") and not says(his, "came back")
        await thread.write(sam, "And another.")
        await portal.move_clock(minutes=9)
        await portal.move_clock(minutes=3)
        await his.until(lambda: says(his, "The practice was told by email today"))
        await hers.until(lambda: not says(hers, "came back"))
        await his.current()


def says(page: Page, words: str) -> bool:
    return any(words in shown for shown in page.live.values())


async def test_who_wants_discretion_is_written_to_by_nobody_in_particular(portal: Deployment, mail: PostOffice) -> None:
    cast = portal.cast
    dana, miriam = await cast.sign_in("dana"), await cast.sign_in("miriam")
    thread = Thread(cast)
    await thread.read(dana)
    await dana.post(f"/clients/{cast.client['noa']}/notices/choices", often="once", mail_message="on")
    await dana.post("/discretion", discreet="on")
    try:
        before = len(mail.letters)
        await thread.write(miriam, "A word of no weight.")
        await portal.move_clock(minutes=12)
        await mail.arrived(before + 1)
        letter = mail.letters[-1]
        assert mail.recipients[-1] == cast.email["client", "dana"]
        assert str(letter["From"]).startswith("Portal <") and letter["Subject"] == "Something new for you at Portal"
        assert "Willow" not in letter.get_body(("plain",)).get_content()
        assert "Willow" not in letter.get_body(("html",)).get_content()
        await dana.post("/forgot", email=cast.email["client", "dana"])
        await mail.arrived(before + 2)
        letter = mail.letters[-1]
        assert str(letter["From"]).startswith("Portal <")
        assert letter["Subject"] == "A new password for your account at Portal"
        assert "Willow" not in str(letter)
    finally:
        await (await cast.sign_in("dana")).post("/discretion", discreet="off")
