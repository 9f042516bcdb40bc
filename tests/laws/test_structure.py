"""The shape of the code, held by its syntax tree: who may import whom, how records are reached, what templates hold.

Each net has a visible list of what it lets through, with the reason.
"""

import ast
import dataclasses
import importlib
import inspect
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from starlette.routing import Route
from tortoise.models import Model

from portal import facts
from portal.app import SOCKETS, create
from portal.models.ground.database import models
from portal.models.ground.record import Record, Row
from portal.models.notices.kinds import NoticeKind
from portal.permissions import Permission, Rights
from portal.regions import REGIONS, catalogue, read_key, region, unmapped
from portal.regions.notices.notice_words import NOTICES
from portal.routes import ROUTES
from portal.viewer import Viewer
from portal.web import doors
from portal.web.edit_conflict import WholeState, must_have_compared
from portal.web.rendering import stylesheet
from portal.web.visit import Visit
from tests.rooms import ROOMS, brought_by_name

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "portal").rglob("*.py"))
}
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text())


def modules_of(*packages: str) -> list[str]:
    return [name for name in MODULES if any(name == p or name.startswith(f"{p}.") for p in packages)]


# --- Who imports whom ----------------------------------------------------------------------------


def imports(module: str) -> set[str]:
    """All that a module imports, wherever in it: `portal.models.people.client`, `starlette.routing`."""
    found: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{module} imports relatively"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in whole}
    return found


def reaches(module: str, *targets: str) -> list[str]:
    return sorted(name for name in imports(module) if any(is_in(name, target) for target in targets))


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


DOORS = ("portal.web.doors", "portal.web.visit", "portal.web.refusals")

# The first may not import the second.
CONTRACT = [
    ("portal.models", ("starlette", "uvicorn", "jinja2", "markupsafe", "broadcaster", "redis")),
    ("portal.models", ("portal.viewer", "portal.regions", "portal.routes", "portal.realtime")),
    ("portal.models", DOORS),
    ("portal.models", ("portal.web.rendering", "portal.web.guard", "portal.language")),
    ("portal.facts", ("portal", "tortoise", "starlette")),
    ("portal.permissions", ("portal", "tortoise", "starlette")),
    ("portal.crypto", ("portal.models", "portal.settings", "tortoise")),
    ("portal.viewer", DOORS),
    ("portal.viewer", ("portal.regions", "portal.routes", "portal.realtime", "starlette")),
    ("portal.regions", DOORS),
    ("portal.regions", ("portal.routes", "portal.realtime", "starlette", "tortoise")),
    ("portal.routes", ("portal.realtime", "tortoise", "broadcaster")),
    ("portal.realtime", ("portal.routes", "tortoise", "jinja2")),
    *((one, ("portal.realtime", "portal.routes", "tortoise", "broadcaster")) for one in DOORS),
    ("portal.web.rendering", ("portal.viewer", "portal.regions", "portal.routes", "portal.realtime")),
]


@pytest.mark.parametrize(
    ("package", "foreign"), CONTRACT, ids=[f"{package} not {foreign[0]}" for package, foreign in CONTRACT]
)
def test_nobody_imports_what_is_not_theirs_to_know(package: str, foreign: tuple[str, ...]) -> None:
    broken = {
        module: found
        for module in modules_of(package)
        if (found := [name for name in reaches(module, *foreign) if not is_in(name, package)])
    }
    assert not broken


def test_only_the_bus_knows_what_it_is_made_of() -> None:
    knowing = {module: found for module in MODULES if (found := reaches(module, "broadcaster", "redis"))}
    assert set(knowing) == {"portal.realtime.bus", "portal.realtime.redis_backend"}
    assert knowing["portal.realtime.bus"] == ["broadcaster"]


def test_the_contract_names_packages_that_exist() -> None:
    assert all(modules_of(package) for package, _ in CONTRACT)


def in_a_circle(graph: dict[str, set[str]]) -> set[str]:
    """The modules that import each other in a circle, or stand between two circles."""
    left = set(graph)
    while ends := {name for name in left if not graph[name] & left or not any(name in graph[other] for other in left)}:
        left -= ends
    return left


def test_no_files_import_each_other_in_a_circle() -> None:
    assert in_a_circle({module: imports(module) & MODULES.keys() for module in MODULES}) == set()


def test_the_net_catches_a_circle() -> None:
    assert in_a_circle({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}) == {"b", "c"}


@pytest.mark.parametrize(
    "package", ["portal.models", "portal.facts", "portal.regions", "portal.routes.staff", "portal.routes.client"]
)
def test_a_room_imports_only_rooms_before_it(package: str) -> None:
    later = {
        module: found
        for nth, room in enumerate(ROOMS)
        for module in modules_of(f"{package}.{room}")
        if (found := reaches(module, *(f"{package}.{after}" for after in ROOMS[nth + 1 :])))
    }
    assert later == {}


@pytest.mark.parametrize("package", ["portal.models", "portal.facts"])
def test_everything_stands_in_a_room(package: str) -> None:
    rooms = {f"{package}.{room}" for room in ROOMS}
    outside = set(modules_of(package)) - set(modules_of(*rooms, "portal.models.migrations"))
    assert outside == {package}
    assert all(modules_of(room) for room in rooms)


# Pages that gather from all rooms have a folder of their own.
GATHERING = {"today", "home", "board"}


@pytest.mark.parametrize("side", ["staff", "client", "public"])
def test_templates_stand_in_the_same_rooms(side: str) -> None:
    folders = {path.name for path in (ROOT / "templates" / side).iterdir() if path.is_dir()}
    assert folders - GATHERING <= set(ROOMS)


# --- How records are reached -----------------------------------------------------------------------

RECORDS = {
    name: found
    for path in models()
    for name, found in vars(importlib.import_module(path)).items()
    if inspect.isclass(found) and issubclass(found, Model) and not found._meta.abstract
}
RECORD_TABLES = {model._meta.db_table for model in RECORDS.values() if issubclass(model, Record)}
READING = {"filter", "get", "get_or_none", "all", "first", "exists", "exclude", "raw", "in_bulk", "values"}
FREE = ("portal.models", "portal.demo")  # what a record's own home, and who makes a practice, may do

# Statements outside the models that touch a record's table, and why they may.
STATEMENTS = {
    "portal.web.rendering": "the practice's own name, phone and hours stand on every page, for everyone",
    "portal.mail.reset_requests": "the worker finds out whether a wish for a new password has an account",
    "portal.routes.public.access.welcome": "the invitation of the link or of the link session itself",
    "portal.routes.public.access.reset": "the reset of the link or of the link session itself, and its account",
    "portal.cli.check": "`portal check` opens one sealed value to see whether the key fits; it shows nothing",
    "portal.cli.staff": "whoever runs the machine sees who works here, and lets somebody in again",
}

# Functions of the models that read records without asking for whom, and are called from outside.
UNSCOPED = {
    "portal.models.access.account.clients_of": "names a socket's audience, for its own viewer",
    "portal.models.access.account.note_visit": "the account that has just signed in",
    "portal.models.access.account.next_end": "a time, for the viewer's own socket",
    "portal.models.ground.audit.noted_about": "of a record found through the viewer",
    "portal.models.mail.bounce.is_held": "the worker asks before it sends a letter",
    "portal.models.mail.bounce.note_arrival": "the worker, when a letter has left",
    "portal.models.mail.bounce.note_failure": "the worker, when a letter was refused",
    "portal.models.mail.burst.begin_bursts": "the worker finds who has not read, and asks who_may_see for them",
    "portal.models.mail.unread_letter.is_anyone_waiting": "whether there is something to do, for the worker",
    "portal.models.mail.unread_letter.readers_due": "whom the worker writes to next, by id",
    "portal.models.mail.unread_letter.when_wanted": "the worker asks before such a letter leaves, and asks who_may_see",
    "portal.models.mail.unread_letter.write_to": "the worker writes to a person, and asks who_may_see for them",
    "portal.models.messages.message.messages_after": "a push has asked who_may_see for all its readers at once",
    "portal.models.messages.message.messages_among": "a push has asked who_may_see for all its readers at once",
    "portal.models.messages.message.seen": "of messages that were read through the viewer, or asked for by who_may_see",
    "portal.models.access.minors.tell_of_age": "the worker, when a coming of age is near or has come",
    "portal.models.access.own_address.hold_addresses": "of a client found through the viewer",
    "portal.models.access.own_address.check_for_contact": "of a client found through the viewer",
    "portal.models.messages.recipients.participant_for": "as whom the account itself takes part",
    "portal.models.messages.recipients.parties_of": "after the client was found through the viewer",
    "portal.models.messages.recipients.party_of": "after the client was found through the viewer",
    "portal.models.messages.draft.forget_old_drafts": "the worker's tidying",
    "portal.models.access.portal_status.account_held_by": "of a contact found through the viewer",
    "portal.models.access.portal_history.history_of": "after the client was found through the viewer",
    "portal.models.access.portal_status.portal_status_of": "of a client found through the viewer",
    "portal.models.access.portal_status.linkable": "of a client found through the viewer",
    "portal.models.access.candidate_holder.possible_holders": "of a client found through the viewer",
    "portal.models.access.link_session.forget_old_link_sessions": "the worker's tidying",
    "portal.models.access.invitation.withdraw_invitation": "of a client found through the viewer",
    "portal.models.access.invitation.end_invitations": "of a client found through the viewer",
    "portal.models.access.invitation.end_lapsed_invitations": "the worker, when a date has come",
    "portal.models.access.invitation.live_from_now": "the worker, when a letter has left",
    "portal.models.access.invitation.grant": "to an account that the tab of a client found through the viewer offers",
    "portal.models.notices.mail_choice.choose_mail": "the choice of the one who is signed in, and their own letters",
    "portal.models.notices.choices.choose_ways": "the choice of the one who is signed in, and their own letters",
    "portal.models.mail.mailbox.return_address": "the worker puts it on the envelope",
    "portal.models.access.reset.clients_acted_for": "ids alone; names are asked for through the viewer",
    "portal.models.staff.preferences.choose_discretion": "one's own pages",
    "portal.models.access.reset.end_client_sessions": "everyone, when the portal is switched off",
    "portal.models.access.reset.end_resets": "of an account found through the viewer",
    "portal.models.access.reset.end_sessions": "of an account found through the viewer",
    "portal.models.mail.burst.conversations_unread": "ids, for the worker",
    "portal.models.messages.message_notices.conversations_to_tell": "ids, for the worker",
    "portal.models.ground.stuck_work.each": "the worker notes which of its items fail",
    "portal.models.ground.stuck_work.attempt": "the worker notes which of its items fail",
    "portal.models.ground.stuck_work.set_aside": "the worker notes which of its items fail",
    "portal.models.ground.stuck_work.went_well": "the worker notes which of its items fail",
    "portal.models.ground.stuck_work.forget_unstuck": "the worker's tidying",
    "portal.models.access.reset_request.forget_old_requests": "the worker's tidying",
    "portal.models.access.reset_request.take_requests": "the worker, before it finds out whose they are",
    "portal.models.access.reset_request.requests_due": "ids, for the worker",
    "portal.models.access.reset_request.request_reset": "whoever asks for a new password, known or not",
    "portal.models.messages.message_notices.tell_of_messages": "the worker tells those whom who_may_see names",
    "portal.models.ground.outbox.take_letters": "the worker sends what lies in the outbox, for nobody who looks",
    "portal.models.ground.outbox.drop_letters": "letters whose link has ended",
    "portal.models.ground.outbox.forget_old_letters": "the worker's tidying",
    "portal.models.staff.session.end_session": "the session of the cookie",
    "portal.models.staff.session.forget_old_sessions": "the worker's tidying",
    "portal.models.staff.session.lives_until": "the session of the socket itself",
    "portal.models.staff.session.touch": "the session of the cookie",
    "portal.models.staff.session.who": "who somebody is comes before what they may see",
    "portal.models.staff.sign_in.words_about": "names that a new password may not be made of; they are shown to nobody",
    "portal.models.access.changed_details.clients_behind": "ids alone, of an account found through the viewer",
    "portal.models.staff.sign_in.verified": "who signs in comes before what they may see",
    "portal.models.messages.note.notes_under": "under messages read through the viewer, or asked for by who_may_see",
    "portal.models.notices.notice.forget_old_notices": "the worker's tidying",
    "portal.models.notices.notice.is_unread": "the worker asks before it pushes, and asks who_may_see",
    "portal.models.notices.devices.hold_device": "the worker, with a device whose lease it holds",
    "portal.models.notices.devices.settle_push": "the worker, with a device whose lease it holds",
    "portal.models.notices.devices.take_pushes": "the worker takes what is due, for nobody who looks",
    "portal.models.notices.devices.words_for": "a language, for the worker that tells this person",
    "portal.models.notices.notice.notices_after": "a push asks who_may_see for all whom it tells at once",
    "portal.models.staff.staff_member.supervised_by": "names a socket's audience, for its own viewer",
}


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (one for one in ast.walk(node) if isinstance(one, ast.Call))


def _text(node: ast.AST) -> str:
    """All literal text in an expression."""
    return " ".join(one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str))


def _tables(text: str) -> set[str]:
    named = re.findall(r"\b(?:from|join|update|into)\s+([a-z_]+)", text)
    return set(named) & RECORD_TABLES


def _runs_sql(call: ast.Call) -> bool:
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in ("row", "rows", "column", "exists", "together", "write")
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "sql"
    )


def unscoped_statements(module: str, source: ast.AST) -> list[str]:
    """Statements that name a record's table, and queries begun at a model itself."""
    found = []
    for call in _calls(source):
        if _runs_sql(call) and (tables := _tables(_text(call))):
            found.append(f"{module}:{call.lineno} reads {', '.join(sorted(tables))} past the viewer")
        if (
            isinstance(call.func, ast.Attribute)
            and call.func.attr in READING
            and isinstance(call.func.value, ast.Name)
            and call.func.value.id in RECORDS
        ):
            found.append(f"{module}:{call.lineno} asks {call.func.value.id} itself")
        if isinstance(call.func, ast.Name) and call.func.id == "Scope" and module != "portal.viewer":
            found.append(f"{module}:{call.lineno} makes a scope of its own")
    return found


def test_outside_the_models_records_are_reached_through_a_viewer() -> None:
    outside = [module for module in MODULES if module not in modules_of(*FREE)]
    found = {module: told for module in outside if (told := unscoped_statements(module, tree(module)))}
    assert {module: told for module, told in found.items() if module not in STATEMENTS} == {}
    assert set(STATEMENTS) == set(found), "the list lets something through that is not there"


@pytest.mark.parametrize(
    "written",
    [
        "sql.rows('select 1 from client')",
        "sql.row(f'select {x} from message m join client c on true')",
        "Client.filter(id=1)",
        "Client.get(id=1)",
        "Message.all()",
        "Scope(Client, kind, id, None)",
    ],
)
def test_the_net_catches(written: str) -> None:
    assert unscoped_statements("portal.routes.anything", ast.parse(written))


def reading_functions() -> set[str]:
    """The module-level functions of the models that run a statement on a record's table and take no scope."""
    found = set()
    for module in modules_of("portal.models"):
        body = tree(module).body
        named: dict[str, ast.stmt] = {
            target.id: node
            for node in body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        } | {node.name: node for node in body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}

        def whole(name: str, seen: set[str], named: dict[str, ast.stmt] = named) -> str:
            """All text of a function, and of what it uses of its module."""
            if name not in named or name in seen:
                return ""
            seen.add(name)
            used = {one.id for one in ast.walk(named[name]) if isinstance(one, ast.Name)}
            return " ".join([_text(named[name]), *(whole(other, seen) for other in sorted(used))])

        for node in body:
            if not isinstance(node, ast.AsyncFunctionDef):
                continue
            scoped = any("Scope" in ast.unparse(arg.annotation) for arg in node.args.args if arg.annotation)
            if _tables(whole(node.name, set())) and not scoped:
                found.add(f"{module}.{node.name}")
    return found


def test_the_models_functions_that_ask_for_nobody_are_known() -> None:
    known = reading_functions()
    called = set()
    for module in MODULES:
        if module in modules_of(*FREE, "portal.cli"):
            continue
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ImportFrom) and node.module:
                called |= {f"{node.module}.{alias.name}" for alias in node.names} & known
    assert called == set(UNSCOPED)


# --- How rows are changed ---------------------------------------------------------------------------


def whole_saves(source: ast.AST) -> list[int]:
    """Lines that write a whole row over what others may have changed meanwhile. `Row.save` refuses at run time what is
    not held; here is what nobody needs to run for."""
    found = []
    for call in _calls(source):
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in _SAVING:
            continue
        named = {word.arg for word in call.keywords}
        if call.func.attr != "save" or not named & {"update_fields", "force_create"}:
            found.append(call.lineno)
    return found


_SAVING = {"save", "update_or_create", "bulk_update", "update_from_dict", "select_for_update"}
# Calls of that name that save no row.
OTHER_SAVES = {
    "portal.routes.staff.notices.choices": "calls the save() of routes/notices/choices.py",
    "portal.routes.client.notices.choices": "calls the save() of routes/notices/choices.py",
    "portal.models.ground.record": "Row.save itself",
}


def test_a_verb_changes_only_the_columns_it_is_about() -> None:
    found = {module: lines for module in MODULES if (lines := whole_saves(tree(module)))}
    assert {module: lines for module, lines in found.items() if module not in OTHER_SAVES} == {}
    assert set(OTHER_SAVES) >= set(found)


@pytest.mark.parametrize("written", ["await self.save()", "await Client.update_or_create(id=1)"])
def test_the_net_catches_a_whole_save(written: str) -> None:
    assert whole_saves(ast.parse(written))


def changes(source: ast.AST) -> list[int]:
    """Lines that announce a fact, or make, change or delete a row: what only a verb of the models does."""
    found = []
    for node in ast.walk(source):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _WRITING.match(node.value):
            found.append(node.lineno)
        if not isinstance(node, ast.Call):
            continue
        named = {word.arg for word in node.keywords}
        match node.func:
            case ast.Name("announce") | ast.Attribute(attr="announce"):
                found.append(node.lineno)
            case ast.Attribute(ast.Name("sql"), "insert_once" | "upsert" | "take_due"):
                found.append(node.lineno)
            case ast.Attribute(owner, "claim") if ast.unparse(owner) != "idempotency":
                found.append(node.lineno)
            case ast.Attribute(attr="save") if named & {"update_fields", "force_create"}:
                found.append(node.lineno)
            case ast.Attribute(ast.Name(owner), "create" | "bulk_create") if owner in RECORDS:
                found.append(node.lineno)
            case ast.Attribute(attr="delete") if not node.args and not node.keywords:
                found.append(node.lineno)
    return found


_WRITING = re.compile(r"\s*(with\b.*\b)?(insert\s+into|update\s+\w+\s+set|delete\s+from)\b", re.IGNORECASE | re.DOTALL)


def test_only_the_models_announce_and_change_rows() -> None:
    found = {
        module: lines for module in MODULES if module not in modules_of(*FREE) and (lines := changes(tree(module)))
    }
    assert found == {}


@pytest.mark.parametrize(
    "written",
    [
        "await announce(OfficeTurned())",
        "await fact.announce(OfficeTurned())",
        "await practice.save(update_fields=['zone'])",
        "await Client.create(id=1)",
        "await client.delete()",
        "await sql.rows(f'update outbox set {changes} where id = :id')",
        "await sql.rows('with due as (select 1) delete from outbox')",
        "await sql.upsert('mail_choice', 'person_id', person_id=id)",
        "await reset.claim('used_at = :now', 'used_at is null')",
    ],
)
def test_the_net_catches_a_change_outside_the_models(written: str) -> None:
    assert changes(ast.parse(written))


_CONVERTERS = {"UUID", "bool", "dt.datetime.fromisoformat", "datetime.fromisoformat", "json.loads"}
# A value of the same look that no database gave.
NOT_FROM_ROWS = {
    "after['until']": "what an audit row noted as JSON",
    "first['client']": "what a request left under its key, as JSON",
    "first['message']": "the same",
}


def _conversions(node: ast.AST) -> list[str]:
    """Return what is made of a row's value again: the database gave it its type."""
    return [
        ast.unparse(call)
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) in _CONVERTERS
        and len(call.args) == 1
        and isinstance(value := call.args[0], ast.Subscript)
        and isinstance(value.slice, ast.Constant)
        and isinstance(value.slice.value, str)
        and not ast.unparse(value.value).endswith("path_params")
        and ast.unparse(value) not in NOT_FROM_ROWS
    ]


def test_nobody_converts_what_a_row_holds() -> None:
    """Rows arrive typed on both databases (portal/models/ground/sql.py)."""
    assert [f"{module}: {call}" for module in MODULES for call in _conversions(tree(module))] == []


@pytest.mark.parametrize("written", ["UUID(row['id'])", "x = [bool(r['on']) for r in rows]", "json.loads(row['body'])"])
def test_the_net_catches_a_conversion(written: str) -> None:
    assert _conversions(ast.parse(written))


# Where rows are locked, and for what. Everywhere else they are by `hold`.
LOCKING = {
    "portal.models.ground.record": "Row.lock, by which a verb holds its row",
    "portal.models.ground.sql": "take_due, by which workers share what is due",
    "portal.models.practice.practice": "the settings, which many may hold still together",
    "portal.models.staff.sign_in": "whether a password still is, in the same question",
    "portal.models.messages.conversation": "the newest number, in the same question, as often as somebody reads",
    "portal.models.messages.message": "the conversation, against who is being told of it",
    "portal.models.messages.draft": "a draft, whose id changes with its words",
    "portal.models.notices.notice": "numbers, of many people in one order",
    "portal.models.mail.unread_letter": "takes what waits to be written about",
    "portal.models.notices.devices": "whose a new device is, so that two at once are counted",
    "portal.models.access.own_address": "the addresses of many, which stay while one is compared with them",
}


def test_rows_are_locked_in_one_way() -> None:
    locks = re.compile(r"\bfor (no key )?(update|share)\b")
    found = {
        module
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and locks.search(node.value)
        if "\n" not in node.value
    }
    assert found == set(LOCKING)


def test_every_row_that_is_saved_can_be_held() -> None:
    """The models that are no `Row` are only made and deleted, or changed by a statement of their own."""
    others = {name for name, model in RECORDS.items() if not issubclass(model, Row)}
    assert others == {"Moment", "Location", "StaffPermission", "SpecialDay", "Audit", "Participant"}


# Forms of several fields that carry no whole state: what they send is one act, whatever stands there by then. One with
# a `key` makes something that was not there.
ONE_ACT = {
    "Credentials": "signs in",
    "Start": "makes the practice, once",
    "Snooze": "puts off what was seen up to a number",
    "Known": "says that two are one",
    "Addressed": "begins a conversation",
    "Search": "reads",
    "Wanted": "reads",
    "Written": "one's own draft: what it would replace is set aside, by its version",
    "Subscription": "a device that is told",
    "Plan": "makes a leave",
    "RightChoice": "one right, given or taken",
    "Joining": "puts one colleague on a care team",
}


def test_a_form_with_a_state_says_on_what_it_was_made() -> None:
    forms = {form for route in ROUTES if (form := getattr(getattr(route, "endpoint", None), "form", None))}
    several = {
        form.__name__
        for form in forms
        if not issubclass(form, WholeState) and len(form.model_fields) > 1 and "key" not in form.model_fields
    }
    assert several == set(ONE_ACT)


def test_one_that_nobody_compared_is_not_committed() -> None:
    visit = Visit(None, None, None, None, asked=WholeState)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="compare it"):
        must_have_compared(visit)


def test_the_door_asks_whether_it_was_compared() -> None:
    """Inside the transaction, so that what was not compared is not committed."""
    units = [
        node
        for node in ast.walk(tree("portal.web.doors"))
        if isinstance(node, ast.AsyncWith) and "unit()" in ast.unparse(node.items[0])
    ]
    assert units and all("_act(visit" in ast.unparse(node) for node in units)
    assert "must_have_compared(visit)" in inspect.getsource(doors._act)


# --- Doors and facts ---------------------------------------------------------------------------------

# They answer machines, and say themselves who may ask.
WITHOUT_A_VISIT = {"/static/{version}/{path:path}", "/up", "/metrics"}


def test_every_route_has_a_door() -> None:
    routes = [route for route in ROUTES if isinstance(route, Route)]
    assert len(routes) == len(ROUTES), "only plain routes: what is mounted has no door"
    assert all(hasattr(route.endpoint, "door") for route in routes)
    plain = {route.path for route in routes if not hasattr(route.endpoint, "permission")}
    assert plain == WITHOUT_A_VISIT


# What a door asks of who comes in beside being signed in, by where it is. The matrix of strangers is made from the
# doors, so it can't know what one has forgotten.
ASKED: dict[str, Permission | Rights] = brought_by_name("ASKED")


def test_each_door_asks_for_what_is_said_here() -> None:
    asks = {}
    for route in ROUTES:
        assert isinstance(route, Route)
        if route.path not in WITHOUT_A_VISIT:
            name = f"{'POST' if 'POST' in (route.methods or ()) else 'GET'} {route.path}"
            asks[name] = route.endpoint.permission or route.endpoint.right  # type: ignore[attr-defined]
    said = {name: next((need for at, need in ASKED.items() if re.fullmatch(at, name)), None) for name in asks}
    assert asks == said


def test_the_door_of_an_address_is_of_its_side() -> None:
    sides = {"staff": "staff", "clients": "client", "offers": "client", "home": "client", "board": "client"}
    sides |= {"discretion": "client"} | dict.fromkeys(("session", "sign-out", "theme"), "signed_in")
    doors_of = {route.path: route.endpoint.door for route in ROUTES if route.path not in WITHOUT_A_VISIT}
    assert doors_of == {path: sides.get(path.split("/")[1], "anyone") for path in doors_of}


def test_every_route_has_one_method_and_no_get_changes_anything() -> None:
    for route in ROUTES:
        assert isinstance(route, Route)
        assert route.methods in ({"GET", "HEAD"}, {"POST"}), route.path


# What addresses say beside their path. Nobody types any of it: ids, numbers, one of a few words, a page's own path, or
# what Portal sealed. An address is kept in histories and logs, so a name in it is a name told to both.
IN_ADDRESSES = {
    "after": "the place of a conversation in the inbox: a moment and an id",
    "at": "a message's number",
    "audience": "one of three",
    "before": "a number",
    "client": "an id",
    "contact": "an id",
    "holder": "an id, or one of a few words",
    "language": "one of two",
    "next": "a path of Portal's own",
    "people": "an id, or one of a few words",
    "person": "an id",
    "reply": "a message's number",
    "saved": "yes",
    "sealed": "what was searched for, sealed for one person",
    "show": "one of two",
    "template": "an id",
    "view": "one of a few words",
    "whose": "one of a few words",
    "waited": "nothing",
}


def read_from_addresses(written: ast.AST) -> Iterator[str]:
    """The names under which this code reads an address; what it can't tell stands with its line."""
    for node in ast.walk(written):
        match node:
            case ast.Call(func=ast.Attribute(attr="query"), args=[ast.Constant(value=str(name))]):
                yield name
            case ast.Call(func=ast.Name(id="number_in"), args=[_, ast.Constant(value=str(name))]):
                yield name
            case ast.Compare(left=ast.Constant(value=str(name)), comparators=[ast.Attribute(attr="query_params")]):
                yield name
            case ast.Call(func=ast.Attribute(attr="query") | ast.Name(id="number_in")):
                yield f"line {node.lineno}"
            case ast.Attribute(attr="query_params" | "query_string"):
                yield f"line {node.lineno}: {node.attr}"


def test_nothing_that_somebody_types_is_read_from_an_address() -> None:
    found = {
        name: module
        for module in modules_of("portal.routes", "portal.regions", "portal.web.doors", "portal.web.refusals")
        for name in read_from_addresses(tree(module))
    }
    # The one function that reads a number under a name that it is given; and what is only asked to be there.
    plain = {name for name in found if not name.startswith("line ")}
    assert plain == set(IN_ADDRESSES)
    assert {found[name] for name in found if name not in plain} <= {
        "portal.routes.messages.reading",
        "portal.routes.messages.writing",
    }


def test_the_net_catches_words_in_an_address() -> None:
    for written in ('visit.query("q")', 'visit.request.query_params["q"]', "visit.query(name)"):
        assert set(read_from_addresses(ast.parse(written))) - set(IN_ADDRESSES)


def test_no_form_puts_what_is_typed_into_an_address() -> None:
    for template in TEMPLATES:
        text = template.read_text()
        for form in re.findall(r"<form\b[^>]*>", text):
            assert 'method="post"' in form or ("method" not in form and "action" not in form), f"{template}: {form}"
        for field in re.findall(r"<(?:input|textarea|select)\b[^>]*>", text):
            assert "hx-get" not in field, f"{template}: {field}"


def test_a_route_without_a_door_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    async def open_to_all(request: object) -> None: ...

    monkeypatch.setattr("portal.app.ROUTES", [*ROUTES, Route("/left-open", open_to_all)])
    with pytest.raises(RuntimeError, match="/left-open has no door"):
        create()


def test_two_doors_at_one_address_are_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.app.ROUTES", [*ROUTES, ROUTES[0]])
    with pytest.raises(RuntimeError, match="Several doors stand at"):
        create()


def test_the_sockets_are_those_that_tests_know() -> None:
    """The socket for looking as somebody is tried by tests/access/test_view_as.py."""
    looked = "/staff/clients/{client}/as/{account}/live"
    assert {socket.path for socket in SOCKETS} == {"/staff/live", "/clients/{client}/live", "/live", looked}


# Notices whose reason can't go, and why.
LASTING = {
    "JOINED": "who has signed up has",
    "RIGHTS": "what was changed once is told, whatever is changed next",
    "CAME_OF_AGE": "who is of age stays so",
    "ADDRESS": "that somebody else put another address is told, whatever it is by now",
}


def test_every_notice_is_called_off_when_its_reason_is_gone() -> None:
    """Else a letter and a push go out about what is so no more. `call_off` names the kind; an offer and a bounce are
    settled for everybody, and messages have a rule of their own."""
    others = {"MESSAGE": "call_off_messages", "TO_CONFIRM": "read_by_all", "BOUNCED": "read_by_all"}
    calls = [call for module in modules_of("portal.models") for call in _calls(tree(module))]
    named = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
    called_off = {
        call.args[0].attr
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "call_off" and isinstance(call.args[0], ast.Attribute)
    }
    assert set(others.values()) <= named
    assert called_off | set(others) | set(LASTING) == {kind.name for kind in NoticeKind}
    assert not called_off & set(LASTING)


def test_a_notice_without_words_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(NOTICES, NoticeKind.JOINED)
    with pytest.raises(RuntimeError, match="kind JOINED have no row"):
        create()


def test_every_fact_is_shown_by_a_region_or_says_that_none_does() -> None:
    assert catalogue.ALL and unmapped() == []


def test_a_forgotten_fact_is_refused_at_the_start() -> None:
    class SomethingForgotten(facts.Fact):
        pass

    try:
        with pytest.raises(RuntimeError, match="No region shows SomethingForgotten"):
            create()
    finally:
        del facts.KINDS["SomethingForgotten"]


def test_a_family_without_a_kind_is_refused_at_the_start() -> None:
    class OfNobody(facts.Fact, family=True):
        pass

    try:
        with pytest.raises(RuntimeError, match="No kind of fact is in OfNobody"):
            create()
    finally:
        facts.FAMILIES.remove(OfNobody)


def test_a_family_never_happens_itself() -> None:
    """No page would hear of it: workers know kinds by their names."""
    families = {family.__name__ for family in facts.FAMILIES}
    made = {
        f"{module}:{call.lineno}"
        for module in MODULES
        for call in _calls(tree(module))
        if isinstance(call.func, ast.Name) and call.func.id in families
    }
    assert not made


def test_a_new_kind_in_a_known_family_edits_no_region() -> None:
    class ClientRenamed(facts.OfChart):
        pass

    try:
        assert unmapped() == []
        client, other = uuid4(), uuid4()
        shown = read_key(f"overview?client={client}")
        assert shown is not None
        assert shown.touched_by(ClientRenamed(client=client))
        assert not shown.touched_by(ClientRenamed(client=other))
    finally:
        del facts.KINDS["ClientRenamed"]


def test_a_region_that_names_a_kind_beside_its_family_is_refused() -> None:
    with pytest.raises(TypeError, match="names OfChart, and so ClientChanged too"):
        region("twice", "x.html", side="staff", needs=None, on=(facts.OfChart, facts.ClientChanged))(_nothing)


async def _nothing(viewer: Viewer) -> None:
    return None


def test_facts_hold_ids_and_numbers_only() -> None:
    for kind in facts.KINDS.values():
        types = {field.type for field in dataclasses.fields(kind)}
        assert types <= {UUID, UUID | None, int}, f"{kind.__name__} holds {types}"


# --- Templates ---------------------------------------------------------------------------------------


def templates_of_regions() -> set[Path]:
    """The partials that are pushed, and all that they include; a push knows no nonce."""
    waiting = {region.template for region in REGIONS.values()} | {"messages/_message.html", "notices/_toast.html"}
    found: set[Path] = set()
    while waiting:
        path = ROOT / "templates" / waiting.pop()
        found.add(path)
        named = re.findall(r"{%-?\s*(?:include|from|import|extends)\s+\"([^\"]+)\"", path.read_text())
        waiting |= {name for name in named if ROOT / "templates" / name not in found}
    return found


def test_no_template_lets_html_through_unescaped() -> None:
    told = [path.name for path in TEMPLATES if re.search(r"\|\s*safe\b|autoescape", path.read_text())]
    assert not told


def test_the_style_sheet_is_the_grounds_and_then_each_rooms_once() -> None:
    parts = {path.stem: path.read_text() for path in (ROOT / "static" / "css").iterdir()}
    sheet = stylesheet().decode()
    assert set(parts) == set(ROOMS)
    assert sheet.startswith(parts["ground"])
    assert [name for name, part in parts.items() if sheet.count(part) != 1] == []


def test_what_is_pushed_holds_nothing_that_htmx_would_act_on() -> None:
    assert len(templates_of_regions()) > 10
    for path in templates_of_regions():
        # hx-ignore is the contrary: it keeps htmx away from what people wrote.
        assert not re.findall(r"\bhx-(?!ignore\b)[a-z:-]+", path.read_text()), path.name


def test_no_template_needs_more_than_the_policy_allows() -> None:
    for path in TEMPLATES:
        text = path.read_text()
        assert not re.search(r"\sstyle\s*=", text), f"{path.name} has a style of its own"
        assert not re.search(r"\son[a-z]+\s*=", text), f"{path.name} has a handler of its own"
        for script in re.findall(r"<script[^>]*>", text):
            assert "src=" in script and 'nonce="{{ nonce }}"' in script, f"{path.name}: {script}"
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", text), f"{path.name} leads elsewhere"


def test_the_first_line_of_a_template_says_what_it_needs() -> None:
    assert not [path.name for path in TEMPLATES if not path.read_text().startswith("{#")]


# --- Files ---------------------------------------------------------------------------------------------


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_place_of_one_machine() -> None:
    homes = "|".join(("ho" + "me", "ro" + "ot", "Us" + "ers", "wo" + "rk", "fa" + "rm"))
    of_a_machine = re.compile(rf"(?<![\w.~)}}\]-])/(?:{homes})/[a-z.]")
    told = []
    for path in tracked():
        if path.suffix in (".woff2", ".png", ".jpg", ".ico") or path.name.startswith("requirements"):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if of_a_machine.search(line):
                told.append(f"{path.relative_to(ROOT)}:{number} {line.strip()[:80]}")
    assert not told


@pytest.mark.parametrize("module", [name for name, path in MODULES.items() if path.read_text().strip()])
def test_each_module_opens_by_saying_what_it_is_for(module: str) -> None:
    assert ast.get_docstring(tree(module))


# --- How docstrings begin ---------------------------------------------------------------------------

ROUNDABOUT = re.compile(r"(?:What|Who|Whom|Whose|Whoever|Whether|Which|Those|That|How|Where|When)\b")


def roundabout(source: ast.AST) -> list[str]:
    """Return the docstrings that begin with the words of a question in place of a verb or of their subject."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    texts = [ast.get_docstring(node) or "" for node in ast.walk(source) if isinstance(node, documented)]
    return [text for text in texts if ROUNDABOUT.match(text)]


def test_docstrings_begin_with_a_verb_or_their_subject() -> None:
    # Migrations stay as they were written.
    written = [path for path in tracked() if path.suffix == ".py" and "migrations" not in path.parts]
    assert [text for path in written for text in roundabout(ast.parse(path.read_text()))] == []


def test_the_net_catches_a_docstring_that_goes_roundabout() -> None:
    written = 'def f():\n """Whether it is."""\nclass A:\n """Whose it is."""\n def g(self): "Whole again."'
    assert roundabout(ast.parse(written)) == ["Whether it is.", "Whose it is."]
