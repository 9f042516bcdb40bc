"""Settings → Client portal: the portal on or off, and the welcome e-mail in the practice's own words (A9)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from portal.doors import Answer, Form, Refused, Visit, go, staff
from portal.facts import PortalSettingsChanged
from portal.mail import letters, outbox
from portal.models import audit
from portal.models.fact import announce
from portal.models.practice import Practice
from portal.permissions import Permission
from portal.rendering import render
from portal.routes.staff.shell import page
from portal.settings import settings

LINK = "/welcome/…"


class Words(Form):
    lang: Literal["en", "es"] = "en"
    subject: Annotated[str, Field(max_length=150)] = ""
    body: Annotated[str, Field(max_length=4000)] = ""


class Switch(Form):
    portal_on: Literal["on", ""] = ""


@staff(Permission.PORTAL_SETTINGS)
async def show(visit: Visit) -> Answer:
    return await _page(visit, await _practice(), visit.query("lang"))


async def _practice() -> Practice:
    found = await Practice.all().first()
    if found is None:
        raise Refused(409, "There is no practice here yet.")
    return found


async def _page(
    visit: Visit, practice: Practice, lang: str, words: dict[str, str] | None = None, status: int = 200
) -> Answer:
    lang = lang if lang in ("en", "es") else "en"
    shown = words or (practice.welcome or {}).get(lang) or letters.welcome_words(lang)
    return await page(
        visit,
        "staff/settings/portal.html",
        title=visit.say("Client portal"),
        place="settings",
        status=status,
        portal_on=practice.portal_on,
        letter_lang=lang,
        values={"subject": shown["subject"], "body": shown["body"]},
        errors=visit.errors,
        placeholders=letters.PLACEHOLDERS,
        preview=_preview(visit, lang, shown),
        sample_to=visit.holder.email,
    )


def _preview(visit: Visit, lang: str, words: dict[str, str]) -> dict[str, Any]:
    """The letter as it would read, or why it can't be made."""
    try:
        letter = _letter(visit, lang, words)
    except letters.UnknownPlaceholder as reason:
        return {"subject": words["subject"], "text": "", "error": visit.say(str(reason))}
    return {"subject": letter.subject, "text": letter.text, "error": None}


def _letter(visit: Visit, lang: str, words: dict[str, str]) -> letters.Letter:
    return letters.welcome(
        lang,
        name=visit.holder.name.split()[0],
        email=visit.holder.email,
        link=settings().base_url.rstrip("/") + LINK,
        texts={lang: words},
    )


@staff(Permission.PORTAL_SETTINGS, form=Switch)
async def switch(visit: Visit) -> Answer:
    """The portal on or off: off, nobody new can be invited or sign up."""
    practice = await _practice()
    practice.portal_on = visit.form is not None and visit.form.portal_on == "on"
    await practice.save(update_fields=["portal_on"])
    await announce(PortalSettingsChanged(staff=visit.me.id))
    await audit.note("switch portal", side="staff", actor=visit.me.id, on=practice.portal_on)
    return go("/staff/settings/portal")


@staff(Permission.PORTAL_SETTINGS, form=Words)
async def preview(visit: Visit) -> Answer:
    """What is typed, as the letter it makes; nothing is saved."""
    words = {"subject": visit.sent.get("subject", ""), "body": visit.sent.get("body", "")}
    lang = visit.sent.get("lang", "en")
    shown = _preview(visit, lang if lang in ("en", "es") else "en", words)
    return visit.fragment(render("staff/settings/_preview.html", visit.language, {"preview": shown}))


@staff(Permission.PORTAL_SETTINGS, form=Words)
async def save(visit: Visit) -> Answer:
    practice = await _practice()
    lang = visit.sent.get("lang", "en")
    words = {"subject": visit.sent.get("subject", ""), "body": visit.sent.get("body", "")}
    if not visit.errors:
        try:
            _letter(visit, lang, words)
        except letters.UnknownPlaceholder as reason:
            visit.errors["body"] = visit.say(str(reason))
    if visit.errors:
        return await _page(visit, practice, lang, words, 422)
    practice.welcome = (practice.welcome or {}) | {lang: words}
    await practice.save(update_fields=["welcome"])
    await announce(PortalSettingsChanged(staff=visit.me.id))
    await audit.note("change welcome email", side="staff", actor=visit.me.id, language=lang)
    return go(f"/staff/settings/portal?lang={lang}")


@staff(Permission.PORTAL_SETTINGS, form=Words)
async def sample(visit: Visit) -> Answer:
    """Send the letter, as it stands in the form, to oneself."""
    if visit.errors:
        raise Refused(422, "This letter can’t be sent yet. Check its text.")
    said: Words = visit.form
    try:
        letter = _letter(visit, said.lang, {"subject": said.subject, "body": said.body})
    except letters.UnknownPlaceholder as reason:
        raise Refused(422, str(reason)) from None
    await outbox.post(letter, about=visit.me.id)
    if visit.by_script:
        shown = {"text": visit.say("A sample is on its way to %(email)s.", email=visit.holder.email)}
        return visit.fragment(render("staff/settings/_sent.html", visit.language, shown))
    return go(f"/staff/settings/portal?lang={said.lang}")
