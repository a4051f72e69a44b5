"""Which numeric addresses are of the internet, and of nothing inside this network.

What a stranger names is asked at no other.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

# IPv4 inside of IPv6, as a gateway translates it (NAT64) and as it was written once.
_TRANSLATED: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
# They count as global, but belong to a network.
_LOCAL: Final = (IPv6Network("64:ff9b:1::/48"), IPv6Network("fec0::/10"))


def is_public(address: str) -> bool:
    """Tell whether a numeric address is reachable from anywhere. What is none is not."""
    try:
        given = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(given, IPv6Address):
        inner = given.ipv4_mapped or given.sixtofour or (given.teredo and given.teredo[1])
        if any(given in network for network in _TRANSLATED):
            inner = IPv4Address(int(given) & 0xFFFFFFFF)
        if inner:
            return is_public(str(inner))
        if any(given in network for network in _LOCAL):
            return False
    return given.is_global and not given.is_multicast
