"""An edit: one save of a form, a wish to change attributes of one participant, and what has become of it."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models.diagnosis import make_due
from conversations.models.lane import EditLane
from conversations.models.reason import ReasonField


class State(models.TextChoices):
    """The one vocabulary for badge, API, logs, metrics and docs."""

    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    VERIFYING = "verifying", _("Checking")
    CONFIRMED = "confirmed", _("Confirmed")
    NOT_PERSISTED = "not_persisted", _("Not saved")
    REJECTED = "rejected", _("Refused")
    FAILED = "failed", _("Not sent")
    CONFLICT = "conflict", _("Conflict")
    SUPERSEDED = "superseded", _("Replaced")
    UNVERIFIABLE = "unverifiable", _("Unproven")
    CANCELLED = "cancelled", _("Withdrawn")
    REVERTED = "reverted", _("Changed back")


OPEN = (State.QUEUED, State.SENDING, State.VERIFYING)
SETTLED = tuple(state for state in State if state not in OPEN)
#: Settled, and somebody has to decide what to do about it.
NEEDS_ATTENTION = (
    State.NOT_PERSISTED,
    State.REJECTED,
    State.FAILED,
    State.CONFLICT,
    State.UNVERIFIABLE,
    State.REVERTED,
)

#: Every legal move. Settled states stay, but for the last four lines: proof that came late, a value that was changed
#: back, and one that is there again after all.
MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset(
        {State.SENDING, State.VERIFYING, State.CONFLICT, State.CANCELLED, State.FAILED}
    ),
    State.SENDING: frozenset({State.VERIFYING, State.QUEUED, State.REJECTED, State.SUPERSEDED}),
    State.VERIFYING: frozenset(
        {
            State.CONFIRMED,
            State.QUEUED,
            State.NOT_PERSISTED,
            State.UNVERIFIABLE,
            State.SUPERSEDED,
        }
    ),
    State.NOT_PERSISTED: frozenset({State.CONFIRMED}),
    State.UNVERIFIABLE: frozenset({State.CONFIRMED}),
    State.CONFIRMED: frozenset({State.REVERTED}),
    State.REVERTED: frozenset({State.CONFIRMED}),
}


class Verdict(models.TextChoices):
    """What is known of one key."""

    PENDING = "pending", _("Pending")
    CONFIRMED = "confirmed", _("Confirmed")
    ABSENT = "absent", _("Absent")
    DIFFERENT = "different", _("Different")
    REVERTED = "reverted", _("Reverted")
    REPLACED = "replaced", _("Replaced")
    UNKNOWN = "unknown", _("Unknown")
    UNSENT = "unsent", _("Unsent")


#: Of a key nobody has looked at, so far or at all.
NOT_LOOKED_AT = (Verdict.PENDING, Verdict.UNKNOWN, Verdict.UNSENT, Verdict.REPLACED)


class IllegalMove(Exception):
    """A move that `MOVES` does not know: a bug, never a user's mistake."""


class MovedMeanwhile(Exception):
    """Somebody else moved one of the edits first; nothing of what we were about to write may be written."""


class AttributeEditQuerySet(models.QuerySet["AttributeEdit"]):
    def unproven_or_watched(self, at: datetime) -> models.QuerySet["AttributeEdit", UUID]:
        """The conversations of edits that are open, or confirmed and still watched."""
        rows = self.filter(
            models.Q(state__in=OPEN) | models.Q(state=State.CONFIRMED, watched_until__gt=at)
        )
        return rows.values_list("lane__conversation_id", flat=True).distinct()


class AttributeEdit(models.Model):
    """One edit. Nobody assigns `state`: `move` does."""

    #: Made with the form: sending a form twice makes one edit.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    lane = models.ForeignKey(EditLane, on_delete=models.PROTECT, related_name="edits")
    #: Its place in the lane.
    seq = models.PositiveBigIntegerField()
    state = models.CharField(max_length=13, choices=State.choices, default=State.QUEUED)
    #: For a person; what happens next never depends on it.
    reason = ReasonField()
    #: Who saved it; null: the system (the command line, a repair).
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="edits"
    )
    #: Restates accepted values after a late holder may have written over them (ENGINE 5.4).
    repair = models.BooleanField(default=False)
    #: The edit this one takes back.
    undoes = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="undone_by"
    )
    #: Every key already held its value: there is nothing to send, one look decides.
    look_only = models.BooleanField(default=False)
    attempts = models.PositiveIntegerField(default=0)
    #: Calls that may have reached Genesys. Raised before a call and lowered when it surely did not: never too low.
    sends = models.PositiveIntegerField(default=0)
    looks = models.PositiveIntegerField(default=0)
    #: It needs attention and nobody has answered yet, by a newer edit of its keys or by leaving things as they are.
    unresolved = models.BooleanField(default=False)
    #: Whoever saved it has put away the notice that it changed back; it still needs attention.
    notice_closed = models.BooleanField(default=False, db_default=False)
    #: Epoch seconds from which the times of the looks count; 0: not looking.
    looking_since = models.FloatField(default=0)
    #: Somebody asked for a look at this settled edit (check again, a watched value in doubt).
    look_wanted = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    #: Genesys answered 2xx. Null while `verifying`: nobody knows whether the write arrived (doubtful).
    accepted_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    watched_until = models.DateTimeField(null=True)
    #: Of the last answer to a write.
    status = models.PositiveSmallIntegerField(null=True)
    correlation_id = models.CharField(max_length=100, blank=True)

    objects = AttributeEditQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["lane", "seq"], name="one_place_in_the_lane"),
            models.CheckConstraint(
                condition=models.Q(state__in=State.values), name="state_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=OPEN, settled_at=None)
                | (~models.Q(state__in=OPEN) & models.Q(settled_at__isnull=False)),
                name="settled_at_exactly_when_settled",
            ),
            models.CheckConstraint(
                condition=~models.Q(
                    state__in=(
                        State.VERIFYING,
                        State.CONFIRMED,
                        State.NOT_PERSISTED,
                        State.UNVERIFIABLE,
                        State.REVERTED,
                    )
                )
                | models.Q(sends__gte=1)
                | models.Q(look_only=True),
                name="looked_at_only_what_was_sent",
            ),
        )
        indexes = (
            models.Index(
                fields=["lane", "seq"], condition=models.Q(state__in=OPEN), name="edit_open"
            ),
            models.Index(
                fields=["lane"], condition=models.Q(look_wanted=True), name="edit_look_wanted"
            ),
            models.Index(
                fields=["lane"],
                condition=models.Q(state=State.CONFIRMED),
                name="edit_confirmed",
            ),
            models.Index(
                fields=["lane"], condition=models.Q(unresolved=True), name="edit_unresolved"
            ),
            models.Index(
                fields=["by"],
                condition=models.Q(state=State.REVERTED, unresolved=True),
                name="edit_changed_back",
            ),
            models.Index(fields=["-created_at"], name="edit_newest_first"),
            models.Index(fields=["by", "-created_at"], name="edit_of_a_person"),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def doubtful(self) -> bool:
        """Sent, and nobody knows whether it arrived."""
        return self.state == State.VERIFYING and self.accepted_at is None and not self.look_only

    @property
    def keys(self) -> set[str]:
        """The attributes it is about."""
        return {each.key for each in self.changes.all()}

    @property
    def awaited(self) -> "list[AttributeChange]":
        """The keys this edit still has to see: all but those a newer edit of ours took over."""
        return [each for each in self.changes.all() if each.verdict != Verdict.REPLACED]

    @property
    def missing(self) -> "list[AttributeChange]":
        """The keys that are not proven and were not taken over: what there is to decide about."""
        return [each for each in self.awaited if each.verdict != Verdict.CONFIRMED]


class AttributeChange(models.Model):
    """One key of an edit."""

    edit = models.ForeignKey(AttributeEdit, on_delete=models.CASCADE, related_name="changes")
    key = models.TextField()
    value = models.TextField(blank=True)
    #: What the form showed, the empty string where the key was absent; null: unknown, so no conflict is looked for.
    baseline = models.TextField(null=True)
    #: Whether a call has carried it, or will: what holds its value already, as far as we know, is left out.
    carried = models.BooleanField(default=True, db_default=True)
    verdict = models.CharField(max_length=9, choices=Verdict.choices, default=Verdict.PENDING)
    #: What Genesys showed at the newest look; null: absent, or not looked yet.
    observed = models.TextField(null=True)
    #: Looks in a row that showed the value; below 0: that showed a confirmed one gone. Where what they show was held a
    #: moment ago, one may be stale and two are needed.
    agreeing = models.SmallIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["edit", "key"], name="a_key_once_in_an_edit"),
        )

    def __str__(self) -> str:
        return self.key

    @property
    def was_read(self) -> bool:
        """Somebody looked: where nothing was observed, there was no such key."""
        return self.observed is not None or self.verdict not in NOT_LOOKED_AT


class EditMove(models.Model):
    """What happened to an edit, append-only and written in the transaction of the move. Never a value.

    `from_state == to_state` where something was learned and nothing moved: a look, an answer that asks us to wait.
    """

    edit = models.ForeignKey(AttributeEdit, on_delete=models.CASCADE, related_name="moves")
    at = models.DateTimeField()
    from_state = models.CharField(max_length=13, choices=State.choices, blank=True)
    to_state = models.CharField(max_length=13, choices=State.choices)
    attempt = models.PositiveIntegerField(default=0)
    fence = models.PositiveBigIntegerField(default=0)
    status = models.PositiveSmallIntegerField(null=True)
    correlation_id = models.CharField(max_length=100, blank=True)
    note = ReasonField()

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.from_state} -> {self.to_state}"


def move(
    edits: Collection[AttributeEdit], to: State, at: datetime, entry: EditMove, **columns: Any
) -> None:
    """Move edits to a state together, with what else changes in them; `entry` is the pattern of their timeline entries.

    Call inside a transaction: `MovedMeanwhile` if somebody moved one first, and then nothing may be kept.
    """
    by_state: dict[State, list[AttributeEdit]] = {}
    for edit in edits:
        by_state.setdefault(State(edit.state), []).append(edit)
    for origin, group in by_state.items():
        if to != origin and to not in MOVES.get(origin, ()):
            raise IllegalMove(f"{origin} -> {to}")
        changes = {**columns, "state": to}
        if origin in OPEN and to not in OPEN:
            changes["settled_at"] = at
        if to != origin:
            changes["unresolved"] = to in NEEDS_ATTENTION
        rows = AttributeEdit.objects.filter(pk__in=[edit.pk for edit in group], state=origin)
        if rows.update(**changes) != len(group):
            raise MovedMeanwhile
        for edit in group:
            for name, value in changes.items():
                setattr(edit, name, value)
        if to not in OPEN and to != origin and (to != State.CONFIRMED or origin not in OPEN):
            make_due([edit.pk for edit in group], at.timestamp())
        EditMove.objects.bulk_create(_entries(group, origin, at, entry))


def _entries(
    group: Collection[AttributeEdit], origin: State, at: datetime, pattern: EditMove
) -> list[EditMove]:
    return [
        EditMove(
            edit=edit,
            at=at,
            from_state=origin,
            to_state=edit.state,
            attempt=edit.attempts,
            fence=pattern.fence,
            status=pattern.status,
            correlation_id=pattern.correlation_id,
            note=pattern.note,
        )
        for edit in group
    ]
