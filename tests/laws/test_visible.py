"""One rule of who sees what: a find, a list, and "which of these may see which of these" never disagree."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from portal import clock
from portal.models.access.account import Access
from portal.models.ground import sql
from portal.models.ground.record import Kind, Record, uuid7
from portal.models.ground.scope import Scope, who_may_see
from portal.models.people.client import Client
from tests.deployment import Deployment
from tests.laws.test_structure import RECORDS
from tests.rooms import fill

MODELS = sorted((model for model in RECORDS.values() if issubclass(model, Record)), key=lambda model: model.__name__)
Pair = tuple[UUID, UUID | None]

# Rows of each model that these people see, and that those don't: the rule isn't only the same everywhere.
KNOWN = {
    "Client": ("noa", {"staff": {"miriam", "jo", "ada", "grace", "henrik"}, "account": {"dana"}}),
    "Conversation": ("eli confidential", {"staff": {"miriam", "henrik"}, "account": {"eli"}}),
}


def viewers(unserved: Deployment, kind: Kind) -> list[Pair]:
    """Everybody of the cast; as accounts, for each of several clients."""
    cast = unserved.cast
    if kind is Kind.STAFF:
        return [(UUID(id), None) for id in cast.staff.values()]
    accounts = [UUID(id) for id in cast.account.values()]
    if kind is Kind.ACCOUNT:
        return [(account, None) for account in accounts]
    clients = [UUID(cast.client[name]) for name in ("noa", "eli", "sam", "walter", "ruth", "dmitri")]
    return [(account, client) for account in accounts for client in clients]


def some(ids: set[UUID], most: int = 6) -> Iterator[UUID]:
    """A few, spread over all of them."""
    ordered = sorted(ids)
    yield from ordered[:: max(1, len(ordered) // most)]


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.value)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
async def test_find_list_and_crowd_agree(unserved: Deployment, model: type[Record], kind: Kind) -> None:
    async with unserved.models():
        await fill(unserved.cast)
        everything = {row["id"] for row in await sql.rows(f"select id from {model._meta.db_table}")}
        assert everything, f"there is no {model.__name__} to ask for"
        asking = viewers(unserved, kind)
        asked = set(some(everything, 60))
        crowd = await who_may_see(model, kind, [(v, c, id) for v, c in asking for id in asked])
        for viewer, client in asking:
            scope = Scope(model, kind, viewer, client)
            listed = {row["id"] for row in await scope.columns("r.id")}
            assert listed & asked == {id for v, c, id in crowd if (v, c) == (viewer, client)}
            assert await scope.count() == len(listed)
            for id in some(listed):
                found = await scope.find(id)
                assert found is not None and found.id == id
            for id in some(everything - listed, 3):
                assert await scope.find(id) is None


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
async def test_somebody_sees_it_or_it_says_that_nobody_does(unserved: Deployment, model: type[Record]) -> None:
    async with unserved.models():
        await fill(unserved.cast)
        seen = set()
        for kind in Kind:
            counts = [await Scope(model, kind, v, c).count() for v, c in viewers(unserved, kind)]
            if any(counts):
                seen.add(kind)
        unseen = {kind for kind in Kind if model.visible_to(kind, "r") == "false"}
        assert seen == set(Kind) - unseen


@pytest.mark.parametrize("name", KNOWN)
async def test_those_see_it_who_should(unserved: Deployment, name: str) -> None:
    row, expected = KNOWN[name]
    cast, model = unserved.cast, RECORDS[name]
    ids = cast.client if name == "Client" else cast.conversation
    async with unserved.models():
        for kind, people, known in (
            (Kind.STAFF, expected["staff"], cast.staff),
            (Kind.ACCOUNT, expected["account"], cast.account),
        ):
            asks = [(viewer, client, UUID(ids[row])) for viewer, client in viewers(unserved, kind)]
            seen = await who_may_see(model, kind, asks)  # type: ignore[arg-type]
            names = {str(id): name for name, id in known.items()}
            assert {names[str(viewer)] for viewer, _, _ in seen} == people


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.value)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_rule_never_holds_a_value(model: type[Record], kind: Kind) -> None:
    rule = model.visible_to(kind, "r")
    assert rule == model.visible_to(kind, "r")
    assert model.visible_to(kind, "other").replace("other.", "r.") == rule
    assert not any(digit.isdigit() for digit in rule.replace("select 1", ""))


async def test_a_record_that_does_not_say_who_sees_it_can_not_be_read() -> None:
    with pytest.raises(NotImplementedError, match="Record does not say who may see it"):
        Record.visible_to(Kind.STAFF, "r")


async def test_an_access_is_a_matter_of_now(unserved: Deployment) -> None:
    cast = unserved.cast
    asking = (Client, Kind.ACCOUNT, [(UUID(cast.account["dana"]), None, UUID(cast.client["noa"]))])
    async with unserved.models():
        access = await Access.get(account_id=cast.account["dana"], client_id=cast.client["noa"])
        began, ends = access.from_at, access.until_at
        for from_at, until_at, sees in (
            (began, None, True),
            (began, clock.now(), False),
            (clock.now() + 10 * (clock.now() - began), None, False),
            (began, clock.now() + (clock.now() - began), True),
        ):
            await Access.filter(id=access.id).update(from_at=from_at, until_at=until_at)
            assert bool(await who_may_see(*asking)) is sees
        await Access.filter(id=access.id).update(from_at=began, until_at=ends)


def test_ids_sort_by_time() -> None:
    made = [uuid7() for _ in range(3)]
    assert all(id.version == 7 for id in made)
    assert [id.int >> 80 for id in made] == sorted(id.int >> 80 for id in made)
