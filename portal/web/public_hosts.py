"""Connections to places that somebody named: to public addresses only, and to the very one that was looked at.

A browser names the push service it is told by, and staff name a mailbox. Either name could lead to a machine that only
this one can reach; such a name is not followed, and nothing tells whether there is one.
"""

import ipaddress
import socket


class Forbidden(Exception):
    """A host to which nothing is sent."""


# Addresses for everybody begin with 2 or 3 (RFC 4291). Within these some only wrap an IPv4 address, which a gateway
# unwraps: 6to4 (RFC 3056) and Teredo (RFC 4380). Other wrappers, such as NAT64 (RFC 6052), lie outside.
_EVERYBODY = ipaddress.IPv6Network("2000::/3")
_WRAPPED = (ipaddress.IPv6Network("2002::/16"), ipaddress.IPv6Network("2001::/32"))


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Tell whether this is a machine of the internet. An address that wraps another is none, whatever is in it."""
    if isinstance(address, ipaddress.IPv6Address) and address not in _EVERYBODY:
        return False
    return address.is_global and not address.is_multicast and not any(address in one for one in _WRAPPED)


def looked_up(name: str, port: int, anywhere: bool = False) -> list[str]:
    """Return the addresses of a host, each looked at: connect to one of these, not to the name, which may mean another
    a moment later. Blocks: for a thread. Raises Forbidden where one of them is not public, unless `anywhere`, and
    OSError where there is no such host."""
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise Forbidden from None
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    if not anywhere and not all(is_public(ipaddress.ip_address(one)) for one in addresses):
        raise Forbidden
    return addresses
