"""Settings → Client portal: the portal on or off, and the welcome e-mail in the practice's own words (A9)."""

from typing import Annotated, Any, Literal

from markupsafe import Markup
from pydantic import Field

from portal.language import say
from portal.mail import outbox, welcome_letter
from portal.mail.composing import Letter
from portal.models.access.network import switch_all_networks
from portal.models.access.reset import end_client_sessions
from portal.models.ground.outbox import Outbox, undelivered_count
from portal.models.ground.person import first_of
from portal.models.practice.practice import Practice, hold_practice, the_practice
from portal.permissions import Permission
from portal.routes.staff.shell import page
from portal.settings import settings
from portal.web import rendering
from portal.web.doors import staff
from portal.web.edit_conflict import FormState, WholeState, form_state, whole_status
from portal.web.slots import Link, link
from portal.web.visit import Answer, OnOff, Visit, go

link("staff places", Link("settings", "Settings", "/staff/settings/portal", "settings", Permission.PORTAL_SETTINGS))
link("settings", Link("portal", "Client portal", "/staff/settings/portal", needs=Permission.PORTAL_SETTINGS))

LINK = "/welcome/…"
LONGEST_EDIT = 1440  # minutes
TONGUES = {"en": "English", "es": "Español"}


class WelcomeTexts(WholeState):
    """The letter in both languages; `language` or `built_in` names the one whose button was pressed."""

    subject_en: Annotated[str, Field(max_length=150)] = ""
    body_en: Annotated[str, Field(max_length=5000)] = ""
    subject_es: Annotated[str, Field(max_length=150)] = ""
    body_es: Annotated[str, Field(max_length=5000)] = ""
    language: Literal["en", "es", ""] = ""
    built_in: Literal["en", "es", ""] = ""

    @classmethod
    def labels(cls, language: str) -> dict[str, str]:
        words = {"subject": say(language, "Subject"), "body": say(language, "Text")}
        return {f"{name}_{one}": f"{tongue}, {words[name]}" for one, tongue in TONGUES.items() for name in words}

    def of(self, language: str) -> dict[str, str]:
        return {"subject": getattr(self, f"subject_{language}"), "body": getattr(self, f"body_{language}")}


class Rules(WholeState):
    edit_minutes: Annotated[
        int, Field(title="Minutes in which a message can be edited or withdrawn", ge=0, le=LONGEST_EDIT)
    ]


@staff("GET /staff/settings/portal", Permission.PORTAL_SETTINGS)
async def show(visit: Visit) -> Answer:
    return await _page(visit, await the_practice())


async def _page(
    visit: Visit, practice: Practice, form_state: FormState | None = None, news: str | None = None
) -> Answer:
    own, form_state = practice.welcome or {}, form_state or _form_state(visit, practice)
    rules = _rules(visit, practice)
    sent = visit.asked is WelcomeTexts
    texts = []
    for language, label in TONGUES.items():
        words = {name: str(form_state.values.get(f"{name}_{language}", "")) for name in ("subject", "body")}
        texts.append(
            words
            | {
                "language": language,
                "label": label,
                "built_in": language not in own and not sent,
                "preview": Markup(_preview(visit, language, words)),
                "errors": {},
            }
        )
    return await page(
        visit,
        "staff/practice/portal.html",
        title=visit.say("Client portal"),
        place="settings",
        status=whole_status(form_state, rules),
        form_state=form_state,
        power={"on": practice.portal_on, "action": "/staff/settings/portal"},
        network={"on": practice.contact_network, "action": "/staff/settings/portal/contacts"},
        linking={"confirms": practice.confirm_links, "action": "/staff/settings/portal/linking"},
        editing={"form_state": rules, "action": "/staff/settings/portal/messages"},
        texts=texts,
        placeholders=welcome_letter.placeholders(visit.language),
        action="/staff/settings/portal/letter",
        preview_action="/staff/settings/portal/preview",
        sample_action="/staff/settings/portal/sample",
        sample_to=visit.holder.email if settings().smtp_url else None,
        errors=visit.errors,
        said=news,
        mail={"href": "/staff/mail", "count": await undelivered_count(visit.me.see(Outbox))},
    )


def _form_state(visit: Visit, practice: Practice) -> FormState:
    """The welcome letter: the practice's own words, or the built-in ones."""
    now: dict[str, str] = {}
    for language in TONGUES:
        words = (practice.welcome or {}).get(language) or welcome_letter.welcome_words(language)
        now |= {f"{name}_{language}": words[name] for name in ("subject", "body")}
    return form_state(visit, WelcomeTexts, now, WelcomeTexts.labels(visit.language), practice)


def _preview(visit: Visit, language: str, words: dict[str, str]) -> str:
    """The letter as it would be read, or why it can't be made."""
    shown: dict[str, Any] = {
        "el": f"preview-{language}",
        "language": language,
        "sender": rendering.practice["name"],
        "subject": "",
        "text": "",
        "error": None,
    }
    try:
        letter = _letter(visit, language, words)
        shown |= {"subject": letter.subject, "text": letter.text}
    except ValueError as reason:
        shown["error"] = visit.say(str(reason))
    return rendering.render("staff/practice/_preview.html", visit.language, shown)


def _letter(visit: Visit, language: str, words: dict[str, str], sample: bool = False) -> Letter:
    return welcome_letter.welcome(
        language,
        name=first_of(visit.holder.name),
        email=visit.holder.email,
        link=settings().link(LINK),
        texts={language: words},
        is_sample=sample,
    )


def _rules(visit: Visit, practice: Practice) -> FormState:
    labels = Rules.labels(visit.language)
    return form_state(visit, Rules, {"edit_minutes": practice.edit_minutes}, labels, practice)


@staff("POST /staff/settings/portal/messages", Permission.PORTAL_SETTINGS, form=Rules, audit="change message settings")
async def save_rules(visit: Visit) -> Answer:
    """Set how long a message may be changed by who wrote it: from now on, for those that were sent already too."""
    practice = await hold_practice()
    if visit.errors.pop("edit_minutes", None):
        visit.fault("edit_minutes", visit.say("Write a number from %(first)s to %(last)s.", first=0, last=LONGEST_EDIT))
    if _rules(visit, practice).refused:
        return await _page(visit, practice)
    await practice.keep(edit_minutes=visit.form.edit_minutes)
    visit.note(minutes=practice.edit_minutes)
    return go("/staff/settings/portal#messages")


@staff("POST /staff/settings/portal", Permission.PORTAL_SETTINGS, form=OnOff, audit="switch portal")
async def switch(visit: Visit) -> Answer:
    """The portal on or off. Off, everyone on the client side is signed out and nobody comes in or signs up."""
    on, practice = visit.form.on, await hold_practice()
    await practice.keep(portal_on=on)
    if not on:
        await end_client_sessions()
    visit.note(on=on)
    return go("/staff/settings/portal")


@staff("POST /staff/settings/portal/contacts", Permission.PORTAL_SETTINGS, form=OnOff, audit="switch contact network")
async def switch_contacts(visit: Visit) -> Answer:
    """The contact network on or off. Off, no contact acts for anybody; clients in person are not touched."""
    on = visit.form.on
    await switch_all_networks(on)
    visit.note(on=on)
    return go("/staff/settings/portal")


@staff(
    "POST /staff/settings/portal/linking", Permission.PORTAL_SETTINGS, form=OnOff, audit="switch confirming of links"
)
async def switch_confirming(visit: Visit) -> Answer:
    """Switch whether the holder of an account gives the date of birth before a client is linked to it."""
    on, practice = visit.form.on, await hold_practice()
    await practice.keep(confirm_links=on)
    visit.note(on=on)
    return go("/staff/settings/portal")


@staff(
    "POST /staff/settings/portal/preview", Permission.PORTAL_SETTINGS, form=WelcomeTexts, audit=None, transaction=False
)
async def preview(visit: Visit) -> Answer:
    """Show the typed words as the letter they make; nothing is saved."""
    language = visit.query("language") if visit.query("language") in TONGUES else "en"
    words = {name: visit.sent.get(f"{name}_{language}", "") for name in ("subject", "body")}
    return visit.fragment(_preview(visit, language, words))


@staff(
    "POST /staff/settings/portal/letter", Permission.PORTAL_SETTINGS, form=WelcomeTexts, audit="change welcome email"
)
async def save(visit: Visit) -> Answer:
    """Keep the practice's own words, or go back to the built-in ones."""
    practice = await hold_practice()
    form_state = _form_state(visit, practice)
    if form_state.refused:
        return await _page(visit, practice, form_state)
    form: WelcomeTexts = visit.form
    own = dict(practice.welcome or {})
    if form.built_in:
        own.pop(form.built_in, None)
    else:
        for language in TONGUES:
            _check(visit, language, form.of(language))
            if form.of(language) != welcome_letter.welcome_words(language):
                own[language] = form.of(language)
        if visit.errors:
            return await _page(visit, practice, form_state)
    await practice.keep(welcome=own)
    return go("/staff/settings/portal")


def _check(visit: Visit, language: str, words: dict[str, str]) -> None:
    try:
        welcome_letter.checked_subject(words["subject"])
    except ValueError as reason:
        visit.fault(f"subject_{language}", visit.say(str(reason)))
    try:
        welcome_letter.checked_body(words["body"])
    except ValueError as reason:
        visit.fault(f"body_{language}", visit.say(str(reason)))


@staff("POST /staff/settings/portal/sample", Permission.PORTAL_SETTINGS, form=WelcomeTexts, audit=None)
async def sample(visit: Visit) -> Answer:
    """Send the letter as it stands in the form, saved or not, to oneself."""
    practice = await hold_practice()
    form_state = _form_state(visit, practice)
    if form_state.refused:
        return await _page(visit, practice, form_state)
    form: WelcomeTexts = visit.form
    language = form.language or "en"
    _check(visit, language, form.of(language))
    if visit.errors:
        return await _page(visit, practice, form_state)
    await outbox.post(_letter(visit, language, form.of(language), sample=True), about=visit.me.id)
    news = visit.say("A sample is on its way to %(email)s.", email=visit.holder.email)
    return await _page(visit, practice, form_state, news)
