"""The preferences of a person for their pages: language, light and discretion. Kept with the staff member or the
account."""

from uuid import UUID

from portal.models.ground import sql

_TABLE = {"staff": "staff_member", "client": "portal_account"}


async def choose_language(side: str, holder: UUID, language: str) -> None:
    await sql.rows(f"update {_TABLE[side]} set language = :to where id = :id", to=language, id=holder)


async def choose_theme(side: str, holder: UUID, theme: str) -> None:
    await sql.rows(f"update {_TABLE[side]} set theme = :to where id = :id", to=theme, id=holder)


async def choose_discretion(account: UUID, discreet: bool) -> None:
    await sql.rows("update portal_account set discreet = :to where id = :id", to=discreet, id=account)
