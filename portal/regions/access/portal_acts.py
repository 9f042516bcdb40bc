"""The buttons of the chart's Portal tab: what can be done about access now, and why something can't yet."""

from typing import Any

from portal.language import at_in_words, say
from portal.models.access.candidate_holder import hindrance
from portal.models.access.portal_status import PortalStatus, linkable, next_send
from portal.models.access.reset import clients_acted_for
from portal.regions.phrases import zone
from portal.viewer import Viewer


async def acts_of(viewer: Viewer, status: PortalStatus, may: bool) -> list[dict[str, Any]]:
    """Return the buttons, each with why it can't be pressed yet."""
    language, acts = viewer.language, []
    denied = None if may else say(language, "Your role doesn’t include managing portal access.")

    def act(name: str, label: str, opens: str, why: str | None = None, **more: Any) -> None:
        reason = denied or (say(language, why) if why else None)
        acts.append(
            {
                "name": name,
                "label": say(language, label),
                "opens": opens,
                "action": None,
                "why": reason,
                "danger": False,
                "until": None,
            }
            | more
        )

    invited = status.invitation is not None
    nothing = None
    if not status.portal_on:
        nothing = "The portal is switched off for the practice."
    else:
        reasons = [await hindrance(status.client, holder) for holder in status.holders]
        if all(reasons):
            nothing = reasons[0]
    if status.state == "locked":
        act("unlock", "Lift the lock", "dialog-unlock")
    # Beside one who has an account another may be invited: a teenager beside her mother.
    others = status.accounts and not nothing
    if not status.accounts or invited or others:
        wait = (
            await next_send(status.client.id, status.invitation.contact_link_id)
            if status.invitation is not None
            else None
        )
        act(
            "resend" if invited else "send",
            "Resend welcome email" if invited else "Send welcome email",
            "dialog-resend" if invited else "dialog-send",
            nothing,
        )
        if wait and not nothing and not denied:
            acts[-1] |= {
                "why": say(language, "It can be sent again %(when)s.", when=at_in_words(wait, zone(), viewer.language)),
                "until": int(wait.timestamp() * 1000),
            }
    act(
        "reset",
        "Reset client's portal password",
        "dialog-reset",
        None
        if status.accounts
        else "Access was removed. Give it back first."
        if status.past
        else "There is no account yet, so there is no password to reset.",
    )
    offers = await linkable(status.client)
    act(
        "link",
        "Link client to portal account",
        "dialog-link",
        None
        if offers
        else "It was offered already, and waits to be confirmed."
        if status.offers
        else "No other account has this client’s email, or a contact’s.",
    )
    if status.returnable:
        act("give_back", "Give access back", "dialog-give_back")
        if status.state == "removed":
            acts.insert(0, acts.pop())  # the one thing to do comes first
    if status.accounts:
        several = any([len(await clients_acted_for(a["id"])) > 1 for a in status.accounts])
        act(
            "remove",
            "Remove access to this client" if several else "Remove client's access",
            "dialog-remove",
            danger=True,
        )
        if several:
            act("remove_all", "Remove access to all clients", "dialog-remove_all", danger=True)
    elif invited:
        act("withdraw", "Withdraw the invitation", "dialog-withdraw", danger=True)
    return acts
