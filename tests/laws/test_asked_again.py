"""Slow work stands before a transaction, and whatever was checked before it is checked again inside: the verb asks who
acts, on rows that it holds."""

import ast

from tests.laws.test_structure import MODULES, _calls, modules_of, tree

# Writes that open no transaction at their door, and what asks again in their own; or why nothing is to be asked.
APART = {
    "public.staff.sign_in.create": "sign_in.begin",
    "public.staff.start.create": "first_run.begin, sign_in.begin",
    "public.access.welcome.check_birth_date": "Invitation.try_birth_date",
    "public.access.welcome.create_account": "LinkSession.end, Invitation.accept, sign_in.begin",
    "public.access.reset.change": "LinkSession.end, Reset.use",
    "client.access.offers.confirm": "Invitation.try_birth_date, offer.confirm_offer",
    "staff.mail.mailbox.test": "nothing: it looks, and keeps nothing",
    "staff.access.terms_preview.preview": "nothing: its transaction is undone",
    "staff.practice.availability.preview": "nothing: it looks",
    "staff.practice.portal_settings.preview": "nothing: it looks",
    "staff.people.clients.search": "nothing: it looks",
    "staff.people.finder.search": "nothing: it looks",
    "staff.messages.inbox.find_recipient": "nothing: it looks",
    "staff.messages.conversations.search": "nothing: it looks",
    "staff.messages.inbox.search": "nothing: it looks",
    "client.messages.conversations.search": "nothing: it looks",
}
SLOW = {"passwords.matches", "passwords.hashed", "passwords.weakness", "asyncio.to_thread"}


def _named(call: ast.Call) -> str:
    return ast.unparse(call.func)


def apart() -> set[str]:
    """The write routes whose door opens no transaction."""
    found = set()
    for module in modules_of("portal.routes"):
        for node in ast.walk(tree(module)):
            for call in _calls(node) if isinstance(node, (ast.AsyncFunctionDef, ast.Assign)) else ():
                if any(k.arg == "transaction" and ast.unparse(k.value) == "False" for k in call.keywords):
                    name = node.name if isinstance(node, ast.AsyncFunctionDef) else ast.unparse(node.targets[0])
                    found.add(f"{module.removeprefix('portal.routes.')}.{name}")
    return found


def test_whatever_acts_apart_from_its_door_says_who_asks_again() -> None:
    assert apart() == set(APART)


def test_what_takes_long_holds_no_transaction() -> None:
    slow = {
        f"{module.removeprefix('portal.routes.')}.{node.name}"
        for module in modules_of("portal.routes")
        for node in tree(module).body
        if isinstance(node, ast.AsyncFunctionDef) and any(_named(call) in SLOW for call in _calls(node))
    }
    assert slow <= set(APART) | {"public.mail.mailbox.show"}  # the demo's letters, read from files
    assert slow, "the net catches nothing"


def test_a_session_is_begun_where_what_lets_somebody_in_is_held() -> None:
    begins = [module for module in MODULES if any(_named(call) == "Session.start" for call in _calls(tree(module)))]
    assert begins == ["portal.models.staff.sign_in"]
