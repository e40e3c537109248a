"""The board: the conversations of one page, each with what a person decides by at a glance."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber

from conversations import access, mirror
from conversations.catalogue import Sight
from conversations.edits import telling
from conversations.models import (
    AttributeEdit,
    Conversation,
    Feed,
    LiveAttribute,
    LiveDivision,
    Participant,
    Queue,
    Role,
    User,
)
from conversations.models.clock import carried_now, moment, now
from conversations.models.conversation import ConversationQuerySet

#: A row that has ended stays this long (seconds), so that it does not vanish under the eye.
LINGER_SECONDS = 10.0
#: So many attributes that nobody put into the catalogue are offered to filter by.
KEYS_OFFERED = 100
#: What is known of the feed is asked for once in so long: five thousand polls need not each ask for it.
FEED_SECONDS = 1.0
#: Key attributes in one row.
KEYS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the board. Nothing but what it shows, so that equal rows look alike and need rendering only once."""

    id: UUID
    media: str
    customer: str
    queue: str
    agent: str
    phase: str
    live: bool
    started_at: datetime | None
    #: Key and value of the pinned attributes that have one, as this person may see them.
    attributes: tuple[tuple[str, str], ...]
    #: Label and value of the attributes that have a column of their own, empty where it is missing.
    cells: tuple[tuple[str, str], ...]
    #: State and words of the edit worth showing: one that needs attention, else the newest. Empty: there is none.
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the newest sign of life of the live feed is."""

    #: Seconds; None: never heard.
    silence: float | None
    up: bool
    #: No event tells of changes here: this is as old as the newest read.
    by_reading: bool = False


def rows(user: User) -> ConversationQuerySet:
    """What this person's board is about: what is live."""
    return access.conversations(user).live()


def lingering(user: User, ids: Collection[UUID]) -> set[UUID]:
    """Of these, the ones that ended just now."""
    just_now = moment(now() - LINGER_SECONDS)
    ended = access.conversations(user).filter(
        pk__in=ids, phase=Conversation.Phase.ENDED, phase_since__gt=just_now
    )
    return set(ended.values_list("pk", flat=True))


def queues(user: User) -> list[tuple[str, str]]:
    """The queues of what is live, by name."""
    ids = rows(user).exclude(queue_id=None).order_by().values_list("queue_id", flat=True).distinct()
    found = Queue.objects.in_bulk([each for each in ids if each])
    names = {pk: found[pk].name if pk in found else "" for pk in ids}
    return sorted(
        ((str(pk), name or str(pk)) for pk, name in names.items()), key=lambda each: each[1]
    )


def divisions(user: User) -> list[tuple[str, int]]:
    """The divisions of what is live, with how many conversations each has."""
    found = LiveDivision.objects.filter(conversation__in=rows(user)).values("division_id")
    counted = found.annotate(count=Count("pk")).order_by("-count", "division_id")
    return [(str(each["division_id"]), each["count"]) for each in counted]


def keys_in_use(user: User, sight: Sight) -> list[str]:
    """Attributes of what is live that the catalogue does not know, by name."""
    held = LiveAttribute.objects.exclude(key__in=sight.definitions)
    if not access.sees_all(user):
        held = held.filter(conversation__in=rows(user))
    return list(held.order_by("key").values_list("key", flat=True).distinct()[:KEYS_OFFERED])


def fetch(user: User, ids: list[UUID]) -> list[Conversation]:
    """These conversations, in this order."""
    found = access.conversations(user).in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def fill(
    conversations: Iterable[Conversation], sight: Sight, keys: Sequence[str] = ()
) -> list[Row]:
    """The rows of one page; `keys`: attributes with a column of their own, which this person may read."""
    page = list(conversations)
    ids = [each.pk for each in page]
    holders = _default_participants(ids)
    edits = _edits_to_show(ids)
    pinned = [each.key for each in sight.readable if each.pinned and each.key not in keys]
    seen = {each.pk: _Seen(holders.get(each.pk), sight) for each in page}
    return [
        _row(
            each,
            seen[each.pk].pinned(pinned),
            seen[each.pk].cells(keys),
            edits.get(each.pk),
        )
        for each in page
    ]


def needing_attention(user: User) -> QuerySet[AttributeEdit]:
    """The edits this person has to decide about: an agent's own, for others all they may see."""
    rows = access.edits(user).filter(unresolved=True)
    return rows.filter(by=user) if user.role == Role.AGENT else rows


def freshness() -> Freshness:
    """Of everything live pages show."""
    heard_at, opened_at = cache.get_or_set("feed", _feed, FEED_SECONDS) or _feed()
    if not heard_at:
        return Freshness(None, False)
    return Freshness(max(0.0, carried_now() - heard_at), bool(opened_at))


def _feed() -> tuple[float, float]:
    return Feed.objects.values_list("heard_at", "opened_at").first() or (0.0, 0.0)


def freshness_of(conversation: Conversation) -> Freshness:
    """Of one conversation: the feed's, if its queue is followed; else as old as what was last read or heard of it."""
    at = carried_now()
    if mirror.followed_for(conversation, at) > 0:
        return freshness()
    last = max(conversation.asked_at, conversation.heard_at)
    return Freshness(max(0.0, at - last), up=True, by_reading=True)


Pairs = tuple[tuple[str, str], ...]


def _row(
    conversation: Conversation, attributes: Pairs, cells: Pairs, edit: AttributeEdit | None
) -> Row:
    return Row(
        id=conversation.pk,
        media=conversation.media,
        customer=conversation.customer,
        queue=conversation.queue_name,
        agent=conversation.agent,
        phase=str(Conversation.Phase(conversation.phase).label),
        live=conversation.live,
        started_at=conversation.started_at,
        attributes=attributes,
        cells=cells,
        state=edit.state if edit else "",
        words=telling.label(edit) if edit else "",
    )


def _default_participants(ids: list[UUID]) -> dict[UUID, Participant]:
    parties: dict[UUID, list[Participant]] = defaultdict(list)
    rows = Participant.objects.filter(conversation_id__in=ids, purpose__in=("customer", "external"))
    for each in rows.order_by("position"):
        parties[each.conversation_id].append(each)
    chosen = {pk: access.default_participant(group) for pk, group in parties.items()}
    return {pk: each for pk, each in chosen.items() if each is not None}


def _edits_to_show(ids: list[UUID]) -> dict[UUID, AttributeEdit]:
    """Of each conversation the edit that needs attention most: unresolved, open, newest."""
    newest_first = Window(
        RowNumber(),
        partition_by=[F("lane__conversation_id")],
        order_by=[F("unresolved").desc(), F("settled_at").desc(nulls_first=True), F("seq").desc()],
    )
    rows = (
        AttributeEdit.objects.filter(lane__conversation_id__in=ids)
        .select_related("lane")
        .prefetch_related("changes")
        .annotate(place=newest_first)
        .filter(place=1)
    )
    return {each.lane.conversation_id: each for each in rows}


@dataclass(frozen=True, slots=True)
class _Seen:
    """The attributes of one participant as one person sees them."""

    holder: Participant | None
    sight: Sight

    def pinned(self, keys: list[str]) -> Pairs:
        """The first few that have a value."""
        found = [(key, self._show(key)) for key in keys if self._held(key)]
        return tuple(found[:KEYS_SHOWN])

    def cells(self, keys: Sequence[str]) -> Pairs:
        return tuple((self.sight.label(key), self._show(key)) for key in keys)

    def _held(self, key: str) -> str:
        held: dict[str, str] = self.holder.attributes if self.holder else {}
        return held.get(key, "")

    def _show(self, key: str) -> str:
        return telling.short(self.sight.show(key, self._held(key)), 40)
