"""Nobody can guess from the database what lies in it as a hash: it takes the key file too."""

import ast
import datetime as dt
import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from uuid import uuid4

import pytest

from tests.deployment import Deployment, command
from tests.laws.test_structure import MODULES, tree
from tests.notices.brings import a_device
from tests.people.brings import new_client

HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "blake2s", "sha3_256")


@pytest.fixture
async def deployment(deployment: Deployment) -> AsyncIterator[Deployment]:
    """Every device is gone again in the end: a push that nobody takes is tried again in the midst of another test."""
    yield deployment
    await deployment.sql("delete from push_device")


async def portal(deployment: Deployment, *arguments: str) -> None:
    ran = await command(deployment.env | {"PORTAL_BASE_URL": deployment.bases[0]}, *arguments)
    assert ran.returncode == 0, ran.stderr


async def everything(deployment: Deployment) -> str:
    """All that a thief of the database has, as text."""
    if deployment.sqlite:
        names = "select name from sqlite_master where type = 'table'"
    else:
        names = "select table_name as name from information_schema.tables where table_schema = 'public'"
    tables = [row["name"] for row in await deployment.sql(names)]
    return "\n".join([str(await deployment.sql(f"select * from {table}")) for table in tables])


def plain_hashes(guesses: Iterable[str]) -> Iterator[str]:
    """Hash a guess as a thief would: by every usual function, the first sixteen digits of what it gives."""
    for guess in guesses:
        for name in HASHES:
            yield hashlib.new(name, guess.encode()).hexdigest()[:16]


async def test_a_date_of_birth_does_not_come_back_from_what_is_kept_of_a_form(deployment: Deployment) -> None:
    """The thief knows the form, its key and everything in it but the date; and there are not many dates."""
    miriam = await deployment.cast.sign_in("miriam")
    form = new_client(deployment.cast) | {"last_name": f"Guessed{uuid4().hex[:6]}"}
    first = await miriam.post("/staff/clients", **form)
    assert first.status_code == 303
    kept = await deployment.sql("select request from idempotency where key = :key", key=form["key"])
    born = dt.date.fromisoformat(form["date_of_birth"])
    days = [(born + dt.timedelta(days=n)).isoformat() for n in range(-30, 30)]
    for day in days:
        said = sorted(((k, v) for k, v in form.items() if k != "key"))
        sent = [(k, day if k == "date_of_birth" else v) for k, v in said]
        guesses = [
            "/staff/clients?" + "&".join(f"{k}={v}" for k, v in sent),
            json.dumps(["/staff/clients", sent]),
            f"{miriam.id}/{form['key']}/" + json.dumps(["/staff/clients", sent]),
        ]
        assert not {kept[0]["request"][:16]} & set(plain_hashes(guesses)), day

    # And it still does what it is for: the same is answered as before, another one is refused.
    again = await miriam.post("/staff/clients", **form)
    assert (again.status_code, again.headers["location"]) == (303, first.headers["location"])
    assert (await miriam.post("/staff/clients", **form | {"date_of_birth": days[0]})).status_code == 409


async def test_what_was_sent_is_known_again_when_the_keys_were_replaced(deployment: Deployment) -> None:
    miriam = await deployment.cast.sign_in("miriam")
    form = new_client(deployment.cast) | {"last_name": f"Rotated{uuid4().hex[:6]}"}
    first = await miriam.post("/staff/clients", **form)
    await portal(deployment, "keys", "rotate")
    for worker in range(len(deployment.bases)):
        again = await miriam.post("/staff/clients", worker, **form)
        assert (again.status_code, again.headers["location"]) == (303, first.headers["location"])
    made = await deployment.sql("select id from client where last_name = :name", name=form["last_name"])
    assert len(made) == 1


async def test_no_table_holds_a_plain_hash_of_what_can_be_guessed(deployment: Deployment) -> None:
    cast = deployment.cast
    sam, email = await cast.sign_in("sam"), cast.email["client", "sam"]
    for address in (email, "somebody-else@example.com"):
        wrong = await cast.stranger().post("/sign-in", email=address, password="not this one, surely")
        assert wrong.status_code == 401
    await cast.stranger().post("/forgot", email=email)
    device = a_device(cast)
    assert (await sam.send(f"/clients/{cast.client['sam']}/notices/devices", **device)).status_code == 204
    guessed = [email, email.lower(), "somebody-else@example.com", "127.0.0.1", "::1", device["endpoint"]]
    guessed += [cast.client["sam"], "not this one, surely", "1991-06-02"]
    held = await everything(deployment)
    assert cast.client["sam"] in held
    assert not [found for found in plain_hashes(guessed) if found in held]


async def test_an_upgrade_marks_what_is_there_and_loses_nothing(deployment: Deployment) -> None:
    cast = deployment.cast
    dana, device = await cast.sign_in("dana"), a_device(cast)
    place = f"/clients/{cast.client['noa']}/notices/devices"
    await dana.send(place, **device)
    miriam, form = await cast.sign_in("miriam"), new_client(cast) | {"last_name": f"Before{uuid4().hex[:6]}"}
    first = await miriam.post("/staff/clients", **form)
    # As it was before.
    plain = hashlib.sha256(device["endpoint"].encode()).hexdigest()
    newest = "(select id from push_device where account_id = :id order by added_at desc limit 1)"
    await deployment.sql(f"update push_device set endpoint_hash = :plain where id = {newest}", plain=plain, id=dana.id)
    await deployment.sql("update idempotency set request = :plain where key = :key", plain=plain, key=form["key"])
    await deployment.sql("delete from tortoise_migrations where name = '0029_marks'")

    await portal(deployment, "migrate")
    assert plain not in await everything(deployment)
    # The form that was on its way makes nobody twice, and the browser is told once.
    again = await miriam.post("/staff/clients", **form)
    assert (again.status_code, again.headers["location"]) == (303, first.headers["location"])
    before = await deployment.sql("select id from push_device where account_id = :id", id=dana.id)
    await dana.send(place, **device)
    after = await deployment.sql("select id from push_device where account_id = :id", id=dana.id)
    assert len(after) == len(before)


# --- The law: these hashes there are, and no other ---------------------------------------------

# Where something is hashed, and why that may be. What can be guessed goes through `Keyring.mark`.
HASHED = {
    "portal.crypto.Keyring.mark": "with a key of the key file: the one way for what can be guessed",
    "portal.crypto.Keyring.personal": "a key made from a key, for one browser's own store",
    "portal.crypto.digest": "of 256 random bits, which nobody guesses; see DIGESTED",
    "portal.regions.Region.draw": "of a part of a page, said in that page alone and kept nowhere",
    "portal.web.rendering.static_version": "of our own files, which are public",
    "portal.routes.public.health.metrics": "compares in the same time, and hashes nothing",
}

# Who digests, and the 256 random bits that it is of.
DIGESTED = {
    "portal.models.access.link_session": "its cookie",
    "portal.models.access.invitation": "the token of the link",
    "portal.models.access.offer": "no link at all",
    "portal.models.notices.devices": "the cookie of a device",
    "portal.models.access.reset": "the token of the link",
    "portal.models.staff.session": "the cookies of a session and of a device",
}

_FUNCTIONS = {"hashlib", "hmac", "crypt", "zlib", "binascii", "md5", "sha1", "sha256", "sha512", "blake2b", "blake2s"}
_IN_SQL = re.compile(r"\b(?:md5|sha224|sha256|sha384|sha512|digest|hmac|hashtext\w*|crc32c?)\s*\(")


def hashing(module: str) -> set[str]:
    """The functions of a module that name something that hashes, and `<module>.(SQL)` where a statement does."""
    found = set()

    def look(node: ast.AST, inside: str) -> None:
        for child in ast.iter_child_nodes(node):
            name = inside
            if isinstance(child, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                name = f"{inside}.{child.name}"
            elif isinstance(child, ast.Name) and child.id in _FUNCTIONS:
                found.add(inside)
            elif isinstance(child, ast.ImportFrom) and (child.module or "").split(".")[0] in _FUNCTIONS:
                found.add(f"{inside}.(import)")
            elif isinstance(child, ast.ImportFrom) and (child.module or "").startswith("cryptography"):
                if {alias.name for alias in child.names} & {"hashes", "hmac", "cmac"}:
                    found.add(f"{inside}.(import)")
            elif isinstance(child, ast.Constant) and _IN_SQL.search(str(child.value)):
                found.add(f"{inside}.(SQL)")
            look(child, name)

    look(tree(module), module)
    return found


def test_whatever_is_hashed_is_known_and_has_a_reason() -> None:
    assert set().union(*map(hashing, MODULES)) == set(HASHED)


def test_only_tokens_of_256_bits_are_digested() -> None:
    found: dict[str, set[str]] = {}
    for module in MODULES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "digest":
                found.setdefault(module, set()).add(ast.unparse(node.args[0]))
    assert set(found) == set(DIGESTED)
    assert set().union(*found.values()) == {"token", "browser", "secrets.token_urlsafe(32)"}


@pytest.mark.parametrize(
    "written",
    [
        "import hashlib\ndef f(x): return hashlib.sha256(x)",
        "from hashlib import sha256\ndef f(x): return sha256(x)",
        "from cryptography.hazmat.primitives import hashes",
        "def f(): return sql.rows('select md5(email) from client')",
    ],
)
def test_the_net_catches(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.tree", lambda module: ast.parse(written))
    assert hashing("portal.anything")
