"""The demo's mail as a page. Without demo mode there is no such page."""

import asyncio

from portal.demo.mailbox import Mail, newest
from portal.language import at_in_words
from portal.regions.phrases import paragraphs, zone
from portal.settings import settings
from portal.viewer import NotVisible
from portal.web.doors import anyone
from portal.web.visit import Answer, Visit


@anyone("GET /demo/mail")
async def show(visit: Visit) -> Answer:
    if not settings().demo:
        raise NotVisible
    letters = await asyncio.to_thread(newest, settings().data / "mail")
    return visit.page(
        "public/mail/mailbox.html",
        title=visit.say("Mail of the demo"),
        letters=[_shown(visit, mail) for mail in letters],
    )


def _shown(visit: Visit, mail: Mail) -> dict[str, object]:
    return {
        "name": mail.name,
        "to": mail.to,
        "subject": mail.subject,
        "at": at_in_words(mail.at, zone(), visit.language) if mail.at else "",
        "at_iso": mail.at.isoformat() if mail.at else "",
        "paragraphs": paragraphs(mail.text),
    }
