"""Keep what live conversations are found by: attributes of the default participant, and divisions.

Only live conversations have rows, so these tables stay as small as the board. A fingerprint on the conversation says
what was written last: an event that changes none of it costs a hash and no query.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from conversations import access
from conversations.models import (
    Conversation,
    LiveAttribute,
    LiveDivision,
    Participant,
    columns,
)

#: Bytes of a value that sort and search look at.
START_BYTES = 48
#: Longer names of attributes fit into no index; nobody can look for them.
KEY_LENGTH = 250


def keep(parties: Iterable[tuple[Conversation, Sequence[Participant]]], at: float) -> None:
    """Bring up to date what these conversations are found by; the caller saves their rows, in this transaction."""
    held: dict[UUID, dict[str, str]] = {}
    divisions: dict[UUID, set[UUID]] = {}
    for row, participants in parties:
        row.appeared_at = row.appeared_at or at
        holder = access.default_participant(list(participants)) if row.live else None
        mine, named = _held(holder), row.division_ids if row.live else []
        fingerprint = _fingerprint(mine, named)
        if fingerprint != row.indexed:
            row.indexed = fingerprint
            held[row.pk], divisions[row.pk] = mine, {UUID(each) for each in named}
    if held:
        _keep_attributes(held)
        _keep_divisions(divisions)


def drop(conversation_id: UUID) -> None:
    """It is over: nobody looks for it on the board any more."""
    LiveAttribute.objects.filter(conversation_id=conversation_id).delete()
    LiveDivision.objects.filter(conversation_id=conversation_id).delete()
    Conversation.objects.filter(pk=conversation_id).update(indexed="")


def digest(value: str) -> bytes:
    """Equal for equal values, case and blanks included."""
    return hashlib.blake2b(_bytes(value), digest_size=16).digest()


def start(value: str) -> bytes:
    """How a value begins, without case and odd blanks."""
    return _bytes(" ".join(value.casefold().split()))[:START_BYTES]


def findable(key: str) -> bool:
    """Whether conversations can be found by an attribute of this name at all: a foreign system may choose any."""
    return len(key) <= KEY_LENGTH and key.isprintable()


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _held(holder: Participant | None) -> dict[str, str]:
    held = holder.attributes if holder else {}
    return {key: value for key, value in held.items() if value and findable(key)}


def _fingerprint(held: dict[str, str], divisions: Collection[str]) -> str:
    if not held and not divisions:
        return ""
    text = json.dumps([sorted(held.items()), sorted(divisions)])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _keep_attributes(wanted: Mapping[UUID, Mapping[str, str]]) -> None:
    """All that differs, of many conversations together."""
    rows = LiveAttribute.objects.filter(conversation_id__in=wanted)
    before = {
        (conversation_id, key): (pk, bytes(known))
        for pk, conversation_id, key, known in rows.values_list(
            "pk", "conversation_id", "key", "digest"
        )
    }
    after = {(pk, key): value for pk, held in wanted.items() for key, value in held.items()}
    gone = [pk for place, (pk, _) in before.items() if place not in after]
    LiveAttribute.objects.filter(pk__in=gone).delete()
    fresh, changed = list[LiveAttribute](), list[LiveAttribute]()
    for (conversation_id, key), value in after.items():
        pk, known = before.get((conversation_id, key), (None, b""))
        if known != (now := digest(value)):
            row = LiveAttribute(
                pk=pk, conversation_id=conversation_id, key=key, digest=now, start=start(value)
            )
            (changed if pk else fresh).append(row)
    LiveAttribute.objects.bulk_create(fresh, ignore_conflicts=True)
    columns.update((row, {"digest", "start"}) for row in changed)


def _keep_divisions(wanted: Mapping[UUID, set[UUID]]) -> None:
    before = {
        (each.conversation_id, each.division_id): each.pk
        for each in LiveDivision.objects.filter(conversation_id__in=wanted)
    }
    after = {(pk, each) for pk, divisions in wanted.items() for each in divisions}
    gone = [before[place] for place in before.keys() - after]
    LiveDivision.objects.filter(pk__in=gone).delete()
    LiveDivision.objects.bulk_create(
        [LiveDivision(conversation_id=pk, division_id=each) for pk, each in after - before.keys()],
        ignore_conflicts=True,
    )
