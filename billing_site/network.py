"""What listens where, and who may call."""

import ipaddress
import socket
from argparse import ArgumentTypeError
from collections.abc import Iterable

from billing_site.wsgi_problem import Application, Environ, StartResponse, refuse

_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")


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


class LoopbackOnly:
    """A WSGI application that lets only callers on this machine through; it stands where keys are switched off."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        # A page on the web can have its own host name resolve to loopback, so the name asked for counts as well.
        name = environ.get("HTTP_HOST", "").rsplit(":", 1)[0] if environ.get("HTTP_HOST") else "localhost"
        is_local = is_loopback(environ.get("REMOTE_ADDR", "")) and is_loopback(name)
        if not is_local or any(header in environ for header in _FORWARDED):
            return refuse(
                start_response,
                403,
                "API keys are switched off here, so only this machine may call; set BILLING_API_AUTH=on to open it.",
            )
        return self._application(environ, start_response)
