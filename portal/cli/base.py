"""The base of all commands: the data folder, the database, and an end in sentences."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from portal.models.ground import database
from portal.settings import Settings, settings
from portal.web import serving

T = TypeVar("T")
Data = Annotated[Path | None, typer.Option("--data", help="The data folder.")]


def fail(*sentences: str) -> typer.Exit:
    for sentence in sentences:
        typer.echo(sentence, err=True)
    return typer.Exit(1)


def use(data: Path | None) -> Settings:
    if data is not None:
        os.environ["PORTAL_DATA"] = str(data.resolve())
        settings.cache_clear()
    return settings()


def with_database(act: Callable[[], Awaitable[T]]) -> T:
    """Open, act, close: a process that forgets to close never ends."""

    async def run() -> T:
        await database.open_database(settings())
        try:
            return await act()
        finally:
            await database.close_database()

    return asyncio.run(run())


def hold_data(chosen: Settings) -> None:
    if chosen.sqlite or chosen.embedded_bus:
        try:
            serving.hold(chosen.data)
        except serving.InUse as reason:
            raise fail(str(reason)) from None
