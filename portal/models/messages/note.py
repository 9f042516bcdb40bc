"""Notes: words of staff to each other in a conversation. No client's page, count, search or letter knows of them."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from tortoise import fields

from portal import clock
from portal.facts import NoteWritten
from portal.models.ground import sql
from portal.models.ground.fact import announce, write
from portal.models.ground.record import Kind, Record, Sealed, opened, seal, uuid7
from portal.models.ground.rules import sees_conversation, staff_only
from portal.models.messages.conversation import Closed, Conversation

Notes = dict[int, list[dict[str, Any]]]  # by the number of the message they stand under


class Note(Record):
    conversation_id = fields.UUIDField()
    number = fields.IntField()  # the last message when it was written, under which it stands
    staff_id = fields.UUIDField()
    handed_to = fields.UUIDField(null=True)  # to whom the conversation was handed over with it
    body_sealed = fields.BinaryField()
    written_at = fields.DatetimeField()

    body = Sealed()

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show a note to staff who see the conversation, and to nobody else."""
        return staff_only(kind, sees_conversation(kind, f"{r}.conversation_id"))

    @classmethod
    async def leave(cls, conversation: Conversation, body: str, by: UUID, handed_to: UUID | None = None) -> None:
        """Write a note under the last message. Raises Closed where there is none, or the chart is archived."""
        id = uuid7()
        # Whoever writes a message takes its number from this row: the note stands under one that is committed.
        taken = await sql.row(
            "update conversation set last_number = last_number where id = :id and last_number > 0 "
            "and exists (select 1 from client c where c.id = conversation.client_id and c.archived_at is null) "
            "returning last_number",
            id=conversation.id,
        )
        if taken is None:
            raise Closed
        number = taken["last_number"]
        await write(
            "insert into note (id, conversation_id, number, staff_id, handed_to, body_sealed, written_at) "
            "values (:id, :conversation, :number, :by, :handed_to, :body, :now)",
            id=id,
            conversation=conversation.id,
            number=number,
            by=by,
            handed_to=handed_to,
            body=seal(Note, "body_sealed", id, body),
            now=clock.now(),
        )
        await announce(NoteWritten(client=conversation.client_id, conversation=conversation.id, number=number))


async def notes_under(spans: dict[UUID, tuple[int, int]]) -> dict[UUID, Notes]:
    """Return the notes of each conversation under its messages from one number to another, oldest first. The caller has
    asked which of the staff may see the conversation."""
    asked = sql.table("v", id=("conversations", "uuid"), first=("firsts", "int"), last=("lasts", "int"))
    rows = await sql.rows(
        "select r.id, r.conversation_id, r.number, r.staff_id, r.body_sealed, r.written_at, s.name, h.name as to_name, "
        f"r.handed_to from {asked} join note r on r.conversation_id = v.id and r.number between v.first and v.last "
        "join staff_member s on s.id = r.staff_id left join staff_member h on h.id = r.handed_to "
        "order by r.written_at, r.id",
        conversations=list(spans),
        firsts=[first for first, _ in spans.values()],
        lasts=[last for _, last in spans.values()],
    )
    notes: dict[UUID, Notes] = {of: defaultdict(list) for of in spans}
    for row in rows:
        id = row["id"]
        notes[row["conversation_id"]][row["number"]].append(
            {
                "id": id,
                "by": row["staff_id"],
                "by_name": row["name"],
                "to": row["handed_to"],
                "to_name": row["to_name"],
                "body": opened(Note, "body_sealed", id, row["body_sealed"]),
                "written_at": row["written_at"],
            }
        )
    return notes
