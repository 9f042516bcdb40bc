"""Each place that writes an address says who may, so that no new way to somebody's mail is opened unseen."""

import ast
import re

from tests.laws.test_structure import _calls, _text, modules_of, tree

# Functions that write the address of somebody, and why they may.
WRITES = {
    "access.account.PortalAccount.open": "a new account, at the address that the link in its letter went to",
    "access.account.PortalAccount.keep_address": "called by those of KEEPS alone",
    "people.contact.Contact._take_address": "called by those below alone",
    "people.client.Client._take": "a chart's own, for who may edit it; contacts follow by corrections._follow",
    "staff.staff_member.StaffMember.add": "a new colleague",
}
# Where a letter went stands with an invitation, and is nobody's address.
LETTERS = {"access.invitation.Invitation.send", "access.offer.offer_access"}
TAKES = {
    "people.contact.Contact.add": "a new contact",
    "people.contact.Contact.of_client": "a new contact",
    "people.contact.Contact.keep_address": "called by those of KEEPS alone",
}
# Functions that have another address kept. Each asks check_all_seen.
KEEPS = {"access.changed_details.change_account_address", "access.changed_details.change_contact_address"}


def functions() -> dict[str, ast.AsyncFunctionDef | ast.FunctionDef]:
    found: dict[str, ast.AsyncFunctionDef | ast.FunctionDef] = {}
    for module in modules_of("portal"):
        if module.startswith("portal.demo"):
            continue
        name = module.removeprefix("portal.").removeprefix("models.")
        for node in tree(module).body:
            inside = node.body if isinstance(node, ast.ClassDef) else [node]
            of = f"{name}.{node.name}." if isinstance(node, ast.ClassDef) else f"{name}."
            for one in inside:
                if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    found[of + one.name] = one
    return found


_SETS = re.compile(r"\bset\b(?:(?!\bwhere\b)[^;])*\bemail_key = ")


def writes_an_address(function: ast.AST) -> bool:
    targets = [t for node in ast.walk(function) if isinstance(node, ast.Assign) for t in node.targets]
    flat = [one for t in targets for one in (t.elts if isinstance(t, ast.Tuple) else [t])]
    if any(isinstance(one, ast.Attribute) and one.attr == "email_key" for one in flat):
        return True
    if any(_SETS.search(_text(call)) for call in _calls(function)):
        return True
    creates = (call for call in _calls(function) if ast.unparse(call.func).endswith(".create"))
    return any(k.arg == "email_key" for call in creates for k in call.keywords)


def test_an_address_is_written_where_it_is_known_who_may() -> None:
    known = functions()
    assert {name for name, one in known.items() if writes_an_address(one)} == set(WRITES) | LETTERS
    takes = {
        name
        for name, one in known.items()
        if any(ast.unparse(call.func).endswith("._take_address") for call in _calls(one))
    }
    assert takes == set(TAKES)


def test_whoever_changes_an_address_is_asked() -> None:
    called = {name: {ast.unparse(call.func) for call in _calls(one)} for name, one in functions().items()}
    keeps = {name for name, calls in called.items() if any(call.endswith(".keep_address") for call in calls)}
    assert keeps == KEEPS
    assert all("check_all_seen" in called[name] for name in keeps)
