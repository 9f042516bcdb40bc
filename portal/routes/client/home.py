"""Home: what is next for the one whose profile this is."""

from portal.language import today_in_words
from portal.models.access.account import Access, profiles
from portal.models.people.client import Client
from portal.permissions import CARE
from portal.regions import home
from portal.regions.phrases import zone
from portal.regions.practice import availability
from portal.routes.client.shell import page, why_page
from portal.routes.messages import who_can_see
from portal.web.doors import client
from portal.web.slots import Link, link
from portal.web.visit import Answer, Visit, go

link("client places", Link("home", "Home", "/home", "home"))


@client("GET /home")
async def first(visit: Visit) -> Answer:
    """To the home of the first profile, oneself before others; or a page that says there is none."""
    found = await profiles(visit.me.see(Access))
    if found:
        return go(f"/clients/{found[0]['id']}/home")
    regions = {"nobody": await visit.draw(home.nobody), "offers": await visit.draw(home.offers)}
    title = visit.say("Home")
    return visit.page("client/nobody.html", title=title, place="home", live="/live", home_href=None, regions=regions)


@client("GET /board", opens="open board")
async def board(visit: Visit) -> Answer:
    """All whom one acts for, on one page."""
    return visit.page(
        "client/board/show.html",
        title=visit.say("Everyone on one page"),
        live="/live",
        home_href=None,
        date_label=today_in_words(zone(), visit.language),
        regions={"board": await visit.draw(home.board), "crisis": await visit.draw(availability.crisis)},
    )


async def of_client(visit: Visit) -> Answer:
    found = await visit.find(Client)
    return await page(
        visit,
        "client/home/show.html",
        found,
        title=visit.say("Home"),
        place="home",
        cards=await visit.fill("home", client=found.id),
    )


@client("GET /clients/{client}/who-sees", CARE, opens="open who sees")
async def who_sees(visit: Visit) -> Answer:
    """Show who can see what is here, and why."""
    return await who_can_see.who_sees(visit, why_page)


show = client("GET /clients/{client}/home", opens="open home")(of_client)
