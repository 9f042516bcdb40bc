"""The acts of the chart's Portal tab: what can be done about one person's way onto the portal now, and what each asks
first, naming the person and the consequence."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.language import at_in_words, listed, say
from portal.models.access.account import Access, PortalAccount
from portal.models.access.portal_status import PortalPerson, PortalStatus
from portal.models.access.reset import clients_acted_for
from portal.models.ground.person import first_of
from portal.models.ground.record import live
from portal.models.practice.practice import the_practice
from portal.regions.phrases import zone
from portal.settings import settings
from portal.viewer import Viewer


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


async def acts_of(
    viewer: Viewer, status: PortalStatus, person: PortalPerson, others: OtherClients
) -> list[dict[str, Any]]:
    """Return what can be done about somebody now, the first thing first: as a row's button (name, label, href or the
    dialog it opens, until when it waits and why), and as its question (path, title, lines, what the form says)."""
    language, client = viewer.language, status.client
    name, who, holder = client.first_name, person.name, person.holder
    practice = await the_practice()
    acts: list[dict[str, Any]] = []

    def act(kind: str, label: str, path: str, title: str, lines: list[str], confirm: str, **more: Any) -> None:
        acts.append(
            {
                "name": kind,
                "id": f"{kind}-{person.key}",
                "opens": f"dialog-{kind}-{person.key}",
                "label": label,
                "path": path,
                "title": title,
                "lines": lines,
                "confirm": confirm,
                "form": {"holder": holder},
                "first": False,
                "danger": False,
                "href": None,
                "why": None,
                "until": None,
                "language": None,
                "preview": None,
                "warns": None,
            }
            | more
        )

    def letter(kind: str, label: str, title: str, line: str, chosen: str, **more: Any) -> None:
        """One that sends the welcome email."""
        lines = [line]
        if person.link:
            lines.append(say(language, "The date of birth asked for is %(name)s’s.", name=name))
        act(
            kind,
            label,
            "invitations",
            title,
            lines,
            say(language, "Send welcome email") if kind == "send" else say(language, "Resend welcome email"),
            language=chosen,
            preview=f"letter?holder={holder}",
            warns=None
            if settings().smtp_url
            else say(language, "No mail server is set up: the email waits here until there is one."),
            **more,
        )

    invitation, offer, account = person.invitation, person.offer, person.access
    if invitation is not None and invitation.locked_at is not None:
        act(
            "unlock",
            say(language, "Lift the lock"),
            "unlocking",
            say(language, "Lift the lock for %(name)s?", name=who),
            [say(language, "The link works again, with five new tries. Be sure that you spoke with the right person.")],
            say(language, "Lift the lock"),
            first=True,
        )
    if person.linkable is not None:
        await _link(viewer, status, person, others, act)
    if account is None and person.acts and person.hindrance is None and status.portal_on:
        to = say(language, "It goes to %(email)s and holds a link that works once, for 7 days.", email=person.email)
        if invitation is None and offer is None:
            letter(
                "send",
                say(language, "Send welcome email"),
                say(language, "Send the welcome email to %(name)s?", name=who),
                to,
                practice.language,
                first=not person.returnable,
            )
        elif invitation is not None:
            wait = person.next_letter
            letter(
                "resend",
                say(language, "Resend"),
                say(language, "Send the welcome email to %(name)s again?", name=who),
                to + " " + say(language, "The link in the earlier email stops working."),
                invitation.language,
                first=person.state == "expired" and not wait,
                until=int(wait.timestamp() * 1000) if wait else None,
                why=say(language, "It can be sent again %(when)s.", when=at_in_words(wait, zone(), language))
                if wait
                else None,
            )
    if invitation is not None:
        act(
            "undo",
            say(language, "Undo invitation"),
            "withdrawal",
            say(language, "Undo the invitation of %(name)s?", name=who),
            [say(language, "The link in the email stops working now. They can be invited again.")],
            say(language, "Undo invitation"),
            danger=True,
        )
    if offer is not None:
        chosen = {"holder": str(offer.account_id)}
        if offer.locked_at is not None:
            act(
                "unlock-offer",
                say(language, "Lift the lock"),
                "offers/unlocking",
                say(language, "Lift the lock for %(name)s?", name=who),
                [say(language, "There are five new tries. Be sure that you spoke with the right person.")],
                say(language, "Lift the lock"),
                form=chosen,
                first=True,
            )
        act(
            "withdraw-offer",
            say(language, "Withdraw the offer"),
            "offers/withdrawal",
            say(language, "Withdraw the offer to %(name)s?", name=who),
            [say(language, "Nobody can confirm it any more. It can be offered again.")],
            say(language, "Withdraw the offer"),
            form=chosen,
            danger=True,
        )
    if account is not None:
        await _of_account(viewer, status, person, others, act)
    if person.returnable and account is None and person.past is not None:
        act(
            "give-back",
            say(language, "Give access back"),
            "accesses",
            say(language, "Give %(who)s access to %(name)s again?", who=who, name=name),
            [say(language, "%(who)s can see %(name)s’s record again, and is told by email.", who=who, name=name)],
            say(language, "Give access back"),
            form={"holder": str(person.past["id"])},
            first=True,
        )
    return acts


async def _link(viewer: Viewer, status: PortalStatus, person: PortalPerson, others: OtherClients, act: Any) -> None:
    """Add the act that links somebody to an account that signs in with their email."""
    language, name, account = viewer.language, status.client.first_name, person.linkable
    assert account is not None
    label = await account_label(viewer, account)
    text = (
        "Its holder is told by email that there is something to confirm. With %(name)s’s date of birth, given within "
        "seven days, access begins; before that nothing is shown, not even the name."
        if (await the_practice()).confirm_links
        else "The account can see %(name)s from its next page on, and its holder is told by email."
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
    act(
        "link",
        say(language, "Link %(name)s to it", name=name),
        "accesses",
        say(language, "Link %(name)s to the account of %(account)s?", name=name, account=label),
        [say(language, "It signs in with %(email)s.", email=account["email"]), say(language, text, name=name)],
        say(language, "Link to this account"),
        form={"account": str(account["id"]), "person": person.holder},
        first=True,
        warns=warns,
    )


async def _of_account(
    viewer: Viewer, status: PortalStatus, person: PortalPerson, others: OtherClients, act: Any
) -> None:
    """Add what can be done about an account that has access."""
    language, name, who, account = viewer.language, status.client.first_name, person.name, person.access
    assert account is not None
    form = {"holder": str(account["id"])}
    if account["sees"]:
        label = say(language, "View as %(name)s", name=first_of(who))
        act("view", label, "", "", [], "", href=f"/staff/clients/{status.client.id}/as/{account['id']}/home")
    act(
        "reset",
        say(language, "Reset password"),
        "resets",
        say(language, "Reset %(name)s’s portal password?", name=who),
        [
            say(
                language,
                "%(name)s gets an email at %(email)s with a link to choose a new password. It works once, within 24 "
                "hours. The present password keeps working until then.",
                name=who,
                email=account["email"],
            )
        ],
        say(language, "Send reset email"),
        form=form,
    )
    act(
        "remove",
        say(language, "Remove access"),
        "removals",
        say(language, "Remove %(who)s’s access to %(name)s’s record?", who=who, name=name),
        [
            say(
                language,
                "%(who)s will be signed out of %(name)s’s record now, on every device. Other clients of the account "
                "aren’t affected. Access can be given back.",
                who=who,
                name=name,
            )
        ],
        say(language, "Remove access"),
        form=form,
        danger=True,
    )
    if len(await clients_acted_for(account["id"])) > 1:
        seen = [name, *(row["first_name"] for row in others.of(account["id"]))]
        act(
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
            say(language, "Remove access to all clients"),
            form=form,
            danger=True,
        )
