"""People offered while one types a name: clients, and contacts by the clients they act for."""

from typing import Any

from portal.facts import OfChart
from portal.language import age_in_words, listed, say, say_many
from portal.models.ground.person import initial, words_of
from portal.models.ground.record import opened_day
from portal.models.people.client import CareTeam, Client, clients_named, team_of
from portal.models.people.contact import ContactLink
from portal.models.people.known_people import contacts_named
from portal.regions import Context, region
from portal.regions.phrases import relation_in_words, zone
from portal.viewer import Viewer

OFFERED = 8  # clients at once; whoever means another goes on typing


@region(
    "client-finder",
    "staff/people/clients/_finder.html",
    side="staff",
    needs=None,
    on=(OfChart,),
    element="client-finder",
)
async def client_finder(viewer: Viewer, q: str | None) -> Context | None:
    """Show clients of this name, and then contacts of it, each leading to the chart."""
    if not words_of(q or ""):
        return finds(viewer, q, [], False)
    rows = await clients_named(viewer.see(Client), q or "", OFFERED + 1)
    people = await client_rows(viewer, rows[:OFFERED], "")
    for link in await contacts_named(viewer.see(ContactLink), q or "", OFFERED - len(people)):
        people.append(
            {
                "id": link["id"],
                "href": f"/staff/clients/{link['client_id']}/contacts",
                "name": link["name"],
                "initial": initial(link["name"]),
                "colour": "slate",
                "line": f"{relation_in_words(viewer.language, link)}: {link['first_name']} {link['last_name']}",
            }
        )
    return finds(viewer, q, people, len(rows) > OFFERED)


async def client_rows(viewer: Viewer, rows: list[dict[str, Any]], then: str) -> list[dict[str, Any]]:
    """Return clients as they are offered, each leading to their chart, or to `then` in it."""
    language = viewer.language
    teams = await team_of(viewer.see(CareTeam), [row["id"] for row in rows])
    people = []
    for row in rows:
        born = opened_day(Client, "date_of_birth_sealed", row["id"], row["date_of_birth_sealed"])
        care = listed(language, [member["name"] for member in teams[row["id"]]])
        people.append(
            {
                "id": row["id"],
                "href": f"/staff/clients/{row['id']}{then}",
                "name": f"{row['first_name']} {row['last_name']}",
                "initial": initial(row["first_name"]),
                "colour": row["colour"],
                "line": ", ".join(filter(None, [age_in_words(born, zone(), language) if born else "", care])),
            }
        )
    return people


def finds(viewer: Viewer, q: str | None, people: list[dict[str, Any]], more: bool) -> Context:
    """Return what the list of those offered needs; a line says how many they are, or that there is nobody."""
    if not words_of(q or ""):
        line = ""
    elif not people:
        line = say(viewer.language, "Nobody found. Try the first letters of a name.")
    elif more:
        line = say(viewer.language, "The first %(num)s. Type more of the name.", num=len(people))
    else:
        line = say_many(viewer.language, "One person found", "%(num)s people found", len(people))
    return {"people": people, "line": line}
