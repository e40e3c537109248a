"""Undo: a new edit, proven like any other, that takes the values of an earlier one back to what they were before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid5

from django.utils.translation import gettext as _

from conversations import history
from conversations.catalogue import Sight
from conversations.edits import accept
from conversations.edits.accept import Saved, Unacceptable, Wish
from conversations.edits.proof import shows
from conversations.edits.telling import clock, isolated, short
from conversations.history import Sighted, Source
from conversations.models import (
    AttributeChange,
    AttributeEdit,
    Conversation,
    State,
    User,
    Verdict,
)
from conversations.models.clock import moment
from conversations.models.edit import OPEN


@dataclass(frozen=True, slots=True)
class Back:
    """One attribute that can be taken back."""

    key: str
    label: str
    #: What the edit wrote and what it held before, as the person may see them.
    now: str
    earlier: str


@dataclass(frozen=True, slots=True)
class Undo:
    """What undoing an edit would do, for one person."""

    back: Sequence[Back]
    #: There was no earlier value: only the empty string can be written.
    empty: Sequence[Back]
    #: Why it cannot be done; empty: it can.
    refusals: Sequence[str]

    @property
    def possible(self) -> bool:
        return not self.refusals and bool(self.back or self.empty)


@dataclass(frozen=True)
class _Case:
    """One proven attribute of the edit, with all that is known of it."""

    change: AttributeChange
    #: What it holds now; None: unknown.
    held: str | None
    #: What it held before the edit; the empty string: nothing; None: unknown.
    earlier: str | None
    #: There was such a key, though perhaps with an empty value.
    existed: bool
    newest: Sighted | None
    newer: AttributeChange | None


def plan(edit: AttributeEdit, sight: Sight) -> Undo:
    """What can be undone of an edit, and why not where it cannot."""
    cases = _cases(edit)
    refusals = [words for each in cases if (words := _refusal(each, sight))]
    back = [_back(each, sight) for each in cases if each.existed]
    empty = [_back(each, sight) for each in cases if not each.existed]
    return Undo(back, empty, refusals)


def undoable(edit: AttributeEdit) -> bool:
    """Whether there is anything proven to take back."""
    return not edit.is_open and bool(_proven(edit))


def carry_out(edit: AttributeEdit, sight: Sight, *, by: User, empty: bool) -> Saved:
    """Save the new edit. `empty`: keys that held nothing before may be set to the empty string.

    Asked twice before the first is settled, it is one edit. Raises what `accept.save` raises, and `Unacceptable` with
    the words of the refusal.
    """
    planned = plan(edit, sight)
    if planned.refusals:
        raise Unacceptable(" ".join(planned.refusals))
    if planned.empty and not empty:
        raise Unacceptable(no_earlier_value(planned.empty))
    wishes = {each.change.key: Wish(each.earlier or "", each.change.value) for each in _cases(edit)}
    if not wishes:
        raise Unacceptable(_("There is nothing to undo."))
    once = uuid5(edit.pk, f"undo {edit.undone_by.exclude(state__in=OPEN).count()}")
    lane = edit.lane
    return accept.save(
        lane.conversation_id, lane.participant_id, wishes, by=by, edit_id=once, undoes=edit
    )


def no_earlier_value(backs: Sequence[Back]) -> str:
    """What setting to the empty string means."""
    names = ", ".join(_("“%(name)s”") % {"name": each.label} for each in backs)
    return _(
        "There was no earlier value of %(names)s. Genesys cannot delete a key: it can only be set to the empty "
        "string, and flows see it as there but empty."
    ) % {"names": names}


def _proven(edit: AttributeEdit) -> list[AttributeChange]:
    if edit.state in (State.CANCELLED, State.CONFLICT, State.FAILED, State.REJECTED):
        return []
    changes = [each for each in edit.changes.all() if each.verdict == Verdict.CONFIRMED]
    return sorted(changes, key=lambda each: each.key)


def _cases(edit: AttributeEdit) -> list[_Case]:
    conversation = Conversation.objects.filter(pk=edit.lane.conversation_id).first()
    participants = list(conversation.participants.all()) if conversation else []
    own = next((e for e in participants if e.participant_id == edit.lane.participant_id), None)
    sighted: list[Sighted] = []
    if conversation and own:
        sighted = [e for e in history.of(conversation, participants) if e.participant == own]
    held = own.attributes if own and own.attributes_known else None
    newer = _newer(edit)
    return [_case(edit, each, held, sighted, newer.get(each.key)) for each in _proven(edit)]


def _case(
    edit: AttributeEdit,
    change: AttributeChange,
    held: Mapping[str, str] | None,
    sighted: Sequence[Sighted],
    newer: AttributeChange | None,
) -> _Case:
    before = _before(edit, change, sighted)
    # What a form showed may be a wish of ours that was on its way then, and never there.
    earlier = before.value or "" if before else change.baseline
    existed = earlier is None or bool(earlier) or (before is not None and before.value is not None)
    of_key = [each for each in sighted if each.key == change.key]
    return _Case(
        change=change,
        held=None if held is None else held.get(change.key, ""),
        earlier=earlier,
        existed=existed,
        newest=of_key[-1] if of_key else None,
        newer=newer,
    )


def _before(
    edit: AttributeEdit, change: AttributeChange, sighted: Sequence[Sighted]
) -> Sighted | None:
    """What the attribute held before the edit was sent; None: nobody saw it."""
    sent = history.epoch(edit.sent_at) or edit.created_at.timestamp()
    if edit.sends > 1:  # an earlier sending may have brought it, and is part of what is undone
        saved = edit.created_at.timestamp()
        sighted = [e for e in sighted if e.at < saved or (e.value or "") != change.value]
    return history.held_before(sighted, change.key, sent)


def _newer(edit: AttributeEdit) -> dict[str, AttributeChange]:
    """Per key the newest later change of ours that was sent or may yet be."""
    rows = (
        AttributeChange.objects.filter(edit__lane_id=edit.lane_id, edit__seq__gt=edit.seq)
        .exclude(verdict=Verdict.UNSENT)
        .select_related("edit__by")
        .order_by("edit__seq")
    )
    return {each.key: each for each in rows}


def _back(case: _Case, sight: Sight) -> Back:
    key = case.change.key
    now, earlier = sight.show(key, case.change.value), sight.show(key, case.earlier or "")
    return Back(key, sight.label(key), now, earlier)


def _refusal(case: _Case, sight: Sight) -> str:
    """Why this attribute cannot be taken back; empty if it can."""
    key = case.change.key
    facts = {"name": _("“%(name)s”") % {"name": sight.label(key)}}
    if case.newer is not None and case.newer.edit.is_open:
        return _("A newer change of %(name)s is on its way. Wait until it is settled.") % facts
    if case.earlier is None:
        return (
            _("Midcall did not see what %(name)s held before, so there is nothing to go back to.")
            % facts
        )
    if case.earlier == case.change.value:
        return _("%(name)s held this value before already.") % facts
    if case.held is None or shows(case.held, case.change.value):
        return ""
    if case.held == case.earlier:
        return _("%(name)s holds its earlier value again already.") % facts
    facts["value"] = isolated(short(sight.show(key, case.held)))
    return _changed_since(case, facts)


def _changed_since(case: _Case, facts: dict[str, str]) -> str:
    newest = case.newest
    facts["time"] = clock(moment(newest.at)) if newest else "?"
    if newest is not None and newest.source == Source.OURS and newest.edit is not None:
        facts["person"] = str(newest.edit.by) if newest.edit.by else _("the system")
        return (
            _("%(person)s changed %(name)s to “%(value)s” at %(time)s. Undo would overwrite that.")
            % facts
        )
    if newest is not None and newest.source == Source.FLOW:
        return (
            _("A flow set %(name)s to “%(value)s” at %(time)s. Undo would overwrite that.") % facts
        )
    return (
        _("Someone else changed %(name)s to “%(value)s” at %(time)s. Undo would overwrite that.")
        % facts
    )
