"""The WebSocket of a channel: heartbeat, ping and pong, subscribing, and a decent end (API
reference, 7.2).
"""

import asyncio
import json
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.api.errors import ApiError
from sandbox.api.tokens import CLIENTS
from sandbox.connection import transport_of
from sandbox.notifications.channels import Channel, Channels, Line
from sandbox.notifications.endpoints import check_room, refusals_of
from sandbox.state import Sandbox

HEARTBEAT = '{"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}}'
SOCKET_CLOSING = '{"topicName":"v2.system.socket_closing","eventBody":{"message":"Socket closing"}}'
PONG = '{"topicName":"channel.metadata","eventBody":{"message":"pong"}}'


class Sockets:
    """The ASGI side of `/channels/{channelId}`; the id is the secret, no token is asked for
    (CONFIRMED).
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def serve(self, websocket: WebSocket) -> None:
        """One socket from handshake to close."""
        channel = self._sandbox.channels.find(websocket.path_params["channelId"])
        if channel is None:
            await websocket.close()
            return
        await websocket.accept()
        line = Line(transport_of(websocket.scope))
        self._sandbox.channels.connect(channel, line)
        sending = asyncio.create_task(self._send(websocket, channel, line))
        try:
            await self._receive(websocket, channel)
        finally:
            self._sandbox.channels.disconnect(channel, line)
            sending.cancel()

    async def _send(self, websocket: WebSocket, channel: Channel, line: Line) -> None:
        """Send what is queued; when nothing else is due, the heartbeat."""
        loop = asyncio.get_running_loop()
        beat = loop.time() + self._sandbox.switches.heartbeat_seconds
        while True:
            try:
                async with asyncio.timeout_at(beat):
                    text = await line.frames.get()
            except TimeoutError:
                beat = loop.time() + self._sandbox.switches.heartbeat_seconds
                if channel.line is line:
                    self._sandbox.channels.send(channel, HEARTBEAT)
                continue
            try:
                if text is None:
                    await websocket.close(line.close_code)
                    return
                await websocket.send_text(text)
            except (WebSocketDisconnect, RuntimeError):
                return

    async def _receive(self, websocket: WebSocket, channel: Channel) -> None:
        while (message := await websocket.receive())["type"] == "websocket.receive":
            answer = self._answer(channel, message.get("text") or "")
            if answer is not None:
                self._sandbox.channels.send(channel, answer)

    def _answer(self, channel: Channel, text: str) -> str | None:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            return None
        kind = message.get("message") if isinstance(message, dict) else None
        if kind == "ping":
            return PONG
        if kind == "subscribe":
            return json.dumps(self._subscribe(channel, message.get("topics")))
        return None

    def _subscribe(self, channel: Channel, topics: Any) -> dict[str, str]:
        """Subscribing over the socket; the answers' form beyond `result` and `status` is not
        recorded.
        """
        client = CLIENTS[channel.client_id]
        if not isinstance(topics, list) or not all(isinstance(t, str) for t in topics):
            return {"result": "400", "status": "bad request"}
        try:
            check_room(channel, topics, replace=False)
            for refusal in refusals_of(topics, client, self._sandbox.switches).values():
                raise refusal
        except ApiError as error:
            return {"result": "400", "status": error.code}
        self._sandbox.channels.subscribe(channel, topics, replace=False)
        return {"result": "200", "status": "subscribed"}


def announce_closing(channels: Channels, channel: Channel, notice_seconds: float) -> None:
    """`v2.system.socket_closing`, and the close about a minute later (CONFIRMED, best effort)."""
    line = channel.line
    if line is not None:
        channels.send(channel, SOCKET_CLOSING)
        asyncio.get_running_loop().call_later(notice_seconds, line.close, 1001)
