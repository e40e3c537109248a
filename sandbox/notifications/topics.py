"""Notification topics: which there are, what they need, and which a happening is announced on."""

from dataclasses import dataclass
from typing import Final

from sandbox.api.tokens import READ_CONVERSATION, Client
from sandbox.switches import Switches
from sandbox.world.organisation import QUEUES

MEDIA_SUFFIXES: Final = {
    "voice": "calls",
    "callback": "callbacks",
    "email": "emails",
    "message": "messages",
}
ATTRIBUTES_TOPIC: Final = "v2.detail.events.conversation.{id}.attributes"


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of topic; `{id}` stands for the id of a queue, a user or a conversation."""

    template: str
    description: str
    permission: str | None = READ_CONVERSATION


def _topics() -> tuple[Topic, ...]:
    suffixes = ["", *(f".{suffix}" for suffix in MEDIA_SUFFIXES.values())]
    of_queues = [
        Topic(f"v2.routing.queues.{{id}}.conversations{s}", "Conversations of a queue")
        for s in suffixes
    ]
    of_users = [
        Topic(f"v2.users.{{id}}.conversations{s}", "Conversations of a user") for s in suffixes
    ]
    details = [
        Topic(ATTRIBUTES_TOPIC, "Attributes of a conversation"),
        Topic(
            "v2.detail.events.conversation.{id}.flow.start", "Flows that begin in a conversation"
        ),
        Topic("v2.detail.events.conversation.{id}.flow.end", "Flows that end in a conversation"),
    ]
    return (*of_queues, *of_users, *details)


TOPICS: Final = _topics()


def kind_of(topic: str) -> Topic | None:
    """The kind a concrete topic is of."""
    for kind in TOPICS:
        begin, _, end = kind.template.partition("{id}")
        middle = topic[len(begin) : len(topic) - len(end) or None]
        if topic.startswith(begin) and topic.endswith(end) and middle and "." not in middle:
            return kind
    return None


def names_refused_queue(topic: str, switches: Switches) -> bool:
    """Whether it is the topic of a queue that is refused on request."""
    refused = sorted(QUEUES, key=lambda queue: queue.name)[: int(switches.refused_queues)]
    return any(topic.startswith(f"v2.routing.queues.{queue.id}.") for queue in refused)


def missing_permission(kind: Topic, client: Client, switches: Switches) -> str | None:
    """The permission the client lacks for it; UNKNOWN 8 decides about the attributes topic."""
    permission = kind.permission
    if kind.template == ATTRIBUTES_TOPIC:
        if switches.attributes_topic == "open":
            return None
        if switches.attributes_topic == "refused":
            return permission
    return permission if permission is not None and not client.may(permission) else None
