"""`portal check`: what is missing or wrong, in sentences."""

import typer

from portal import crypto
from portal.cli.base import Data, fail, use, with_database
from portal.models.ground import database, sql
from portal.models.ground.record import unseal
from portal.models.ground.stuck_work import all_stuck
from portal.models.people.client import Client
from portal.settings import Settings


def check(data: Data = None) -> None:
    """Say in sentences what is missing or wrong; ends with 1 then."""
    chosen = use(data)
    problems = chosen.problems()
    # A folder that is looked at by itself, as the demo's, is asked for no address and no mail server.
    by_itself = chosen.demo or (data is not None and not chosen.base_url)
    if by_itself:
        problems = [p for p in problems if not p.startswith("PORTAL_BASE_URL is not set")]
    elif not chosen.smtp_url:
        problems.append(
            "SMTP_URL is not set: letters stay in the outbox, and nobody can be invited. "
            "Give the mail server, such as smtps://user:password@mail.example.org."
        )
    about_keys = wrong_keys(chosen)
    problems += about_keys
    try:
        problems += wrong_database(chosen, with_keys=not about_keys)
        if not problems:
            problems += with_database(_set_aside)
        if not problems and not (chosen.smtp_url or chosen.demo):
            problems += with_database(_waiting)
        if not problems and not with_database(_has_practice):
            problems.append(
                "There is no practice in the database yet: `portal start` begins one, `portal demo` makes one "
                "to look at."
            )
    except Unreachable as reason:
        problems.append(f"The database can’t be reached: {reason}")
    if problems:
        raise fail(*problems)
    typer.echo("All is well.")


class Unreachable(Exception):
    """A database that does not answer. The text says why."""


def wrong_keys(chosen: Settings) -> list[str]:
    """Say in sentences what is wrong with the key file."""
    path = chosen.keys_path
    try:
        crypto.load_keys(path)
    except FileNotFoundError:
        return [f"There is no key file at {path}: make one with `portal keys new`."]
    except (OSError, ValueError, KeyError, TypeError) as reason:
        return [f"The key file at {path} can’t be used: {type(reason).__name__}, {reason}"]
    if path.stat().st_mode & 0o077:
        return [f"Others can read the key file: run `chmod 600 {path}`."]
    return []


def wrong_database(chosen: Settings, with_keys: bool = True) -> list[str]:
    """Say in sentences what is wrong with the database, and whether the keys open it. Raises Unreachable."""
    if chosen.sqlite and not (chosen.data / "portal.db").exists():
        return [f"There is no database in {chosen.data}: run `portal migrate`."]
    try:
        wrong = with_database(_wrong_shape)
        return wrong or (with_database(_wrong_seal) if with_keys else [])
    except Exception as reason:
        raise Unreachable(f"{type(reason).__name__}, {reason}") from reason


async def _wrong_shape() -> list[str]:
    # Asked first: whoever looks for migrations takes a database that does not answer for an empty one.
    await sql.row("select 1 as yes")
    waiting = await database.pending_migrations()
    if waiting:
        return [f"The database has not had {len(waiting)} migration(s), {', '.join(waiting)}: run `portal migrate`."]
    return []


async def _wrong_seal() -> list[str]:
    sealed = await sql.row(
        "select id, date_of_birth_sealed as box from client where date_of_birth_sealed is not null limit 1"
    )
    if sealed is not None:
        try:
            unseal(Client, "date_of_birth_sealed", sealed["id"], sealed["box"])
        except crypto.Unreadable as reason:
            return [f"The key file does not open this database: {reason}."]
    return []


async def _set_aside() -> list[str]:
    """Say what the worker tried again and again, or passed over."""
    return [
        f"The worker can’t do {row['items']} thing(s) of its queue “{row['queue']}”, since "
        f"{row['since']:%Y-%m-%d %H:%M} UTC: {row['reason']}. Its log says more under “set aside”; what can be is "
        "tried again by itself."
        for row in await all_stuck()
    ]


async def _waiting() -> list[str]:
    """Say how many letters wait for a mail server."""
    [waiting] = await sql.column("select count(*) from outbox where done_at is null and failed_at is null")
    if not waiting:
        return []
    return [f"SMTP_URL is not set, and {waiting} letter(s) wait: give the mail server, and they go out."]


async def _has_practice() -> bool:
    return await sql.exists("select 1 from practice")
