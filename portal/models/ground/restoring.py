"""Restoring: after a backup was put back, everything that had ended meanwhile is ended once more."""

from typing import Any

from portal import clock
from portal.models.ground import audit, sql
from portal.models.ground.fact import begin_era, unit

# Signed out since, used since, sent since: the backup can't know, so none of it holds.
_END = {
    "sessions": (
        "update session set ended_at = :now where ended_at is null and expires_at > :now returning id",
        "delete from half_session returning id",
    ),
    "links": (
        "update invitation set ended_at = :now, ended_why = 'withdrawn' where ended_at is null and used_at is null "
        "returning id",
        "update reset set ended_at = :now where ended_at is null and used_at is null returning id",
    ),
    "letters": (
        "update outbox set payload_sealed = null, failed_at = coalesce(failed_at, :now) "
        "where done_at is null and payload_sealed is not null returning id",
        "delete from wish returning id",
    ),
}
# Devices that a new password had forgotten since, or that somebody had signed out of; bookmarks of what is no more; the
# words of letters that had left and may have come back since.
_FORGET = (
    "delete from device",
    "delete from push_device",
    "delete from stuck",
    "delete from fact",
    "update outbox set payload_sealed = null where payload_sealed is not null",
)


async def end_what_was_under_way() -> dict[str, Any]:
    """End sessions and links, drop the letters that had not left, and begin a new era, all or nothing. Return how many
    there were of each."""
    ended: dict[str, Any] = {}
    async with unit():
        for what, statements in _END.items():
            ended[what] = 0
            for text in statements:
                values = {"now": clock.now()} if ":now" in text else {}
                ended[what] += len(await sql.rows(text, **values))
        for text in _FORGET:
            await sql.rows(text)
        await begin_era()
        await audit.note("restore backup", **ended)
    return ended
