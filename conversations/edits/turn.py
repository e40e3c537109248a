"""A turn: one lane held by this worker, with its open edits, from the claim to the release."""

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import structlog
from django.db import transaction

from conversations import mirror, scopes
from conversations.genesys import Answer, Config, GenesysError
from conversations.models import (
    AttributeChange,
    AttributeEdit,
    EditMove,
    Feed,
    Participant,
    Reason,
    State,
)
from conversations.models import lane as lanes
from conversations.models.clock import Clock, moment
from conversations.models.edit import OPEN, move
from conversations.models.lane import LEASE_SECONDS, Claim

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: Edits that one turn looks at, the oldest first: always a prefix of the lane.
PREFIX = 50
#: The feed counts as healthy this long after its last sign of life; heartbeats come every 30 s (API.md 7.2).
FEED_HEALTHY_SECONDS = 45.0


@dataclass(slots=True)
class Turn:
    """What a holder knows and may do. Everything that writes runs inside a transaction and is guarded by the fence."""

    claim: Claim
    clock: Clock
    edits: list[AttributeEdit]
    #: Whom it is about, with its conversation, as we knew them when the turn began; None: not at all.
    participant: Participant | None
    attempt: int
    solo_until: int
    #: There are more open edits than `PREFIX`.
    cut: bool = False
    #: When a value just confirmed is to be looked at once more; None: events will tell of its change.
    late_look_at: float | None = None
    #: The late look asked for in case that we die before we have written down what a look has shown.
    _just_in_case: float | None = None
    _followed_for: float | None = None
    #: This machine's monotonic clock when the lease was last asked for. Not when we learnt that we have it: a thread
    #: may wait for its turn between the two, and must not believe the lease longer than it is.
    leased_at: float = field(default=0.0)

    @classmethod
    def begin(cls, claim: Claim) -> Self:
        """Load the open edits of a lane just claimed."""
        clock = Clock(claim.now)
        rows = AttributeEdit.objects.filter(lane_id=claim.lane_id, state__in=OPEN)
        edits = list(rows.order_by("seq").prefetch_related("changes")[:PREFIX])
        participants = Participant.objects.select_related("conversation").filter(
            conversation_id=claim.conversation_id, participant_id=claim.participant_id
        )
        return cls(
            claim=claim,
            clock=clock,
            edits=edits,
            participant=next(iter(participants), None),
            attempt=claim.attempt,
            solo_until=claim.solo_until,
            cut=len(edits) == PREFIX,
            leased_at=claim.asked_at,
        )

    def in_state(self, state: State) -> list[AttributeEdit]:
        return [each for each in self.edits if each.state == state]

    def move(
        self,
        edits: Collection[AttributeEdit],
        to: State,
        note: Reason,
        source: Answer[Any] | GenesysError | None = None,
        *,
        at: float | None = None,
        **columns: Any,
    ) -> None:
        """Move edits and write down why; `source` is the answer or error that made us, `at` when (default: now)."""
        if not edits:
            return
        entry = EditMove(fence=self.claim.fence, note=note)
        if source is not None:
            entry.status, entry.correlation_id = source.status, source.correlation_id
        states = {each.pk: each.state for each in edits}
        move(edits, to, moment(self.clock.now() if at is None else at), entry, **columns)
        scopes.changed(self.claim.conversation_id)
        for edit in edits:
            if states[edit.pk] != to:
                transaction.on_commit(partial(self._log, edit.pk, states[edit.pk], to, entry))

    def _log(self, edit_id: object, origin: str, to: str, entry: EditMove) -> None:
        log.info(
            "edit moved",
            edit=str(edit_id),
            conversation=str(self.claim.conversation_id),
            origin=origin,
            to=to,
            status=entry.status,
            correlation_id=entry.correlation_id,
        )

    def save_verdicts(self, changes: Collection[AttributeChange]) -> None:
        """Write what is known of each key; those that came to the same go together."""
        alike: dict[tuple[str, str | None, int], list[int]] = {}
        for each in changes:
            alike.setdefault((each.verdict, each.observed, each.agreeing), []).append(each.pk)
        for (verdict, observed, agreeing), keys in alike.items():
            AttributeChange.objects.filter(pk__in=keys).update(
                verdict=verdict, observed=observed, agreeing=agreeing
            )

    def may_write(self, config: Config) -> bool:
        """Whether a write begun now is over before our lease is: another holder must not start beside it."""
        left = self.leased_at + LEASE_SECONDS - time.monotonic()
        return left > config.connect_timeout + config.read_timeout + 2

    def followed_for(self) -> float:
        """For how many seconds we have heard every event of the conversation; 0 while the feed is not healthy."""
        if self._followed_for is None:
            self._followed_for = self._ask_followed_for()
        return self._followed_for

    def _ask_followed_for(self) -> float:
        now = self.clock.now()
        if self.participant is None:
            return 0.0
        seconds = mirror.followed_for(self.participant.conversation, now)
        healthy = Feed.objects.filter(heard_at__gt=now - FEED_HEALTHY_SECONDS)
        return seconds if seconds > 0 and healthy.exists() else 0.0

    def renew(self, late_look_at: float | None = None) -> None:
        """Hold the lane for a whole lease from now; `LaneLost` if it is not ours any more. `late_look_at`: when what is
        decided now is to be looked at again, should we not come to the release."""
        asked_at = time.monotonic()
        lanes.renew(self.claim, late_look_at)
        self.leased_at = asked_at
        self._just_in_case = late_look_at or self._just_in_case

    def release(self, when: float | None = None) -> float | None:
        """Give the lane back; returns in how many seconds it is due again, None for never.

        What is left is due at `when` (default: now), or at the deadline of the oldest. So is a look that somebody wants
        at a settled edit.
        """
        left = [each for each in self.edits if each.is_open]
        if left:
            done_seq = left[0].seq - 1
        elif self.cut:
            done_seq = self.edits[-1].seq
        else:
            done_seq = self.claim.next_seq - 1
        due = self.clock.now() if when is None else when
        if left:
            due = min(due, left[0].deadline_at.timestamp())
        due_in = lanes.release(
            self.claim,
            done_seq=done_seq,
            attempt=self.attempt,
            solo_until=self.solo_until,
            when=due if left else self.clock.now(),  # where nothing is left, open work is new
            late_look_at=self.late_look_at,
            instead_of=self._just_in_case,
        )
        if due_in is None and self.claim.asked and self._looks_are_wanted():
            lanes.rouse(self.claim.lane_id, due)
            due_in = due - self.clock.now()
        return due_in

    def _looks_are_wanted(self) -> bool:
        wanted = AttributeEdit.objects.filter(lane_id=self.claim.lane_id, look_wanted=True)
        return wanted.exclude(state__in=OPEN).exists()
