"""Migrating a database that is in use: again and again, and nothing is lost."""

import pytest

from portal.models.ground import sql
from portal.models.ground.database import pending_migrations
from tests.deployment import ROOT, Deployment, command
from tests.ground.test_constraints import columns, tables

FOLDER = ROOT / "portal/models/migrations"


async def migrate(unserved: Deployment) -> None:
    ran = await command(unserved.env | {"PORTAL_BASE_URL": "http://localhost:1"}, "migrate")
    assert ran.returncode == 0, ran.stderr
    assert "up to date" in ran.stdout


async def test_migrating_again_loses_and_changes_nothing(unserved: Deployment) -> None:
    before = await unserved.contents()
    assert len(before) > 20
    for _ in range(2):
        await migrate(unserved)
    assert await unserved.contents() == before
    async with unserved.models():
        assert await pending_migrations() == []


async def test_an_empty_database_comes_to_the_same_shape(
    unserved: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Column for column as the one that was filled, with an era of its own."""
    async with unserved.models():
        shape = {table: await columns(table) for table in await tables()}
        era = await sql.row("select value from era")
        assert era and len(era["value"]) == 16
    if not unserved.sqlite:
        return
    fresh = Deployment(tmp_path_factory.mktemp("fresh"), {}, 0, False)
    fresh.env |= {"PORTAL_DATA": str(fresh.folder)}
    (fresh.folder / "portal.key").write_bytes((unserved.folder / "portal.key").read_bytes())
    await migrate(fresh)
    async with fresh.models():
        assert {table: await columns(table) for table in await tables()} == shape
        other = await sql.row("select value from era")
        assert other and other != era


async def test_what_has_not_been_migrated_is_named(
    tmp_path_factory: pytest.TempPathFactory, unserved: Deployment
) -> None:
    if not unserved.sqlite:
        return
    empty = Deployment(tmp_path_factory.mktemp("empty"), {}, 0, False)
    (empty.folder / "portal.key").write_bytes((unserved.folder / "portal.key").read_bytes())
    async with empty.models():
        pending = await pending_migrations()
        assert pending[0] == "0001_ground" and set(pending) == {path.stem for path in FOLDER.glob("0*.py")}
