"""The evidence bundle: one file about a conversation, or one edit of it, to hand to Genesys support.

What it hides, and why. Values are the customer's, and support rarely needs them: by default each is replaced by its
length and a hash, which is enough to see whether two are the same. The hash is keyed with a secret made for this one
file and then forgotten, because short values ("gold") could be guessed from a plain or an openly salted hash. Whoever
ticks "with values" gets those they may read, as they may read them; what is masked for them stays masked, its length
and hash too, and an attribute they may not read is counted and not named. Names, numbers and addresses of people are
left out: staff and participants stand under numbers and ids. None of the rows this is made of holds a token or secret.
"""

import hashlib
import hmac
import json
import secrets
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings

from conversations import history
from conversations.catalogue import Sight
from conversations.models import (
    AttributeEdit,
    Conversation,
    Diagnosis,
    EditMove,
    Feed,
    Participant,
    State,
    User,
)
from conversations.models.clock import moment, now

Json = dict[str, Any]
FORMAT = "midcall-evidence-1"


@dataclass
class _Redaction:
    """How values and people are shown in one file."""

    sight: Sight
    with_values: bool
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _people: dict[int, str] = field(default_factory=dict)

    def value(self, key: str, value: str | None, none: str = "absent") -> Json:
        """`none`: what it means that there is no value."""
        if value is None:
            return {none: True}
        shown = self.sight.show(key, value)
        if shown != value:
            return {"masked": True} if not self.with_values else {"masked": shown}
        if self.with_values:
            return {"value": value}
        digest = hmac.new(self._key, value.encode(), hashlib.sha256).hexdigest()
        return {"length": len(value), "hash": digest[:16]}

    def person(self, user: User | None) -> str:
        if user is None:
            return "system"
        return self._people.setdefault(user.pk, f"person {len(self._people) + 1}")


def bundle(
    conversation: Conversation | None,
    edits: Sequence[AttributeEdit],
    sight: Sight,
    *,
    with_values: bool,
) -> str:
    """The file. `conversation`: None where this person may see the edits only."""
    redaction = _Redaction(sight, with_values)
    content: Json = {
        "format": FORMAT,
        "made_at": moment(now()).isoformat(),
        "software": {"name": "midcall", "version": version()},
        "genesys": settings.GENESYS.api_url,
        "redaction": {
            "values": "as this person may read them" if with_values else "length and keyed hash",
            "hash": "HMAC-SHA256 with a key made for this file and not kept, 16 hex digits",
            "people": "numbered; names, telephone numbers and addresses are left out",
        },
        "edits": [_edit(each, redaction) for each in edits],
    }
    if conversation is not None:
        content |= {"conversation": _conversation(conversation), "feed": _feed()}
        content["values_seen"] = _values(conversation, redaction)
    return json.dumps({"evidence": content, "checksum": _checksum(content)}, indent=2) + "\n"


def checksum_of(content: Json) -> str:
    """SHA-256 of the evidence as canonical JSON: keys sorted, no blanks, ASCII."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


@cache
def version() -> str:
    """Of this software."""
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def _checksum(content: Json) -> Json:
    return {
        "algorithm": "sha256",
        "of": "the member evidence as JSON with sorted keys, separators ',' and ':', ASCII",
        "value": checksum_of(content),
    }


def _conversation(row: Conversation) -> Json:
    return {
        "id": str(row.pk),
        "media": row.media,
        "phase": row.phase,
        "started_at": _iso(row.started_at),
        "ended_at": _iso(row.ended_at),
        "divisions": row.division_ids,
        "participants": [_participant(each) for each in row.participants.all()],
    }


def _participant(row: Participant) -> Json:
    return {
        "id": str(row.participant_id),
        "purpose": row.purpose,
        "state": row.state,
        "connected_at": _iso(row.connected_at),
        "ended_at": _iso(row.ended_at),
    }


def _feed() -> Json:
    row = Feed.objects.first()
    if row is None:
        return {"heard_at": None}
    return {
        "open_since": _iso(moment(row.opened_at)) if row.opened_at else None,
        "heard_at": _iso(moment(row.heard_at)) if row.heard_at else None,
    }


def _values(conversation: Conversation, redaction: _Redaction) -> Json:
    """Every value that events and reads showed."""
    participants = list(conversation.participants.all())
    sighted = history.of(conversation, participants)
    readable = [each for each in sighted if redaction.sight.may_read(each.key)]
    return {
        "seen": [
            {
                "at": _iso(moment(each.at)),
                "participant": str(each.participant.participant_id),
                "key": each.key,
                **redaction.value(each.key, each.value),
                "source": each.source.value,
                "told_by": "event" if each.by_event else "read",
            }
            for each in readable
        ],
        "of_hidden_attributes": len(sighted) - len(readable),
    }


def _edit(edit: AttributeEdit, redaction: _Redaction) -> Json:
    changes = [e for e in edit.changes.all() if redaction.sight.may_read(e.key)]
    lane = edit.lane
    path = f"/api/v2/conversations/{lane.conversation_id}"
    return {
        "id": str(edit.pk),
        "conversation": str(lane.conversation_id),
        "participant": str(lane.participant_id),
        "state": edit.state,
        "reason": [each.code for each in edit.reason.sentences],
        "by": redaction.person(edit.by),
        "saved_at": _iso(edit.created_at),
        "sent_at": _iso(edit.sent_at),
        "accepted_at": _iso(edit.accepted_at),
        "settled_at": _iso(edit.settled_at),
        "attempts": edit.attempts,
        "looks": edit.looks,
        "status": edit.status,
        "correlation_id": edit.correlation_id,
        "changes": [
            {
                "key": each.key,
                "before": redaction.value(each.key, each.baseline, "unknown"),
                "wanted": redaction.value(each.key, each.value),
                "observed": redaction.value(
                    each.key, each.observed, "absent" if each.was_read else "not_read"
                ),
                "verdict": each.verdict,
            }
            for each in sorted(changes, key=lambda each: each.key)
        ],
        "hidden_attributes": len(edit.changes.all()) - len(changes),
        "calls": [_call(each, path, str(lane.participant_id)) for each in edit.moves.all()],
        "diagnosis": _diagnosis(edit, redaction.sight),
    }


def _call(move: EditMove, path: str, participant: str) -> Json:
    """One entry of the timeline; where a call was made or answered, which one."""
    call = None
    if State.SENDING in (move.to_state, move.from_state):
        call = f"PATCH {path}/participants/{participant}/attributes"
    elif move.status is not None:
        call = f"GET {path}"
    return {
        "at": _iso(move.at),
        "from": move.from_state,
        "to": move.to_state,
        "attempt": move.attempt,
        "call": call,
        "direction": "request" if move.to_state == State.SENDING else "answer" if call else None,
        "status": move.status,
        "correlation_id": move.correlation_id,
        "note": [each.code for each in move.note.sentences],
    }


def _diagnosis(edit: AttributeEdit, sight: Sight) -> list[Json]:
    row = Diagnosis.objects.filter(pk=edit.pk).first()
    found = []
    for each in row.findings if row else []:
        keys = [key for key in each["keys"] if sight.may_read(key)]
        if each["keys"] and not keys:
            continue
        # Names of people stay here, and so does the name of a key this person may not read.
        parameters = {name: value for name, value in each["parameters"].items() if name != "by"}
        if not sight.may_read(str(parameters.get("twin", ""))):
            del parameters["twin"]
        found.append({"code": each["code"], "keys": keys, "parameters": parameters})
    return found


def _iso(at: Any) -> str | None:
    return at.isoformat() if at else None
