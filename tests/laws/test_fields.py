"""Each text that a form takes says what it is: a name, an address, or something that is read as nothing else. Names and
addresses are asked by one function each, in forms and again in the columns that keep them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import AfterValidator
from pydantic.fields import FieldInfo
from tortoise import fields
from tortoise.exceptions import ValidationError

from portal import app
from portal.models.ground.person import a_name, address_fault, an_address, name_fault
from portal.web import visit
from portal.web.visit import Form
from tests.deployment import ROOT
from tests.laws.test_structure import MODULES, RECORDS, tree

assert app.SOCKETS  # its routes are where the forms are

# Fields by their last word. Any other text is in OTHERS, with what it is.
NAMES = {"name", "practice", "label", "relationship", "phone"}
ADDRESSES = {"email"}
OTHERS = {
    "body": "a text of several lines",
    "basis": "a text of several lines",
    "text": "a text of several lines",
    "words": "searched for, and kept nowhere",
    "q": "searched for, and kept nowhere",
    "location": "a postal address, of several lines",
    "address": "a postal address, of several lines",
    "subject": "a letter's: one line, which the letter itself sees to",
    "code": "compared, and kept nowhere",
    "token": "compared, and kept nowhere",
    "birth": "compared, and kept nowhere",
    "password": "compared with its hash",
    "side": "compared",
    "demo": "compared",
    "next": "an own path, or nothing",
    "version": "compared with a digest",
    "after": "a place in a list, asked for and kept nowhere",
    "before": "a place in a list, asked for and kept nowhere",
    "zone": "one of a list",
    "number": "digits",
    "people": "one of those who are offered",
    "person": "one of those who are offered",
    "stage": "one of a list",
    "at": "a time of day",
    "from": "a time of day",
    "until": "a time of day",
    "to": "a time of day",
    "begins": "a time of day",
    "ends": "a time of day",
    "endpoint": "looked at before anything is sent there",
    "p256dh": "a key",
    "auth": "a key",
    "host": "letters, digits, dots and hyphens",
    "user": "quoted in a command: one line",
    "folder": "quoted in a command: one line of ASCII",
}
EXCEPTIONS = {
    ("Credentials", "email"): "compared; nothing is kept or sent there",
    ("Forgot", "email"): "the wish asks address_fault, so that what is answered stays the same",
    ("Where", "address"): "an email address, by another name",
    ("BirthDate", "date_of_birth"): "compared as it was typed",
}


def forms(of: type[Form] = Form) -> Iterator[type[Form]]:
    for form in of.__subclasses__():
        yield form
        yield from forms(form)


def is_text(annotation: Any) -> bool:
    if get_origin(annotation) is None:
        return annotation is str
    return str in get_args(annotation)


def texts() -> list[tuple[str, str, FieldInfo]]:
    return [
        (form.__name__, name, field)
        for form in forms()
        if form.__module__.startswith("portal.")
        for name, field in form.model_fields.items()
        if is_text(field.annotation)
    ]


def asks(field: FieldInfo, function: Any) -> bool:
    return any(isinstance(one, AfterValidator) and one.func is function for one in field.metadata)


def word(name: str) -> str:
    """Return the word that says what a field is: `first_name` is a name, `label_3` a label, `text_en` a text."""
    parts = [part for part in name.split("_") if not part.isdigit() and part not in ("en", "es")]
    return parts[-1]


@pytest.mark.parametrize(("form", "name", "field"), texts(), ids=lambda v: v if isinstance(v, str) else "")
def test_a_field_that_is_a_name_or_an_address_is_asked_by_the_one_function(
    form: str, name: str, field: FieldInfo
) -> None:
    of_an_address = asks(field, visit._address)
    if (form, name) == ("Where", "address"):
        assert of_an_address
    elif (form, name) in EXCEPTIONS:
        assert not of_an_address
    elif word(name) in ADDRESSES:
        assert of_an_address, f"{form}.{name} is an address: take it as an EmailAddress"
    elif word(name) in NAMES:
        assert asks(field, visit._name), f"{form}.{name} is a name: take it as a Name"
    else:
        assert word(name) in OTHERS, f"{form}.{name} is a text that says not what it is: list it, or take it as a Name"


def test_the_lists_name_nothing_that_is_not_there() -> None:
    there = {(form, name) for form, name, _ in texts()}
    assert set(EXCEPTIONS) <= there
    assert NAMES | ADDRESSES | set(OTHERS) <= {word(name) for _, name in there}


COLUMNS = [
    (model.__name__, name, field)
    for model in RECORDS.values()
    for name, field in model._meta.fields_map.items()
    if isinstance(field, fields.CharField)
]


@pytest.mark.parametrize(
    ("model", "name", "field"),
    [one for one in COLUMNS if word(one[1]) in NAMES | ADDRESSES],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_column_takes_no_name_or_address_that_no_form_takes(model: str, name: str, field: Any) -> None:
    assert (an_address if word(name) in ADDRESSES else a_name) in field.validators


def test_a_browser_fills_its_users_password_into_no_form_but_the_one_to_sign_in() -> None:
    """It passes over "off", and knows a password by its field's name."""
    folder, asked = Path(__file__).parents[2] / "templates", {}
    for template in folder.rglob("*.html"):
        for line in template.read_text().splitlines():
            if 'type="password"' in line:
                fills = {"current", "new"} & set(re.findall(r'autocomplete="(\w+)-password"', line))
                own = bool(re.search(r'field\("password"|name="password"', line))
                asked[str(template.relative_to(folder))] = (fills, own)
    signs_in = asked.pop("public/staff/sign_in.html")
    assert signs_in == ({"current"}, True)
    assert asked and all(fills == {"new"} for fills, _ in asked.values()), asked
    # The others under that name choose the one that is signed in with from then on.
    assert {name for name, (_, own) in asked.items() if own} == {
        "public/access/_password.html",
        "public/staff/start.html",
    }


def test_there_are_such_columns() -> None:
    asked = {(model, name) for model, name, _ in COLUMNS if word(name) in NAMES | ADDRESSES}
    assert {("Client", "first_name"), ("Contact", "email"), ("StaffMember", "name")} <= asked


ODD_NAMES = ["\x1c", "a\nb", "a\r\nBcc: x", "\u3164", "\u200b", "a\u202eb", "\ufeff", "\u2028", "...", "a\x00"]
ODD_ADDRESSES = [
    "a@b@c.example",
    "a@b",
    "@b.example",
    "a b@c.example",
    "a@b..example",
    "a@b.example\r\nBcc: x@y.example",
    "a\u200b@b.example",
    "<a@b.example>",
    "a@b.example,c@d.example",
    "mailto:a@b.example",
    "Sam <a@b.example>",
    "a..b@c.example",
    ".a@b.example",
    "a@b.example.",
    "ﷺ" * 200 + "@b.example",
    "a@" + "b" * 70 + ".example",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_have_a_fault(name: str) -> None:
    assert name_fault(name)
    with pytest.raises(ValidationError):
        a_name(name)


@pytest.mark.parametrize("name", ["Noa", "José", "O’Brien-Smith", "Nguyễn Thị", "李小龍", "می‌خواهم", "J.", "3"])
def test_names_of_people_have_none(name: str) -> None:
    assert name_fault(name) is None
    a_name(name)


@pytest.mark.parametrize("address", ODD_ADDRESSES)
def test_odd_addresses_have_a_fault(address: str) -> None:
    assert address_fault(address)


@pytest.mark.parametrize(
    "address", ["a@b.example", "dana.r+noa@büro.example", "o'brien@x-y.co.example", "josé@x.example"]
)
def test_addresses_of_people_have_none(address: str) -> None:
    assert address_fault(address) is None
    an_address(address)


def test_a_first_name_is_taken_in_one_place() -> None:
    """The first word of a name that has none is not there: whoever takes it by hand fails on it."""
    found = [
        f"{module}:{node.lineno}"
        for module in MODULES
        if module != "portal.models.ground.person"
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and node.slice.value == 0
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr == "split"
        and not node.value.args
    ]
    assert found == []


def test_no_box_for_text_cuts_what_is_pasted() -> None:
    """A browser cuts at `maxlength` without a word; `data-longest` says by how much it is too long."""
    boxes = [(path, box) for path in (ROOT / "templates").rglob("*.html") for box in _BOX.findall(path.read_text())]
    assert boxes
    assert [path for path, box in boxes if "maxlength" in box or "data-longest" not in box] == []


_BOX = re.compile(r"<textarea.*?</textarea>", re.DOTALL)
