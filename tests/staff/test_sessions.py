"""Sessions last for some time: a deployment of its own, whose clock is moved."""

from uuid import UUID

from portal.models.ground.fact import unit
from portal.models.staff.staff_member import StaffMember
from tests.cast import Person
from tests.deployment import Deployment, own_practice

willow = own_practice("embedded")


async def is_in(person: Person, path: str) -> bool:
    answer = await person.get(path)
    assert answer.status_code == 200 or answer.headers["location"].startswith("/sign-in")
    return answer.status_code == 200


async def test_who_has_left_is_in_no_more(willow: Deployment) -> None:
    theo = await willow.cast.sign_in("theo")
    assert await is_in(theo, "/staff/leave")
    async with willow.models(), unit():
        await (await StaffMember.get(id=UUID(theo.id))).leave()
    assert not await is_in(theo, "/staff/leave")


async def test_who_was_away_too_long_signs_in_again(willow: Deployment) -> None:
    """Staff after fifteen minutes, clients after twenty; whoever does something begins anew."""
    miriam, dana = await willow.cast.sign_in("miriam"), await willow.cast.sign_in("dana")
    for _ in range(2):
        await willow.move_clock(minutes=14)
        assert await is_in(miriam, "/staff/today") and await is_in(dana, "/board")
    await willow.move_clock(minutes=16)
    assert not await is_in(miriam, "/staff/today") and await is_in(dana, "/board")
    await willow.move_clock(minutes=21)
    assert not await is_in(dana, "/board")


async def test_nobody_is_in_for_more_than_twelve_hours(willow: Deployment) -> None:
    dana = await willow.cast.sign_in("dana")
    for _ in range(47):
        await willow.move_clock(minutes=15)
        assert await is_in(dana, "/board")
    await willow.move_clock(minutes=16)
    assert not await is_in(dana, "/board")
