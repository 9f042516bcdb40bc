"""What an attack noted for the record: each decided, said in SECURITY.md, and held here."""

from __future__ import annotations

import ipaddress

import pytest

from portal.pushing import check_endpoint
from portal.reaching import Forbidden, is_public, looked_up

# --- Addresses that wrap another -------------------------------------------------------------------

WRAPPED = [
    "::ffff:10.0.0.1",  # mapped
    "::ffff:142.250.185.74",
    "::127.0.0.1",  # compatible, long given up
    "64:ff9b::7f00:1",  # NAT64
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",  # and its private form
    "2002:7f00:1::",  # 6to4
    "2002:a00:1::1",
    "2001:0:7f00:1::",  # Teredo
    "fec0::1",
    "fe80::1",
    "ff02::1",
    "2001:db8::1",
    "100.64.0.1",
    "0.0.0.0",
]


@pytest.mark.parametrize("address", WRAPPED)
def test_what_wraps_another_address_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    written = f"[{address}]" if ":" in address else address
    with pytest.raises(Forbidden):
        check_endpoint(f"https://{written}/x")
    with pytest.raises(Forbidden):
        looked_up(address, 443)
    assert looked_up("127.0.0.1", 443, anywhere=True) == ["127.0.0.1"]


@pytest.mark.parametrize("address", ["142.250.185.74", "2a00:1450:4001:82f::200a", "2606:4700::1111"])
def test_machines_of_the_internet_are(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    assert looked_up(address, 443) == [address]
