"""The server process: uvicorn, with the connection within reach and an end that does not wait for
anybody.
"""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Generator

import uvicorn

from sandbox.application import Application
from sandbox.connection import ReachableProtocol
from sandbox.state import Options, Sandbox


class PromptServer(uvicorn.Server):
    """Ends at once and with exit code 0, also with calls hanging and sockets open."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """A signal means "end", and is not raised again afterwards."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def _end(self) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cut what is still connected, then let uvicorn tidy up."""
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await super().shutdown(sockets)


async def serve(options: Options, listening: socket.socket) -> None:
    """Run one sandbox on a bound socket until a signal ends it."""
    sandbox = Sandbox(options)
    gc.freeze()  # a large world lives long; the collector need not look at it again and again
    config = uvicorn.Config(
        Application(sandbox),
        http=ReachableProtocol,
        ws="websockets-sansio",
        ws_ping_interval=None,  # the channel has a heartbeat of its own
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        backlog=2048,
    )
    try:
        await PromptServer(config).serve(sockets=[listening])
    finally:
        sandbox.tape.close()
