"""What can be done by hand, each action once: the JSON endpoints and the page both call these."""

import time
from typing import Any

from sandbox.api.call import Json
from sandbox.control.truth import summary, truth
from sandbox.faults.writes import OTHER_WRITER
from sandbox.notifications.feed import drop
from sandbox.notifications.socket import announce_closing
from sandbox.state import Sandbox
from sandbox.world import by_hand
from sandbox.world.by_hand import ImpossibleError
from sandbox.world.model import Conversation, Participant


class MissingError(LookupError):
    """There is no such conversation or participant."""


def find(sandbox: Sandbox, conversation_id: str) -> Conversation:
    """The conversation with this id."""
    conversation = sandbox.world.conversations.get(conversation_id)
    if conversation is None:
        raise MissingError(f"There is no conversation {conversation_id!r}.")
    return conversation


def make(sandbox: Sandbox, raw: Json) -> list[Json]:
    """Make conversations; they never change by themselves."""
    count = raw.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 20_000:
        raise ImpossibleError(f"count must be a whole number from 1 to 20000, not {count!r}.")
    wishes = [by_hand.wish_from(raw, turn) for turn in range(count)]
    return [summary(by_hand.make(sandbox.world, wish)) for wish in wishes]


def move(sandbox: Sandbox, conversation: Conversation, what: str, raw: Json) -> Json:
    """Move a conversation: end, transfer, flow_end, wrapup, hold or conference."""
    world = sandbox.world
    match what:
        case "end":
            by_hand.end(world, conversation)
        case "transfer":
            by_hand.transfer(world, conversation, raw)
        case "flow_end":
            by_hand.end_flow(world, conversation)
        case "wrapup":
            by_hand.wrap_up(world, conversation)
        case "hold":
            by_hand.hold(world, conversation, bool(raw.get("held", True)))
        case "conference":
            by_hand.confer(world, conversation)
        case _:
            raise MissingError(f"A conversation cannot be moved by {what!r}.")
    return summary(conversation)


def write(
    sandbox: Sandbox, conversation: Conversation, participant_id: str, attributes: Any
) -> Json:
    """Write attributes as somebody else, at once; null removes a key."""
    participant = _participant(conversation, participant_id)
    if not isinstance(attributes, dict) or not all(
        isinstance(v, str | None) for v in attributes.values()
    ):
        raise ImpossibleError("attributes must be a map of texts, null to remove a key.")
    sandbox.world.ledger.store(conversation, participant, attributes, OTHER_WRITER)
    return truth(conversation)


def _participant(conversation: Conversation, participant_id: str) -> Participant:
    participant = conversation.participant(participant_id)
    if participant is None:
        raise MissingError(f"There is no participant {participant_id!r} in it.")
    return participant


def set_clock(sandbox: Sandbox, speed: Any) -> Json:
    """Let the world run at another speed; 0 freezes it."""
    if speed is not None:
        if (
            isinstance(speed, bool)
            or not isinstance(speed, int | float)
            or not 0 <= speed <= 10_000
        ):
            raise ImpossibleError(
                f"speed must be a number from 0 (frozen) to 10000, not {speed!r}."
            )
        sandbox.timers.set_speed(float(speed))
    return {"speed": sandbox.timers.speed, "now": time.time()}


def drop_sockets(sandbox: Sandbox, raw: Json) -> Json:
    """End sockets: `reset` (TCP RST), `close`, or `announced` with
    v2.system.socket_closing first.
    """
    how = raw.get("how", "reset")
    if how not in ("reset", "close", "announced"):
        raise ImpossibleError(f"how must be reset, close or announced, not {how!r}.")
    notice = raw.get("notice_seconds", 60)
    if isinstance(notice, bool) or not isinstance(notice, int | float) or notice < 0:
        raise ImpossibleError(f"notice_seconds must be a number, not {notice!r}.")
    channels = list(sandbox.channels.with_socket())
    for channel in channels:
        if how == "reset":
            drop(channel)
        elif how == "close" and channel.line is not None:
            channel.line.close(1001)
        else:
            announce_closing(sandbox.channels, channel, notice)
    return {"sockets": len(channels)}


def revoke_tokens(sandbox: Sandbox, raw: Json) -> Json:
    """Make tokens worthless, of one client or of all."""
    return {"tokens": sandbox.tokens.revoke_all(raw.get("client"))}


def reset(sandbox: Sandbox, raw: Json) -> Json:
    """A new world that behaves, optionally of another size or seed."""
    for name in ("conversations", "seed"):
        value = raw.get(name)
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, int) or value < 0
        ):
            raise ImpossibleError(f"{name} must be a whole number, not {value!r}.")
    sandbox.reset(raw.get("conversations"), raw.get("seed"))
    return {"conversations": len(sandbox.world.conversations)}


def live(sandbox: Sandbox) -> list[Conversation]:
    """The live conversations, newest first."""
    found = [c for c in sandbox.world.conversations.values() if c.is_live]
    return sorted(found, key=lambda c: c.started, reverse=True)
