"""What listens where, and who may call."""

import ipaddress
import socket
from argparse import ArgumentTypeError
from collections.abc import Collection

SWITCHED_OFF = "API keys are switched off here, so only this machine may call; set BILLING_API_AUTH=on to open it."
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


def is_loopback(host: str) -> bool:
    """Answer whether an address or host name, brackets allowed, is this machine's own loopback."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def port_number(text: str) -> int:
    """
    Return the port of a command line.

    :raises ArgumentTypeError: if there is no such port to listen on.
    """
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise ArgumentTypeError(f"choose a port from 1 to 65535, not {text!r}")
    return int(text)


def port_is_free(host: str, port: int) -> bool:
    """Answer whether this process could listen there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # Connections of an earlier server that are still winding down do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError:
        return False
    return True


def reachable_host(host: str) -> str:
    """Return the host under which this machine reaches a server of its own that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (nothing is bound here)


def address_of(host: str, port: int) -> str:
    """Return the web address under which this machine reaches its own server."""
    reached = reachable_host(host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def is_own_caller(remote_addr: str, host: str | None, header_names: Collection[str]) -> bool:
    """Answer whether a request surely comes from this machine, and by no proxy; names are in lower case."""
    # A page on the web can have its own host name resolve to loopback, so the name asked for counts as well.
    name = host.rsplit(":", 1)[0] if host else "localhost"
    return is_loopback(remote_addr) and is_loopback(name) and not any(header in header_names for header in _FORWARDED)
