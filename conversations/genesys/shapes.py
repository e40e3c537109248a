"""JSON of Genesys Cloud to frozen dataclasses. Nothing past this file indexes into a dict.

What we use is read, what we do not know is tolerated (new members, new enumeration values), and a missing id fails
loudly with `Unreadable`. One reader serves the REST answer and the leaner event (API.md 5.1 and 7.3).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

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
            state=_text(raw.get("state")),
            held=raw.get("held") is True,
            direction=_text(raw.get("direction")),
            after_call_work=_text(work.get("state")),
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
    legs: tuple[Leg, ...] = ()

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        return cls(
            id=_id(raw.get("id"), "participant"),
            purpose=_text(raw.get("purpose")),
            name=_text(raw.get("name")),
            user_id=_maybe_id(raw.get("userId")),
            queue_id=_maybe_id(raw.get("queueId")),
            queue_name=_text(raw.get("queueName")),
            address=_text(raw.get("ani")) or _text(raw.get("address")),
            started_at=_time(raw.get("startTime")),
            connected_at=_time(raw.get("connectedTime")),
            ended_at=_time(raw.get("endTime")),
            after_call_work_started_at=_time(raw.get("startAcwTime")),
            after_call_work_ended_at=_time(raw.get("endAcwTime")),
            attributes=_attributes(raw.get("attributes")),
            legs=tuple(
                Leg.from_json(media, leg)
                for array, media in LEG_ARRAYS.items()
                for leg in _mappings(raw.get(array))
            ),
        )


@dataclass(frozen=True, slots=True)
class Conversation:
    """A whole conversation as one answer or one event showed it."""

    id: UUID
    participants: tuple[Participant, ...]
    started_at: datetime | None = None
    ended_at: datetime | None = None
    division_ids: tuple[UUID, ...] = ()

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        memberships = _mappings(raw.get("divisions"))
        divisions = (_maybe_id(_mapping(each.get("division")).get("id")) for each in memberships)
        return cls(
            id=_id(raw.get("id"), "conversation"),
            participants=tuple(map(Participant.from_json, _mappings(raw.get("participants")))),
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
        listed = tuple(map(_listed_conversation, _mappings(raw.get("conversations"))))
        return cls(listed, int(raw.get("totalHits") or len(listed)))


def _listed_conversation(raw: Json) -> Conversation:
    divisions = (_maybe_id(each) for each in raw.get("divisionIds") or ())
    return Conversation(
        id=_id(raw.get("conversationId"), "conversation"),
        participants=tuple(map(_listed_participant, _mappings(raw.get("participants")))),
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
        purpose=_text(raw.get("purpose")),
        name=_text(raw.get("participantName")),
        user_id=_maybe_id(raw.get("userId")),
        queue_id=queues[-1] if queues else None,
        address=next((_text(each.get("ani")) for each in sessions if each.get("ani")), ""),
        started_at=min(begun, default=None),
        connected_at=min(begun, default=None),
        ended_at=max(left) if left and len(left) == len(ended) else None,
        after_call_work_started_at=_time(wrapups[-1].get("segmentStart")) if wrapups else None,
        after_call_work_ended_at=_time(wrapups[-1].get("segmentEnd")) if wrapups else None,
        legs=tuple(_listed_leg(each) for each in sessions),
    )


#: Types of an analytics segment in which a party is reached but not yet there (API.md 6.1, 11).
_RINGING = frozenset({"alert", "contacting", "dialing", "scheduled", "callback"})


def _listed_leg(raw: Json) -> Leg:
    open_ones = [each for each in _mappings(raw.get("segments")) if not each.get("segmentEnd")]
    now = _text(open_ones[-1].get("segmentType")) if open_ones else ""
    return Leg(
        media=_text(raw.get("mediaType")),
        state="alerting" if now in _RINGING else "connected" if now else "disconnected",
        held=now == "hold",
        direction=_text(raw.get("direction")),
        after_call_work="",
        connected_at=None,
    )


@dataclass(frozen=True, slots=True)
class Queue:
    id: UUID
    name: str

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        return cls(_id(raw.get("id"), "queue"), _text(raw.get("name")))


@dataclass(frozen=True, slots=True)
class QueuePage:
    queues: tuple[Queue, ...]
    page_count: int

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        queues = tuple(map(Queue.from_json, _mappings(raw.get("entities"))))
        return cls(queues, int(raw.get("pageCount") or 1))


@dataclass(frozen=True, slots=True)
class Grants:
    """The permissions of our OAuth client, as `domain:entity:action` patterns where `*` matches all (API.md 3)."""

    policies: frozenset[tuple[str, str, str]]

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        return cls(
            frozenset(
                (_text(policy.get("domain")), _text(policy.get("entityName")), str(action))
                for grant in _mappings(raw.get("grants"))
                for policy in _mappings(_mapping(grant.get("role")).get("policies"))
                for action in policy.get("actions") or ()
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
            organization=_text(_mapping(raw.get("organization")).get("name")),
            client_name=_text(_mapping(raw.get("OAuthClient")).get("name")),
        )


@dataclass(frozen=True, slots=True)
class Channel:
    """A notification channel. Its id is the secret of its socket (API.md 7.1)."""

    id: str
    connect_uri: str
    expires_at: datetime | None

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        channel = cls(_text(raw.get("id")), _text(raw.get("connectUri")), _time(raw.get("expires")))
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
        missing = ", ".join(str(each) for each in raw.get("missingPermissions") or ())
        return cls(
            topic=_text(raw.get("id")),
            permitted=_text(raw.get("state")) != "Rejected",
            reason=_text(raw.get("rejectionReason")) or missing,
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
    return moment if moment and moment.tzinfo else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> Iterable[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _attributes(value: object) -> dict[str, str]:
    """Attribute values are text (API.md 4.3); whatever else is stored is shown as its JSON, null as absent."""
    return {
        key: each if isinstance(each, str) else json.dumps(each)
        for key, each in _mapping(value).items()
        if each is not None
    }
