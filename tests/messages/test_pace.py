"""Nobody floods a conversation: so many messages in any minute, of each person."""

from uuid import uuid4

from portal.routes.messages.writing import in_pace


def test_so_many_in_any_minute_of_each_person() -> None:
    dana, sam = uuid4(), uuid4()
    assert all(in_pace(dana, 3, now) for now in (0.0, 10.0, 20.0))
    assert not in_pace(dana, 3, 59.0), "a fourth within the minute"
    assert in_pace(sam, 3, 59.0), "another's are not counted"
    assert in_pace(dana, 3, 61.0), "the first is more than a minute ago, and what was refused isn't counted"
    assert not in_pace(dana, 3, 62.0)


def test_who_was_quiet_is_forgotten_and_who_was_not_is_remembered() -> None:
    busy = uuid4()
    assert in_pace(busy, 1, 1000.0)
    for _ in range(1100):
        in_pace(uuid4(), 1, 900.0)
    assert not in_pace(busy, 1, 1001.0)
