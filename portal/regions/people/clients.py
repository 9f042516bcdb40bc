"""The list of clients, and the head and the overview of a chart."""

import base64
from typing import Any
from uuid import UUID

from portal import clock
from portal.facts import OfChart, OfLetter, OfMailAddress, OfPortalStatus, OfPractice, OfThreadList
from portal.language import age, age_in_words, date_in_words, listed, say
from portal.models.access.network import network_of
from portal.models.access.stages import Stage, stage_of
from portal.models.ground.person import initial
from portal.models.ground.record import UNREADABLE, opened_day, shown
from portal.models.messages.conversation import Conversation, unread_by_client
from portal.models.people.client import CareTeam, Client, page_of_clients, team_of
from portal.models.people.contact import ContactLink, contacts_of
from portal.models.practice.practice import the_practice
from portal.permissions import Audience, Permission
from portal.regions import Context, region
from portal.regions.people.contacts import has_ended, reach_of, rights_line
from portal.regions.phrases import mail_href, phone_href, relation_in_words, role_label, zone
from portal.viewer import Viewer
from portal.web.slots import Link, link, links

link("chart", Link("overview", "Overview", ""))


@region(
    "clients",
    "staff/people/clients/_list.html",
    side="staff",
    needs=None,
    on=(OfChart, OfThreadList, OfPortalStatus, OfLetter, OfMailAddress, OfPractice),
    element="clients",
)
async def client_list(viewer: Viewer, q: str, show: str, stage: str, after: str, before: str) -> Context | None:
    q, archived = q or "", show == "archived"
    clients, wanted = viewer.see(Client), Stage.__members__.get((stage or "").upper())
    if wanted is not None:
        clients = clients.where(f"{stage_of('r.id')} = :stage", stage=int(wanted))
    rows, earlier, later = await page_of_clients(
        clients, q, archived, _place(after), _place(before), f"{stage_of('r.id')} as stage"
    )
    ids = [row["id"] for row in rows]
    teams = await team_of(viewer.see(CareTeam), ids)
    counts = await unread_by_client(viewer.see(Conversation).where("r.client_id = any(:ids)", ids=ids))
    page = [_row(viewer.language, row, teams[row["id"]], counts) for row in rows]
    return {
        "rows": page,
        "q": q,
        "show": "archived" if archived else "active",
        "stage": stage or "",
        "total_label": "",
        "next": _token(rows[-1]) if rows and later else None,
        "previous": _token(rows[0]) if rows and earlier else None,
    }


STAGES = {
    Stage.LOCKED: "Locked",
    Stage.UNDELIVERABLE: "Undeliverable",
    Stage.EXPIRED: "Link expired",
    Stage.WAITING: "Email waiting",
    Stage.OPENED: "Opened",
    Stage.INVITED: "Invited",
    Stage.ACTIVE: "Active",
    Stage.PAUSED: "Paused",
    Stage.REMOVED: "Access removed",
    Stage.NOT_INVITED: "Not invited",
}
# Only somebody who needs something, or is on the way, has a tag.
_TAGS = dict.fromkeys((Stage.LOCKED, Stage.UNDELIVERABLE), "bad") | dict.fromkeys(
    (Stage.EXPIRED, Stage.WAITING, Stage.OPENED, Stage.INVITED, Stage.PAUSED), "wait"
)


def stages_in_words(language: str) -> list[tuple[str, str]]:
    """Return the stages by which the list can be filtered, each with its name."""
    return [(stage.name.lower(), say(language, STAGES[stage])) for stage in Stage]


def _row(language: str, row: dict[str, Any], team: list[Any], counts: dict[UUID, int]) -> dict[str, Any]:
    id = row["id"]
    born = opened_day(Client, "date_of_birth_sealed", id, row["date_of_birth_sealed"])
    stage = Stage(row["stage"])
    return {
        "href": f"/staff/clients/{id}",
        "id": id,
        "name": f"{row['first_name']} {row['last_name']}",
        "colour": row["colour"],
        "initial": initial(row["first_name"]),
        "born": date_in_words(born, language) if born else UNREADABLE if row["date_of_birth_sealed"] else "",
        "age_label": age_in_words(born, zone(), language) if born else "",
        "care_of": listed(language, [member["name"] for member in team]),
        "portal_kind": _TAGS.get(stage, ""),
        "portal_label": say(language, STAGES[stage]),
        "unread": counts.get(id, 0),
        "archived": row["archived_at"] is not None,
    }


def _token(row: dict[str, Any]) -> str:
    text = f"{row['sorting']}\n{row['id']}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(token: str | None) -> str | None:
    """The place a page link names; None for a token that is not one of ours."""
    try:
        text = base64.urlsafe_b64decode((token or "") + "=" * (-len(token or "") % 4)).decode()
        name, _, id = text.partition("\n")
        return None if "\x00" in name else f"{name}\n{UUID(id)}"
    except ValueError:
        return None


@region("chart-head", "staff/people/clients/_head.html", side="staff", needs=None, on=(OfChart, OfThreadList))
async def chart_head(viewer: Viewer, client: UUID, tab: str) -> Context | None:
    chart = await viewer.find(Client, client)
    language = viewer.language
    teams = await team_of(viewer.see(CareTeam), [client])
    counts = await unread_by_client(viewer.see(Conversation).where("r.client_id = :id", id=client))
    held, archived, address = await viewer.held(), chart.archived_at is not None, f"/staff/clients/{client}"
    manages, writes = Permission.PORTAL_ACCESS in held, any(one.permission in held for one in Audience)
    born = chart.born_if_known
    parts = []
    if born:
        adult = age(born, zone()) >= 18
        parts.append(say(language, "Adult") if adult else age_in_words(born, zone(), language))
        parts.append(say(language, "born %(date)s", date=date_in_words(born, language)))
    if teams[client]:
        names = listed(language, [member["name"] for member in teams[client]])
        parts.append(say(language, "care of %(names)s", names=names))
    return {
        "name": chart.name,
        "first_name": chart.first_name,
        "initial": initial(chart.first_name),
        "colour": chart.colour,
        "line": ", ".join(parts),
        "archived": archived,
        "message_href": f"{address}/conversations/new" if writes and not archived else None,
        "edit_href": f"{address}/edit" if manages and not archived else None,
        "who_sees_href": f"{address}/who-sees",
        "archive_action": f"{address}/archival" if manages and not archived else None,
        "restore_action": f"{address}/restoration" if manages and archived else None,
        "tabs": [
            tab_link
            | {"current": tab_link["name"] == tab, "count": counts.get(client, 0) * (tab_link["name"] == "messages")}
            for tab_link in links("chart", language, address)
        ],
    }


@region("overview", "staff/people/clients/_overview.html", side="staff", needs=None, on=(OfChart,))
async def overview(viewer: Viewer, client: UUID) -> Context | None:
    chart = await viewer.find(Client, client)
    language, archived = viewer.language, chart.archived_at is not None
    may_edit = not archived and await viewer.may(Permission.PORTAL_ACCESS)
    edit = f"/staff/clients/{client}/edit" if may_edit else None
    may_team = not archived and await viewer.may(Permission.STAFF)

    def fact(label: str, value: str | None, field: str, href: str | None = None) -> dict[str, Any]:
        return {"label": label, "value": value, "href": href, "add_href": edit and f"{edit}#field-{field}"}

    team = (await team_of(viewer.see(CareTeam), [client]))[client]
    born, phone = chart.born_if_known, shown(chart, "phone")
    return {
        "id": client,
        "facts": [
            fact(
                say(language, "Date of birth"),
                date_in_words(born, language) if born else shown(chart, "date_of_birth"),
                "date_of_birth",
            ),
            fact(say(language, "Email"), chart.email, "email", chart.email and mail_href(chart.email)),
            fact(say(language, "Phone"), phone, "phone", phone and phone_href(phone)),
            fact(say(language, "Address"), shown(chart, "address"), "address"),
        ],
        "care_team": [
            {"name": m["name"], "initial": initial(m["name"]), "role": role_label(language, m["role"])} for m in team
        ],
        "contacts": [
            {
                "name": row["name"],
                "initial": initial(row["name"]),
                "relationship": relation_in_words(language, row),
                "rights_line": rights_line(language, row),
                "reach": reach_of(row),
            }
            for row in await contacts_of(viewer.see(ContactLink), client)
            if row["from_at"] <= clock.now() and not has_ended(row)
        ],
        "network": network_of(await the_practice(), chart),
        "edit_href": edit,
        "team_href": f"/staff/clients/{client}/care-team" if may_team else None,
        "contacts_href": f"/staff/clients/{client}/contacts",
        "archived": archived,
    }
