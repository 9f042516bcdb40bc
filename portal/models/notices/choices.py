"""Choices of notices: the kinds a person wants in sight on an open page, by email, and pushed to their devices."""

from collections.abc import Iterable
from uuid import UUID

from portal.models.ground import sql
from portal.models.notices.kinds import NoticeKind

WAYS = ("shown", "mail", "push")


async def chosen_ways(person: UUID) -> dict[str, dict[str, bool]]:
    """Return, for each kind, whether it comes into sight (`shown`), is written about (`mail`) and is pushed; all of it,
    where there is no choice."""
    choices = await sql.rows(
        "select kind, shown, mail, push from notice_choice where person_id = :person", person=person
    )
    return {kind.key: dict.fromkeys(WAYS, True) for kind in NoticeKind} | {
        row["kind"]: {way: row[way] for way in WAYS} for row in choices
    }


async def choose_ways(person: UUID, chosen: dict[str, dict[str, bool]]) -> None:
    """Keep the choices, from the next notice on; a letter that waits already and is no longer wanted is not written.
    The bell counts notices, and the list keeps them, in any case."""
    for kind, ways in sorted(chosen.items()):
        await sql.upsert("notice_choice", "person_id, kind", person_id=person, kind=kind, **ways)
    unwanted = [kind for kind, ways in chosen.items() if not ways["mail"]]
    await sql.rows(
        "update notice set mail_at = null where (staff_id = :person or account_id = :person) "
        "and mail_at is not null and kind = any(:kinds)",
        person=person,
        kinds=unwanted,
    )
    if NoticeKind.MESSAGE.key in unwanted:
        await sql.rows("delete from burst where reader_id = :person and letter_id is null", person=person)


async def without_letters(kind: NoticeKind, people: Iterable[UUID]) -> set[UUID]:
    """Return those of these people who want no letter about this kind."""
    unwilling = "select person_id from notice_choice where kind = :kind and not mail and person_id = any(:people)"
    return set(await sql.column(unwilling, kind=kind.key, people=list(people)))
