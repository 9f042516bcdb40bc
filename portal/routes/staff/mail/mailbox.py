"""Settings → Mail: after how many minutes people are written to, and the mailbox in which returned mail is read."""

import asyncio
import re
from contextlib import suppress
from typing import Annotated, Any

from markupsafe import Markup
from pydantic import AfterValidator, Field

from portal.crypto import Unreadable
from portal.mail.mailbox import Place, Trouble, look, trouble_in_words
from portal.models.ground.fact import unit_of_work
from portal.models.ground.outbox import Outbox, undelivered_count
from portal.models.mail.mailbox import Mailbox
from portal.models.practice.practice import Practice, hold_practice, the_practice
from portal.permissions import Permission
from portal.regions.mail.undelivered import returned_mail
from portal.routes.staff.shell import page
from portal.web.doors import staff
from portal.web.edit_conflict import FormState, WholeState, form_state, whole_status
from portal.web.rendering import render
from portal.web.slots import Link, link
from portal.web.visit import Answer, EmailAddress, Exact, Visit, go

link("settings", Link("mail", "Mail", "/staff/settings/mail", needs=Permission.PORTAL_SETTINGS))

HERE = "/staff/settings/mail"
PATIENCE = 45.0  # seconds for a whole test
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*", re.IGNORECASE)


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError("Write the name of a server, like imap.example.com.")
    return value.lower()


def _plain(value: str) -> str:
    """One line: it becomes part of a command to the server."""
    if not value.isprintable():
        raise ValueError("Write it on one line, with characters that can be seen.")
    return value


def _folder(value: str) -> str:
    if not value.isascii():
        raise ValueError("Write the name of a folder with plain letters, like INBOX.")
    return _plain(value)


class Where(WholeState):
    """The place of the mailbox. An empty password means the one that is kept, for the place it was given for. Name and
    password have names of their own: under the usual ones a browser fills in what its user signs in here with."""

    address: Annotated[EmailAddress, Field(title="Address for returned mail", min_length=1)]
    host: Annotated[str, Field(title="IMAP server", min_length=1, max_length=200), AfterValidator(_host)]
    port: Annotated[int, Field(title="Port", ge=1, le=65535)] = 993
    mailbox_user: Annotated[str, Field(title="User name", min_length=1, max_length=200), AfterValidator(_plain)]
    mailbox_password: Annotated[Exact, Field(title="Password", max_length=200), AfterValidator(_plain)] = ""
    folder: Annotated[str, Field(title="Folder", min_length=1, max_length=200), AfterValidator(_folder)] = "INBOX"


class Minutes(WholeState):
    mail_after: Annotated[int, Field(title="Minutes a message waits unread before the email goes", ge=1, le=240)]


@staff("GET /staff/settings/mail", Permission.PORTAL_SETTINGS)
async def show(visit: Visit) -> Answer:
    return await _page(visit)


def _minutes(visit: Visit, practice: Practice) -> FormState:
    labels = {"mail_after": visit.say("Minutes a message waits unread before the email goes")}
    return form_state(visit, Minutes, {"mail_after": practice.mail_after}, labels, practice)


async def _where(visit: Visit, practice: Practice) -> FormState:
    """Of the one mailbox, which may not be there yet: the practice is held in its place. The password is nowhere shown,
    and typed again where the form comes back."""
    box = await visit.me.see(Mailbox).first()
    labels = {
        "address": visit.say("Address for returned mail"),
        "host": visit.say("IMAP server"),
        "port": visit.say("Port"),
        "mailbox_user": visit.say("User name"),
        "folder": visit.say("Folder"),
    }
    usual: dict[str, Any] = dict.fromkeys(labels, "") | {"port": 993, "folder": "INBOX"}
    now = {name: box.username if name == "mailbox_user" else getattr(box, name) for name in labels} if box else usual
    return form_state(visit, Where, now, labels, practice)


async def _page(visit: Visit, said: Markup | None = None) -> Answer:
    practice = await the_practice()
    if visit.asked is not None and unit_of_work() is not None:
        practice = await practice.hold()
    minutes, where = _minutes(visit, practice), await _where(visit, practice)
    return await page(
        visit,
        "staff/practice/mail.html",
        title=visit.say("Mail"),
        place="settings",
        status=whole_status(minutes, where),
        values=where.values,
        form_state={"minutes": minutes, "where": where},
        kept=await visit.me.see(Mailbox).count() > 0,
        minutes=minutes.values.get("mail_after", ""),
        minutes_action=f"{HERE}/minutes",
        errors=visit.errors,
        test=said if said is not None else Markup(_result(visit, None)),
        action=f"{HERE}/mailbox",
        test_action=f"{HERE}/test",
        forget_action=f"{HERE}/removal",
        mail={"href": "/staff/mail", "count": await undelivered_count(visit.me.see(Outbox))},
        regions={"returned": await visit.draw(returned_mail)},
    )


@staff("POST /staff/settings/mail/minutes", Permission.PORTAL_SETTINGS, form=Minutes, audit="change mail settings")
async def wait(visit: Visit) -> Answer:
    """Set how long a message is unread before an email tells of it."""
    practice = await hold_practice()
    if visit.errors.pop("mail_after", None):
        visit.fault("mail_after", visit.say("Write a number from %(first)s to %(last)s.", first=1, last=240))
    if _minutes(visit, practice).refused:
        return await _page(visit)
    await practice.keep(mail_after=visit.form.mail_after)
    visit.note(minutes=practice.mail_after)
    return go(HERE)


@staff("POST /staff/settings/mail/mailbox", Permission.PORTAL_SETTINGS, form=Where, audit="set mailbox")
async def save(visit: Visit) -> Answer:
    """Read this mailbox from now on."""
    typed: Where | None = visit.form
    form_state = await _where(visit, await hold_practice())
    password = await _password(visit)
    if form_state.refused or typed is None or password is None:
        return await _page(visit)
    await Mailbox.keep(
        address=typed.address,
        host=typed.host,
        port=typed.port,
        username=typed.mailbox_user,
        password=password,
        folder=typed.folder,
    )
    return go(HERE)


async def _password(visit: Visit) -> str | None:
    """The password to use: as it was typed, or the one that is kept. That goes to the server and the user it was given
    for and to nobody else; None, with what is wrong, where there is none to use."""
    typed: Where | None = visit.form
    if visit.errors or typed is None or typed.mailbox_password:
        return typed.mailbox_password if typed else None
    box = await visit.me.see(Mailbox).first()
    if box is None:
        visit.fault("mailbox_password", visit.say("Fill this in."))
    elif (box.host.lower(), box.port, box.username) != (typed.host, typed.port, typed.mailbox_user):
        visit.fault("mailbox_password", visit.say("Enter it again: the saved one is for another server or user name."))
    else:
        with suppress(Unreadable):
            return box.password
        visit.fault(
            "mailbox_password",
            visit.say("Enter it again: the saved one can’t be opened with the keys at hand."),
        )
    return None


@staff("POST /staff/settings/mail/removal", Permission.PORTAL_SETTINGS, audit="remove mailbox")
async def forget(visit: Visit) -> Answer:
    """Read no mailbox any more."""
    box = await visit.me.see(Mailbox).first()
    visit.note(acted=box is not None)
    if box is not None:
        await box.forget()
    return go(HERE)


# Outside any transaction: the answer of somebody else's server must hold up nobody.
@staff("POST /staff/settings/mail/test", Permission.PORTAL_SETTINGS, form=Where, audit=None, transaction=False)
async def test(visit: Visit) -> Answer:
    """Look into the mailbox as it stands in the form, saved or not; nothing is kept of it."""
    typed: Where = visit.form
    malformed = bool(visit.errors)
    password = await _password(visit)
    if malformed or password is None:
        if not visit.by_script:
            return await _page(visit)
        why = visit.say("Fill in what is missing first.") if malformed else visit.errors["mailbox_password"]
        return visit.fragment(_result(visit, why, well=False))
    place = Place(typed.host, typed.port, typed.mailbox_user, password, typed.folder)
    try:
        async with asyncio.timeout(PATIENCE):
            looked_at = await asyncio.to_thread(look, place)
    except (Trouble, TimeoutError) as reason:
        result = _result(visit, trouble_in_words(visit.language, str(reason)), well=False)
    else:
        result = _result(
            visit,
            visit.say(
                "It works. Of the messages from the last seven days, %(bounces)s report an email that came back.",
                bounces=len(looked_at.bounces),
            ),
        )
    return visit.fragment(result) if visit.by_script else await _page(visit, said=Markup(result))


def _result(visit: Visit, text: str | None, well: bool = True) -> str:
    return render("staff/practice/_test.html", visit.language, {"text": text, "well": well})
