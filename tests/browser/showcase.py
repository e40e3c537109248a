"""One conversation on which every state of an edit can be seen at once: one attribute for each, written as it would be.

The rows stand as a worker would have left them; it holds the lane for good, so that the open ones stay as they are.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F

from conversations.edits import reasons
from conversations.models import (
    AttributeChange,
    AttributeDefinition,
    AttributeEdit,
    EditLane,
    EditMove,
    Participant,
    Reason,
    Says,
    State,
    User,
    Verdict,
)
from conversations.models.clock import moment, now
from conversations.models.edit import NEEDS_ATTENTION, OPEN
from conversations.models.lane import take_place
from tests.genesys import Made

HELD_SECONDS = 86_400.0
VERDICTS = {
    State.QUEUED: Verdict.PENDING,
    State.SENDING: Verdict.PENDING,
    State.VERIFYING: Verdict.PENDING,
    State.CONFIRMED: Verdict.CONFIRMED,
    State.NOT_PERSISTED: Verdict.DIFFERENT,
    State.REJECTED: Verdict.UNSENT,
    State.FAILED: Verdict.UNSENT,
    State.CONFLICT: Verdict.UNSENT,
    State.SUPERSEDED: Verdict.REPLACED,
    State.UNVERIFIABLE: Verdict.UNKNOWN,
    State.CANCELLED: Verdict.UNSENT,
    State.REVERTED: Verdict.REVERTED,
}
REASONS = {
    State.REJECTED: Reason.of(Says.FORBIDDEN),
    State.FAILED: reasons.failed(Reason.of(Says.UNREACHABLE)),
    State.UNVERIFIABLE: Reason.of(Says.UNVERIFIABLE) + Reason.of(Says.CHECK_LATER),
    State.SUPERSEDED: reasons.SUPERSEDED,
    State.CANCELLED: reasons.CANCELLED,
}


@dataclass(frozen=True)
class Shown:
    """The edits by state, each of an attribute of its own that is named after the state."""

    edits: dict[State, AttributeEdit]

    def key(self, state: State) -> str:
        return f"demo_{state.value}"


def all_states(made: Made, by: User) -> Shown:
    """Every state on one participant."""
    edits = {state: _edit(made, by, state) for state in State}
    EditLane.objects.filter(conversation_id=made.id).update(
        due_at=None, lease_until=now() + HELD_SECONDS, done_seq=F("next_seq") - 1
    )
    return Shown(edits)


def _edit(made: Made, by: User, state: State) -> AttributeEdit:
    key = f"demo_{state.value}"
    AttributeDefinition.objects.get_or_create(
        key=key, defaults={"label": f"Demo {state.label.lower()}", "order": 500}
    )
    holder = Participant.objects.get(conversation_id=made.id, participant_id=made.customer)
    holder.attributes[key] = "new" if state in (State.CONFIRMED,) else "old"
    holder.save(update_fields=["attributes"])
    place = take_place(made.id, made.customer)
    at = moment(now() - 60)
    looked_at = state in (
        State.VERIFYING,
        State.CONFIRMED,
        State.NOT_PERSISTED,
        State.UNVERIFIABLE,
        State.REVERTED,
    )
    edit = AttributeEdit.objects.create(
        lane_id=place.lane_id,
        seq=place.seq,
        by=by,
        state=state,
        reason=REASONS.get(state, Reason()),
        created_at=at,
        deadline_at=at + timedelta(days=1),
        attempts=0 if state in (State.QUEUED, State.CANCELLED) else 1,
        sends=1 if looked_at else 0,
        looks=3 if looked_at else 0,
        accepted_at=at if looked_at else None,
        settled_at=None if state in OPEN else at + timedelta(seconds=1.4),
        unresolved=state in NEEDS_ATTENTION,
        correlation_id="5f0c7c4e-0000-4000-8000-00000000c0de" if looked_at else "",
    )
    AttributeChange.objects.create(
        edit=edit,
        key=key,
        value="new",
        baseline="old",
        verdict=VERDICTS[state],
        observed={State.CONFIRMED: "new", State.CONFLICT: "theirs"}.get(
            state, "old" if looked_at else None
        ),
    )
    EditMove.objects.create(edit=edit, at=at, to_state=State.QUEUED)
    if state != State.QUEUED:
        EditMove.objects.create(
            edit=edit, at=edit.settled_at or at, from_state=State.QUEUED, to_state=state
        )
    return edit
