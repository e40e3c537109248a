"""Attribute writes: accepted now, readable later, and the history of what was readable when.

A write becomes readable after a delay (API reference, UNKNOWN 1), per participant in the order of
acceptance. The history is the sandbox's truth: `at` is the moment from which a read shows the
value.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Mapping

from sandbox.switches import Switches
from sandbox.world.happening import Happening, Listener
from sandbox.world.model import Conversation, Participant, Stored, WriteUnderway, overlay

Changes = Mapping[str, str | None]


class Ledger:
    """Stores attributes, at once or after a while, and remembers every moment of it."""

    def __init__(self, switches: Switches, announce: Listener, rng: random.Random) -> None:
        self._switches = switches
        self._announce = announce
        self._rng = rng
        self._closed = False

    def accept(
        self,
        conversation: Conversation,
        participant: Participant,
        changes: Changes,
        by: str,
        *,
        delay: float | None = None,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Take a write that becomes readable later; `then` is called when it has."""
        seconds = self._switches.persist_delay_ms / 1000 if delay is None else delay
        kept = self._without_contended(participant, changes)
        if seconds <= 0 and not participant.underway:
            self.store(conversation, participant, kept, by)
            if then is not None:
                then()
            return
        loop = asyncio.get_running_loop()
        if participant.underway is None:
            participant.underway = deque()
        participant.underway.append(WriteUnderway(dict(kept), by, then))
        participant.lands_not_before = max(participant.lands_not_before, loop.time() + seconds)
        loop.call_at(participant.lands_not_before, self._land_next, conversation, participant)

    def _without_contended(self, participant: Participant, changes: Changes) -> Changes:
        """UNKNOWN 9: what becomes of a write to a key that another write is still changing."""
        rule = self._switches.concurrent_writes
        if rule == "last_wins" or not participant.underway:
            return changes
        contended = {key for write in participant.underway for key in write.attributes}
        if rule == "either" and self._rng.random() < 0.5:
            return changes
        return {key: value for key, value in changes.items() if key not in contended}

    def _land_next(self, conversation: Conversation, participant: Participant) -> None:
        """Timers of equal time may fire in any order; taking the oldest write keeps the order of
        acceptance.
        """
        if self._closed or not participant.underway:
            return
        write = participant.underway.popleft()
        self.store(conversation, participant, write.attributes, write.by)
        if write.then is not None:
            write.then()

    def store(
        self,
        conversation: Conversation,
        participant: Participant,
        changes: Changes,
        by: str,
        *,
        at: float | None = None,
    ) -> None:
        """Make attributes readable now and tell everybody."""
        if not changes:
            return
        moment = time.time() if at is None else at
        # A timer that fires late must not put what it stores before what was stored meanwhile.
        if conversation.history:
            moment = max(moment, conversation.history[-1].at)
        stored = Stored(moment, participant.id, dict(changes), by)
        overlay(participant.attributes, stored.attributes)
        conversation.history.append(stored)
        self._announce(
            Happening("attributes", conversation, moment, participant, stored.attributes)
        )

    def restate_at_flow_end(self, conversation: Conversation, at: float) -> None:
        """The flow's own copy replaces what was written meanwhile (CONFIRMED, help of Get
        Participant Data).
        """
        restated, conversation.restated_at_flow_end = conversation.restated_at_flow_end, {}
        for participant in list(conversation.participants):
            changes = {
                key: value for (owner, key), value in restated.items() if owner == participant.id
            }
            different = {k: v for k, v in changes.items() if participant.attributes.get(k) != v}
            self.store(conversation, participant, different, "flow", at=at)

    def close(self) -> None:
        """Let nothing of this world land any more."""
        self._closed = True
