"""Take over one answer or one event."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db import DataError, IntegrityError, transaction

from conversations import indexing, scopes
from conversations.genesys.shapes import Conversation as Shown
from conversations.mirror import reading
from conversations.mirror.attributes import Attributes
from conversations.mirror.batch import Batch
from conversations.mirror.news import News
from conversations.mirror.parties import keep_names, name_staff, take_facts
from conversations.mirror.summary import sum_up
from conversations.models import AttributeSighting, Conversation
from conversations.models.clock import moment

Source = AttributeSighting.Source
Phase = Conversation.Phase
#: What odd content may raise while it is recorded. It says nothing about the next conversation.
UNRECORDABLE = (DataError, IntegrityError, ArithmeticError, LookupError, TypeError, ValueError)
#: What it shows, and when it arrived (epoch seconds of the database).
Event = tuple[Shown, float]


def record_read(shown: Shown, asked_at: float) -> News:
    """Take over an answer of `GET /conversations/{id}`, asked for at `asked_at` (epoch seconds of the database)."""
    with transaction.atomic():
        batch = Batch([shown])
        row = batch.conversations[shown.id]
        if row.asked_at > asked_at:
            held = {each.participant_id: each.attributes for each in batch.parties[row.pk]}
            return News(
                shown.id,
                newer={p.id for p in shown.participants if held.get(p.id) != p.attributes},
            )
        if batch.parties[row.pk] and not shown.participants and not shown.ended_at:
            reading.nothing_shown(row, asked_at)
        else:
            row.asked_at = asked_at
            reading.after_read(row, asked_at)
        news = _take(batch, row, shown, asked_at, Source.READ)
        if news.contradicts:
            reading.check_later(row, asked_at)
        new_or_changed = [party for party, _ in batch.parties[row.pk].changed()]
        keep_names(new_or_changed)  # the others have been kept before
        _save(batch, asked_at)
    return news


def record_events(events: Sequence[Event]) -> list[News]:
    """Take over events in the order in which they arrived."""
    news = []
    with transaction.atomic():
        for each in _rounds(events):
            batch = Batch([shown for shown, _ in each])
            for shown, received_at in each:
                row = batch.conversations[shown.id]
                row.heard_at = max(row.heard_at, received_at)
                told = _take(batch, row, shown, received_at, Source.EVENT)
                changed = bool(batch.parties[row.pk].changed())
                reading.after_event(row, told, received_at, changed=changed)
                news.append(told)
            _save(batch, each[-1][1])
    return news


def known(conversation_id: UUID) -> Conversation | None:
    """What we hold of a conversation, if anything."""
    return Conversation.objects.filter(pk=conversation_id).first()


def forget_live(conversation_id: UUID, at: float) -> None:
    """Genesys knows the conversation no more: whatever we believed, it is over."""
    Conversation.objects.filter(pk=conversation_id).update(
        phase=Phase.ENDED,
        phase_since=moment(at),
        asked_at=at,
        reading=Conversation.Reading.NOT_WANTED,
    )
    indexing.drop(conversation_id)
    scopes.changed(conversation_id)


def _rounds(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Events in rounds with each conversation once, its own events in their order."""
    left = list(events)
    while left:
        seen: set[UUID] = set()
        now: list[Event] = []
        later: list[Event] = []
        for event in left:
            (later if event[0].id in seen else now).append(event)
            seen.add(event[0].id)
        yield now
        left = later


def _take(batch: Batch, row: Conversation, shown: Shown, at: float, source: Source) -> News:
    news = News(row.pk, incomplete=shown.incomplete)
    was, flow_ran = row.phase, row.flow_running
    # A read that was asked for before the newest event arrived brings nobody back whom that event may have seen leave.
    facts = Source.EVENT if at < row.heard_at else source
    rows = batch.parties[row.pk]
    overtaken = at < row.heard_at
    followed = batch.followed_for(row, at) if source is Source.EVENT or overtaken else 0.0
    attributes = Attributes(row, at, source, followed, news, batch.sightings)
    for position, each in enumerate(shown.participants):
        participant = rows.of(each)
        participant.position = position
        take_facts(participant, each, facts)
        attributes.take(participant, each)
    news.unnamed = not name_staff(rows, batch.staff_name) and not row.asked_at
    sum_up(row, shown, list(rows), at, facts, batch.queue_name)
    news.live = row.live
    news.ended = (row.phase == Phase.ENDED != was) or (flow_ran and not row.flow_running)
    news.contradicts = was == Phase.ENDED and (row.live or _shows_life(row, shown))
    return news


def _shows_life(row: Conversation, shown: Shown) -> bool:
    """Somebody is on, though the row says that it is over, which Genesys has not said."""
    over = row.ended_at or shown.ended_at
    return not over and any(each.ended_at is None for each in shown.participants)


def _save(batch: Batch, at: float) -> None:
    for conversation_id in batch.save(at):
        scopes.changed(conversation_id)
