"""JSON of Genesys Cloud to frozen dataclasses. Nothing past this file indexes into a dict.

What we use is read, what we do not know is tolerated (new members, new enumeration values), and an answer that does
not say what it is about fails loudly with `Unreadable`. One odd item among good ones is left out. Whatever text is
taken can be stored. One reader serves the REST answer and the leaner event (API.md 5.1 and 7.3).
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self, TypeVar
from uuid import UUID

from conversations.genesys.texts import NAME, storable, text

Json = dict[str, Any]

#: The arrays of a participant that hold its legs, and the media they stand for (API.md 5.1; media names as in
#: analytics). Chats come before messages: an old web chat carries both.
LEG_ARRAYS = {
    "calls": "voice",
    "callbacks": "callback",
    "chats": "chat",
    "emails": "email",
    "messages": "message",
    "cobrowsesessions": "cobrowse",
    "screenshares": "screenshare",
    "socialExpressions": "social",
    "videos": "video",
    "internalMessages": "internalmessage",
}


#: What is kept of the words Genesys may extend. Those we know are shorter.
PURPOSE, MEDIA, DIRECTION, STATE = 20, 20, 10, 40
#: A moment outside of these years is a mistake, and some clocks and databases cannot hold it.
YEARS = range(1970, 9000)

T = TypeVar("T")


class Unreadable(ValueError):
    """An answer or event without what no answer or event may lack."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One communication of a participant: a call, a callback, an e-mail, a message thread."""

    media: str
    state: str
    held: bool
    direction: str
    after_call_work: str
    connected_at: datetime | None

    @classmethod
    def from_json(cls, media: str, raw: Json) -> Self:
        work = _mapping(raw.get("afterCallWork"))
        return cls(
            media=media,
            state=text(raw.get("state"), STATE),
            held=raw.get("held") is True,
            direction=text(raw.get("direction"), DIRECTION),
            after_call_work=text(work.get("state"), STATE),
            connected_at=_time(raw.get("connectedTime")),
        )


@dataclass(frozen=True, slots=True)
class Participant:
    """One party in a conversation. `ended_at` is None while it is on (API.md 5.1)."""

    id: UUID
    purpose: str
    name: str = ""
    user_id: UUID | None = None
    queue_id: UUID | None = None
    queue_name: str = ""
    address: str = ""
    started_at: datetime | None = None
    connected_at: datetime | None = None
    ended_at: datetime | None = None
    after_call_work_started_at: datetime | None = None
    after_call_work_ended_at: datetime | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    #: False: nothing was said about the attributes, which is something else than having none.
    attributes_shown: bool = True
    legs: tuple[Leg, ...] = ()

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        return cls(
            id=_id(raw.get("id"), "participant"),
            purpose=text(raw.get("purpose"), PURPOSE),
            name=text(raw.get("name"), NAME),
            user_id=_maybe_id(raw.get("userId")),
            queue_id=_maybe_id(raw.get("queueId")),
            queue_name=text(raw.get("queueName"), NAME),
            address=text(raw.get("ani"), NAME) or text(raw.get("address"), NAME),
            started_at=_time(raw.get("startTime")),
            connected_at=_time(raw.get("connectedTime")),
            ended_at=_time(raw.get("endTime")),
            after_call_work_started_at=_time(raw.get("startAcwTime")),
            after_call_work_ended_at=_time(raw.get("endAcwTime")),
            attributes=_attributes(raw.get("attributes")),
            attributes_shown=isinstance(raw.get("attributes"), dict),
            legs=tuple(
                Leg.from_json(media, leg)
                for array, media in LEG_ARRAYS.items()
                for leg in _mappings(raw.get(array))
            ),
        )


@dataclass(frozen=True, slots=True)
class Conversation:
    """A whole conversation as one answer or one event showed it, each participant once.

    Without participants it says nothing about them: every conversation has some.
    """

    id: UUID
    participants: tuple[Participant, ...]
    started_at: datetime | None = None
    ended_at: datetime | None = None
    division_ids: tuple[UUID, ...] = ()
    #: One was among them whose id cannot be read: it is left out, and what was to be told of it is unknown.
    incomplete: bool = False

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        memberships = _mappings(raw.get("divisions"))
        divisions = (_maybe_id(_mapping(each.get("division")).get("id")) for each in memberships)
        participants = _readable(Participant.from_json, raw.get("participants"))
        return cls(
            id=_id(raw.get("id"), "conversation"),
            participants=_once(participants),
            incomplete=len(participants) < _length(raw.get("participants")),
            started_at=_time(raw.get("startTime")),
            ended_at=_time(raw.get("endTime")),
            division_ids=tuple(each for each in divisions if each),
        )


@dataclass(frozen=True, slots=True)
class ListedPage:
    """One page of the analytics detail query, as conversations without attributes; an empty one ends the scan."""

    conversations: tuple[Conversation, ...]
    total: int

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        listed = tuple(_readable(_listed_conversation, raw.get("conversations")))
        if not listed and _length(raw.get("conversations")):
            raise Unreadable("a page with nothing readable would count as the end of the listing")
        return cls(listed, _count(raw.get("totalHits")) or len(listed))


def _listed_conversation(raw: Json) -> Conversation:
    divisions = (_maybe_id(each) for each in _list(raw.get("divisionIds")))
    return Conversation(
        id=_id(raw.get("conversationId"), "conversation"),
        participants=_once(_readable(_listed_participant, raw.get("participants"))),
        started_at=_time(raw.get("conversationStart")),
        ended_at=_time(raw.get("conversationEnd")),
        division_ids=tuple(each for each in divisions if each),
    )


def _listed_participant(raw: Json) -> Participant:
    """What a participant does follows from its segments: the open one if there is one, else it has left."""
    sessions = list(_mappings(raw.get("sessions")))
    segments = [each for session in sessions for each in _mappings(session.get("segments"))]
    wrapups = [each for each in segments if each.get("segmentType") == "wrapup"]
    talks = [each for each in segments if each.get("segmentType") != "wrapup"]
    begun = [each for each in map(_time, (e.get("segmentStart") for e in talks)) if each]
    ended = [_time(each.get("segmentEnd")) for each in talks]
    left = [each for each in ended if each]
    queues = [each for each in (_maybe_id(e.get("queueId")) for e in segments) if each]
    return Participant(
        id=_id(raw.get("participantId"), "participant"),
        purpose=text(raw.get("purpose"), PURPOSE),
        name=text(raw.get("participantName"), NAME),
        user_id=_maybe_id(raw.get("userId")),
        queue_id=queues[-1] if queues else None,
        address=next((text(each.get("ani"), NAME) for each in sessions if each.get("ani")), ""),
        started_at=min(begun, default=None),
        connected_at=min(begun, default=None),
        ended_at=max(left) if left and len(left) == len(ended) else None,
        after_call_work_started_at=_time(wrapups[-1].get("segmentStart")) if wrapups else None,
        after_call_work_ended_at=_time(wrapups[-1].get("segmentEnd")) if wrapups else None,
        attributes_shown=False,
        legs=tuple(_listed_leg(each) for each in sessions),
    )


#: Types of an analytics segment in which a party is reached but not yet there (API.md 6.1, 11).
_RINGING = frozenset({"alert", "contacting", "dialing", "scheduled", "callback"})


def _listed_leg(raw: Json) -> Leg:
    open_ones = [each for each in _mappings(raw.get("segments")) if not each.get("segmentEnd")]
    now = text(open_ones[-1].get("segmentType")) if open_ones else ""
    return Leg(
        media=text(raw.get("mediaType"), MEDIA),
        state="alerting" if now in _RINGING else "connected" if now else "disconnected",
        held=now == "hold",
        direction=text(raw.get("direction"), DIRECTION),
        after_call_work="",
        connected_at=None,
    )


@dataclass(frozen=True, slots=True)
class Queue:
    id: UUID
    name: str

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        return cls(_id(raw.get("id"), "queue"), text(raw.get("name"), NAME))


@dataclass(frozen=True, slots=True)
class QueuePage:
    queues: tuple[Queue, ...]
    page_count: int

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        queues = tuple(_readable(Queue.from_json, raw.get("entities")))
        return cls(queues, _count(raw.get("pageCount")) or 1)


@dataclass(frozen=True, slots=True)
class Grants:
    """The permissions of our OAuth client, as `domain:entity:action` patterns where `*` matches all (API.md 3)."""

    policies: frozenset[tuple[str, str, str]]

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        return cls(
            frozenset(
                (text(policy.get("domain")), text(policy.get("entityName")), text(action))
                for grant in _mappings(raw.get("grants"))
                for policy in _mappings(_mapping(grant.get("role")).get("policies"))
                for action in _list(policy.get("actions"))
            )
        )

    def allow(self, permission: str) -> bool:
        """Whether a permission such as `conversation:communication:view` is among them."""
        domain, entity, action = permission.split(":")
        return any(
            d in (domain, "*") and e in (entity, "*") and a in (action, "*")
            for d, e, a in self.policies
        )


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """Whose token ours is."""

    organization: str
    client_name: str

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        return cls(
            organization=text(_mapping(raw.get("organization")).get("name")),
            client_name=text(_mapping(raw.get("OAuthClient")).get("name")),
        )


@dataclass(frozen=True, slots=True)
class Channel:
    """A notification channel. Its id is the secret of its socket (API.md 7.1)."""

    id: str
    connect_uri: str
    expires_at: datetime | None

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        channel = cls(text(raw.get("id")), text(raw.get("connectUri")), _time(raw.get("expires")))
        if not channel.id or not channel.connect_uri:
            raise Unreadable("a channel without id or address")
        return channel


@dataclass(frozen=True, slots=True)
class Subscription:
    """What became of one topic we asked for; refused ones say which permissions are missing."""

    topic: str
    permitted: bool
    reason: str

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        missing = ", ".join(text(each) for each in _list(raw.get("missingPermissions")))
        return cls(
            topic=text(raw.get("id")),
            permitted=text(raw.get("state")) != "Rejected",
            reason=text(raw.get("rejectionReason")) or missing,
        )


def _id(value: object, what: str) -> UUID:
    found = _maybe_id(value)
    if found is None:
        raise Unreadable(f"a {what} without an id")
    return found


def _maybe_id(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _time(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None or moment.year not in YEARS:
        return None
    return moment.astimezone(UTC)


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mappings(value: object) -> list[Json]:
    return [each for each in _list(value) if isinstance(each, dict)]


def _length(value: object) -> int:
    return len(_list(value))


def _readable(from_json: Callable[[Json], T], value: object) -> list[T]:
    """The items of a list but those without an id: one odd item must not hide the others."""
    found = []
    for each in _mappings(value):
        try:
            found.append(from_json(each))
        except Unreadable:
            continue
    return found


def _once(participants: Iterable[Participant]) -> tuple[Participant, ...]:
    """Each id once: some views list a party once for each of its legs (API.md 4.4)."""
    found: dict[UUID, Participant] = {}
    for each in participants:
        found[each.id] = _merged(found[each.id], each) if each.id in found else each
    return tuple(found.values())


def _merged(first: Participant, again: Participant) -> Participant:
    """One party listed twice: the first counts. It is on where either is, and holds what either shows."""
    over = first.ended_at and again.ended_at and max(first.ended_at, again.ended_at)
    return replace(
        first,
        ended_at=over or None,
        attributes={**again.attributes, **first.attributes},
        attributes_shown=first.attributes_shown or again.attributes_shown,
        legs=first.legs + again.legs,
    )


def _attributes(value: object) -> dict[str, str]:
    """Attribute values are text (API.md 4.3) of any length; whatever else is stored is shown as its JSON, null as
    absent."""
    return {
        storable(key): storable(each) if isinstance(each, str) else json.dumps(each)
        for key, each in _mapping(value).items()
        if each is not None
    }
