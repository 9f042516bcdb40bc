"""The law of reasons: whoever sees has one, and whoever does not has none, whatever has happened meanwhile."""

import datetime as dt
from uuid import UUID

import pytest

from portal import clock
from portal.models.access.account import Access
from portal.models.access.archive import archive_client
from portal.models.ground import sql
from portal.models.ground.fact import unit
from portal.models.ground.record import Kind
from portal.models.ground.scope import Scope, who_may_see
from portal.models.messages.conversation import Conversation
from portal.models.messages.readers import readers, why_read, why_see
from portal.models.people.client import CareTeam, Client
from portal.models.people.contact import ContactLink
from portal.models.people.leave import Leave
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Permission
from tests.deployment import Deployment

Seen = dict[UUID, set[UUID]]


async def named(model: type[Client] | type[Conversation]) -> Seen:
    """By a row's id those who stand there with a reason, as somebody reads it who sees them all."""
    found: Seen = {}
    for row in await sql.rows(f"select id from {model._meta.db_table}"):
        id = row["id"]
        by = next(iter(await allowed(model, id, Kind.STAFF)), None)
        if by is None:
            continue
        scope = Scope(model, Kind.STAFF, by, None)
        why = await (why_read(scope, id) if model is Conversation else why_see(scope, id))  # type: ignore[arg-type]
        assert why is not None
        found[id] = {one["id"] for one in (*why["people"], *why["staff"])}
        if model is Conversation:
            groups = (await readers(scope, [id]))[id]  # type: ignore[arg-type]
            assert {one["id"] for group in groups.values() for one in group} == found[id]
    return found


async def allowed(model: type[Client] | type[Conversation], id: UUID, kind: Kind) -> set[UUID]:
    table = "staff_member" if kind is Kind.STAFF else "portal_account"
    people = [row["id"] for row in await sql.rows(f"select id from {table} order by id")]
    return {viewer for viewer, _, _ in await who_may_see(model, kind, [(one, None, id) for one in people])}


async def whoever_sees_has_a_reason() -> None:
    for model in (Client, Conversation):
        shown = await named(model)
        assert shown
        for id, people in shown.items():
            seen = await allowed(model, id, Kind.STAFF) | await allowed(model, id, Kind.ACCOUNT)
            assert people == seen, (model.__name__, id)


async def test_in_the_practice_as_it_stands(unserved: Deployment) -> None:
    async with unserved.models():
        await whoever_sees_has_a_reason()


async def _supervised(unserved: Deployment) -> None:
    await CareTeam.join_team(UUID(unserved.cast.client["sam"]), UUID(unserved.cast.staff["idris"]))


async def _stood_in_for(unserved: Deployment) -> None:
    cast, now = unserved.cast, clock.now()
    await Leave.plan(
        UUID(cast.staff["miriam"]),
        UUID(cast.staff["theo"]),
        now - dt.timedelta(days=1),
        now + dt.timedelta(days=2),
        UUID(cast.staff["ada"]),
    )


async def _left(unserved: Deployment) -> None:
    await (await StaffMember.get(id=unserved.cast.staff["henrik"])).leave()


async def _without_a_permission(unserved: Deployment) -> None:
    await (await StaffMember.get(id=unserved.cast.staff["miriam"])).allow(Permission.BILLING_MESSAGES, False)


async def _paused(unserved: Deployment) -> None:
    await Client.filter(id=unserved.cast.client["eli"]).update(date_of_birth_sealed=None)


async def _archived(unserved: Deployment) -> None:
    await archive_client(await Client.get(id=unserved.cast.client["sam"]))


async def _restricted(unserved: Deployment) -> None:
    access = await Access.get(account_id=unserved.cast.account["dana"], client_id=unserved.cast.client["noa"])
    await ContactLink.filter(id=access.contact_link_id).update(pay_only_from=clock.now())


async def _kept_away(unserved: Deployment) -> None:
    access = await Access.get(account_id=unserved.cast.account["dana"], client_id=unserved.cast.client["noa"])
    await ContactLink.filter(id=access.contact_link_id).update(no_contact_from=clock.now())


@pytest.mark.parametrize(
    "happens",
    [_supervised, _stood_in_for, _left, _without_a_permission, _paused, _archived, _restricted, _kept_away],
    ids=lambda happens: happens.__name__.strip("_"),
)
async def test_whatever_happens(unserved: Deployment, happens) -> None:  # type: ignore[no-untyped-def]
    async with unserved.models():
        async with unit():
            await happens(unserved)
        await whoever_sees_has_a_reason()
