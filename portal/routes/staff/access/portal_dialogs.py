"""The question that each act of the Portal tab asks first, with a key of its own: it is done once."""

from typing import Any

from portal.models.access.portal_status import PortalStatus
from portal.models.ground.record import uuid7
from portal.regions.access.portal_acts import acts_of, other_clients
from portal.web.visit import Visit


async def dialogs_of(visit: Visit, status: PortalStatus) -> list[dict[str, Any]]:
    """Return what `_dialogs.html` asks: one for each act of each person that can be done now."""
    address, others = f"/staff/clients/{status.client.id}/portal", await other_clients(visit.me, status)
    return [
        act
        | {"who": person.name, "key": uuid7(), "action": f"{address}/{act['path']}"}
        | {"preview_href": act["preview"] and f"{address}/{act['preview']}"}
        for person in status.people
        for act in await acts_of(visit.me, status, person, others)
        if act["href"] is None
    ]
