"""How conversations live: scripts of moves with pauses between them.

A life is a generator. `at = yield seconds` lets the world's clock run for that long and comes
back with the time. Because the time comes from outside, the same scripts also tell the past of
conversations that were under way when the sandbox started.
"""

import random
from collections.abc import Generator
from typing import Protocol

from sandbox.world import moves
from sandbox.world.model import Conversation, Participant
from sandbox.world.organisation import AGENTS_OF_QUEUE, QUEUES, Agent, Queue
from sandbox.world.people import a_person

Life = Generator[float, float, None]
Part = Generator[float, float, float]

WRAPUPS = ("Resolved", "Follow up", "Wrong number", "Sale made", "Complaint")


class Stage(Protocol):
    """What a life needs of the world: moves that touch attributes, and the wrap-up rule."""

    def arrive(self, conversation: Conversation, at: float) -> None:
        """The customer is there, and with them what is known about them."""

    def enter_flow(self, conversation: Conversation, at: float) -> None:
        """A flow begins and sets attributes."""

    def end_flow(self, conversation: Conversation, at: float) -> None:
        """The flow ends and restates what it set."""

    def queue_up(self, conversation: Conversation, at: float, queue: Queue) -> None:
        """The customer waits in a queue, whose `acd` participant may get attributes."""

    def hang_up(self, conversation: Conversation, at: float) -> None:
        """Everybody leaves, the agent wraps up."""


def inbound(
    stage: Stage, conversation: Conversation, rng: random.Random, agent: Agent | None, at: float
) -> Life:
    """A customer comes in, waits, talks and leaves; with `agent` given it is surely that one who
    answers.
    """
    stage.arrive(conversation, at)
    at = yield 0.1
    if conversation.media != "callback":
        stage.enter_flow(conversation, at)
        at = yield rng.uniform(5, 25)
        stage.end_flow(conversation, at)
    stage.queue_up(conversation, at, rng.choice(agent.queues if agent else QUEUES))
    if agent is None and rng.random() < 0.05:
        at = yield rng.uniform(10, 60)
        moves.finish(conversation, at, None)
        return
    at = yield rng.uniform(3, 40)
    at = yield from _be_answered(conversation, rng, agent, at)
    at = yield from _talk(stage, conversation, rng, at)
    yield from _leave(stage, conversation, rng, at)


def outbound(
    stage: Stage, conversation: Conversation, rng: random.Random, agent: Agent, at: float
) -> Life:
    """An agent calls somebody, and often somebody else into it."""
    moves.dial_out(conversation, at, agent)
    at = yield rng.uniform(4, 12)
    moves.answered(conversation, at)
    stage.arrive(conversation, at)
    at = yield rng.uniform(10, 60)
    if rng.random() < 0.5:
        at = yield from _confer(conversation, rng, at)
    at = yield rng.uniform(10, 90)
    yield from _leave(stage, conversation, rng, at)


def _be_answered(
    conversation: Conversation, rng: random.Random, agent: Agent | None, at: float
) -> Part:
    """Ring until somebody answers; a missed alert stays as a participant of its own."""
    chosen = agent or _somebody(conversation, rng)
    patience = moves.ALERTING_SECONDS[conversation.media]
    while rng.random() < 0.2:
        missed = moves.alert(conversation, at, chosen)
        at = yield patience
        moves.miss(missed, at)
        at = yield rng.uniform(0.3, 2)
        if agent is None and rng.random() < 0.6:
            chosen = _somebody(conversation, rng)
    answering = moves.alert(conversation, at, chosen)
    at = yield rng.uniform(1, 5)
    moves.connect(conversation, at, answering)
    return at


def _somebody(
    conversation: Conversation, rng: random.Random, but: Participant | None = None
) -> Agent:
    queue = conversation.queue or QUEUES[0]
    free = [a for a in AGENTS_OF_QUEUE[queue.id] if but is None or a is not but.agent]
    return rng.choice(free)


def _talk(stage: Stage, conversation: Conversation, rng: random.Random, at: float) -> Part:
    """Talk, with holds, transfers, consults and conferences in between."""
    for _ in range(rng.randrange(1, 4)):
        at = yield rng.uniform(20, 120)
        chance = rng.random()
        spoken = conversation.media == "voice"
        if chance < 0.35 and conversation.media != "email":
            at = yield from _hold(conversation, rng, at)
        elif chance < 0.5:
            at = yield from _transfer(stage, conversation, rng, at)
        elif chance < 0.6 and spoken:
            at = yield from _consult(conversation, rng, at)
        elif chance < 0.7 and spoken:
            at = yield from _confer(conversation, rng, at)
    return (yield rng.uniform(5, 30))


def _hold(conversation: Conversation, rng: random.Random, at: float) -> Part:
    agent = conversation.agent
    if agent is None:
        return at
    moves.hold(agent, at)
    at = yield rng.uniform(5, 40)
    moves.resume(agent, at)
    return at


def _transfer(stage: Stage, conversation: Conversation, rng: random.Random, at: float) -> Part:
    queue = rng.choice(QUEUES)
    moves.transfer(conversation, at, queue)
    stage.queue_up(conversation, at, queue)
    at = yield rng.uniform(2, 20)
    return (yield from _be_answered(conversation, rng, None, at))


def _consult(conversation: Conversation, rng: random.Random, at: float) -> Part:
    asking = conversation.agent
    if asking is None:
        return at
    colleague = moves.consult(conversation, at, _somebody(conversation, rng, but=asking))
    at = yield rng.uniform(2, 8)
    moves.connect(conversation, at, colleague)
    at = yield rng.uniform(10, 40)
    if rng.random() < 0.5:
        moves.hand_over(conversation, at, colleague)
    else:
        colleague.leave(at, "client")
        moves.resume(asking, at)
    return at


def _confer(conversation: Conversation, rng: random.Random, at: float) -> Part:
    moves.conference(conversation, at, a_person(rng))
    at = yield rng.uniform(10, 60)
    moves.drop_guest(conversation, at)
    return at


def _leave(stage: Stage, conversation: Conversation, rng: random.Random, at: float) -> Life:
    """The customer leaves, the agent wraps up, and only then is it over."""
    stage.hang_up(conversation, at)
    if rng.random() < 0.2:
        moves.finish(conversation, at, None)
        return
    at = yield rng.uniform(8, 45)
    moves.finish(conversation, at, rng.choice(WRAPUPS))
