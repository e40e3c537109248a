"""The audit: every change that was ever asked for, by whom, and what became of it. Read-only, newest first."""

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from conversations import access
from conversations.catalogue import Sight
from conversations.cells import MARK, defused
from conversations.edits import story
from conversations.edits.story import ChangeLine
from conversations.models import AttributeEdit, Conversation, State, User

#: Edits on one page, and in one stretch of a file.
ROWS, STRETCH = 50, 500
#: For `Asked.person`: what no person saved.
SYSTEM = "system"

COLUMNS = (
    "saved_at",
    "by",
    "interaction",
    "customer",
    "participant",
    "key",
    "label",
    "old",
    "new",
    "genesys_shows",
    "state",
    "verdict",
    "reason",
    "settled_at",
    "attempts",
    "request_id",
    "edit",
    "moves",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which changes; what is empty or None does not narrow. `until` itself is not included."""

    person: str = ""
    key: str = ""
    state: str = ""
    since: datetime | None = None
    until: datetime | None = None
    conversation: UUID | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of one edit, as this person may see it."""

    edit: AttributeEdit
    #: None: we do not hold it any more.
    conversation: Conversation | None
    #: None: an attribute this person may not read.
    change: ChangeLine | None
    words: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    entries: Sequence[Entry]
    #: Where the next page begins; empty: there is none.
    older: str


def find(user: User, asked: Asked) -> QuerySet[AttributeEdit]:
    """The edits in question, of those this person may see."""
    rows = access.edits(user)
    if asked.person:
        rows = rows.filter(by_id=None if asked.person == SYSTEM else int(asked.person))
    if asked.key:
        rows = (
            rows.filter(changes__key=asked.key) if Sight(user).may_read(asked.key) else rows.none()
        )
    if asked.state:
        rows = rows.filter(state=asked.state)
    if asked.since:
        rows = rows.filter(created_at__gte=asked.since)
    if asked.until:
        rows = rows.filter(created_at__lt=asked.until)
    if asked.conversation:
        rows = rows.filter(lane__conversation_id=asked.conversation)
    return rows.select_related("lane", "by").prefetch_related("changes")


def page(user: User, asked: Asked, before: str) -> Page:
    """The newest first; `before` is where the page before ended."""
    found = story.page(find(user, asked), before, ROWS)
    return Page(list(_entries(user, found.edits, asked.key)), found.older)


def to_csv(user: User, asked: Asked) -> Iterator[str]:
    """All of it, a stretch at a time: no more than that is ever held."""
    yield MARK + _row(COLUMNS)
    rows, before = find(user, asked).prefetch_related("moves"), ""
    while True:
        found = story.page(rows, before, STRETCH)
        entries = _entries(user, found.edits, asked.key)
        yield "".join(_row(_cells(each)) for each in entries)
        before = found.older
        if not before:
            return


def _entries(user: User, edits: Collection[AttributeEdit], key: str) -> Iterator[Entry]:
    sight = Sight(user)
    ids = {each.lane.conversation_id for each in edits}
    held = access.conversations(user).in_bulk(ids)
    for edit in edits:
        line = story.line(edit, sight)
        hidden = len(edit.changes.all()) - len(line.changes)
        changes: list[ChangeLine | None] = [each for each in line.changes if key in ("", each.key)]
        for change in changes + [None] * (0 if key else hidden):
            conversation = held.get(edit.lane.conversation_id)
            yield Entry(edit, conversation, change, line.words, line.reason)


def _cells(entry: Entry) -> Iterable[str]:
    edit, change = entry.edit, entry.change
    return (
        edit.created_at.isoformat(),
        edit.by.username if edit.by else SYSTEM,
        str(edit.lane.conversation_id),
        entry.conversation.customer if entry.conversation else "",
        str(edit.lane.participant_id),
        *((change.key, change.label, change.before, change.wanted) if change else ("?",) * 4),
        (change.observed or "") if change else "?",
        edit.state,
        str(change.verdict) if change else "?",
        entry.reason,
        edit.settled_at.isoformat() if edit.settled_at else "",
        str(edit.attempts),
        edit.correlation_id,
        str(edit.pk),
        _moves(edit),
    )


def _moves(edit: AttributeEdit) -> str:
    """When it came to which state; what was only noted is left to the page of the edit."""
    return "; ".join(
        f"{each.at.isoformat()} {State(each.to_state).value}"
        for each in edit.moves.all()
        if each.from_state != each.to_state
    )


def _row(cells: Iterable[str]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(defused(each) for each in cells)
    return out.getvalue()
