"""Save an edit in its lane; withdraw it. After `save` returns, the edit is on disk and will not be forgotten."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from conversations import scopes
from conversations.edits import reasons
from conversations.edits.conflicts import Held, find_conflicts
from conversations.models import (
    AttributeChange,
    AttributeEdit,
    EditMove,
    Participant,
    Says,
    State,
    User,
    Verdict,
)
from conversations.models.clock import moment
from conversations.models.clock import now as database_now
from conversations.models.edit import NEEDS_ATTENTION, MovedMeanwhile, move
from conversations.models.lane import take_place

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: One PATCH stays well under the 512000 bytes Genesys is reported to take (API.md 9).
MAX_EDIT_BYTES = 256 * 1024
MAX_KEYS = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What one key shall hold, and what the form showed: the empty string for absent, None for unknown."""

    value: str
    baseline: str | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    edit: AttributeEdit
    #: The lane is due now, so a nudge makes sense.
    due: bool


class Unacceptable(ValueError):
    """The wish can never be sent; the message says why, for the person."""


class ChangedMeanwhile(Exception):
    """Somebody changed keys since the form was opened; nothing was stored. `held` has what they hold now."""

    def __init__(self, held: Mapping[str, str]) -> None:
        super().__init__(f"changed meanwhile keys={sorted(held)}")
        self.held = held


class AnotherEdit(Exception):
    """This id was used for an edit with other content."""


def save(
    conversation_id: UUID,
    participant_id: UUID,
    wishes: Mapping[str, Wish],
    *,
    by: User | None = None,
    edit_id: UUID | None = None,
    repair: bool = False,
    undoes: AttributeEdit | None = None,
    read: Participant | None = None,
) -> Saved:
    """Accept an edit: once this returns it is committed (or will be, with the caller's transaction).

    The same id again with the same content shows the existing edit. `read` is the participant where the caller has just
    read it. Raises `Unacceptable`, `ChangedMeanwhile`, `AnotherEdit`.
    """
    check(wishes)
    edit_id = edit_id or uuid4()
    held = _conflicts(conversation_id, participant_id, wishes, read)
    if not held:
        try:
            with transaction.atomic():
                return _insert(conversation_id, participant_id, wishes, by, edit_id, repair, undoes)
        except IntegrityError:
            if not AttributeEdit.objects.filter(pk=edit_id).exists():
                raise
    if known := _known(edit_id, conversation_id, participant_id, wishes):
        return Saved(known, due=False)
    raise ChangedMeanwhile(held)


def withdraw(edit: AttributeEdit) -> bool:
    """Take an edit back, if it has not begun to be sent; says whether it was in time."""
    at = moment(database_now())
    try:
        with transaction.atomic():
            if edit.state != State.QUEUED or edit.sends:
                return False
            move(
                [edit],
                State.CANCELLED,
                at,
                EditMove(note=reasons.CANCELLED),
                reason=reasons.CANCELLED,
            )
            if AttributeEdit.objects.filter(pk=edit.pk, sends__gt=0).exists():
                raise MovedMeanwhile  # sent and back in the queue since it was read
            edit.changes.update(verdict=Verdict.UNSENT)
            _ask_again(edit)
            scopes.changed(edit.lane.conversation_id)
    except MovedMeanwhile:
        return False
    log.info("edit moved", edit=str(edit.pk), origin="queued", to="cancelled")
    return True


def check(wishes: Mapping[str, Wish]) -> None:
    """Raise `Unacceptable` for what Genesys or the database can never hold."""
    if not wishes:
        raise Unacceptable(_("There is nothing to change."))
    if len(wishes) > MAX_KEYS:
        words = _("One edit may change %(most)s attributes at most.")
        raise Unacceptable(words % {"most": MAX_KEYS})
    size = 0
    for key, wish in wishes.items():
        if not key.strip():
            raise Unacceptable(_("An attribute needs a name."))
        for text in (key, wish.value):
            if "\x00" in text or not _encodable(text):
                words = _("“%(key)s” has characters that cannot be stored.")
                raise Unacceptable(words % {"key": key})
        size += len(key.encode()) + len(wish.value.encode()) + 16
    if size > MAX_EDIT_BYTES:
        raise Unacceptable(_("This is more text than one edit can carry; 256 KB is the most."))


def _insert(
    conversation_id: UUID,
    participant_id: UUID,
    wishes: Mapping[str, Wish],
    by: User | None,
    edit_id: UUID,
    repair: bool,
    undoes: AttributeEdit | None,
) -> Saved:
    place = take_place(conversation_id, participant_id)
    now = moment(place.now)
    edit = AttributeEdit.objects.create(
        id=edit_id,
        lane_id=place.lane_id,
        seq=place.seq,
        by=by,
        repair=repair,
        undoes=undoes,
        created_at=now,
        deadline_at=now + timedelta(seconds=settings.EDIT_DEADLINE_SECONDS),
    )
    AttributeChange.objects.bulk_create(
        AttributeChange(edit=edit, key=key, value=wish.value, baseline=wish.baseline)
        for key, wish in wishes.items()
    )
    EditMove.objects.create(edit=edit, at=now, to_state=State.QUEUED)
    if edit.seq > 1:
        _answer_earlier(place.lane_id, edit.seq, wishes.keys())
    scopes.changed(conversation_id)
    log.info(
        "edit accepted",
        edit=str(edit.pk),
        conversation=str(conversation_id),
        participant=str(participant_id),
        lane=place.lane_id,
        seq=place.seq,
        keys=len(wishes),
    )
    return Saved(edit, due=place.due_in <= 0)


def _answer_earlier(lane_id: int, seq: int, keys: Collection[str]) -> None:
    """Earlier edits that needed attention have it, where this one writes all that was missing of them."""
    waiting = AttributeEdit.objects.filter(lane_id=lane_id, unresolved=True, seq__lt=seq)
    for edit in waiting.prefetch_related("changes"):
        if {each.key for each in edit.missing} <= set(keys):
            AttributeEdit.objects.filter(pk=edit.pk).update(unresolved=False)


def _ask_again(withdrawn: AttributeEdit) -> None:
    """Earlier edits that an edit now withdrawn was the answer to need attention as before, unless another one is."""
    rows = AttributeEdit.objects.filter(lane_id=withdrawn.lane_id).prefetch_related("changes")
    answers = [each for each in rows.exclude(state=State.CANCELLED) if each.pk != withdrawn.pk]
    earlier = rows.filter(state__in=NEEDS_ATTENTION, unresolved=False, seq__lt=withdrawn.seq)
    for edit in earlier.prefetch_related("moves"):
        missing = {each.key for each in edit.missing}
        left = any(each.note.says(Says.LEFT) for each in edit.moves.all())
        answered = any(each.seq > edit.seq and missing <= each.keys for each in answers)
        if missing <= withdrawn.keys and not left and not answered:
            AttributeEdit.objects.filter(pk=edit.pk).update(unresolved=True)


def _known(
    edit_id: UUID, conversation_id: UUID, participant_id: UUID, wishes: Mapping[str, Wish]
) -> AttributeEdit | None:
    edit = AttributeEdit.objects.select_related("lane").filter(pk=edit_id).first()
    if edit is None:
        return None
    same_place = (edit.lane.conversation_id, edit.lane.participant_id) == (
        conversation_id,
        participant_id,
    )
    asked = {key: wish.value for key, wish in wishes.items()}
    if not same_place or dict(edit.changes.values_list("key", "value")) != asked:
        raise AnotherEdit
    return edit


def _conflicts(
    conversation_id: UUID,
    participant_id: UUID,
    wishes: Mapping[str, Wish],
    read: Participant | None,
) -> dict[str, str]:
    rows = Participant.objects.filter(
        conversation_id=conversation_id, participant_id=participant_id
    )
    held = Held.of(conversation_id, participant_id, read or rows.first())
    changes = [
        AttributeChange(key=key, value=wish.value, baseline=wish.baseline)
        for key, wish in wishes.items()
    ]
    return {key: held.value(key) or "" for key in find_conflicts(changes, held, before_seq=None)}


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True
