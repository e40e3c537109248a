"""An edit as it is told: a line in a list, the timeline of all that happened, what can be done about it now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from conversations.catalogue import Sight
from conversations.edits import conflicts, telling
from conversations.edits.telling import Step
from conversations.models import AttributeChange, AttributeEdit, EditMove, State, Verdict


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One key of an edit, as a person may see it."""

    key: str
    label: str
    before: str
    wanted: str
    #: None: there was no such key, if it was read.
    observed: str | None
    read: bool
    #: It was proven, and changed back or was changed since.
    gone: bool
    verdict: str


@dataclass(frozen=True, slots=True)
class EditLine:
    edit: AttributeEdit
    words: str
    changes: Sequence[ChangeLine]
    #: Why it stands as it does.
    reason: str
    #: What the person sees the missing keys to hold; posted with a step.
    seen: dict[str, str]

    @property
    def labels(self) -> str:
        """What staff call the attributes that were to change."""
        return ", ".join(each.label for each in self.changes)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    at: datetime
    #: Seconds since the edit was saved.
    after: float
    state: State
    words: str
    note: str
    details: Sequence[str]
    moved: bool


@dataclass(frozen=True, slots=True)
class Page:
    edits: Sequence[AttributeEdit]
    #: Where the next page begins; empty: there is none.
    older: str


def page(rows: QuerySet[AttributeEdit], before: str, size: int) -> Page:
    """The newest first; `before` is the mark of the page before, anything else begins at the newest."""
    rows = rows.order_by("-created_at", "-pk").distinct()
    mark = _mark(before)
    if mark is not None:
        at, pk = mark
        rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk))
    found = list(rows[: size + 1])
    more = found[:size]
    older = f"{more[-1].created_at.isoformat()}~{more[-1].pk}" if len(found) > size else ""
    return Page(more, older)


def _mark(text: str) -> tuple[datetime, UUID] | None:
    """Where a page ended; None for what is no mark of ours."""
    moment, _, pk = text.partition("~")
    try:
        at, edit_id = datetime.fromisoformat(moment), UUID(pk)
        if at.tzinfo is None:
            return None
        return at.astimezone(UTC), edit_id
    except (ValueError, OverflowError):
        return None


def line(edit: AttributeEdit, sight: Sight, held: Mapping[str, str] | None = None) -> EditLine:
    """What one person may see of an edit. `held`: what the keys hold now, where that is known and of interest."""
    readable = [each for each in edit.changes.all() if sight.may_read(each.key)]
    changes = [
        ChangeLine(
            key=each.key,
            label=sight.label(each.key),
            before="?" if each.baseline is None else sight.show(each.key, each.baseline),
            wanted=sight.show(each.key, each.value),
            observed=_observed(each, sight, held),
            read=each.was_read or held is not None,
            gone=each.verdict == Verdict.REVERTED,
            verdict=Verdict(each.verdict),
        )
        for each in sorted(readable, key=lambda each: each.key)
    ]
    mine = all(sight.may_edit(each.key) for each in edit.changes.all())
    seen = telling.seen(edit, held) if mine else {}
    return EditLine(edit, telling.label(edit), changes, telling.reason(edit, sight), seen)


def _observed(change: AttributeChange, sight: Sight, held: Mapping[str, str] | None) -> str | None:
    shown = change.observed if held is None else held.get(change.key)
    return None if shown is None else sight.show(change.key, shown)


def timeline(edit: AttributeEdit, sight: Sight) -> list[Entry]:
    """Everything that happened, in order. Never a value."""
    return [_entry(each, edit, sight) for each in edit.moves.all()]


def steps(
    edit: AttributeEdit, sight: Sight, seen: Mapping[str, str], *, may_write: bool
) -> tuple[Step, ...]:
    """What can be done about the edit as a whole. `seen`: what the person sees the missing keys to hold."""
    clash = conflicts.take_apart(edit, seen) if edit.unresolved else None
    if clash is not None:
        return telling.ways_out(edit, clash if may_write else replace(clash, kept_back=()), sight)
    changes = list(edit.changes.all())
    first = next(
        (each for each in changes if each in edit.missing), changes[0] if changes else None
    )
    if first is None:
        return ()
    first.edit = edit
    return telling.tell(first, sight, None).steps


def _entry(move: EditMove, edit: AttributeEdit, sight: Sight) -> Entry:
    details = []
    if move.attempt:
        details.append(_("attempt %(number)s") % {"number": move.attempt})
    if move.status:
        details.append(_("answer %(status)s") % {"status": move.status})
    if move.correlation_id:
        details.append(_("correlation id %(id)s") % {"id": move.correlation_id})
    moved = move.from_state != move.to_state
    state = State(move.to_state)
    words = str(state.label) if moved else _("Noted")
    after = (move.at - edit.created_at).total_seconds()
    return Entry(
        move.at, after, state, words, telling.without_hidden(move.note, edit, sight), details, moved
    )
