"""Keys: replaced while the practice works, and nothing sealed before is lost."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from portal import crypto
from portal.models.ground import sql
from portal.models.ground.rekeying import reseal, sealed_columns
from portal.models.people.client import Client
from tests.deployment import opened


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Path]:
    async with opened(tmp_path):
        yield tmp_path


async def _key_ids() -> set[str]:
    """The ids of the keys under which anything but the audit log lies."""
    ids = set()
    for model, column in sealed_columns():
        for row in await sql.rows(f"select {column} as box from {model._meta.db_table} where {column} is not null"):
            ids.add(row["box"][2 : 2 + row["box"][1]].decode())
    return ids


async def test_everything_lies_under_the_new_key_and_still_opens(folder: Path) -> None:
    before = {client.id: client.date_of_birth for client in await Client.all()}
    old = crypto.ring().writing
    new = crypto.add_key(folder / "portal.key")

    assert await _key_ids() == {old}
    done, odd = await reseal()
    assert done > 300 and odd == 0
    assert await _key_ids() == {new}
    assert {client.id: client.date_of_birth for client in await Client.all()} == before


async def test_a_worker_that_runs_learns_of_a_key_that_was_added(folder: Path) -> None:
    running = crypto.ring()
    crypto.add_key(folder / "portal.key")
    box = crypto.ring().seal("read me", "message/body_sealed/1")

    assert running.open(box, "message/body_sealed/1") == "read me"


async def test_a_key_that_is_nowhere_opens_nothing(folder: Path) -> None:
    crypto.add_key(folder / "portal.key")
    box = crypto.ring().seal("read me", "message/body_sealed/1")
    held = json.loads((folder / "portal.key").read_text())
    lost = held["keys"].pop(held["writing"])
    held["writing"] = next(iter(held["keys"]))
    (folder / "portal.key").write_text(json.dumps(held))
    crypto.load_keys(folder / "portal.key")

    assert lost
    with pytest.raises(crypto.Unreadable, match="not in the key file"):
        crypto.ring().open(box, "message/body_sealed/1")


def test_an_account_has_a_key_of_its_own_that_stays(tmp_path: Path) -> None:
    crypto.make_key_file(tmp_path / "key")
    one, other = uuid4(), uuid4()
    first = crypto.load_keys(tmp_path / "key").personal(one)
    assert len(base64.b64decode(first)) == 32
    assert first != crypto.ring().personal(other)
    crypto.add_key(tmp_path / "key")
    assert crypto.ring().personal(one) == first
