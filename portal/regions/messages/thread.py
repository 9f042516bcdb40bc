"""One conversation: found for a region that is about it, and the words it is called by."""

from uuid import UUID

from portal.language import say
from portal.models.ground.record import Kind
from portal.models.messages.conversation import Conversation
from portal.regions.phrases import audience_label
from portal.viewer import Viewer


async def thread_of(viewer: Viewer, client: UUID, conversation: UUID) -> Conversation | None:
    """Return the conversation, where the viewer sees it and it is about this client."""
    thread = await viewer.see(Conversation).find(conversation)
    return thread if thread is not None and thread.client_id == client else None


def confidential_line(language: str) -> str:
    return say(language, "Parents and guardians can’t see this conversation.")


def title_of(viewer: Viewer, audience: str, confidential: bool, first_name: str, name: str) -> str:
    language = viewer.language
    if viewer.kind is Kind.STAFF:
        return f"{name}, {audience_label(language, audience).lower()}"
    if confidential:
        return say(language, "Just you and your care team")
    if audience == "clinical":
        return say(language, "%(name)s’s care team", name=first_name)
    if audience == "billing":
        return say(language, "Billing for %(name)s", name=first_name)
    return say(language, "The office, about %(name)s", name=first_name)
