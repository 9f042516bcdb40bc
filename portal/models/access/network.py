"""The contact network: whether contacts act for a client at all, and the people who hear when that changes."""

from portal.facts import ContactNetworkSwitched, ContactsChanged
from portal.models.access.invitation import end_contact_invitations
from portal.models.ground.fact import announce
from portal.models.people.client import Client
from portal.models.people.contact import ContactLink
from portal.models.practice.practice import Practice, hold_practice


async def switch_network(client: Client, on: bool) -> None:
    """Switch the contact network of one client on or off. Off, no contact acts for them, and links on their way to
    contacts end; each contact's rights are kept for when it is on again. The people concerned hear of it."""
    await client.hold()
    if client.contact_network == on:
        return
    client.contact_network = on
    await client.save(update_fields=["contact_network"])
    if not on:
        await end_contact_invitations(client.id)
    await announce(ContactsChanged(client=client.id))
    for link in await ContactLink.filter(client_id=client.id):
        if link.holds_now:
            await link.tell_those_concerned()


async def switch_all_networks(on: bool) -> None:
    """Switch the contact network of the whole practice; each client's own switch stays as it is."""
    practice = await hold_practice()
    if practice.contact_network == on:
        return
    await practice.keep(contact_network=on)
    if not on:
        await end_contact_invitations(None)
    await announce(ContactNetworkSwitched())


def network_of(practice: Practice, client: Client) -> str:
    """Tell whether contacts act for this client: on, or off for the client or for the whole practice."""
    if not practice.contact_network:
        return "practice"
    return "on" if client.contact_network else "client"
