"""An address of one's own (H5, A7): a minor's account never stands on that of somebody who acts for them, nor on one
that looks like it; and only what is equal is ever linked."""

import datetime as dt
import itertools
from uuid import uuid4

import httpx2
import pytest

from portal.models.access.own_address import ANOTHERS, TOO_YOUNG, SharedAddress
from portal.models.practice.age import birthday
from tests.access.desk import Chart, Desk

_number = itertools.count(1)


def full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) for c in text)


# What of an address somebody could write who means the same mailbox, or wants it to be taken for that.
TAKEN = {
    "case": lambda address: address.upper(),
    "dots": lambda address: "m.ara" + address.removeprefix("mara"),
    "tag": lambda address: address.replace("@", "+kit@"),
    "accent": lambda address: "mar\u00e1" + address.removeprefix("mara"),
    "full-width": lambda address: full_width(address.partition("@")[0]) + "@" + address.partition("@")[2],
}
NOT_TAKEN = {
    "Cyrillic": lambda address: "m\u0430ra" + address.removeprefix("mara"),
    "Greek": lambda address: "mar\u03b1" + address.removeprefix("mara"),
    "zero-width": lambda address: "ma\u200bra" + address.removeprefix("mara"),
    "joiner": lambda address: "ma\u2060ra" + address.removeprefix("mara"),
}


def aged(years: int) -> str:
    return birthday(dt.datetime.now(dt.UTC).date() - dt.timedelta(days=40), -years).isoformat()


def address() -> str:
    return f"mara{next(_number)}@family.example"


async def tie(desk: Desk, chart: Chart, email: str = "", **form: str) -> httpx2.Response:
    """Somebody new acts for the client."""
    person = {"name": "Mara Lind", "email": email, "relationship": "Mother", "guardian": "on"}
    miriam = await desk.person("miriam")
    return await miriam.post(
        f"/staff/clients/{chart.id}/contacts", key=str(uuid4()), **person | {"messages": "on"} | form
    )


async def invited(desk: Desk, chart: Chart) -> int:
    return await desk.count("invitation where client_id = :id", id=chart.id)


@pytest.mark.parametrize("kind", TAKEN)
async def test_a_minors_own_account_is_refused_on_a_guardians_address(desk: Desk, kind: str) -> None:
    hers = address()
    chart = await desk.chart("Kit", born=aged(15), email=TAKEN[kind](hers))
    assert (await tie(desk, chart, hers)).status_code == 303
    refused = await desk.act(chart, "invitations", holder="client")
    assert refused.status_code == 409 and ANOTHERS in refused.text
    assert ANOTHERS in await desk.tab(chart), "said before anything is pressed"
    assert await invited(desk, chart) == 0
    await desk.change(chart, email=f"own.{hers}")
    assert (await desk.act(chart, "invitations", holder="client")).status_code == 303
    assert await invited(desk, chart) == 1


async def test_a_whole_word_in_another_alphabet_is_refused_too(desk: Desk) -> None:
    chart = await desk.chart("Kit", born=aged(16), email="\u0441\u0430\u0440@family.example")  # reads c, a, p
    assert (await tie(desk, chart, "cap@family.example")).status_code == 303
    assert ANOTHERS in (await desk.act(chart, "invitations", holder="client")).text
    assert await invited(desk, chart) == 0


async def test_an_adults_is_not(desk: Desk) -> None:
    """A couple may share an address: they are of age to say so."""
    chart = await desk.chart("Kit", born=aged(19), email=(hers := address()))
    assert (await tie(desk, chart, hers)).status_code == 303
    assert (await desk.act(chart, "invitations", holder="client")).status_code == 303


@pytest.mark.parametrize("kind", NOT_TAKEN)
async def test_what_is_made_to_be_mistaken_is_taken_nowhere(desk: Desk, kind: str) -> None:
    chart = await desk.chart("Kit", born=aged(15))
    wrong = NOT_TAKEN[kind](address())
    miriam = await desk.person("miriam")
    form = {"first_name": "Kit", "last_name": chart.last, "email": wrong, "date_of_birth": chart.born}
    before = [await desk.count(table) for table in ("contact", "client")]
    answers = [
        await tie(desk, chart, wrong),
        await miriam.post("/staff/clients", key=str(uuid4()), **form),
        await miriam.post(f"/staff/clients/{chart.id}", **form),
    ]
    for answer in answers:
        assert answer.status_code == 422 and "letter by letter" in answer.text
    assert [await desk.count(table) for table in ("contact", "client")] == before
    assert (await desk.deployment.row("client", chart.id))["email"] == chart.email


async def test_who_is_too_young_has_no_account_and_a_contact_is_the_one_who_is_asked(desk: Desk) -> None:
    chart = await desk.chart("Pip", born=aged(13))
    assert TOO_YOUNG in await desk.tab(chart)
    refused = await desk.act(chart, "invitations", holder="client")
    assert refused.status_code == 409 and TOO_YOUNG in refused.text
    assert (await tie(desk, chart, address())).status_code == 303
    (link,) = await desk.sql("select id from contact_link where client_id = :id", id=chart.id)
    tab = await desk.tab(chart)
    assert f'id="dialog-send-{link["id"]}"' in tab and 'id="dialog-send-client"' not in tab
    assert (await desk.act(chart, "invitations", holder="client")).status_code == 409
    assert await invited(desk, chart) == 0
    assert (await desk.act(chart, "invitations", holder=str(link["id"]))).status_code == 303
    # A year later they are invited themselves.
    older = await desk.chart("Pip", born=aged(14))
    assert (await desk.act(older, "invitations", holder="client")).status_code == 303


@pytest.mark.parametrize("years", [9, 15])
async def test_a_parents_account_is_never_a_childs_own(desk: Desk, years: int) -> None:
    """The chart of a child often bears the mother's address. She is linked as a contact, not as the child."""
    hers = address()
    first = await desk.chart("Wynn", born=aged(11))
    assert (await tie(desk, first, hers)).status_code == 303
    (link,) = await desk.sql("select id, contact_id from contact_link where client_id = :id", id=first.id)
    await desk.sign_up(first, await desk.invite(first, str(link["id"])))
    (account,) = await desk.sql("select id from portal_account where email = :email", email=hers)
    second = await desk.chart("Lark", born=aged(years), email=hers)
    assert (await desk.act(second, "accesses", account=str(account["id"]))).status_code == 409
    assert (await tie(desk, second, contact=str(link["contact_id"]), name="")).status_code == 303
    assert (await desk.act(second, "accesses", account=str(account["id"]))).status_code == 303
    rows = await desk.sql("select contact_link_id from access where client_id = :id", id=second.id)
    assert [row["contact_link_id"] is not None for row in rows] == [True]


@pytest.mark.parametrize("kind", TAKEN)
async def test_nobody_comes_to_act_for_a_minor_on_the_minors_own_address(desk: Desk, kind: str) -> None:
    own = address()
    chart, _, _ = await desk.registered("Kit", born=aged(15), email=own)
    refused = await tie(desk, chart, TAKEN[kind](own))
    assert refused.status_code == 422 and SharedAddress.why[1:] in refused.text
    assert not await desk.sql("select 1 from contact_link where client_id = :id", id=chart.id)
    assert (await tie(desk, chart, hers := address())).status_code == 303
    (link,) = await desk.sql("select id from contact_link where client_id = :id", id=chart.id)
    miriam = await desk.person("miriam")
    form = {"name": "Mara Lind", "relationship": "Mother", "guardian": "on", "email": TAKEN[kind](own)}
    path = f"/staff/clients/{chart.id}/contacts/{link['id']}"
    refused = await miriam.post(path, **form)
    assert refused.status_code == 422 and SharedAddress.why[1:] in refused.text
    found = await desk.sql(
        "select c.email from contact c join contact_link l on l.contact_id = c.id where l.id = :id", id=link["id"]
    )
    assert found[0]["email"] == hers
    assert (await miriam.post(path, **form | {"email": f"other.{hers}"})).status_code == 303


async def test_an_invitation_on_its_way_counts_as_their_own(desk: Desk) -> None:
    own = address()
    elsewhere = await desk.chart("Lark", born=aged(15))
    assert (await tie(desk, elsewhere, own)).status_code == 303
    (known,) = await desk.sql("select contact_id as id from contact_link where client_id = :id", id=elsewhere.id)
    chart = await desk.chart("Kit", born=aged(15), email=own)
    await desk.invite(chart)
    refused = await tie(desk, chart, name="", contact=str(known["id"]))
    assert refused.status_code == 409 and SharedAddress.why in refused.text
    assert (await desk.act(chart, "withdrawal")).status_code == 303
    assert (await tie(desk, chart, name="", contact=str(known["id"]))).status_code == 303
    assert ANOTHERS in (await desk.act(chart, "invitations", holder="client")).text


async def test_who_turns_out_to_be_too_young_is_not_invited_any_more(desk: Desk) -> None:
    chart, token = await desk.invited("Kit", born=aged(15))
    await desk.change(chart, date_of_birth=aged(12))
    assert (await desk.browser().post("/welcome", token=token)).status_code != 303
    (row,) = await desk.sql("select ended_why from invitation where client_id = :id", id=chart.id)
    assert row["ended_why"] == "withdrawn"
