"""What the database itself refuses, proven by trying: every constraint of its catalogue, on both databases.

The lists are read from the catalogue, so a constraint that is lost, or new and not tried, is red.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
from tortoise.exceptions import BaseORMException
from tortoise.fields import UUIDField
from tortoise.transactions import in_transaction

from portal import clock
from portal.models.ground import sql
from portal.models.ground.outbox import Outbox
from portal.models.mail.bounce import Bounce
from portal.models.mail.burst import Burst
from portal.models.mail.mailbox import Mailbox
from portal.models.messages.draft import Draft
from portal.models.messages.message import MessageVersion
from portal.models.messages.note import Note
from portal.models.notices.devices import PushDevice
from tests.deployment import Deployment
from tests.laws.test_structure import RECORDS

REFUSALS = (BaseORMException, asyncpg.PostgresError)
# The tables of getting in: what they refuse is tried by whole flows, in tests/access.
GETTING_IN = {"first_run", "half_session", "invitation", "reset"}
TABLES = {model._meta.db_table for model in RECORDS.values()} - GETTING_IN
# Tables that no model stands for: their verbs write them by statements.
WITHOUT_MODEL = {
    "automatic_reply",
    "device",
    "era",
    "fact",
    "idempotency",
    "mail_choice",
    "notice_choice",
    "notice_place",
    "reading",
    "reading_step",
    "throttle",
}
# Columns that only statements write and ask: no field is a list of uuids on one database and JSON on the other.
WITHOUT_FIELD = {"conversation": {"read_by"}}


@dataclass(frozen=True)
class Column:
    name: str
    required: bool
    length: int | None  # of text
    kind: str


async def tables() -> list[str]:
    found = await sql.rows(
        "select table_name as name from information_schema.tables where table_schema = 'public' "
        "and table_type = 'BASE TABLE'"
        if sql.is_postgres()
        else "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    )
    names = {row["name"] for row in found if not row["name"].startswith("tortoise")}
    return sorted(names - GETTING_IN)


async def columns(table: str) -> dict[str, Column]:
    if sql.is_postgres():
        found = await sql.rows(
            "select column_name as name, is_nullable = 'NO' as required, character_maximum_length as length, "
            "data_type as kind from information_schema.columns "
            "where table_schema = 'public' and table_name = :name",
            name=table,
        )
        return {row["name"]: Column(row["name"], row["required"], row["length"], row["kind"]) for row in found}
    found = await sql.rows("select * from pragma_table_info(:name)", name=table)
    made = {}
    for row in found:
        kind, _, length = row["type"].rstrip(")").partition("(")
        made[row["name"]] = Column(
            row["name"], bool(row["notnull"] or row["pk"]), int(length) if length else None, kind
        )
    return made


async def foreign_keys(table: str) -> set[tuple[str, str]]:
    """Each column that refers to another table's rows, and that table."""
    found = await sql.rows(
        "select a.attname as own, c.confrelid::regclass::text as other from pg_constraint c "
        "join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any(c.conkey) "
        "where c.contype = 'f' and c.conrelid = (:name::text)::regclass"
        if sql.is_postgres()
        else 'select "from" as own, "table" as other from pragma_foreign_key_list(:name)',
        name=table,
    )
    return {(row["own"], row["other"]) for row in found}


async def uniques(table: str) -> set[tuple[tuple[str, ...], str]]:
    """The columns of each unique index, the primary key's too, and the condition of a partial one."""
    if sql.is_postgres():
        found = await sql.rows(
            "select pg_get_indexdef(i.indexrelid) as text from pg_index i "
            "where i.indisunique and i.indrelid = (:name::text)::regclass",
            name=table,
        )
        made = set()
        for row in found:
            match = re.search(r"\(([^)]*)\)(?: WHERE (.*))?$", row["text"])
            assert match
            made.add((tuple(match[1].replace('"', "").split(", ")), (match[2] or "").lower().strip("()")))
        return made
    made = set()
    for index in await sql.rows('select name, "unique", partial from pragma_index_list(:name)', name=table):
        if index["unique"]:
            own = await sql.rows("select name from pragma_index_info(:name)", name=index["name"])
            text = await sql.row("select sql from sqlite_master where name = :name", name=index["name"])
            where = text["sql"].partition(" where ")[2].strip() if index["partial"] and text else ""
            made.add((tuple(row["name"] for row in own), where))
    single = await sql.rows("select name from pragma_table_info(:name) where pk > 0 and type = 'integer'", name=table)
    return made | {((row["name"],), "") for row in single}


async def checks(table: str) -> int:
    if sql.is_postgres():
        found = await sql.row(
            "select count(*) as n from pg_constraint where contype = 'c' and conrelid = (:name::text)::regclass",
            name=table,
        )
        return int(found["n"]) if found else 0
    found = await sql.row("select sql from sqlite_master where name = :name and type = 'table'", name=table)
    return len(re.findall(r"\bcheck \(", found["sql"])) if found else 0


async def fill(unserved: Deployment) -> None:
    """A row in each table, where the demo has none, and a value in each column that refers to another."""
    if await sql.row("select 1 as yes from outbox"):
        return
    cast = unserved.cast
    noa, miriam, dana = cast.client["noa"], cast.staff["miriam"], cast.account["dana"]
    letter = await Outbox.create(kind="letter")
    await Bounce.create(email_key="x@example.com", letter_id=letter.id, status="5.1.1", reason="", held=True)
    await Mailbox.create(host="x", username="x", password_sealed=b"x", address="x@example.com")
    now = clock.now()
    about = {"conversation_id": cast.conversation["noa clinical"], "reader_id": dana, "side": "client"}
    await Burst.create(**about, from_number=1, due_at=now)
    await Burst.create(**about, from_number=1, to_number=1, letter_id=letter.id)
    for whose in ({"staff_id": miriam}, {"account_id": dana}):
        await PushDevice.create(
            **whose, endpoint_hash=uuid4().hex, subscription_sealed=b"x", number=1, due_at=now + dt.timedelta(days=1)
        )
    for text in (
        "insert into moment (id, due_at, kind, body) values (:id, :now, 'Nothing', '{}')",
        "insert into idempotency (owner_id, key, request, at) values (:id, :id, 'x', :now)",
        "insert into throttle (key, count, until_at) values ('x', 1, :now)",
        "insert into mail_choice (person_id, often, daily_at, quiet_from, quiet_until) values (:id, 'once', 0, 1, 2)",
        "insert into notice_choice (person_id, kind, shown) values (:id, 'message', true)",
        "insert into device (token_hash, side, holder_id, seen_at) values ('x', 'staff', :id, :now)",
        "insert into audit (id, at, side, action, result) values (:id, :now, 'staff', 'look', 'done')",
        "insert into fact (kind, at, keys, body) values ('Nothing', :now, '[]', '{}')",
        "insert into stuck (id, queue, item, tries, passed_over, reason, since, tried_at, due_at) "
        "values (:id, 'wishes', 'x', 1, false, 'x', :now, :now, :now)",
        "insert into wish (id, address_mark, network_mark, email_sealed, made_at) values (:id, 'x', 'x', :box, :now)",
        "insert into special_day (id, day, label, spans) values (:id, '2026-12-25', '', '[]')",
    ):
        await sql.rows(
            text, **{name: {"id": uuid4(), "now": now, "box": b"x"}[name] for name in sql._compiled(text, True)[1]}
        )
    for side, column, holder in (("staff", "staff_id", miriam), ("client", "account_id", dana)):
        await sql.rows(
            f"insert into session (id, token_hash, side, {column}, started_at, seen_at, idle_until, expires_at) "
            "values (:id, :side, :side, :holder, :now, :now, :now, :now)",
            id=uuid4(),
            side=side,
            holder=holder,
            now=now,
        )
    message = await sql.row("select id, sent_at from message order by sent_at limit 1")
    assert message
    await sql.rows("update message set reply_to_id = :id", id=message["id"])
    draft = Draft(
        conversation_id=cast.conversation["noa clinical"],
        staff_id=miriam,
        body_sealed=b"",
        reply_to_id=sql.uuid(message["id"]),
        saved_at=now,
    )
    draft.body = "Half a sentence"
    await draft.save(force_create=True)
    await Draft.create(
        conversation_id=cast.conversation["noa clinical"], account_id=dana, body_sealed=draft.body_sealed, saved_at=now
    )
    version = MessageVersion(
        message_id=sql.uuid(message["id"]), body_sealed=b"", from_at=sql.moment(message["sent_at"]), until_at=now
    )
    version.body = "Something else"
    await version.save(force_create=True)
    await sql.rows("update practice set reply_by = :by", by=miriam)
    await sql.rows(
        "insert into automatic_reply (conversation_id, closed_at) values (:conversation, :now)",
        conversation=cast.conversation["noa clinical"],
        now=now,
    )
    await Note.create(
        conversation_id=cast.conversation["noa clinical"],
        number=1,
        staff_id=miriam,
        handed_to=miriam,
        body_sealed=draft.body_sealed,
        written_at=now,
    )
    await sql.rows("update access set granted_by = :by, ended_by = :by", by=miriam)
    await sql.rows("update contact set client_id = :client", client=noa)
    await sql.rows("update conversation set assigned_to = :by, done_by = :by, snoozed_by = :by", by=miriam)


class _Undone(Exception):
    pass


async def refused(text: str, **values: Any) -> str | None:
    """What the database says to a statement; None where it takes it. Nothing of it stays."""
    try:
        async with in_transaction():
            await sql.rows(text, **values)
            raise _Undone
    except _Undone:
        return None
    except REFUSALS as reason:
        return str(reason).lower()


def row_of(table: str, column: str) -> str:
    """The condition for one row, one with a value in the column where there is any."""
    return (
        f"where {column} = (select {column} from {table} where {column} is not null limit 1)"
        if column
        else "where true"
    )


async def test_every_table_has_a_model_or_is_known_to_have_none(unserved: Deployment) -> None:
    async with unserved.models():
        assert set(await tables()) == TABLES | WITHOUT_MODEL


async def test_models_and_tables_have_the_same_fields(unserved: Deployment) -> None:
    async with unserved.models():
        for model in RECORDS.values():
            meta, found = model._meta, await columns(model._meta.db_table)
            own = {meta.fields_map[field].source_field or field for field in meta.db_fields}
            unmapped = WITHOUT_FIELD.get(meta.db_table, set())
            assert own | unmapped == set(found) and not own & unmapped, model.__name__
            for field in meta.db_fields:
                described = meta.fields_map[field]
                column = found[described.source_field or field]
                assert described.null is not column.required, f"{model.__name__}.{field} null"
                length = None if isinstance(described, UUIDField) else getattr(described, "max_length", None)
                assert length == (None if column.kind == "char" else column.length), f"{model.__name__}.{field}"


async def test_what_is_required_is_required_by_the_database(unserved: Deployment) -> None:
    tried = 0
    async with unserved.models():
        await fill(unserved)
        for table in await tables():
            if table == "audit":
                continue  # its rows can't be changed at all
            for column in (await columns(table)).values():
                if column.required:
                    told = await refused(f"update {table} set {column.name} = null")
                    assert told and ("not null" in told or "not-null" in told or "mismatch" in told), (
                        f"{table}.{column.name}: {told}"
                    )
                    tried += 1
    assert tried > 90


async def test_what_is_once_is_once(unserved: Deployment) -> None:
    """Each unique index refuses a second row that differs in everything else that must differ."""
    tried = set()
    async with unserved.models():
        await fill(unserved)
        for table in await tables():
            found, known = await columns(table), await uniques(table)
            singles = {name for names, _ in known for name in names}
            for names, where in known:
                kept = [name for name in found if name not in singles or name in names]
                fresh = [name for name in found if name not in kept]
                if table == "fact":
                    kept, fresh = [name for name in kept if name != "xid"], []
                values = {f"new_{name}": _fresh(found[name]) for name in fresh}
                chosen = " and ".join([f"{name} is not null" for name in names] + ([where] if where else []))
                text = (
                    f"insert into {table} ({', '.join([*kept, *fresh])}) select {', '.join(kept)}"
                    f"{''.join(', ' + _cast(found[name], f':new_{name}') for name in fresh)} "
                    f"from {table} where {chosen} limit 1"
                )
                told = await refused(text, **values)
                assert told and "unique" in told, f"{table} {names} {where}: {told}"
                if not sql.is_postgres():
                    assert all(f"{table}.{name}" in told for name in names), told
                tried.add((table, names, bool(where)))
    assert {("access", ("account_id", "client_id"), True), ("care_team", ("client_id", "staff_id"), True)} <= tried
    assert {("message", ("conversation_id", "number"), False), ("session", ("token_hash",), False)} <= tried
    assert {("staff_member", ("email_key",), False), ("portal_account", ("email_key",), False)} <= tried


def _fresh(column: Column) -> Any:
    if column.kind == "uuid":
        return uuid4()
    return 987_654 if "int" in column.kind else uuid4().hex


def _cast(column: Column, place: str) -> str:
    name = {"uuid": "uuid", "integer": "integer", "bigint": "bigint"}.get(column.kind, "varchar")
    value = f"{place}::{name}" if sql.is_postgres() else place
    return f"case when {column.name} is null then null else {value} end"


# For each table, a statement for each of its checks.
BROKEN: dict[str, list[str]] = {
    "access": ["update access set until_at = '1990-01-01 00:00:00+00:00'"],
    "audit": ["insert into audit (id, at, side, action, result) select id, at, side, action, 'maybe' from audit"],
    "bounce": ["update bounce set settled_at = null, settled_by = (select id from staff_member limit 1)"],
    "burst": [
        "update burst set side = 'outside'",
        "update burst set from_number = 0",
        "update burst set to_number = 0",
        "update burst set letter_id = null",
        "update burst set due_at = '2026-01-01 00:00:00+00:00'",
    ],
    "care_team": ["update care_team set until_at = '1990-01-01 00:00:00+00:00'"],
    "client": [
        "update client set first_name = ''",
        "update client set last_name = ''",
        "update client set colour = 'beige'",
        "update client set messaging = 'never'",
        "update client set email = 'a@example.com', email_key = null",
    ],
    "contact_link": ["update contact_link set until_at = '1990-01-01 00:00:00+00:00'"],
    "conversation": [
        "update conversation set audience = 'everybody'",
        "update conversation set last_number = -1",
        "update conversation set last_side = 'outside'",
    ],
    "device": ["update device set side = 'outside'"],
    "draft": ["update draft set staff_id = null, account_id = null"],
    "note": ["update note set number = 0"],
    "era": ["update era set one = 2"],
    "mailbox": [
        "update mailbox set id = '00000000-0000-7000-8000-000000000002'",
        "update mailbox set port = 0",
        "update mailbox set last_uid = -1",
        "update mailbox set returned = -1",
    ],
    "mail_choice": [
        "update mail_choice set often = 'hourly'",
        "update mail_choice set daily_at = 1440",
        "update mail_choice set quiet_from = -1",
        "update mail_choice set quiet_until = 1440",
        "update mail_choice set quiet_from = null",
        "update mail_choice set quiet_from = quiet_until",
    ],
    "leave": ["update leave set until_at = '1990-01-01 00:00:00+00:00'", "update leave set cover_id = staff_id"],
    "message": ["update message set number = 0", "update message set staff_id = null, account_id = null"],
    "notice": ["update notice set staff_id = null, account_id = null", "update notice set up_to = 0"],
    "push_device": [
        "update push_device set staff_id = null, account_id = null",
        "update push_device set number = null",
    ],
    "notice_place": ["update notice_place set number = 0"],
    "practice": ["update practice set mail_after = 0", "update practice set edit_minutes = -1"],
    "message_version": ["update message_version set until_at = '1990-01-01 00:00:00+00:00'"],
    "participant": ["update participant set client_id = null, contact_id = null"],
    "portal_account": [
        "update portal_account set theme = 'pink'",
        "update portal_account set client_id = (select id from client limit 1), "
        "contact_id = (select id from contact limit 1)",
    ],
    "reading": ["update reading set number = -1"],
    "reading_step": ["update reading_step set number = -1"],
    "session": [
        "update session set side = 'outside', staff_id = null, account_id = null",
        "update session set staff_id = null where side = 'staff'",
        "update session set account_id = null where side = 'client'",
    ],
    "staff_member": [
        "update staff_member set role = 'janitor'",
        "update staff_member set theme = 'pink'",
        "update staff_member set supervisor_id = id",
    ],
}
CONSTRAINT = re.compile(r'check constraint "([^"]+)"|check constraint failed: (.*)', re.DOTALL)


async def test_every_check_refuses_what_it_is_for(unserved: Deployment) -> None:
    async with unserved.models():
        await fill(unserved)
        for table in await tables():
            broken = set()
            for text in BROKEN.get(table, []):
                told = await refused(text)
                match = CONSTRAINT.search(told or "")
                assert match, f"{text}: {told}"
                broken.add(match[1] or match[2])
            assert len(broken) == await checks(table), f"{table} has {await checks(table)} checks"


async def test_audit_rows_stay_as_they_were_written(unserved: Deployment) -> None:
    async with unserved.models():
        await fill(unserved)
        attempts = ["update audit set action = 'nothing'", "delete from audit"]
        if sql.is_postgres():
            attempts.append("truncate audit")
        for text in attempts:
            told = await refused(text)
            assert told and "audit rows are never changed or deleted" in told, f"{text}: {told}"
