"""The living world: as many conversations as wished for, each moving on its own clock."""

import random
import time
from collections.abc import Callable
from functools import partial

from sandbox.switches import Switches
from sandbox.timers import Timers
from sandbox.world import lives, moves, people
from sandbox.world.happening import Happening, Listener
from sandbox.world.ledger import Ledger
from sandbox.world.model import MEDIA, Conversation, Media
from sandbox.world.organisation import AGENTS, DEMO_AGENT, Agent, Queue

ENDED_KEPT = 5000
"""Ended conversations that can still be read; the real service keeps them much longer (15 days
were seen).
"""

DEMO_CONVERSATIONS = 3
"""How many the demo agent always has, so that ending one by hand still leaves two."""

_MEDIA_WEIGHTS = (50, 12, 18, 20)


class World:
    """Conversations by id, live and recently ended, and what moves them."""

    def __init__(self, switches: Switches, timers: Timers, size: int, seed: int) -> None:
        self.switches = switches
        self.timers = timers
        self.size = size
        self.rng = random.Random(seed)
        self.conversations: dict[str, Conversation] = {}
        self.ledger = Ledger(switches, self._announce, self.rng)
        self.listeners: list[Listener] = []
        self._lives: dict[str, lives.Life] = {}
        self._ended: dict[str, None] = {}
        self._with_demo_agent: set[str] = set()
        self._in_the_past = False

    def populate(self) -> None:
        """Have the wished-for number of conversations under way."""
        self._keep_demo_agent_busy()
        while len(self._lives) < self.size:
            self._start_under_way()

    def close(self) -> None:
        """Stop this world for good; another one takes over."""
        self.ledger.close()
        self.listeners.clear()
        self._lives.clear()
        self.conversations.clear()

    # The moves that touch attributes, for the lives and for the hand (lives.Stage).

    def arrive(self, conversation: Conversation, at: float) -> None:
        """The customer is there, with what is known about them."""
        if not conversation.participants:
            moves.begin(conversation, at)
        attributes = people.customer_attributes(self.rng)
        self.ledger.store(conversation, conversation.customer, attributes, "flow", at=at)

    def enter_flow(self, conversation: Conversation, at: float) -> None:
        """A flow begins; one key is its own until it ends."""
        flow = moves.enter_flow(conversation, at)
        customer = conversation.customer
        own = {"FLOW_LanguageName": "English"}
        self.ledger.store(conversation, customer, own, "flow", at=at)
        conversation.restated_at_flow_end.update(
            {(customer.id, key): value for key, value in own.items()}
        )
        self._announce(Happening("flow.start", conversation, at, customer, flow=flow))

    def end_flow(self, conversation: Conversation, at: float) -> None:
        """The flow ends and its copy of the attributes replaces what was written meanwhile."""
        flow = conversation.flow
        if flow is not None:
            moves.leave_flow(conversation, at)
            self._announce(
                Happening("flow.end", conversation, at, conversation.customer, flow=flow)
            )
        self.ledger.restate_at_flow_end(conversation, at)

    def queue_up(self, conversation: Conversation, at: float, queue: Queue) -> None:
        """The customer waits in a queue."""
        acd = moves.queue_up(conversation, at, queue)
        attributes = people.acd_attributes(conversation, self.rng)
        self.ledger.store(conversation, acd, attributes, "flow", at=at)

    def hang_up(self, conversation: Conversation, at: float) -> None:
        """Everybody leaves; UNKNOWN 11 says whether the conversation has ended before the
        wrap-up.
        """
        moves.hang_up(conversation, at)
        if self.switches.ends_before_wrapup:
            conversation.ended = at

    # Moving on.

    def add(self, conversation: Conversation) -> None:
        """Take in a conversation."""
        self.conversations[conversation.id] = conversation

    def adopt(self, conversation: Conversation) -> None:
        """From now on it only changes by hand; another one takes its place in the population."""
        conversation.by_hand = True
        if self._lives.pop(conversation.id, None) is not None:
            self._replace_soon()

    def moved(self, conversation: Conversation, at: float) -> None:
        """Tell everybody that a conversation looks different now."""
        if conversation.state == "ended":
            self._remember_as_ended(conversation)
        self._announce(Happening("moved", conversation, at))
        self._keep_demo_agent_busy(conversation)

    def _announce(self, happening: Happening) -> None:
        if not self._in_the_past:
            for listener in self.listeners:
                listener(happening)

    def _remember_as_ended(self, conversation: Conversation) -> None:
        self._ended[conversation.id] = None
        while len(self._ended) > ENDED_KEPT:
            oldest = next(iter(self._ended))
            del self._ended[oldest]
            self.conversations.pop(oldest, None)

    def _advance(self, conversation_id: str) -> None:
        """One step of a life; a conversation that was adopted has none any more."""
        life = self._lives.get(conversation_id)
        if life is None:
            return
        conversation = self.conversations[conversation_id]
        at = time.time()
        try:
            pause = life.send(at)
        except StopIteration:
            del self._lives[conversation_id]
            self._replace_soon()
        else:
            self._advance_after(pause, conversation_id)
        self.moved(conversation, at)

    def _advance_after(self, pause: float, conversation_id: str) -> None:
        self.timers.after(pause, partial(self._advance, conversation_id))

    def _replace_soon(self) -> None:
        self.timers.after(self.rng.uniform(0.5, 4), self._replace)

    def _replace(self) -> None:
        if len(self._lives) < self.size:
            at = time.time()
            conversation, life = self._new(at, None)
            self._let_live(conversation, life, next(life))
            self.moved(conversation, at)

    # Beginnings.

    def _new(self, at: float, agent: Agent | None) -> tuple[Conversation, lives.Life]:
        """A conversation that has not begun, and the life it will have."""
        media: Media = self.rng.choices(MEDIA, _MEDIA_WEIGHTS)[0]
        dials_out = media == "voice" and agent is None and self.rng.random() < 0.12
        conversation = Conversation(
            media=media,
            direction="outbound" if dials_out or media == "callback" else "inbound",
            person=people.a_person(self.rng),
            started=at,
            recording=media == "voice" and self.rng.random() < 0.3,
            external_tag=f"crm-{self.rng.randrange(10_000)}" if self.rng.random() < 0.1 else None,
            has_unknown_members=self.rng.random() < 0.2,
        )
        if dials_out:
            return conversation, lives.outbound(
                self, conversation, self.rng, self.rng.choice(AGENTS[1:]), at
            )
        return conversation, lives.inbound(self, conversation, self.rng, agent, at)

    def _let_live(self, conversation: Conversation, life: lives.Life, pause: float) -> None:
        self.add(conversation)
        self._lives[conversation.id] = life
        self._advance_after(pause, conversation.id)

    def _start_under_way(self) -> None:
        """Start one that has been going on for a while; one that is over by now stays as an ended
        one.
        """
        now = time.time()
        begun = now - self.rng.uniform(0, 240)
        conversation, life = self._new(begun, None)
        pause = self._tell_past(life, begun, lambda at, pause: at + pause >= now)
        if pause is None:
            self.add(conversation)
            self._remember_as_ended(conversation)
        else:
            self._let_live(conversation, life, pause)

    def _tell_past(
        self, life: lives.Life, at: float, is_present: Callable[[float, float], bool]
    ) -> float | None:
        """Run a life up to the present without announcing anything; None when it was over
        before.
        """
        now = time.time()
        self._in_the_past = True
        try:
            pause = next(life)
            while not is_present(at, pause):
                at = min(at + pause, now)
                pause = life.send(at)
        except StopIteration:
            return None
        finally:
            self._in_the_past = False
        return max(0.0, min(at + pause - now, pause))

    def _keep_demo_agent_busy(self, changed: Conversation | None = None) -> None:
        """Start conversations the demo agent is already talking in, as soon as one is gone."""
        if changed is not None:
            if changed.by_hand or not _has_demo_agent_on(changed):
                self._with_demo_agent.discard(changed.id)
            else:
                self._with_demo_agent.add(changed.id)
        while len(self._with_demo_agent) < min(DEMO_CONVERSATIONS, self.size):
            self._start_with_demo_agent()

    def _start_with_demo_agent(self) -> None:
        begun = time.time() - self.rng.uniform(90, 150)
        conversation, life = self._new(begun, DEMO_AGENT)
        pause = self._tell_past(life, begun, lambda _at, _pause: conversation.state == "connected")
        self._with_demo_agent.add(conversation.id)
        self._let_live(conversation, life, max(pause or 0.0, self.rng.uniform(5, 60)))
        self._announce(Happening("moved", conversation, time.time()))


def _has_demo_agent_on(conversation: Conversation) -> bool:
    return any(
        p.agent is DEMO_AGENT and p.is_on and p.connected is not None for p in conversation.agents
    )
