"""Where a request may go: scheme, host and port, equal on every hop."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import urlsplit

from collectors.forge_address import address_of, is_no_forge
from collectors.forge_failure import ForeignHost
from collectors.forge_secret import scrub
from collectors.git_text import visible
from db.errors import Refusal

__all__ = ["Origin", "check", "safe_origin", "shown"]

_PORTS: Final = {"https": 443, "http": 80}
_SHOWN: Final = 200


class Origin(NamedTuple):
    """What must be equal on every hop."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """Where a request for `url` would go. Raises ForeignHost for what is no absolute http(s) address."""
        try:
            parts = urlsplit(url)
            scheme, host, port, login = parts.scheme.lower(), parts.hostname, parts.port, "@" in parts.netloc
        except ValueError:
            scheme, host, port, login = "", None, None, False
        if not host or scheme not in _PORTS or login:
            raise ForeignHost(
                "this is no address of a forge", where=shown(url), remedy="give https://HOST, without a login"
            )
        return cls(scheme, host.lower(), port if port is not None else _PORTS[scheme])

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")


def shown(url: str) -> str:
    """A URL for messages: without login and query, which may hold a token; visible, and short."""
    bare = url.partition("?")[0].partition("#")[0]
    return visible(scrub(bare[:_SHOWN]))


def check(origin: Origin, url: str) -> None:
    """Raises ForeignHost unless `url` is at `origin`."""
    found = Origin.of(url)
    if found != origin:
        raise ForeignHost(
            f"the forge points to {found}, and this collection asks {origin} only",
            where=shown(url),
            remedy="if the forge has moved, configure its new address; if not, its external URL is set wrongly",
        )


def safe_origin(url: str, *, plain_http: bool = False) -> Origin:
    """Where `url` leads, if a token may go there. Raises Refusal for plain http beyond this machine and addresses no forge can have."""
    origin = Origin.of(url)
    address = address_of(origin.host)
    loopback = origin.host == "localhost" or (address is not None and address.is_loopback)
    if origin.scheme == "http" and not (loopback or plain_http):
        raise Refusal("a token must not travel unencrypted", where=str(origin), remedy="give the https:// address")
    if not origin.host.isascii():  # clients and resolvers each make something else of it
        raise Refusal("a host is named in ASCII", where=shown(url), remedy="give its name as xn--..")
    if is_no_forge(origin.host):
        raise Refusal("no forge has this address", where=str(origin), remedy="give the forge's name")
    return origin
