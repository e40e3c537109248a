"""The live line: open a notification channel, subscribe, yield notices. How events travel is known here alone.

There is no replay (API.md 7.1): what happens while no socket is open is never told. Whoever reads the notices must
read again what it may have missed.
"""

import json
import logging
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from uuid import UUID

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from conversations.genesys.client import UNREADABLE, Client
from conversations.genesys.shapes import Conversation, Json, Subscription

log = logging.getLogger(__name__)

#: Genesys sends a heartbeat about every 30 s (API.md 7.2). After this long without a frame we ask for one; after
#: twice as long the line counts as dead.
QUIET_SECONDS = 40.0
OPEN_TIMEOUT_SECONDS = 10.0
CLOSE_TIMEOUT_SECONDS = 1.0
MAX_FRAME_BYTES = 4 * 1024 * 1024


class Drop(Enum):
    """How a line came to its end."""

    SILENT = auto()
    CLOSED = auto()
    NO_SOCKET = auto()
    REVOKED = auto()
    UNSUBSCRIBED = auto()
    #: Our own process did nothing for so long that what it heard is too old.
    STOOD_STILL = auto()


class Dropped(Exception):
    """The line is gone; open a new one and read what was missed."""

    def __init__(self, kind: Drop) -> None:
        super().__init__(kind.name)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Notice:
    """One frame of the line. `conversation` is None where it only says that the line is alive."""

    topic: str
    #: time.monotonic() when it arrived: events carry no time of their own (API.md 7.2).
    received: float
    conversation: Conversation | None = None


def queue_topic(queue_id: UUID) -> str:
    """The topic on which a service account hears every conversation of a queue, attributes included (API.md 7.3)."""
    return f"v2.routing.queues.{queue_id}.conversations"


class Line:
    """One channel with its socket. Use as a context manager; `notices` ends with `Dropped`."""

    def __init__(self, genesys: Client, topics: Sequence[str]) -> None:
        """Open a channel, subscribe, connect. Raises `GenesysError` of the calls, or `Dropped` when no socket opens."""
        self.channel = genesys.create_channel().value
        self._socket = _open(self.channel.connect_uri, genesys)
        #: Genesys has announced that it will close the socket in about a minute (API.md 7.2).
        self.closing = False
        try:
            self.subscriptions: list[Subscription] = genesys.subscribe(self.channel, topics).value
        except BaseException:
            self.close()  # nobody else can, and the 21st of such channels would evict a line that is well
            raise

    def close(self) -> None:
        """End it; whoever reads the notices gets `Dropped`."""
        self._socket.close()

    def notices(self) -> Iterator[Notice]:
        """Frames as they come, until the line is gone."""
        heard = asked = time.monotonic()
        while True:
            try:
                frame = self._socket.recv(timeout=1.0)
            except TimeoutError:
                quiet = time.monotonic() - heard
                if quiet > 2 * QUIET_SECONDS:
                    raise Dropped(Drop.SILENT) from None
                if quiet > QUIET_SECONDS and time.monotonic() - asked > QUIET_SECONDS:
                    asked = time.monotonic()
                    self._ping()
                continue
            except ConnectionClosed as error:
                raise Dropped(Drop.CLOSED) from error
            heard = time.monotonic()
            if notice := read_frame(frame, heard):
                self.closing |= notice.topic == "v2.system.socket_closing"
                yield notice

    def _ping(self) -> None:
        try:
            self._socket.send('{"message":"ping"}')
        except ConnectionClosed as error:
            raise Dropped(Drop.CLOSED) from error


def _open(uri: str, genesys: Client) -> ClientConnection:
    context = None
    if uri.startswith("wss:"):
        verify = genesys.verify
        context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
    try:
        return connect(
            uri,
            ssl=context,
            open_timeout=OPEN_TIMEOUT_SECONDS,
            close_timeout=CLOSE_TIMEOUT_SECONDS,
            max_size=MAX_FRAME_BYTES,
            legacy=True,  # a plain connection: it is closed by another thread than the one that reads it
        )
    except (OSError, WebSocketException) as error:
        raise Dropped(Drop.NO_SOCKET) from error


def read_frame(frame: str | bytes, received: float) -> Notice | None:
    """A frame as a notice. One that cannot be read is said and skipped: it must not end the line."""
    try:
        raw: Json = json.loads(frame)
        topic = str(raw.get("topicName", ""))
        body = raw.get("eventBody") or {}
        if topic.startswith("v2.system.token_revoked"):
            raise Dropped(Drop.REVOKED)
        if topic.startswith("v2.system.no_longer_subscribed"):
            raise Dropped(Drop.UNSUBSCRIBED)
        if topic.startswith(("v2.routing.queues.", "v2.users.")) and ".conversations" in topic:
            return Notice(topic, received, Conversation.from_json(body))
        return Notice(topic, received)
    except UNREADABLE:
        log.warning("notice could not be read", extra={"bytes": len(frame)})
        return None
