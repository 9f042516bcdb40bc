"""The chart's Portal tab: the other clients for whom its accounts act, and the accounts it could be linked to."""

from uuid import UUID

from portal.facts import OfChart, OfLetter, OfPortalStatus
from portal.language import at_in_words, say
from portal.models.access.account import Access
from portal.models.access.portal_status import linkable, portal_status_of
from portal.models.ground.person import initial
from portal.models.ground.record import live
from portal.models.ground.rules import acts
from portal.models.people.client import Client
from portal.permissions import Permission
from portal.regions import Context, region
from portal.regions.phrases import relation_in_words, zone
from portal.viewer import Viewer


# It names other clients too.
@region(
    "portal-linked",
    "staff/access/portal/_linked.html",
    side="staff",
    needs=None,
    on=(OfPortalStatus, OfLetter),
    on_any=(OfChart,),
)
async def linked(viewer: Viewer, client: UUID) -> Context | None:
    """Return the other clients of the accounts that act for this one; only those this viewer may see are named."""
    chart = await viewer.find(Client, client)
    language = viewer.language
    status = await portal_status_of(chart)
    rows = []
    accounts = [a["id"] for a in status.accounts]
    seen = await (
        viewer.see(Access)
        .where("r.account_id = any(:accounts)", accounts=accounts)
        .where(live("r"))
        .join(
            "join client c on c.id = r.client_id join portal_account a on a.id = r.account_id "
            "left join contact_link l on l.id = r.contact_link_id"
        )
        .order("a.name, r.from_at, r.id")
        .columns(
            "r.id, r.client_id, r.from_at, r.account_id, c.first_name, c.last_name, c.colour, "
            f"a.name as account_name, l.relationship, l.guardian, (l.id is null or {acts('l')})::boolean as acts"
        )
    )
    for row in seen:
        this = row["client_id"] == client
        rows.append(
            {
                "account": row["account_name"],
                "name": f"{row['first_name']} {row['last_name']}",
                "initial": initial(row["first_name"]),
                "colour": row["colour"],
                "as_label": relation_in_words(language, row) if row["relationship"] else say(language, "In person"),
                "since": at_in_words(row["from_at"], zone(), viewer.language),
                "ended": None if row["acts"] else say(language, "Sees nothing now"),
                "unlink_action": None,
                "this_chart": this,
                "href": f"/staff/clients/{row['client_id']}/portal",
            }
        )
    # By its address alone: staff need not know whose account it is, unless they may see one of its clients.
    offers = [{"email": offer["email"], "opens": "dialog-link"} for offer in await linkable(chart)]
    waiting = [
        {
            "text": say(
                language,
                "Locked after five wrong dates of birth: %(email)s was to confirm."
                if offer.locked_at
                else "Waiting for %(email)s to confirm the date of birth, until %(when)s.",
                email=offer.email,
                when=at_in_words(offer.expires_at, zone(), viewer.language),
            ),
            "locked": offer.locked_at is not None,
        }
        for offer in status.offers
    ]
    may = await viewer.may(Permission.PORTAL_ACCESS)
    return {"rows": rows, "offers": offers, "waiting": waiting, "may": may, "title": None}
