"""Letters that have not arrived: refused, or still being tried."""

from __future__ import annotations

import json
from typing import Any

from portal.facts import (
    ClientChanged,
    LetterDelayed,
    LetterDelivered,
    LetterDropped,
    LetterFailed,
    LetterRetried,
)
from portal.language import at_in_words
from portal.mail.letters import what
from portal.mail.outbox import reason_in_words
from portal.models import sql
from portal.models.record import Kind, unseal
from portal.models.waiting import UNDELIVERED, Outbox
from portal.permissions import Permission
from portal.regions import Context, anyone, region
from portal.regions.words import zone
from portal.viewer import Viewer

SHOWN = 100


@region(
    "undelivered",
    "staff/mail/_undelivered.html",
    on={
        LetterDelayed: anyone,
        LetterDelivered: anyone,
        LetterFailed: anyone,
        LetterRetried: anyone,
        LetterDropped: anyone,
        ClientChanged: anyone,
    },
    element="undelivered",
)
async def undelivered(viewer: Viewer) -> Context | None:
    if viewer.kind is not Kind.STAFF:
        return None
    rows = await (
        viewer.see(Outbox)
        .join("left join client c on c.id = r.client_id")
        .where(UNDELIVERED)
        .order("r.posted_at desc, r.id desc")
        .columns(
            "r.id, r.client_id, r.payload_sealed, r.reason, r.posted_at, r.failed_at, c.first_name, c.last_name",
            SHOWN,
        )
    )
    may = await viewer.may(Permission.PORTAL_ACCESS)
    return {"rows": [_row(viewer.language, row, may) for row in rows]}


def _row(language: str, row: dict[str, Any], may: bool) -> dict[str, Any]:
    letter = json.loads(unseal(Outbox, "payload_sealed", sql.uuid(row["id"]), row["payload_sealed"]))
    posted_at = sql.moment(row["posted_at"])
    return {
        "id": row["id"],
        "to": letter["to"],
        "what": what(language, letter["kind"]),
        "client_name": f"{row['first_name']} {row['last_name']}" if row["client_id"] else "",
        "client_href": f"/staff/clients/{row['client_id']}/portal" if row["client_id"] else None,
        "since": at_in_words(posted_at, zone(), language),
        "since_iso": posted_at.isoformat(),
        "reason": reason_in_words(language, row["reason"]),
        "failed": row["failed_at"] is not None,
        "retry_action": f"/staff/mail/{row['id']}/retry" if may else None,
    }
