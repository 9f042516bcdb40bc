"""The practice of this deployment, its locations, and the name of the database itself."""

import datetime as dt
from typing import Any

from tortoise import fields
from tortoise.models import Model

from portal import clock
from portal.facts import CrisisNoticeChanged, PortalSettingsChanged
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.person import a_name
from portal.models.ground.record import Row, uuid7
from portal.models.practice import age


class Practice(Row):
    name = fields.CharField(max_length=120, validators=[a_name])
    phone = fields.CharField(max_length=40, default="", validators=[a_name])
    address = fields.CharField(max_length=200, default="")
    hours = fields.CharField(max_length=200, default="")
    zone = fields.CharField(max_length=60, default="UTC")
    language = fields.CharField(max_length=8, default="en")
    crisis: Any = fields.JSONField(default=list)  # [[label, number], …]: whom to call in danger
    made_at = fields.DatetimeField(default=clock.now)
    portal_on = fields.BooleanField(default=True)
    contact_network = fields.BooleanField(default=True)  # off: no contact acts for anybody
    confirm_links = fields.BooleanField(default=False)  # an account's holder confirms before it is linked
    mail_after = fields.IntField(default=5)  # minutes a message is unread before an e-mail tells of it
    edit_minutes = fields.IntField(default=15)  # in which a message can be changed by who wrote it
    welcome: Any = fields.JSONField(null=True)  # {language: {subject, body}}; null: the built-in words
    week: Any = fields.JSONField(null=True)  # see hours.py; null: no hours are kept
    crisis_words: Any = fields.JSONField(null=True)  # {language: text}; null: the built-in words
    reply_words: Any = fields.JSONField(null=True)  # {language: text}, said while the office is closed
    reply_by = fields.UUIDField(null=True)  # who switched the automatic reply on; null: it is off
    own_account_age = fields.IntField(default=14)  # from which one may have an account, and confidence, of one's own
    majority_age = fields.IntField(default=18)  # at which guardians' access ends

    async def keep(self, **settings: Any) -> None:
        """Keep other settings of the practice, which is held, and tell the pages that show them."""
        for name, value in settings.items():
            setattr(self, name, value)
        await self.save(update_fields=list(settings))
        for fact, columns in _TOLD.items():
            if columns & settings.keys():
                await announce(fact())

    def of_age(self, born: dt.date | None) -> dt.datetime | None:
        """Return the moment at which somebody comes of age here; None where nobody knows."""
        return None if born is None else age.turns(born, self.majority_age, self.zone)

    def is_minor(self, born: dt.date | None) -> bool:
        """Tell whether somebody is not of age yet, as far as is known."""
        return born is not None and age.turns(born, self.majority_age, self.zone) > clock.now()

    def on_their_own(self, born: dt.date | None) -> bool:
        """Tell whether somebody is old enough for an account and for confidential conversations of their own, as far as
        is known."""
        return born is None or age.turns(born, self.own_account_age, self.zone) <= clock.now()


_TOLD = {
    PortalSettingsChanged: {"portal_on", "confirm_links", "welcome"},
    CrisisNoticeChanged: {"crisis", "crisis_words"},
}


class Location(Model):
    id = fields.UUIDField(primary_key=True, default=uuid7)
    name = fields.CharField(max_length=120, validators=[a_name])
    address = fields.CharField(max_length=200, default="")
    phone = fields.CharField(max_length=40, default="", validators=[a_name])

    class Meta:
        table = "location"


async def the_practice() -> Practice:
    """Return the one practice there is; where there is none yet, one with empty words that is not saved."""
    return await Practice.all().first() or Practice(name="Portal", portal_on=True)


async def portal_is_on() -> bool:
    """Tell whether the client side is let in."""
    practice = await sql.row("select portal_on from practice")
    return practice is None or practice["portal_on"] is True


async def hold_practice() -> Practice:
    """Return the practice, read with a lock, so that its settings can be changed."""
    return await (await the_practice()).hold()


async def keep_settings() -> None:
    """Let nobody change the practice's settings until the unit of work is over. Others may ask for the same."""
    if sql.is_postgres():
        await sql.rows("select 1 from practice for share")
