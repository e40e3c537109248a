"""From a happening in the world to frames on sockets, faults included."""

import asyncio
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sandbox.connection import reset
from sandbox.faults.active import ActiveFault, Faults
from sandbox.notifications.channels import Channel, Channels
from sandbox.notifications.topics import MEDIA_SUFFIXES
from sandbox.shapes.events import attributes_event, conversation_event, flow_event
from sandbox.shapes.media_view import media_view
from sandbox.shapes.times import Json
from sandbox.switches import Switches
from sandbox.world.happening import Happening
from sandbox.world.model import Conversation


@dataclass(frozen=True, slots=True)
class Event:
    """One frame for one channel."""

    channel: Channel
    text: str


class Feed:
    """Announces what happens on the topics somebody listens to."""

    def __init__(self, channels: Channels, faults: Faults, switches: Switches) -> None:
        self._channels = channels
        self._faults = faults
        self._switches = switches
        self._audiences: dict[str, set[str]] = {}
        self._collected: list[Event] = []

    def hear(self, happening: Happening) -> None:
        """Turn a happening into events."""
        events = [*self._of_conversation(happening), *self._of_details(happening)]
        if not events:
            return
        fault = self._faults.take("event", conversation=happening.conversation.id)
        if fault is None:
            self._send(events)
        else:
            self._misbehave(events, fault)

    def _of_conversation(self, happening: Happening) -> Iterator[Event]:
        """Queue and user topics: they repeat the whole conversation."""
        if happening.kind.startswith("flow"):
            return
        if happening.kind == "attributes" and self._switches.attribute_events != "at_once":
            return
        conversation = happening.conversation
        topics = self._topics(conversation)
        suffix = MEDIA_SUFFIXES[conversation.media]
        yield from self._events(topics, lambda: conversation_event(conversation))
        yield from self._events(
            [f"{topic}.{suffix}" for topic in topics], lambda: _media_event(conversation)
        )

    def _topics(self, conversation: Conversation) -> list[str]:
        """The topics of the queues and users that are in it, or were until just now."""
        now = set()
        for p in conversation.participants:
            if p.is_on or p.in_after_call_work:
                if p.queue is not None:
                    now.add(f"v2.routing.queues.{p.queue.id}.conversations")
                if p.agent is not None:
                    now.add(f"v2.users.{p.agent.id}.conversations")
        before = self._audiences.get(conversation.id, set())
        if conversation.state == "ended":
            self._audiences.pop(conversation.id, None)
        else:
            self._audiences[conversation.id] = now
        return sorted(now | before)

    def _of_details(self, happening: Happening) -> Iterator[Event]:
        """Detail topics of this one conversation; a literal `{id}` for all is
        EventBridge's only.
        """
        participant = happening.participant
        if participant is None:
            return
        topic = f"v2.detail.events.conversation.{happening.conversation.id}.{happening.kind}"
        if happening.kind == "attributes":
            yield from self._events([topic], lambda: attributes_event(happening, participant))
        else:
            yield from self._events([topic], lambda: flow_event(happening, participant))

    def _events(self, topics: list[str], body: Callable[[], Json]) -> Iterator[Event]:
        """One event for each channel that listens; the body is only made if one does."""
        text: str | None = None
        for topic in topics:
            for channel in self._channels.listening(topic):
                if text is None:
                    text = json.dumps(body(), ensure_ascii=False, separators=(",", ":"))
                yield Event(channel, _frame(topic, text))

    def _send(self, events: Iterable[Event]) -> None:
        for event in events:
            self._channels.send(event.channel, event.text)

    def _misbehave(self, events: list[Event], fault: ActiveFault) -> None:
        if fault.name == "event_doubled":
            self._send([*events, *events])
        elif fault.name == "event_late":
            self._later(fault, lambda: self._send(events))
        elif fault.name == "events_shuffled":
            if not self._collected:
                self._later(fault, self._send_collected)
            self._collected += events
        elif fault.name == "socket_dropped":
            for event in events:
                drop(event.channel)
        # event_lost: nothing at all

    def _send_collected(self) -> None:
        collected, self._collected = self._collected, []
        self._send(reversed(collected))

    def _later(self, fault: ActiveFault, do: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(fault.parameters["seconds"], do)

    def forget(self) -> None:
        """A new world begins."""
        self._audiences.clear()
        self._collected.clear()


def _media_event(conversation: Conversation) -> Json:
    view = media_view(conversation, conversation.media) or {}
    view.pop("selfUri", None)
    return view


def _frame(topic: str, body: str) -> str:
    head = f'{{"topicName":"{topic}","version":"2","eventBody":'
    return f'{head}{body},"metadata":{{"CorrelationId":"{uuid.uuid4()}"}}}}'


def drop(channel: Channel) -> None:
    """Reset the socket, as a dying network does."""
    if channel.line is not None:
        reset(channel.line.transport)
