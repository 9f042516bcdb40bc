"""The archive: a chart is put away, and taken out again."""

from portal import clock
from portal.facts import ClientArchived, ClientRestored
from portal.models.access.invitation import end_all_invitations
from portal.models.ground.fact import announce
from portal.models.people.client import Client


async def archive_client(client: Client) -> None:
    """Put the chart away. Portal access pauses until the client is restored; links on their way end."""
    await client.hold()
    if client.archived_at is None:
        client.archived_at = clock.now()
        await client.save(update_fields=["archived_at"])
        await end_all_invitations(client.id, "withdrawn")
        await announce(ClientArchived(client=client.id))


async def restore_client(client: Client) -> None:
    """Take the chart out again. Portal access goes on; links that ended stay so."""
    await client.hold()
    if client.archived_at is not None:
        client.archived_at = None
        await client.save(update_fields=["archived_at"])
        await announce(ClientRestored(client=client.id))
