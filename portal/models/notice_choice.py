"""Which kinds of notices a person wants in sight on an open page, and pushed to their devices."""

from __future__ import annotations

from uuid import UUID

from portal.models import sql
from portal.models.notice import NoticeKind


async def chosen_ways(person: UUID) -> dict[str, dict[str, bool]]:
    """For each kind, whether it comes into sight (`shown`) and whether it is pushed; both, where there is no
    choice."""
    found = await sql.rows(
        "select kind, shown, push from notice_choice where person_id = :person", person=person
    )
    return {kind.key: {"shown": True, "push": True} for kind in NoticeKind} | {
        row["kind"]: {"shown": bool(row["shown"]), "push": bool(row["push"])} for row in found
    }


async def choose_ways(person: UUID, chosen: dict[str, dict[str, bool]]) -> None:
    """From the next notice on. The bell counts them, and the list keeps them, in any case."""
    for kind, ways in sorted(chosen.items()):
        await sql.rows(
            "insert into notice_choice (person_id, kind, shown, push) values (:person, :kind, :shown, :push) "
            "on conflict (person_id, kind) do update set shown = excluded.shown, push = excluded.push",
            person=person,
            kind=kind,
            **ways,
        )
