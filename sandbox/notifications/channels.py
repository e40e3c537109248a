"""Channels: an address to connect to, the topics it carries, and at most one socket (API
reference, 7.1).
"""

import asyncio
import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sandbox.switches import Switches
from sandbox.tape import Tape

MOST_CHANNELS = 20
MOST_TOPICS = 1000
MOST_WAITING = 20_000
"""Frames waiting for a socket that does not read; beyond, the socket is cut."""


class Line:
    """The sending side of one socket: frames in order, or the wish to end it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.frames: asyncio.Queue[str | None] = asyncio.Queue(MOST_WAITING)
        self.transport = transport
        self.close_code = 1000

    def send(self, text: str) -> None:
        """Queue a frame; a reader that does not keep up loses its line."""
        try:
            self.frames.put_nowait(text)
        except asyncio.QueueFull:
            self.transport.abort()

    def close(self, code: int = 1000) -> None:
        """Close it properly once everything queued is sent."""
        self.close_code = code
        if self.frames.full():
            self.transport.abort()
        else:
            self.frames.put_nowait(None)


@dataclass(slots=True)
class Channel:
    """A notification channel of one client."""

    client_id: str
    expires: float
    id: str = field(default_factory=lambda: f"streaming-0-{secrets.token_hex(13)}")
    topics: dict[str, None] = field(default_factory=dict)
    line: Line | None = None
    used: float = field(default_factory=time.monotonic)


class Channels:
    """All channels, and who is subscribed to what."""

    def __init__(self, switches: Switches, tape: Tape) -> None:
        self._switches = switches
        self._tape = tape
        self._channels: dict[str, Channel] = {}
        self._subscribers: dict[str, dict[str, Channel]] = {}

    def create(self, client_id: str) -> Channel:
        """A new channel; the 21st of a client removes the longest unused one, those without a
        socket first.
        """
        own = self.of_client(client_id)
        if len(own) >= MOST_CHANNELS:
            self.remove(min(own, key=lambda c: (c.line is not None, c.used)))
        channel = Channel(client_id, 0.0)
        self._channels[channel.id] = channel
        self._extend(channel)
        return channel

    def _extend(self, channel: Channel) -> None:
        seconds = self._switches.channel_seconds
        channel.expires = time.time() + seconds
        channel.used = time.monotonic()
        asyncio.get_running_loop().call_later(seconds, self._expire, channel)

    def _expire(self, channel: Channel) -> None:
        if channel.expires <= time.time() + 0.01 and channel.id in self._channels:
            self.remove(channel)

    def find(self, channel_id: str, client_id: str | None = None) -> Channel | None:
        """The channel, if it is there and the client's."""
        channel = self._channels.get(channel_id)
        return channel if channel is not None and client_id in (None, channel.client_id) else None

    def of_client(self, client_id: str) -> list[Channel]:
        """A client's channels, oldest first."""
        return [c for c in self._channels.values() if c.client_id == client_id]

    def subscribe(self, channel: Channel, topics: Iterable[str], *, replace: bool) -> None:
        """Add topics, or replace all by these; either extends the channel's life."""
        if replace:
            self.unsubscribe(channel)
        for topic in topics:
            channel.topics[topic] = None
            self._subscribers.setdefault(topic, {})[channel.id] = channel
        self._extend(channel)

    def unsubscribe(self, channel: Channel) -> None:
        """Carry no topic any more."""
        for topic in channel.topics:
            subscribers = self._subscribers.get(topic, {})
            subscribers.pop(channel.id, None)
            if not subscribers:
                self._subscribers.pop(topic, None)
        channel.topics.clear()

    def remove(self, channel: Channel) -> None:
        """The channel is gone, and its socket with it."""
        self.unsubscribe(channel)
        self._channels.pop(channel.id, None)
        if channel.line is not None:
            channel.line.close()
            channel.line = None

    def connect(self, channel: Channel, line: Line) -> None:
        """One socket a channel: a new one takes the place of the old, which is closed."""
        if channel.line is not None:
            channel.line.close()
        channel.line = line
        channel.used = time.monotonic()

    def disconnect(self, channel: Channel, line: Line) -> None:
        """The socket is gone; what happens until the next one is lost (no replay)."""
        if channel.line is line:
            channel.line = None
            channel.used = time.monotonic()

    def listening(self, topic: str) -> list[Channel]:
        """The channels with a socket that are subscribed to a topic."""
        subscribers = self._subscribers.get(topic)
        return [c for c in subscribers.values() if c.line is not None] if subscribers else []

    def send(self, channel: Channel, text: str) -> None:
        """Send a frame if there is a socket."""
        if channel.line is not None:
            self._tape.frame(channel.id, text)
            channel.line.send(text)

    def with_socket(self) -> Iterator[Channel]:
        """Every channel somebody is connected to."""
        return (c for c in list(self._channels.values()) if c.line is not None)

    def close_all(self) -> None:
        """Remove every channel."""
        for channel in list(self._channels.values()):
            self.remove(channel)
