"""Find conversations: what each filter, search and order of the board asks of the database, and what that costs.

All of it narrows rows that `board.rows` gave, so it starts from who asks and from what is live:
`conversation_live_by_start` leads to the first fifty of ten thousand by reading fifty. Worst cases at ten thousand
live, on SQLite and PostgreSQL alike:

- by queue: `conversation_live_by_queue`, in order of start; reads the page and nothing else
- by an attribute's value: `attribute_equal` gives the conversations, at most all of those, which are then sorted
- an attribute is there, or missing: walks the live ones in order of start and looks each up in
  `attribute_once_in_a_conversation` until the page is full; all ten thousand where fewer match than a page holds
- by edits that are open or need attention: `edit_open` and `edit_unresolved` hold only those
- by division: `division_of_conversations`
- by agent's id: `participant_own`; by the id of the conversation, or how it begins: the primary key
- words, channel, state, agent's name: read the live ones in order of start until the page is full, all where few match;
  of attributes a search finds those that begin with the words, by `attribute_begins_with`
- any order but by start, and far pages: reads every row that matches, once; only ids are sorted

Counting reads every row that matches; who counts often counts no further than to a limit, and keeps the number.
"""

import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from uuid import UUID

from django.db.models import Exists, F, OrderBy, OuterRef, Q, QuerySet, Subquery

from conversations import indexing
from conversations.models import AttributeEdit, LiveAttribute, LiveDivision, Participant, State
from conversations.models.conversation import ConversationQuerySet
from conversations.models.edit import NEEDS_ATTENTION, OPEN

#: Nobody types more than this to find something; SQLite stumbles over a pattern of 50,000 bytes.
MOST_CHARACTERS = 200
#: From so many digits on, words may be the beginning of an id.
ID_DIGITS, WHOLE_ID = 8, 32
_PART_OF_ID = re.compile(r"[0-9a-f-]{8,36}", re.ASCII | re.IGNORECASE)


def search(rows: ConversationQuerySet, words: str, hidden: Collection[str]) -> ConversationQuerySet:
    """By customer, agent, the id of the conversation or its beginning, or how the value of an attribute begins.

    `hidden`: attributes the person must not find anything by.
    """
    words = words.strip()
    begins = indexing.start(words)
    wanted = Q(customer__icontains=words) | Q(agent__icontains=words)
    if begins:
        held = LiveAttribute.objects.filter(start__gte=begins, start__lt=_after(begins))
        held = held.exclude(key__in=hidden) if hidden else held
        wanted |= Q(pk__in=held.values("conversation_id"))
    if between := _ids_like(words):
        wanted |= Q(pk__range=between)
    return rows.filter(wanted)


def among(rows: ConversationQuerySet, ids: Iterable[str]) -> ConversationQuerySet:
    """Only these conversations; what is no id is nobody's."""
    wanted = []
    for each in ids:
        with suppress(ValueError):
            wanted.append(UUID(each))
    return rows.filter(pk__in=wanted)


def with_edits(rows: ConversationQuerySet, which: str) -> ConversationQuerySet:
    """Only conversations with an edit that needs `attention`, is `open`, or is in one state and not answered yet."""
    if which == "attention":
        return rows.filter(pk__in=_conversations(Q(unresolved=True)))
    if which == "open":
        return rows.filter(pk__in=_conversations(Q(state__in=OPEN)))
    if which in OPEN:
        return rows.filter(pk__in=_conversations(Q(state__in=OPEN) & Q(state=which)))
    if which in NEEDS_ATTENTION:
        return rows.filter(pk__in=_conversations(Q(unresolved=True) & Q(state=which)))
    # Of these there is no end: each live conversation is asked for its own.
    edits = AttributeEdit.objects.filter(state=State(which), lane__conversation_id=OuterRef("pk"))
    return rows.filter(Exists(edits))


def by_agent(rows: ConversationQuerySet, words: str) -> ConversationQuerySet:
    """By the name of an agent who is on it, or their Genesys id."""
    try:
        user_id = UUID(words.strip())
    except ValueError:
        return rows.filter(agent__icontains=words.strip())
    on = Participant.objects.filter(Q(ended_at=None) | Q(wrapping_up=True), user_id=user_id)
    return rows.filter(pk__in=on.values("conversation_id"))


def in_division(rows: ConversationQuerySet, division_id: UUID) -> ConversationQuerySet:
    held = LiveDivision.objects.filter(division_id=division_id)
    return rows.filter(pk__in=held.values("conversation_id"))


def holding(rows: ConversationQuerySet, key: str, value: str) -> ConversationQuerySet:
    """An attribute has exactly this value; the empty one is the same as none (PRODUCT: clearing writes it)."""
    if not value:
        return lacking(rows, key)
    held = LiveAttribute.objects.filter(key=key, digest=indexing.digest(value))
    return rows.filter(pk__in=held.values("conversation_id"))


def having(rows: ConversationQuerySet, key: str) -> ConversationQuerySet:
    """An attribute has some value."""
    return rows.filter(Exists(_held(key)))


def lacking(rows: ConversationQuerySet, key: str) -> ConversationQuerySet:
    """An attribute is missing, or empty."""
    return rows.filter(~Exists(_held(key)))


def by_attribute(
    rows: ConversationQuerySet, key: str, *, descending: bool = False
) -> ConversationQuerySet:
    """In the order of how an attribute's values begin, without case; where it is missing, last."""
    begins = F("begins")
    order: OrderBy = begins.desc(nulls_last=True) if descending else begins.asc(nulls_last=True)
    return rows.annotate(begins=Subquery(_held(key).values("start"))).order_by(
        order, "started_at", "pk"
    )


def _held(key: str) -> QuerySet[LiveAttribute]:
    return LiveAttribute.objects.filter(conversation=OuterRef("pk"), key=key)


def _conversations(wanted: Q) -> QuerySet[AttributeEdit, UUID]:
    rows = AttributeEdit.objects.filter(wanted)
    return rows.values_list("lane__conversation_id", flat=True)


def _after(begins: bytes) -> bytes:
    """What comes after everything that begins so; 0xff is in no UTF-8."""
    return begins + b"\xff"


def _ids_like(words: str) -> tuple[UUID, UUID] | None:
    """The first and the last id that begins with these digits."""
    digits = words.replace("-", "").lower()
    if not _PART_OF_ID.fullmatch(words) or not ID_DIGITS <= len(digits) <= WHOLE_ID:
        return None
    return UUID(digits.ljust(WHOLE_ID, "0")), UUID(digits.ljust(WHOLE_ID, "f"))
