"""The docs say what is so: commands exist, links lead somewhere, and tables are those of the code."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from portal import cli
from portal.facts import KINDS
from portal.models.migrations import __path__ as migrations
from portal.permissions import ROLE_PERMISSIONS, Permission, Role
from portal.realtime import page
from portal.realtime.socket import PageFrame
from portal.regions import catalogue
from portal.routes.public import health
from portal.settings import ROOT, Settings
from portal.web import doors
from tests import words

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [path.relative_to(ROOT).as_posix() for path in PAGES]


def text(name: str) -> str:
    return (ROOT / name).read_text()


def code_in(markdown: str) -> str:
    """Return what stands in it as code: blocks and spans."""
    blocks = re.findall(r"^```.*?^```", markdown, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```.*?^```", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", rest)])


def between(name: str, first: str, last: str) -> str:
    """Return what stands between two markers of a page."""
    return text(name).split(f"<!-- {first} -->\n")[1].split(f"<!-- {last} -->")[0]


# --- Links, files, commands ---------------------------------------------------------------------


def test_there_are_docs() -> None:
    for name in ("README.md", "SECURITY.md", "docs/realtime.md", "docs/decisions/0001-visibility-is-sql.md"):
        assert name in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text(name)):
        if not target.startswith(("http://", "https://")):
            assert (ROOT / name).parent.joinpath(target).exists(), f"{name} leads to {target}"


@pytest.mark.parametrize("name", NAMES)
def test_every_file_that_is_named_exists(name: str) -> None:
    named = re.findall(
        r"(?<![\w/.])(?:portal|tests|bench|static|templates|docs)/[\w./-]*\w\.\w+\b", code_in(text(name))
    )
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_script_that_is_named_can_be_run(name: str) -> None:
    for script in re.findall(r"(?<![\w./])bin/[a-z]+", text(name)):
        assert os.access(ROOT / script, os.X_OK), f"{name} names {script}"


def commands(group: Any, said: str = "portal") -> Iterator[str]:
    for name, command in getattr(group, "commands", {}).items():
        yield f"{said} {name}"
        yield from commands(command, f"{said} {name}")


@pytest.mark.parametrize("name", NAMES)
def test_every_command_that_is_named_exists(name: str) -> None:
    known = set(commands(typer.main.get_command(cli.app)))
    assert {"portal serve", "portal keys rotate"} <= known
    for command, more in re.findall(
        r"(?:^|[^\w:/-])(?:\.venv/bin/)?portal ([a-z]+)(?: ([a-z]+))?", code_in(text(name))
    ):
        said = f"portal {command}"
        # Of a group of commands, such as keys, one must be named.
        assert said in known and (not any(k.startswith(f"{said} ") for k in known) or f"{said} {more}" in known), said


def test_every_script_is_explained_to_contributors() -> None:
    scripts = {f"bin/{path.name}" for path in (ROOT / "bin").iterdir()}
    assert scripts - set(re.findall(r"bin/[a-z]+", text("CONTRIBUTING.md") + text("README.md"))) == set()


def test_nothing_of_the_machine_it_was_written_on_is_named() -> None:
    for path in PAGES:
        assert not re.search(r"/(?:work|home|root|tmp|Users)/", path.read_text()), path


# --- The environment ----------------------------------------------------------------------------


def settings_table() -> str:
    """Every variable with its default and the reason it exists, as docs/deploy.md has it."""
    rows = ["| variable | when it is not set | what it is |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, Path):
            shown = f"`{default.relative_to(ROOT)}` in Portal's own folder"
        elif isinstance(default, bool):
            shown = "on" if default else "off"
        elif default in (None, ""):
            shown = "empty"
        else:
            shown = f"{default:g}"
        rows.append(f"| `{field.alias or f'PORTAL_{name.upper()}'}` | {shown} | {field.description} |")
    return "\n".join(rows) + "\n"


def test_the_table_of_settings_is_complete() -> None:
    assert between("docs/deploy.md", "settings", "the end of settings") == settings_table()


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_that_is_named_is_read(name: str) -> None:
    known = {field.alias or f"PORTAL_{key.upper()}" for key, field in Settings.model_fields.items()}
    assert set(re.findall(r"\bPORTAL_[A-Z_]+|\b[A-Z]+_URL\b", text(name))) <= known


# --- Tables of the code -------------------------------------------------------------------------


def permissions_table() -> str:
    roles = list(Role)
    rows = [f"| permission | {' | '.join(role.value for role in roles)} |", "|---" * (len(roles) + 1) + "|"]
    for permission in Permission:
        held = ["●" if permission in ROLE_PERMISSIONS[role] else "" for role in roles]
        rows.append(f"| {permission.value} | {' | '.join(held)} |")
    return "\n".join(rows) + "\n"


def test_the_table_of_permissions_is_that_of_the_roles() -> None:
    assert between("docs/access.md", "permissions", "the end of permissions") == permissions_table()


def sealed_table() -> str:
    """The encrypted columns, as the migrations make them."""
    made = "".join(path.read_text() for path in sorted(Path(migrations[0]).glob("0*.py")))
    found: dict[str, list[str]] = defaultdict(list)
    for table, columns in re.findall(r"create table (\w+) \((.*?)\n\)", made, re.DOTALL):
        found[table] += [column.replace("_", " ") for column in re.findall(r"(\w+)_sealed bytea", columns)]
    for table, column in re.findall(r"alter table (\w+) add column (\w+)_sealed bytea", made):
        found[table].append(column.replace("_", " "))
    rows = [f"| {table.replace('_', ' ')} | {', '.join(columns)} |" for table, columns in found.items() if columns]
    return "\n".join(["| table | columns |", "|---|---|", *rows]) + "\n"


def test_the_table_of_what_is_encrypted_is_that_of_the_database() -> None:
    said = between("SECURITY.md", "sealed", "the end of sealed")
    assert sorted(said.splitlines()) == sorted(sealed_table().splitlines())


def test_every_close_code_is_explained() -> None:
    explained = set(re.findall(r"^\| (\d{4}) \|", text("docs/realtime.md"), re.MULTILINE))
    codes = (page.SIGNED_OUT, page.NO_ACCESS, page.PORTAL_CLOSED, page.COME_BACK, page.RESTARTING, page.BAD)
    assert explained == {str(code) for code in codes}


def test_the_hello_of_the_docs_is_one() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", text("docs/realtime.md"), re.DOTALL)
    assert PageFrame.model_validate(json.loads(block)).hello.cursors == {"<region key>": 12}


def test_the_facts_that_are_named_are_kinds_of_fact() -> None:
    catalogue.check()
    for name in NAMES:
        named = re.findall(r"\b(?:announces? `|announce\()([A-Z]\w+)", text(name))
        assert set(named) <= set(KINDS)
    assert re.search(r"announce\(MessageSent", text("docs/realtime.md"))


def test_every_door_is_explained() -> None:
    for door in ("anyone", "signed_in", "staff", "client"):
        assert callable(getattr(doors, door))
        assert re.search(rf"^\| `@{door}\b", text("docs/access.md"), re.MULTILINE)


def test_every_number_of_metrics_is_explained() -> None:
    measured = set(re.findall(r'"(portal_\w+)"', Path(health.__file__).read_text()))
    explained = set(re.findall(r"^\| `(portal_\w+)` \|", text("docs/operate.md"), re.MULTILINE))
    assert measured and explained == measured


def test_the_events_that_operators_watch_are_logged() -> None:
    code = "".join(path.read_text() for path in (ROOT / "portal").rglob("*.py"))
    watched = text("docs/operate.md").split("Worth an alarm:")[1].split("\nPortal writes")[0]
    events = re.findall(r"`([^`]+)`", watched)
    assert len(events) >= 6
    assert [event for event in events if f'"{event}"' not in code] == []


def test_the_spanish_of_the_words_is_that_of_the_catalogue() -> None:
    catalogue, checked = words.spanish(), 0
    for english, spanish in re.findall(r"^\| ([^|]+) \| ([^|]+) \|", text("docs/language.md"), re.MULTILINE):
        message = catalogue.get(english)
        if message is not None:
            assert (english, spanish) == (english, words._texts(message)[0])
            checked += 1
    assert checked > 30


def test_each_decision_has_a_number_of_its_own_and_says_it() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [path.name[:4] for path in decisions]
    assert sorted(set(numbers)) == numbers
    assert [path.name for path in decisions if not path.read_text().startswith(f"# {path.name[:4]}: ")] == []
