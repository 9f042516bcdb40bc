"""The acts of the chart's Portal tab: what can be done about one person's way onto the portal now, and what each asks
first, naming the person and the consequence."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.language import at_in_words, listed, say
from portal.models.access.account import Access, PortalAccount
from portal.models.access.invitation import Invitation
from portal.models.access.portal_status import PortalPerson, PortalStatus
from portal.models.access.reset import clients_acted_for
from portal.models.ground.person import first_of
from portal.models.ground.record import live
from portal.models.practice.practice import the_practice
from portal.regions.phrases import zone
from portal.settings import settings
from portal.viewer import Viewer

Act = dict[str, Any]


@dataclass(frozen=True)
class OtherClients:
    """The other clients whom the accounts of a chart act for, of those the viewer may see."""

    rows: list[dict[str, Any]]

    def of(self, account: UUID, among: list[UUID] | None = None) -> list[dict[str, Any]]:
        return [
            row for row in self.rows if row["account_id"] == account and (among is None or row["client_id"] in among)
        ]


async def other_clients(viewer: Viewer, status: PortalStatus) -> OtherClients:
    candidates = [person.linkable for person in status.people if person.linkable]
    return OtherClients(
        await viewer.see(Access)
        .where("r.account_id = any(:accounts)", accounts=[one["id"] for one in [*status.accounts, *candidates]])
        .where("r.client_id <> :this", this=status.client.id)
        .where(live("r"))
        .join("join client c on c.id = r.client_id")
        .order("c.sorting, r.id")
        .columns("r.account_id, r.client_id, c.first_name")
    )


async def account_label(viewer: Viewer, account: dict[str, Any] | None) -> str:
    """Return an account that could be linked by its holder's name, or by its address alone: staff need not know whose
    it is, unless they may see one of its clients."""
    if account is None:
        return ""
    found = await viewer.see(PortalAccount).find(account["id"])
    return found.name if found else str(account["email"])


async def acts_of(viewer: Viewer, status: PortalStatus, person: PortalPerson, others: OtherClients) -> list[Act]:
    """Return what can be done about somebody now, the first thing first: each with its button in their row and with
    the question that it asks. See `_act`."""
    language = viewer.language
    acts: list[Act] = []
    if person.invitation is not None and person.invitation.locked_at is not None:
        acts.append(_lift_lock(language, person))
    if person.linkable is not None:
        acts.append(await _link(viewer, status, person, person.linkable, others))
    if person.access is None and person.acts and person.hindrance is None and status.portal_on:
        acts += await _letters(language, status, person)
    if person.invitation is not None:
        acts.append(_undo(language, person))
    if person.offer is not None:
        acts += _of_offer(language, person, person.offer)
    if person.access is not None:
        acts += await _of_account(language, status, person, person.access, others)
    elif person.returnable and person.past is not None:
        acts.append(_give_back(language, status, person, person.past))
    return acts


def _act(person: PortalPerson, name: str, label: str, path: str, title: str, lines: list[str], **more: Any) -> Act:
    """Return an act: its `label` in the row; `path`, where it is posted, below the tab's; the question's `title`,
    `lines`, button (`confirm`) and the `form` it sends. `first`: what is likely wanted; `danger`: it ends something;
    `until` and `why`: when it may be done. A letter has a `language` and a `preview`. `warns` of what is easily
    overlooked."""
    defaults = {
        "confirm": label,
        "form": {"holder": person.holder},
        "first": False,
        "danger": False,
        "href": None,
        "why": None,
        "until": None,
        "language": None,
        "preview": None,
        "warns": None,
    }
    return (
        {
            "name": name,
            "id": f"{name}-{person.key}",
            "opens": f"dialog-{name}-{person.key}",
            "label": label,
            "path": path,
            "title": title,
            "lines": lines,
        }
        | defaults
        | more
    )


# --- On the way ------------------------------------------------------------------------------------


def _lift_lock(language: str, person: PortalPerson) -> Act:
    return _act(
        person,
        "unlock",
        say(language, "Lift the lock"),
        "unlocking",
        say(language, "Lift the lock for %(name)s?", name=person.name),
        [say(language, "The link works again, with five new tries. Be sure that you spoke with the right person.")],
        first=True,
    )


async def _letters(language: str, status: PortalStatus, person: PortalPerson) -> list[Act]:
    """Return how the welcome email is sent, or sent again."""
    goes = say(language, "It goes to %(email)s and holds a link that works once, for 7 days.", email=person.email)
    lines = (
        [say(language, "The date of birth asked for is %(name)s’s.", name=status.client.first_name)]
        if person.link
        else []
    )
    letter = {
        "preview": f"letter?holder={person.holder}",
        "warns": None
        if settings().smtp_url
        else say(language, "No mail server is set up: the email waits here until there is one."),
    }
    invitation, wait = person.invitation, person.next_letter
    if invitation is None and person.offer is None:
        return [
            _act(
                person,
                "send",
                say(language, "Send welcome email"),
                "invitations",
                say(language, "Send the welcome email to %(name)s?", name=person.name),
                [goes, *lines],
                language=(await the_practice()).language,
                first=not person.returnable,
                **letter,
            )
        ]
    if invitation is None:
        return []
    return [
        _act(
            person,
            "resend",
            say(language, "Resend"),
            "invitations",
            say(language, "Send the welcome email to %(name)s again?", name=person.name),
            [goes, say(language, "The link in the earlier email stops working."), *lines],
            confirm=say(language, "Resend welcome email"),
            language=invitation.language,
            first=person.state == "expired" and wait is None,
            until=int(wait.timestamp() * 1000) if wait else None,
            why=say(language, "It can be sent again %(when)s.", when=at_in_words(wait, zone(), language))
            if wait
            else None,
            **letter,
        )
    ]


def _undo(language: str, person: PortalPerson) -> Act:
    return _act(
        person,
        "undo",
        say(language, "Undo invitation"),
        "withdrawal",
        say(language, "Undo the invitation of %(name)s?", name=person.name),
        [say(language, "The link in the email stops working now. They can be invited again.")],
        danger=True,
    )


# --- Accounts that are there already --------------------------------------------------------------


async def _link(
    viewer: Viewer, status: PortalStatus, person: PortalPerson, account: dict[str, Any], others: OtherClients
) -> Act:
    language, name = viewer.language, status.client.first_name
    text = (
        "The account’s holder gets an email that there is something to confirm. Access starts once they give "
        "%(name)s’s date of birth, within seven days. Until then nothing is shown, not even the name."
        if (await the_practice()).confirm_links
        else "The account can see %(name)s from its next page on, and its holder gets an email."
    )
    warns = None
    if account["in_person"]:
        seen = [row["first_name"] for row in others.of(account["id"], account["in_person"])]
        warns = say(
            language,
            "It is the account of %(other)s in person. Whoever signs in with it reads everything of %(other)s and of "
            "%(name)s. Two adults who each want their own need two emails.",
            other=listed(language, seen) or say(language, "another client"),
            name=name,
        )
    return _act(
        person,
        "link",
        say(language, "Link %(name)s to it", name=name),
        "accesses",
        say(
            language,
            "Link %(name)s to the account of %(account)s?",
            name=name,
            account=await account_label(viewer, account),
        ),
        [say(language, "It signs in with %(email)s.", email=account["email"]), say(language, text, name=name)],
        confirm=say(language, "Link to this account"),
        form={"account": str(account["id"]), "person": person.holder},
        first=True,
        warns=warns,
    )


def _of_offer(language: str, person: PortalPerson, offer: Invitation) -> list[Act]:
    form = {"holder": str(offer.account_id)}
    lift = _act(
        person,
        "unlock-offer",
        say(language, "Lift the lock"),
        "offers/unlocking",
        say(language, "Lift the lock for %(name)s?", name=person.name),
        [say(language, "There are five new tries. Be sure that you spoke with the right person.")],
        form=form,
        first=True,
    )
    withdraw = _act(
        person,
        "withdraw-offer",
        say(language, "Withdraw the offer"),
        "offers/withdrawal",
        say(language, "Withdraw the offer to %(name)s?", name=person.name),
        [say(language, "Nobody can confirm it any more. It can be offered again.")],
        form=form,
        danger=True,
    )
    return [lift, withdraw] if offer.locked_at is not None else [withdraw]


async def _of_account(
    language: str, status: PortalStatus, person: PortalPerson, account: dict[str, Any], others: OtherClients
) -> list[Act]:
    """Return what can be done about an account that has access."""
    name, who, form = status.client.first_name, person.name, {"holder": str(account["id"])}
    acts = []
    if account["sees"]:
        label = say(language, "View as %(name)s", name=first_of(who))
        href = f"/staff/clients/{status.client.id}/as/{account['id']}/home"
        acts.append(_act(person, "view", label, "", "", [], href=href))
    acts.append(
        _act(
            person,
            "reset",
            say(language, "Reset password"),
            "resets",
            say(language, "Reset %(name)s’s portal password?", name=who),
            [
                say(
                    language,
                    "%(name)s gets an email at %(email)s with a link to choose a new password. It works once, within "
                    "24 hours. The present password keeps working until then.",
                    name=who,
                    email=account["email"],
                )
            ],
            confirm=say(language, "Send reset email"),
            form=form,
        )
    )
    acts.append(
        _act(
            person,
            "remove",
            say(language, "Remove access"),
            "removals",
            say(language, "Remove %(who)s’s access to %(name)s’s record?", who=who, name=name),
            [
                say(
                    language,
                    "%(who)s will be signed out of %(name)s’s record now, on every device. Other clients of the "
                    "account aren’t affected. Access can be given back.",
                    who=who,
                    name=name,
                )
            ],
            form=form,
            danger=True,
        )
    )
    if len(await clients_acted_for(account["id"])) > 1:
        seen = [name, *(row["first_name"] for row in others.of(account["id"]))]
        acts.append(
            _act(
                person,
                "remove-all",
                say(language, "Remove access to all clients"),
                "removals/all",
                say(language, "Remove %(who)s’s access to all clients?", who=who),
                [
                    say(
                        language,
                        "%(who)s will be signed out now and can no longer see %(names)s.",
                        who=who,
                        names=listed(language, seen),
                    )
                ],
                form=form,
                danger=True,
            )
        )
    return acts


def _give_back(language: str, status: PortalStatus, person: PortalPerson, past: dict[str, Any]) -> Act:
    name, who = status.client.first_name, person.name
    return _act(
        person,
        "give-back",
        say(language, "Give access back"),
        "accesses",
        say(language, "Give %(who)s access to %(name)s again?", who=who, name=name),
        [say(language, "%(who)s can see %(name)s’s record again, and is told by email.", who=who, name=name)],
        form={"holder": str(past["id"])},
        first=True,
    )
