"""The wire below HTTP: true connection resets, and bytes sent one by one.

uvicorn keeps its transports to itself; a small subclass of its HTTP protocol hands them to the
application.
"""

import asyncio
import socket
import struct
from typing import Any, Final

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_LINGER_FOR_NOTHING: Final = struct.pack("ii", 1, 0)


class ReachableProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with its transport in every scope's `state`, for HTTP and for
    WebSockets.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the transport where the application finds it."""
        super().connection_made(transport)
        self.app_state: dict[str, Any] = {**self.app_state, "transport": transport}


def transport_of(scope: Scope) -> asyncio.Transport:
    """The transport a request or a socket came in on."""
    transport = scope["state"]["transport"]
    assert isinstance(transport, asyncio.Transport)  # noqa: S101  the one way in is ReachableProtocol
    return transport


def reset(transport: asyncio.Transport) -> None:
    """Cut the line with a TCP RST: nothing more is sent, and the other side gets "connection reset
    by peer".
    """
    sock = transport.get_extra_info("socket")
    if sock is not None and not transport.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_FOR_NOTHING)
    transport.abort()
