"""The list of templates."""

from portal.facts import OfStaff, TemplatesChanged
from portal.models.messages.template import Template, templates
from portal.permissions import Permission
from portal.regions import Context, region
from portal.regions.phrases import excerpt
from portal.viewer import Viewer


@region(
    "templates",
    "staff/messages/templates/_list.html",
    side="staff",
    needs=None,
    on=(TemplatesChanged, OfStaff),
    element="templates",
)
async def kept(viewer: Viewer) -> Context | None:
    may = await viewer.may(Permission.PORTAL_SETTINGS)
    rows = [
        {
            "id": one["id"],
            "own": one["own"],
            "name": one["name"],
            "excerpt": excerpt(one["body"], 240),
            "href": f"/staff/templates/{one['id']}" if one["own"] or may else None,
        }
        for one in await templates(viewer.see(Template))
    ]
    return {"own": [row for row in rows if row["own"]], "shared": [row for row in rows if not row["own"]]}
