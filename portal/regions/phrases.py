"""Small sentences and addresses that several regions say the same way."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from portal.language import listed, say, say_many, short
from portal.models.ground.person import dialled, initial
from portal.models.ground.record import Kind
from portal.permissions import Role
from portal.viewer import Viewer
from portal.web import rendering

_LINK = re.compile(r"https?://[^\s<>\"]{1,500}")
NAMED = 2  # colleagues beside the care team who are named in one line; of more the roles are said
_TRAILING = ".,;:!?)]}’”'\""


def base(viewer: Viewer, client: UUID | None) -> str:
    """Return where a client's pages are for this viewer."""
    if viewer.lens is not None:
        return f"/staff/clients/{client}/as/{viewer.id}"
    return f"/staff/clients/{client}" if viewer.kind is Kind.STAFF else f"/clients/{client}"


def thread_href(viewer: Viewer, client: UUID, conversation: UUID) -> str:
    """Return where a conversation is for this viewer."""
    return f"{base(viewer, client)}/conversations/{conversation}"


def relation_in_words(language: str, link: Mapping[str, Any]) -> str:
    """Say what a contact is to the client."""
    guardian = say(language, ", legal guardian") if link["guardian"] else ""
    return say(language, link["relationship"]) + guardian


def phone_href(phone: str) -> str | None:
    """Return the address that calls a number; None where nothing of it can be dialled."""
    number = dialled(phone)
    return f"tel:{number}" if number else None


def mail_href(email: str) -> str:
    """Return the address that begins a letter to somebody in the reader's own mail program."""
    return f"mailto:{quote(email, safe='@')}"


def ways_to_reach(email: str | None, phone: str | None) -> list[dict[str, Any]]:
    """Return how somebody can be called and written to, as far as it is known: icon, text and address."""
    ways: list[dict[str, Any]] = []
    if phone:
        ways.append({"icon": "phone", "text": phone, "href": phone_href(phone)})
    if email:
        ways.append({"icon": "mail", "text": email, "href": mail_href(email)})
    return ways


def zone() -> str:
    return str(rendering.practice.get("zone", "UTC"))


def paragraphs(body: str) -> list[list[tuple[str, str, str]]]:
    """A message as paragraphs of (kind, text, href): links are recognised, nothing else is."""
    return [_pieces(part) for part in re.split(r"\n\s*\n", body.strip())]


def _pieces(text: str) -> list[tuple[str, str, str]]:
    pieces, at = [], 0
    for match in _LINK.finditer(text):
        link = match[0].rstrip(_TRAILING)
        if match.start() > at:
            pieces.append(("text", text[at : match.start()], ""))
        pieces.append(("link", link, link))
        at = match.start() + len(link)
    if at < len(text):
        pieces.append(("text", text[at:], ""))
    return pieces


def excerpt(body: str | None, length: int = 160) -> str:
    text = " ".join((body or "").split())
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def readers_line(viewer: Viewer, readers: dict[str, list[Any]]) -> str:
    """Say who can read a conversation, the care team by name, the reader as “you”."""
    language = viewer.language
    names = [p["name"] for p in readers["staff"] + readers["people"] if p["id"] != viewer.id]
    everyone = readers["staff"] + readers["people"] + readers["others"]
    if any(person["id"] == viewer.id for person in everyone):
        names.append(say(language, "you"))
    names += beside_the_team(viewer, [person for person in readers["others"] if person["id"] != viewer.id])
    if names == [say(language, "you")]:
        return say(language, "Only you can read this")
    if len(names) == 1:
        line = say(language, "%(name)s can read this", name=names[0])
    else:
        line = say(language, "%(names)s can read this", names=listed(language, names))
    return line[:1].upper() + line[1:]


def beside_the_team(viewer: Viewer, people: list[dict[str, Any]]) -> list[str]:
    """Name the people of the practice who see something without caring for the client: to colleagues by name, where
    they are few, else by their roles. The client's side knows the care team by name, and nobody else."""
    language = viewer.language
    if viewer.kind is Kind.STAFF and len(people) <= NAMED:
        return [f"{person['name']} ({role_label(language, person['role']).lower()})" for person in people]
    counts = Counter(person["role"] for person in people)
    return [of_role(language, role, counts[role.key]) for role in Role if role.key in counts]


def of_role(language: str, role: Role, count: int) -> str:
    """Say how many people of a role, as a part of a sentence."""
    match role:
        case Role.ORGANISATION_ADMINISTRATOR:
            return say_many(language, "an administrator", "%(num)s administrators", count)
        case Role.CLINICAL_ADMINISTRATOR:
            return say_many(language, "a clinical administrator", "%(num)s clinical administrators", count)
        case Role.SUPERVISOR:
            return say_many(language, "a supervisor", "%(num)s supervisors", count)
        case Role.THERAPIST:
            return say_many(language, "a therapist", "%(num)s therapists", count)
        case Role.INTERN:
            return say_many(language, "an intern", "%(num)s interns", count)
        case Role.SCHEDULER:
            return say_many(language, "a scheduler", "%(num)s schedulers", count)
        case Role.BILLER:
            return say_many(language, "a biller", "%(num)s billers", count)


def audience_label(language: str, audience: str) -> str:
    return say(language, audience.capitalize())


def role_label(language: str, role: str) -> str:
    return say(language, Role[role.upper()].value)


def thread_row(language: str, row: dict[str, Any], viewer: UUID, href: str) -> dict[str, Any]:
    """A conversation as a list shows it, from a row of `threads`."""
    at = row["sent_at"]
    from_name = say(language, "You") if (row["staff_id"] or row["account_id"]) == viewer else row["from_name"]
    return {
        "href": href,
        "client_name": f"{row['first_name']} {row['last_name']}",
        "colour": row["colour"],
        "initial": initial(row["first_name"]),
        "from_name": from_name or "",
        "excerpt": excerpt(row["body"]) or say(language, "No messages"),
        "at": short(at, zone(), language) if at else "",
        "at_iso": at.isoformat() if at else "",
        "audience_label": audience_label(language, row["audience"]),
        "confidential": row["confidential"],
        "count": row["unread"],
        "unread": row["unread"],
    }
