"""Take over a listing: that conversations exist, who is in them and what is going on, never their attributes.

The listing lags by seconds to minutes (API.md 6.1). So it makes rows of conversations nobody told us of, and renews
those known from listings alone; what events or reads have shown is newer, and stays.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from django.db import transaction

from conversations import indexing, scopes
from conversations.genesys.shapes import Conversation as Shown
from conversations.mirror import reading
from conversations.mirror.batch import Batch, queue_ids, queue_names
from conversations.mirror.parties import name_staff, take_facts
from conversations.mirror.summary import sum_up
from conversations.models import AttributeSighting, Conversation, Participant
from conversations.models.clock import now

#: The listing lags (API.md 6.1): what began, ended or was heard of within this time may be listed wrongly.
LAG_SECONDS = 120.0
#: What is listed counts like what is read: it may show again somebody who seemed to be gone.
Source = AttributeSighting.Source


def record_listed(shown: Sequence[Shown]) -> set[UUID]:
    """Take over one page; returns the conversations that were new to us."""
    shown = sorted({each.id: each for each in shown}.values(), key=lambda each: each.id)
    at, ids = now(), [each.id for each in shown]
    known = Conversation.objects.in_bulk(ids)
    # Most of the work is done before the transaction: nobody must wait for it.
    unknown = {each.id: each for each in shown if each.id not in known}
    names = queue_names(queue_ids(unknown.values()))
    new = [_Made(each, at, lambda pk: names.get(pk, "")) for each in unknown.values()]
    with transaction.atomic():
        # In the order in which events take the rows: those that are there, then those to be made, each by their ids.
        _renew([each for each in shown if each.id in known], at)
        Conversation.objects.filter(pk__in=known).update(listed_at=at)
        indexing.keep([(each.row, each.parties) for each in new], at)
        Conversation.objects.bulk_create([each.row for each in new], ignore_conflicts=True)
        Participant.objects.bulk_create(
            [party for each in new for party in each.parties], ignore_conflicts=True
        )
    for each in new:
        scopes.changed(each.row.pk)
    return {each.row.pk for each in new}


class _Made:
    """The rows of a conversation nobody told us of before."""

    def __init__(self, shown: Shown, at: float, name_of_queue: Callable[[UUID], str]) -> None:
        self.row = Conversation(
            pk=shown.id, listed_at=at, reading=Conversation.Reading.FILL, reading_since=at
        )
        self.parties = [
            Participant(conversation=self.row, participant_id=each.id)
            for each in shown.participants
        ]
        _take(self.row, self.parties, shown, at, name_of_queue)


def _renew(shown: Sequence[Shown], at: float) -> None:
    batch = Batch(shown)
    for each in shown:
        row = batch.conversations[each.id]
        told_at = max(row.asked_at, row.heard_at)
        if told_at:  # told better than by a listing, but for its begin
            row.started_at = each.started_at or row.started_at
            if not row.live and not row.ended_at and told_at < at - LAG_SECONDS:
                reading.check_now(row, at)  # it goes on, or went on after all
        else:
            parties = [batch.parties[each.id].of(party) for party in each.participants]
            _take(row, parties, each, at, batch.queue_name)
            name_staff(parties, batch.staff_name)
    for conversation_id in batch.save(at):
        scopes.changed(conversation_id)


def _take(
    row: Conversation,
    parties: list[Participant],
    shown: Shown,
    at: float,
    name_of_queue: Callable[[UUID], str],
) -> None:
    for position, (party, each) in enumerate(zip(parties, shown.participants, strict=True)):
        party.position = position
        take_facts(party, each, Source.READ)
    sum_up(row, shown, parties, at, Source.READ, name_of_queue)
