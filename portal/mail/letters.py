"""The letters to the holder of an account, or to a colleague: what each says, in English and Spanish."""

import dataclasses
from typing import Protocol

from portal.language import say
from portal.mail.composing import Letter, compose, days_in_words
from portal.mail.welcome_letter import EXPIRES_DAYS
from portal.models.ground.person import first_of


class Addressee(Protocol):
    """The holder of the account a letter is about: a name, one address, a language. A `discreet` one gets it from
    "Portal", and neither the name of the practice nor its number stands in it."""

    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def discreet(self) -> bool: ...


def reset(to: Addressee, *, link: str, staff: bool = False) -> Letter:
    """Return the letter with the way to a new password, for an account or for a member of staff; the link lives 24
    hours."""
    return account_letter(
        to,
        "reset",
        "A new password for your staff account at {practice}"
        if staff
        else "A new password for your account at {practice}",
        "Choose a new password",
        "A new password was asked for, for your staff account at {practice}. Choose one here:"
        if staff
        else "A new password was asked for, for your account at {practice}. Choose one here:",
        "The link works once, within 24 hours. If you didn’t ask for it, there is nothing you need to do: "
        "your password stays as it is.",
        "If something doesn’t work, call us at {phone}.",
        link=link,
    )


def password_changed(to: Addressee, staff: bool = False) -> Letter:
    return account_letter(
        to,
        "password_changed",
        "Your password at {practice} was changed",
        None,
        "The password of your staff account at {practice} was changed just now."
        if staff
        else "The password of your account at {practice} was changed just now.",
        "If that was you, all is well. If it wasn’t, call us at {phone} right away.",
    )


def address_changed(to: Addressee, *, link: str) -> Letter:
    """Return the letter to the new address, when staff have put a wrong one right."""
    return account_letter(
        to,
        "address_changed",
        "Your account at {practice} has changed",
        "Sign in",
        "Our emails to you came back, so {practice} has corrected your address to this one. From now on you "
        "sign in with it; your password stays as it is.",
        "If you didn’t expect this, call us at {phone}.",
        link=link,
    )


def address_moved(to: Addressee, *, before: str) -> Letter:
    """Return the letter to the old address, when staff have changed it; the new one is not named, for somebody else may
    read there."""
    letter = account_letter(
        to,
        "address_moved",
        "Your account at {practice} has changed",
        None,
        "{practice} has changed the address you sign in with. From now on our emails go to the new one.",
        "If you know about this, all is well. If you don’t, call us at {phone} right away.",
    )
    return dataclasses.replace(letter, to=before)


def access_linked(to: Addressee, *, who: str, link: str) -> Letter:
    """Return the letter about another profile that the account now opens. `who` is its first name; the link leads to
    signing in."""
    return account_letter(
        to,
        "access_linked",
        "Your account at {practice} has changed",
        "Sign in",
        "Your account at {practice} now opens the pages of {who}, too. Sign in as you always do:",
        "If you didn’t expect this, call us at {phone}.",
        who=who,
        link=link,
    )


def to_confirm(to: Addressee, *, link: str) -> Letter:
    """Return the letter to an account that is offered access; it does not say to which client. The link leads to
    signing in."""
    return account_letter(
        to,
        "to_confirm",
        "Something to confirm at {practice}",
        "Sign in",
        "There is something for you to confirm at {practice}. Sign in as you always do; it is on your first page:",
        "It can be confirmed for {expires}. If you didn’t expect this, call us at {phone}.",
        link=link,
        expires=days_in_words(to.language, EXPIRES_DAYS),
    )


def access_ended(to: Addressee, *, who: str | None = None) -> Letter:
    """Return the letter about a profile that the account no longer opens. `who` is its first name; None where several
    are meant."""
    return account_letter(
        to,
        "access_ended",
        "Your account at {practice} has changed",
        None,
        "Your account at {practice} no longer opens the pages of {who}."
        if who
        else "Your account at {practice} no longer opens some or all of its pages.",
        "If you didn’t expect this, call us at {phone}.",
        who=who or "",
    )


def unread(to: Addressee, *, link: str) -> Letter:
    """Return the letter that there is something new: no number, no word of it, nor from whom or about whom."""
    return account_letter(
        to,
        "unread",
        "Something new for you at {practice}",
        "Sign in",
        "There is something new for you at {practice}. Sign in to read it:",
        "For your privacy our emails never say what they are about. You choose when we write to you, and whether "
        "at all: sign in, open the menu with your name, or “More”, and choose “Notices to you”.",
        "Please don’t reply to this email: nobody reads the replies.",
        link=link,
    )


def account_letter(
    to: Addressee, kind: str, subject: str, button: str | None, *paragraphs: str, **values: str
) -> Letter:
    """Return a letter to the holder of an account, as discreet as they want it: the name on top, the practice at the
    end, and the button, where there is one, after the first paragraph."""
    language = to.language
    first, *others = (say(language, text) for text in paragraphs)
    link = ["{link}"] if button else []
    whole = [say(language, "Hello {name},"), first, *link, *others, "{practice}"]
    values |= {"name": first_of(to.name)}
    if to.discreet:
        values |= {"practice": say(language, "Portal"), "phone": say(language, "our office")}
    label = say(language, button) if button else ""
    letter = compose(language, say(language, subject), whole, values, to.email, kind, label)
    return dataclasses.replace(letter, sender=values["practice"]) if to.discreet else letter


NAMES = {
    "welcome": "Welcome email",
    "sample": "Sample of the welcome email",
    "reset": "Link to a new password",
    "password_changed": "Password changed",
    "address_changed": "Address corrected",
    "address_moved": "Address changed (sent to the old one)",
    "access_linked": "Access added",
    "to_confirm": "Something to confirm",
    "access_ended": "Access ended",
    "unread": "Something new to read",
}


def name_of(language: str, kind: str) -> str:
    """Return a letter's name, for lists."""
    return say(language, NAMES.get(kind, "Email"))
