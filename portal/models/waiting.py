"""What waits for somebody: notices for people, and the outbox for what leaves the building."""

from __future__ import annotations

from typing import Any

from tortoise import fields

from portal import clock
from portal.models.record import Kind, Record, Sealed


class Notice(Record):
    """Something one person should hear of, numbered per person in the order of commits."""

    staff_id = fields.UUIDField(null=True)
    account_id = fields.UUIDField(null=True)
    number = fields.IntField()
    kind = fields.CharField(max_length=60)
    body: Any = fields.JSONField(default=dict)  # ids only
    made_at = fields.DatetimeField(default=clock.now)
    read_at = fields.DatetimeField(null=True)

    class Meta:
        table = "notice"

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """The one it is for."""
        return f"{r}.{'staff_id' if kind is Kind.STAFF else 'account_id'} = :viewer"


class Outbox(Record):
    """A letter, or another thing for the world outside, written by the transaction that caused it."""

    kind = fields.CharField(max_length=40)
    payload_sealed = fields.BinaryField(null=True)  # wiped on delivery
    due_at = fields.DatetimeField(default=clock.now)
    tries = fields.IntField(default=0)
    leased_until = fields.DatetimeField(null=True)
    done_at = fields.DatetimeField(null=True)
    failed_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=500, null=True)

    payload = Sealed()

    class Meta:
        table = "outbox"

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Nobody through a page: staff see a letter's way on the record it belongs to."""
        return "false"
