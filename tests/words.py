"""Every sentence that Portal says, found in its templates and its code, beside what the catalogue has for it.

`bin/words` prints what has no Spanish yet; `bin/words --write` puts it into the catalogue, to be translated
there, and takes out what nobody says any more.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from portal import passwords
from portal.demo.people import CONTACTS, NAMED_ACCOUNTS, PATIENTS
from portal.models.access.candidate_holder import hindrance, missing_for
from portal.models.access.own_address import ANOTHERS, TOO_YOUNG, UNKNOWN_AGE
from portal.models.ground.person import address_fault, name_fault
from portal.models.ground.record import UNREADABLE
from portal.permissions import Audience, Permission, Role
from portal.regions.people import contacts as contact_regions
from portal.routes.public.staff import sign_in
from portal.routes.staff.people import contact_form
from portal.settings import ROOT
from portal.web.slots import LINKS

SPANISH = ROOT / "portal" / "locale" / "es.po"

# Which arguments of a call are sentences for people; one less where it is a method, as in visit.say("…").
SAYS = {
    "say": (1,),
    "say_many": (1, 2),
    "Refused": (1,),
    "NotPermitted": (0,),
    "error_page": (3, 4),
    "ValueError": (0,),  # in routes: what is wrong with a field
    "Told": (0, 1, 3),  # a notice
    "CannotInvite": (0,),
    "CannotLeave": (0,),
    "NotTheClientsChoice": (0,),
    "UnknownPlaceholder": (0,),
    "account_letter": tuple(range(2, 10)),  # a letter
}


def given_by(function: Callable[..., Any]) -> list[str]:
    """The sentences that a function returns, alone or in a list it fills."""
    found: list[str | None] = []
    for step in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        match step:
            case ast.Return(value=ast.expr() as value):
                found.append(_written(value))
            case ast.Call(func=ast.Attribute(attr="append"), args=[value]):
                found.append(_written(value))
    return [text for text in found if text]


@dataclass(frozen=True)
class Words:
    """A sentence; where it counts also how it is said of many, and where English has one word for two, of what."""

    one: str
    many: str = ""
    context: str | None = None

    @property
    def forms(self) -> tuple[str, ...]:
        return (self.one, self.many) if self.many else (self.one,)


@dataclass(frozen=True)
class Said:
    where: str
    words: Words


@dataclass(frozen=True)
class Hidden:
    """A sentence that is not written where it is said: who knows whether it has Spanish?"""

    where: str
    file: str
    expression: str


_IN_TEMPLATES = ("_", "ngettext", "pgettext")


def in_templates() -> Iterator[Said]:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        with path.open("rb") as file:
            for line, name, texts, _ in babel_extract(file, _IN_TEMPLATES, (), {"silent": "false"}):
                first, *more = [texts] if isinstance(texts, str) else [text for text in texts if text]
                words = {"_": Words(first), "ngettext": Words(first, *more[:1])}
                words["pgettext"] = Words(*more[:1], context=first) if more else words["_"]
                yield Said(f"{path.relative_to(ROOT)}:{line}", words[name])


def in_code() -> Iterator[Said | Hidden]:
    for path in sorted((ROOT / "portal").rglob("*.py")):
        file = path.relative_to(ROOT).as_posix()
        if not file.startswith("portal/demo/"):  # the words of a demo are its practice's own
            yield from in_file(file, path.read_text())


def in_file(file: str, code: str) -> Iterator[Said | Hidden]:
    module = _Module(code)
    for call in ast.walk(module.tree):
        match call:
            case ast.Assign(targets=[ast.Name(id="why")], value=ast.Constant(value=str(why))) if why:
                yield Said(f"{file}:{call.lineno}", Words(why))  # an Unacceptable's own
        if not isinstance(call, ast.Call):
            continue
        where, arguments = f"{file}:{call.lineno}", _sentences(file, call)
        if len(arguments) == 2 and _name(call) == "say_many" and all(map(_written, arguments)):
            yield Said(where, Words(*filter(None, map(_written, arguments))))
            continue
        for argument in arguments:
            for value in _values(argument, module.inside.get(call), module):
                if words := _written(value):
                    yield Said(where, Words(words))
                elif ast.unparse(value) == "reason.why":
                    continue  # said where the Unacceptable is written
                elif not (isinstance(value, ast.Call) and _name(value) in SAYS):
                    yield Hidden(where, file, ast.unparse(value))


def _name(call: ast.Call) -> str:
    """The name by which something is called, a method's too; what a kind of Refused hands up is its own."""
    match call:
        case ast.Call(func=ast.Name(id=name)):
            return name
        case ast.Call(func=ast.Attribute(attr="__init__"), args=[ast.Constant(value=int()), _]):
            return "Refused"
        case ast.Call(func=ast.Attribute(attr=name)):
            return name
    return ""


def _sentences(file: str, call: ast.Call) -> list[ast.expr]:
    name = _name(call)
    if name == "ValueError" and not file.startswith(("portal/routes/", "portal/web/visit.py")):
        return []
    if name == "Field":
        return [keyword.value for keyword in call.keywords if keyword.arg == "title"]
    # visit.say("…"), or a name for it; say(language, "…") has one more.
    method = name == "say" and (isinstance(call.func, ast.Attribute) or len(call.args) == 1)
    return [call.args[i - method] for i in SAYS.get(name, ()) if i - method < len(call.args)]


def _written(value: ast.expr) -> str | None:
    match value:
        case ast.Constant(value=str(text)):
            return text
    return None


def _values(argument: ast.expr, function: ast.AST | None, module: "_Module") -> list[ast.expr]:
    """Return what an argument can be: a name that its function sets is each thing it is set to, a name that a function
    within a function is given each thing it is given, and a place in a dictionary each thing that stands there."""
    match argument:
        case ast.IfExp():
            parts = [argument.body, argument.orelse]
        case ast.BoolOp():
            parts = argument.values
        case ast.Constant(value=None):
            return []
        case ast.Subscript(value=ast.Dict(values=parts)):
            pass
        case ast.Subscript(value=ast.Name(id=name)) if name in module.dictionaries:
            parts = module.dictionaries[name]
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[_, otherwise]) if (
            name in module.dictionaries
        ):
            parts = [*module.dictionaries[name], otherwise]
        case ast.Name(id=name) if function is not None:
            parts = _set_to(name, function)
            if not parts:
                return _given(name, function, module) or [argument]
        case _:
            return [argument]
    return [value for part in parts for value in _values(part, function, module)]


def _set_to(name: str, function: ast.AST) -> list[ast.expr]:
    found: list[ast.expr] = []
    for step in ast.walk(function):
        if isinstance(step, ast.Assign):
            for target in step.targets:
                match target, step.value:
                    case ast.Name(id=n), value if n == name:
                        found.append(value)
                    case ast.Tuple(elts=names), ast.Tuple(elts=values):
                        found += [
                            v for n, v in zip(names, values, strict=True) if isinstance(n, ast.Name) and n.id == name
                        ]
    return found


def _given(name: str, function: ast.AST, module: "_Module") -> list[ast.expr]:
    """Return what a function within a function is given for a parameter."""
    if not isinstance(function, ast.FunctionDef) or function not in module.inside:
        return []
    names = [argument.arg for argument in function.args.args]
    if name not in names:
        return []
    found: list[ast.expr] = []
    for call in ast.walk(module.tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == function.name:
            values = dict(zip(names, call.args, strict=False)) | {k.arg: k.value for k in call.keywords if k.arg}
            if name in values:
                found += _values(values[name], module.inside.get(call), module)
    return found


class _Module:
    """A file, which function each part of it is in, and the dictionaries it begins with."""

    def __init__(self, code: str) -> None:
        self.tree = ast.parse(code)
        self.inside: dict[ast.AST, ast.AST] = {}
        for function in ast.walk(self.tree):  # from the outside in, so the innermost wins
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                parts = (part for part in ast.walk(function) if part is not function)
                self.inside |= dict.fromkeys(parts, function)
        self.dictionaries: dict[str, list[ast.expr]] = {
            step.targets[0].id: step.value.values
            for step in self.tree.body
            if isinstance(step, ast.Assign)
            and isinstance(step.targets[0], ast.Name)
            and isinstance(step.value, ast.Dict)
        }


_TERMS = [*contact_regions.RIGHT_WORDS.values(), *contact_regions.RESTRICTION_WORDS.values()]
_OWN = [TOO_YOUNG, ANOTHERS, UNKNOWN_AGE]
_HINDRANCES = [*given_by(missing_for), *given_by(hindrance), *_OWN]

# What is not written where it is said: (file, expression) and the words it can be, or "said" where it was
# said, or found, where it comes from.
ELSEWHERE: dict[tuple[str, str], Iterable[str]] = {
    ("portal/web/visit.py", "field.title"): "said",  # Field(title="…")
    ("portal/web/visit.py", "message"): "said",  # Visit.say hands on what it is given
    **{("portal/mail/letters.py", name): "said" for name in ("subject", "button", "text")},  # account_letter(…)
    ("portal/web/refusals.py", "title"): "said",  # and so does error_page
    ("portal/web/refusals.py", "text"): "said",
    ("portal/web/refusals.py", "reason.text"): "said",  # Refused("…")
    ("portal/web/refusals.py", "str(reason)"): "said",  # NotPermitted("…")
    ("portal/regions/access/portal_status.py", "UNKNOWN_AGE"): [UNKNOWN_AGE],
    ("portal/regions/access/portal_status.py", "TOO_YOUNG"): [TOO_YOUNG],
    ("portal/web/rendering.py", "UNREADABLE"): [UNREADABLE],
    ("portal/web/guard.py", "reason.text"): "said",  # Refused("…")
    ("portal/web/form_reading.py", "str(error['ctx']['error'])"): "said",  # ValueError("…")
    ("portal/web/doors.py", "permission.value"): [permission.value for permission in Permission],
    ("portal/web/visit.py", "Role[self.who.role.upper()].value"): [role.value for role in Role],
    ("portal/regions/phrases.py", "link['relationship']"): contact_form.RELATIONSHIPS,
    ("portal/regions/phrases.py", "Role[role.upper()].value"): [role.value for role in Role],
    ("portal/regions/phrases.py", "audience.capitalize()"): [audience.value for audience in Audience],
    ("portal/web/slots.py", "entry.label"): [entry.label for entries in LINKS.values() for entry in entries],
    ("portal/regions/notices/notice_words.py", "told.label"): "said",  # Told("…")
    ("portal/regions/notices/notice_words.py", "sentence"): "said",
    ("portal/regions/people/contacts.py", "words"): _TERMS,
    ("portal/routes/staff/people/contact_form.py", "words"): _TERMS,
    ("portal/routes/staff/people/contact_form.py", "one"): contact_form.RELATIONSHIPS,
    ("portal/regions/people/contacts.py", "row['relationship']"): contact_form.RELATIONSHIPS,
    ("portal/routes/staff/access/terms_preview.py", "Permission.PORTAL_ACCESS.value"): [Permission.PORTAL_ACCESS.value],
    ("portal/routes/staff/access/terms_preview.py", "reason.text"): "said",
    ("portal/regions/access/who_acts.py", "words"): contact_regions.RIGHT_WORDS.values(),
    ("portal/regions/access/who_acts.py", "row['relationship']"): contact_form.RELATIONSHIPS,
    ("portal/regions/people/contact_history.py", "words"): _TERMS,
    ("portal/regions/people/contact_history.py", "after['relationship']"): contact_form.RELATIONSHIPS,
    ("portal/routes/public/staff/sign_in.py", "label"): sign_in._SIDES.values(),
    ("portal/routes/public/staff/sign_in.py", "_WRONG"): [sign_in._WRONG],
    ("portal/routes/public/staff/sign_in.py", "person['role']"): [
        person.label for person in (*PATIENTS, *CONTACTS) if person.name in NAMED_ACCOUNTS
    ],
    ("portal/routes/messages/writing.py", "_why(visit)"): "said",
    ("portal/web/visit.py", "fault"): [*given_by(address_fault), *given_by(name_fault)],
    ("portal/regions/access/portal_rows.py", "account['hindered']"): _OWN,
    ("portal/regions/access/portal_status.py", "first.hindrance"): _HINDRANCES,
    ("portal/regions/access/portal_rows.py", "person.hindrance"): _HINDRANCES,
    ("portal/models/access/invitation.py", "await hindrance(client, holder)"): _HINDRANCES,
    ("portal/models/access/offer.py", "missing[0]"): given_by(missing_for),
    ("portal/routes/staff/practice/availability.py", "str(reason)"): "said",  # ValueError("…")
    ("portal/routes/staff/practice/portal_settings.py", "str(reason)"): "said",  # UnknownPlaceholder("…")
    **{
        (f"portal/routes/public/{file}.py", "await passwords.weakness(password, personal)"): given_by(
            passwords.weakness
        )
        for file in ("access/reset", "staff/start", "access/welcome")
    },
}


def all_words() -> dict[Words, list[str]]:
    """Everything that is said, with the places where."""
    found: dict[Words, list[str]] = {}
    for one in [*in_templates(), *in_code()]:
        if isinstance(one, Said):
            found.setdefault(one.words, []).append(one.where)
        elif (texts := ELSEWHERE.get((one.file, one.expression), "said")) != "said":
            for text in texts:
                found.setdefault(Words(text), []).append(one.where)
    return found


def hidden() -> list[Hidden]:
    """Sentences that are neither written where they are said nor listed in ELSEWHERE."""
    return [one for one in in_code() if isinstance(one, Hidden) and (one.file, one.expression) not in ELSEWHERE]


def needless() -> list[tuple[str, str]]:
    """Return what ELSEWHERE lists and nobody says."""
    said = {(one.file, one.expression) for one in in_code() if isinstance(one, Hidden)}
    return [entry for entry in ELSEWHERE if entry not in said]


def spanish() -> Catalog:
    with SPANISH.open("rb") as file:
        return read_po(file, locale="es")


def places(text: str) -> list[str]:
    """The placeholders of a sentence, in any order."""
    return sorted(re.findall(r"%(?:\(\w+\))?.|\{\w+\}", text))


def faults(catalogue: Catalog) -> list[str]:
    """Return what is wrong with the translation of all that is said, in sentences; empty when it is whole."""
    wrong, said = [], all_words()
    for words, (where, *_) in said.items():
        message = catalogue.get(words.one, words.context)
        texts = _texts(message)
        if message is None or message.fuzzy or len(texts) != len(words.forms) or not all(texts):
            wrong.append(f"{where}: “{words.one}” is not translated.")
        for text in filter(None, texts):
            # Of one, a sentence may leave the number out.
            if places(text) not in [places(form) for form in words.forms]:
                wrong.append(f"{where}: “{text}” has not the places of “{words.forms[-1]}”.")
    known = {(words.one, words.context) for words in said}
    for message in catalogue:
        id = message.id[0] if isinstance(message.id, tuple) else message.id
        if id and (id, message.context) not in known:
            wrong.append(f"“{id}” is translated, and nobody says it.")
    return wrong


def _texts(message: Message | None) -> tuple[str, ...]:
    if message is None:
        return ()
    return tuple(message.string) if isinstance(message.string, tuple | list) else (str(message.string),)


HEADER = """\
# Portal in Spanish, as it is spoken in the United States, with usted.
# The words of the field, in both languages: docs/language.md.
msgid ""
msgstr ""
"Language: es\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""


def write() -> None:
    """Write the catalogue anew, with new sentences left empty. It names no files and is in the order of the
    alphabet: it changes when words do, and two changes rarely meet."""
    old, new = spanish(), Catalog(locale="es")
    for words in all_words():
        texts = _texts(old.get(words.one, words.context)) or ("", "")
        if words.many:
            new.add(words.forms, texts, context=words.context)
        else:
            new.add(words.one, texts[0], context=words.context)
    with SPANISH.open("wb") as file:
        file.write(HEADER.encode())
        write_po(file, new, width=100, omit_header=True, no_location=True, sort_output=True)


def main() -> None:
    if sys.argv[1:] == ["--write"]:
        write()
    wrong = faults(spanish())
    wrong += [f"{one.where}: what “{one.expression}” can be is not known: write it out." for one in hidden()]
    print("\n".join(wrong) or f"All {len(all_words())} sentences have Spanish.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
