"""The least that an answer can cost: an application that reads the body and says 204."""

from granian.rsgi import HTTPProtocol, Scope


async def application(scope: Scope, protocol: HTTPProtocol) -> None:
    """Answer every request with 204."""
    await protocol()
    protocol.response_empty(204, [])
