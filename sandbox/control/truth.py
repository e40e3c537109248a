"""The stored truth of a conversation, as `/_sandbox/` tells it."""

from sandbox.shapes.times import Json
from sandbox.world.model import Conversation


def truth(conversation: Conversation) -> Json:
    """What is stored now: exactly id, live and participants with id, purpose and attributes."""
    return {
        "id": conversation.id,
        "live": conversation.is_live,
        "participants": [
            {"id": p.id, "purpose": p.purpose, "attributes": dict(p.attributes)}
            for p in conversation.participants
        ],
    }


def summary(conversation: Conversation) -> Json:
    """The truth and where the conversation stands, for lists."""
    agent = conversation.agent
    queue = conversation.queue
    return {
        **truth(conversation),
        "media": conversation.media,
        "state": conversation.state,
        "queue": {"id": queue.id, "name": queue.name} if queue else None,
        "agent": {"id": agent.agent.id, "name": agent.agent.name}
        if agent and agent.agent
        else None,
        "agents_on": [
            p.agent.id for p in conversation.agents if p.agent and p.is_on and p.connected
        ],
        "started_at": conversation.started,
        "ended_at": conversation.ended,
        "flow_running": conversation.flow is not None,
        "by_hand": conversation.by_hand,
    }


def history(conversation: Conversation) -> list[Json]:
    """Every value from the moment it became readable; null stands for absent."""
    return [
        {
            "at": stored.at,
            "participant": stored.participant,
            "key": key,
            "value": value,
            "by": stored.by,
        }
        for stored in conversation.history
        for key, value in stored.attributes.items()
    ]
