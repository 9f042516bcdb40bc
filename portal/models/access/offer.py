"""Offers: access for an account that is there already, which begins when its holder has confirmed it. An offer is an
invitation that names the account instead of a link."""

import secrets
from uuid import UUID

from portal import clock
from portal.crypto import digest
from portal.facts import InvitationExpired, InvitationSent
from portal.models.access.account import Access, PortalAccount
from portal.models.access.candidate_holder import CannotInvite, as_on_file, missing_for
from portal.models.access.invitation import LIVES, Invitation, end_invitations, grant, outstanding
from portal.models.ground.fact import announce
from portal.models.ground.moment import Moment
from portal.models.ground.person import canonical_email
from portal.models.notices.kinds import NoticeKind
from portal.models.notices.notice import tell
from portal.models.people.client import Client


async def offer_access(client: Client, account: PortalAccount, link: UUID | None, by: UUID) -> Invitation:
    """Offer access to an account that is there already: it begins when its holder has given the date of birth.
    Until then nothing of the client is shown to them. Raises CannotInvite."""
    holder = await as_on_file(client, link)
    await account.hold()
    if missing := missing_for(client, holder):
        raise CannotInvite(missing[0])
    if holder.email is None or canonical_email(holder.email) != account.email_key:
        raise CannotInvite("That account has changed in the meantime. Reload the page and look again.")
    await end_invitations(client.id, link, "replaced")
    offer = await Invitation.create(
        client_id=client.id,
        contact_link_id=link,
        account_id=account.id,
        email=account.email,
        email_key=account.email_key,
        token_hash=digest(secrets.token_urlsafe(32)),  # no link leads here: signing in does
        language=account.language,
        sent_by=by,
        sent_at=clock.now(),
        expires_at=clock.now() + LIVES,
    )
    await announce(InvitationSent(client=client.id, account=account.id))
    await Moment.plan(offer.expires_at, InvitationExpired(client=client.id, account=account.id))
    await tell(NoticeKind.TO_CONFIRM, accounts=[account.id], record=offer.id)
    return offer


async def open_offers(client: UUID) -> list[Invitation]:
    """Return the offers that holders of accounts are to confirm, or are locked out of, and can still."""
    return await outstanding(client, "i.account_id is not null and i.expires_at > :now")


async def hold_for(offer: Invitation) -> PortalAccount:
    """Hold the client and the account of an offer, before the offer itself: the order in which one is made."""
    assert offer.account_id is not None
    await Client.lock(offer.client_id)
    return await (await PortalAccount.get(id=offer.account_id)).hold()


async def confirm_offer(offer: Invitation) -> Access | None:
    """Begin access, because the holder of the account gave the date of birth. None where it was confirmed already, or
    the account has another address than the one it was offered to."""
    account = await hold_for(offer)
    if account.email_key != offer.email_key or not await offer.use():
        return None
    return await grant(account.id, offer.client_id, offer.contact_link_id, by=offer.sent_by)
