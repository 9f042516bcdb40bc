"""The devices that are told while no page is open, as their person sees them."""

import json
from uuid import UUID

from portal.facts import PushDevicesChanged
from portal.language import at_in_words, say
from portal.models.ground.record import UNREADABLE, opened
from portal.models.notices.devices import PushDevice, devices_of
from portal.regions import Context, region
from portal.regions.notices.notices import notices_of
from portal.regions.phrases import zone
from portal.viewer import Viewer


@region("devices", "notices/_devices.html", side="both", needs=None, on=(PushDevicesChanged,), element="devices")
async def devices(viewer: Viewer, person: UUID) -> Context | None:
    """Show the devices that are told while no page is open."""
    if person != viewer.id:
        return None
    return {
        "rows": [
            {
                "id": device.id,
                "name": _browser(viewer.language, _agent(device)),
                "since": at_in_words(device.added_at, zone(), viewer.language),
            }
            for device in await devices_of(viewer.see(PushDevice))
        ],
        "remove_action": f"{notices_of(viewer)}/devices/removal",
    }


# By what a browser says of itself. Several say the names of others too, hence the order.
_BROWSERS = {"Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet", "Firefox": "Firefox"}
_BROWSERS |= {"Chrome": "Chrome", "Safari": "Safari"}
_MACHINES = {"iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows"}
_MACHINES |= {"Macintosh": "Mac", "CrOS": "Chromebook", "Linux": "Linux"}


def _agent(device: PushDevice) -> str:
    """Return the name a browser gives itself; nothing where it can't be opened, so that the device can still be taken
    away."""
    text = opened(PushDevice, "subscription_sealed", device.id, device.subscription_sealed)
    return "" if text == UNREADABLE else str(json.loads(text).get("agent", ""))


def _browser(language: str, agent: str) -> str:
    """A browser as people call it."""
    names = [next((name for part, name in known.items() if part in agent), "") for known in (_BROWSERS, _MACHINES)]
    return ", ".join(filter(None, names)) or say(language, "A browser")
