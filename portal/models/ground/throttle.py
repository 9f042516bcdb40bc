"""Limits on how often something is tried, and from which network: counted in rows that name neither who nor where.

WRONG_CODES = Limit("start", 20, dt.timedelta(minutes=10))
if not await WRONG_CODES.is_reached(network):
    ...
    await WRONG_CODES.count(network)
"""

import datetime as dt
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple
from uuid import UUID

from portal import clock, crypto
from portal.models.ground import sql

WIDER = 8  # times as many tries for a whole site's addresses (/48) as for one line's (/64)
_TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64: an IPv4 address in the last 32 bits (RFC 6052)


class Network(NamedTuple):
    """The network a request comes from, as limits count it: an IPv4 address, or an IPv6 network of one line and the
    wider one of its site. Anybody with one IPv6 address has 2^64 of them, and often 65,536 times as many."""

    near: str
    wide: str = ""


def network_of(address: str) -> Network:
    """Return the network of an address. An IPv4 address that is written as an IPv6 one counts as itself; text that is
    no address counts as one network of its own."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return Network(address[:100])
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip in _TRANSLATED:
            ip = IPv4Address(int(ip) & 0xFFFFFFFF)
    if isinstance(ip, IPv4Address):
        return Network(str(ip))
    return Network(*(str(IPv6Network((ip, bits), strict=False)) for bits in (64, 48)))


@dataclass(frozen=True)
class Limit:
    """A number of tries within a time, each counted for an email address, a record or a network."""

    name: str
    most: int
    within: dt.timedelta

    async def count(self, of: Network | UUID | str) -> bool:
        """Count one try more; return whether it is still allowed. One statement a row, so that parallel tries share no
        count."""
        within = True
        for key, most in self._rows(of):
            within = await _count(key, self.within) <= most and within
        return within

    async def is_reached(self, of: Network | UUID | str) -> bool:
        """Tell whether as many were counted as are allowed."""
        most = dict(self._rows(of))
        counted = await sql.rows(
            "select key, count from throttle where key = any(:keys) and until_at > :now",
            keys=list(most),
            now=clock.now(),
        )
        return any(row["count"] >= most[row["key"]] for row in counted)

    async def give_back(self, of: Network | UUID | str) -> None:
        """Take back a try that should not have been counted."""
        await sql.rows(
            "update throttle set count = count - 1 where key = any(:keys) and count > 0",
            keys=[key for key, _ in self._rows(of)],
        )

    async def forget(self, of: Network | UUID | str) -> None:
        """Begin to count anew."""
        await sql.rows("delete from throttle where key = any(:keys)", keys=[key for key, _ in self._rows(of)])

    def _rows(self, of: Network | UUID | str) -> list[tuple[str, int]]:
        """Return the keys under which tries are counted, each with how many are allowed."""
        if not isinstance(of, Network):
            return [(self._key(str(of)), self.most)]
        near, wide = (self._key(of.near), self.most), (self._key(of.wide), self.most * WIDER)
        return [near, wide] if of.wide else [near]

    def _key(self, of: str) -> str:
        return f"{self.name}:{crypto.ring().mark('throttle', of)}"


async def tally(name: str, of: str, within: dt.timedelta) -> int:
    """Count once more, and return how often it was within this time."""
    return await _count(Limit(name, 0, within)._key(of), within)


async def _count(key: str, within: dt.timedelta) -> int:
    now = clock.now()
    counter = await sql.row(
        "insert into throttle (key, count, until_at) values (:key, 1, :until) "
        "on conflict (key) do update set "
        "count = case when throttle.until_at <= :now then 1 else throttle.count + 1 end, "
        "until_at = case when throttle.until_at <= :now then :until else throttle.until_at end "
        "returning count",
        key=key,
        until=now + within,
        now=now,
    )
    assert counter is not None
    return int(counter["count"])


async def forget_old_tries() -> None:
    await sql.rows("delete from throttle where until_at < :now", now=clock.now())
