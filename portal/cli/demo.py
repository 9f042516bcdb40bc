"""`portal demo` and `portal cast`: a practice to try Portal with, and the people one can sign in as."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Annotated

import typer

from portal import crypto
from portal import demo as practice
from portal.cli.base import Data, fail, hold_data, use, with_database
from portal.demo.mailbox import DemoMailbox
from portal.models.ground import database, sql
from portal.settings import ROOT, Settings, settings
from portal.web import serving


def cast(
    as_json: Annotated[bool, typer.Option("--json", help="As a list of objects.")] = False, data: Data = None
) -> None:
    """List the people one can sign in as in the demo practice."""
    if data is None and "PORTAL_DATA" not in os.environ and not settings().database_url:
        data = ROOT / "data" / "demo"
    chosen = use(data)
    crypto.load_keys(chosen.keys_path)
    people = with_database(practice.cast)
    if as_json:
        typer.echo(json.dumps(people, indent=2, ensure_ascii=False))
    else:
        for person in people:
            typer.echo(f"{person['name']:<28}{person['role']:<32}{person['email']}")


def demo(
    port: Annotated[int, typer.Option()] = 8000,
    data: Data = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make the practice anew.")] = False,
    workers: Annotated[int, typer.Option(help="With DATABASE_URL and REDIS_URL only.")] = 1,
    reload: Annotated[bool, typer.Option("--reload", help="Restart when a file changes.")] = False,
    alive: Annotated[bool, typer.Option("--alive", help="Let the cast type, write and read now and then.")] = False,
) -> None:
    """Make the demo practice where there is none, serve it on loopback, and list the people one can sign in as."""
    folder = (data or ROOT / "data" / "demo").resolve()
    mailbox = DemoMailbox(folder / "mail")
    os.environ |= {
        "PORTAL_DATA": str(folder),
        "PORTAL_DEMO": "1",
        "PORTAL_BASE_URL": f"http://localhost:{port}",
        # Whatever was set: a demo never writes to the world outside.
        "SMTP_URL": mailbox.url,
        "PORTAL_ALIVE": "15" if alive else "0",
    }
    settings.cache_clear()
    chosen = settings()
    if workers > 1 and (chosen.sqlite or chosen.embedded_bus):
        raise fail("Several workers need DATABASE_URL and REDIS_URL in the environment.")
    hold_data(chosen)
    make_demo(chosen, fresh, hours=True)
    typer.echo(f"\nWillow Street Counselling is at http://localhost:{port}\n")
    typer.echo("One click on its sign-in page, or an address of these with the password below:")
    for person in with_database(practice.cast):
        typer.echo(f"  {person['name']:<26}{person['role']:<34}{person['email']}")
    typer.echo(f"\nThe password of them all: {practice.PASSWORD}\n")
    typer.echo(f"What it sends can be read at http://localhost:{port}/demo/mail\n")
    beside = None
    if not chosen.embedded_bus and not chosen.sqlite:
        beside = subprocess.Popen([sys.argv[0], "work"])
    try:
        with mailbox:
            serving.serve("127.0.0.1", port, workers, reload)
    finally:
        if beside is not None:
            beside.terminate()
            beside.wait()


def make_demo(chosen: Settings, fresh: bool, hours: bool = False) -> None:
    """Make the demo practice in an empty database, with office hours or open to writing at any; with `fresh`, in one
    that is emptied first."""
    if fresh:
        _empty(chosen)
    if not chosen.keys_path.exists():
        crypto.make_key_file(chosen.keys_path)
    crypto.load_keys(chosen.keys_path)
    asyncio.run(database.migrate(chosen))

    async def make() -> None:
        if not await sql.exists("select 1 from practice"):
            await practice.make_practice()
            if hours:
                await practice.keep_hours()

    with_database(make)


def _empty(chosen: Settings) -> None:
    """Throw the demo's data away: the files of the folder, or all tables of a database that holds a demo."""
    if chosen.sqlite:
        for path in chosen.data.glob("portal.db*"):
            path.unlink()
        return

    async def drop() -> None:
        practices = await sql.rows("select name from practice") if await _has_tables() else []
        if any(row["name"] != "Willow Street Counselling" for row in practices):
            raise fail("This database holds a real practice. --fresh only empties a demo.")
        await sql.rows("drop schema public cascade")
        await sql.rows("create schema public")

    with_database(drop)


async def _has_tables() -> bool:
    return await sql.exists("select 1 where to_regclass('practice') is not null")
