"""A chart's coming of age: when guardians' access ends by itself, who stays, and what is left to do before."""

from uuid import UUID

from portal import clock
from portal.facts import OfChart, OfInvitation, OfPractice, OfSignInAddress
from portal.language import date_in_words, listed, local_day, say
from portal.models.access.minors import coming
from portal.models.people.client import Client
from portal.models.people.contact import ContactLink
from portal.permissions import Permission
from portal.regions import Context, region
from portal.regions.phrases import zone
from portal.viewer import Viewer


@region(
    "of-age",
    "staff/people/clients/_of_age.html",
    side="staff",
    needs=None,
    on=(OfChart, OfInvitation, OfSignInAddress, OfPractice),
    element="of-age",
)
async def of_age(viewer: Viewer, client: UUID) -> Context | None:
    chart = await viewer.find(Client, client)
    language, ahead = viewer.language, await coming(chart, viewer.see(ContactLink))
    if ahead is None or not ahead.near or chart.archived_at is not None:
        return {"title": None}
    past = ahead.at <= clock.now()
    names = {
        "name": chart.first_name,
        "date": date_in_words(local_day(ahead.at, zone()), language),
        "guardians": listed(language, ahead.guardians),
        "others": listed(language, ahead.others),
    }
    may = await viewer.may(Permission.PORTAL_ACCESS)
    portal = f"/staff/clients/{client}/portal"
    lines = [
        say(
            language,
            "The access of %(guardians)s has ended. What they wrote stays."
            if past
            else "The access of %(guardians)s ends that day at midnight. What they wrote stays.",
            **names,
        )
    ]
    if ahead.others:
        lines.append(say(language, "%(others)s isn’t a legal guardian and isn’t affected.", **names))
    todo = [
        (ahead.own_address, say(language, "Their own email address on file"), f"/staff/clients/{client}/edit"),
        (ahead.invited or ahead.account, say(language, "Invited"), portal),
        (ahead.account, say(language, "An account of their own"), portal),
        (ahead.settled, say(language, "Contacts and what is shared with them reviewed together"), None),
    ]
    return {
        "title": say(language, "Of age since %(date)s" if past else "%(name)s comes of age on %(date)s", **names),
        "lines": lines,
        "todo": [
            {"done": done, "label": label, "href": None if done or not may else href} for done, label, href in todo
        ]
        if ahead.soon
        else [],
        "settled": ahead.settled,
        "action": f"/staff/clients/{client}/coming-of-age" if may and ahead.soon and not ahead.settled else None,
    }
