"""The command line: demo, serve, work, migrate, check, cast, keys, staff."""

import asyncio
import contextlib
import signal
from typing import Annotated

import typer

from portal import clock, crypto, logs, worker
from portal.cli.base import Data, fail, hold_data, use, with_database
from portal.cli.check import Unreachable, check, wrong_database, wrong_keys
from portal.cli.demo import cast, demo
from portal.cli.keys import keys
from portal.cli.staff import staff
from portal.models.ground import database
from portal.models.ground.restoring import end_what_was_under_way
from portal.models.staff import first_run
from portal.realtime.bus import Bus
from portal.settings import settings
from portal.web import serving

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Portal: a live client portal for therapy practices.",
)


def main() -> None:
    logs.begin()
    app()


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the database to the shape this version needs. Safe to repeat."""
    asyncio.run(database.migrate(use(data)))
    typer.echo("The database is up to date.")


@app.command()
def serve(
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT")] = 8000,
    workers: Annotated[int, typer.Option(envvar="WEB_CONCURRENCY")] = 1,
) -> None:
    """Serve the portal. Refuses to start with a configuration that would lose or leak something."""
    chosen = settings()
    problems = chosen.problems() + wrong_keys(chosen)
    if workers > 1 and (chosen.embedded_bus or chosen.sqlite):
        problems.append("Several workers need PostgreSQL and Redis: set DATABASE_URL and REDIS_URL, or use one worker.")
    if not problems:
        hold_data(chosen)
        # One that can't be reached is waited for: it may be on its way.
        with contextlib.suppress(Unreachable):
            problems = wrong_database(chosen)
    if problems:
        raise fail(*problems)
    serving.serve(host, port, workers)


@app.command()
def work() -> None:
    """Run the worker beside `portal serve`: what is due, and what can be forgotten."""
    chosen = settings()
    if chosen.embedded_bus or chosen.sqlite:
        raise fail(
            "With SQLite or the in-process bus `portal serve` does this work itself. "
            "For a worker of its own set DATABASE_URL and REDIS_URL."
        )
    # It makes links for letters: without the address people type they would lead nowhere.
    if problems := [*chosen.problems(), *wrong_keys(chosen)]:
        raise fail(*problems)

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

    with_database(run)


app.command()(check)


@app.command()
def start(data: Data = None) -> None:
    """Begin a practice in an empty deployment: key file, database, and a one-time code for its first page."""
    chosen = use(data)
    if not chosen.keys_path.exists():
        crypto.make_key_file(chosen.keys_path)
        typer.echo(f"Made the key file {chosen.keys_path}. Keep a copy where the database's backups are not.")
    crypto.load_keys(chosen.keys_path)
    asyncio.run(database.migrate(chosen))
    code = with_database(lambda: first_run.offer_code(anew=True))
    if code is None:
        raise fail("There is a practice here already: sign in to it.")
    address = chosen.base_url or "the address of this portal"
    typer.echo(f"Start it with `portal serve`, then open {address}/start and give this code once:")
    typer.echo(f"  {code}")


@app.command()
def restored(data: Data = None) -> None:
    """Say that a backup was put back, before the first worker starts: end the sessions and links of that time, drop
    the letters that had not left, and have every page read everything again."""
    chosen = use(data)
    crypto.load_keys(chosen.keys_path)
    hold_data(chosen)
    asyncio.run(database.migrate(chosen))
    ended = with_database(end_what_was_under_way)
    typer.echo(
        f"Ended {ended['sessions']} session(s) and {ended['links']} link(s), and dropped {ended['letters']} unsent "
        "letter(s). Everybody signs in anew. Invite again whom nobody has invited since; passwords are those of the "
        "backup."
    )


app.add_typer(keys, name="keys")
app.add_typer(staff, name="staff")
app.command()(cast)
app.command()(demo)
