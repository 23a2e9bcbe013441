"""Which machines no forge can be: those where clouds keep credentials, and addresses that are no single machine's.

One address has many spellings: `169.254.169.254` is `2852039166`, `0xa9fea9fe`, `0251.0376.43518`, `[::ffff:a9fe:a9fe]` and `[64:ff9b::a9fe:a9fe]`
too, and the system's resolver takes them all. So what counts is what it makes of a host, not how it is written. Private networks
and this machine are allowed: that is where many forges are.
"""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from typing import Final

__all__ = ["IPAddress", "address_of", "is_no_forge"]

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_CARRIERS: Final = tuple(map(ipaddress.IPv6Network, ("::/96", "64:ff9b::/96")))
"""IPv6 networks whose last 32 bits are an IPv4 address: IPv4-compatible (RFC 4291), NAT64 (RFC 6052)."""
_METADATA: Final = frozenset(
    map(
        ipaddress.ip_address,
        ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"),
    )
)
"""Metadata services of clouds that are not link-local: Alibaba, Azure, Oracle, AWS and Google by IPv6."""
_METADATA_NAMES: Final = frozenset(
    (
        "instance-data",
        "instance-data.ec2.internal",
        "metadata",
        "metadata.azure.internal",
        "metadata.goog",
        "metadata.google.internal",
        "metadata.tencentyun.com",
    )
)


def address_of(host: str) -> IPAddress | None:
    """The address that `host` spells, as the system's resolver reads it; None for a name.

    >>> address_of("0xa9fea9fe"), address_of("[::ffff:127.0.0.1]"), address_of("forge.example.org")
    (IPv4Address('169.254.169.254'), IPv4Address('127.0.0.1'), None)
    """
    bare = host.strip("[]").rstrip(".")
    with suppress(ValueError):
        return _carried(ipaddress.ip_address(bare))
    with suppress(OSError, UnicodeEncodeError):
        return ipaddress.IPv4Address(socket.inet_aton(bare))
    return None


def _carried(address: IPAddress) -> IPAddress:
    """The IPv4 address within an IPv6 one, if there is one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    carried = address.ipv4_mapped or address.sixtofour
    if carried is None and int(address) > 1 and any(address in network for network in _CARRIERS):
        carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return carried or address


def is_no_forge(host: str) -> bool:
    """Whether no forge can be at `host`, a name or an address in any spelling. A name is not resolved: see `forge_adapter`.

    >>> [is_no_forge(host) for host in ("2852039166", "metadata.google.internal.", "10.0.0.5", "github.com")]
    [True, True, False, False]
    """
    address = address_of(host)
    if address is None:
        return host.lower().rstrip(".") in _METADATA_NAMES
    return address.is_link_local or address.is_multicast or address.is_unspecified or address in _METADATA
