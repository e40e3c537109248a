"""Everything a cause is concluded from, gathered from what we hold; no call is made here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from http import HTTPStatus

from django.conf import settings
from django.db.models import Q

from conversations import budget, history
from conversations.history import Sighted, epoch
from conversations.models import (
    AttributeChange,
    AttributeEdit,
    Conversation,
    EditMove,
    Heartbeat,
    Participant,
    Says,
    State,
)
from conversations.models.clock import moment, now

#: A worker that gave no sign of life for so long (seconds) is not there.
WORKER_SILENT_SECONDS = 15.0
#: Trouble is everybody's if at least so many other participants met it in the time of the edit, and most of them did.
TROUBLED_AT_LEAST = 2
#: Others count from so long (seconds) before this edit met trouble first.
TROUBLE_REACH_SECONDS = 5.0
#: An answer that settles nothing: a 5xx, or none at all.
_TROUBLE = (
    Q(status__gte=HTTPStatus.INTERNAL_SERVER_ERROR)
    | Q(status=None, from_state=State.SENDING)
    | Q(status=None, from_state=State.VERIFYING, to_state=State.VERIFYING)
)


@dataclass(frozen=True, slots=True)
class Around:
    """What became of the calls about other participants while this edit was on its way."""

    troubled: int
    fine: int

    @property
    def everybody(self) -> bool:
        return self.troubled >= TROUBLED_AT_LEAST and self.troubled > self.fine


@dataclass(frozen=True)
class Facts:
    """One settled edit and what surrounds it."""

    edit: AttributeEdit
    moves: Sequence[EditMove]
    conversation: Conversation | None
    participants: Sequence[Participant]

    @classmethod
    def of(cls, edit: AttributeEdit) -> "Facts":
        conversation = Conversation.objects.filter(pk=edit.lane.conversation_id).first()
        participants = list(conversation.participants.all()) if conversation else []
        return cls(edit, list(edit.moves.all()), conversation, participants)

    # --- The edit ---

    @cached_property
    def changes(self) -> list[AttributeChange]:
        return sorted(self.edit.changes.all(), key=lambda each: each.key)

    @property
    def sent_at(self) -> float:
        """When it was sent first; where it never was, when it was saved."""
        sending = [each for each in self.moves if each.to_state == State.SENDING]
        return sending[0].at.timestamp() if sending else self.edit.created_at.timestamp()

    @property
    def settled_at(self) -> float:
        return epoch(self.edit.settled_at) or now()

    @property
    def given_up(self) -> EditMove | None:
        """The move by which it was given up, before it was proven after all."""
        states = (State.NOT_PERSISTED, State.UNVERIFIABLE)
        return next((e for e in reversed(self.moves) if e.to_state in states), None)

    @cached_property
    def answers_to_writes(self) -> list[EditMove]:
        """What came of each sending, the newest last."""
        return [each for each in self.moves if each.from_state == State.SENDING]

    @cached_property
    def answers_to_looks(self) -> list[EditMove]:
        """What came of each look, the newest last."""
        looking = (State.VERIFYING, State.UNVERIFIABLE, State.NOT_PERSISTED)
        return [
            each
            for each in self.moves
            if each.from_state in looking and each.to_state != State.QUEUED
        ]

    def said(self, *codes: Says) -> bool:
        """The edit's own reason says one of these."""
        return any(each.code in codes for each in self.edit.reason.sentences)

    def count(self, status: HTTPStatus) -> int:
        return sum(each.status == status for each in self.moves)

    # --- What Genesys showed ---

    @cached_property
    def participant(self) -> Participant | None:
        wanted = self.edit.lane.participant_id
        return next((e for e in self.participants if e.participant_id == wanted), None)

    @cached_property
    def sighted(self) -> list[Sighted]:
        """Every value seen in the conversation, on any participant."""
        return history.of(self.conversation, self.participants) if self.conversation else []

    def since_sent(self, key: str, participant: Participant | None) -> list[Sighted]:
        """What was seen of a key after this edit was sent, in order."""
        return [
            each
            for each in self.sighted
            if each.key == key
            and each.participant == participant
            and each.at >= self.sent_at - history.SENT_SLACK_SECONDS
        ]

    @property
    def ended_at(self) -> float | None:
        """When the conversation ended, if it did before the edit was settled."""
        if self.conversation is None or self.conversation.live:
            return None
        ended = epoch(self.conversation.over_since)
        if ended is None or ended > self.settled_at + history.SLACK_SECONDS:
            return None
        return ended

    # --- What went on besides ---

    @cached_property
    def around(self) -> Around:
        since = self._trouble_began - timedelta(seconds=TROUBLE_REACH_SECONDS)
        until = self.edit.settled_at or moment(now())
        reach = timedelta(seconds=settings.EDIT_DEADLINE_SECONDS)
        moves = EditMove.objects.filter(
            edit__created_at__range=(since - reach, until), at__range=(since, until)
        ).exclude(edit__lane__conversation_id=self.edit.lane.conversation_id)
        troubled = set(moves.filter(_TROUBLE).values_list("edit__lane_id", flat=True))
        fine = moves.filter(status__lt=HTTPStatus.MULTIPLE_CHOICES)
        answered = set(fine.values_list("edit__lane_id", flat=True))
        return Around(len(troubled), len(answered - troubled))

    @property
    def _trouble_began(self) -> datetime:
        answers = [*self.answers_to_writes, *self.answers_to_looks]
        server_error = HTTPStatus.INTERNAL_SERVER_ERROR
        met = [each.at for each in answers if each.status is None or each.status >= server_error]
        return min(met, default=self.edit.created_at)

    @property
    def held_back(self) -> bool:
        """Calls are short now, by Genesys's word or by our own care."""
        standing = budget.standing()
        return standing is not None and (standing.held_back > 0 or standing.used > 1)

    @property
    def worker_was_there(self) -> bool:
        """A worker lives that was there before the edit's time was over, and did what was due when it was: one that
        stood still gave it up only long after."""
        deadline = self.edit.deadline_at.timestamp()
        if self.settled_at - deadline > WORKER_SILENT_SECONDS:
            return False
        alive = Heartbeat.objects.filter(kind="worker", at__gt=now() - WORKER_SILENT_SECONDS)
        return alive.filter(started_at__lt=deadline).exists()
