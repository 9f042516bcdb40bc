"""Templates: texts that staff write often, the practice's or one's own, with places that are filled in."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tortoise import fields

from portal import clock
from portal.facts import TemplatesChanged
from portal.models.ground.fact import announce
from portal.models.ground.record import Kind, Record, Sealed, Unacceptable, opened
from portal.models.ground.rules import staff_only, works_here
from portal.models.ground.scope import Scope
from portal.models.practice.practice import hold_practice
from portal.models.staff.staff_member import StaffMember

LONGEST_NAME = 80  # characters
LONGEST = 5_000
MOST = 100  # of the practice, and of each person
PLACES = ("name", "client", "me", "practice")
_PLACE = re.compile(r"\{([^{}\n]*)\}")


class TooManyTemplates(Unacceptable):
    """A template beyond as many as one list can hold."""

    why = "There are a hundred templates already. Remove one first."


class Template(Record):
    staff_id = fields.UUIDField(null=True)  # whose own; null: the practice's
    name_sealed = fields.BinaryField()
    body_sealed = fields.BinaryField()
    changed_at = fields.DatetimeField(default=clock.now)

    name = Sealed()
    body = Sealed()

    class Meta:
        table = "message_template"

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show staff the practice's templates, and their own."""
        return staff_only(kind, f"{works_here(':viewer')} and ({r}.staff_id is null or {r}.staff_id = :viewer)")

    @classmethod
    async def keep(cls, name: str, body: str, staff: UUID | None) -> "Template":
        """Keep a new template, for a person alone or (None) for the practice. Raises TooManyTemplates."""
        template = cls(staff_id=staff, name_sealed=b"", body_sealed=b"")
        template.name, template.body = name, body
        # Two who keep the last one at once: the second counts when the first is there.
        await (StaffMember.lock(staff) if staff else hold_practice())
        if await cls.filter(staff_id=staff).count() >= MOST:
            raise TooManyTemplates
        await template.save(force_create=True)
        await announce(TemplatesChanged(staff=staff))
        return template

    async def change(self, name: str, body: str) -> None:
        await self.hold()
        self.name, self.body, self.changed_at = name, body, clock.now()
        await self.save(update_fields=["name_sealed", "body_sealed", "changed_at"])
        await announce(TemplatesChanged(staff=self.staff_id))

    async def remove(self) -> None:
        """Remove it. Messages written with it stay as they were written."""
        await self.delete()
        await announce(TemplatesChanged(staff=self.staff_id))


async def templates(seen: Scope[Template]) -> list[dict[str, Any]]:
    """Return the templates the viewer may use, by name: their own before the practice's."""
    usable = [
        {
            "id": row["id"],
            "own": row["staff_id"] is not None,
            "name": opened(Template, "name_sealed", row["id"], row["name_sealed"]),
            "body": opened(Template, "body_sealed", row["id"], row["body_sealed"]),
        }
        for row in await seen.columns("r.id, r.staff_id, r.name_sealed, r.body_sealed", limit=2 * MOST)
    ]
    return sorted(usable, key=lambda one: (not one["own"], one["name"].casefold(), one["id"]))


def unknown_places(body: str) -> list[str]:
    """Return places in a text that nothing fills in."""
    return [place for place in _PLACE.findall(body) if place not in PLACES]


def filled(body: str, values: Mapping[str, str]) -> str:
    """Return the text with its places filled in, once: the words filled in have no places."""
    return _PLACE.sub(lambda match: values.get(match[1], match[0]), body)
