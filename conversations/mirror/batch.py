"""What we hold of some conversations, loaded together and saved together: a busy feed brings hundreds of events
a second.

The rows are locked, in one order: an event and a read of the same conversation must not write over each other.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from uuid import UUID

from conversations import indexing
from conversations.genesys.shapes import Conversation as Shown
from conversations.mirror.parties import Rows
from conversations.models import (
    AttributeSighting,
    Conversation,
    FeedTopic,
    GenesysUser,
    Participant,
    Queue,
    columns,
)

#: Changes of these alone are nothing anybody sees.
_UNSEEN = frozenset(
    {
        "indexed",
        "heard_at",
        "asked_at",
        "listed_at",
        "reading",
        "reading_since",
        "read_after",
        "read_failures",
    }
)


class Batch:
    """Use inside a transaction. Each conversation may be shown once: what comes twice needs another batch."""

    def __init__(self, shown: Sequence[Shown]) -> None:
        ids = sorted(each.id for each in shown)
        self.conversations = _locked(ids)
        self._before = {pk: columns.held(row) for pk, row in self.conversations.items()}
        self.sightings: list[AttributeSighting] = []
        parties: dict[UUID, list[Participant]] = {pk: [] for pk in ids}
        for each in Participant.objects.filter(conversation_id__in=ids):
            parties[each.conversation_id].append(each)
        self.parties = {pk: Rows(self.conversations[pk], parties[pk]) for pk in ids}
        self._shown = shown

    def queue_name(self, queue_id: UUID) -> str:
        """The name of a queue, as far as we know it."""
        return self._queue_names.get(queue_id, "")

    def staff_name(self, user_id: UUID) -> str:
        """The name of somebody of the staff, as far as a read has brought it."""
        return self._staff_names.get(user_id, "")

    def followed_for(self, row: Conversation, at: float) -> float:
        """For how many seconds before `at` we have heard every event of a conversation, without a gap."""
        since = self._followed_since.get(row.queue_id) if row.queue_id else None
        if since is None or not row.known_since:
            return 0.0
        return at - max(since, row.known_since, row.queue_since)

    # Asked for where somebody wants to know, and then for the whole batch: most reads bring all the names themselves.

    @cached_property
    def _queues(self) -> set[UUID]:
        here = {row.queue_id for row in self.conversations.values() if row.queue_id}
        return queue_ids(self._shown) | here

    @cached_property
    def _queue_names(self) -> dict[UUID, str]:
        return queue_names(self._queues)

    @cached_property
    def _staff_names(self) -> dict[UUID, str]:
        user_ids = {p.user_id for each in self._shown for p in each.participants if p.user_id}
        return dict(GenesysUser.objects.filter(pk__in=user_ids).values_list("pk", "name"))

    @cached_property
    def _followed_since(self) -> dict[UUID, float]:
        topics = FeedTopic.objects.filter(pk__in=self._queues, since__gt=0)
        return dict(topics.values_list("pk", "since"))

    def save(self, at: float) -> list[UUID]:
        """Write what has changed; returns the conversations of which people would see a change."""
        parties = {pk: rows.changed() for pk, rows in self.parties.items()}
        Rows.save(each for changed in parties.values() for each in changed)
        AttributeSighting.objects.bulk_create(self.sightings)
        indexing.keep([(row, list(self.parties[pk])) for pk, row in self.conversations.items()], at)
        changed = {
            pk: columns.differing(row, self._before[pk]) for pk, row in self.conversations.items()
        }
        columns.update((self.conversations[pk], names) for pk, names in changed.items())
        return [pk for pk, names in changed.items() if names - _UNSEEN or parties[pk]]


def _locked(ids: Collection[UUID]) -> dict[UUID, Conversation]:
    rows = Conversation.objects.select_for_update().order_by("pk")
    found = rows.in_bulk(ids)
    if len(found) < len(ids):
        new = [Conversation(pk=pk) for pk in ids if pk not in found]
        Conversation.objects.bulk_create(new, ignore_conflicts=True)
        found = rows.in_bulk(ids)
    return found


def queue_ids(shown: Iterable[Shown]) -> set[UUID]:
    """The queues these conversations name."""
    return {party.queue_id for each in shown for party in each.participants if party.queue_id}


def queue_names(ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of these queues, of those we know."""
    return dict(Queue.objects.filter(pk__in=ids).values_list("pk", "name"))
