"""The command line: demo, serve, work, migrate, check, cast."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from portal import clock, crypto, logs, worker
from portal import demo as practice
from portal.demo.mailbox import DemoMailbox
from portal.models.ground import database, sql
from portal.models.ground.record import unseal
from portal.models.ground.rekeying import reseal
from portal.models.ground.restoring import end_what_was_under_way
from portal.models.ground.stuck_work import all_stuck
from portal.models.people.client import Client
from portal.models.staff import first_run
from portal.realtime.bus import Bus
from portal.settings import ROOT, Settings, settings
from portal.web import serving

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Portal: a live client portal for therapy practices.",
)
T = TypeVar("T")
Data = Annotated[Path | None, typer.Option("--data", help="The data folder.")]


def main() -> None:
    logs.begin()
    app()


def _fail(*sentences: str) -> typer.Exit:
    for sentence in sentences:
        typer.echo(sentence, err=True)
    return typer.Exit(1)


def _use(data: Path | None) -> Settings:
    if data is not None:
        os.environ["PORTAL_DATA"] = str(data.resolve())
        settings.cache_clear()
    return settings()


async def _with_database(act: Callable[[], Awaitable[T]]) -> T:
    """Open, act, close: a process that forgets to close never ends."""
    await database.open_database(settings())
    try:
        return await act()
    finally:
        await database.close_database()


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the database to the shape this version needs. Safe to repeat."""
    asyncio.run(database.migrate(_use(data)))
    typer.echo("The database is up to date.")


@app.command()
def serve(
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT")] = 8000,
    workers: Annotated[int, typer.Option(envvar="WEB_CONCURRENCY")] = 1,
) -> None:
    """Serve the portal. Refuses to start with a configuration that would lose or leak something."""
    chosen = settings()
    problems = chosen.problems() + _wrong_keys(chosen)
    if workers > 1 and (chosen.embedded_bus or chosen.sqlite):
        problems.append("Several workers need PostgreSQL and Redis: set DATABASE_URL and REDIS_URL, or use one worker.")
    if not problems:
        _hold(chosen)
        # One that can't be reached is waited for: it may be on its way.
        with contextlib.suppress(_Unreachable):
            problems = _wrong_database(chosen)
    if problems:
        raise _fail(*problems)
    serving.serve(host, port, workers)


def _hold(chosen: Settings) -> None:
    if chosen.sqlite or chosen.embedded_bus:
        try:
            serving.hold(chosen.data)
        except serving.InUse as reason:
            raise _fail(str(reason)) from None


@app.command()
def work() -> None:
    """Run the worker beside `portal serve`: what is due, and what can be forgotten."""
    chosen = settings()
    if chosen.embedded_bus or chosen.sqlite:
        raise _fail(
            "With SQLite or the in-process bus `portal serve` does this work itself. "
            "For a worker of its own set DATABASE_URL and REDIS_URL."
        )
    # It makes links for letters: without the address people type they would lead nowhere.
    if problems := [*chosen.problems(), *_wrong_keys(chosen)]:
        raise _fail(*problems)

    clock.follow(chosen.clock)

    async def run() -> None:
        bus = Bus.make(chosen.redis_url)
        await bus.connect()
        working = asyncio.create_task(worker.work(bus))
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, working.cancel)
        try:
            await working
        except asyncio.CancelledError:
            pass
        finally:
            await bus.close()

    asyncio.run(_with_database(run))


@app.command()
def check(data: Data = None) -> None:
    """Say in sentences what is missing or wrong; ends with 1 then."""
    chosen = _use(data)
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
    wrong_keys = _wrong_keys(chosen)
    problems += wrong_keys
    try:
        problems += _wrong_database(chosen, with_keys=not wrong_keys)
        if not problems:
            problems += asyncio.run(_with_database(_set_aside))
        if not problems and not asyncio.run(_with_database(_has_practice)):
            problems.append(
                "There is no practice in the database yet: `portal start` begins one, `portal demo` makes one "
                "to look at."
            )
    except _Unreachable as reason:
        problems.append(f"The database can’t be reached: {reason}")
    if problems:
        raise _fail(*problems)
    typer.echo("All is well.")


@app.command()
def start(data: Data = None) -> None:
    """Begin a practice in an empty deployment: key file, database, and a one-time code for its first page."""
    chosen = _use(data)
    if not chosen.keys_path.exists():
        crypto.make_key_file(chosen.keys_path)
        typer.echo(f"Made the key file {chosen.keys_path}. Keep a copy where the database's backups are not.")
    crypto.load_keys(chosen.keys_path)
    asyncio.run(database.migrate(chosen))
    codes: list[str | None] = []

    async def offer() -> None:
        codes.append(await first_run.offer_code(anew=True))

    asyncio.run(_with_database(offer))
    if codes[0] is None:
        raise _fail("There is a practice here already: sign in to it.")
    address = chosen.base_url or "the address of this portal"
    typer.echo(f"Start it with `portal serve`, then open {address}/start and give this code once:")
    typer.echo(f"  {codes[0]}")


@app.command()
def restored(data: Data = None) -> None:
    """Say that a backup was put back, before the first worker starts: end the sessions and links of that time, drop
    the letters that had not left, and have every page read everything again."""
    chosen = _use(data)
    crypto.load_keys(chosen.keys_path)
    _hold(chosen)
    asyncio.run(database.migrate(chosen))
    ended = asyncio.run(_with_database(end_what_was_under_way))
    typer.echo(
        f"Ended {ended['sessions']} session(s) and {ended['links']} link(s), and dropped {ended['letters']} unsent "
        "letter(s). Everybody signs in anew. Invite again whom nobody has invited since; passwords are those of the "
        "backup."
    )


class _Unreachable(Exception):
    """A database that does not answer. The text says why."""


def _wrong_keys(chosen: Settings) -> list[str]:
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


def _wrong_database(chosen: Settings, with_keys: bool = True) -> list[str]:
    """Say in sentences what is wrong with the database, and whether the keys open it. Raises _Unreachable."""
    if chosen.sqlite and not (chosen.data / "portal.db").exists():
        return [f"There is no database in {chosen.data}: run `portal migrate`."]
    try:
        wrong = asyncio.run(_with_database(_wrong_shape))
        return wrong or (asyncio.run(_with_database(_wrong_seal)) if with_keys else [])
    except Exception as reason:
        raise _Unreachable(f"{type(reason).__name__}, {reason}") from reason


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


async def _has_practice() -> bool:
    return await sql.row("select 1 as yes from practice") is not None


keys = typer.Typer(no_args_is_help=True, help="The encryption keys.")
app.add_typer(keys, name="keys")


@keys.command("new")
def new_key_file(data: Data = None) -> None:
    """Make a new key file where PORTAL_KEY_FILE says; never overwrites one."""
    path = _use(data).keys_path
    try:
        crypto.make_key_file(path)
    except FileExistsError:
        raise _fail(f"{path} exists. It opens what is encrypted: keep it, and keep a copy elsewhere.") from None
    typer.echo(f"Made {path}. Keep a copy where the database's backups are not.")


@keys.command("push")
def add_push_key(data: Data = None) -> None:
    """Add the key for pushes to a key file that was made before there were any. Restart the workers then."""
    path = _use(data).keys_path
    if not path.exists():
        raise _fail(f"There is no key file at {path}: make one with `portal keys new`.")
    if not crypto.add_push_key(path):
        raise _fail("There is one already. Each device that gets pushes is bound to it, so it stays.")
    typer.echo(f"Added to {path}. Copy the key file to its safe place.")


@keys.command("rotate")
def rotate_keys(data: Data = None) -> None:
    """Add a key, and seal everything anew with it. Workers that run learn of the key by themselves; restart
    them so that they write with it too. Old keys stay in the file: the audit log needs them."""
    chosen = _use(data)
    if not chosen.keys_path.exists():
        raise _fail(f"There is no key file at {chosen.keys_path}: make one with `portal keys new`.")
    crypto.load_keys(chosen.keys_path)
    name = crypto.add_key(chosen.keys_path)
    done, odd = asyncio.run(_with_database(reseal))
    typer.echo(f"{done} values are now sealed with the key {name}. Copy the key file to its safe place.")
    if odd:
        raise _fail(f"{odd} value(s) can’t be opened with any key of the file, and stay as they are.")


@app.command()
def cast(
    as_json: Annotated[bool, typer.Option("--json", help="As a list of objects.")] = False, data: Data = None
) -> None:
    """List the people one can sign in as in the demo practice."""
    if data is None and "PORTAL_DATA" not in os.environ and not settings().database_url:
        data = ROOT / "data" / "demo"
    chosen = _use(data)
    crypto.load_keys(chosen.keys_path)
    people: list[dict[str, object]] = []

    async def look() -> None:
        people.extend(await practice.cast())

    asyncio.run(_with_database(look))
    if as_json:
        typer.echo(json.dumps(people, indent=2, ensure_ascii=False))
    else:
        for person in people:
            typer.echo(f"{person['name']:<28}{person['role']:<32}{person['email']}")


@app.command()
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
        raise _fail("Several workers need DATABASE_URL and REDIS_URL in the environment.")
    _hold(chosen)
    asyncio.run(_make_demo(chosen, fresh, hours=True))
    typer.echo(f"\nWillow Street Counselling is at http://localhost:{port}\n")
    typer.echo("One click on its sign-in page, or an address of these with the password below:")
    _print_cast()
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


def _print_cast() -> None:
    async def show() -> None:
        for person in await practice.cast():
            typer.echo(f"  {person['name']:<26}{person['role']:<34}{person['email']}")

    asyncio.run(_with_database(show))
    typer.echo(f"\nThe password of them all: {practice.PASSWORD}\n")


async def _make_demo(chosen: Settings, fresh: bool, hours: bool = False) -> None:
    """Make the demo practice in an empty database, with office hours or open to writing at any; with `fresh`, in one
    that is emptied first."""
    if fresh:
        await _empty(chosen)
    if not chosen.keys_path.exists():
        crypto.make_key_file(chosen.keys_path)
    crypto.load_keys(chosen.keys_path)
    await database.migrate(chosen)

    async def make() -> None:
        if await sql.row("select 1 as yes from practice") is None:
            await practice.make_practice()
            if hours:
                await practice.keep_hours()

    await _with_database(make)


async def _empty(chosen: Settings) -> None:
    """Throw the demo's data away: the files of the folder, or all tables of a database that holds a demo."""
    if chosen.sqlite:
        for path in chosen.data.glob("portal.db*"):
            path.unlink()
        return
    await database.open_database(chosen)
    try:
        found = await sql.rows("select name from practice") if await _has_tables() else []
        if any(row["name"] != "Willow Street Counselling" for row in found):
            raise _fail("This database holds a real practice. --fresh only empties a demo.")
        await sql.rows("drop schema public cascade")
        await sql.rows("create schema public")
    finally:
        await database.close_database()


async def _has_tables() -> bool:
    found = await sql.row("select to_regclass('practice') is not null as yes")
    return found is not None and bool(found["yes"])
