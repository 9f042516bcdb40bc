"""An encrypted value opens in its own place only, and with any of the keys at hand."""

import base64
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal import crypto
from portal.models.ground import sql
from portal.models.ground.record import Sealed
from portal.models.messages.message import Message
from portal.models.people.client import Client
from portal.models.people.contact import Contact
from tests.deployment import Deployment
from tests.laws.test_structure import RECORDS

TEXT = "Born in the year of the comet"


def ring(folder: Path, writing: str, **keys: bytes) -> crypto.Keyring:
    path = folder / "portal.key"
    named = {name: base64.b64encode(key).decode() for name, key in keys.items()}
    path.write_text(json.dumps({"writing": writing, "keys": named}))
    return crypto.load_keys(path)


def sealed_of(model: type) -> list[str]:
    return [value.column for value in vars(model).values() if isinstance(value, Sealed)]


async def test_a_value_moved_to_another_row_does_not_open(unserved: Deployment) -> None:
    async with unserved.models():
        sam, walter = [await Client.get(id=unserved.cast.client[name]) for name in ("sam", "walter")]
        assert sam.phone and walter.phone and sam.phone != walter.phone
        await sql.rows("update client set phone_sealed = :box where id = :id", box=sam.phone_sealed, id=walter.id)
        moved = await Client.get(id=walter.id)
        with pytest.raises(crypto.Unreadable, match="belongs to another row"):
            assert moved.phone
        await Client.filter(id=walter.id).update(phone_sealed=walter.phone_sealed)


async def test_a_value_moved_to_another_column_does_not_open(unserved: Deployment) -> None:
    async with unserved.models():
        sam = await Client.get(id=unserved.cast.client["sam"])
        sam.address_sealed = sam.phone_sealed
        with pytest.raises(crypto.Unreadable):
            assert sam.address
        assert sam.phone


async def test_a_value_moved_to_another_table_does_not_open(unserved: Deployment) -> None:
    async with unserved.models():
        sam = await Client.get(id=unserved.cast.client["sam"])
        double = Contact(id=sam.id, name="Sam", phone_sealed=sam.phone_sealed)
        with pytest.raises(crypto.Unreadable):
            assert double.phone
        double.phone = sam.phone
        assert double.phone == sam.phone


async def test_nothing_that_people_entrust_lies_open(unserved: Deployment) -> None:
    """The plain text of what is sealed is nowhere in the tables that hold it."""
    async with unserved.models():
        sam = await Client.get(id=unserved.cast.client["sam"])
        secrets = [sam.phone, sam.address, sam.date_of_birth, "guinea pig"]
        assert all(secrets)
        for table in ("client", "contact", "message", "session", "audit", "outbox", "fact"):
            kept = repr(await sql.rows(f"select * from {table}"))
            assert not [secret for secret in secrets if secret in kept], table


def test_every_sealed_column_has_its_attribute() -> None:
    for model in RECORDS.values():
        columns = {field for field in model._meta.db_fields if field.endswith("_sealed")}
        # The audit log's details are written and read by its own verbs.
        assert columns == set(sealed_of(model)) | ({"details_sealed"} if model.__name__ == "Audit" else set())
    assert sealed_of(Message) == ["body_sealed"]
    assert len(sealed_of(Client)) == 3


def test_several_keys_read_and_one_writes(tmp_path: Path) -> None:
    old, new = os.urandom(32), os.urandom(32)
    before = ring(tmp_path, "old", old=old).seal(TEXT, "client/phone_sealed/1")
    both = ring(tmp_path, "new", old=old, new=new)
    after = both.seal(TEXT, "client/phone_sealed/1")
    assert both.open(before, "client/phone_sealed/1") == both.open(after, "client/phone_sealed/1") == TEXT
    assert b"old" in before[:8] and b"new" in after[:8]
    with pytest.raises(crypto.Unreadable, match="not in the key file"):
        ring(tmp_path, "new", new=new).open(before, "client/phone_sealed/1")
    with pytest.raises(crypto.Unreadable):
        ring(tmp_path, "old", old=new).open(before, "client/phone_sealed/1")


def test_the_same_text_never_gives_the_same_bytes(tmp_path: Path) -> None:
    keys = ring(tmp_path, "k", k=os.urandom(32))
    assert len({keys.seal(TEXT, "a/b/c") for _ in range(50)}) == 50


KEYS = crypto.Keyring("k", {"k": crypto.AESGCM(os.urandom(32))})


@given(st.text(max_size=300))
def test_what_is_sealed_is_opened(text: str) -> None:
    assert KEYS.open(KEYS.seal(text, "a/b/c"), "a/b/c") == text


@given(st.data())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_changed_byte_anywhere_is_noticed(data: st.DataObject) -> None:
    box = bytearray(KEYS.seal(TEXT, "a/b/c"))
    at = data.draw(st.integers(0, len(box) - 1))
    box[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(crypto.Unreadable):
        KEYS.open(bytes(box), "a/b/c")


@given(st.binary(max_size=100))
def test_what_was_never_sealed_is_unreadable(box: bytes) -> None:
    with pytest.raises(crypto.Unreadable):
        KEYS.open(box, "a/b/c")
