"""View as (J4): staff see the real page as somebody gets it, live, of this client alone, and nothing comes of it."""

import copy
import json
import re
from uuid import UUID, uuid4

import pytest

from portal.models.ground.fact import unit
from portal.models.notices.kinds import NoticeKind
from portal.models.notices.notice import tell
from portal.models.people.client import CareTeam
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Permission
from tests.cast import Person
from tests.deployment import Deployment, own_practice
from tests.html import Element, parse
from tests.pages import Page, are_current, open_page
from tests.people.contacts import EVERYTHING, link_of

willow = own_practice()  # rights are taken and given here


def place(willow: Deployment, who: str, client: str) -> str:
    """Return the address at which one looks at a client as somebody."""
    return f"/staff/clients/{willow.cast.client[client]}/as/{willow.cast.account[who]}"


# What their own page has and this one has not: ways to write, and the profiles that are others'.
WRITES = ("data-reading", "data-read", "data-draft", "data-look")


def comparable(html: str, here: str) -> dict[str, str]:
    """The live parts of a page, without what only its owner can do there."""
    document = parse(html)
    found = {}
    for region in document.all("data-region"):
        key = region.get("data-region").partition("?")[0]
        if key in ("switch", "draft", "toasts"):
            continue
        shown = copy.deepcopy(region)
        for one in list(shown.walk()):
            for name in WRITES:
                one.attributes.pop(name, None)
            for name, value in one.attributes.items():
                one.attributes[name] = value.replace(here, "")
            if _acts(one) and one.parent is not None:
                one.remove()
        found[key] = shown.written()
    return found


def _acts(one: Element) -> bool:
    return one.tag in ("form", "button") or "acts" in one.classes


async def traces(willow: Deployment) -> dict[str, str]:
    """Return what is there, apart from a look's note in the audit log and the looker's session."""
    return await willow.contents(("audit", "session", "throttle"))


async def pages_of(person: Person, client: str) -> list[str]:
    """Return the pages of a client that somebody gets."""
    willow = person.cast.deployment
    thread = willow.cast.threads[client]
    own = f"/clients/{willow.cast.client[client]}"
    paths = ["/home", "/who-sees", "/who-acts", "/notices", "/messages", "/conversations/new"]
    paths += [f"/conversations/{id}{more}" for id in thread for more in ("", "/readers")]
    return [path for path in paths if (await person.get(own + path, follow=True)).status_code == 200]


@pytest.mark.parametrize(("who", "client"), [("dana", "noa"), ("eli", "eli"), ("dana", "eli"), ("sam", "sam")])
async def test_it_is_their_own_page_and_leaves_no_trace(willow: Deployment, who: str, client: str) -> None:
    cast = willow.cast
    henrik, person = await cast.sign_in("henrik"), await cast.sign_in(who)
    here, own = place(willow, who, client), f"/clients/{cast.client[client]}"
    before, seen = await traces(willow), 0
    for path in await pages_of(person, client):
        looked, theirs = await henrik.get(here + path, follow=True), await person.get(own + path, follow=True)
        assert looked.status_code == 200, (path, looked.text)
        assert comparable(looked.text, here) == comparable(theirs.text, own), path
        assert "You’re seeing what" in looked.text and "Nothing here is sent" in looked.text
        assert "left out" not in looked.text, "he reads all audiences"
        (around,) = [one for one in parse(looked.text).walk() if "viewed" in one.classes]
        assert around.tag == "fieldset" and "disabled" in around.attributes
        assert not [one for one in around.walk() if one.get("action") or one.get("formaction")], path
        seen += 1
    assert seen > 4
    assert await traces(willow) == before
    noted = "audit where action = 'view as' and result = 'done' and client_id = :client and record_id = :account"
    whose = {"client": cast.client[client], "account": cast.account[who], "staff": cast.staff["henrik"]}
    assert await willow.count(f"{noted} and actor_id = :staff", **whose) >= seen


async def test_what_they_have_not_sent_stays_theirs(willow: Deployment) -> None:
    """Nor does what the looker began to write to them stand on their page."""
    cast = willow.cast
    dana, miriam = await cast.sign_in("dana"), await cast.sign_in("miriam", worker=willow.last)
    thread = f"/conversations/{cast.conversation['noa clinical']}"
    own, here = f"/clients/{cast.client['noa']}{thread}", place(willow, "dana", "noa") + thread
    words, mine = f"I am not sure yet {uuid4().hex}", f"Dear Dana {uuid4().hex}"
    async with open_page(miriam, here) as looked, open_page(dana, own) as theirs:
        assert (await dana.post(f"{own}/draft", body=words)).status_code == 204
        assert (await miriam.post(f"/staff{own}/draft", body=mine)).status_code == 204
        await theirs.until(lambda: words in str(theirs.live), what="her words on another device")
        await looked.settle()
        assert words not in str(looked.frames) and mine not in str(looked.frames)
    shown = (await miriam.get(here)).text
    assert words not in shown and mine not in shown
    assert words in (await dana.get(own)).text and mine in (await miriam.get(f"/staff{own}")).text
    for person, path in ((dana, own), (miriam, f"/staff{own}")):
        assert (await person.post(f"{path}/draft", body="")).status_code == 204


async def test_what_is_of_no_client_or_another_is_not_shown(willow: Deployment) -> None:
    """Nothing is said of Noa when Dana is to confirm something, or when somebody else has come of age."""
    cast = willow.cast
    miriam, here = await cast.sign_in("miriam"), place(willow, "dana", "noa")
    for kind in ("to_confirm", "came_of_age"):
        await _tell(willow, "dana", kind)
    dana = await cast.sign_in("dana")
    own = (await dana.get(f"/clients/{cast.client['noa']}/notices")).text
    assert "something for you to confirm" in own and "you acted for has come of age" in own
    for page in ("/home", "/notices"):
        shown = (await miriam.get(here + page)).text
        assert "to confirm" not in shown and "has come of age" not in shown
        links = [one.get("href") for one in parse(shown).all("href") if one.get("href").startswith("/offers")]
        assert links == []
    await willow.sql("delete from notice where kind in ('to_confirm', 'came_of_age') and client_id is null")


async def _tell(willow: Deployment, who: str, kind: str) -> None:
    async with willow.models(), unit():
        account = UUID(willow.cast.account[who])
        await tell(NoticeKind[kind.upper()], accounts=[account], record=uuid4())


async def test_nothing_can_be_written_through_it(willow: Deployment) -> None:
    cast = willow.cast
    miriam = await cast.sign_in("miriam")
    here, thread = place(willow, "dana", "noa"), cast.conversation["noa clinical"]
    page = parse((await miriam.get(f"{here}/conversations/{thread}")).text)
    (around,) = [one for one in page.walk() if one.tag == "fieldset" and "viewed" in one.classes]
    (box,) = [one for one in page.walk() if one.tag == "textarea"]
    assert box in list(around.walk()), "shown, and disabled with all around it"
    assert not [one for one in page.walk() if one.get("data-reading") or one.get("data-composer")]
    form = {"key": str(uuid4()), "body": "Not I", "number": "9", "up_to": "9", "understood": "yes"}
    before = await traces(willow)
    for path in (f"/conversations/{thread}", f"/conversations/{thread}/messages", "/notices/reading"):
        assert (await miriam.post(here + path, **form)).status_code in (404, 405)
        assert (await miriam.post(here.replace("/staff", "", 1) + path, **form)).status_code in (404, 405)
    assert await traces(willow) == before


async def test_whom_else_they_act_for_is_not_shown(willow: Deployment) -> None:
    """A crawl of all that is linked while one looks at Noa as her mother, who acts for Eli too."""
    cast = willow.cast
    miriam, here = await cast.sign_in("miriam"), place(willow, "dana", "noa")
    seen, wanted = set[str](), {f"{here}/home"}
    while wanted:
        path = wanted.pop()
        seen.add(path)
        html = (await miriam.get(path, follow=True)).text
        main = html[html.index("<fieldset") : html.index("</fieldset")]
        shown = parse(re.sub(r"<div class=\"bubble\".*?</div>", "", main + "</fieldset>", flags=re.DOTALL))
        assert cast.client["eli"] not in html and "/board" not in html
        assert "Eli" not in shown.text, path
        links = [one.get("href") for one in shown.all("href") if one.tag == "a"]
        inside = [link for link in links if link.startswith("/")]
        assert all(link.startswith(here) for link in inside), (path, inside)
        wanted |= {link.partition("#")[0] for link in inside} - seen
    assert len(seen) > 5


async def test_what_one_may_not_read_oneself_is_left_out(willow: Deployment) -> None:
    cast = willow.cast
    jo, miriam = await cast.sign_in("jo"), await cast.sign_in("miriam")
    here = place(willow, "eli", "eli")
    for thread in ("eli clinical", "eli confidential"):
        path = f"{here}/conversations/{cast.conversation[thread]}"
        assert (await miriam.get(path)).status_code == 200
        assert (await jo.get(path)).status_code == 404
        assert (await jo.get(f"{path}/readers")).status_code == 404
        for page in ("/home", "/messages", "/notices"):
            shown = await jo.get(here + page, follow=True)
            assert shown.status_code == 200 and "Anything you can’t read yourself is left out." in shown.text
            assert cast.conversation[thread] not in shown.text
    assert cast.conversation["eli confidential"] in (await miriam.get(f"{here}/messages")).text


async def test_who_sees_nothing_of_the_client_has_no_page_and_it_says_so(willow: Deployment) -> None:
    cast = willow.cast
    miriam = await cast.sign_in("miriam")
    ended = await miriam.get(f"{place(willow, 'ravi', 'noa')}/home")
    assert ended.status_code == 409 and "Ravi can’t see anything about Noa at the moment" in ended.text
    assert (await miriam.get(f"{place(willow, 'ravi', 'eli')}/home")).status_code == 200
    messages = await miriam.get(f"{place(willow, 'ravi', 'eli')}/messages")
    assert messages.status_code == 409 and "they don’t have the permission" in messages.text
    for stranger in ("sam", "eli"):
        assert (await miriam.get(f"{place(willow, stranger, 'noa')}/home")).status_code == 404
    ravi = await cast.sign_in("ravi")
    assert (await ravi.get(f"{place(willow, 'ravi', 'eli')}/home")).status_code in (303, 401)


async def test_the_links_stand_where_they_lead_somewhere(willow: Deployment) -> None:
    cast = willow.cast
    miriam, grace = await cast.sign_in("miriam"), await cast.sign_in("grace")
    for tab in ("contacts", "portal"):
        chart = (await miriam.get(f"/staff/clients/{cast.client['noa']}/{tab}")).text
        assert f"{place(willow, 'dana', 'noa')}/home" in chart and "View as Dana" in chart
        assert place(willow, "ravi", "noa") not in chart, "his access has ended"
        assert "/as/" not in (await grace.get(f"/staff/clients/{cast.client['noa']}/{tab}")).text
    in_person = (await miriam.get(f"/staff/clients/{cast.client['eli']}/portal")).text
    assert f"{place(willow, 'eli', 'eli')}/home" in in_person and "View as Eli" in in_person


# --- On an open page ----------------------------------------------------------------------------


async def test_it_is_live_as_theirs_is_and_nobody_hears_of_the_looker(willow: Deployment) -> None:
    cast = willow.cast
    miriam, jo = await cast.sign_in("miriam", worker=willow.last), await cast.sign_in("jo")
    dana = await cast.sign_in("dana")
    thread = f"/conversations/{cast.conversation['noa administrative']}"
    own = f"/clients/{cast.client['noa']}{thread}"
    async with open_page(miriam, place(willow, "dana", "noa") + thread) as looked, open_page(dana, own) as theirs:
        stream = next(key for key in looked.live if key.startswith("messages?"))
        word = f"The form is in the post. {uuid4().hex}"
        await jo.send(f"/staff{own}/messages", key=str(uuid4()), body=word)
        for page in (looked, theirs):
            await page.until(lambda page=page: word in page.live[stream], what="the message")
        await are_current(looked, theirs)
        frames = len(theirs.frames)
        await says_writing(looked, stream)
        await looked.settle()
        await theirs.settle()
        assert not [frame for frame in theirs.frames[frames:] if "writing" in frame]


async def says_writing(page: Page, region: str) -> None:
    assert page._socket is not None
    await page._socket.send(json.dumps({"writing": region}))


async def test_it_closes_when_they_lose_their_access_and_when_one_loses_ones_own(willow: Deployment) -> None:
    cast = willow.cast
    miriam, ada = await cast.sign_in("miriam", worker=willow.last), await cast.sign_in("ada")
    jo = await cast.sign_in("jo")
    here = f"{place(willow, 'dana', 'noa')}/home"
    async with open_page(miriam, here) as looked, open_page(ada, here) as hers, open_page(jo, here) as other:
        await _permit(willow, "ada", False)
        await hers.until(lambda: hers.over, 2, "its end")
        assert not looked.over and not other.over
        tab = f"/staff/clients/{cast.client['noa']}/portal"
        assert (await jo.post(f"{tab}/removals", key=str(uuid4()), holder=cast.account["dana"])).status_code == 303
        await looked.until(lambda: looked.over, 2, "its end")
        await other.until(lambda: other.over, 2, "its end")
    assert (await jo.get(here)).status_code == 409
    await _permit(willow, "ada", True)
    assert (await jo.post(f"{tab}/accesses", key=str(uuid4()), holder=cast.account["dana"])).status_code == 303
    assert (await jo.get(here)).status_code == 200


async def test_it_ends_with_what_either_of_them_may_see(willow: Deployment) -> None:
    """Each way by which one of the two loses the client, or a part of it, while a page of it stands open."""
    cast = willow.cast
    miriam = await cast.sign_in("miriam", worker=willow.last)
    jo, here = await cast.sign_in("jo"), place(willow, "dana", "noa")
    thread = f"{here}/conversations/{cast.conversation['noa clinical']}"
    contacts = f"/staff/clients/{cast.client['noa']}/contacts"
    terms = {"name": "Dana Reyes", "email": cast.email["client", "dana"], "relationship": "Mother"}
    terms |= {"guardian": "on"} | EVERYTHING

    async with open_page(miriam, thread) as reading, open_page(jo, f"{here}/home") as other:
        stream = next(key for key in reading.live if key.startswith("messages?"))
        no_messages = {name: on for name, on in terms.items() if name != "messages"}
        assert (await jo.post(f"{contacts}/{cast.link}", **no_messages)).status_code == 303
        await reading.until(lambda: stream not in reading.live, 2, "the end of what takes a right")
        assert not reading.over and not other.over
        assert (await miriam.get(thread)).status_code == 409
        assert (await jo.post(f"{contacts}/{cast.link}", **terms, no_contact="on")).status_code == 303
        for page in (reading, other):
            await page.until(lambda page=page: page.over, 2, "its end")
            assert page.closed == 4403
        assert (await jo.post(f"{contacts}/{cast.link}", **terms)).status_code == 303

    async with open_page(miriam, f"{here}/home") as looked:
        assert (await jo.post(f"{contacts}/network", on="no")).status_code == 303
        await looked.until(lambda: looked.over, 2, "its end")
        assert "/as/" not in (await miriam.get(contacts)).text
        assert (await jo.post(f"{contacts}/network", on="yes")).status_code == 303

    async with open_page(miriam, f"{here}/home") as looked, open_page(jo, f"{here}/home") as other:
        async with willow.models(), unit():
            team = {"client_id": cast.client["noa"], "staff_id": cast.staff["miriam"], "until_at": None}
            await (await CareTeam.get(**team)).end()
        await looked.until(lambda: looked.over, 2, "its end")
        await other.settle()
        assert not other.over, "the office sees all clients"
        assert (await miriam.get(f"{here}/home")).status_code == 404
        async with willow.models(), unit():
            await CareTeam.join_team(UUID(cast.client["noa"]), UUID(cast.staff["miriam"]), lead=True)
    assert (await miriam.get(f"{here}/home")).status_code == 200


async def test_each_tab_is_its_own(willow: Deployment) -> None:
    """One person with three tabs: their own page, one as Eli and one as his mother, who does not see what he writes
    in confidence. An adult beside them, whose access no date ends."""
    cast = willow.cast
    miriam, eli = await cast.sign_in("miriam"), await cast.sign_in("eli")
    thread = cast.conversation["eli confidential"]
    own = f"/clients/{cast.client['eli']}"
    word = f"Just for you {uuid4().hex}"
    async with (
        open_page(miriam, f"/staff{own}/conversations/{thread}") as mine,
        open_page(miriam, f"{place(willow, 'eli', 'eli')}/conversations/{thread}") as his,
        open_page(miriam, f"{place(willow, 'dana', 'eli')}/home") as hers,
        open_page(miriam, f"{place(willow, 'sam', 'sam')}/home") as adult,
    ):
        await eli.send(f"{own}/conversations/{thread}/messages", key=str(uuid4()), body=word)
        for page in (mine, his):
            await page.until(lambda page=page: word in str(page.live), what="the message")
        for page in (mine, his, hers, adult):
            await page.settle()
            await page.current()
        assert word not in str(hers.frames) + str(adult.frames)
        assert "Mark as read" not in str(his.live)
    home = (await miriam.get(f"/staff{own}")).text
    assert "You’re seeing what" not in home, "the tab after it is one's own"
    assert (await miriam.get(f"{own}/home")).status_code in (303, 401), "nor does it open theirs"


async def _permit(willow: Deployment, who: str, yes: bool) -> None:
    async with willow.models(), unit():
        await (await StaffMember.get(id=willow.cast.staff[who])).allow(Permission.PORTAL_ACCESS, yes)


async def test_a_socket_of_it_takes_staff_who_may(willow: Deployment) -> None:
    cast = willow.cast
    for name, who, client, code in (
        ("idris", "dana", "noa", 4403),
        ("theo", "dana", "noa", 4403),
        ("grace", "dana", "noa", 4403),
        ("miriam", "ravi", "noa", 4403),
        ("miriam", "sam", "noa", 4403),
        ("dana", "dana", "noa", 4401),
    ):
        person: Person = await cast.sign_in(name)
        page = Page(person, "/", 0)
        address = f"{place(willow, who, client)}/live"
        page.document.append(Element("body", {"data-socket": address, "data-since": ""}))
        page.stay()
        await page.until(lambda page=page: page.closed is not None, what="the end")
        await page.leave()
        assert page.closed == code, (name, who)
        assert page.pushes == []


# --- Before it is saved ----------------------------------------------------------------------------


def asked_terms(**more: str) -> dict[str, str]:
    """Return a form about Dana, with all rights but for these details."""
    return {"name": "Dana Reyes", "email": "dana.reyes@example.com", "relationship": "Mother"} | EVERYTHING | more


async def test_terms_can_be_looked_at_before_they_are_saved(full: Deployment) -> None:
    cast, noa = full.cast, full.cast.client["noa"]
    miriam, dana = await cast.sign_in("miriam"), await cast.sign_in("dana")
    tie = await link_of(full, "Dana", "Noa")
    form = f"/staff/clients/{noa}/contacts/{tie}"
    assert f'formaction="{form}/preview"' in (await miriam.get(form)).text
    async with open_page(dana, f"/clients/{noa}/home") as hers:
        before = await full.contents()
        shown = await miriam.post(f"{form}/preview", **asked_terms())
        assert shown.status_code == 200
        for words in ("What’s next for Noa", "Nothing is saved yet", ">Care team<", 'value="messages"'):
            assert words in shown.text
        listed = await miriam.post(f"{form}/preview", page="messages", **asked_terms())
        assert "Noa’s care team" in listed.text
        for page in (shown, listed):
            # It leads nowhere and hears nothing: by those links one would see what is saved.
            assert not re.search(r'(href|action|live|key)="[^"]*/as/', page.text)

        without = asked_terms()
        del without["messages"]
        less = await miriam.post(f"{form}/preview", **without)
        assert "What’s next for Noa" in less.text and 'value="messages"' not in less.text
        assert "Is it all right if her brother" not in less.text
        refused = await miriam.post(f"{form}/preview", page="messages", **without)
        assert "can’t open this" in refused.text and f'action="{form}"' in refused.text

        away = await miriam.post(f"{form}/preview", no_contact="on", **asked_terms())
        assert "Dana can’t see anything about Noa" in away.text
        assert 'name="no_contact" checked' in away.text, "what was written is still there"
        back = await miriam.post(f"{form}/preview", page="form", no_contact="on", **asked_terms())
        assert 'name="no_contact" checked' in back.text
        wrong = await miriam.post(f"{form}/preview", **asked_terms(first="2026-02-02", last="2026-02-01"))
        assert wrong.status_code == 422 and "Last day: choose the first day or a later one." in wrong.text

        after = await full.contents()
        assert {table for table in after if after[table] != before[table]} == {"audit"}
        await hers.settle()
        assert not hers.toasts and not hers.over
        await hers.current()
    noted = "audit where action = 'view as before saving' and record_id = :id"
    assert await full.count(noted, id=tie) == 3, "each page that was shown"


async def test_before_saving_too_one_sees_no_more_than_ones_own(full: Deployment) -> None:
    cast, eli, tie = full.cast, full.cast.client["eli"], await link_of(full, "Dana", "Eli")
    form = f"/staff/clients/{eli}/contacts/{tie}/preview"
    for name, status in (("theo", 404), ("grace", 403), ("idris", 403)):
        answer = await (await cast.sign_in(name)).post(form, **asked_terms())
        assert answer.status_code == status, name
    # Jo schedules: what is clinical is none of hers, by whatever terms.
    jo = await cast.sign_in("jo")
    assert (await jo.post(form, **asked_terms())).status_code == 200
    listed = await jo.post(form, page="messages", **asked_terms())
    for secret in ("Just you and your care team", "Eli’s care team"):
        assert secret not in listed.text
    # Somebody else's contact under this client.
    noa = full.cast.client["noa"]
    miriam = await cast.sign_in("miriam")
    wrong = f"/staff/clients/{noa}/contacts/{tie}/preview"
    assert (await miriam.post(wrong, **asked_terms())).status_code == 404
