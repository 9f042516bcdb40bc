"""The gate: how many sockets one network may have on this worker, checked before anything is looked up for another."""

import contextlib
import ipaddress
from collections import Counter
from collections.abc import Iterator
from time import monotonic

from portal.models.ground.throttle import WIDER, Network, network_of

MINUTE = 60.0  # seconds
KNOCKS = 5  # times as many tries in a minute as may be open: all of them can come back at once, and again


class Gate:
    """A count by network, as all limits are: each line for itself, and with a higher limit a whole site."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.open: Counter[str] = Counter()
        self.knocks: Counter[str] = Counter()
        self.until = 0.0

    @contextlib.contextmanager
    def passing(self, address: str) -> Iterator[bool]:
        """Tell whether one more may come in from this address; while it is in, it counts."""
        places = list(self._places(network_of(address))) if _tells_people_apart(address) else []
        if monotonic() >= self.until:
            # What is counted never outlives its minute, so nobody fills the memory with networks.
            self.knocks.clear()
            self.until = monotonic() + MINUTE
        self.knocks.update(place for place, _ in places)
        if any(self.open[place] >= most or self.knocks[place] > most * KNOCKS for place, most in places):
            yield False
            return
        self.open.update(place for place, _ in places)
        try:
            yield True
        finally:
            for place, _ in places:
                self.open[place] -= 1
                if not self.open[place]:
                    del self.open[place]

    def _places(self, network: Network) -> Iterator[tuple[str, int]]:
        yield network.near, self.most
        if network.wide:
            yield network.wide, self.most * WIDER


def _tells_people_apart(address: str) -> bool:
    """Tell whether an address is one network's. A proxy on this machine that is not trusted to say who asks has
    everybody behind it: no one's limit."""
    try:
        return not ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return True
