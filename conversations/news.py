"""What a person has to be told wherever they are: an edit of theirs was proven, and has changed back."""

from dataclasses import dataclass

from django.db.models import QuerySet

from conversations import access
from conversations.catalogue import Sight
from conversations.edits import story
from conversations.edits.story import EditLine
from conversations.models import AttributeEdit, State, User

#: Told at a time; the others stand in the list of edits.
MOST = 3


@dataclass(frozen=True, slots=True)
class ChangedBack:
    """One such edit, as the person may see it."""

    line: EditLine
    #: Of the conversation; empty where it is no longer theirs.
    customer: str
    #: They could make the edit now.
    may_write: bool


def changed_back(user: User) -> list[ChangedBack]:
    """The person's own edits that changed back, nobody has decided about, and they have not put away; newest first."""
    rows = _changed_back(AttributeEdit.objects.filter(by=user, notice_closed=False))
    found = list(rows.select_related("lane", "by").prefetch_related("changes")[:MOST])
    if not found:
        return []
    sight = Sight(user)
    seen = access.conversations(user).in_bulk([each.lane.conversation_id for each in found])
    told = []
    for edit in found:
        target = seen.get(edit.lane.conversation_id)
        mine = all(sight.may_edit(each.key) for each in edit.changes.all())
        told.append(
            ChangedBack(
                line=story.line(edit, sight, access.attributes_of(edit)),
                customer=target.customer if target else "",
                may_write=target is not None and mine and not access.may_change(user, target),
            )
        )
    return told


def first(rows: QuerySet[AttributeEdit]) -> list[AttributeEdit]:
    """Of these edits the ones a list begins with: they changed back, and nobody has decided."""
    return list(_changed_back(rows)[: MOST * 4])


def put_away(edit: AttributeEdit) -> None:
    """The notice is not shown again. The edit still needs attention, and stays where it is listed."""
    AttributeEdit.objects.filter(pk=edit.pk).update(notice_closed=True)


def _changed_back(rows: QuerySet[AttributeEdit]) -> QuerySet[AttributeEdit]:
    return rows.filter(state=State.REVERTED, unresolved=True).order_by("-settled_at", "-pk")
