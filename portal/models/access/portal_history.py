"""The history of a client's portal access, derived from rows."""

import datetime as dt
from typing import Any
from uuid import UUID

from portal import clock
from portal.models.ground import sql
from portal.settings import settings


async def history_of(client: UUID) -> list[dict[str, Any]]:
    """Return the history of one client's portal access, newest first: (at, kind, name, by)."""
    events: list[dict[str, Any]] = []

    def add(kind: str, at: dt.datetime | None, name: str = "", by: str | None = None) -> None:
        if at is not None and at <= clock.now():
            events.append({"kind": kind, "at": at, "name": name, "by": by or ""})

    for row in await sql.rows(
        "select i.*, s.name as sender, u.name as unlocker, o.done_at, o.failed_at, o.reason, "
        "coalesce(k.name, c.first_name || ' ' || c.last_name) as holder "
        "from invitation i join client c on c.id = i.client_id "
        "join staff_member s on s.id = i.sent_by left join staff_member u on u.id = i.unlocked_by "
        "left join contact_link l on l.id = i.contact_link_id left join contact k on k.id = l.contact_id "
        "left join outbox o on o.id = i.letter_id "
        "where i.client_id = :client order by i.sent_at desc limit 50",
        client=client,
    ):
        add("offered" if row["account_id"] else _way(row), row["sent_at"], row["email"], row["sender"])
        add("opened", row["opened_at"], row["holder"])
        add("verified", row["verified_at"], row["holder"])
        add("locked", row["locked_at"], row["holder"])
        add("unlocked", row["unlocked_at"], row["holder"], row["unlocker"])
        if row["ended_why"] == "address":
            add("address", row["ended_at"], row["holder"])
    known = set()
    for row in await sql.rows(
        "select x.from_at, x.until_at, a.name, a.added_at, g.name as granter, e.name as ender, a.id "
        "from access x join portal_account a on a.id = x.account_id "
        "left join staff_member g on g.id = x.granted_by left join staff_member e on e.id = x.ended_by "
        "where x.client_id = :client order by x.from_at",
        client=client,
    ):
        opened = abs((row["from_at"] - row["added_at"]).total_seconds()) < 5
        add("joined" if opened and row["id"] not in known else "granted", row["from_at"], row["name"], row["granter"])
        add("removed", row["until_at"], row["name"], row["ender"])
        known.add(row["id"])
    for row in await sql.rows(
        "select r.made_at, r.used_at, s.name as staff, a.name from reset r "
        "join portal_account a on a.id = r.account_id left join staff_member s on s.id = r.by_staff "
        "where exists (select 1 from access x where x.account_id = r.account_id and x.client_id = :client) "
        "order by r.made_at desc limit 20",
        client=client,
    ):
        add("reset_sent", row["made_at"], row["name"], row["staff"])
        add("reset", row["used_at"], row["name"])
    return sorted(events, key=lambda event: event["at"], reverse=True)[:60]


def _way(row: dict[str, Any]) -> str:
    """Return how far the letter of an invitation has come: sent, once the mail server took it. One that was dropped
    before, because its invitation was over, has no reason."""
    if row["letter_id"] is None or (row["done_at"] is not None and row["reason"] is None):
        return "sent"
    if row["reason"] is None and row["failed_at"] is not None:
        return "unsent"
    if row["done_at"] is not None or row["failed_at"] is not None:
        return "failed"
    return "sending" if settings().smtp_url else "waiting"
