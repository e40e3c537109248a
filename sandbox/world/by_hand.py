"""Conversations made and moved by hand: they change only when told to."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.world import moves, people
from sandbox.world.model import MEDIA, Conversation, Media, Participant
from sandbox.world.organisation import (
    AGENT_BY_ID,
    AGENTS_OF_QUEUE,
    QUEUE_BY_ID,
    QUEUE_BY_NAME,
    QUEUES,
    Agent,
    Queue,
)
from sandbox.world.world import World

A_MONTH = 31 * 86400
STATES = ("waiting", "alerting", "connected", "held", "wrapup", "ended")


class ImpossibleError(ValueError):
    """What was asked for cannot be done; the text says why."""


@dataclass(slots=True)
class Wish:
    """A conversation somebody wants; whatever is left out is chosen."""

    media: Media = "voice"
    state: str = "connected"
    queue: Queue = QUEUES[0]
    agent: Agent | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    customers: int = 1
    flow_running: bool = False
    flow_keys: list[str] = field(default_factory=list)
    seconds_ago: float = 120.0


def wish_from(raw: dict[str, Any], turn: int) -> Wish:
    """Read a wish; `turn` spreads queues and agents nobody asked for."""
    agent = _agent(raw.get("agent"))
    queue = _queue(raw.get("queue")) or (agent.queues[0] if agent else QUEUES[turn % len(QUEUES)])
    team = AGENTS_OF_QUEUE[queue.id]
    wish = Wish(queue=queue, agent=agent or team[turn % len(team)])
    wish.media = _one_of("media", raw.get("media") or "voice", MEDIA)
    wish.state = _one_of("state", raw.get("state") or "connected", STATES)
    wish.attributes = _texts("attributes", raw.get("attributes") or {})
    wish.customers = _number("customers", raw.get("customers", 1), most=20)
    wish.flow_running = bool(raw.get("flow_running", False))
    wish.flow_keys = _keys(raw.get("flow_keys") or [])
    wish.seconds_ago = float(_number("seconds_ago", raw.get("seconds_ago", 120), most=A_MONTH))
    return wish


def _one_of(name: str, value: Any, allowed: tuple[Any, ...]) -> Any:
    if value not in allowed:
        raise ImpossibleError(
            f"{name} cannot be {value!r}; allowed: {', '.join(map(str, allowed))}."
        )
    return value


def _number(name: str, value: Any, *, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ImpossibleError(f"{name} must be a number from 0 to {most}, not {value!r}.")
    return int(value)


def _texts(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(
        isinstance(v, str) for v in [*value, *value.values()]
    ):
        raise ImpossibleError(f"{name} must be texts, not {value!r}.")
    return value


def _agent(value: Any) -> Agent | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in AGENT_BY_ID:
        raise ImpossibleError(f"There is no agent {value!r}.")
    return AGENT_BY_ID[value]


def _queue(value: Any) -> Queue | None:
    if value is None:
        return None
    queue = QUEUE_BY_ID.get(str(value)) or QUEUE_BY_NAME.get(str(value))
    if queue is None:
        raise ImpossibleError(f"There is no queue {value!r}.")
    return queue


def _keys(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(key, str) for key in value):
        raise ImpossibleError(f"flow_keys must be a list of texts, not {value!r}.")
    return value


def make(world: World, wish: Wish) -> Conversation:
    """A conversation as wished: customer, flow leg, `acd` leg and agent leg, with a plausible
    past.
    """
    now = time.time()
    begun = now - wish.seconds_ago
    conversation = Conversation(
        media=wish.media,
        direction="outbound" if wish.media == "callback" else "inbound",
        person=people.a_person(world.rng),
        started=begun,
        by_hand=True,
    )
    step = wish.seconds_ago / 10
    moves.begin(conversation, begun)
    moves.enter_flow(conversation, begun + step)
    for key in wish.flow_keys:
        conversation.restated_at_flow_end[conversation.customer.id, key] = wish.attributes.get(key)
    if not wish.flow_running:
        moves.leave_flow(conversation, begun + 3 * step)
    world.ledger.store(conversation, conversation.customer, wish.attributes, "creation", at=now)
    acd = moves.queue_up(conversation, begun + 3 * step, wish.queue)
    if wish.media == "callback":
        world.ledger.store(conversation, acd, wish.attributes, "creation", at=now)
    _bring_to(conversation, wish, [begun + n * step for n in range(4, 10)])
    world.add(conversation)
    world.moved(conversation, now)
    return conversation


def _bring_to(conversation: Conversation, wish: Wish, times: list[float]) -> None:
    """Let the past unfold up to the wished-for state."""
    if wish.state == "waiting" or wish.agent is None:
        return
    participant = moves.alert(conversation, times[0], wish.agent)
    if wish.state == "alerting":
        return
    moves.connect(conversation, times[1], participant)
    for _ in range(wish.customers - 1):
        moves.conference(conversation, times[2], conversation.person)
    if wish.state == "held":
        moves.hold(participant, times[3])
    if wish.state in {"wrapup", "ended"}:
        moves.hang_up(conversation, times[4])
    if wish.state == "ended":
        moves.finish(conversation, times[5], None)


def end(world: World, conversation: Conversation) -> None:
    """Everybody leaves and nobody wraps up any more."""
    _move(world, conversation, lambda at: moves.finish(conversation, at, None))


def wrap_up(world: World, conversation: Conversation) -> None:
    """Everybody leaves; the agent is in after-call work until the end is posted."""
    _talking(conversation)
    _move(world, conversation, lambda at: world.hang_up(conversation, at))


def hold(world: World, conversation: Conversation, held: bool) -> None:
    """The agent puts the customer on hold, or takes them back."""
    agent = _talking(conversation)
    _move(
        world, conversation, lambda at: moves.hold(agent, at) if held else moves.resume(agent, at)
    )


def confer(world: World, conversation: Conversation) -> None:
    """Another customer joins."""
    _talking(conversation)
    person = people.a_person(world.rng)
    _move(world, conversation, lambda at: moves.conference(conversation, at, person))


def transfer(world: World, conversation: Conversation, raw: dict[str, Any]) -> None:
    """The agent passes the customer to a queue, where another agent answers at once, unless
    `waiting`.
    """
    _talking(conversation)
    agent = _agent(raw.get("agent"))
    queue = _queue(raw.get("queue")) or (agent.queues[0] if agent else _another(conversation.queue))
    chosen = agent or AGENTS_OF_QUEUE[queue.id][0]

    def pass_on(at: float) -> None:
        moves.transfer(conversation, at, queue, agent)
        world.queue_up(conversation, at, queue)
        if not raw.get("waiting"):
            moves.connect(conversation, at, moves.alert(conversation, at, chosen))

    _move(world, conversation, pass_on)


def end_flow(world: World, conversation: Conversation) -> None:
    """The flow that runs ends, and restates what it set; without one only the restating happens."""
    _move(world, conversation, lambda at: world.end_flow(conversation, at))


def _another(queue: Queue | None) -> Queue:
    return next(q for q in QUEUES if q is not queue)


def _talking(conversation: Conversation) -> Participant:
    agent = conversation.agent
    if agent is None or not agent.is_on or agent.connected is None:
        raise ImpossibleError(
            f"Nobody is talking in it: it is in the state {conversation.state!r}."
        )
    return agent


def _move(world: World, conversation: Conversation, move: Callable[[float], object]) -> None:
    if conversation.state == "ended":
        raise ImpossibleError("It has ended.")
    world.adopt(conversation)
    at = time.time()
    move(at)
    world.moved(conversation, at)
