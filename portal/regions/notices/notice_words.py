"""The words of notices: for each kind its icon, and how either side is told of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal.language import say
from portal.models.access.account import Access
from portal.models.access.minors import awaits_majority
from portal.models.ground.record import Kind
from portal.models.notices.kinds import NoticeKind, NoticeLetter
from portal.models.people.contact import ContactLink
from portal.regions.phrases import base
from portal.viewer import Viewer

Row = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """The words in which one side is told of a kind: its name where people choose, a sentence, an address, and a title,
    where that is not the client's name. `%(name)s` is who caused it. Where words depend on more, `words` gives title
    and text."""

    label: str
    text: str | None
    href: str
    title: str | None = None
    words: Callable[[Viewer, Row], tuple[str, str]] | None = None

    def in_words(self, viewer: Viewer, row: Row) -> tuple[str, str]:
        if self.words is not None:
            return self.words(viewer, row)
        title, text = (
            sentence and say(viewer.language, sentence, name=row["by_name"]) for sentence in (self.title, self.text)
        )
        return title or _client(row), text or ""

    def address(self, viewer: Viewer, row: Row) -> str:
        if row["client_id"] is None and "{here}" in self.href:
            return "/home"  # the record is no longer theirs
        return self.href.format(here=base(viewer, row["client_id"]), record=row["record_id"])


def _client(row: Row) -> str:
    return f"{row['first_name']} {row['last_name']}" if row["first_name"] else ""


def _message(viewer: Viewer, row: Row) -> tuple[str, str]:
    if row["read"] or (row["unread"] or 0) < 2:
        news = say(viewer.language, "New message from %(name)s", name=row["from_name"])
    else:
        news = say(
            viewer.language, "%(num)s new messages, the last from %(name)s", num=row["unread"], name=row["from_name"]
        )
    return (_client(row), news) if viewer.kind is Kind.STAFF else (news, "")


def _coming_of_age(viewer: Viewer, row: Row) -> tuple[str, str]:
    if row["by"] == viewer.id:
        title = say(viewer.language, "You come of age soon.")
    else:
        title = say(viewer.language, "%(name)s comes of age soon.", name=row["first_name"])
    return title, say(viewer.language, "Home says what changes then.")


def _came_of_age(viewer: Viewer, row: Row) -> tuple[str, str]:
    language = viewer.language
    if row["client_id"] is None:
        return (
            say(language, "Someone you acted for has come of age."),
            say(language, "You can’t see their record any more. What you wrote stays."),
        )
    return (
        say(language, "You have come of age."),
        say(language, "Your guardians can’t see your record any more. You choose who acts for you."),
    )


def _rights(viewer: Viewer, row: Row) -> tuple[str, str]:
    language = viewer.language
    if row["by"] == viewer.id:
        return say(language, "What you may do for %(name)s has changed.", name=row["first_name"]), ""
    if row["by_name"]:
        return say(language, "What %(name)s may do for you has changed.", name=row["by_name"]), ""
    return say(language, "Who may act for you has changed."), ""


def _granted(viewer: Viewer, row: Row) -> tuple[str, str]:
    if row["by"] == viewer.id:
        return say(viewer.language, "You can see the pages of %(name)s now.", name=row["first_name"]), ""
    return say(viewer.language, "%(name)s can act for you now.", name=row["by_name"]), ""


# A row for each kind, in the order in which people choose among them: its icon, how staff and how the client's side are
# told; a side with None never is.
NOTICES: dict[NoticeKind, tuple[str, Told | None, Told | None]] = {
    NoticeKind.MESSAGE: (
        "messages-square",
        message := Told("New messages", None, "{here}/conversations/{record}", None, _message),
        message,
    ),
    NoticeKind.COMING_OF_AGE: (
        "info",
        Told(
            "Someone comes of age soon",
            "Comes of age soon. See Contacts for what to do.",
            "{here}/contacts",
        ),
        Told("Someone comes of age soon", None, "{here}/home", None, _coming_of_age),
    ),
    NoticeKind.CAME_OF_AGE: (
        "info",
        Told("Someone has come of age", "Has come of age: guardians’ access has ended.", "{here}/contacts"),
        Told("Someone has come of age", None, "{here}/who-acts", None, _came_of_age),
    ),
    NoticeKind.HANDED_OVER: (
        "user",
        Told(
            "Conversations handed over to you",
            "%(name)s handed this conversation over to you.",
            "/staff/inbox/{record}",
        ),
        None,
    ),
    NoticeKind.JOINED: (
        "user-plus",
        Told("Someone who was invited has signed up", "%(name)s has signed up.", "{here}/portal"),
        None,
    ),
    NoticeKind.LOCKED: (
        "lock",
        Told(
            "Someone you invited is locked out",
            "Locked out after five wrong dates of birth. Call them, then lift the lock.",
            "{here}/portal",
        ),
        None,
    ),
    NoticeKind.UNSENT: (
        "mail-warning",
        Told(
            "Welcome emails of yours that couldn’t be delivered",
            "The welcome email couldn’t be delivered.",
            "{here}/portal",
        ),
        None,
    ),
    NoticeKind.IN_CARE: (
        "contact",
        Told("Clients assigned to you", "%(name)s assigned this client to you.", "{here}"),
        None,
    ),
    NoticeKind.STANDS_IN: (
        "users",
        Told(
            "Covering for a colleague",
            "You can read and answer their conversations while they’re away.",
            "/staff/leave",
            "You’re covering for %(name)s",
        ),
        None,
    ),
    NoticeKind.RIGHTS: (
        "users",
        Told(
            "Clients who choose who acts for them",
            "Has chosen who acts for them. See Contacts.",
            "{here}/contacts",
        ),
        Told("Changes to what I can do for someone", None, "{here}/home", None, _rights),
    ),
    NoticeKind.GRANTED: (
        "users",
        None,
        Told(("Changes to who can act for someone"), None, "{here}/home", None, _granted),
    ),
    NoticeKind.BOUNCED: (
        "mail-warning",
        Told("Email that comes back", "Email to an address on this chart comes back.", "{here}"),
        None,
    ),
    NoticeKind.ADDRESS: (
        "mail-warning",
        Told(
            "Email addresses that colleagues have changed",
            "%(name)s changed the email of someone who acts for them.",
            "{here}/contacts",
        ),
        Told(
            "The address you sign in with",
            "If you don’t know about this, call us right away.",
            "/home",
            "The address you sign in with was changed.",
        ),
    ),
    NoticeKind.TO_CONFIRM: (
        "link",
        None,
        Told("Something for you to confirm", None, "/offers/{record}", "There is something for you to confirm."),
    ),
}


def unworded() -> list[str]:
    """Return the kinds of notices that have no row: start-up refuses them."""
    return [kind.name for kind in NoticeKind if kind not in NOTICES]


async def kinds_in_words(viewer: Viewer) -> list[dict[str, Any]]:
    """Return the kinds that this person may be told of, as they choose among them: of a coming of age only where a
    client they see, somebody they act for or they themselves have that ahead."""
    if viewer.kind is Kind.STAFF:
        ahead = await viewer.see(ContactLink).where("r.of_age_at > :now").count() > 0
    else:
        ahead = await awaits_majority(viewer.wide().see(Access))
    never = () if ahead else (NoticeKind.COMING_OF_AGE, NoticeKind.CAME_OF_AGE)
    return [
        {"key": kind.key, "label": say(viewer.language, told.label), "mailed": kind.letter is not NoticeLetter.OWN}
        for kind in NOTICES
        if kind not in never and (told := told_of(kind, viewer))
    ]


def told_of(kind: NoticeKind, viewer: Viewer) -> Told | None:
    """Return the words in which this viewer is told of a kind; None where their side never is."""
    _, to_staff, to_clients = NOTICES[kind]
    return to_staff if viewer.kind is Kind.STAFF else to_clients
