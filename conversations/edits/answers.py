"""What a person does about an edit that needs attention: write it again, or leave things as they are."""

from collections.abc import Mapping
from itertools import count
from uuid import uuid5

from django.db import transaction
from django.utils.translation import gettext as _

from conversations import scopes
from conversations.edits import accept, conflicts, reasons
from conversations.edits.accept import Saved, Unacceptable, Wish
from conversations.models import AttributeEdit, EditMove, User
from conversations.models.clock import moment, now
from conversations.models.edit import OPEN


def again(edit: AttributeEdit, *, by: User, seen: Mapping[str, str]) -> Saved:
    """Save a new edit of what is missing of this one. `seen`: what the person was shown each key to hold now.

    Asked twice before the first is settled, it is one new edit. Raises what `accept.save` raises, and `Unacceptable`
    where nothing is missing.
    """
    wishes = {each.key: Wish(each.value, seen.get(each.key)) for each in edit.missing}
    if edit.is_open or not wishes:
        raise Unacceptable(_("There is nothing left to write again."))
    lane = edit.lane
    settled = AttributeEdit.objects.exclude(state__in=OPEN)
    ids = (uuid5(edit.pk, f"again {number}") for number in count())
    once = next(each for each in ids if not settled.filter(pk=each).exists())
    return accept.save(lane.conversation_id, lane.participant_id, wishes, by=by, edit_id=once)


def keep_theirs(edit: AttributeEdit, *, by: User, seen: Mapping[str, str]) -> Saved | None:
    """Leave what somebody else changed, and save a new edit of what was only kept back together with it; None: that is
    nothing. `seen`: what the person was shown each key to hold now.

    Asked twice, it is one new edit. Raises what `accept.save` raises, and then nothing has been decided.
    """
    once = uuid5(edit.pk, "kept back")
    if known := AttributeEdit.objects.filter(pk=once).first():
        return Saved(known, due=False)
    if not edit.unresolved:
        return None
    clash = conflicts.take_apart(edit, seen)
    if clash is None:
        raise Unacceptable(_("There is nothing left to write again."))
    wishes = {each.key: Wish(each.value, seen.get(each.key)) for each in clash.kept_back}
    lane = edit.lane
    with transaction.atomic():
        saved = None
        if wishes:  # first: whoever saves holds the lane before they touch an edit of it
            saved = accept.save(
                lane.conversation_id, lane.participant_id, wishes, by=by, edit_id=once
            )
        leave(edit, by=by)
    return saved


def leave(edit: AttributeEdit, *, by: User) -> bool:
    """Leave things as they are: the edit needs no more attention. Says whether it did until now."""
    with transaction.atomic():
        row = AttributeEdit.objects.filter(pk=edit.pk, unresolved=True)
        if not row.update(unresolved=False):
            return False
        EditMove.objects.create(
            edit=edit,
            at=moment(now()),
            from_state=edit.state,
            to_state=edit.state,
            note=reasons.left(str(by)),
        )
        scopes.changed(edit.lane.conversation_id)
    edit.unresolved = False
    return True
